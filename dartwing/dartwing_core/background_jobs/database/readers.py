"""Reading connections: each reads beside the transaction of another connection, and holds named locks for it.

To open a connection costs more than most reads, so a process keeps one between its transactions, whatever the
number of its sites and threads.
"""

import os
from collections import Counter
from collections.abc import Sequence

import frappe
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database import drivers

# each statement sees what is there when it is sent, whoever wrote it, committed or not
READ_UNCOMMITTED = "set session transaction isolation level read uncommitted"
READING_MODE = (READ_UNCOMMITTED, "set autocommit = 1")
# the server takes 4,096
MOST_COLUMNS = 4000
# noted on a connection: the reader of its transaction
READER = "dartwing_reader"


class Reader:
	"""A reading connection, and the named locks that are held on it until the transaction ends.

	A lock that was taken twice is named twice, and has to be released as often.
	"""

	def __init__(self, database: Database):
		self.database = database
		self.locks: list[str] = []
		self.process = os.getpid()

	def let_go(self, locks: Sequence[str]) -> None:
		"""Release those of the locks that are still held."""
		names = list((Counter(locks) & Counter(self.locks)).elements())
		self.locks = list((Counter(self.locks) - Counter(names)).elements())
		release_locks(self.database, names)

	def close(self) -> None:
		self.database.close()


def release_locks(database: Database, names: Sequence[str]) -> None:
	"""Release these named locks of the connection, in as few statements as the server's columns allow."""
	for start in range(0, len(names), MOST_COLUMNS):
		some = tuple(names[start : start + MOST_COLUMNS])
		database.sql(f"select {', '.join(['release_lock(%s)'] * len(some))}", some)


# the one that this process keeps, if any
_kept: list[Reader] = []
# what a forked process has inherited: the parent goes on with it, so it must not even be closed here
_of_the_parent: list[Reader] = []


def reader_of(connection: Database) -> Reader | None:
	"""The reader of the connection's transaction; None as long as it has none."""
	return vars(connection).get(READER)


def note_reader(connection: Database, reader: Reader | None) -> None:
	setattr(connection, READER, reader)


def reader_beside(connection: Database) -> Reader:
	"""The transaction's reader; else the kept one, if it is of the same database and alive; else a new one.

	If the transaction's reader was lost meanwhile, the locks that it held are lost with it.
	"""
	found = reader_of(connection) or (_kept.pop() if _kept else None)
	if found and found.process != os.getpid():
		_of_the_parent.append(found)
	elif found and is_of_the_same_database(found.database, connection) and drivers.is_alive(found.database):
		return found
	elif found:
		found.close()
	reader = Reader(drivers.beside(connection))
	for statement in READING_MODE:
		reader.database.sql(statement)
	return reader


def is_of_the_same_database(one: Database, other: Database) -> bool:
	return drivers.settings_of(one) == drivers.settings_of(other)


def put_away() -> None:
	"""The current connection's transaction has ended: release its locks, and keep its reader or close it."""
	reader = reader_of(frappe.local.db)
	note_reader(frappe.local.db, None)
	if not reader:
		return
	try:
		reader.let_go(reader.locks)
	except Exception:
		# the connection is lost, and its locks with it
		reader.close()
		return
	if _kept:
		reader.close()
	else:
		_kept.append(reader)
