"""The Database of a handler: it remembers what became of the handler's transaction.

MariaDB undoes a whole transaction by itself after a deadlock, and for a row that somebody else has changed
meanwhile (see `snapshots.py`). A handler that catches that error and goes on would be Completed with half of
what it wrote.
"""

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


class HandlersDatabase(Database):
	"""A mixin. `undone_by` is the error with which the server has undone the open transaction, or None."""

	undone_by: Exception | None = None

	def sql(self, query: Any, *arguments: Any, **named: Any) -> Any:
		try:
			answer = super().sql(query, *arguments, **named)
		except Exception as error:
			if any(code in UNDOING for code in codes_of(error)):
				self.undone_by = error
			raise
		if self.undone_by and ends_transaction(query):
			self.undone_by = None
		return answer


def for_handler(database: Database) -> Database:
	"""Another Database of the same site and user, for a handler; it connects when it is first used."""
	made = drivers.beside(database)
	kind: Any = type(made)
	made.__class__ = _watching(kind)
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
	words = str(query).lower().split()
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
