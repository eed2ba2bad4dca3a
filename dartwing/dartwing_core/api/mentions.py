"""Where a request names guarded DocTypes, and what in it may be the name of one of their documents.

A name is looked for by its value, not by the argument that Frappe's method happens to take it in: a new
method, or a new argument of an old one, is covered as it comes. Only in documents that are sent to be
stored, and in arguments that carry prose, is the field asked too, as nothing there may be changed that
only looks like a name.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import frappe

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import GUARDED

Change = Callable[..., str]

LONGEST_NAME = 140
# a cheap look that tells most requests to pass; JSON may spell any letter as \u0041
SUSPECT = re.compile(
	r"background.?job|job.?(execution.?log|type|tally|engine.?settings)|organization|org.?member|person|\\u",
	re.IGNORECASE,
)
# whatever is no printable ASCII: the database takes Ä for A, and ignores what cannot be seen
ODD = re.compile(r"[^\x20-\x7e]")
# small letters above others, which the database takes for letters and Unicode does not decompose
LETTERS_ABOVE = str.maketrans(dict(zip(range(0x363, 0x370), "aeioucdhmrtvx", strict=True)))
# a letter that lengthens another, and that the database ignores when it compares
PASSED_OVER = "\N{ARABIC TATWEEL}"
# arguments by which methods of other apps name a DocType; they may mean anything by a mere "Person"
NAMING = re.compile(r"doctype|^dt$", re.IGNORECASE)
# arguments of methods that carry what is to be stored or searched for, and never a name
PROSE = frozenset(
	("comment", "content", "description", "html", "label", "message", "subject", "title", "txt")
)
# fields of documents that hold another document's name without being a link
NAME_FIELDS = frozenset(
	("attached_to_name", "docname", "document_name", "reference_docname", "reference_name")
)
# what holds one name; Frappe takes a filter there as well
ONE_NAME = re.compile(r"^(name|dn|(.*_)?docname|(reference|document|link|share|attached_to)_name)$")
# in these, Frappe narrows the condition by what the user may see
# what Desk keeps of each column, by its name
BY_COLUMN = ("column_widths",)
FILTERS = frozenset(("applied_filters", "current_filters", "filters", "filters_json", "or_filters"))
# arguments of Frappe's methods that take objects: what is asked, what is to be stored, how it is shown
OBJECTS = re.compile(
	r"(.*_)?(filters?(_json)?|settings|fields|values?|items)|address_dict|args?|attachments|blocks|body|chart"
	r"|columns|config|custom_columns|data|defaults|docs?|document|events?|field_map|fieldname|fields_to_fetch"
	r"|file_list|form_params|header|indexes|json|kwargs|layout|links|meta|new_(icons|order|page|widgets)"
	r"|ob_steps|order|page|profile_info|reports|(route_)?options|routes|select_columns|selected_children|state"
	r"|steps?|target_doc|translation_(dict|map)|update_info"
)
# those that take several values
LISTS = re.compile(
	r"assign_to|b?cc|contacts|date_range|docnames|doctypes|dns|emails|expand|files|group_by"
	r"|ignore_doctypes_on_cancel_all|modules|names|order_by|queues|receiver_list|recipients|removed_listview_fields|roles|rows|selected_items"
	r"|grant_types|redirect_uris|response_types"
	r"|sort_by|source_names|states|stats|tags|users|visible_idx"
)
# and what a few methods take for a name, or a DocType: several, or lists of names by their DocTypes
SEVERAL = {
	"frappe.desk.form.assign_to.add_multiple": ("name",),
	"frappe.utils.print_format.download_multi_pdf": ("name", "doctype"),
	"frappe.utils.print_format.download_multi_pdf_async": ("name", "doctype"),
}
TABLES = re.compile("|".join(f"tab{doctype}" for doctype in GUARDED), re.IGNORECASE)
BY_SLUG = {doctype.replace(" ", "").lower(): doctype for doctype in GUARDED}


def is_suspect(value: Any) -> bool:
	"""Whether a guarded DocType may be named in the value; no look at the database."""
	if isinstance(value, str):
		return bool(SUSPECT.search(value) or (ODD.search(value) and SUSPECT.search(letters_of(value))))
	if isinstance(value, dict):
		return any(is_suspect(key) or is_suspect(one) for key, one in value.items())
	if isinstance(value, list | tuple):
		return any(is_suspect(one) for one in value)
	return False


def guarded_doctype(text: Any) -> str | None:
	"""The guarded DocType that a text is, however its letters and blanks are written."""
	return BY_SLUG.get(letters_of(text)) if isinstance(text, str) and may_be_a_name(text) else None


def may_be_a_name(text: str) -> bool:
	"""Whether the database can take the text for a name, which has at most 140 characters.

	It ignores blanks at the end, and marks and characters that cannot be seen, however many.
	"""
	if len(text) <= LONGEST_NAME:
		return True
	counted = (
		one for one in text.rstrip() if unicodedata.category(one)[0] in "LNPSZ" and one not in PASSED_OVER
	)
	return next(islice(counted, LONGEST_NAME, None), None) is None


def letters_of(text: str) -> str:
	"""The letters a to z of a text as MariaDB compares it (utf8mb4_unicode_ci), where Ｂä is "ba"."""
	plain = unicodedata.normalize("NFKD", text.translate(LETTERS_ABOVE)).casefold()
	return re.sub("[^a-z]", "", plain)


def doctypes_in(value: Any, key: str = "", is_foreign: bool = False) -> Iterator[str]:
	"""Guarded DocTypes that are named anywhere in the value, in JSON texts too.

	In arguments of another app's method (`is_foreign`) only where the argument says that it is one.
	"""
	value = parsed(value)
	if isinstance(value, dict):
		for name, one in value.items():
			yield from doctypes_in(str(name), key, is_foreign)
			yield from doctypes_in(one, str(name), is_foreign)
	elif isinstance(value, list | tuple):
		for one in value:
			yield from doctypes_in(one, key, is_foreign)
	elif (doctype := guarded_doctype(value)) and (not is_foreign or NAMING.search(key)):
		yield doctype


# --- names: every text that may be one goes through `change`


def changed_form(form: dict, change: Change, stored: str | None = None) -> dict:
	"""The arguments of a request, in which each possible name is what `change` makes of it.

	`stored` is the DocType of which the arguments are a document's fields.
	"""
	if stored:
		data = parsed(form.get("data"))
		body = changed_document(stored, form, change)
		return {**body, "data": changed_document(stored, data, change)} if isinstance(data, dict) else body
	if "fieldname" in form and is_doctype(form.get("doctype")):
		return _changed_values(form, change)
	return {name: changed(value, change, str(name)) for name, value in form.items()}


def _changed_values(form: dict, change: Change) -> dict:
	"""Those of `frappe.client.set_value`: a document's fields as JSON, or one of them with its value."""
	doctype, named, rest = form["doctype"], parsed(form["fieldname"]), dict(form)
	rest.pop("fieldname")
	if isinstance(named, dict):
		values = {"fieldname": changed_document(doctype, named, change)}
	elif isinstance(named, str) and "value" in rest:
		value = changed_document(doctype, {named: rest.pop("value")}, change)[named]
		values = {"fieldname": named, "value": value}
	else:
		values = {"fieldname": form["fieldname"]}
	return {**values, **{name: changed(one, change, str(name)) for name, one in rest.items()}}


def changed(value: Any, change: Change, key: str = "") -> Any:
	"""The arguments of a method, in which each possible name is what `change` makes of it."""
	inner = parsed(value)
	if inner is not value:
		after = changed(inner, change, key)
		return value if after == inner else json.dumps(after)
	if isinstance(value, dict):
		doctype = value.get("doctype")
		if is_doctype(doctype):
			return changed_document(doctype, value, change)
		return {name: changed(one, change, str(name)) for name, one in value.items()}
	if isinstance(value, list):
		return [changed(one, change, key) for one in value]
	return change(value) if isinstance(value, str) and key not in PROSE else value


def changed_document(doctype: str, document: dict, change: Change) -> dict:
	"""A document to be stored: of its own fields only those change that hold the name of a guarded one."""
	fields = {field.fieldname: field for field in frappe.get_meta(doctype).fields}
	is_guarded = guarded_doctype(doctype) is not None
	after = {}
	for name, value in document.items():
		field = fields.get(name)
		if field and field.fieldtype in frappe.model.table_fields:
			rows = _changed_rows(field.options, parsed(value), change)
			# in a form they are JSON, and stay what they were
			after[name] = (
				value if rows == parsed(value) else json.dumps(rows) if isinstance(value, str) else rows
			)
		elif field is None:
			after[name] = changed(value, change, name) if is_guarded else value
		else:
			after[name] = _changed_field(field, value, document, is_guarded, change)
	return after


def _changed_rows(doctype: str, rows: Any, change: Change) -> Any:
	if not isinstance(rows, list):
		return rows
	return [changed_document(doctype, row, change) if isinstance(row, dict) else row for row in rows]


def _changed_field(field: Any, value: Any, document: dict, is_guarded: bool, change: Change) -> Any:
	if field.fieldtype == "Link" and field.options == "Person" and is_guarded and isinstance(value, str):
		# an admin makes a member of who belongs nowhere yet, and whom he cannot see therefore
		return change(value, keeps_nobodys=True)
	return changed(value, change) if _holds_a_name(field, document, is_guarded) else value


def _holds_a_name(field: Any, document: dict, is_guarded: bool) -> bool:
	if field.fieldtype == "Dynamic Link":
		return guarded_doctype(document.get(field.options)) is not None
	if field.fieldtype == "Link":
		return is_guarded and field.options in GUARDED
	return field.fieldname in NAME_FIELDS and any(guarded_doctype(value) for value in document.values())


def is_doctype(name: Any) -> bool:
	"""Whether it is the name of a DocType; not even a text if it comes from outside."""
	return isinstance(name, str) and bool(frappe.db.exists("DocType", name, cache=True))


def has_no_text_as_name(value: Any, key: str = "") -> bool:
	"""Whether a filter stands where one name should, or a number, which equals many texts in SQL."""
	if value is not None and not isinstance(value, str) and ONE_NAME.match(key):
		return True
	if isinstance(value, dict):
		names = [name for name in value if name not in FILTERS and name not in BY_COLUMN]
		return any(has_no_text_as_name(value[name], str(name)) for name in names)
	if isinstance(value, list):
		return any(has_no_text_as_name(one) for one in value)
	inner = parsed(value)
	return inner is not value and has_no_text_as_name(inner)


# --- paths: /…/<DocType>/<name>, of which a name may have slashes


def doctypes_in_path(path: str) -> Iterator[str]:
	yield from filter(None, map(guarded_doctype, path.split("/")))


def names_in_path(path: str) -> Iterator[tuple[int, int, str]]:
	"""Start, end and text of what may be a name: segments after a guarded DocType, the longest first."""
	segments = path.split("/")
	for position, segment in enumerate(segments):
		if guarded_doctype(segment):
			for end in range(len(segments), position + 1, -1):
				yield position + 1, end, "/".join(segments[position + 1 : end])


def changed_path(path: str, change: Change) -> str:
	for start, end, name in names_in_path(path):
		after = change(name)
		if after != name:
			segments = path.split("/")
			return "/".join([*segments[:start], after, *segments[end:]])
	return path
