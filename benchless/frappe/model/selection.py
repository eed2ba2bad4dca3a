"""Picking rows of a list by filters, as `meta.get("fields", {...})` does."""

from frappe.utils.filters import compare


def select(rows, filters: dict) -> list:
	"""Rows that satisfy all filters: each a value or (operator, value)."""
	conditions = [(key, *condition(wanted)) for key, wanted in filters.items()]
	return [row for row in rows if all(compare(row.get(key), how, wanted) for key, how, wanted in conditions)]


def condition(wanted) -> tuple:
	return tuple(wanted) if isinstance(wanted, list | tuple) else ("=", wanted)
