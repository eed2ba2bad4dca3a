"""What is asked of a DocType: conditions, fields and orders that come from outside, checked and made plain.

Frappe v15 takes a text among the filters as SQL, looks at no field that is only filtered or sorted by,
and writes some values into the query as they are. So what a client or a job's parameter says of rows
reaches a query through here only. Everything else is refused with the place where it stands.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import (
	BETWEEN,
	CHOICES,
	LIKE,
	LISTS,
	chosen,
	comparable,
	known_operator,
	shown,
)
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN

Condition = list[Any]

# columns of every DocType that may be asked for, and what they hold
STANDARD_FIELDS = {
	"name": "Data",
	"owner": "Link",
	"creation": "Datetime",
	"modified": "Datetime",
	"modified_by": "Link",
	"docstatus": "Int",
}
# what Desk's lists filter by: whom a document is assigned to, who likes it, its tags
OPTIONAL_FIELDS = {"_assign": "Text", "_liked_by": "Text", "_user_tags": "Data"}
# what nobody asks for, whatever their role: who guesses right would know it
SECRETS = {
	**{doctype: own.secrets for doctype, own in OWN.items()},
	"User": ("reset_password_key",),
}
NOT_READABLE = ("Password", "Table", "Table MultiSelect")
MAX_CONDITIONS = 100
MAX_VALUES = 10_000
MAX_NAME = 64
ORDER = re.compile(r"(\S+?)(?:\s+(asc|desc))?", re.IGNORECASE)


def known_doctype(doctype: Any, argument: str = "doctype") -> str:
	"""The DocType of exactly this name: to the database, names that differ in case or accents are equal."""
	if not isinstance(doctype, str) or not doctype:
		refuse_argument(argument, _("no DocType {0}").format(shown(doctype)))
	if not texts.is_storable(doctype) or frappe.db.exists("DocType", doctype) != doctype:
		refuse_argument(argument, _("no DocType {0}").format(shown(doctype)))
	return doctype


def readable_conditions(doctype: str, filters: Any, argument: str = "filters") -> list[Condition]:
	"""`[field, operator, value]` for each condition, which `frappe.get_list` of this DocType may be given.

	Takes JSON as text, `{field: value}`, `{field: [operator, value]}`, or a list of `[field, operator,
	value]` and of what Desk sends, `[doctype, field, operator, value]`. Raises ValidationError that names
	the place (`filters[2].operator`) unless the session's user may read the field, the operator is known
	and fits the field, and the value is one scalar that the field can be compared with, or a list of them.
	"""
	filters = _parsed(filters, argument)
	if filters is None or filters == "":
		return []
	if not isinstance(filters, dict | list):
		refuse_argument(argument, _("must be an object or a list, not {0}").format(shown(filters)))
	if len(filters) > MAX_CONDITIONS:
		refuse_argument(argument, _("at most {0} conditions, not {1}").format(MAX_CONDITIONS, len(filters)))
	kinds = _kinds_of(doctype)
	return [
		_condition(doctype, kinds, *parts)
		for parts in (
			_of_object(filters, argument)
			if isinstance(filters, dict)
			else _of_list(doctype, filters, argument)
		)
	]


def readable_fields(doctype: str, fields: Any, argument: str = "fields") -> list[str]:
	"""Names of fields that the session's user may read, as they were given; raises ValidationError else."""
	fields = _parsed(fields, argument)
	if not isinstance(fields, list):
		refuse_argument(argument, _("must be a list, not {0}").format(shown(fields)))
	kinds = _kinds_of(doctype)
	return [_field(doctype, kinds, name, f"{argument}[{place}]") for place, name in enumerate(fields)]


def readable_order(doctype: str, order_by: Any, argument: str = "order_by") -> str:
	"""As it was given, an order like `creation desc, name asc` or a group by fields that the user may read.

	A column may be written as Desk does: `` `tabBackground Job`.`creation` ``.
	"""
	if not isinstance(order_by, str):
		refuse_argument(argument, _("must be a text, not {0}").format(shown(order_by)))
	kinds = _kinds_of(doctype)
	for part in order_by.split(","):
		match = ORDER.fullmatch(part.strip().replace(f"`tab{doctype}`.", ""))
		if not match:
			refuse_argument(argument, _("{0} is no field to sort by").format(shown(part)))
		_field(doctype, kinds, re.sub("^`(.*)`$", r"\1", match[1]), argument)
	return order_by


def readable_value(doctype: str, field: str, value: Any, argument: str) -> Any:
	"""The value, when this field can be compared with it; raises ValidationError else."""
	return comparable(_kinds_of(doctype)[field], value, argument)


def fields_of(doctype: str) -> list[str]:
	"""The DocType's own fields that the session's user may read."""
	return [name for name in _kinds_of(doctype) if name not in (*STANDARD_FIELDS, *OPTIONAL_FIELDS)]


def _kinds_of(doctype: str) -> dict[str, str]:
	"""Each field that the session's user may read, and its type."""
	meta = frappe.get_meta(doctype)
	columns = () if meta.issingle or meta.get("is_virtual") else frappe.db.get_table_columns(doctype)
	optional = {name: kind for name, kind in OPTIONAL_FIELDS.items() if name in columns}
	# without a type of permission, Frappe tells who may only select from who may read
	permitted = meta.get_permitted_fieldnames(permission_type=None, with_virtual_fields=False)
	own = {name: meta.get_field(name).fieldtype for name in permitted if meta.get_field(name)}
	secrets = SECRETS.get(doctype, ())
	return {
		**{name: kind for name, kind in own.items() if kind not in NOT_READABLE and name not in secrets},
		**STANDARD_FIELDS,
		**optional,
	}


def _parsed(value: Any, argument: str) -> Any:
	if not isinstance(value, str) or not value:
		return value
	try:
		return json.loads(value)
	except (ValueError, RecursionError):
		refuse_argument(argument, _("is no valid JSON: {0}").format(shown(value)))


def _of_object(filters: dict, argument: str) -> Iterator[tuple[str, Any, Any, Any]]:
	"""The place of each condition, its field, operator and value."""
	for position, (field, value) in enumerate(filters.items()):
		# a key that was sent is no name of an argument before it is found to be a field
		is_word = isinstance(field, str) and field.isidentifier() and len(field) <= MAX_NAME
		place = f"{argument}.{field}" if is_word else f"{argument}[{position}]"
		if not isinstance(value, list | tuple):
			yield place, field, "=", value
		elif len(value) == 2:
			yield place, field, *value
		else:
			refuse_argument(place, _("must be a value or [operator, value]"))


def _of_list(doctype: str, filters: list, argument: str) -> Iterator[tuple[str, Any, Any, Any]]:
	for position, condition in enumerate(filters):
		place = f"{argument}[{position}]"
		if not isinstance(condition, list | tuple) or not 3 <= len(condition) <= 5:
			refuse_argument(place, _("must be [field, operator, value], not {0}").format(shown(condition)))
		if len(condition) == 3:
			yield place, *condition
			continue
		if condition[0] != doctype:
			refuse_argument(place, _("is about {0}, not {1}").format(shown(condition[0]), repr(doctype)))
		# what Desk stores may say in the end whether the condition is hidden
		if len(condition) == 5 and not (condition[4] is None or isinstance(condition[4], bool | int)):
			refuse_argument(place, _("must be [doctype, field, operator, value]"))
		yield place, *condition[1:4]


def _condition(
	doctype: str, kinds: dict[str, str], place: str, field: Any, operator: Any, value: Any
) -> Condition:
	kind = kinds[_field(doctype, kinds, field, place)]
	wanted = known_operator(kind, operator, f"{place}.operator")
	return [field, wanted, _value(kind, wanted, value, f"{place}.value")]


def _field(doctype: str, kinds: dict[str, str], field: Any, place: str) -> str:
	"""There is no difference between a field that does not exist and one that may not be read."""
	if not isinstance(field, str) or field not in kinds:
		refuse_argument(place, _("{0} has no field {1} that you may read").format(doctype, shown(field)))
	return field


def _value(kind: str, operator: str, value: Any, place: str) -> Any:
	if operator in CHOICES:
		return chosen(CHOICES[operator], value, place)
	if operator in LISTS or operator == BETWEEN:
		return _values(kind, operator, value, place)
	return comparable("Data" if operator in LIKE else kind, value, place)


def _values(kind: str, operator: str, values: Any, place: str) -> list[Any]:
	if isinstance(values, str) and operator in LISTS:
		# as Frappe reads it
		values = [text.strip() for text in values.split(",")]
	if not isinstance(values, list | tuple):
		refuse_argument(place, _("must be a list, not {0}").format(shown(values)))
	if operator == BETWEEN and len(values) != 2:
		refuse_argument(place, _("must be a list of two values"))
	if not 1 <= len(values) <= MAX_VALUES:
		reason = _("must be a list of 1 to {0} values, not of {1}").format(MAX_VALUES, len(values))
		refuse_argument(place, reason)
	return [comparable(kind, value, f"{place}[{position}]") for position, value in enumerate(values)]
