"""Work that belongs to another transaction than the caller's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import MethodType
from typing import TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet, ref

import frappe
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database import drivers

_own_connections: WeakSet[Database] = WeakSet()
# connections opened to look beside a transaction, kept for what is to run after its commit
_companions: WeakKeyDictionary[Database, Database] = WeakKeyDictionary()

Collector = TypeVar("Collector", bound=Callable[[], object])


class Sequel:
	"""What is to follow the commit of one transaction: collectors, then messages, then callbacks."""

	def __init__(self) -> None:
		self.collectors: dict[Callable, Callable[[], object]] = {}
		self.messages: list[Callable[[], object]] = []
		self.callbacks: list[Callable[[], object]] = []
		self._is_due = False

	def begin_with_commit(self) -> None:
		"""The commit begins: from here on, what is added is the next transaction's."""
		_sequels.pop(frappe.local.db, None)
		self._is_due = True
		# it may have been called already, by the commit whose callbacks began this transaction
		frappe.db.after_commit.add(self.run)
		# Frappe has just forgotten what was to follow a rollback
		frappe.db.after_rollback.add(_close_companion)

	def run(self) -> None:
		if not self._is_due:
			return
		self._is_due = False
		for message in (*self.collectors.values(), *self.messages):
			_send_guarded(message)
		try:
			if self.callbacks:
				with ExitStack() as stack:
					if frappe.local.db not in _own_connections:
						stack.enter_context(own_connection())
					for callback in self.callbacks:
						_run_guarded(callback)
		except Exception:
			frappe.logger("dartwing").exception("after-commit callbacks could not be run")
		finally:
			_close_companion()


# what begins with the commit of each open transaction: Frappe's queue alone keeps it, a rollback clears that
_sequels: WeakKeyDictionary[Database, ref[MethodType]] = WeakKeyDictionary()


def _sequel() -> Sequel:
	"""That of the current transaction."""
	found = _sequels.get(frappe.local.db)
	beginning = found() if found else None
	if beginning:
		return cast(Sequel, beginning.__self__)
	sequel = Sequel()
	beginning = cast(MethodType, sequel.begin_with_commit)
	_sequels[frappe.local.db] = ref(beginning)
	frappe.db.before_commit.add(beginning)
	frappe.db.after_commit.add(sequel.run)
	frappe.db.after_rollback.add(_close_companion)
	return sequel


def after_commit(callback: Callable[[], object]) -> None:
	"""Call once this connection's transaction is committed; a rollback forgets it.

	All callbacks of a transaction run on one other connection, each in a transaction of its own: the
	caller's next read must not see the time before them. What one raises is logged, not raised: it
	would escape from somebody else's `commit()`, and Frappe v15 would run the remaining callbacks only
	at the next one. What is asked for among the callbacks of a commit follows the next commit.
	"""
	_sequel().callbacks.append(callback)


def send_after_commit(message: Callable[[], object]) -> None:
	"""As `after_commit`, before all of those, for what writes nothing: it gets no connection of its own.

	What must be looked up for it is read among `uncommitted_reads`.
	"""
	_sequel().messages.append(message)


def collector(kind: Callable[[], Collector]) -> Collector:
	"""The one object of its kind that is called after this transaction's commit, before all messages."""
	collectors = _sequel().collectors
	if kind not in collectors:
		collectors[kind] = kind()
	return cast(Collector, collectors[kind])


@contextmanager
def nothing_in_between() -> Iterator[None]:
	"""What follows a commit in the block runs on this very connection, which saves opening another one.

	For a caller that has nothing to read or write on it after that commit.
	"""
	connection = frappe.local.db
	is_own = connection in _own_connections
	_own_connections.add(connection)
	try:
		yield
	finally:
		if not is_own:
			_own_connections.discard(connection)


def _send_guarded(message: Callable[[], object]) -> None:
	try:
		message()
	except Exception:
		frappe.logger("dartwing").exception("after-commit message could not be sent")


def _run_guarded(callback: Callable[[], object]) -> None:
	"""In the transaction that the commit before it began."""
	try:
		callback()
		frappe.db.commit()
	except Exception:
		frappe.logger("dartwing").exception("after-commit callback failed")
		frappe.db.rollback()


def _close_companion() -> None:
	companion = _companions.pop(frappe.local.db, None)
	if companion:
		companion.close()


@contextmanager
def separate_transaction() -> Iterator[None]:
	"""Run the block in a transaction of its own and commit it; what it raises undoes it."""
	is_nested = frappe.local.db in _own_connections
	with own_connection():
		try:
			yield
		except BaseException:
			if is_nested:
				frappe.db.rollback()
			raise
		frappe.db.commit()


@contextmanager
def own_connection() -> Iterator[None]:
	"""Run the block on another connection, in transactions that it commits itself.

	So that the caller's transaction, locks, snapshot and callbacks are not touched: it may hold the next
	transaction already, or be what broke. A block inside another one shares its connection, and begins
	with a commit.
	"""
	if frappe.local.db in _own_connections:
		frappe.db.commit()
		yield
		return
	callers = frappe.local.db
	own = _companion_of(callers) or drivers.beside(callers)
	own.sql("start transaction")
	_own_connections.add(own)
	try:
		frappe.local.db = own
		yield
	finally:
		# first of all: a job's timeout may interrupt the next line
		frappe.local.db = callers
		own.close()


@contextmanager
def uncommitted_reads() -> Iterator[None]:
	"""Reads in the block see every row as it is now, whoever wrote it and whether it is committed or not.

	They lock nothing and wait for nobody. They run on a connection beside the caller's transaction, in
	READ UNCOMMITTED; it is kept for the next block, and for what runs after the transaction's commit.
	"""
	callers = frappe.local.db
	companion = _companion_of(callers)
	if not companion:
		companion = drivers.beside(callers)
		# of its first transaction only, which is all that it is used for here
		companion.sql("set transaction isolation level read uncommitted")
	try:
		frappe.local.db = companion
		yield
		_companions[callers] = companion
	finally:
		# first of all: a job's timeout may interrupt the next line
		frappe.local.db = callers
		if callers not in _companions:
			companion.close()
	# which closes it
	_sequel()


@contextmanager
def uncommitted_reads_in_between() -> Iterator[None]:
	"""As `uncommitted_reads`, on a connection of the engine's own, between two of its transactions."""
	frappe.db.sql("commit")
	frappe.db.sql("set transaction isolation level read uncommitted")
	yield
	frappe.db.sql("commit")


def _companion_of(callers: Database) -> Database | None:
	"""The connection that is open beside the callers'; who takes it puts it back, or closes it."""
	companion = _companions.pop(callers, None)
	if companion and not drivers.is_alive(companion):
		companion.close()
		return None
	return companion
