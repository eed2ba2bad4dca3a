"""Steps of a job: what one writes and the record that it was done are one commit."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, ParamSpec, TypeVar

import frappe
from frappe import _
from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.after_commit import run_what_others_put_off
from dartwing.dartwing_core.background_jobs.database.handlers_database import (
	HandlersDatabase,
	refuse_half_a_transaction,
)
from dartwing.dartwing_core.background_jobs.errors import JobCanceledError, PermanentError
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.steps.records import Record
from dartwing.dartwing_core.background_jobs.steps.results import ResultType
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")
Item = TypeVar("Item")
# an item's key: the name of one of its fields, or a function
Key = str | Callable[[Any], int | str]


class Steps:
	"""The steps of one attempt, in the transaction of its handler.

	Nothing is replayed: a step that is done is skipped, and its kept result returned. Each commit first locks
	the job's row, and is made only if the job is still this attempt's: so no step is done twice, and nothing
	of an attempt counts that was canceled or replaced.
	"""

	def __init__(self, job: BackgroundJob, attempt: int, check_time: Callable[[], None]):
		"""`check_time` raises if the handler has gone on after its time limit."""
		self._job = job
		self._attempt = attempt
		self._check_time = check_time
		self._thread = threading.get_ident()
		self._database = frappe.local.db
		self._kept: dict[str, Record] | None = None
		self._begun: set[str] = set()
		self._open: str | None = None

	def is_here(self) -> bool:
		"""Whether this is the thread and the connection of the handler."""
		return threading.get_ident() == self._thread and frappe.local.db is self._database

	def run(
		self,
		name: str,
		function: Callable[Arguments, Returned],
		*arguments: Arguments.args,
		**named: Arguments.kwargs,
	) -> Returned:
		"""The function's result: called now, unless an earlier attempt has done it."""
		record = self._begin(name)
		result_type = ResultType(name, function)
		if record.is_done:
			return result_type.from_json(records.result_of(self._job.name, name) or "null")
		began = time.monotonic()
		self._open = name
		try:
			text, returned = result_type.kept(function(*arguments, **named))
			record.is_done, record.result = True, texts.inert_json(text)
			record.seconds = time.monotonic() - began
			self._commit(record)
		except BaseTimeoutException:
			# the connection may have been interrupted between a statement and its answer
			raise
		except Exception:
			# if the handler catches the error, no half of the step must be committed with what follows
			self._undo()
			raise
		finally:
			self._open = None
		return returned

	def each(
		self,
		name: str,
		items: Iterable[Item] | Callable[[int | str | None], Iterable[Item]],
		key: Key | None,
		commit_every_seconds: float,
	) -> Iterator[Item]:
		"""The items that no attempt has committed yet."""
		if callable(items) and key is None:
			raise _refusal(name, _("items that are found by a function need a key"))
		record = self._begin(name)
		return iter(()) if record.is_done else self._each(record, items, key, commit_every_seconds)

	def _each(
		self, record: Record, items: Any, key: Key | None, commit_every_seconds: float
	) -> Iterator[Any]:
		# the loop may begin long after the call, and another one in between
		self._refuse_unless_free(record.step)
		if callable(items) and key is not None:
			rest = found_behind(items, record, key)
		else:
			record.items_total = len(items) if isinstance(items, Sized) else 0
			rest = behind(items, record, key)
		self._open = record.step
		committed = time.monotonic()
		for item in rest:
			yield item
			record.items_done += 1
			if key is not None:
				record.last_key = json.dumps(key_of(item, key, record.step))
			now = time.monotonic()
			if now - committed >= commit_every_seconds:
				record.seconds += now - committed
				self._commit(record)
				committed = now
		record.is_done = True
		record.seconds += time.monotonic() - committed
		self._commit(record)
		# if the loop is left early, the step stays open: what was written since the last commit belongs to it
		self._open = None

	def _begin(self, name: str) -> Record:
		self._refuse_name(name)
		self._refuse_unless_free(name)
		if self._kept is None:
			self._kept = records.of_job(self._job.name)
		self._begun.add(name)
		record = self._kept.get(name)
		if not record:
			if len(self._kept) >= config.MAX_STEPS:
				raise _refusal(name, _("a job has at most {0} steps").format(config.MAX_STEPS))
			now = times.site_now(may_ask=False)
			record = self._kept[name] = Record(name, len(self._kept) + 1, self._attempt, now)
		record.attempt = self._attempt if not record.is_done else record.attempt
		return record

	def _refuse_unless_free(self, name: str) -> None:
		"""What is committed with a step is the step's own."""
		if not self.is_here():
			raise _refusal(name, _("it must begin in the thread and on the connection of the handler"))
		if self._open:
			raise _refusal(name, _("it begins before step {0} has ended").format(repr(self._open)))
		if self._has_written():
			reason = _("something was written before it, outside of every step; that must be in a step, too")
			raise _refusal(name, reason)

	def _refuse_name(self, name: Any) -> None:
		if not isinstance(name, str) or not 0 < len(name) <= config.MAX_STEP_NAME:
			reason = _("its name must be a text of 1 to {0} characters").format(config.MAX_STEP_NAME)
			raise _refusal(name, reason)
		if self._job.secrets.line(name, config.MAX_STEP_NAME) != name:
			# it is shown to the whole organization
			raise _refusal(name, _("its name must be plain text without the value of a masked parameter"))
		if name in self._begun:
			raise _refusal(name, _("it begins a second time; each step of a job has a name of its own"))

	def _has_written(self) -> bool:
		database = self._database
		if isinstance(database, HandlersDatabase):
			return database.writes.has_written
		return bool(database.transaction_writes)

	def _undo(self) -> None:
		frappe.db.rollback()

	def _commit(self, record: Record) -> None:
		"""Commit what was written since the last commit, together with the record of it."""
		if frappe.local.db is not self._database:
			raise _refusal(record.step, _("it has changed the connection, and with it lost what it wrote"))
		run_what_others_put_off()
		refuse_half_a_transaction()
		self._check_time()
		if not records.is_held_by(self._job.name, self._job.attempt_id):
			frappe.db.rollback()
			raise JobCanceledError(_("{0} was canceled").format(self._job.name))
		if self._job.worker_deaths:
			records.note_progress(self._job.name)
		records.keep(self._job.name, record)
		frappe.db.commit()
		self._job.worker_deaths = 0


class RehearsedSteps(Steps):
	"""The steps of a dry run: each is done, and nothing of it is kept or committed."""

	def run(self, name: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
		self._begin(name)
		return ResultType(name, function).kept(function(*arguments, **named))[1]

	def _each(
		self, record: Record, items: Any, key: Key | None, commit_every_seconds: float
	) -> Iterator[Any]:
		for item in found_behind(items, record, key) if callable(items) and key is not None else items:
			yield item
			record.last_key = json.dumps(key_of(item, key, record.step)) if key is not None else None

	def _begin(self, name: str) -> Record:
		self._refuse_name(name)
		self._begun.add(name)
		return Record(name, len(self._begun), self._attempt, times.site_now(may_ask=False))


def found_behind(find: Callable[[Any], Iterable[Any]], record: Record, key: Key) -> Iterator[Any]:
	"""What the function finds, asked again behind the last item until it finds nothing more."""
	while True:
		last_key, found = last_key_of(record), False
		for item in find(last_key):
			if not found and last_key is not None and key_of(item, key, record.step) == last_key:
				reason = _("its function must return the items behind {0}, not {0} itself")
				raise _refusal(record.step, reason.format(repr(last_key)))
			found = True
			yield item
		if not found:
			return


def behind(items: Iterable[Any], record: Record, key: Key | None) -> Iterator[Any]:
	"""The items behind the last one that was committed: by its key, or without keys by their number."""
	rest, last_key = iter(items), last_key_of(record)
	if key is None or last_key is None:
		for _number in range(record.items_done if key is None else 0):
			next(rest, None)
		return rest
	for item in rest:
		if key_of(item, key, record.step) == last_key:
			return rest
	reason = _(
		"the item {0}, which was done last, is not among its items any more;"
		" give a function that takes the last key and returns the items behind it"
	)
	raise _refusal(record.step, reason.format(repr(last_key)))


def last_key_of(record: Record) -> int | str | None:
	return json.loads(record.last_key) if record.last_key else None


def key_of(item: Any, key: Key, step: str) -> int | str:
	value: Any
	if not isinstance(key, str):
		value = key(item)
	else:
		value = item.get(key) if hasattr(item, "get") else getattr(item, key, None)
	if isinstance(value, bool) or not isinstance(value, int | str):
		raise _refusal(step, _("the key of an item must be an int or a str, not {0}").format(repr(value)))
	return value


def _refusal(step: Any, reason: str) -> PermanentError:
	return PermanentError(_("step {0}: {1}").format(repr(step), reason))
