"""One attempt: the handler is called as the job's owner, in time and under supervision.

However it ends, the attempt returns an outcome and raises nothing.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.dartwing_core.background_jobs.errors import PermanentError, TransientError
from dartwing.dartwing_core.background_jobs.execution import scripts, settlement
from dartwing.dartwing_core.background_jobs.execution.captured_logging import captured
from dartwing.dartwing_core.background_jobs.execution.context import JobContext
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.execution.endings import outcome_of
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.offspring import Offspring, children_end_here
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed, Outcome, TimedOut
from dartwing.dartwing_core.background_jobs.execution.rehearsal import rehearse
from dartwing.dartwing_core.background_jobs.execution.supervision import Supervisor
from dartwing.dartwing_core.background_jobs.execution.surroundings import Surroundings
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.background_jobs.memory import Memory
from dartwing.dartwing_core.background_jobs.parameters.contracts import contract_of, digest_of
from dartwing.dartwing_core.background_jobs.parameters.problems import ContractError, ParametersError
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob
from dartwing.dartwing_core.doctype.job_type.job_type import SCRIPT, get_handler

# to check a handler asks the database which apps there are
HANDLER_LASTS_SECONDS = 1
# by path
found: Memory[Callable[[JobContext], Any]] = Memory(HANDLER_LASTS_SECONDS)


def attempt(
	job: BackgroundJob,
	limit: TimeLimit,
	errands: Errands,
	offspring: Offspring,
	surroundings: Surroundings,
) -> Outcome:
	try:
		with (
			surroundings.kept(),
			supervised(job, limit, errands, offspring) as context,
			acting_as(job.owner_user),
			limit.enforced(),
		):
			outcome = run_to_its_end(job, context, limit)
	except BaseException as error:
		# what stands around the handler, as its interruption, has raised it
		return outcome_of(error, job.timeout_seconds, limit.has_interrupted)
	if job.flags.has_new_schema:
		errands.keep_schema(job.job_type)
	# a handler that caught its time limit and returned has run into it all the same
	has_overrun = limit.has_interrupted and isinstance(outcome, Completed)
	return TimedOut(job.timeout_seconds, "") if has_overrun else outcome


def run_to_its_end(job: BackgroundJob, context: JobContext, limit: TimeLimit) -> Outcome:
	"""Call the handler. Its error becomes an outcome here, within its time: Python hands an error on through
	`with` blocks by setting attributes of it, which is code of the handler's as well.
	"""
	with children_end_here():
		try:
			handler = handler_of(job)
			context.parameters = typed_parameters(job, handler, context.parameters)
			return rehearse(handler, context) if job.is_dry_run else Completed.of(handler(context))
		except BaseException as error:
			return outcome_of(error, job.timeout_seconds, limit.has_interrupted)


def handler_of(job: BackgroundJob) -> Callable[[JobContext], Any]:
	"""The handler that the Job Type named when the job was claimed, as this process has loaded it.

	Raises TransientError if this process has none: the Job Type was checked when it was saved, perhaps by
	newer or older code than what this worker has loaded.
	"""
	if job.standing.kind == SCRIPT:
		return scripts.run
	path = job.standing.handler_method
	if not path:
		raise TransientError(_("Job Type {0} does not exist any more").format(job.job_type))
	module, _dot, name = path.rpartition(".")
	handler = found.get(path)
	is_there = getattr(sys.modules.get(module), name, None) is handler
	if handler and is_there:
		return handler
	handler = checked_handler(path)
	found.put(path, handler)
	return handler


def typed_parameters(job: BackgroundJob, handler: Callable, parameters: dict[str, Any]) -> Any:
	"""The parameters as the handler takes them. Raises PermanentError, naming the place, if they do not fit:
	the handler has changed while the job waited.
	"""
	contract = contract_of(handler)
	job.flags.has_new_schema = digest_of(contract) != job.standing.schema_digest
	if not contract:
		return parameters
	text = job.input_parameters or "{}"
	try:
		return contract.read(text, kept_texts.hiding_of(text))
	except ParametersError as error:
		raise PermanentError(_("{0} (the handler has changed since)").format(error)) from None


def checked_handler(path: str) -> Callable[[JobContext], Any]:
	try:
		handler = get_handler(path)
		contract_of(handler)
		return handler
	except ContractError as error:
		raise TransientError(f"{path}: {error}") from error
	except frappe.ValidationError as error:
		raise TransientError(
			_("{0}. If other code was installed meanwhile, restart the workers: bench restart").format(
				frappe.utils.strip_html(str(error)).rstrip(".")
			)
		) from error


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
	context: JobContext[Any] = JobContext(job, control, limit)
	grace = cint(job.standing.settings.get("cancel_grace_period"))
	supervisor = Supervisor(control, limit, partial(record_overrun, job, errands), errands, offspring, grace)
	try:
		with supervisor.watching(), captured(context.note_line):
			yield context
	finally:
		context.deliver()
		control.close()


def record_overrun(job: BackgroundJob, errands: Errands) -> None:
	overran = TimedOut(job.timeout_seconds, _("The handler went on after its timeout and was killed."))
	# the handler may have locked the row, and loses the lock only when the process is killed; this waits for
	# some seconds
	with separate_transaction():
		settlement.record_in_own_transaction(job, overran, errands)
