"""New documents with their defaults."""

import copy

import frappe
from frappe._api.unsupported import refuse
from frappe.model import data_fieldtypes
from frappe.permissions import default_of_user_permissions
from frappe.utils import cstr, now_datetime, nowdate, nowtime


def get_new_doc(doctype, parent_doc=None, parentfield=None, as_dict=False):
	"""A new document's values; those that depend on the moment are computed anew each time."""
	templates = frappe.local.new_doc_templates
	if doctype not in templates:
		templates[doctype] = make_new_doc(doctype)
	values = copy.deepcopy(templates[doctype])
	set_dynamic_default_values(values, parent_doc, parentfield)
	return values if as_dict else frappe.get_doc(values)


def make_new_doc(doctype):
	document = frappe.get_doc(
		{"doctype": doctype, "__islocal": 1, "owner": frappe.session.user, "docstatus": 0}
	)
	set_static_default_values(document)
	document._fix_numeric_types()
	values = document.get_valid_dict(sanitize=False)
	values["doctype"] = doctype
	values["__islocal"] = 1
	if not document.meta.issingle:
		values["__unsaved"] = 1
	return values


def set_static_default_values(document) -> None:
	defaults = frappe.defaults.get_defaults()
	for field in document.meta.fields:
		if field.fieldtype not in data_fieldtypes:
			continue
		value = None
		if field.fieldtype == "Link" and field.options != "User":
			value = default_of_user_permissions(field, document.doctype) or defaults.get(field.fieldname)
			if value and not frappe.db.exists(field.options, value):
				continue
		if value is None and field.fieldname != document.meta.title_field:
			value = static_default(field)
		if value is not None:
			document.set(field.fieldname, value)


def static_default(field):
	if field.default:
		if field.default == "__user":
			return frappe.session.user
		if field.default == "Today":
			return nowdate()
		return None if cstr(field.default).startswith(":") else field.default
	if field.fieldtype == "Select" and field.options:
		return field.options.split("\n", 1)[0]
	return None


def set_dynamic_default_values(values, parent_doc, parentfield) -> None:
	for field in frappe.get_meta(values["doctype"]).fields:
		default = cstr(field.default)
		if default.startswith(":"):
			raise refuse(f"the default {default!r} of {values['doctype']}.{field.fieldname}")
		if field.fieldtype == "Datetime" and default.lower() == "now":
			values[field.fieldname] = now_datetime()
		if field.fieldtype == "Time":
			values[field.fieldname] = nowtime()
	if parent_doc:
		values["parent"] = parent_doc.name
		values["parenttype"] = parent_doc.doctype
	if parentfield:
		values["parentfield"] = parentfield
