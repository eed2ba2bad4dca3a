"""Frappe's own methods that v15 answers for rows which the user may not see, under the same arguments.

Foreign names and conditions are kept from all methods by `door`. Three of these methods count or find rows of
any DocType by a filter: `frappe.client.get_count` asks for no permission, `get` finds a row before it asks,
and a link search can be told to ignore permissions. Others list events, or texts of rows that Frappe keeps in
a table of their own, without a condition. The rest tells of linked documents and of users' permissions, or
moves a communication.
"""

from typing import Any

import frappe
import frappe.client
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import GUARDED
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	fields_of,
	known_doctype,
	readable_conditions,
)
from dartwing.dartwing_core.background_jobs.tenancy.references import shown_among

EVENTS = "frappe.desk.doctype.event.event.get_events"
TEXTS = "frappe.utils.global_search."


@frappe.whitelist()
def get(doctype: str, name: Any = None, filters: Any = None, parent: Any = None) -> Any:
	"""One document: by its name, or the first that the filters find among those the user may read."""
	if doctype in GUARDED and not name:
		found = frappe.get_list(doctype, filters=readable_conditions(doctype, filters), limit=1)
		if not found:
			raise frappe.DoesNotExistError
		name = found[0].name
	return frappe.client.get(doctype, name, filters, parent)


@frappe.whitelist()
def get_count(doctype: str, filters: Any = None, debug: Any = False, cache: Any = False) -> int:
	"""How many of the rows the user may read; Frappe v15 counts, and finds by filters, all that there are."""
	wanted = readable_conditions(doctype, filters) if doctype in GUARDED else filters
	if "System Manager" in frappe.get_roles():
		return frappe.client.get_count(doctype, wanted, debug, cache)
	rows = frappe.client.get_list(doctype, fields=[framework.row_count("rows_found")], filters=wanted)
	return rows[0].rows_found if rows else 0


@frappe.whitelist()
def get_links(doctype: str, docname: str) -> dict:
	"""What refers to a document, of that what the user may read; Frappe v16 says how much more there is."""
	found = frappe.get_attr("frappe.desk.form.linked_with.get")(doctype, docname)
	if "System Manager" in frappe.get_roles():
		return found
	for links in found.values():
		if isinstance(links, dict) and "hidden_count" in links:
			links["hidden_count"] = 0
	return {doctype: links for doctype, links in found.items() if is_told(links)}


def is_told(links: Any) -> bool:
	"""Of links to documents that are all hidden, v16 answers an empty list."""
	return not isinstance(links, dict) or bool(links.get("docs", True))


@frappe.whitelist()
def get_user_permissions(user: str | None = None) -> dict:
	"""One's own: they name organizations, and say who is in them."""
	if user not in (None, frappe.session.user) and "System Manager" not in frappe.get_roles():
		raise frappe.PermissionError
	return frappe.get_attr("frappe.core.doctype.user_permission.user_permission.get_user_permissions")(user)


@frappe.whitelist()
def relink(name: str, reference_doctype: str | None = None, reference_name: str | None = None) -> None:
	"""Move a communication to another document, if the user may change it."""
	frappe.get_doc("Communication", name).check_permission("write")
	frappe.get_attr("frappe.email.relink")(name, reference_doctype, reference_name)


@frappe.whitelist()
def get_events(
	start: str, end: str, user: str | None = None, for_reminder: Any = False, filters: Any = None
) -> list:
	"""As Frappe lists them; `calendars` leaves out what the user may not see."""
	return frappe.get_attr(EVENTS)(start, end, user, frappe.utils.sbool(for_reminder), filters)


@frappe.whitelist()
def search_texts(text: str, start: Any = 0, limit: Any = 20, doctype: str = "") -> list:
	"""Texts of documents, of those that a list shows to the user."""
	found = frappe.get_attr(f"{TEXTS}search")(text, cint(start), cint(limit), doctype)
	names = names_by_doctype(found)
	listed = {
		one: {
			str(name) for name in frappe.get_list(one, {"name": ("in", some)}, pluck="name", limit=len(some))
		}
		for one, some in names.items()
	}
	return [row for row in found if str(row.name) in listed[row.doctype]]


@frappe.whitelist(allow_guest=True)
def search_pages(text: str, scope: str | None = None, start: Any = 0, limit: Any = 20) -> list:
	"""Texts of what is published, without rows about documents that the user may not see."""
	found = frappe.get_attr(f"{TEXTS}web_search")(text, scope, cint(start), cint(limit))
	shown = {
		one: shown_among(one, some, frappe.session.user) for one, some in names_by_doctype(found).items()
	}
	return [row for row in found if str(row.name) in shown[row.doctype]]


def names_by_doctype(rows: list) -> dict[str, list[str]]:
	found: dict[str, list[str]] = {}
	for row in rows:
		found.setdefault(row.doctype, []).append(str(row.name))
	return found


@frappe.whitelist()
def search(
	doctype: str,
	txt: str,
	searchfield: str,
	start: int,
	page_len: int,
	filters: Any = None,
	as_dict: bool = False,
	reference_doctype: str | None = None,
) -> list:
	"""A link search that always applies permissions: the name, then the fields that describe it."""
	meta = frappe.get_meta(known_doctype(doctype))
	readable = fields_of(doctype)
	described = [name for name in (meta.title_field, *meta.get_search_fields()) if name in readable]
	fields = list(dict.fromkeys(["name", *described]))
	return frappe.get_list(
		doctype,
		fields=fields,
		filters=readable_conditions(doctype, filters),
		or_filters=[[doctype, field, "like", f"%{txt}%"] for field in fields] if txt else None,
		order_by="modified desc",
		limit=cint(page_len),
		as_list=not as_dict,
		**framework.rows_passed_over(cint(start)),
	)
