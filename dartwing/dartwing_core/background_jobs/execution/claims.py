"""Queued → Running: the job of a wake-up, or the one whose turn it is."""

from collections.abc import Callable

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.connections import as_own_connection
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.queued_jobs import is_locked_now, read_queued
from dartwing.dartwing_core.background_jobs.execution.refusals import may_start, refuse_to_start
from dartwing.dartwing_core.doctype.background_job.background_job import (
	RUNNING,
	BackgroundJob,
)


def claim(job_id: str, horse: Horse | None = None, skip_locked: bool = False) -> BackgroundJob | None:
	"""Make a Queued job Running under a fresh attempt id and commit; None when it is not to be run now.

	The row then names the RQ job in whose horse it runs. With `skip_locked`, a job whose row
	another transaction has locked is left to that one.
	"""
	job = read_queued(job_id, skip_locked)
	if not job:
		frappe.db.rollback()
		return None
	try:
		refused = refuse_to_start(job)
		if refused:
			follow_end(job)
		else:
			start(job, horse)
	except StaleJobError:
		frappe.db.rollback()
		return None
	with as_own_connection():
		# the claim must be seen by everyone before the handler starts
		frappe.db.commit()
	return None if refused else job


def start(job: BackgroundJob, horse: Horse | None) -> None:
	worker_name = horse.worker_name if horse else None
	job.transition_to(
		RUNNING,
		message=_("attempt {0}").format(job.attempt_count + 1),
		actor=worker_name,
		attempt_count=job.attempt_count + 1,
		attempt_id=frappe.generate_hash(length=32),
		rq_job_id=horse.rq_job_id if horse else job.rq_job_id,
		worker_name=worker_name,
		heartbeat_at=times.site_now(),
		progress=0.0,
		progress_message=None,
		# it has started in time
		expires_at_utc=None,
	)


class ClaimAlong:
	"""The claim of the next job in the transaction in which a job ends: that spares a transaction.

	`next_id` names the job whose turn it is, or None. The steps, in this order: `lock`, the end of the other
	job, `start`, the commit, `note_commit`. Whatever goes wrong before the commit, that job stays Queued.
	"""

	def __init__(self, next_id: Callable[[], str | None], horse: Horse):
		self._next_id = next_id
		self._horse = horse
		self._job: BackgroundJob | None = None
		self._is_committed = False

	def lock(self, ending: BackgroundJob) -> None:
		"""Lock the rows of both jobs, if nobody else has locked them and the next one may start.

		Call it before the transaction writes anything. The row of the ending job is locked first, so
		that this transaction never holds the row of the next job while it waits.
		"""
		job_id = self._next_id()
		try:
			if job_id and is_locked_now(ending):
				job = read_queued(job_id, skip_locked=True)
				self._job = job if job and may_start(job) else None
		except Exception:
			# an ordinary claim tries again, and finds out what is wrong
			frappe.db.rollback()

	def start(self) -> None:
		if self._job:
			start(self._job, self._horse)

	def note_commit(self) -> None:
		self._is_committed = True

	def give_up(self) -> None:
		"""The transaction was undone; the job is Queued still."""
		self._job = None

	def claimed(self) -> BackgroundJob | None:
		"""The job, if its claim is committed; where the commit ended with an error, the database is asked."""
		if not self._job or self._is_committed:
			return self._job
		claim = {"name": self._job.name, "status": RUNNING, "attempt_id": self._job.attempt_id}
		return self._job if frappe.db.exists("Background Job", claim) else None
