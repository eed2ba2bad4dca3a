"""Field types as MariaDB columns."""

from frappe.model import TYPE_MAP

WIDEST_INT = 11


def column_type(fieldtype: str, length: int | None = None) -> str | None:
	"""The column of a field, None for a field without a value."""
	if fieldtype not in TYPE_MAP:
		return None
	if fieldtype == "Int" and length and length > WIDEST_INT:
		fieldtype, length = "Long Int", None
	base, size = TYPE_MAP[fieldtype]
	if length and (base == "varchar" or (base == "int" and length < WIDEST_INT)):
		size = str(length)
	return f"{base}({size})" if size else base
