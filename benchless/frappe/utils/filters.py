"""Filters as data: normalizing them, checking names in them, applying them to a document."""

import datetime
import operator
import re
from typing import Any

import frappe
import sqlparse
from frappe._api.unsupported import refuse
from frappe._api.values import _dict
from frappe.model import child_table_fields, default_fields, optional_fields
from frappe.utils.dates import get_datetime, get_timedelta, getdate
from frappe.utils.numbers import cint, flt, sbool
from frappe.utils.text import cstr

NESTED_SET = (
	"ancestors of",
	"descendants of",
	"not ancestors of",
	"not descendants of",
	"descendants of (inclusive)",
)
OPERATORS = (
	*("=", "!=", ">", "<", ">=", "<=", "like", "not like", "in", "not in", "is", "between"),
	*("timespan", "previous", "next"),
)
UNSAFE_IN_NAMES = re.compile(r".*[,'();].*", re.S)
SQL_KEYWORDS = {"select", "create", "insert", "delete", "drop", "update", "case", "and", "or"}


def sanitize_column(column_name: str) -> None:
	"""Raise DataError for a field name that could carry SQL; ifnull(a, b) may pass."""
	name = sqlparse.format(column_name, strip_comments=True, keyword_case="lower")
	name = re.sub(r"#.*", "", name)
	is_unsafe = bool(UNSAFE_IN_NAMES.match(name))
	if "ifnull" in name:
		is_unsafe = is_unsafe and bool(SQL_KEYWORDS & set(name.split()))
	if is_unsafe:
		frappe.throw(f"Invalid field name {name}", frappe.DataError)


def make_filter_tuple(doctype, key, value) -> list:
	if isinstance(value, list | tuple):
		return [doctype, key, value[0], value[1]]
	return [doctype, key, "=", value]


def get_filter(doctype: str | None, f: dict | list | tuple, filters_config=None) -> _dict:
	"""A filter as doctype, fieldname, operator, value, fieldtype; ValidationError for a malformed one."""
	if isinstance(f, dict):
		f = make_filter_tuple(doctype, *next(iter(f.items())))
	if not isinstance(f, list | tuple):
		frappe.throw("Filter must be a tuple or list (in a list)")
	f = [doctype, *f] if len(f) == 3 else list(f)[:4]
	if len(f) != 4:
		frappe.throw(f"Filter must have 4 values (doctype, fieldname, operator, value): {f}")
	out = _dict(zip(("doctype", "fieldname", "operator", "value"), f, strict=True))
	sanitize_column(out.fieldname)
	out.operator = out.operator or "="
	check_operator(out.operator)
	if out.doctype:
		look_in_child_tables(out)
		field = frappe.get_meta(out.doctype).get_field(out.fieldname)
		out.fieldtype = field.fieldtype if field else None
	else:
		out.fieldtype = None
	return out


def check_operator(name: str) -> None:
	if name.lower() in (*NESTED_SET, "previous", "next"):
		raise refuse(f"the filter operator {name!r}")
	if name.lower() not in OPERATORS:
		frappe.throw(f"Operator must be one of {', '.join((*OPERATORS, *NESTED_SET))}")


def look_in_child_tables(out: _dict) -> None:
	if out.fieldname in (*default_fields, *optional_fields, *child_table_fields):
		return
	meta = frappe.get_meta(out.doctype)
	if meta.has_field(out.fieldname):
		return
	for table in meta.get_table_fields():
		if frappe.get_meta(table.options).has_field(out.fieldname):
			out.doctype = table.options
			return


def matches_like(value, pattern) -> bool:
	if not isinstance(value, str):
		return False
	inner = pattern.strip("%")
	if pattern.startswith("%") and not pattern.endswith("%"):
		return value.endswith(inner)
	if pattern.endswith("%") and not pattern.startswith("%"):
		return value.startswith(inner)
	return inner in value


def matches_is(value, pattern) -> bool:
	is_set = value is not None and value != ""
	if pattern.lower() not in ("set", "not set"):
		frappe.throw(f"Invalid argument for operator 'IS': {pattern}")
	return is_set == (pattern.lower() == "set")


COMPARISONS = {
	"=": operator.eq,
	"!=": operator.ne,
	">": operator.gt,
	"<": operator.lt,
	">=": operator.ge,
	"<=": operator.le,
	"^": lambda value, start: (value or "").startswith(start),
	"in": lambda value, among: value in among,
	"not in": lambda value, among: value not in among,
	"None": lambda value, _other: value is None,
	"not None": lambda value, _other: value is not None,
	"like": matches_like,
	"not like": lambda value, pattern: not matches_like(value, pattern),
	"is": matches_is,
}


TEXT_TYPES = (
	*("Data", "Text", "Small Text", "Long Text", "Text Editor"),
	*("Select", "Link", "Dynamic Link"),
)
LOWEST_DATETIME = datetime.datetime(1, 1, 1)


def cast(fieldtype, value=None):
	"""The value as the Python type of a field type; None becomes that type's lowest value."""
	if fieldtype in ("Currency", "Float", "Percent"):
		return flt(value)
	if fieldtype in ("Int", "Check"):
		return cint(sbool(value))
	if fieldtype in TEXT_TYPES:
		return cstr(value)
	if fieldtype == "Date":
		return getdate(value) if value else LOWEST_DATETIME.date()
	if fieldtype == "Datetime":
		return get_datetime(value) if value else LOWEST_DATETIME
	return get_timedelta(value) if fieldtype == "Time" else value


def compare(val1: Any, condition: str, val2: Any, fieldtype: str | None = None) -> bool:
	if fieldtype:
		val1, val2 = cast(fieldtype, val1), cast(fieldtype, val2)
	return COMPARISONS[condition](val1, val2) if condition in COMPARISONS else False
