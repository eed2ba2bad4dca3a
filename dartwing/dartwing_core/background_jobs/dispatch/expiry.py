"""Jobs that have not started by the time that they were given: Canceled, in the words of their history."""

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.dispatch import consequences, wake_ups
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	PENDING,
	QUEUED,
	locked,
	transition_all,
)


def said() -> str:
	return _("expired: it had not started in time")


def cancel_expired() -> int:
	"""Cancel what has not started in time; returns how many. Commits each batch.

	A job that is being claimed, or whose row another transaction has locked, is left: the claim asks the time
	as well. A job that started keeps no `expires_at_utc`.
	"""
	count, last = 0, ""
	while names := _expired(last):
		last = names[-1]
		jobs = locked(names, skip_locked=True)
		done = []
		for status in (PENDING, QUEUED):
			some = [job for job in jobs if job.status == status and job.expires_at_utc]
			transition_all(some, CANCELED, message=said(), actor="Scheduler")
			done += some
		wake_ups.withdraw_after_commit(done)
		consequences.follow_ends(done)
		# one batch is small, its locks must not outlive it
		frappe.db.commit()
		count += len(done)
	return count


def _expired(after: str) -> list[str]:
	return frappe.db.sql(
		f"""select name from `tabBackground Job` where expires_at_utc <= {UTC_NOW} and name > %s
		order by name limit %s""",
		(after, int(config.get("batch_size"))),
		pluck=True,
	)
