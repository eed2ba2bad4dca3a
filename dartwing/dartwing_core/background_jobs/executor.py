"""What a worker runs: claim → perform → settle, and the next one."""

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.connections import (
	as_own_connection,
	separate_transaction,
)
from dartwing.dartwing_core.background_jobs.errors import TransientError
from dartwing.dartwing_core.background_jobs.execution.claims import claim
from dartwing.dartwing_core.background_jobs.execution.context import JobContext
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.execution.drain import Drain
from dartwing.dartwing_core.background_jobs.execution.endings import asks_to_stop, outcome_of
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.offspring import Offspring
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	Abandoned,
	Completed,
	Failed,
	Outcome,
	TimedOut,
)
from dartwing.dartwing_core.background_jobs.execution.supervision import Supervisor
from dartwing.dartwing_core.background_jobs.execution.surroundings import surroundings_kept
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit, at_most
from dartwing.dartwing_core.doctype.background_job.background_job import RUNNING, BackgroundJob
from dartwing.dartwing_core.doctype.job_type.job_type import get_handler


def execute_job(background_job_id: str) -> None:
	"""What a wake-up calls: run its job if that is still to be run, then others that wait for this worker.

	Commits each claim, then either the handler's writes together with Completed, or, after undoing
	them, what became of the job instead.
	"""
	horse, errands = Horse.of_this_process(), Errands(frappe.local.site)
	drain = Drain(horse, errands, run) if horse else None
	try:
		job = claim(background_job_id, horse)
		if job:
			run(job, errands)
		if drain:
			drain.go_on(job)
	finally:
		errands.run()


def run(job: BackgroundJob, errands: Errands) -> None:
	"""One attempt of a claimed job. Raises only what asks this process to stop, when the job is settled."""
	limit = TimeLimit(job.timeout_seconds)
	outcome = settle(job, perform(job, limit, errands), limit, errands)
	if isinstance(outcome, Failed) and asks_to_stop(outcome):
		raise outcome.error


def perform(job: BackgroundJob, limit: TimeLimit, errands: Errands) -> Outcome:
	"""Run the handler as the job's owner in this transaction, and say how it ended.

	What a handler that was stopped has started is gone by then.
	"""
	offspring = Offspring()
	outcome = attempt(job, limit, errands, offspring)
	if offspring.must_end or isinstance(outcome, TimedOut | Abandoned):
		try:
			offspring.end()
		except Exception:
			frappe.logger("dartwing").exception(f"{job.name}: what its handler has started may be left")
	return outcome


def attempt(job: BackgroundJob, limit: TimeLimit, errands: Errands, offspring: Offspring) -> Outcome:
	try:
		with (
			surroundings_kept(),
			supervised(job, limit, errands, offspring) as context,
			acting_as(job.owner_user),
			limit.enforced(),
		):
			outcome: Outcome = Completed.of(call(handler_of(job), context))
	except BaseException as error:
		return outcome_of(error, job.timeout_seconds, limit.has_interrupted)
	# also a handler that returns has run into it
	return TimedOut(job.timeout_seconds, "") if limit.has_interrupted else outcome


def call(handler: Callable[[JobContext], Any], context: JobContext) -> Any:
	"""What the handler returns. A process that it forked, and that comes back too, ends here.

	The job is its parent's affair, and so are the connections that it was born with.
	"""
	process = os.getpid()
	try:
		return handler(context)
	finally:
		if os.getpid() != process:
			traceback.print_exc()
			os._exit(1)


def handler_of(job: BackgroundJob) -> Callable[[JobContext], Any]:
	"""The handler as this process has it.

	Raises TransientError where it has none: the Job Type was checked when it was saved, by code that is
	newer, or older, than what this worker has loaded.
	"""
	found = frappe.db.sql("select handler_method from `tabJob Type` where name = %s", (job.job_type,))
	if not found:
		raise TransientError(_("Job Type {0} does not exist any more").format(job.job_type))
	try:
		return get_handler(found[0][0])
	except frappe.ValidationError as error:
		raise TransientError(
			_("{0}. If other code was installed meanwhile, restart the workers: bench restart").format(
				frappe.utils.strip_html(str(error)).rstrip(".")
			)
		) from error


def settle(job: BackgroundJob, outcome: Outcome, limit: TimeLimit, errands: Errands) -> Outcome:
	"""Commit what the handler wrote together with Completed; undo it and record anything else.

	Returns the outcome, which is another one when the commit itself failed.
	"""
	if isinstance(outcome, Completed):
		try:
			with surroundings_kept(), limit.enforced():
				complete(job, outcome)
			errands.follow_end(job)
			return outcome
		except BaseException as error:
			outcome = outcome_of(error, job.timeout_seconds, limit.has_interrupted)
	record_failure(job, outcome, errands)
	return outcome


def complete(job: BackgroundJob, outcome: Completed) -> None:
	outcome.record(job)
	with as_own_connection():
		frappe.db.commit()


def record_failure(job: BackgroundJob, outcome: Outcome, errands: Errands) -> None:
	"""Undo the handler's transaction, then record the outcome in one of its own.

	On a fresh connection, because the handler's may be what broke.
	"""
	undo()
	record_in_own_transaction(job, outcome, errands)


def undo() -> None:
	"""Roll back; a connection that cannot even do that is closed, and the server rolls back.

	An interruption between a statement and its answer leaves a connection that raises all kinds of
	errors. The next statement opens another one.
	"""
	try:
		with at_most(config.get("timeout_grace_seconds")):
			frappe.db.rollback()
	except BaseException:
		# the handler's own callbacks of the rollback may raise anything, or never return
		drop_connection()


def drop_connection() -> None:
	try:
		frappe.db.close()
	except Exception:
		# closed already, by whoever broke it
		frappe.db._cursor = frappe.db._conn = None


def record_in_own_transaction(job: BackgroundJob, outcome: Outcome, errands: Errands) -> None:
	with separate_transaction():
		current = frappe.get_doc("Background Job", job.name)
		is_ours = current.attempt_id == job.attempt_id
		if is_ours and current.status == RUNNING:
			outcome.record(current)
		else:
			state = f"{current.status}, attempt {current.attempt_id}"
			frappe.logger("dartwing").info(f"{job.name}: {job.attempt_id} records nothing, it is {state}")
	if is_ours:
		# also of one that is Completed: a callback of the handler may have raised out of that very commit
		errands.follow_end(current)


@contextmanager
def acting_as(user: str) -> Iterator[None]:
	before = frappe.session.user
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


@contextmanager
def supervised(
	job: BackgroundJob, limit: TimeLimit, errands: Errands, offspring: Offspring
) -> Iterator[JobContext]:
	"""The job's context, with a supervisor beside the block that may stop it by force."""
	control = ControlConnection(job.name, job.organization, job.attempt_id)
	context = JobContext(job, control)
	overran = TimedOut(job.timeout_seconds, _("The handler went on after its timeout and was killed."))
	record_overrun = partial(record_in_own_transaction, job, overran, errands)
	supervisor = Supervisor(control, limit, record_overrun, errands, offspring)
	try:
		with supervisor.watching():
			yield context
	finally:
		context.deliver()
		control.close()
