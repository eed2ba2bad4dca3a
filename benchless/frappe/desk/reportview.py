"""List views and their exports. Fields and filters are checked before they reach the query."""

import csv
import json
import re
from functools import lru_cache
from io import StringIO

import frappe
import frappe.permissions
from frappe import _
from frappe._api.unsupported import refuse
from frappe.model import child_table_fields, default_fields, optional_fields
from frappe.model.db_query import DatabaseQuery
from frappe.utils import cint, sbool, strip_html

# set by the server or the Desk, never an argument of the query
IGNORED_PARAMETERS = (
	*("cmd", "data", "ignore_permissions", "view", "user", "csrf_token", "join"),
	*("with_comment_count", "save_user_settings", "strict"),
)
AGGREGATES = ("count", "sum", "avg")
STANDARD_FIELDS = (*default_fields, *optional_fields, *child_table_fields)
BULK_DELETE_IN_REQUEST = 10
# one column: name, `name`, `tabX`.`name`, child.name
COLUMN = re.compile(r"(?:`?(?P<table>[\w -]+)`?\.)?`?(?P<name>\w+|\*)`?", re.ASCII)
ALIASED = re.compile(r"(?P<expression>.+?)(?:\s+as\s+[`'\"]?[\w ]+[`'\"]?)?\s*", re.IGNORECASE | re.DOTALL)
CALL = re.compile(r"(?P<function>\w+)\s*\((?P<argument>.*)\)", re.DOTALL)


@frappe.whitelist()
def get():
	"""A page of a list view as keys and rows of values."""
	args = get_form_params()
	return compress(execute(**args), args=args)


@frappe.whitelist()
def get_list():
	return execute(**get_form_params())


@frappe.whitelist()
def get_count() -> int:
	"""How many rows the user may read; with `limit` it stops counting there."""
	args = get_form_params()
	column = f"{'distinct ' if sbool(args.distinct) else ''}`tab{args.doctype}`.name"
	limit = cint(args.limit)
	args.update(order_by=None, limit=limit, distinct=sbool(args.distinct))
	if limit:
		rows = execute(**{**args, "fields": [column]}, run=0)
		return frappe.db.sql(f"select count(*) from ({rows}) limited")[0][0]
	return execute(**{**args, "fields": [f"count({column}) as total_count"]})[0].get("total_count")


def execute(doctype, *args, **kwargs):
	return DatabaseQuery(doctype).execute(*args, **kwargs)


def get_form_params() -> frappe._dict:
	"""The request's arguments, parsed and checked."""
	data = frappe._dict(frappe.local.form_dict)
	for name in IGNORED_PARAMETERS:
		data.pop(name, None)
	return validate_args(data)


def validate_args(data):
	"""Parse JSON arguments in place and refuse unknown fields. Fields the user may not see are taken out."""
	parse_json(data)
	setup_group_by(data)
	validate_fields(data)
	for filters in (data.filters, data.or_filters):
		validate_filters(data, filters or [])
	return data


def parse_json(data):
	for name in ("filters", "applied_filters", "or_filters", "docstatus"):
		if data.get(name) and isinstance(data[name], str):
			data[name] = json.loads(data[name])
	if data.get("fields") and isinstance(data["fields"], str):
		data["fields"] = ["*"] if data["fields"] == "*" else json.loads(data["fields"])


def setup_group_by(data):
	if not (data.group_by and data.aggregate_function):
		return
	if data.aggregate_function.lower() not in AGGREGATES:
		frappe.throw(_("Invalid aggregate function"))
	if not frappe.db.has_column(data.aggregate_on_doctype, data.aggregate_on_field):
		raise_invalid_field(data.aggregate_on_field)
	column = f"`tab{data.aggregate_on_doctype}`.`{data.aggregate_on_field}`"
	data.fields.append(f"{data.aggregate_function}({column}) AS _aggregate_column")
	for name in ("aggregate_on_doctype", "aggregate_on_field", "aggregate_function"):
		data.pop(name)


def validate_fields(data):
	is_wildcard = data.fields in ("*", ["*"], ("*",))
	if is_wildcard:
		data.fields = permitted_columns(data.doctype, data.parenttype or data.parent_doctype)
	for field in list(data.fields or []):
		column = column_of(field)
		if not column:
			raise_invalid_field(column)
		if is_standard(column):
			continue
		meta, name = meta_of(column, data)
		df = meta.get_field(name)
		if not df:
			if is_wildcard:
				continue
			raise_invalid_field(column)
		if is_hidden_from_user(meta, df, data) or (df.get("report_hide") and data.view == "Report"):
			data.fields.remove(field)


def permitted_columns(doctype: str, parenttype: str | None) -> list[str]:
	"""The columns of a DocType that the user may read, standard ones among them."""
	meta = frappe.get_meta(doctype)
	permitted = {*STANDARD_FIELDS, *meta.get_permitted_fieldnames(parenttype=parenttype)}
	return [column for column in meta.get_valid_columns() if column in permitted]


def is_hidden_from_user(meta, df, data) -> bool:
	return bool(cint(df.permlevel)) and cint(df.permlevel) not in meta.get_permlevel_access(
		parenttype=data.doctype
	)


def validate_filters(data, filters):
	"""Refuse filters on fields that the DocType does not have."""
	for condition in filters:
		if isinstance(condition, str):
			doctype, column = None, condition
		elif len(condition) == 3:
			doctype, column = None, condition[0]
		else:
			doctype, column = condition[0], condition[1]
		if is_standard(column):
			continue
		meta, column = (frappe.get_meta(doctype), column) if doctype else meta_of(column, data)
		if not meta.get_field(column):
			raise_invalid_field(column)


def raise_invalid_field(fieldname):
	frappe.throw(_("Field not permitted in query") + f": {fieldname}", frappe.DataError)


def is_standard(fieldname: str) -> bool:
	return fieldname == "*" or fieldname.split(".")[-1].strip("`") in STANDARD_FIELDS


@lru_cache
def column_of(field: str) -> str | None:
	"""The column that a field of a query reads: `table.name` or `name`, without its function and alias.

	None for anything that is not one column or one function of one column.
	"""
	expression = ALIASED.fullmatch(field)["expression"].strip()
	call = CALL.fullmatch(expression)
	if call:
		expression = re.sub(r"^distinct\s+", "", call["argument"].strip(), flags=re.IGNORECASE)
	found = COLUMN.fullmatch(expression)
	if not found:
		return None
	return f"{found['table']}.{found['name']}" if found["table"] else found["name"]


def meta_of(field: str, data) -> tuple:
	"""The Meta that a field belongs to, and its plain name."""
	doctype, name = get_parenttype_and_fieldname(field, data)
	return frappe.get_meta(doctype), name


def get_parenttype_and_fieldname(field: str, data) -> tuple[str, str]:
	"""(DocType, field) of `field`, `tabX.field` or `table_field.field`."""
	if "." not in field:
		return data.doctype, field.strip("`")
	table, name = (part.strip("`") for part in field.split(".")[:2])
	df = frappe.get_meta(data.doctype).get_field(table)
	if df:
		return df.options, name
	if not table.startswith("tab"):
		raise_invalid_field(field)
	return table.removeprefix("tab"), name


def compress(data, args=None):
	"""Rows of dicts as one list of keys and lists of values."""
	if not data:
		return data
	if (args or {}).get("add_total_row"):
		raise refuse("add_total_row in list views")
	keys = list(data[0])
	return {"keys": keys, "values": [[row.get(key) for key in keys] for row in data], "user_info": {}}


@frappe.whitelist()
def export_query():
	"""Download what a list shows, as CSV. Needs the export permission of the DocType."""
	params = get_form_params()
	params.update(limit_page_length=None, as_list=True)
	doctype = params.pop("doctype")
	title = params.pop("title", doctype)
	kind = params.pop("file_format_type")
	if kind != "CSV":
		raise refuse(f"exports as {kind}")
	frappe.permissions.can_export(doctype, raise_exception=True)
	header = [_("Sr"), *(label_of(field, doctype) for field in params.fields)]
	rows = [header, *([number, *row] for number, row in enumerate(execute(doctype, **params), 1))]
	file = StringIO()
	writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
	writer.writerows(
		[strip_html(value) if isinstance(value, str) else value for value in row] for row in rows
	)
	frappe.response.update(type="binary", filecontent=file.getvalue().encode(), filename=f"{title}.csv")


def label_of(field: str, doctype: str) -> str:
	table, _dot, name = (column_of(field) or field).rpartition(".")
	owner = table.removeprefix("tab") or doctype
	df = frappe.get_meta(owner).get_field(name)
	label = df.label if df else "ID" if name == "name" else name
	return label if owner == doctype else f"{label} ({owner})"


@frappe.whitelist()
def delete_items():
	"""Delete the selected documents one by one, committing each."""
	items = sorted(json.loads(frappe.form_dict.get("items")), reverse=True)
	if len(items) > BULK_DELETE_IN_REQUEST:
		raise refuse(f"deleting more than {BULK_DELETE_IN_REQUEST} documents at once")
	undeleted = []
	for name in items:
		try:
			frappe.delete_doc(frappe.form_dict.get("doctype"), name)
			frappe.db.commit()
		except Exception:
			undeleted.append(name)
			frappe.db.rollback()
	if undeleted:
		text = _("Failed to delete {0} documents: {1}").format(len(undeleted), ", ".join(undeleted))
		frappe.msgprint(text, realtime=True, title=_("Bulk Operation Failed"))
