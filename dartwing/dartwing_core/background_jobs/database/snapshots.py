"""MariaDB's error 1020: how to change rows that others have changed since this transaction's first read.

With `innodb_snapshot_isolation`, MariaDB's default from 11.6.2 on, a change or a locking read of such a row
raises it and undoes the whole transaction, even if the transaction has locked the row meanwhile. The
engine compares and sets, and writes a job's progress beside the transaction of its handler: it needs rows as
they are now, as older servers give them. So do requests about the app's documents: Frappe v15 does not know
error 1020, and would show its user the database's words.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import frappe

from dartwing.dartwing_core.background_jobs.database import drivers

IGNORING = "set statement innodb_snapshot_isolation = off for "

# whether each server refuses; sites of one bench may be on several servers
_refusing: dict[tuple[str | None, str | int | None], bool] = {}


def ignoring_snapshot() -> str:
	"""A beginning for statements that write or lock, with which they get at rows as they are now.

	It is empty for a server that lets them do so anyway.
	"""
	return IGNORING if _is_refusing_server() else ""


@contextmanager
def snapshot_ignored() -> Iterator[None]:
	"""As `ignoring_snapshot`, for statements in the block that Frappe writes, for its documents."""
	if not _is_refusing_server() or not refuses():
		yield
		return
	connection = frappe.local.db
	_switch("off")
	try:
		yield
	finally:
		# if the connection was lost or closed, the next one refuses again by itself
		if connection._conn:
			with suppress(*drivers.ERRORS):
				connection.sql("set session innodb_snapshot_isolation = on")


def ignore_snapshot_from_now_on() -> None:
	"""As `ignoring_snapshot`, for all statements from here on: a web request has a connection of its own."""
	if _is_refusing_server():
		_switch("off")


def refuses() -> bool:
	"""Whether the current connection refuses rows that were changed; asks its server, and reads no row."""
	found = frappe.db.sql("show variables like 'innodb_snapshot_isolation'")
	return bool(found) and found[0][1] == "ON"


def forget() -> None:
	"""Ask the servers again."""
	_refusing.clear()


def _is_refusing_server() -> bool:
	"""Whether new connections to the current server refuse rows that were changed."""
	server = (frappe.db.host, frappe.db.port)
	if server not in _refusing:
		_refusing[server] = refuses()
	return _refusing[server]


def _switch(value: str) -> None:
	frappe.db.sql(f"set session innodb_snapshot_isolation = {value}")
