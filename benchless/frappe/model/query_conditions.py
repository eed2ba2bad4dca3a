"""A filter of `frappe.get_list` as an SQL condition, with NULL treated as the empty value."""

import datetime

import frappe
from frappe.utils import cstr, flt, get_datetime, get_filter, get_time, getdate, nowdate
from frappe.utils.data import get_timespan_date_range

NUMBERS = ("Check", "Float", "Int", "Currency", "Percent")
LOWEST = "'0001-01-01 00:00:00.000000'"


def condition(doctype: str, filter_, join_child) -> str:
	"""`join_child(doctype)` is called for a filter on a child table."""
	wanted = get_filter(doctype, filter_)
	if wanted.doctype != doctype:
		join_child(wanted.doctype)
	field = frappe.get_meta(wanted.doctype).get_field(wanted.fieldname)
	column = f"`tab{wanted.doctype}`.`{wanted.fieldname}`"
	column = wanted.fieldname if "ifnull(" in wanted.fieldname else column
	operator = wanted.operator.lower()
	if operator == "timespan":
		operator, wanted.value = "between", get_timespan_date_range(wanted.value)
	if operator in ("in", "not in"):
		value, fallback, can_be_null = list_value(wanted.value, operator)
	elif operator == "is":
		return is_condition(column, wanted.value)
	else:
		value, fallback = single_value(wanted, field, operator)
		can_be_null = not (field and field.fieldtype in NUMBERS)
		is_date = field and field.fieldtype in ("Date", "Datetime")
		if operator in (">", ">=", "between") and is_date:
			can_be_null = False
	is_never_null = wanted.fieldname in ("name", "modified", "creation") or "ifnull(" in column
	is_exact = wanted.value and operator in ("=", "like")
	if is_never_null or is_exact or not can_be_null:
		return f"{column} {operator} {value}"
	return f"ifnull({column}, {fallback}) {operator} {value}"


def is_condition(column: str, value: str) -> str:
	if value == "set":
		return f"{column} != ''"
	if value == "not set":
		return column_is_empty(column)
	return f"{column} is ''"


def column_is_empty(column: str) -> str:
	return f"{column} = ''" if "ifnull(" in column else f"ifnull({column}, '') = ''"


def quoted(value) -> str:
	return frappe.db.escape(cstr(value), percent=False)


def list_value(values, operator: str) -> tuple[str, str, bool]:
	can_be_null = operator == "not in" or not values or any(value in (None, "") for value in values)
	items = (values or "").split(",") if isinstance(values or "", str) else values
	inner = ", ".join(quoted(cstr(item).strip()) for item in items) or "''"
	return f"({inner})", "''", can_be_null


def single_value(wanted, field, operator: str) -> tuple[str, str]:
	"""The value and what NULL counts as, both as SQL."""
	value = wanted.value
	is_stamp = wanted.fieldname in ("creation", "modified")
	fieldtype = field.fieldtype if field else None
	if is_stamp and operator in (">", "<", ">=", "<="):
		return quoted(value), LOWEST
	if operator == "between" and (is_stamp or fieldtype in ("Date", "Datetime")):
		return between(value, fieldtype or "Datetime"), LOWEST
	if fieldtype == "Date":
		return quoted(frappe.db.format_date(value)), "'0001-01-01'"
	if fieldtype == "Datetime" or isinstance(value, datetime.datetime):
		return quoted(frappe.db.format_datetime(value)), LOWEST
	if fieldtype == "Time":
		return quoted(get_time(value).strftime("%H:%M:%S.%f")), "'00:00:00'"
	if operator in ("like", "not like") or (isinstance(value, str) and fieldtype not in NUMBERS):
		text = "" if value is None else cstr(value)
		# LIKE reads a backslash as its own escape
		return quoted(text.replace("\\", "\\\\") if operator.endswith("like") else text), "''"
	if wanted.fieldname == "name" or (fieldtype in ("Link", "Data") and operator == "="):
		# v15 looks for two quotes when asked for None, so it finds nothing
		value = value or "''"
		return (quoted(value) if isinstance(value, str) else cstr(value)), "''"
	return cstr(flt(value)), "0"


def between(value, fieldtype: str) -> str:
	"""Both ends included; a date alone means its whole day, a missing end today."""
	ends = list(value) if isinstance(value, list | tuple) else []
	ends += [nowdate()] * (2 - len(ends))
	if fieldtype != "Datetime":
		return " AND ".join(quoted(frappe.db.format_date(end)) for end in ends[:2])
	times = (datetime.time(), datetime.time(23, 59, 59, 999999))
	moments = [moment_of(end, time) for end, time in zip(ends, times, strict=False)]
	return " AND ".join(quoted(frappe.db.format_datetime(moment)) for moment in moments)


def moment_of(value, time_of_a_date: datetime.time) -> datetime.datetime:
	if isinstance(value, str):
		value = get_datetime(value) if " " in value.strip() else getdate(value)
	if isinstance(value, datetime.datetime):
		return value
	return datetime.datetime.combine(value, time_of_a_date)
