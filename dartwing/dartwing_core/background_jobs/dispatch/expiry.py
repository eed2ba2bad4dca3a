"""Jobs that have not started by the time that they were given: Canceled, in the words of their history."""

from collections.abc import Sequence

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.row_by_row import take_all
from dartwing.dartwing_core.background_jobs.dispatch import consequences, wake_ups
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_unfinished
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PENDING,
	QUEUED,
	BackgroundJob,
	locked,
)


def said() -> str:
	return _("expired: it had not started in time")


def cancel_expired() -> int:
	"""Cancel what has not started in time; returns how many. Commits each batch.

	A job that is being claimed, whose row another transaction has locked, or that cannot be canceled is left:
	the claim asks the time as well. A job that started keeps no `expires_at_utc`.
	"""
	count = 0
	left: set[str] = set()
	while batch := [name for name in _expired(len(left)) if name not in left]:
		done = take_all(batch, _cancel, "canceled in time")
		count += len(done)
		left.update(set(batch) - {job.name for job in done})
	return count


def _cancel(names: Sequence[str]) -> list[BackgroundJob]:
	waiting = [job for job in locked(names, skip_locked=True) if job.status in (PENDING, QUEUED)]
	done = cancel_unfinished([job for job in waiting if job.expires_at_utc], said(), actor="Scheduler")
	wake_ups.withdraw_after_commit(done)
	consequences.follow_ends(done)
	# one batch is small, its locks must not outlive it
	frappe.db.commit()
	return done


def _expired(passed_over: int) -> list[str]:
	"""One batch of jobs, beside those that were passed over."""
	return frappe.db.sql(
		f"""select name from `tabBackground Job` where expires_at_utc <= {UTC_NOW}
		order by expires_at_utc limit %s""",
		(int(config.get("batch_size")) + passed_over,),
		pluck=True,
	)
