"""How MariaDB would run the statements of a block of code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe


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

	frappe.db.sql = sql
	try:
		yield queries
	finally:
		frappe.db.sql = before


def plan_of(query: str) -> list[dict[str, Any]]:
	"""The rows of its EXPLAIN: `type`, `key`, `rows`, `Extra`, …"""
	return frappe.db.sql(f"explain {query}", as_dict=True)
