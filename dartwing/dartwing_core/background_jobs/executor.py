"""What a worker runs: claim → perform → settle."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import frappe
from frappe import _
from frappe.utils import now_datetime
from rq import get_current_job
from rq.job import Job
from rq.timeouts import JobTimeoutException

from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.control import ControlConnection
from dartwing.dartwing_core.background_jobs.errors import JobCanceledError, StaleJobError
from dartwing.dartwing_core.background_jobs.outcomes import Abandoned, Completed, Failed, Outcome, TimedOut
from dartwing.dartwing_core.background_jobs.progress import JobContext
from dartwing.dartwing_core.background_jobs.refusals import refuse_to_start
from dartwing.dartwing_core.background_jobs.supervision import Supervisor
from dartwing.dartwing_core.background_jobs.transactions import separate_transaction
from dartwing.dartwing_core.doctype.background_job.background_job import (
	QUEUED,
	RUNNING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_type.job_type import get_handler


def execute_job(background_job_id: str) -> None:
	"""Run one job if it is still ours to run; returns quietly when it is not.

	Commits the claim, then either the handler's writes together with Completed, or, after undoing
	them, what became of the job instead.
	"""
	job = claim(background_job_id)
	if job:
		settle(job, perform(job))


def claim(job_id: str) -> BackgroundJob | None:
	"""Make a Queued job Running under a fresh attempt id and commit; None when it is not to be run now."""
	if frappe.db.get_value("Background Job", job_id, "status") != QUEUED:
		return None
	job = frappe.get_doc("Background Job", job_id)
	try:
		refused = refuse_to_start(job)
		if refused:
			follow_end(job)
		else:
			start(job)
	except StaleJobError:
		frappe.db.rollback()
		return None
	# the claim must be seen by everyone before the handler starts
	frappe.db.commit()
	return None if refused else job


def start(job: BackgroundJob) -> None:
	rq_job = get_current_job()
	job.transition_to(
		RUNNING,
		message=_("attempt {0}").format(job.retry_count + 1),
		actor=rq_job.worker_name if rq_job else None,
		attempt_id=frappe.generate_hash(length=32),
		rq_job_id=_own_id(rq_job) if rq_job else job.rq_job_id,
		worker_name=rq_job.worker_name if rq_job else None,
		heartbeat_at=now_datetime(),
		progress=0.0,
		progress_message=None,
	)


def _own_id(rq_job: Job) -> str:
	"""The id that we gave the RQ job; Frappe puts `<site>::` before it."""
	return rq_job.id.removeprefix(f"{frappe.local.site}::")


def perform(job: BackgroundJob) -> Outcome:
	"""Run the handler as the job's owner in this transaction, and say how it ended."""
	began, seconds_left = time.monotonic(), seconds_to_alarm()
	try:
		with acting_as(job.owner_user), supervised(job) as context:
			handler = get_handler(frappe.db.get_value("Job Type", job.job_type, "handler_method"))
			outcome: Outcome = Completed.of(handler(context))
	except JobCanceledError:
		return Abandoned()
	except Exception as error:
		outcome = Failed(error, frappe.get_traceback())
	if seconds_left and not seconds_to_alarm() and time.monotonic() - began >= seconds_left:
		# whatever the handler made of the interruption
		return TimedOut(job.timeout_seconds, frappe.get_traceback())
	return outcome


def seconds_to_alarm() -> float:
	"""Until RQ interrupts a job that is over its timeout; 0 when it has, or somebody took the alarm back."""
	return signal.getitimer(signal.ITIMER_REAL)[0]


def settle(job: BackgroundJob, outcome: Outcome) -> None:
	"""Commit what the handler wrote together with Completed; undo it and record anything else."""
	if isinstance(outcome, Completed):
		try:
			outcome.record(job)
			follow_end(job)
			frappe.db.commit()
			return
		except StaleJobError:
			outcome = Abandoned()
		except JobTimeoutException:
			outcome = TimedOut(job.timeout_seconds, frappe.get_traceback())
		except Exception as error:
			outcome = Failed(error, frappe.get_traceback())
	record_failure(job, outcome)


def record_failure(job: BackgroundJob, outcome: Outcome) -> None:
	"""Undo the handler's transaction, then record the outcome in one of its own.

	On a fresh connection, because the handler's may be what broke.
	"""
	undo()
	record_in_own_transaction(job, outcome)


def undo() -> None:
	"""Roll back; a connection that cannot even do that is closed, and the server rolls back.

	An interruption between a statement and its answer leaves a connection that raises all kinds of
	errors. The next statement opens another one.
	"""
	try:
		frappe.db.rollback()
	except Exception:
		frappe.db.close()


def record_in_own_transaction(job: BackgroundJob, outcome: Outcome) -> None:
	with separate_transaction():
		current = frappe.get_doc("Background Job", job.name)
		if current.status == RUNNING and current.attempt_id == job.attempt_id:
			outcome.record(current)
			follow_end(current)
		else:
			Abandoned().record(current)


@contextmanager
def acting_as(user: str) -> Iterator[None]:
	before = frappe.session.user
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


@contextmanager
def supervised(job: BackgroundJob) -> Iterator[JobContext]:
	"""The job's context, with a supervisor beside the block that may stop it by force."""
	control = ControlConnection(job.name, job.organization, job.attempt_id)
	context = JobContext(job, control)
	overran = TimedOut(job.timeout_seconds, _("The handler went on after its timeout and was killed."))
	supervisor = Supervisor(control, job.timeout_seconds, partial(record_in_own_transaction, job, overran))
	try:
		with supervisor.watching():
			yield context
	finally:
		context.deliver()
		control.close()
