"""Questions that are stored and asked later: reports, mailed reports, cards, charts, filters of lists.

They are asked in requests that name only the document, or in none: Frappe makes SQL of what a report says,
and asks of fields that its reader may not read. So whoever stores a question must be one who may ask it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import frappe
from frappe import _

from dartwing.dartwing_core.api import columns, filter_lists
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import ASKED, is_doctype
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member
from dartwing.dartwing_core.background_jobs.tenancy.conditions import readable_conditions, readable_fields

NAME = re.compile(r"\w+")
TABLE = re.compile(r"`?tab([\w -]+?)`?\.", re.IGNORECASE)
COLUMN = re.compile(r"(?:`?tab[\w -]+`?\.)?`?(\w+)`?", re.IGNORECASE)
DIRECTIONS = ("", "asc", "desc")
FUNCTIONS = ("", "count", "sum", "avg")
# what a report calls the sum that it groups by
SUM = "_aggregate_column"


class Question(NamedTuple):
	"""What a field of a document asks of a DocType: fields (with their DocTypes), orders, conditions."""

	field: str
	doctype: str
	fields: list[tuple[Any, Any]] = []
	orders: list[Any] = []
	words: list[Any] = []
	filters: Any = None


def refuse_stored(doc: Any, method: str | None = None) -> None:
	"""Before a document is saved: raise ValidationError, which names the field, for what may not be asked."""
	question_of = QUESTIONS.get(doc.doctype)
	if not question_of or not is_asked_by_a_member():
		return
	refuse_another_subject(doc)
	question = question_of(doc)
	if question and question.doctype:
		if not is_plain(question):
			refuse_argument(question.field, _("holds a query"))
		refuse_unreadable(question)


def refuse_another_subject(doc: Any) -> None:
	"""Questions of other documents name a report, and were looked at when it was about what it is about."""
	stored = doc.get("_doc_before_save") if doc.doctype == "Report" else None
	for field in ("ref_doctype", "report_type"):
		if stored and doc.get(field) != stored.get(field):
			refuse_argument(field, _("cannot be changed; make another report"), frappe.PermissionError)


def refuse_report(doc: Any, method: str | None = None) -> None:
	"""Before a report is kept, which a worker makes: raise PermissionError for who may not run it."""
	if is_asked_by_a_member():
		frappe.get_attr("frappe.desk.query_report.get_report_doc")(doc.get("report_name"))


def is_plain(question: Question) -> bool:
	"""Whether all of it but the values of conditions reads as names."""
	tables = {question.doctype, *tables_of(question.doctype)}
	return (
		all(is_name(field) and doctype in tables for field, doctype in question.fields)
		and all(is_order(order, tables) for order in question.orders)
		and all(word in (*DIRECTIONS, *FUNCTIONS, None) for word in question.words)
		and filter_lists.are_filters(question.filters)
		and not filter_lists.has_open_range(question.filters, {question.doctype})
	)


def refuse_unreadable(question: Question) -> None:
	"""Of our DocTypes, only fields are asked that the session's user may read."""
	for doctype in {question.doctype, *(of for _field, of in question.fields)} & set(ASKED):
		names = [field for field, of in question.fields if of == doctype and field != SUM]
		readable_fields(doctype, names, question.field)
	if question.doctype in ASKED:
		sorted_by = [name for order in question.orders for name in names_in(order)]
		readable_fields(question.doctype, sorted_by, question.field)
		readable_conditions(question.doctype, filter_lists.read(question.filters), question.field)


def tables_of(doctype: str) -> list[str]:
	if not is_doctype(doctype):
		return []
	return [field.options for field in frappe.get_meta(doctype).get_table_fields()]


def is_name(value: Any) -> bool:
	return isinstance(value, str) and bool(NAME.fullmatch(value))


def is_order(value: Any, tables: set[str]) -> bool:
	"""Whether it is a list of columns, each of one of the tables if it says of which."""
	if not value:
		return True
	if not isinstance(value, str):
		return False
	said = as_columns(value)
	return columns.is_columns(said) and set(TABLE.findall(said)) <= tables


def as_columns(order: str) -> str:
	"""A report says `Background Job.creation` for a column."""
	doctype, dot, name = order.rpartition(".")
	return f"`tab{doctype}`.`{name}`" if dot and is_name(name) and "`" not in doctype else order


def names_in(order: Any) -> Iterator[str]:
	"""The names of the columns in an order, without their tables and directions."""
	for part in as_columns(str(order or "")).split(","):
		column = COLUMN.match(part.strip())
		if column and column[1] != SUM:
			yield column[1]


# --- what each DocType asks


def of_a_report(doc: Any) -> Question | None:
	said = parsed(doc.get("json"))
	if not isinstance(said, dict):
		return None
	group = said.get("group_by")
	group = group if isinstance(group, dict) else {"group_by": group}
	return Question(
		"json",
		doc.get("ref_doctype"),
		fields=[field_of(one, doc) for key in ("fields", "columns") for one in as_list(said.get(key))],
		orders=[
			*(said.get(key) for key in ("order_by", "sort_by", "sort_by_next")),
			*(group.get(key) for key in ("group_by", "aggregate_on")),
		],
		words=[
			*(said.get(key) for key in ("sort_order", "sort_order_next")),
			*(group.get(key) for key in ("aggregate_function", "group_by_type")),
		],
		filters=said.get("filters"),
	)


def field_of(said: Any, doc: Any) -> tuple[Any, Any]:
	"""A column of a report: a name, a name with its DocType, or what a report that was changed says of it."""
	if isinstance(said, dict):
		return said.get("fieldname"), said.get("doctype") or doc.get("ref_doctype")
	if isinstance(said, list) and len(said) == 2:
		return said[0], said[1]
	return said, doc.get("ref_doctype")


def as_list(value: Any) -> list[Any]:
	value = parsed(value)
	return value if isinstance(value, list) else [value] if value else []


def of_a_mailed_report(doc: Any) -> Question | None:
	report = frappe.db.get_value("Report", doc.get("report"), ["ref_doctype", "report_type"], as_dict=True)
	is_list = report and report.report_type == "Report Builder"
	return Question("filters", report.ref_doctype, filters=doc.get("filters")) if is_list else None


def of_fields(doctype: str, filters: str, *fields: str) -> Callable[[Any], Question]:
	"""Of a document that says in fields of its own which DocType it is about, and what it asks of it."""

	def question_of(doc: Any) -> Question:
		about = doc.get(doctype)
		named = [(doc.get(field), about) for field in fields if doc.get(field)]
		return Question(filters, about, fields=named, filters=doc.get(filters))

	return question_of


QUESTIONS: dict[str, Callable[[Any], Question | None]] = {
	"Web Form": of_fields("doc_type", "condition_json"),
	"Auto Email Report": of_a_mailed_report,
	"Dashboard Chart": of_fields(
		"document_type",
		"filters_json",
		*("based_on", "value_based_on", "group_by_based_on", "aggregate_function_based_on"),
	),
	"List Filter": of_fields("reference_doctype", "filters"),
	"Number Card": of_fields("document_type", "filters_json", "aggregate_function_based_on"),
	"Report": of_a_report,
}
