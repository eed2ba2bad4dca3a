"""What the versions of Frappe do in different ways: the only place that asks, by feature where one tells."""

from importlib.util import find_spec
from typing import Any

import frappe

# v15 puts the texts of fields into a statement; v16 has its query builder make lists, and refuses functions in texts
BUILDS_LISTS = find_spec("frappe.model.qb_query") is not None


def row_count(alias: str) -> Any:
	"""The field of a list whose only row says, under that name, how many rows there are."""
	return {"COUNT": "name", "as": alias} if BUILDS_LISTS else f"count(name) as {alias}"


def count_readable(doctype: str, filters: Any) -> int:
	"""How many of the rows that the filters match the session's user may read."""
	rows = frappe.get_list(doctype, filters=filters, fields=[row_count("readable_rows")])
	return rows[0].readable_rows if rows else 0
