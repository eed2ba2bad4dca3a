"""Frappe's own methods that v15 answers for rows which the user may not see, under the same arguments.

Foreign names and conditions are kept from all methods by `door`. These three count or find any DocType's
rows by a filter: `frappe.client.get_count` asks for no permission, `get` finds a row before it asks, and
a link search can be told to ignore permissions.
"""

from typing import Any

import frappe
import frappe.client
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.access_hooks import GUARDED
from dartwing.dartwing_core.background_jobs.conditions import fields_of, known_doctype, readable_conditions


@frappe.whitelist()
def get(doctype: str, name: Any = None, filters: Any = None, parent: Any = None) -> Any:
	"""One document: by its name, or the first that the filters find among those the user may read."""
	if doctype in GUARDED and not name:
		found = frappe.get_list(doctype, filters=readable_conditions(doctype, filters), limit_page_length=1)
		if not found:
			raise frappe.DoesNotExistError
		name = found[0].name
	return frappe.client.get(doctype, name, filters, parent)


@frappe.whitelist()
def get_count(doctype: str, filters: Any = None, debug: Any = False, cache: Any = False) -> int:
	"""How many rows there are; where they are, or tell of, guarded documents, only those that may be read."""
	if doctype not in GUARDED and not tells_of_documents(doctype):
		return frappe.client.get_count(doctype, filters, debug, cache)
	wanted = readable_conditions(doctype, filters) if doctype in GUARDED else filters
	rows = frappe.client.get_list(doctype, fields=[framework.row_count("rows_found")], filters=wanted)
	return rows[0].rows_found if rows else 0


def tells_of_documents(doctype: str) -> bool:
	"""Whether rows say of which DocType a document is that they are about, as comments and tags do."""
	return bool(frappe.get_meta(doctype).get("fields", {"fieldtype": "Link", "options": "DocType"}))


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
		limit_start=cint(start),
		limit_page_length=cint(page_len),
		as_list=not as_dict,
	)
