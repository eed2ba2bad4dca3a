"""How MariaDB would run the statements of a block of code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import frappe
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database.handlers_database import SETTINGS


@contextmanager
def recorded_queries() -> Iterator[list[str]]:
	"""The SELECTs that the block sends on this connection, as they were sent."""
	queries: list[str] = []
	before = frappe.db.sql

	def sql(query: Any, values: Any = (), *arguments: Any, **options: Any) -> Any:
		result = before(query, values, *arguments, **options)
		sent = frappe.db._cursor._executed
		sent = sent.decode() if isinstance(sent, bytes) else sent
		if sent.lstrip().lower().startswith("select"):
			queries.append(sent)
		return result

	with patch.object(frappe.db, "sql", sql):
		yield queries


@contextmanager
def all_statements() -> Iterator[list[str]]:
	"""Every statement that this process sends in the block, on whatever connection, as it was sent."""
	sent: list[str] = []
	before = Database.sql

	def sql(self: Database, *arguments: Any, **options: Any) -> Any:
		result = before(self, *arguments, **options)
		text = self._cursor._executed if self._cursor else ""
		sent.append(text.decode() if isinstance(text, bytes) else text)
		return result

	with patch.object(Database, "sql", sql):
		yield sent


def plan_of(query: str) -> list[dict[str, Any]]:
	"""The rows of its EXPLAIN: `type`, `key`, `rows`, `Extra`, …"""
	return frappe.db.sql(f"explain {query}", as_dict=True)


def assert_bounded(
	statements: list[str], names: tuple[str, ...], most: int, with_counts: bool = True
) -> None:
	"""Each statement that holds one of the names reads at most so many rows; a SELECT is run again for that.

	What writes may only read no table as a whole. So may what counts, unless `with_counts`.
	"""
	# on MariaDB 11.8, what the engine writes and locks stands behind a setting
	asked = [
		SETTINGS.sub("", text, count=1)
		for text in dict.fromkeys(statements)
		if any(name in text for name in names)
	]
	assert asked
	for text in asked:
		words = text.lstrip("( ").lower()
		if words.startswith(("update", "delete")) or (not with_counts and "count(" in words):
			assert [step for step in plan_of(text) if step["type"] == "ALL"] == [], (text, plan_of(text))
		elif words.startswith("select"):
			assert rows_read(text) <= most, (text, plan_of(text))


def rows_read(query: str) -> int:
	"""How many entries of tables and indexes MariaDB reads for it."""

	def counted() -> int:
		return sum(int(value) for _name, value in frappe.db.sql("show session status like 'Handler_read%'"))

	before = counted()
	for_counting = counted() - before
	before = counted()
	frappe.db.sql(query)
	return counted() - before - for_counting
