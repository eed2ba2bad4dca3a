"""What tests need of the driver that the site's database is reached with, and of its newest server.

PyMySQL and mysqlclient have the same names (PEP 249), so that no test needs to know which of them it is.
"""

from collections.abc import Iterator
from contextlib import _GeneratorContextManager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import frappe


def driver() -> ModuleType:
	"""The one of this site: `driver().connect(…)`, `driver().IntegrityError`."""
	return import_module(frappe.db.OperationalError.__module__.partition(".")[0])


def installed_drivers() -> list[ModuleType]:
	"""For what a process does before it knows its site."""
	return [import_module(name) for name in ("pymysql", "MySQLdb") if find_spec(name)]


def snapshot_isolation() -> bool | None:
	"""Whether this connection is refused rows that others changed since its snapshot.

	MariaDB 10.11 can refuse them, and does not by default; from 11.6.2 on it does. None on an older server.
	"""
	found = frappe.db.sql("show variables like 'innodb_snapshot_isolation'")
	return found[0][1] == "ON" if found else None


def waiting_for_named_locks() -> int:
	"""How many connections of this user wait for a lock by GET_LOCK."""
	return len(frappe.db.sql("select 1 from information_schema.processlist where state = 'User lock'"))


def waiting_for_row(name: str) -> bool:
	"""Whether another connection of this user runs a statement that names the row."""
	others = "command = 'Query' and id != connection_id()"
	found = frappe.db.sql(
		f"select 1 from information_schema.processlist where {others} and info like %s", (f"%{name}%",)
	)
	return bool(found)


@contextmanager
def with_snapshot_isolation(on: bool) -> Iterator[bool]:
	"""Whether this connection is refused such rows during the block, which an older server never does."""
	before = snapshot_isolation()
	if before is not None:
		frappe.db.sql("set session innodb_snapshot_isolation = %s", int(on))
	try:
		yield bool(on and before is not None)
	finally:
		if before is not None:
			frappe.db.sql("set session innodb_snapshot_isolation = %s", int(before))


def as_rows_are() -> _GeneratorContextManager[bool]:
	"""For what tidies up, also as a decorator: it takes rows away as they are when it comes to them.

	Servers and workers that a test has spoken to may still write them, and then they would be refused.
	"""
	return with_snapshot_isolation(False)
