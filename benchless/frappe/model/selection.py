"""Picking rows of a list by filters, as `doc.get("table", {...})` does."""

from frappe.utils.filters import compare


def select(rows, filters: dict, limit: int | None = None) -> list:
	"""Rows that satisfy all filters: a value, (operator, value), True for set, False for unset."""
	conditions = [(key, *condition(wanted)) for key, wanted in (filters or {}).items()]
	found = [
		row
		for row in rows or []
		if all(compare(getattr(row, key, None), operator, wanted) for key, operator, wanted in conditions)
	]
	return found[:limit] if limit else found


def condition(wanted) -> tuple:
	if isinstance(wanted, list | tuple):
		return tuple(wanted)
	if isinstance(wanted, bool):
		return ("not None" if wanted else "None", wanted)
	if isinstance(wanted, str) and wanted.startswith("^"):
		return ("^", wanted[1:])
	return ("=", wanted)
