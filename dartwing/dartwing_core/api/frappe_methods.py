"""Frappe's own methods that v15 answers for rows which the user may not see, under the same arguments.

Foreign names and conditions are kept from all methods by `door`. Three of these methods count or find rows of
any DocType by a filter: `frappe.client.get_count` asks for no permission, `get` finds a row before it asks,
and a link search can be told to ignore permissions. Some read a table beside the DocTypes, or a DocType with
a query of their own, without the conditions of lists: of what these find, `only_listed` keeps what a list
would have. The others tell of linked documents and of users' permissions, or move a communication.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import frappe
import frappe.client
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import listing
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	fields_of,
	known_doctype,
	readable_conditions,
)
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED
from dartwing.dartwing_core.background_jobs.tenancy.references import is_about_documents

EVENTS = "frappe.desk.doctype.event.event.get_events"
# of how many rows that Frappe finds the user's own are looked for: were it only as many as are asked for, the
# hidden ones among them would be counted by what is missing
FOUND_AT_MOST = 500


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


# --- what Frappe finds without the conditions of lists


@frappe.whitelist()
def global_search(text: str, start: Any = 0, limit: Any = 20, doctype: str = "") -> list:
	"""What Frappe keeps of all documents for its search, of those that the user would find in a list.

	How rare a word is on the whole site is not told: that is what Frappe's rank says.
	"""
	find = "frappe.utils.global_search.search"
	if "System Manager" in frappe.get_roles():
		return found_by(find, text, cint(start), cint(limit), doctype)
	found = only_listed(found_by(find, text, 0, FOUND_AT_MOST, doctype))
	ranked = sorted(found, key=lambda row: row.pop("rank", 0), reverse=True)
	return ranked[cint(start) : cint(start) + cint(limit)]


@frappe.whitelist(allow_guest=True)
def web_search(text: str, scope: str | None = None, start: Any = 0, limit: Any = 20) -> list:
	"""Published pages are everybody's, but not rows about a document that the user may not see."""
	found = found_by("frappe.utils.global_search.web_search", text, scope, 0, FOUND_AT_MOST)
	told = only_listed(row for row in found if is_hidden_from_some(row.doctype))
	kept = [row for row in found if row in told or not is_hidden_from_some(row.doctype)]
	return kept[cint(start) : cint(start) + cint(limit)]


@frappe.whitelist()
def get_tagged_docs(doctype: str, tag: str) -> list:
	"""The names of the documents that have a tag."""
	found = found_by("frappe.desk.doctype.tag.tag.get_tagged_docs", doctype, tag)
	listed = names_in_list(doctype, [row[0] for row in found])
	return [row for row in found if row[0] in listed]


@frappe.whitelist()
def address_query(links: str) -> list:
	"""The names of the addresses of some documents."""
	found = found_by("frappe.contacts.doctype.contact.contact.address_query", links)
	listed = names_in_list("Address", found)
	return [name for name in found if name in listed]


@frappe.whitelist()
def get_default_address(doctype: str, name: str | None, sort_key: str = "is_primary_address") -> str | None:
	"""The name of the first address of a document."""
	find = "frappe.contacts.doctype.address.address.get_default_address"
	found = found_by(find, doctype, name, sort_key)
	return found if found and names_in_list("Address", [found]) else None


def found_by(method: str, *arguments: Any) -> Any:
	"""What Frappe finds; v16 asks of some of it whether the user may see it."""
	with listing():
		return frappe.get_attr(method)(*arguments)


def is_hidden_from_some(doctype: str) -> bool:
	return doctype in GUARDED or is_about_documents(doctype)


def only_listed(rows: Iterable[Any], doctype: str | None = None) -> list:
	"""Those of the rows, of one DocType or each of its own, that a list of this user has."""
	rows = list(rows)
	names = defaultdict(list)
	for row in rows:
		names[doctype or row.doctype].append(row.name)
	listed = {one: names_in_list(one, found) for one, found in names.items()}
	return [row for row in rows if row.name in listed[doctype or row.doctype]]


def names_in_list(doctype: str, names: list[str]) -> set[str]:
	"""Those of the names that a list of the DocType has for this user."""
	if not names or not frappe.has_permission(doctype, "read"):
		return set()
	return {*frappe.get_list(doctype, filters={"name": ("in", names)}, pluck="name", limit=0)}
