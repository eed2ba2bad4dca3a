"""Which connection a statement is on, and who ends its transaction.

`frappe.db` is the connection of the block that the statement stands in:

- in no block of this house, the caller's: a request's or a handler's, whose transaction the engine joins and
  never ends;
- `own_connection()`: the engine's own, opened beside the caller's; the code in the block commits;
- `separate_transaction()`: the engine's own as well; one transaction, committed when the block ends;
- `as_own_connection()`: the caller's, which the engine may use as its own from here on;
- `uncommitted_reads()` (see `uncommitted_reads.py`): the reading one beside the caller's, to read what nobody
  has committed (see `readers.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

from dartwing.dartwing_core.background_jobs.database import drivers

# noted on a connection: that the engine may commit on it
IS_OWN = "dartwing_is_own"


def is_own() -> bool:
	"""Whether the engine may commit on the current connection."""
	return vars(frappe.local.db).get(IS_OWN, False)


def make_own() -> None:
	"""From here on, the engine may commit on the current connection: the whole context is the engine's."""
	setattr(frappe.local.db, IS_OWN, True)


@contextmanager
def own_connection() -> Iterator[None]:
	"""Run the block on a connection of the engine's own, in transactions that the block itself commits.

	The caller's transaction, locks, snapshot and callbacks are not touched: after a commit, the caller's
	connection may have begun its next transaction already; after an error, it may be the one that is broken.
	A block inside another block of this kind shares its connection, and begins with a commit: who calls what
	has such a block has finished what is to be undone together. Nothing waits longer for a lock than
	`LOCK_WAIT_SECONDS`.
	"""
	if is_own():
		frappe.db.commit()
		yield
		return
	with _another_connection():
		yield


@contextmanager
def _another_connection() -> Iterator[None]:
	callers = frappe.local.db
	own = drivers.impatient_beside(callers)
	setattr(own, IS_OWN, True)
	try:
		frappe.local.db = own
		yield
	finally:
		# first of all: a job's timeout may interrupt the next line
		frappe.local.db = callers
		own.close()


@contextmanager
def separate_transaction(is_nothing_open: bool = False) -> Iterator[None]:
	"""Run the block in one transaction of the engine's own and commit it; what it raises undoes it.

	It ends no other transaction, nor the locks of one: it has a connection of its own, also where the current
	one is the engine's. With `is_nothing_open`, the caller knows that nothing is written or locked there:
	then that one is shared, which spares opening another.
	"""
	is_shared = is_nothing_open and is_own()
	with own_connection() if is_shared else _another_connection():
		try:
			yield
		except BaseException:
			if is_shared:
				frappe.db.rollback()
			raise
		frappe.db.commit()


def limit_lock_waits() -> None:
	"""Statements of this connection wait `LOCK_WAIT_SECONDS` for a lock, where Frappe's wait 50 seconds."""
	frappe.db.sql(f"set session {drivers.SHORT_LOCK_WAITS}")


@contextmanager
def short_lock_waits(seconds: int) -> Iterator[None]:
	"""Statements of the block wait so long at most for a lock; then they raise QueryTimeoutError."""
	frappe.db.sql(
		f"set @waited = @@innodb_lock_wait_timeout, session innodb_lock_wait_timeout = {int(seconds)}"
	)
	try:
		yield
	finally:
		frappe.db.sql("set session innodb_lock_wait_timeout = @waited")


@contextmanager
def impatient_transaction() -> Iterator[None]:
	"""As `separate_transaction`, beside any other; who holds a row is waited for no longer than a second."""
	with separate_transaction():
		frappe.db.sql("set session innodb_lock_wait_timeout = 1")
		yield


@contextmanager
def as_own_connection() -> Iterator[None]:
	"""Run the block on the current connection, which the engine may use as its own.

	What follows a commit in the block runs on this very connection, which saves opening a second one. For a
	caller that has nothing more to read or write in the transaction that the commit begins.
	"""
	connection, was_own = frappe.local.db, is_own()
	setattr(connection, IS_OWN, True)
	try:
		yield
	finally:
		setattr(connection, IS_OWN, was_own)


def end_snapshot() -> None:
	"""End the engine's own transaction, in which nothing was written: the next read begins a new snapshot.

	This commits in SQL, because `frappe.db.commit()` would run Frappe's callbacks as well.
	"""
	frappe.db.sql("commit")
