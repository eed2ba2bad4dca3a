"""Documents that are only sent, and never saved: they pass the doors that a document passes when it is saved.

Frappe asks a document that is sent who may read it, and runs its methods with what it says: it mails the
files that it names, and writes to the file that it says it is.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import frappe
from frappe import _
from frappe.model import table_fields

from dartwing.dartwing_core.api import allowed, door, switches
from dartwing.dartwing_core.api.document_methods import RUNNING, Call, calls_of
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.api.routes import UPDATE, Route, route_of
from dartwing.dartwing_core.api.saved_documents import WITHOUT_A_FIELD, changed_values, rows_and_stored
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import files
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import raise_not_found
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member

# what is looked at when a document is saved
DOORS = ("before_validate", "validate")
# arguments that carry documents
CARRYING = ("doc", "docs", "document", "doclist")
# arguments that carry values of fields, by their names
FIELDS = {
	"frappe.client.set_value": ("fieldname",),
	"frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs": ("data",),
	"frappe.website.doctype.web_form.web_form.accept": ("data",),
}
ONE_VALUE = ("Data", "Dynamic Link", "Link", "Read Only", "Select")
# methods that save what they are sent
SAVING = ("frappe.client.", "frappe.desk.form.save.", "frappe.model.workflow.apply_workflow")


def refuse_sent() -> None:
	"""Before a request, once its user is known (`auth_hooks`): refuse what would be refused when saved."""
	route, form = route_of(frappe.local.request), frappe.local.form_dict or {}
	method = allowed.canonical(route.called) if route.called else ""
	if door.is_ours(method):
		return
	calls = calls_of(route, method, form)
	if "System Manager" not in frappe.get_roles():
		for doctype, values in values_in(route, method, form):
			refuse_filters(doctype, values)
			if route.kind == UPDATE:
				refuse_another_document(route, values)
	if calls or method:
		switches.refuse_switches(method, form, calls)
	if is_asked_by_a_member():
		check_calls(calls)
		if method.startswith("frappe.") and method not in RUNNING and not method.startswith(SAVING):
			for document in filter(is_changed, documents_in(form)):
				check(document)


def values_in(route: Route, method: str, form: dict) -> Iterator[tuple[str | None, dict]]:
	"""What the request gives the fields of documents, with their DocType if it is told beside them."""
	if stored := door.stored_doctype(route):
		data = parsed(form.get("data"))
		# version 2 stores the arguments themselves, whatever else is among them
		yield from ((stored, values) for values in (form, data) if isinstance(values, dict))
	for argument, value in form.items():
		sent = parsed(value)
		if isinstance(sent, dict) and argument in FIELDS.get(method, ()):
			yield (form.get("doctype") if is_doctype(form.get("doctype")) else None), sent
	yield from ((document["doctype"], document) for document in documents_in(form, form))


def refuse_another_document(route: Route, values: dict) -> None:
	"""Frappe loads the document of the address, and would save it as the one that its values say it is."""
	for name, value in (("doctype", route.doctype), ("name", route.name)):
		if str(values.get(name) or value).casefold() != value.casefold():
			refuse_argument(name, _("is not that of the address"))


def refuse_filters(doctype: str | None, values: dict) -> None:
	"""Where a field names a document, Frappe takes an object for a filter, and says if it finds a row."""
	meta = frappe.get_meta(doctype) if doctype else None
	for name, value in values.items():
		field = meta.get_field(name) if meta else None
		if isinstance(value, list) and (not meta or (field and field.fieldtype in table_fields)):
			for row in value:
				if isinstance(row, dict):
					refuse_filters(field.options if field else None, row)
		elif isinstance(value, dict | list) and (
			not meta or name in WITHOUT_A_FIELD or (field and field.fieldtype in ONE_VALUE)
		):
			refuse_argument(name, _("must be one value"))


def check_calls(calls: list[Call]) -> None:
	for call in calls:
		if call.doctype == "File":
			check_file(call)
		if call.sent:
			check(call.sent)


def documents_in(form: dict, arguments: Iterable[str] = CARRYING) -> Iterator[dict]:
	for argument in arguments:
		value = parsed(form.get(argument))
		for one in value if isinstance(value, list) else [value]:
			if isinstance(one, dict) and is_doctype(one.get("doctype")):
				yield one


def check(document: dict) -> None:
	"""Show the document to each of this app's hooks that it would pass when it is saved."""
	doc = as_if_saved(document)
	hooks = frappe.get_doc_hooks()
	for event in DOORS:
		for doctype in ("*", doc.doctype):
			for path in hooks.get(doctype, {}).get(event, ()):
				if path.startswith(door.OURS):
					frappe.get_attr(path)(doc, event)


def as_if_saved(document: dict) -> Any:
	"""The document, which knows what is stored under its name; raise as for none if that may not be read."""
	doc = frappe.get_doc(deepcopy(document))
	doc._doc_before_save = stored_of(document)
	if doc._doc_before_save and not doc._doc_before_save.has_permission("read"):
		raise_not_found(doc, "read")
	return doc


def stored_of(document: dict) -> Any:
	doctype, name = document["doctype"], document.get("name")
	is_stored = isinstance(name, str) and name and frappe.db.exists(doctype, name)
	return frappe.get_doc(doctype, name) if is_stored else None


def is_changed(document: dict) -> bool:
	"""Whether it says anything else than what is stored."""
	doc = as_if_saved(document)
	for row, before in rows_and_stored(doc, doc._doc_before_save):
		# a number or a time that was sent as a text is equal, too
		changed = changed_values(row, before).items()
		if before is None or any(str(before.get(name)) != str(value) for name, value in changed):
			return True
	return False


# --- files


def check_file(call: Call) -> None:
	"""A File that is sent may say that it is any other, and one that is stored may have another's name."""
	name = str(call.sent.get("name") or "") if call.sent else call.name
	if not files.may_read(name):
		raise_not_found(frappe._dict(doctype="File", name=name), "read")
	stored = frappe.get_doc("File", name)
	for field, value in files.IDENTITY.items():
		if call.sent and str(call.sent.get(field) or value) != str(stored.get(field) or value):
			refuse_argument(field, _("cannot be changed"), frappe.PermissionError)
	if call.method in files.WRITING and not files.may_rewrite(stored):
		refuse_argument("file_name", _("others have this file too"), frappe.PermissionError)
