"""Whitelisted calls to read and write documents; every one of them applies permissions."""

import json

import frappe
from frappe import _
from frappe._api.unsupported import refused
from frappe.desk.reportview import validate_args
from frappe.model import child_table_fields, default_fields
from frappe.utils import get_safe_filters


@frappe.whitelist()
def get_list(
	doctype,
	fields=None,
	filters=None,
	group_by=None,
	order_by=None,
	limit_start=None,
	limit_page_length=20,
	parent=None,
	debug: bool = False,
	as_dict: bool = True,
	or_filters=None,
):
	"""Rows that the user may read, 20 unless told otherwise."""
	if frappe.is_table(doctype):
		check_parent_permission(parent, doctype)
	args = frappe._dict(
		doctype=doctype,
		parent_doctype=parent,
		fields=fields,
		filters=filters,
		or_filters=or_filters,
		group_by=group_by,
		order_by=order_by,
		limit_start=limit_start,
		limit_page_length=limit_page_length,
		debug=debug,
		as_list=not as_dict,
	)
	validate_args(args)
	return frappe.get_list(**args)


@frappe.whitelist()
def get_count(doctype, filters=None, debug=False, cache=False):
	"""How many rows there are; as in v15 whoever is logged in may ask."""
	return frappe.db.count(doctype, get_safe_filters(filters), debug, cache)


@frappe.whitelist()
def get(doctype, name=None, filters=None, parent=None):
	"""One document: by name, the first that matches the filters, or the single one."""
	if frappe.is_table(doctype):
		check_parent_permission(parent, doctype)
	if name:
		doc = frappe.get_doc(doctype, name)
	elif filters or filters == {}:
		doc = frappe.get_doc(doctype, frappe.parse_json(filters))
	else:
		doc = frappe.get_doc(doctype)
	doc.check_permission()
	doc.apply_fieldlevel_read_permissions()
	return doc.as_dict()


@frappe.whitelist()
def get_value(doctype, fieldname, filters=None, as_dict=True, debug=False, parent=None):
	"""Values of the first row that matches; {} (or None as a list) if there is none."""
	if frappe.is_table(doctype):
		check_parent_permission(parent, doctype)
	require_permission(doctype, parent)
	filters = get_safe_filters(filters)
	if isinstance(filters, str):
		filters = {"name": filters}
	fields = field_list(fieldname)
	if frappe.get_meta(doctype).issingle:
		rows = frappe.db.get_values_from_single(fields, filters or None, doctype, as_dict=as_dict)
	else:
		rows = get_list(
			doctype,
			filters=filters or None,
			fields=fields,
			debug=debug,
			limit_page_length=1,
			parent=parent,
			as_dict=as_dict,
		)
	if as_dict:
		return rows[0] if rows else {}
	if not rows:
		return None
	return rows[0] if len(fields) > 1 else rows[0][0]


def check_parent_permission(parent: str | None, child_doctype: str) -> None:
	"""Rows of a child table may be read by those who may read the DocType that has it."""
	tables = frappe.get_meta(parent).get_table_fields() if parent else []
	is_parent = any(table.options == child_doctype for table in tables)
	if not (is_parent and frappe.has_permission(parent)):
		raise frappe.PermissionError


def field_list(fieldname):
	try:
		return frappe.parse_json(fieldname)
	except (TypeError, ValueError):
		return [fieldname]


def require_permission(doctype: str, parent: str | None = None):
	if not frappe.has_permission(doctype, parent_doctype=parent):
		frappe.throw(_("No permission for {0}").format(_(doctype)), frappe.PermissionError)


@frappe.whitelist(methods=["POST", "PUT"])
def set_value(doctype, name, fieldname, value=None):
	"""Change one field, or those in the JSON or dict given as `fieldname`, and save the document."""
	if fieldname in (*default_fields, *child_table_fields):
		frappe.throw(_("Cannot edit standard fields"))
	values = {fieldname: value} if value else changed_fields(fieldname)
	if not frappe.get_meta(doctype).istable:
		doc = frappe.get_doc(doctype, name)
		doc.update(values)
	else:
		row = frappe.db.get_value(doctype, name, ["parenttype", "parent"], as_dict=True)
		doc = frappe.get_doc(row.parenttype, row.parent)
		doc.getone({"doctype": doctype, "name": name}).update(values)
	doc.save()
	return doc.as_dict()


def changed_fields(fieldname) -> dict:
	if not isinstance(fieldname, str):
		return fieldname
	try:
		return json.loads(fieldname)
	except ValueError:
		return {fieldname: ""}


@frappe.whitelist(methods=["POST", "PUT"])
def insert(doc=None):
	return insert_doc(loaded(doc)).as_dict()


def insert_doc(doc):
	"""Insert a document; a child row is appended to its parent, and the parent is returned."""
	doc = frappe._dict(doc)
	if not frappe.is_table(doc.doctype):
		return frappe.get_doc(doc).insert()
	if not (doc.parenttype and doc.parent and doc.parentfield):
		frappe.throw(_("Parenttype, Parent and Parentfield are required to insert a child record"))
	parent = frappe.get_doc(doc.parenttype, doc.parent)
	parent.append(doc.parentfield, doc)
	parent.save()
	return parent


@frappe.whitelist(methods=["POST", "PUT"])
def save(doc):
	doc = frappe.get_doc(loaded(doc))
	doc.save()
	return doc.as_dict()


def loaded(value):
	return json.loads(value) if isinstance(value, str) else value


@frappe.whitelist(methods=["DELETE", "POST"])
def delete(doctype, name):
	delete_doc(doctype, name)


def delete_doc(doctype, name):
	"""Delete a document; a child row is taken out of its parent."""
	if not frappe.is_table(doctype):
		frappe.delete_doc(doctype, name, ignore_missing=False)
		return
	place = frappe.db.get_value(doctype, name, ["parenttype", "parent", "parentfield"])
	if not place:
		raise frappe.DoesNotExistError
	parenttype, parent, parentfield = place
	parent = frappe.get_doc(parenttype, parent)
	for row in parent.get(parentfield):
		if row.name == name:
			parent.remove(row)
			parent.save()
			break


@frappe.whitelist()
def has_permission(doctype, docname, perm_type="read"):
	return {"has_permission": frappe.has_permission(doctype, perm_type.lower(), docname)}


@frappe.whitelist()
def get_doc_permissions(doctype, docname):
	doc = frappe.get_doc(doctype, docname)
	return {"permissions": frappe.permissions.get_doc_permissions(doc)}


@frappe.whitelist(methods=["POST", "PUT"])
def attach_file(
	filename=None,
	filedata=None,
	doctype=None,
	docname=None,
	folder=None,
	decode_base64=False,
	is_private=None,
	docfield=None,
):
	"""Attach a file to a document that the user may read; `docfield` is set to its URL."""
	doc = frappe.get_doc(doctype, docname)
	doc.check_permission()
	file = frappe.get_doc(
		doctype="File",
		file_name=filename,
		attached_to_doctype=doctype,
		attached_to_name=docname,
		attached_to_field=docfield,
		folder=folder,
		is_private=is_private,
		content=filedata,
		decode=decode_base64,
	).save()
	if docfield:
		doc.set(docfield, file.file_url)
		doc.save()
	return file


@frappe.whitelist()
def validate_link(doctype: str, docname: str, fields=None):
	"""The name, as stored, of a linked document if it exists, and the fields wanted of it."""
	is_readable = doctype == "DocType" or any(
		frappe.has_permission(doctype, kind) for kind in ("select", "read")
	)
	if not is_readable:
		frappe.throw(
			_("You do not have Read or Select Permissions for {}").format(frappe.bold(doctype)),
			frappe.PermissionError,
		)
	values = frappe._dict(name=frappe.db.get_value(doctype, docname, cache=True))
	fields = frappe.parse_json(fields)
	if not values.name or not fields:
		return values
	try:
		values.update(get_value(doctype, fields, docname))
	except frappe.PermissionError:
		frappe.clear_last_message()
		frappe.msgprint(
			_("You need {0} permission to fetch values from {1} {2}").format(
				frappe.bold(_("Read")), frappe.bold(doctype), frappe.bold(docname)
			),
			title=_("Cannot Fetch Values"),
			indicator="orange",
		)
	return values


submit, cancel, rename_doc = (
	frappe.whitelist()(refused(f"frappe.client.{name}")) for name in ("submit", "cancel", "rename_doc")
)
