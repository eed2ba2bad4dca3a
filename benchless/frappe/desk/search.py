"""Search in Link fields."""

import json
import re

import frappe
from frappe import _, is_whitelisted
from frappe._api.unsupported import attributes_of, refuse
from frappe.model.db_query import get_order_by
from frappe.permissions import get_role_permissions, has_permission
from frappe.utils import cint, cstr, unique
from frappe.utils.data import make_filter_tuple

SEARCHED_FIELDTYPES = (
	"Data",
	"Link",
	"Long Text",
	"Read Only",
	"Select",
	"Small Text",
	"Text",
	"Text Editor",
)


def sanitize_searchfield(searchfield: str):
	if searchfield and re.search(r"\W", searchfield):
		frappe.throw(_("Invalid Search Field {0}").format(searchfield), frappe.DataError)


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
	"""Documents whose name or search fields contain `txt`: `[{value, description[, label]}]`."""
	results = search_widget(
		doctype,
		txt.strip(),
		query,
		searchfield=searchfield,
		page_length=page_length,
		filters=filters,
		reference_doctype=reference_doctype,
		ignore_user_permissions=ignore_user_permissions,
	)
	return build_for_autosuggest(results, doctype=doctype)


@frappe.whitelist()
def search_widget(
	doctype: str,
	txt: str,
	query: str | None = None,
	searchfield: str | None = None,
	start: int = 0,
	page_length: int = 10,
	filters: str | None | dict | list = None,
	filter_fields=None,
	as_dict: bool = False,
	reference_doctype: str | None = None,
	ignore_user_permissions: bool = False,
):
	"""Rows of a search that the user may read, best matches first."""
	filters = json.loads(filters) if isinstance(filters, str) else filters
	sanitize_searchfield(searchfield)
	searchfield = searchfield or "name"
	query = query or (frappe.get_hooks("standard_queries", {}).get(doctype) or [None])[-1]
	if query:
		return run_custom_query(
			query,
			(doctype, txt, searchfield, cint(start), page_length, filters),
			as_dict=as_dict,
			reference_doctype=reference_doctype,
		)
	if filter_fields:
		raise refuse("filter_fields in search_widget")

	meta = frappe.get_meta(doctype)
	rows = frappe.get_list(
		doctype,
		filters=[*filter_list(doctype, filters), *enabled_only(meta)],
		or_filters=text_filters(meta, txt) if txt else [],
		fields=[*selected_fields(meta, searchfield), f"{relevance(doctype, txt)} as `_relevance`"],
		order_by=f"ifnull(_relevance, -9999) desc, `tab{doctype}`.idx desc, {get_order_by(doctype, meta)}",
		limit_start=cint(start),
		limit_page_length=page_length,
		ignore_permissions=is_open_to_user(doctype, ignore_user_permissions, reference_doctype),
		reference_doctype=reference_doctype,
		as_list=not as_dict,
		strict=False,
	)
	return by_relevance(rows, txt, as_dict)


def run_custom_query(query: str, arguments: tuple, **options):
	"""Call a whitelisted search function; one that may not be called finds nothing."""
	try:
		is_whitelisted(frappe.get_attr(query))
		return frappe.call(query, *arguments, **options)
	except (frappe.PermissionError, frappe.AppNotInstalledError, ImportError):
		if frappe.local.conf.developer_mode:
			raise
		frappe.respond_as_web_page(
			title="Invalid Method", html="Method not found", indicator_color="red", http_status_code=404
		)
		return []


def filter_list(doctype: str, filters: dict | list | None) -> list:
	if isinstance(filters, dict):
		return [make_filter_tuple(doctype, key, value) for key, value in filters.items()]
	return list(filters or [])


def enabled_only(meta) -> list:
	"""Filters that leave out what is switched off."""
	filters = []
	for fieldname, operator in (("enabled", "="), ("disabled", "!=")):
		df = meta.get_field(fieldname)
		if df and df.fieldtype == "Check":
			filters.append([meta.name, fieldname, operator, 1])
	return filters


def text_filters(meta, txt: str) -> list:
	names = ["name", *filter(None, [meta.title_field]), *meta.get_search_fields()]
	found = []
	for name in dict.fromkeys(names):
		df = meta.get_field(name)
		if name == "name" or (df and df.fieldtype in SEARCHED_FIELDTYPES):
			found.append([meta.name, name, "like", f"%{txt}%"])
	return found


def selected_fields(meta, searchfield: str) -> list[str]:
	names = ["name", *filter(None, [meta.title_field]), searchfield]
	names += [name.strip() for name in (meta.search_fields or "").split(",") if name.strip()]
	fields = [f"`tab{meta.name}`.`{name}`" for name in dict.fromkeys(names)]
	if meta.show_title_field_in_link and meta.title_field:
		fields.insert(1, f"`tab{meta.name}`.{meta.title_field} as `label`")
	return fields


def relevance(doctype: str, txt: str) -> str:
	"""SQL: the nearer to the start of the name the text is found, the greater; NULL if it is not."""
	text = frappe.db.escape((txt or "").replace("%", "").replace("@", ""))
	return f"(1 / nullif(locate({text}, `tab{doctype}`.`name`), 0))"


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


def by_relevance(rows: list, txt: str, as_dict: bool) -> list:
	"""Names that start with the text first, then in the order of their names."""

	def rank(row):
		name = row.name if as_dict else row[0]
		return not cstr(name).casefold().startswith(txt.casefold()), name

	ordered = sorted(rows, key=rank)
	if not as_dict:
		return [row[:-1] for row in ordered]
	for row in ordered:
		row.pop("_relevance", None)
	return ordered


def build_for_autosuggest(res: list[tuple], doctype: str) -> list[dict]:
	with_title = frappe.get_meta(doctype).show_title_field_in_link
	return [titled_result(list(row)) if with_title else plain_result(row) for row in res]


def plain_result(row) -> dict:
	return {"value": row[0], "description": described(row[1:])}


def titled_result(row: list) -> dict:
	"""The title is the label, and the name moves to the description."""
	label = row[1] if len(row) > 1 else row[0]
	rest = row[2:]
	if rest and rest[0] == label:
		rest = rest[1:]
	return {"value": row[0], "label": label, "description": described([row[0], *rest])}


def described(values) -> str:
	return ", ".join(unique(cstr(value) for value in values if value))


@frappe.whitelist()
def get_link_title(doctype, docname):
	meta = frappe.get_meta(doctype)
	if meta.show_title_field_in_link:
		return frappe.db.get_value(doctype, docname, meta.title_field)
	return docname


__getattr__ = attributes_of(__name__)
