"""What a wake-up runs: its own job (claim → perform → settle), and then others that wait.

1. A wake-up names a job. It is claimed (Queued → Running, under a fresh attempt id) if it may still start.
2. Its handler is called as the job's owner, in a Frappe context and a transaction of its own, in time and
   under supervision.
3. How that ended is settled: Completed is committed together with what the handler wrote; anything else is
   recorded after the handler's writes are undone.
4. The process goes on with other jobs that wait, as long as its budget lasts. When none is left it stays for
   a moment, because another may come. The consequences of their ends are taken for several of them at once.
"""

from functools import partial

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.announcing import traces
from dartwing.dartwing_core.background_jobs.database.after_commit import is_untouched
from dartwing.dartwing_core.background_jobs.database.connections import as_own_connection
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.errors import PermanentError
from dartwing.dartwing_core.background_jobs.execution.attempt import attempt
from dartwing.dartwing_core.background_jobs.execution.claims import ClaimAlong, claim
from dartwing.dartwing_core.background_jobs.execution.drain import Drain
from dartwing.dartwing_core.background_jobs.execution.endings import asks_to_stop, outcome_of
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.fresh_context import HandlerContexts
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.offspring import Offspring, children_end_here
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	Abandoned,
	Completed,
	Failed,
	Outcome,
	TimedOut,
)
from dartwing.dartwing_core.background_jobs.execution.settlement import (
	complete,
	complete_and_claim,
	record_failure,
	undo,
)
from dartwing.dartwing_core.background_jobs.execution.surroundings import Surroundings
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.background_jobs.tenancy.asking import EXECUTE_JOB
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob


def execute_job(background_job_id: str) -> None:
	"""What a wake-up calls: run its job if that is still to be run, then others that wait for this worker.

	Commits each claim, then either the handler's writes together with Completed, or, after undoing
	them, what became of the job instead.
	An error of the engine is raised without its traceback: Frappe would record the values of all variables.
	"""
	try:
		_execute(background_job_id)
	except Exception as error:
		error_log.record_alone(f"{background_job_id}: the engine failed")
		raise error.with_traceback(None) from None


def _execute(background_job_id: str) -> None:
	contexts = HandlerContexts()
	horse, errands = Horse.of_this_process(), Errands(frappe.local.site)
	try:
		with as_own_connection():
			job = claim(background_job_id, horse)
			if job:
				run(job, errands, contexts)
		if horse:
			Drain(horse, errands, run).go_on(job)
	finally:
		errands.run()
		traces.flush()


def run(
	job: BackgroundJob, errands: Errands, contexts: HandlerContexts, next_claim: ClaimAlong | None = None
) -> None:
	"""One attempt of a claimed job, in a context of its own; the current connection is the engine's.

	A job of which the handler's connection knows nothing is settled on the engine's, where `next_claim` is
	made in the same transaction.
	Raises, after the job is settled, the handler's error if that asks this process to stop, and no other.
	"""
	limit, surroundings = TimeLimit(job.timeout_seconds), Surroundings()
	called = {"background_job_id": job.name}
	try:
		with surroundings.kept(), children_end_here():
			attempted = partial(work, job, limit, errands, surroundings)
			outcome, is_settled = contexts.run(EXECUTE_JOB, called, attempted)
	except BaseException as error:
		# of a hook before the job, or of what the handler left of Frappe
		outcome, is_settled = outcome_of(error, job.timeout_seconds, limit.has_interrupted), False
	if not is_settled:
		outcome = settle_beside(job, outcome, errands, next_claim)
	if isinstance(outcome, Failed) and asks_to_stop(outcome):
		raise outcome.error


def work(
	job: BackgroundJob, limit: TimeLimit, errands: Errands, surroundings: Surroundings
) -> tuple[Outcome, bool]:
	"""Run the handler in this context; the outcome, and whether it is settled.

	It is if the handler used its connection: then its transaction is committed, or undone, with the outcome.
	That of a dry run is undone here, whatever its outcome.
	Where the handler has gone to another site and stayed there, what it wrote is not committed.
	"""
	here = where_it_works()
	outcome = perform(job, limit, errands, surroundings)
	if where_it_works() != here:
		if isinstance(outcome, Completed):
			raise PermanentError(_("the handler went to another site, and did not come back"))
		return outcome, False
	if job.is_dry_run:
		undo()
	if job.is_dry_run or is_untouched(frappe.local.db):
		return outcome, False
	return settle(job, outcome, limit, errands), True


def where_it_works() -> tuple[str, str | None]:
	"""The site and the database of the current context."""
	return frappe.local.site, frappe.local.db.cur_db_name


def perform(job: BackgroundJob, limit: TimeLimit, errands: Errands, surroundings: Surroundings) -> Outcome:
	"""Run the handler as the job's owner in this transaction, and say how it ended.

	What a handler that was stopped has started is gone by then.
	"""
	offspring = Offspring()
	with traces.attempt_of(job, QUEUE_BY_PRIORITY[job.priority]) as span:
		outcome = attempt(job, limit, errands, offspring, surroundings)
		span.note(outcome)
	if offspring.must_end or isinstance(outcome, TimedOut | Abandoned):
		try:
			offspring.end()
		except Exception:
			frappe.logger("dartwing").exception(f"{job.name}: what its handler has started may be left")
	return outcome


def settle(job: BackgroundJob, outcome: Outcome, limit: TimeLimit, errands: Errands) -> Outcome:
	"""Commit what the handler wrote together with Completed; undo it and record anything else.

	Returns the outcome, which is another one when the commit itself failed.
	"""
	if isinstance(outcome, Completed):
		try:
			with limit.enforced():
				complete(job, outcome)
			errands.note_end(job)
			return outcome
		except BaseException as error:
			outcome = outcome_of(error, job.timeout_seconds, limit.has_interrupted)
	record_failure(job, outcome, errands)
	return outcome


def settle_beside(
	job: BackgroundJob, outcome: Outcome, errands: Errands, next_claim: ClaimAlong | None
) -> Outcome:
	"""As `settle`, where the handler has no part in the transaction, and so no time limit has."""
	if isinstance(outcome, Completed):
		try:
			if next_claim:
				complete_and_claim(job, outcome, next_claim)
			else:
				complete(job, outcome)
			errands.note_end(job)
			return outcome
		except BaseException as error:
			outcome = outcome_of(error, job.timeout_seconds, was_interrupted=False)
	record_failure(job, outcome, errands)
	return outcome
