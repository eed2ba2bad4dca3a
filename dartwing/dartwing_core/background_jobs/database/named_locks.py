"""Named locks (`GET_LOCK`) of the database server: for things that have no row to lock yet.

They belong to a connection, not to its transaction: a rollback keeps them, a lost connection frees them.
Names are the server's, not the site's. A connection that would wait in a circle is refused at once; unlike
a deadlock on rows, that undoes nothing of its transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database.looks import AT_ONCE, Look, ask
from dartwing.dartwing_core.background_jobs.database.readers import reader_of, release_locks
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads


def lock_name(*of_what: str) -> str:
	"""A name for this site's lock of something; at most 64 characters are allowed."""
	text = "\0".join((frappe.local.site, *of_what))
	return "dartwing:" + sha1(text.encode(), usedforsecurity=False).hexdigest()


def acquire(names: Sequence[str], wait_seconds: int) -> str | None:
	"""Get all these locks on the current connection, waiting at most `wait_seconds` for each.

	If one cannot be had, none is kept, and its name is returned.
	"""
	got: list[str] = []
	for name in names:
		if not _is_answered("select get_lock(%s, %s)", (name, wait_seconds)):
			release(got)
			return name
		got.append(name)
	return None


def wait_until_free(name: str, wait_seconds: float) -> bool:
	"""Wait until the lock is free; False when that takes too long, or would never happen.

	The lock is not kept: the server hands it through all that wait, one after the other.
	"""
	return _is_answered("select if(get_lock(%s, %s), release_lock(%s), 0)", (name, wait_seconds, name))


def _is_answered(query: str, values: tuple) -> bool:
	try:
		return bool(frappe.db.sql(query, values)[0][0])
	except frappe.QueryDeadlockError:
		return False


def release(names: Sequence[str]) -> None:
	release_locks(frappe.db, names)


def is_free(name: str) -> bool:
	return bool(frappe.db.sql("select is_free_lock(%s)", (name,))[0][0])


@contextmanager
def held(names: Sequence[str], wait_seconds: int) -> Iterator[bool]:
	"""Hold the locks during the block, which is told whether they could be had in time."""
	got = acquire(names, wait_seconds) is None
	try:
		yield got
	finally:
		if got:
			release(names)


class Hold:
	"""Locks that are held until the current transaction ends, or until they are let go; false without them.

	As a context manager, it lets go of them when the block raises.
	"""

	def __init__(self, names: Sequence[str], busy: str | None) -> None:
		self._names = [] if busy else list(names)
		self.busy = busy

	def __bool__(self) -> bool:
		return self.busy is None

	def __enter__(self) -> "Hold":
		return self

	def __exit__(self, error: type[BaseException] | None, *_details: object) -> None:
		if error:
			self.let_go()

	def let_go(self) -> None:
		names, self._names = self._names, []
		reader = reader_of(frappe.local.db)
		if names and reader:
			reader.let_go(names)


def hold_until_the_end(names: Sequence[str], looks: Sequence[Look] = ()) -> tuple[Hold, list[Any]]:
	"""Hold the locks until the current transaction is committed or rolled back, or until they are let go.

	Nobody is waited for. The reading connection of the transaction holds them. Returns the answers to the
	looks as well, asked in one statement with the last locks; none if a lock is busy.
	"""
	with uncommitted_reads() as reader:
		taken: list[str] = []
		answers: list[Any] = []
		for start in range(0, max(len(names), 1), AT_ONCE):
			some = names[start : start + AT_ONCE]
			is_last = start + AT_ONCE >= len(names)
			locks = [Look("get_lock(%s, 0)", (name,)) for name in some]
			answers = ask([*locks, *looks] if is_last else locks)
			ours = [name for name, is_ours in zip(some, answers, strict=False) if is_ours]
			reader.locks += ours
			taken += ours
			if len(ours) < len(some):
				reader.let_go(taken)
				return Hold(names, next(name for name in some if name not in ours)), []
	return Hold(names, None), answers[len(answers) - len(looks) :]


def let_go_and_read(query: str, values: Sequence[Any], columns: int) -> list[tuple]:
	"""The rows of the query, uncommitted reads; a hundred locks are released in the same statement.

	The others after it. For a transaction that has just ended. `columns`: how many columns the query has.
	"""
	with uncommitted_reads() as reader:
		names, rest, reader.locks = reader.locks[:AT_ONCE], reader.locks[AT_ONCE:], []
		release = f" union all select release_lock(%s){', null' * (columns - 1)}"
		rows = frappe.db.sql(query + release * len(names), (*values, *names))
		release_locks(frappe.db, rest)
	return list(rows[: len(rows) - len(names)])
