"""SQL in what is sent to Frappe's methods, about any DocType: nobody but a System Manager may send it.

Frappe v15 puts a text among filters, fields, orders and groups, and names of fields and DocTypes, into its
statement as they stand.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api import columns, filter_lists
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import PROSE, is_doctype
from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.errors import refuse_argument

# arguments by which rows are chosen, sorted and told
CONDITIONS = (
	"applied_filters",
	"current_filters",
	"export_filters",
	"filters",
	"filters_json",
	"or_filters",
)
ORDERS = ("order_by", "group_by", "sort_by")
FIELDS = (
	"aggregate_function_based_on",
	"aggregate_on_field",
	"based_on",
	"field",
	"group_by_based_on",
	"searchfield",
	"sort_field",
	"value_based_on",
)
ASKING = (*CONDITIONS, *ORDERS, *FIELDS, "fields", "field_map", "stats")
# arguments whose texts become columns of Frappe's query, or an order of rows
STRUCTURE = frozenset(
	(
		*(*ORDERS, *FIELDS, "fields", "fieldname", "field_map", "stats"),
		*("fields_to_fetch", "filter_fields", "sort_key", "sort_order"),
	)
)
# arguments whose texts are no part of a query, whatever is in them
SECRETS = re.compile(r"pwd|passw|token|secret|(^|_)key$")
# begins a query behind a bracket, or behind another query
QUERY_WORDS = ("select", "values")
BETWEEN_QUERIES = ("union", "except", "intersect", "all", "distinct")
COMMENT = re.compile(r"/\*|--|#")
WORD_OR_BRACKET = re.compile(r"[^\W\d]+|\(")
# arguments that carry what is to be stored, or prose: they are no part of a query
CARRIED = frozenset(
	(*PROSE, "args", "data", "doc", "docs", "doclist", "query", "user_settings", "value", "values")
)
# arguments that name one field, or what is made of it, and those that name a DocType
IDENTIFIER = re.compile(r"(^|_)field(_?name)?$|^aggregat(ion|e_function)$|based_on$")
DOCTYPE = re.compile(r"doctype$|^dt$|document_type$")
TEXTS_OF_FILTERS = re.compile(r"filters(_json)?$")
WORDS = re.compile(r"(?!.*--)[\w ,.*-]*")
# stores what it is sent as an object for its `fieldname`: fields with their values
SET_VALUE = "frappe.client.set_value"
# methods that take a filter in which a text is a name
NAMED_BY_FILTER = ("frappe.client.get_value", "frappe.client.get", "frappe.client.set_value")


def check(method: str, form: dict, stored: str | None) -> None:
	"""Raise ValidationError, which names the argument, for what becomes a part of a query as it stands.

	`stored` is the DocType of which the arguments are a document's fields.
	"""
	argument = None if stored else argument_with_query(method, form)
	# the database is asked only where something was found
	if not argument and argument_with_sql(method, form):
		argument = argument_with_sql(method, form, stored)
	if argument:
		refuse_argument(argument, _("holds a query"))


def argument_with_query(method: str, form: dict) -> str | None:
	"""The argument by which a query is asked for, of any DocType; System Managers may ask for that.

	Methods of other apps may understand columns in ways of their own.
	"""
	is_frappes = not method or method.startswith("frappe.")
	for argument, value, is_of_document in asked_of(form):
		if method == SET_VALUE and argument == "fieldname" and isinstance(value, dict):
			value = list(value)
		if argument in STRUCTURE and is_frappes:
			is_suspect = any(columns.texts_that_are_none(value, is_of_document))
		elif SECRETS.search(argument):
			is_suspect = False
		else:
			suspects = is_piece_of_a_query if is_frappes else has_query
			is_suspect = any(map(suspects, asked_texts(argument, value)))
		if is_suspect and "System Manager" not in frappe.get_roles():
			return argument
	return None


def is_piece_of_a_query(text: str) -> bool:
	"""Whether the text holds a query, or closes the name that Frappe makes of it and calls a function."""
	return has_query(text) or ("`" in text and "(" in text)


def has_query(text: str) -> bool:
	"""Whether a bracket begins with "select", a query within the one that Frappe makes, or may begin so.

	What stands between the two in a comment, or behind a "with", is not worked out. A query that follows
	another one, as in `values (1) union select 2`, needs no bracket.
	"""
	is_commented = bool(COMMENT.search(text))
	is_begun = may_begin = follows = False
	for found in WORD_OR_BRACKET.findall(text):
		word = found.lower()
		if word == "(":
			is_begun = True
			continue
		if (is_begun or may_begin or follows) and word in QUERY_WORDS:
			return True
		may_begin = may_begin or (is_begun and (is_commented or word == "with"))
		follows = word in BETWEEN_QUERIES
		is_begun = False
	return False


def argument_with_sql(method: str, form: dict, doctype: str | None = None) -> str | None:
	"""The argument, or the field of a document, that Frappe v15 would make SQL of as it stands.

	`doctype` is that of the document whose fields the arguments are. Documents of other apps are theirs.
	"""
	asked = named_doctypes(form)
	for argument, value, of in (*fields_of(form, doctype), *field_set_by(method, form)):
		is_open = filter_lists.has_open_range(value, {of, *asked} - {None})
		if (
			(is_open or is_sql(method, argument, value))
			and "System Manager" not in frappe.get_roles()
			and not is_apps(of)
		):
			return argument
	return None


def named_doctypes(form: dict) -> set[str]:
	"""The DocTypes that the arguments name."""
	named = (value for argument, value in form.items() if DOCTYPE.search(str(argument)))
	return {value for value in named if isinstance(value, str)}


def field_set_by(method: str, form: dict) -> Iterator[tuple[str, Any, str | None]]:
	"""The field that the request sets: one argument says its name, another one its value."""
	name = form.get("fieldname")
	if method == SET_VALUE and isinstance(name, str):
		yield name, parsed(form.get("value")), form.get("doctype")


def fields_of(value: Any, doctype: str | None = None) -> Iterator[tuple[str, Any, str | None]]:
	"""All arguments, and the fields of all documents in them: name, what it holds, DocType."""
	if isinstance(value, dict):
		for name, one in value.items():
			one = parsed(one)
			if name not in PROSE:
				yield str(name), one, doctype
				yield from fields_of(one, _doctype_of(one, doctype))
	elif isinstance(value, list):
		for one in map(parsed, value):
			yield from fields_of(one, _doctype_of(one, doctype))


def _doctype_of(value: Any, around: str | None) -> str | None:
	"""Its own, if it is a document that says so; else that of the document around it."""
	return (value.get("doctype") if isinstance(value, dict) else None) or around


def is_apps(doctype: str | None) -> bool:
	"""Whether it is a DocType of another app than Frappe."""
	if not is_doctype(doctype):
		return False
	return frappe.db.get_value("Module Def", frappe.get_meta(doctype).module, "app_name") != "frappe"


def has_backslash(value: Any) -> bool:
	value = parsed(value)
	if isinstance(value, dict):
		return any(map(has_backslash, (*value, *value.values())))
	return any(map(has_backslash, value)) if isinstance(value, list) else "\\" in str(value)


def is_sql(method: str, argument: str, value: Any) -> bool:
	"""Whether Frappe v15 would put a text into its statement as it is, where fields or conditions belong."""
	if method and method == framework.COUNTS_WRITTEN_OUT and has_backslash(value):
		return True
	if IDENTIFIER.search(argument):
		return isinstance(value, str) and not WORDS.fullmatch(value)
	if DOCTYPE.search(argument):
		return isinstance(value, str) and (value.startswith("__") or not WORDS.fullmatch(value))
	if filter_lists.ARGUMENT.search(argument) and isinstance(filter_lists.read(value), dict | list):
		return not filter_lists.are_filters(value)
	if any(True for _odd in filter_lists.odd_conditions(value)):
		return True
	if not isinstance(value, str):
		return False
	is_sent_to_frappe = method.startswith("frappe.") and method not in NAMED_BY_FILTER
	return bool(value.strip()) and is_sent_to_frappe and bool(TEXTS_OF_FILTERS.search(argument))


def asked_of(form: dict) -> Iterator[tuple[str, Any, bool]]:
	"""Arguments that may become a part of a query; in documents, the fields that say what is asked.

	With each, whether it is the field of a document.
	"""
	for argument, value in form.items():
		value = parsed(value)
		if argument not in CARRIED:
			yield argument, value, False
		elif argument not in PROSE:
			yield from ((name, one, True) for name, one in asked_in_documents(value))


def asked_in_documents(value: Any) -> Iterator[tuple[str, Any]]:
	if isinstance(value, dict):
		for key, one in value.items():
			if key in ASKING or key == "fieldname":
				yield key, parsed(one)
			else:
				yield from asked_in_documents(parsed(one))
	elif isinstance(value, list):
		for one in value:
			yield from asked_in_documents(one)


def asked_texts(argument: str, value: Any) -> Iterator[str]:
	"""What may become a part of a query as it stands: not the values of conditions, which Frappe escapes."""
	if isinstance(value, str):
		yield value
	elif isinstance(value, dict):
		yield from map(str, value)
		if argument not in CONDITIONS and argument != "fieldname":
			for one in value.values():
				yield from asked_texts(argument, one)
	elif isinstance(value, list):
		for one in value:
			is_condition = argument in CONDITIONS and isinstance(one, list)
			# behind the value of a condition Desk says whether it is shown
			yield from asked_texts(argument, one[: min(max(len(one) - 1, 0), 3)] if is_condition else one)
