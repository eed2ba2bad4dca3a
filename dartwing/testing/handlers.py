"""One handler, run in the transaction of a test: with a real context, without a worker, without a commit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest.mock import patch

import frappe

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.handlers_database import Writes
from dartwing.dartwing_core.background_jobs.execution import context as context_module
from dartwing.dartwing_core.background_jobs.execution.attempt import acting_as
from dartwing.dartwing_core.background_jobs.execution.captured_logging import captured
from dartwing.dartwing_core.background_jobs.execution.context import JobContext, ProgressReporter
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.execution.parents import Parent
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit, at_most
from dartwing.dartwing_core.background_jobs.parameters.contracts import contract_of
from dartwing.dartwing_core.background_jobs.statuses import RUNNING
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.steps.records import Record
from dartwing.dartwing_core.background_jobs.steps.steps import Steps
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.submission.typed_parameters import checked
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob
from dartwing.dartwing_core.doctype.background_job.job_ids import new_job_ids
from dartwing.dartwing_core.doctype.job_type.job_type import takes_job_context
from dartwing.testing.records import make_organization

Handler = Callable[[JobContext], Any]
SAVEPOINT = "dartwing_run_handler"


class Event(NamedTuple):
	"""What a handler did through its context: `kind` is progress, log, checkpoint, step, submit or commit."""

	kind: str
	value: Any


@dataclass
class HandlerRun:
	"""What became of one call of a handler."""

	result: Any = None
	output_reference: str | None = None
	events: list[Event] = field(default_factory=list)
	# since the last step, commit or rollback
	writes: Writes = field(default_factory=Writes, repr=False)

	@property
	def progress(self) -> list[tuple[float, str | None]]:
		"""All that was reported, in its order: percentages with their messages."""
		return self._values("progress")

	@property
	def log(self) -> list[tuple[str, str]]:
		"""The lines that it logged, by the context or by Python's `logging`: levels with their texts."""
		return self._values("log")

	@property
	def checkpoint(self) -> dict[str, Any] | None:
		"""The last one that was saved."""
		saved = self._values("checkpoint")
		return saved[-1] if saved else None

	@property
	def steps(self) -> list[str]:
		"""The names of the steps that were done, and not taken from an earlier attempt."""
		return self._values("step")

	@property
	def submitted(self) -> list[BackgroundJob]:
		"""The jobs that it submitted through its context."""
		return self._values("submit")

	@property
	def has_committed(self) -> bool:
		"""Whether the handler called `frappe.db.commit()`, which commits nothing here."""
		return any(event.kind == "commit" for event in self.events)

	def _values(self, kind: str) -> list[Any]:
		return [event.value for event in self.events if event.kind == kind]


def run_handler(
	handler: Handler | str,
	parameters: dict[str, Any] | None = None,
	*,
	organization: str | None = None,
	owner: str | None = None,
	job_type: str | None = None,
	attempt: int = 1,
	checkpoint: dict[str, Any] | None = None,
	parents: Sequence[Parent] = (),
	done_steps: dict[str, Any] | None = None,
	timeout_seconds: int = 300,
) -> HandlerRun:
	"""Call a handler with a real context, in the current transaction, and say what became of it.

	`handler` is a function or its dotted path. It runs as `owner` (the session's user) for `organization`
	(one that is made for it), interrupted after `timeout_seconds`. What it wrote stays in the transaction,
	and nothing is committed: steps and `frappe.db.commit()` do not, either. `checkpoint`, `parents` and
	`done_steps` (results by the names of steps) are what earlier attempts and jobs have left.

	Parameters and result are checked as at a submission and in a worker: those of a typed handler become
	its object. Raises ValidationError that names a wrong parameter, and what the handler raises, after what
	it wrote is undone.
	"""
	function = frappe.get_attr(handler) if isinstance(handler, str) else handler
	if not takes_job_context(function):
		raise TypeError(f"{function!r} takes no JobContext: it is no handler")
	run, limit = HandlerRun(), TimeLimit(timeout_seconds)
	frappe.db.savepoint(SAVEPOINT)
	contract = contract_of(function)
	with acting_as(owner or frappe.session.user):
		stored = parameters if contract is None else checked(contract, parameters)
	job = _insert_job(function, stored, organization, owner, job_type, attempt, timeout_seconds)
	try:
		with acting_as(job.owner_user), no_commit(run), at_most(timeout_seconds):
			context = TestedContext(job, limit, run, checkpoint, parents, done_steps or {})
			if contract:
				context.parameters = contract.read(
					job.input_parameters, kept_texts.hiding_of(job.input_parameters)
				)
			with captured(context.note_line):
				outcome = Completed.of(function(context))
			context.deliver()
	except BaseException:
		frappe.db.rollback(save_point=SAVEPOINT)
		raise
	frappe.db.delete("Job Step", {"background_job": job.name})
	frappe.db.delete("Background Job", {"name": job.name})
	if not (organization or run.submitted):
		frappe.db.delete("Organization", {"name": job.organization})
	kept = kept_texts.kept({"result": outcome.result}, job.secrets)
	run.result = json_objects.from_json(kept.get("result"))
	run.output_reference = outcome.output_reference
	return run


def _insert_job(
	function: Handler,
	parameters: dict[str, Any] | None,
	organization: str | None,
	owner: str | None,
	job_type: str | None,
	attempt: int,
	timeout_seconds: int,
) -> BackgroundJob:
	"""A row as a worker has claimed it; nothing is checked, and there need be no Job Type."""
	now = times.site_now()
	job = frappe.get_doc(
		{
			"doctype": "Background Job",
			"job_type": job_type or function.__name__,
			"organization": organization or make_organization().name,
			"owner_user": owner or frappe.session.user,
			"status": RUNNING,
			"priority": "Normal",
			"input_parameters": json_objects.serialize_parameters(parameters),
			"attempt_count": attempt,
			"attempt_id": frappe.generate_hash(length=32),
			"timeout_seconds": timeout_seconds,
			"retry_count": attempt - 1,
			"max_retries": attempt,
			"created_at": now,
			"queued_at": now,
			"started_at": now,
		}
	)
	job.name = new_job_ids(1)[0]
	job.set_user_and_timestamp()
	job.db_insert()
	return job


class TestedContext(JobContext):
	"""The context of a job that only the test's transaction knows; it notes what it is told."""

	# pytest collects no class of this kind
	__test__ = False

	def __init__(
		self,
		job: BackgroundJob,
		limit: TimeLimit,
		run: HandlerRun,
		checkpoint: dict[str, Any] | None,
		parents: Sequence[Parent],
		done_steps: dict[str, Any],
	):
		control = ControlInTransaction(job.name, job.organization, job.attempt_id)
		control.writes = run.writes
		super().__init__(job, control, limit)
		self.checkpoint = checkpoint
		self._run = run
		self._parents = list(parents)
		self._steps = StepsInTransaction(job, self.attempt, limit.check, run, done_steps)
		self._progress = ProgressReporter(self._control, 0.0, job.secrets)

	def note_line(self, level: str, text: str, traceback: str | None = None) -> None:
		self._run.events.append(Event("log", (level, self._secrets.hide(text))))

	def update_progress(self, percent: float, message: str | None = None) -> None:
		told = message if message is None else self._secrets.hide(str(message))
		self._run.events.append(Event("progress", (percent, told)))
		super().update_progress(percent, message)

	def save_checkpoint(self, data: dict[str, Any]) -> None:
		super().save_checkpoint(data)
		self._run.events.append(Event("checkpoint", data))

	def submit(self, *arguments: Any, **named: Any) -> BackgroundJob:
		job = super().submit(*arguments, **named)
		self._run.events.append(Event("submit", job))
		return job

	def submit_flow(self, *arguments: Any, **named: Any) -> Any:
		flow = super().submit_flow(*arguments, **named)
		self._run.events += [Event("submit", job) for job in flow.jobs]
		return flow


class ControlInTransaction(ControlConnection):
	"""Another connection could not see the job: this one speaks on the test's own.

	What it writes counts as written by the engine, not by the handler.
	"""

	writes: Writes

	def _execute(self, query: str, values: Sequence[Any]) -> int:
		had_written = self.writes.has_written
		frappe.db.sql(query, values)
		self.writes.has_written = had_written
		mine = "select 1 from `tabBackground Job` where " + self._MINE
		return len(frappe.db.sql(mine, self._mine()))


class StepsInTransaction(Steps):
	"""Steps that end with a savepoint instead of a commit."""

	def __init__(
		self,
		job: BackgroundJob,
		attempt: int,
		check_time: Callable[[], None],
		run: HandlerRun,
		done: dict[str, Any],
	):
		super().__init__(job, attempt, check_time)
		self._run_of_handler = run
		for position, (name, result) in enumerate(done.items(), start=1):
			text = json_objects.to_json(result, name)
			kept = Record(name, position, 1, times.site_now(), is_done=True, result=text)
			records.keep(job.name, kept)
		self._begin_transaction()

	def _begin_transaction(self) -> None:
		begin_transaction(self._run_of_handler)

	def _has_written(self) -> bool:
		return self._run_of_handler.writes.has_written

	def _undo(self) -> None:
		frappe.db.rollback(save_point=f"{SAVEPOINT}_step")
		self._begin_transaction()

	def _commit(self, record: Record) -> None:
		self._check_time()
		records.keep(self._job.name, record)
		if record.is_done:
			self._run_of_handler.events.append(Event("step", record.step))
		self._begin_transaction()


def begin_transaction(run: HandlerRun) -> None:
	"""As a worker's handler begins one after a commit: a rollback goes back to here."""
	run.writes.begin()
	frappe.db.savepoint(f"{SAVEPOINT}_step")


@contextmanager
def no_commit(run: HandlerRun) -> Iterator[None]:
	"""Keep the handler's code from ending the test's transaction, and the events from leaving it."""
	send, undo = frappe.local.db.sql, frappe.local.db.rollback

	def send_and_note(query: Any, *arguments: Any, **named: Any) -> Any:
		answer = send(query, *arguments, **named)
		run.writes.note(str(query))
		return answer

	def note_commit(*_arguments: Any, **_named: Any) -> None:
		run.events.append(Event("commit", None))
		begin_transaction(run)

	def undo_to_the_start(*, save_point: str | None = None, **_named: Any) -> None:
		undo(save_point=save_point or f"{SAVEPOINT}_step")

	with (
		patch.object(frappe.local.db, "sql", send_and_note),
		patch.object(frappe.local.db, "commit", note_commit),
		patch.object(frappe.local.db, "rollback", undo_to_the_start),
		patch.object(context_module, "publish_job_progress"),
	):
		yield
