"""What requests to Frappe's own methods ask of guarded DocTypes: only of fields that the user may read.

Frappe v15 takes a text among filters for SQL, and puts fields, orders and groups into the query. What
stands there must parse as conditions on fields, whichever method it is for; else the request is refused
with the name of the argument. Where a method asks for no permission, the filters are narrowed to what
the user may see.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.allowed import CHART, GROUPS, is_count_of_assignments, tells_of_documents
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import ASKED, TABLES
from dartwing.dartwing_core.api.sql_in_arguments import (
	ASKING,
	CONDITIONS,
	FIELDS,
	NAMED_BY_FILTER,
	ORDERS,
	named_doctypes,
)
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import visible_rows
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	readable_conditions,
	readable_fields,
	readable_order,
)
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

# arguments that say which DocType is asked
DOCTYPES = ("doctype", "dt", "document_type")
# what Desk sends for a number that it asks for beside the fields, and sorts by
AGGREGATES = ("_aggregate_column", "count", "total_count")
# whom a document is assigned to is not a field of it
NO_FIELDS = ("", "assigned_to")
SIMPLE = r"(?:`?tab{0}`?\.)?(?:`\w+`|(?!tab)\w+|\*)(?:\.\w+)?"
ALIAS = r"(?:\s+as\s+[`'\"]?\w+[`'\"]?)?"
WORD = re.compile(r"\w+")
CARD = "frappe.desk.doctype.number_card.number_card"
# methods that count rows without asking who may see them, and the filters that they obey
NARROWED = {
	GROUPS: "current_filters",
	f"{CARD}.get_cards_for_user": "filters",
	CHART: "filters",
}
MOST_COUNTED = 10_000
# methods that are told the DocType by the name of a document: the argument, and that document's DocType
BY_DOCUMENT = {
	f"{CARD}.get_percentage_difference": ("doc", "Number Card"),
	f"{CARD}.get_result": ("doc", "Number Card"),
	CHART: ("chart_name", "Dashboard Chart"),
}


def check(method: str, form: dict, in_path: str | None) -> None:
	"""Raise ValidationError, which names the argument, for what may not be asked of a guarded DocType."""
	for doctype, asked in levels(form, in_path):
		check_arguments(method, doctype, asked)
		if str(asked.get("query") or "").startswith("frappe."):
			refuse_argument("query", _("{0} is searched by no other query").format(doctype))
	check_tables(form)
	doctype = stored_doctype(method, form) or form.get("doctype")
	if doctype in ASKED:
		check_arguments(method, doctype, form)
	if doctype in GUARDED and method in NARROWED:
		narrow(doctype, form, NARROWED[method])


def levels(value: Any, in_path: str | None = None) -> Iterator[tuple[str, dict]]:
	"""Each object in the arguments that names a guarded DocType, with that."""
	value = parsed(value)
	if isinstance(value, dict):
		named = {in_path, *named_doctypes(value)}
		yield from ((doctype, value) for doctype in named if doctype in ASKED)
		for one in value.values():
			yield from levels(one)
	elif isinstance(value, list):
		for one in value:
			yield from levels(one)


def check_arguments(method: str, doctype: str, asked: dict) -> None:
	for argument, value in asked.items():
		if not value:
			continue
		if argument in CONDITIONS and not (method in NAMED_BY_FILTER and is_a_name(value)):
			readable_conditions(doctype, value, argument)
		elif argument in ORDERS:
			check_order(doctype, value, argument)
		elif argument == "fieldname":
			check_words(value, argument)
		elif argument in FIELDS and value not in NO_FIELDS:
			readable_fields(doctype, [plain(doctype, value)], argument)
	check_columns(doctype, asked)


def check_words(value: Any, argument: str) -> None:
	"""Names of fields, of one or of several: Frappe leaves out which of them may not be read."""
	value = parsed(value)
	for name in value if isinstance(value, dict | list) else [value]:
		if not isinstance(name, str) or not WORD.fullmatch(name):
			refuse_argument(argument, _("{0} is no name of a field").format(repr(name)))


def is_a_name(value: Any) -> bool:
	return isinstance(value, str) and parsed(value) is value


def check_columns(doctype: str, asked: dict) -> None:
	"""What is selected: fields, of which Frappe leaves out unreadable ones, and what they add up to."""
	fields = parsed(asked.get("fields"))
	for place, field in enumerate(fields if isinstance(fields, list) else [fields]):
		if field:
			check_column(doctype, field, f"fields[{place}]")
	for argument in ("stats", "field_map"):
		check_named_fields(doctype, parsed(asked.get(argument)), argument)


def check_column(doctype: str, field: Any, place: str) -> None:
	simple = SIMPLE.format(re.escape(doctype))
	if isinstance(field, dict):
		field = written_out(field)
	if isinstance(field, str) and re.fullmatch(simple + ALIAS, field.strip(), re.IGNORECASE):
		return
	total = rf"(count|sum|avg|min|max)\(\s*(?:distinct\s+)?({simple})\s*\){ALIAS}"
	match = re.fullmatch(total, field.strip(), re.IGNORECASE) if isinstance(field, str) else None
	if not match:
		refuse_argument(place, _("{0} is no field of {1}").format(repr(field), doctype))
	if match[2] != "*":
		readable_fields(doctype, [plain(doctype, match[2])], place)


def written_out(field: dict) -> str:
	"""What Frappe v16 is sent as `{"COUNT": "name", "as": "total"}`, as v15 is."""
	totals = [f"{function}({column})" for function, column in field.items() if function != "as"]
	return " as ".join([*totals, *([str(field["as"])] if "as" in field else [])])


def check_named_fields(doctype: str, named: Any, argument: str) -> None:
	"""Fields as `["status"]`, `[{"name": "status"}]` or `{"start": "creation"}`: each must be readable."""
	if isinstance(named, dict):
		named = [value for key, value in named.items() if key in ("start", "end", "title", "color", "id")]
	names = [one.get("name") if isinstance(one, dict) else one for one in named or []]
	readable_fields(doctype, [name for name in names if name], argument)


def check_order(doctype: str, order: Any, argument: str) -> None:
	if isinstance(order, str):
		parts = [part for part in order.split(",") if not is_aggregate(part)]
		order = ",".join(parts)
		if not parts:
			return
	readable_order(doctype, order, argument)


def is_aggregate(part: str) -> bool:
	name, _blank, direction = part.strip().partition(" ")
	return name.strip("`") in AGGREGATES and direction.strip().lower() in ("", "asc", "desc")


def plain(doctype: str, field: Any) -> Any:
	"""The field's name, of `` `tabBackground Job`.`status` `` too."""
	if not isinstance(field, str):
		return field
	return re.sub(rf"^`?tab{re.escape(doctype)}`?\.", "", field).strip("`")


# --- DocTypes that are not named


def stored_doctype(method: str, form: dict) -> str | None:
	"""The DocType that a stored card or chart is about."""
	if method not in BY_DOCUMENT:
		return None
	argument, doctype = BY_DOCUMENT[method]
	name = parsed(form.get(argument))
	if isinstance(name, dict):
		if name.get("document_type"):
			return name["document_type"]
		name = name.get("name")
	if isinstance(name, str) and name:
		return frappe.db.get_value(doctype, name, "document_type")
	chart = parsed(form.get("chart"))
	return chart.get("document_type") if isinstance(chart, dict) else None


def check_tables(value: Any, argument: str = "", table: str = "") -> None:
	"""Refuse SQL on a guarded DocType's table among what is asked of another DocType.

	What is asked of a guarded DocType itself, as a report that is saved for it, may name its own `table`.
	"""
	value = parsed(value)
	if isinstance(value, dict):
		named = [value[one] for one in DOCTYPES if isinstance(value.get(one), str)]
		own = f"tab{named[0]}" if named else table
		for key, one in value.items():
			check_tables(key, argument, own)
			check_tables(one, key if key in ASKING else argument, own)
	elif isinstance(value, list):
		for one in value:
			check_tables(one, argument, table)
	elif argument and isinstance(value, str):
		if any(one.lower() != table.lower() for one in TABLES.findall(value)):
			refuse_argument(argument, _("no other DocType is asked here"))


# --- what the user may see, as one more condition


def narrow_assignments(method: str, form: dict) -> None:
	"""Of another DocType whose rows are not for everybody, the newest that the user finds are counted."""
	doctype = form.get("doctype")
	is_counted = is_count_of_assignments(method, form) and doctype not in GUARDED
	if not is_counted or not tells_of_documents(str(doctype)) or "System Manager" in frappe.get_roles():
		return
	given = {"filters": parsed(form.get("current_filters")) or []}
	names = frappe.get_list(doctype, **given, pluck="name", order_by="creation desc", limit=MOST_COUNTED)
	form["current_filters"] = json.dumps([["name", "in", names or [""]]])


def narrow(doctype: str, form: dict, argument: str) -> None:
	given = parsed(form.get(argument))
	if not given and argument == "filters":
		chart = parsed(form.get("chart"))
		given = parsed(chart.get("filters_json")) if isinstance(chart, dict) else None
	conditions = [[doctype, *one] for one in readable_conditions(doctype, given, argument)]
	form[argument] = json.dumps([*conditions, *visible_rows(doctype)])
