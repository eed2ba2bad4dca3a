"""Frappe's own methods where v15 answers without asking who may see a row.

`frappe.client.get_count` counts any DocType's rows by any filter, `validate_link` tells whether a
name exists, `get_link_title` what its title is, and a link search can be told to ignore permissions.
"""

from typing import Any

import frappe
import frappe.client
import frappe.desk.search
from frappe.utils import cint

GUARDED = ("Background Job", "Job Execution Log", "Organization", "Org Member", "Person", "File")


@frappe.whitelist()
def get_count(doctype: Any, filters: Any = None, debug: Any = False, cache: Any = False) -> int:
	"""How many rows there are; of guarded DocTypes, how many of them the user may read."""
	if doctype not in GUARDED:
		return frappe.client.get_count(doctype, filters, debug, cache)
	rows = frappe.client.get_list(doctype, fields=["count(name) as rows_found"], filters=filters)
	return rows[0].rows_found if rows else 0


@frappe.whitelist()
def validate_link(doctype: str, docname: str, fields: Any = None) -> Any:
	"""The name, as stored, of a document that there is, and the fields wanted of it."""
	if doctype in GUARDED and not is_visible(doctype, docname):
		return frappe._dict(name=None)
	return frappe.client.validate_link(doctype, docname, fields)


@frappe.whitelist()
def get_link_title(doctype: Any, docname: Any) -> Any:
	if doctype in GUARDED and not is_visible(doctype, docname):
		return None
	return frappe.desk.search.get_link_title(doctype, docname)


def is_visible(doctype: str, name: Any) -> bool:
	return bool(frappe.get_list(doctype, filters=[["name", "=", str(name)]], limit_page_length=1))


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
	meta = frappe.get_meta(doctype)
	fields = list(dict.fromkeys(["name", *filter(None, [meta.title_field]), *meta.get_search_fields()]))
	return frappe.get_list(
		doctype,
		fields=fields,
		filters=filters,
		or_filters=[[doctype, field, "like", f"%{txt}%"] for field in fields] if txt else None,
		order_by="modified desc",
		limit_start=cint(start),
		limit_page_length=cint(page_len),
		as_list=not as_dict,
	)
