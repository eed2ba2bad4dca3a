"""What a running handler sees of its job, and how it reports without touching its own transaction."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property, partial, wraps
from hashlib import sha256
from typing import Any, Generic, ParamSpec, TypeVar, cast

import frappe
from frappe import _
from frappe.utils import get_datetime
from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.announcing.masking import NO_SECRETS, Secrets
from dartwing.dartwing_core.background_jobs.announcing.realtime import publish_job_progress
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.drivers import ERRORS, MAY_BE_LOST
from dartwing.dartwing_core.background_jobs.errors import JobCanceledError, PermanentError
from dartwing.dartwing_core.background_jobs.execution.attempt_log import INFO, LEVELS, AttemptLog
from dartwing.dartwing_core.background_jobs.execution.captured_logging import unheard
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.execution.fresh_context import for_another_thread
from dartwing.dartwing_core.background_jobs.execution.parents import Parent, Parents
from dartwing.dartwing_core.background_jobs.execution.surroundings import OF_THE_ENGINE
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.background_jobs.groups.rows import Group, group_of
from dartwing.dartwing_core.background_jobs.steps.steps import Key, RehearsedSteps, Steps
from dartwing.dartwing_core.background_jobs.submission import acceptance, json_objects
from dartwing.dartwing_core.background_jobs.submission.checks import DependsOn, JobRequest, When
from dartwing.dartwing_core.background_jobs.submission.flows import Flow, SubmittedFlow, submit_flow
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import RUNNING, BackgroundJob

Returned = TypeVar("Returned")
Arguments = ParamSpec("Arguments")
Item = TypeVar("Item")
Parameters = TypeVar("Parameters")


def from_any_thread(method: Callable[..., Returned]) -> Callable[..., Returned]:
	"""Make a method of JobContext work in threads of the handler, which have none of Frappe's locals."""

	@wraps(method)
	def called(context: "JobContext", *arguments: Any, **named: Any) -> Returned:
		call = partial(method, context, *arguments, **named)
		if getattr(frappe.local, "site", None):
			return call()
		return for_another_thread(call, context._locals)()

	return called


class JobContext(Generic[Parameters]):
	"""The one argument of a handler, which may be used in threads that the handler starts as well.

	A handler that takes a `JobContext[ImportPeople]` is given its `parameters` as an object of that class, a
	pydantic model or a dataclass; any other handler, as a dict.
	`job_id`, `job_type`, `organization`, `owner` (user id), `attempt` (how often the job was started, this
	time included), `timeout_seconds`, `checkpoint` (what the last `save_checkpoint` of any attempt kept, or
	None), `is_dry_run` (whether all that is written is undone) and `idempotency_key` (for other systems; the
	same in every attempt, see `key_of`) are plain values.
	"""

	def __init__(self, job: BackgroundJob, control: ControlConnection, limit: TimeLimit):
		self.job_id: str = job.name
		self.job_type: str = job.job_type
		self.organization: str = job.organization
		self.owner: str = job.owner_user
		self.parameters = cast("Parameters", json_objects.from_json(job.input_parameters) or {})
		self.attempt: int = job.attempt_count
		self.timeout_seconds: int = job.timeout_seconds
		self.checkpoint: dict[str, Any] | None = json_objects.from_json(job.checkpoint)
		self.idempotency_key: str = key_of(frappe.local.site, job.name, get_datetime(job.creation))
		self._parents = Parents(job.name, bool(job.depends_on), job.secrets)
		if job.depends_on and self.attempt > 1:
			# the checkpoint and the steps of an earlier attempt may give the handler what that was given
			job.secrets.include(kept_texts.secrets_of_parents(job.name)[0])
		self._group: str | None = job.job_group
		self._secrets = job.secrets
		self._locals = dict(frappe.local)
		self._control = control
		self.is_dry_run: bool = bool(job.is_dry_run)
		self._steps = (RehearsedSteps if self.is_dry_run else Steps)(job, self.attempt, limit.check)
		self._log = AttemptLog(control, job.secrets, self.attempt)
		self._progress = ProgressReporter(
			control, config.get("progress_interval_seconds"), job.secrets, self._log, self._locals
		)

	@property
	def parents(self) -> Sequence[Parent]:
		"""The jobs that this one depends on, each with its `result` and `output_reference` (see `Parent`).

		In the order of their submission, read in the handler's transaction when they are asked for.
		"""
		return self._parents

	@cached_property
	def group(self) -> Group | None:
		"""The Job Group of this job, or whose `on_end` it is: `group_id`, `title` and `status`; else None.

		Read in the handler's transaction when it is asked for first.
		"""
		return group_of(self.job_id)

	@from_any_thread
	def update_progress(self, percent: float, message: str | None = None) -> None:
		"""Show progress (0 to 100) and a message to everyone who looks.

		Whatever is given is shown as well as it can be, and never fails the job: a percentage that is no
		number is the last one, a message is any value, of which 255 characters are kept as plain text.
		Call it as often as you like: at most one write and one event a second leave this process, and
		the last value always does. Not part of the handler's transaction.
		Raises JobCanceledError once the job is no longer this attempt's.
		"""
		self._progress.report(percent, message)

	def log(self, message: Any, level: str = INFO) -> None:
		"""Keep a line of text with the attempt, and show it to everyone who looks at the job.

		`level` is INFO, WARNING, ERROR or CRITICAL. A message is any value, of which 1000 characters are kept
		as plain text. Call it as often as you like, in any thread: of many lines, the first 200 and the last
		800 are kept. Not part of the handler's transaction; never raises. What is logged with Python's
		`logging` at INFO and above is kept as well.
		"""
		self.note_line(level if level in LEVELS else INFO, texts.text_of(message))

	def note_line(self, level: str, text: str, traceback: str | None = None) -> None:
		"""As `log`, for what the handler logs with Python's `logging`."""
		if self._log.add(level, text, traceback):
			self._progress.write_soon()

	@from_any_thread
	def save_checkpoint(self, data: dict[str, Any]) -> None:
		"""Keep a JSON object of at most 1 MiB for the next attempt, at once and for good.

		Not part of the handler's transaction: what the checkpoint says was done must be committed, or
		repeatable. Raises JobCanceledError once the job is no longer this attempt's.
		"""
		if not isinstance(data, dict):
			frappe.throw(_("checkpoint: must be a JSON object, not {0}").format(type(data).__name__))
		text = json_objects.to_json(data, "checkpoint")
		if len(text.encode()) > config.MAX_CHECKPOINT_BYTES:
			frappe.throw(
				_("checkpoint: at most {0} bytes of JSON are kept").format(config.MAX_CHECKPOINT_BYTES)
			)
		if not self.is_dry_run and not self._control.write_checkpoint(texts.inert_json(text)):
			raise JobCanceledError(_("{0} was canceled").format(self.job_id))
		self.checkpoint = data

	@from_any_thread
	def is_canceled(self) -> bool:
		"""Whether the job was canceled, or given to another attempt, as the database has it now."""
		return not self._control.is_running()

	def submit(
		self,
		job_type: str,
		parameters: dict[str, Any] | None = None,
		priority: str | None = None,
		depends_on: DependsOn = None,
		scheduled_at: When = None,
		dependency_rule: str | None = None,
		expires_at: When = None,
	) -> BackgroundJob:
		"""Submit another job of the organization in the handler's transaction; undone, it never was.

		If this job belongs to a Job Group, so does the new one, and the group does not end before it.
		Arguments and errors are those of `submit_job`, which takes more of them; and JobCanceledError once
		this job is no longer this attempt's. Call it in the handler's own thread.
		"""
		self._check_own_transaction()
		request = JobRequest(
			job_type,
			self.organization,
			parameters,
			priority,
			depends_on,
			scheduled_at,
			dependency_rule=dependency_rule,
			expires_at=expires_at,
		)
		return acceptance.accept([request], [""], group=self._group)[0]

	def submit_flow(self, flow: Flow) -> SubmittedFlow:
		"""As `submit`, for a whole flow.

		If this job belongs to a Job Group, the flow's jobs join it: then the flow has no `on_end`, and its
		title is not used. Otherwise the flow makes a group of its own.
		"""
		self._check_own_transaction()
		return submit_flow(flow, self.organization, self._group, secrets=self._secrets)

	def _check_own_transaction(self) -> None:
		if not self._steps.is_here():
			raise PermanentError(_("a job is submitted in the thread and on the connection of the handler"))
		if self.is_canceled():
			raise JobCanceledError(_("{0} was canceled").format(self.job_id))

	def step(
		self,
		name: str,
		function: Callable[Arguments, Returned],
		/,
		*arguments: Arguments.args,
		**named: Arguments.kwargs,
	) -> Returned:
		"""Call the function, once for the life of the job: a later attempt is given its kept result.

		What the function writes and the record that the step is done are one commit, made when it returns.
		If it raises, what it wrote is undone, and the error goes on to the handler. The result is at most 1
		MiB of JSON, of the type that the function's return annotation says; without one, what JSON makes of
		it. `name` stands for this step alone, in at most 140 characters; a job has at most 1000 steps.

		Call it in the handler's own thread. Raises PermanentError for a step within a step, if something
		was written before it outside of every step, and for what cannot be kept; JobCanceledError once the
		job is no longer this attempt's: then nothing of the step is committed.
		"""
		return self._steps.run(name, function, *arguments, **named)

	def each(
		self,
		name: str,
		items: Iterable[Item] | Callable[[int | str | None], Iterable[Item]],
		key: Key | None = None,
		commit_every_seconds: float = 1.0,
	) -> Iterator[Item]:
		"""A step that goes from item to item: `for row in context.each("rows", rows): …`.

		What the loop writes is committed together with how far it came: behind an item, when the last commit
		is `commit_every_seconds` old, and behind the last one. A later attempt goes on behind the last item
		that was committed. `key` finds that item again: the name of a field or a function, which gives an
		int or a str of its own for each item. Without `key`, items are counted, and must be the same ones in
		the same order. Where `items` is a function, it is given the last key, or None, and returns items
		behind it; it is asked until it returns none. Leave the loop only by its end or by an error. Errors as
		for `step`.
		"""
		return self._steps.each(name, items, key, commit_every_seconds)

	def deliver(self) -> None:
		"""Write what was held back of progress and log; the engine calls it when the handler has ended."""
		self._log.close()
		self._progress.close()


def key_of(site: str, job_id: str, submitted_at: datetime) -> str:
	"""A name of the job for other systems: at most 64 ASCII characters.

	It is the job's id and a digest of the site's name, the id and the time of its submission (to the
	microsecond). So no job of another site has the same, even if that site was made from a copy of this one,
	and no later job that gets the same id after a backup was restored. A job that comes back with the backup
	has the key that it had.
	"""
	made_of = json.dumps([site, job_id, submitted_at.isoformat(timespec="microseconds")])
	return f"{job_id}-{sha256(made_of.encode()).hexdigest()[:32]}"


class ProgressReporter:
	"""Lets the first value through at once, then at most one per interval, and the last one always.

	Lines of the attempt's log are written together with it; alone, an interval after the first of them.
	"""

	def __init__(
		self,
		control: ControlConnection,
		interval_seconds: float,
		secrets: Secrets = NO_SECRETS,
		log: AttemptLog | None = None,
		locals_there: dict[str, Any] | None = None,
	):
		self._control = control
		self._secrets = secrets
		self._log = log or AttemptLog(control, secrets)
		self._locals = locals_there
		self._percent = 0.0
		self._interval = interval_seconds
		# a handler's own signal may report while the handler does
		self._lock = threading.RLock()
		self._latest: tuple[float, Any] | None = None
		self._last_write = float("-inf")
		# not held while something is written: who logs a line does not wait for that
		self._timer_lock = threading.RLock()
		self._timer: threading.Timer | None = None
		self._lost = False

	def report(self, percent: Any, message: Any) -> None:
		# made a text now: the value may change before it is written
		message = None if message is None else texts.text_of(message)
		number = percent_of(percent)
		with self._lock:
			self._percent = self._percent if number is None else number
			self._latest = (self._percent, message)
			wait = self._last_write + self._interval - time.monotonic()
			if wait <= 0:
				self._write()
			elif not self._timer:
				self._start_timer(wait)
			if self._lost:
				raise JobCanceledError(_("{0} was canceled").format(self._control.job_id))

	def write_soon(self) -> None:
		"""Write in another thread, within an interval."""
		# where no thread can be started, the next report or the end of the attempt writes
		if not self._timer:
			with suppress(RuntimeError):
				self._start_timer(self._interval)

	def close(self) -> None:
		with self._timer_lock:
			if self._timer:
				self._timer.cancel()
		with self._lock:
			self._write()

	def _start_timer(self, seconds: float) -> None:
		with self._timer_lock:
			if self._timer:
				return
			timer = threading.Timer(seconds, for_another_thread(self._write_late, self._locals))
			timer.daemon, timer.name = True, f"{OF_THE_ENGINE}progress"
			timer.start()
			self._timer = timer

	def _write_late(self) -> None:
		with self._timer_lock:
			self._timer = None
		with self._lock:
			self._write()

	def _write(self) -> None:
		with unheard():
			self._write_progress()
			self._write_log()

	def _write_log(self) -> None:
		try:
			if self._log.write():
				self._last_write = time.monotonic()
		except ERRORS as error:
			# a job must not fail because its log could not be written
			frappe.logger("dartwing").exception(f"{self._control.job_id}: its log could not be written")
			if not isinstance(error, MAY_BE_LOST):
				self._log.give_up()

	def _write_progress(self) -> None:
		if self._latest is None or self._lost:
			return
		(percent, message), self._latest = self._latest, None
		self._last_write, now = time.monotonic(), times.site_now(may_ask=False)
		if message is not None:
			message = self._secrets.line(message, texts.MAX_PROGRESS_MESSAGE)
		try:
			is_mine = self._control.write_progress(percent, message, now)
		except MAY_BE_LOST:
			# a job must not fail because its progress could not be written; the next report tries again
			frappe.logger("dartwing").exception(f"{self._control.job_id}: progress could not be written")
			self._latest = (percent, message)
			return
		if is_mine:
			publish_job_progress(
				self._control.job_id, self._control.organization, RUNNING, percent, message, now
			)
		else:
			self._lost = True


def percent_of(value: Any) -> float | None:
	"""A number from 0 to 100; None for a value that is no number, as NaN, whatever it answers."""
	try:
		number = float(value)
	except BaseTimeoutException:
		raise
	except Exception:
		return None
	return None if math.isnan(number) else min(100.0, max(0.0, number))
