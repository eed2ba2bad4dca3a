"""What may stand in a request where Frappe's query has conditions: names of fields and DocTypes, operators.

Frappe v15 puts a field with "ifnull(" in it into its statement as it stands, and any other between backticks,
which the field may close. So a condition is let through only if all but its value reads as names. Values are
free: Frappe escapes them.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import is_doctype

# what arguments are called that hold conditions
ARGUMENT = re.compile(r"(filters?|condition)(_json)?$")
OPERATORS = frozenset(
	(
		"=",
		"!=",
		"<",
		"<=",
		"=<",
		">",
		">=",
		"=>",
		"like",
		"not like",
		"ilike",
		"in",
		"not in",
		"is",
		"between",
		"timespan",
		"previous",
		"next",
		"fiscal year",
		"ancestors of",
		"ancestors of (inclusive)",
		"not ancestors of",
		"descendants of",
		"descendants of (inclusive)",
		"not descendants of",
	)
)
# those of which Frappe makes two values, if the field is a date
RANGES = ("between", "timespan", "previous", "next", "fiscal year")
# between conditions, in Frappe v16
CONNECTIVES = ("and", "or")
# no two hyphens, with which a comment begins, and no two underscores, with which Frappe's own tables do
DOCTYPE = r"(?!__)\w+(?:[ -]\w+)*"
FIELD = re.compile(rf"(?:`tab{DOCTYPE}`\.`\w+`|(?:`?tab{DOCTYPE}`?\.|\w+\.)?\w+)")
# the filters of a report are called as its author likes
KEY = re.compile(rf"{FIELD.pattern}|\w+(?:[ .-]\w+)*")


def read(value: Any) -> Any:
	"""What a JSON text says, or a JSON text in it: a method may read it, and Frappe's query once more."""
	inner = parsed(value)
	return value if inner is value else read(inner)


def are_filters(value: Any) -> bool:
	"""Whether the value, or what its JSON says, is conditions: by field, as lists, or lists of lists."""
	value = read(value)
	if isinstance(value, dict):
		return all(is_name(key, KEY) for key in value)
	if not isinstance(value, list):
		return not value
	if value and isinstance(value[0], str) and read(value[0]) is value[0]:
		return is_condition(value) and is_harmless_as_columns(value)
	return all(is_filter(one) for one in value)


def is_filter(value: Any) -> bool:
	"""One in a list of conditions."""
	if isinstance(value, str) and value.lower() in CONNECTIVES:
		return True
	value = read(value)
	if isinstance(value, list) and value and not isinstance(value[0], list | dict):
		return is_condition(value)
	return isinstance(value, list | dict) and are_filters(value)


def is_condition(value: list) -> bool:
	"""Whether it is `[field, value]`, `[field, operator, value]` or `[doctype, field, operator, value]`."""
	if len(value) < 2:
		return False
	if len(value) == 2:
		return is_name(value[0], FIELD)
	doctype, field, operator = (None, *value[:2]) if len(value) == 3 else value[:3]
	is_of_doctype = not doctype or is_name(doctype, re.compile(DOCTYPE))
	return is_of_doctype and is_name(field, FIELD) and (not operator or is_operator(operator))


def is_harmless_as_columns(value: list) -> bool:
	"""Whether the condition, `["name", "=", "x"]`, could stand where columns do.

	If fields are given, too, Frappe v15 takes filters that are a list beginning with a text for the fields.
	"""
	return all(not isinstance(one, str) or is_operator(one) or is_name(one, KEY) or not one for one in value)


def is_name(value: Any, pattern: re.Pattern) -> bool:
	return isinstance(value, str) and bool(pattern.fullmatch(value))


def is_operator(value: Any) -> bool:
	return isinstance(value, str) and value.strip().lower() in OPERATORS


def has_open_range(value: Any, doctypes: set[str]) -> bool:
	"""Whether a range on a field that is no date of the DocTypes is asked for, anywhere in the value.

	Frappe v15 writes a range of two values for dates only. Of another field it writes `between 'x'`, and what
	follows in its statement, the condition of what the user may see, becomes the end of the range.
	"""
	value = read(value)
	if isinstance(value, dict):
		return any(
			(is_range(one[0]) and not is_date(key, doctypes))
			if isinstance(one, list) and one and is_operator(one[0])
			else has_open_range(one, doctypes)
			for key, one in zip(value, map(read, value.values()), strict=True)
		)
	if not isinstance(value, list):
		return False
	for place in (1, 2):
		if len(value) > place + 1 and is_range(value[place]) and isinstance(value[place - 1], str):
			of = {value[0]} if place == 2 and isinstance(value[0], str) and value[0] else doctypes
			if not is_date(value[place - 1], of):
				return True
	return any(has_open_range(one, doctypes) for one in value)


def is_range(operator: Any) -> bool:
	return isinstance(operator, str) and operator.strip().lower() in RANGES


def is_date(field: Any, doctypes: set[str]) -> bool:
	"""Whether each of the DocTypes that has a field of this name has a date; the name may say its table."""
	table, dot, name = str(field).rpartition(".")
	name = name.strip("`")
	if dot:
		doctypes = {table.strip("`").removeprefix("tab")}
	if name in ("creation", "modified"):
		return True
	found = [frappe.get_meta(doctype).get_field(name) for doctype in doctypes if is_doctype(doctype)]
	kinds = {field.fieldtype for field in found if field}
	return bool(kinds) and kinds <= {"Date", "Datetime"}


def odd_conditions(value: Any) -> Iterator[Any]:
	"""Conditions hidden in an argument that should hold none, whose field or DocType is no plain name.

	A method may take conditions in an argument of any name.
	"""
	value = read(value)
	if isinstance(value, list):
		if is_odd_condition(value):
			yield value
		for one in value:
			yield from odd_conditions(one)
	elif isinstance(value, dict):
		for key, one in value.items():
			is_pair = isinstance(one, list) and len(one) == 2 and is_operator(one[0])
			if is_pair and not is_name(key, KEY):
				yield key
			yield from odd_conditions(one)


def is_odd_condition(value: list) -> bool:
	"""Whether Frappe would find an operator in it, after something that is no plain name.

	Frappe takes a missing operator for an equals sign.
	"""
	if len(value) < 3:
		return False
	operator = value[1] if len(value) == 3 else value[2]
	is_missing = not operator and isinstance(value[0], str)
	heads = value[: 1 if len(value) == 3 else 2]
	are_names = all(not one or is_name(one, KEY) or is_operator(one) for one in heads)
	return (is_missing or is_operator(operator) or is_operator(value[1])) and not are_names
