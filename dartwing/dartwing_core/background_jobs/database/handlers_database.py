"""The Database of a handler: it remembers what became of the handler's transaction.

MariaDB undoes a whole transaction by itself after a deadlock, and for a row that somebody else has changed
meanwhile (see `snapshots.py`). A handler that catches that error and goes on would be Completed with half of
what it wrote.

Frappe counts writes as well (`transaction_writes`), for another purpose: it forgets them when a savepoint is
rolled back to, and sees none that begins with `set statement … for`.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import frappe
from frappe import _
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database import drivers
from dartwing.dartwing_core.background_jobs.errors import TransientError

# errors of MariaDB with which it undoes the whole transaction: a deadlock, and a row that was changed
UNDOING = (1213, 1020)
ENDS = ("commit", "rollback")
WRITES = ("insert", "update", "delete", "replace", "load", "call")
# they commit by themselves, unless they are of temporary tables, and no rollback undoes them
OF_SCHEMA = ("create", "alter", "drop", "truncate", "rename")
# what may stand before a statement, with settings for this one alone
SETTINGS = re.compile(r"\A\s*set\s+statement\s.*?\sfor\s", re.IGNORECASE | re.DOTALL)
# the words that tell statements apart are among the first so many characters
BEGINNING = 300


class Writes:
	"""Whether something was written since the transaction began, by the statements that were noted."""

	def __init__(self) -> None:
		self.has_written = False
		self._had_written_at: dict[str, bool] = {}

	def note(self, statement: str) -> None:
		"""A statement that has succeeded."""
		words = SETTINGS.sub("", statement[:BEGINNING], count=1).lower().split(None, 4)[:4]
		if not words:
			return
		if words[0] in WRITES or (words[0] in OF_SCHEMA and "temporary" not in words):
			self.has_written = True
		elif words[0] == "savepoint":
			self._had_written_at[words[-1]] = self.has_written
		elif ends_transaction(statement):
			self.begin()
		elif words[0] == "rollback":
			self.has_written = self._had_written_at.get(words[-1], self.has_written)

	def begin(self) -> None:
		"""A transaction begins, in which nothing was written."""
		self.has_written = False
		self._had_written_at.clear()


class HandlersDatabase(Database):
	"""A mixin. `undone_by` is the error with which the server has undone the open transaction, or None."""

	undone_by: Exception | None = None
	writes: Writes
	_statement = ""

	def sql(self, query: Any, *arguments: Any, **named: Any) -> Any:
		self._statement = ""
		try:
			answer = super().sql(query, *arguments, **named)
		except Exception as error:
			if any(code in UNDOING for code in codes_of(error)):
				self.undone_by = error
			raise
		self.writes.note(self._statement)
		if self.undone_by and ends_transaction(self._statement):
			self.undone_by = None
		return answer

	def check_transaction_status(self, query: str, *more: Any, **named: Any) -> None:
		"""Frappe calls it with the text of each statement, before it is sent."""
		super().check_transaction_status(query, *more, **named)
		self._statement = query


def for_handler(database: Database) -> Database:
	"""Another Database of the same site and user, for a handler; it connects when it is first used."""
	made = drivers.beside(database)
	kind: Any = type(made)
	made.__class__ = _watching(kind)
	made.writes = Writes()
	return made


def is_handlers() -> bool:
	"""Whether the current connection is a handler's."""
	return isinstance(frappe.local.db, HandlersDatabase)


def refuse_half_a_transaction() -> None:
	"""Raise TransientError if the server has undone what was written first in the current transaction."""
	database = frappe.local.db
	undone_by = database.undone_by if isinstance(database, HandlersDatabase) else None
	if undone_by:
		reason = _("the database undid what the handler had written, and the handler went on: {0}")
		raise TransientError(reason.format(undone_by))


def ends_transaction(query: Any) -> bool:
	words = str(query)[:BEGINNING].lower().split()
	return bool(words) and words[0] in ENDS and "to" not in words


def codes_of(error: BaseException) -> Iterator[Any]:
	"""The numbers of a driver's error; Frappe's own errors hold that one as their argument."""
	for argument in error.args[:1]:
		if isinstance(argument, BaseException):
			yield from codes_of(argument)
		else:
			yield argument


@cache
def _watching(kind: Any) -> Any:
	return type(kind.__name__, (HandlersDatabase, kind), {})
