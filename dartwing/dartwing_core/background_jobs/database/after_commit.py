"""What the engine does just before a transaction is committed, and after; a rollback forgets all of it.

Each transaction has one `FollowUp` that keeps it. Closings are its last statements. After the commit, first
the messages are told, which write nothing. Then the callbacks are done, each in a transaction of its own: on
the current connection if that is the engine's own, and otherwise on one that is opened for them. On the
caller's connection the callbacks would begin the caller's next transaction, and the caller's next reads would
use the snapshot that the callbacks began.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import frappe
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database import connections, readers

Kind = TypeVar("Kind")


class FollowUp:
	"""What follows the commit of one transaction.

	Only Frappe's callbacks of the transaction hold it: a rollback clears them, and it is gone.
	"""

	def __init__(self) -> None:
		self.closings: list[Any] = []
		self.messages: list[Any] = []
		self.callbacks: list[Callable[[], object]] = []
		self._is_committed = False
		frappe.db.before_commit.add(self.begin_commit)
		frappe.db.after_commit.add(self.run)
		frappe.db.after_rollback.add(readers.put_away)

	@classmethod
	def of_this_transaction(cls) -> "FollowUp":
		"""The follow-up that waits for the commit of the current transaction; a new one if none does."""
		for callback in frappe.db.before_commit._functions:
			if waiting := _follow_up_of(callback):
				return waiting
		return cls()

	def begin_commit(self) -> None:
		"""Do what comes before the commit; what is added after that follows the next one."""
		# Frappe's `commit()` has emptied the list of what follows a rollback. If the commit fails and is
		# rolled back, the reader must still be put away.
		frappe.db.after_rollback.add(readers.put_away)
		if self.closings:
			# Frappe has taken this call off its list. Back on it, the closings find this follow-up, and
			# Frappe calls once more, when there are no closings left.
			frappe.db.before_commit.add(self.begin_commit)
			self.close()
			return
		self._is_committed = True
		# Frappe calls each callback in `after_commit` once, and empties the list. One of them may have made
		# this follow-up, for example by submitting a job: then `run` was added to the list that was being
		# worked off, and was called before this commit, too early (see `_is_committed`).
		frappe.db.after_commit.add(self.run)

	def close(self) -> None:
		for closing in self.closings:
			closing()
		self.closings = []

	def run(self) -> None:
		if not self._is_committed:
			return
		self._is_committed = False
		for message in self.messages:
			_tell(message)
		readers.put_away()
		try:
			if self.callbacks:
				with nullcontext() if connections.is_own() else connections.own_connection():
					for callback in self.callbacks:
						_do(callback)
		except Exception:
			frappe.logger("dartwing").exception("after-commit callbacks could not be run")


def run_what_others_put_off() -> None:
	"""Call, now, what others than the engine have put off to just before the commit of this transaction.

	The closings stay for the commit itself. They lock rows that many transactions need, as those of groups,
	and are to be the last to lock anything.
	"""
	functions = frappe.db.before_commit._functions
	while (other := next((one for one in functions if not _follow_up_of(one)), None)) is not None:
		functions.remove(other)
		other()


def run_closings() -> None:
	"""Call the closings of this transaction now, for a caller who is about to be done and answers for errors.

	Frappe commits a request when its answer is made: what is raised there ends in a bare page of the server.
	"""
	for callback in list(frappe.db.before_commit._functions):
		if follow_up := _follow_up_of(callback):
			follow_up.close()


def _follow_up_of(callback: Callable[[], object]) -> FollowUp | None:
	"""Whose method the callback is, if it is a follow-up's."""
	follow_up = getattr(callback, "__self__", None)
	return follow_up if isinstance(follow_up, FollowUp) else None


def is_untouched(database: Database) -> bool:
	"""Whether the Database is not connected, and nothing waits for the end of a transaction of it."""
	of_commit = [database.before_commit, database.after_commit]
	of_rollback = [database.before_rollback, database.after_rollback]
	return not (database._conn or any(callbacks._functions for callbacks in of_commit + of_rollback))


def tell_after_commit(message: Callable[[], object]) -> None:
	"""Call the message once the current transaction is committed, before all callbacks.

	A message writes nothing. What it must look up is read in a block of `uncommitted_reads()`. An exception
	of a message is logged.
	"""
	FollowUp.of_this_transaction().messages.append(message)


def one_message(kind: type[Kind], is_first: bool = False) -> Kind:
	"""The one message of this kind that the current transaction has; `is_first`: told before all others."""
	return _one(kind, FollowUp.of_this_transaction().messages, is_first)


def one_closing(kind: type[Kind]) -> Kind:
	"""The one closing of this kind that the current transaction has: it is called just before the commit.

	What it writes is a part of the transaction, and what it raises comes out of `commit()`.
	"""
	return _one(kind, FollowUp.of_this_transaction().closings)


def _one(kind: type[Kind], those: list[Any], is_first: bool = False) -> Kind:
	for one in those:
		if isinstance(one, kind):
			return one
	new = kind()
	those.insert(0 if is_first else len(those), new)
	return new


def do_after_commit(callback: Callable[[], object]) -> None:
	"""Call the callback once the current transaction is committed, on a connection of the engine's own.

	It has a transaction of its own, which is committed when it returns, and undone when it raises. The
	exception is logged and not raised: it would escape from somebody else's `commit()`, and Frappe v15 would
	run the remaining callbacks only at the next one. What a callback asks for after a commit follows the next
	commit.
	"""
	FollowUp.of_this_transaction().callbacks.append(callback)


def _tell(message: Callable[[], object]) -> None:
	try:
		message()
	except Exception:
		frappe.logger("dartwing").exception("after-commit message could not be sent")


def _do(callback: Callable[[], object]) -> None:
	"""Call it in the transaction that is open: the commit before it has begun that one."""
	try:
		callback()
		frappe.db.commit()
	except Exception:
		frappe.logger("dartwing").exception("after-commit callback failed")
		frappe.db.rollback()
