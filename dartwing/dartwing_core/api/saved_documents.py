"""Checks of every document that is saved: markup, code, references, and the files that it names.

A request can change the name alone in a document that refers to a guarded DocType already (a ToDo, a
comment): it names no DocType, so `door` lets it pass.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _
from frappe.model import child_table_fields, default_fields, table_fields
from frappe.utils import cint

from dartwing.dartwing_core.api import markup
from dartwing.dartwing_core.api.json_texts import DEEPEST, brackets_in
from dartwing.dartwing_core.api.markup import texts_of
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import hidden_among
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked, is_asked_by_a_member
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import comparable, shown
from dartwing.dartwing_core.background_jobs.tenancy.files import may_use
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED, OWN

# what each document has beside its fields
WITHOUT_A_FIELD = (*default_fields, *child_table_fields)
# what a column of whole numbers holds
INTEGERS = range(-(2**31), 2**31)
# what a board makes attributes of
COLUMN_TEXTS = ("column_name", "indicator", "status")


def refuse_boards(doc: Any, method: str | None = None) -> None:
	"""Before a board is saved: its fields are markup and its filters SQL, to Frappe v15, for who opens it."""
	if not is_asked_by_a_member():
		return
	if doc.reference_doctype in GUARDED:
		refuse_argument("reference_doctype", _("has no boards"), frappe.PermissionError)
	texts = [doc.field_name, *as_list(doc.fields)]
	if not all(isinstance(text, str) and re.fullmatch(r"\w*", text) for text in texts):
		refuse_argument("fields", _("must be names of fields"))
	words = [str(row.get(name) or "") for row in doc.get("columns") or () for name in COLUMN_TEXTS]
	# an apostrophe by itself, as in "Won't do", makes no attribute
	if any(re.search('["`<>=]', word) for word in words):
		refuse_argument("columns", _("must be plain words"))
	if not all(isinstance(one, list | dict) for one in as_list(doc.filters)):
		refuse_argument("filters", _("must be [field, operator, value]"))


def as_list(text: str | None) -> list:
	found = frappe.parse_json(text) if text else []
	return found if isinstance(found, list) else [found]


def check_before_save(doc: Any, method: str | None = None) -> None:
	"""Before a document is saved for somebody: refuse markup, deep JSON, files and hidden references.

	For a hidden reference, raise what Frappe raises for a reference to nothing. Only what the save changes is
	looked at: what was stored before stops nobody who may change the rest.
	"""
	if not is_asked():
		return
	refuse_objects_as_names(doc)
	if doc.doctype in OWN:
		# what they check is plain
		refuse_objects(doc)
		refuse_what_no_column_holds(doc)
	is_a_members = is_asked_by_a_member()
	for row, stored in rows_and_stored(doc, doc.get_doc_before_save()):
		values = changed_values(row, stored)
		refuse_deep_json(values)
		# an organization's logo must be more than that, and says so itself
		if doc.doctype not in GUARDED:
			markup.refuse_images(row, values)
		if is_a_members:
			if stored is None:
				markup.refuse_name(row.name)
			markup.refuse_or_clean(doc, row, values)
			refuse_foreign_files(row, values)
		refuse_hidden_references(row, values)


def check_after_save(doc: Any, method: str | None = None) -> None:
	"""After a document was saved: its texts and references once more, now that some are composed of others.

	Frappe makes a reference of an address that a mail is sent to, for one.
	"""
	if not is_asked_by_a_member():
		return
	for row, stored in rows_and_stored(doc, doc.get_doc_before_save()):
		values = changed_values(row, stored)
		for field in row.meta.fields:
			value = values.get(field.fieldname)
			# what was stored so before stops nobody, also if Frappe has cleaned it by now
			before = stored.get(field.fieldname) if stored else None
			if markup.breaks_out(row, field, value) and not markup.breaks_out(row, field, before):
				refuse_argument(field.fieldname, _("must not be markup"))
		refuse_hidden_references(row, values)


def check_new_name(doc: Any, method: str | None, old: str, new: str, *more: Any) -> None:
	"""Before a document is renamed."""
	if is_asked_by_a_member():
		markup.refuse_name(new)


def rows_and_stored(doc: Any, before: Any) -> Iterator[tuple[Any, Any]]:
	"""The document and the rows of its child tables, each with what was stored of it before, or None."""
	stored = rows_of(before)
	for row in rows_of(doc).values():
		yield row, stored.get((row.doctype, row.name))


def rows_of(doc: Any) -> dict[tuple[str, str], Any]:
	"""The document and the rows of its child tables, by DocType and name; of none, none."""
	rows = (doc, *doc.get_all_children()) if doc else ()
	return {(row.doctype, row.name or str(id(row))): row for row in rows}


def changed_values(row: Any, stored: Any) -> dict[str, Any]:
	"""By field, what the row holds that it did not hold before."""
	names = [field.fieldname for field in row.meta.fields]
	return {
		name: value
		for name in names
		if (value := row.get(name)) and (stored is None or stored.get(name) != value)
	}


def refuse_objects_as_names(doc: Any) -> None:
	"""Frappe loads a row's parent by these, whatever they are: to it an object or a list is a filter."""
	for row in (doc, *doc.get_all_children()):
		for name in WITHOUT_A_FIELD:
			if isinstance(row.get(name), dict | list):
				refuse_argument(name, _("must be one value"))


def refuse_objects(doc: Any, method: str | None = None) -> None:
	"""Just before a document is stored: what is an object still, no column takes; Frappe would answer 500."""
	if not is_asked():
		return
	for row in (doc, *doc.get_all_children()):
		for field in row.meta.fields:
			value = row.get(field.fieldname)
			takes_them = field.fieldtype in (*table_fields, "JSON") or field.get("is_virtual")
			if isinstance(value, dict | list | tuple) and not takes_them:
				refuse_argument(field.fieldname, _("must be one value"))


def refuse_what_no_column_holds(doc: Any) -> None:
	"""A day that no calendar has, or a whole number of more than 32 bits: Frappe would answer 500."""
	for row in (doc, *doc.get_all_children()):
		kinds = {field.fieldname: field.fieldtype for field in row.meta.fields}
		for name, kind in {**kinds, "idx": "Int"}.items():
			value = row.get(name)
			if kind == "Date" and value and isinstance(value, str):
				row.set(name, comparable("Date", value, name))
			elif kind == "Int" and cint(value) not in INTEGERS:
				reason = _("{0} is not between {1} and {2}")
				refuse_argument(name, reason.format(shown(value), INTEGERS[0], INTEGERS[-1]))


def refuse_deep_json(values: dict[str, Any]) -> None:
	"""Frappe reads texts as JSON in many places, where a deep nesting ends with a recursion."""
	for name, value in values.items():
		if isinstance(value, str) and brackets_in(value) > DEEPEST:
			refuse_argument(name, _("is nested more than {0} deep").format(DEEPEST))


def refuse_foreign_files(row: Any, values: dict[str, Any]) -> None:
	"""A file that an attachment names becomes a file of the document, to be read by whoever may read that."""
	for name, url in texts_of(row, values, "Attach", "Attach Image"):
		if not may_use(url):
			refuse_argument(name, _("no file {0}").format(repr(url)), frappe.DoesNotExistError)


def refuse_hidden_references(row: Any, values: dict[str, Any]) -> None:
	for field, doctype in (*new_references(row, values), *fetching_references(row)):
		name = row.get(field.fieldname)
		if doctype in GUARDED and name and is_nothing(row.meta, field, doctype, str(name)):
			place = _("Row") + f" #{row.idx}: " if row.get("parentfield") else ""
			message = f"{place}{_(field.label, context=field.parent)}: {name}"
			frappe.throw(_("Could not find {0}").format(message), frappe.LinkValidationError)


def is_nothing(meta: Any, field: Any, doctype: str, name: str) -> bool:
	"""Whether it is hidden; Frappe lets an unknown name pass where fields are fetched, which is one later."""
	is_unknown = is_fetched_from(meta, field) and not frappe.db.exists(doctype, name)
	return is_unknown or bool(hidden_among(doctype, [name]))


def fetching_references(row: Any) -> Iterator[tuple[Any, Any]]:
	"""Links from which Frappe copies fields each time that the row is saved, whoever may read them."""
	for field in row.meta.get_link_fields():
		if field.options in GUARDED and is_fetched_from(row.meta, field):
			yield field, field.options


def is_fetched_from(meta: Any, field: Any) -> bool:
	start = f"{field.fieldname}."
	return any(str(one.get("fetch_from") or "").strip().startswith(start) for one in meta.fields)


def new_references(row: Any, values: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
	"""Each field that names another document, of which DocType; documents of ours ask for themselves."""
	for field in row.meta.get_dynamic_link_fields():
		if field.options in values or field.fieldname in values:
			yield field, row.get(field.options)
	if row.doctype not in GUARDED:
		yield from (
			(field, field.options) for field in row.meta.get_link_fields() if field.fieldname in values
		)


def forget_references_by_mail(doc: Any, method: str | None = None) -> None:
	"""Before a mail is stored that came in: who wrote it may have named any document, in the address.

	Its sender is whoever it says, so that nobody can be asked what they may see.
	"""
	if doc.sent_or_received != "Received" or is_asked():
		return
	if doc.reference_doctype in GUARDED:
		doc.reference_doctype = doc.reference_name = None
	doc.set("timeline_links", [row for row in doc.timeline_links if row.link_doctype not in GUARDED])


def forget_other_timelines(doc: Any, method: str | None = None) -> None:
	"""Before a mail is stored that is about a guarded document: it stands in the timeline of that alone.

	Frappe shows it in those of all contacts that it goes to, too, and asks there for these only.
	"""
	if doc.reference_doctype in GUARDED:
		doc.set("timeline_links", [])
