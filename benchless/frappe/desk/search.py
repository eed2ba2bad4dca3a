"""Search in Link fields."""

import json
import re

import frappe
from frappe import _, is_whitelisted
from frappe._api.unsupported import refuse
from frappe.model.db_query import get_order_by
from frappe.permissions import get_role_permissions, has_permission
from frappe.utils import cint, cstr
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
	rows = matching_rows(
		meta,
		txt,
		selected_fields(meta, searchfield),
		filters=[*filter_list(doctype, filters), *enabled_only(meta)],
		limits=(cint(start), cint(page_length)),
		ignore_permissions=is_open_to_user(doctype, ignore_user_permissions, reference_doctype),
		reference_doctype=reference_doctype,
	)
	rows.sort(key=lambda row: rank(row.name, txt))
	return rows if as_dict else [tuple(row.values()) for row in rows]


def matching_rows(meta, txt: str, fields: list[str], filters: list, limits: tuple[int, int], **options):
	"""Rows that the user may read, those first where the text is nearest to the start of the name.

	The list query stays what permissions made of it; it is ordered from outside.
	"""
	table = f"`tab{meta.name}`"
	sort_fields = ["name", "idx", (meta.sort_field or "modified").split()[0].strip(",`")]
	query = frappe.get_list(
		meta.name,
		fields=list(dict.fromkeys([*fields, *(f"{table}.`{name}`" for name in sort_fields)])),
		filters=filters,
		or_filters=text_filters(meta, txt) if txt else [],
		strict=False,
		run=False,
		**options,
	)
	text = frappe.db.escape((txt or "").replace("%", "").replace("@", ""))
	start, length = limits
	rows = frappe.db.sql(
		f"""select * from ({query}) as {table}
		order by 1 / locate({text}, {table}.name) desc, {table}.idx desc, {get_order_by(meta.name, meta)}
		limit {length} offset {start}""",
		as_dict=True,
	)
	names = [field.split(".")[-1].split(" as ")[-1].strip(" `") for field in fields]
	return [frappe._dict((name, row[name]) for name in names if name in row) for row in rows]


def rank(name, txt: str) -> tuple:
	"""Names that start with the text come first."""
	return not cstr(name).casefold().startswith(txt.casefold()), name


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
	return ", ".join(dict.fromkeys(cstr(value) for value in values if value))
