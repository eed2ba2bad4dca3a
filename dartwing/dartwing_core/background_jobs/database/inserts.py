"""Many rows in few statements, without documents: for rows that the engine has checked itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database import drivers
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot

# columns that each row has, whatever its DocType
OF_EVERY_ROW = ("name", "owner", "creation", "modified", "modified_by")
# limits of one statement: a server refuses one that is larger than its max_allowed_packet (16 MiB)
MAX_ROWS = 1000
MAX_CHARACTERS = 2 * 1024 * 1024


@contextmanager
def all_or_nothing() -> Iterator[None]:
	"""An error undoes what the block wrote, and nothing else of the current transaction.

	The savepoint is left to the end of the transaction, or to the next one of its name.
	"""
	frappe.db.savepoint("dartwing_all_or_nothing")
	try:
		yield
	except Exception:
		# after a deadlock or a lost connection the whole transaction is undone, savepoint included: raise
		# that error
		with suppress(*drivers.ERRORS):
			frappe.db.rollback(save_point="dartwing_all_or_nothing")
		raise


def insert(doctype: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
	"""Insert the rows in the current transaction; each has a value for each column.

	Calls no hook and checks nothing. A row that is there already is a duplicate, also if another transaction
	wrote it after the first read of this one. After an error some rows may be there: see `all_or_nothing`.
	"""
	for chunk in _chunks(rows):
		_insert(doctype, columns, chunk)


def _insert(doctype: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
	names = ", ".join(f"`{column}`" for column in columns)
	# the query builder takes ten times as long for the same text
	frappe.db.sql(
		f"{ignoring_snapshot()}insert into `tab{doctype}` ({names}) values {', '.join(['%s'] * len(rows))}",
		[tuple(row) for row in rows],
	)


def _chunks(rows: Sequence[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
	chunk: list[Sequence[Any]] = []
	characters = 0
	for row in rows:
		size = sum(len(value) for value in row if isinstance(value, str))
		if chunk and (len(chunk) == MAX_ROWS or characters + size > MAX_CHARACTERS):
			yield chunk
			chunk, characters = [], 0
		chunk.append(row)
		characters += size
	if chunk:
		yield chunk
