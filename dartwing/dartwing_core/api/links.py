"""What a document may say that is saved in a request: what others see, Frappe runs, or is a reference.

A request can change the name alone in a document that refers to a guarded DocType already (a ToDo, a
comment): it names no DocType, so `door` lets it pass.
"""

import re
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.mentions import parsed
from dartwing.dartwing_core.background_jobs.access_hooks import GUARDED, hidden_among, may_copy
from dartwing.dartwing_core.background_jobs.errors import refuse_argument

# what people write: Frappe takes markup out of it
SANITIZED = ("Data", "Small Text", "Text", "Long Text", "Text Editor", "Markdown Editor", "Read Only")
MARKUP = re.compile("<[a-zA-Z/!?]")


def is_a_members_request(*roles: str) -> bool:
	"""Whether a document is saved in a request of somebody who has none of the roles, nor System Manager."""
	return bool(getattr(frappe.local, "request", None)) and not {*roles, "System Manager"} & set(
		frappe.get_roles()
	)


def refuse_other_desks(doc: Any, method: str | None = None) -> None:
	"""Before a workspace or a filter is saved: it is shown, and run, in the browser of whom it is for."""
	is_for_all = doc.doctype == "List Filter" and not doc.for_user
	if is_a_members_request("Workspace Manager") and not is_for_all and doc.for_user != frappe.session.user:
		refuse_argument("for_user", _("must be yourself"), frappe.PermissionError)


def refuse_boards(doc: Any, method: str | None = None) -> None:
	"""Before a board is saved: its fields are markup and its filters SQL, to Frappe v15, for who opens it."""
	if not is_a_members_request():
		return
	if doc.reference_doctype in GUARDED:
		refuse_argument("reference_doctype", _("has no boards"), frappe.PermissionError)
	texts = [doc.field_name, *as_list(doc.fields)]
	if not all(isinstance(text, str) and re.fullmatch(r"\w*", text) for text in texts):
		refuse_argument("fields", _("must be names of fields"))
	if not all(isinstance(one, list | dict) for one in as_list(doc.filters)):
		refuse_argument("filters", _("must be [field, operator, value]"))


def refuse_blocks(doc: Any, method: str | None = None) -> None:
	"""Before a block is saved: whoever opens it, or a workspace that shows it, runs its script."""
	if is_a_members_request("Workspace Manager"):
		refuse_argument("script", _("may be written by Workspace Managers"), frappe.PermissionError)


def refuse_markup_in_json(row: Any) -> None:
	"""Frappe takes markup out of texts, but not where they are JSON, as a text in quotation marks is."""
	for field in row.meta.get("fields", {"fieldtype": ("in", SANITIZED)}):
		value = row.get(field.fieldname)
		if isinstance(value, str) and MARKUP.search(value) and parsed(value) is not value:
			refuse_argument(field.fieldname, _("must not be markup"))


def refuse_foreign_files(row: Any) -> None:
	"""A file that an attachment names becomes a file of the document, to be read by whoever may read that."""
	for field in row.meta.get("fields", {"fieldtype": ("in", ("Attach", "Attach Image"))}):
		url = row.get(field.fieldname)
		if isinstance(url, str) and url.startswith("/private/files/") and not may_copy(url):
			refuse_argument(field.fieldname, _("no file {0}").format(repr(url)), frappe.DoesNotExistError)


def as_list(text: str | None) -> list:
	found = frappe.parse_json(text) if text else []
	return found if isinstance(found, list) else [found]


def refuse_markup_in_images(doc: Any) -> None:
	"""The address of an image becomes a part of the markup of every screen that shows whose it is.

	An organization's logo must be more than that, and says so itself.
	"""
	if doc.doctype in GUARDED:
		return
	for field in doc.meta.get("fields", {"fieldtype": "Attach Image"}):
		value = doc.get(field.fieldname)
		if isinstance(value, str) and re.search(r"[\"<>]|^\s*(javascript|vbscript|data:text)", value):
			refuse_argument(field.fieldname, _("must be the address of an image"))


def refuse_hidden(doc: Any, method: str | None = None) -> None:
	"""Before a document is saved in a request: raise what Frappe raises for a reference to nothing."""
	if not getattr(frappe.local, "request", None):
		return
	is_a_members = is_a_members_request()
	refuse_markup_in_images(doc)
	for row in (doc, *doc.get_all_children()):
		if is_a_members:
			refuse_markup_in_json(row)
			refuse_foreign_files(row)
		for field in row.meta.get_dynamic_link_fields():
			doctype, name = row.get(field.options), row.get(field.fieldname)
			if doctype in GUARDED and name and hidden_among(doctype, [str(name)]):
				place = _("Row") + f" #{row.idx}: " if row.get("parentfield") else ""
				message = f"{place}{_(field.label, context=field.parent)}: {name}"
				frappe.throw(_("Could not find {0}").format(message), frappe.LinkValidationError)
