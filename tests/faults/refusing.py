"""Connections whose server refuses rows that others changed since the transaction's first read.

That is MariaDB's default from 11.6.2 on. A server that cannot does as it always did.
"""

import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import frappe
from database import driver, installed_drivers
from frappe.database.database import Database

SWITCH = "innodb_snapshot_isolation"
CHANGES_OR_LOCKS = re.compile(
	r"\s*(set statement \S+ = \S+ for )?(update|delete|insert|replace|select\b.*\bfor update)\b", re.I | re.S
)
TABLE = re.compile(r"`(tab[^`]+)`")
# with a column that every DocType has and that means nothing here
TABLES = {
	f"tab{doctype}"
	for doctype in (
		"Background Job",
		"Job Execution Log",
		"Job Group",
		"Job Schedule",
		"Job Tally",
		"Job Type",
		"Notification Settings",
		"Organization",
	)
}
SINGLES = "tabSingles"

Patch = Callable[[Any, str, Any], None]


def refuse_changed_rows(patch: Patch = setattr) -> None:
	"""Have each new connection of this process be one."""
	for each in installed_drivers():
		patch(each, "connect", partial(connect_and_switch, each.connect))


def connect_and_switch(connect: Callable[..., Any], **settings: Any) -> Any:
	connection = connect(**settings)
	with connection.cursor() as cursor:
		if cursor.execute("show variables like %s", (SWITCH,)):
			cursor.execute(f"set session {SWITCH} = on")
	return connection


def change_rows_first(on_refusal: Callable[[str], None], patch: Patch = setattr) -> None:
	"""Have another connection change a table's rows right before this process changes or locks any of them.

	Except those that are locked already. `on_refusal` is told of statements that the server refused for it.
	"""
	execute, others = Database.sql, Others(driver().connect(**frappe.db.get_connection_settings()))

	def change_and_execute(self: Database, query: Any, *arguments: Any, **named: Any) -> Any:
		if CHANGES_OR_LOCKS.match(str(query)):
			others.change(set(TABLE.findall(str(query))))
		try:
			return execute(self, query, *arguments, **named)
		except Exception as error:
			if "Record has changed" in str(error):
				on_refusal(str(query))
			raise

	patch(Database, "sql", change_and_execute)


class Others:
	"""A connection that changes rows, for any thread."""

	def __init__(self, connection: Any):
		self._connection = connection
		self._lock = threading.Lock()
		self.changed_rows = 0

	def change(self, tables: set[str]) -> None:
		with self._lock, self._connection.cursor() as cursor:
			for table in tables & TABLES:
				self.changed_rows += change_rows(cursor, table)
			if SINGLES in tables:
				self.changed_rows += change_settings(cursor)
			self._connection.commit()


def change_rows(cursor: Any, table: str) -> int:
	if not cursor.execute("show tables like %s", (table,)):
		return 0
	cursor.execute(f"select name from `{table}` for update skip locked")
	names = cursor.fetchall()
	# by their names one by one: a scan would wait for rows that are locked
	return cursor.executemany(f"update `{table}` set idx = idx + 1 where name = %s", names) if names else 0


def change_settings(cursor: Any) -> int:
	"""Of a table without a key; the value has one space more at its end, or one less."""
	condition = "doctype = 'Job Engine Settings' and field like 'pause%'"
	cursor.execute(f"select field from `tabSingles` where {condition} for update skip locked")
	value = "if(value like '% ', trim(trailing ' ' from value), concat(value, ' '))"
	query = f"update `tabSingles` set value = {value} where doctype = 'Job Engine Settings' and field = %s"
	fields = cursor.fetchall()
	return cursor.executemany(query.replace("% '", "%% '"), fields) if fields else 0


def take_a_snapshot() -> None:
	"""What others commit from here on is not seen any more."""
	frappe.db.rollback()
	frappe.db.sql("select count(*) from `tabDocType`")


def reconnect() -> None:
	frappe.db.rollback()
	frappe.db.close()
