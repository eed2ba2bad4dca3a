"""Rows that others changed since the transaction's first read, on servers that refuse them.

With `innodb_snapshot_isolation`, MariaDB's default from 11.6.2 on, a change or a locking read of such a row
raises error 1020 and undoes the whole transaction. The engine compares and sets, and writes a job's
progress beside the transaction of its handler: it wants rows as they are now, as older servers give them.
"""

import frappe

NEWEST = "set statement innodb_snapshot_isolation = off for "

# servers, and whether they refuse: sites of one bench may be on several
_refusing: dict[tuple[str | None, str | int | None], bool] = {}


def newest() -> str:
	"""What an UPDATE or a locking SELECT begins with, to get at rows as they are now."""
	server = (frappe.db.host, frappe.db.port)
	if server not in _refusing:
		_refusing[server] = refuses()
	return NEWEST if _refusing[server] else ""


def refuses() -> bool:
	"""Whether the current connection's server refuses rows that were changed; asks it, and reads no row."""
	found = frappe.db.sql("show variables like 'innodb_snapshot_isolation'")
	return bool(found) and found[0][1] == "ON"


def forget() -> None:
	"""Ask the servers again."""
	_refusing.clear()
