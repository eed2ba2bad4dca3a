"""Retention: Completed and Canceled jobs go after their time, with their logs and files."""

from dartwing.dartwing_core.background_jobs.handlers.export_files import remove_leftovers
from dartwing.dartwing_core.background_jobs.submission import idempotency
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting


def daily_cleanup() -> int:
	"""Delete what is older than the settings keep, and what killed exports left; returns how many jobs went.

	Idempotency keys whose time is over are taken back.

	Commits each batch.
	"""
	remove_leftovers()
	idempotency.forget_old()
	return cleanup_old_jobs(setting("retention_days"))


def cleanup_old_jobs(days: int) -> int:
	"""Delete Completed and Canceled jobs that ended more than so many days ago, with their history and files.

	0 deletes nothing. Returns how many jobs went. Commits each batch.
	"""
	return delete_old_jobs(days)
