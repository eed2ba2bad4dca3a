"""Deleting jobs, with all that they have left behind."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import job_files, times
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.statuses import FINAL
from dartwing.dartwing_core.doctype.job_dependency import job_dependency
from dartwing.dartwing_core.doctype.job_tally import job_tally


def delete_old_jobs(days: int) -> int:
	"""Delete final jobs that ended more than `days` days ago, with logs and files; 0 deletes nothing.

	Commits each batch, so that no lock is held for long. Returns how many jobs went.
	"""
	deleted = 0
	while days and (batch := _old_jobs(times.site_now() - timedelta(days=days))):
		with snapshot_ignored():
			_delete(batch)
		# a batch is small, its locks must not outlive it
		frappe.db.commit()
		deleted += len(batch)
	return deleted


def _delete(job_ids: Sequence[str]) -> None:
	delete_traces(job_ids)
	frappe.db.delete("Background Job", {"name": ("in", job_ids)})


def delete_traces(job_ids: Sequence[str]) -> None:
	"""What jobs that are about to be deleted have left: files, their part of the sums, parents, steps, log."""
	job_files.delete_files_of(job_ids)
	job_tally.forget(job_ids)
	job_dependency.forget(job_ids)
	frappe.db.delete("Job Step", {"background_job": ("in", job_ids)})
	frappe.db.delete("Job Execution Log", {"background_job": ("in", job_ids)})


def _old_jobs(ended_before: datetime) -> list[str]:
	return [
		name
		for status in FINAL
		for name in frappe.get_all(
			"Background Job",
			{"status": status, "modified": ("<", ended_before)},
			order_by="modified asc",
			limit=int(config.get("batch_size")),
			pluck="name",
		)
	]
