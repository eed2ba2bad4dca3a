"""Search in Link fields."""

import json
import re

import frappe
from frappe import _
from frappe._api.whitelisting import is_whitelisted
from frappe.permissions import get_role_permissions, has_permission
from frappe.utils import cint, cstr
from frappe.utils.filters import make_filter_tuple

SEARCHED_FIELDTYPES = (
	*("Data", "Link", "Read Only", "Select"),
	*("Small Text", "Text", "Long Text", "Text Editor"),
)


@frappe.whitelist()
def search_link(
	doctype: str,
	txt: str,
	query: str | None = None,
	filters: str | dict | list | None = None,
	page_length: int = 10,
	searchfield: str | None = None,
	reference_doctype: str | None = None,
	ignore_user_permissions: bool = False,
) -> list[dict]:
	"""Documents whose name or search fields contain `txt`: `[{value, description}]`."""
	filters = json.loads(filters) if isinstance(filters, str) else filters
	if searchfield and re.search(r"\W", searchfield):
		frappe.throw(_("Invalid Search Field {0}").format(searchfield), frappe.DataError)
	searchfield = searchfield or "name"
	meta = frappe.get_meta(doctype)
	query = query or (frappe.get_hooks("standard_queries", {}).get(doctype) or [None])[-1]
	if query:
		arguments = (doctype, txt.strip(), searchfield, 0, page_length, filters)
		rows = run_custom_query(query, arguments, reference_doctype=reference_doctype)
	else:
		rows = frappe.get_list(
			doctype,
			fields=selected_fields(meta, searchfield),
			filters=[*filter_list(doctype, filters), *enabled_only(meta)],
			or_filters=text_filters(meta, txt.strip()) if txt.strip() else [],
			limit_page_length=cint(page_length),
			as_list=True,
			ignore_permissions=is_open_to_user(doctype, ignore_user_permissions, reference_doctype),
			reference_doctype=reference_doctype,
		)
	return [result_of(row, meta.show_title_field_in_link) for row in rows]


def result_of(row, with_title: bool) -> dict:
	"""With a title, that is the label, and the name moves to the description."""
	name, *others = row
	label = {}
	if with_title:
		label = {"label": others[0] if others else name}
		others = [name, *others[1:]]
	return {
		"value": name,
		**label,
		"description": ", ".join(dict.fromkeys(cstr(one) for one in others if one)),
	}


def run_custom_query(query: str, arguments: tuple, **options):
	"""Call a whitelisted search function; one that may not be called finds nothing."""
	try:
		is_whitelisted(frappe.get_attr(query))
	except (frappe.PermissionError, frappe.AppNotInstalledError, ImportError):
		frappe.respond_as_web_page("Invalid Method", "Method not found", http_status_code=404)
		return []
	return frappe.call(query, *arguments, **options)


def filter_list(doctype: str, filters: dict | list | None) -> list:
	if isinstance(filters, dict):
		return [make_filter_tuple(doctype, key, value) for key, value in filters.items()]
	return list(filters or [])


def enabled_only(meta) -> list:
	"""Filters that leave out what is switched off."""
	wanted = (("enabled", "="), ("disabled", "!="))
	return [[meta.name, name, operator, 1] for name, operator in wanted if meta.has_field(name)]


def text_filters(meta, txt: str) -> list:
	names = dict.fromkeys([*filter(None, [meta.title_field]), *meta.get_search_fields()])
	fields = {field.fieldname for field in meta.of_type(*SEARCHED_FIELDTYPES)}
	return [[meta.name, name, "like", f"%{txt}%"] for name in names if name == "name" or name in fields]


def selected_fields(meta, searchfield: str) -> list[str]:
	names = ["name", *filter(None, [meta.title_field]), searchfield, *meta.get_search_fields()]
	return [f"`tab{meta.name}`.`{name}`" for name in dict.fromkeys(names)]


def is_open_to_user(doctype: str, ignore_user_permissions: bool, reference_doctype: str | None) -> bool:
	"""Whether the search may leave out permission filters: for DocTypes, and where the field asks so."""
	if doctype == "DocType":
		return True
	permissions = get_role_permissions(doctype)
	kind = "select" if permissions.get("select") and not permissions.get("read") else "read"
	return bool(
		cint(ignore_user_permissions)
		and has_permission(doctype, ptype=kind, parent_doctype=reference_doctype)
	)
