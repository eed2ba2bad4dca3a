"""REST: /api/method/<dotted path> and /api/resource/<DocType>[/<name>]."""

import json

import frappe
import frappe.client
import frappe.handler
from frappe import _
from frappe.utils import sbool
from werkzeug.routing import Rule


def handle_rpc_call(method: str):
	frappe.form_dict.cmd = method.split("/")[0]
	return frappe.handler.handle()


def document_list(doctype: str):
	form = frappe.form_dict
	if form.get("fields"):
		form["fields"] = json.loads(form["fields"])
	form.setdefault("limit_page_length", form.limit or form.limit_page_length or 20)
	for name in ("as_dict", "debug"):
		if form.get(name) is not None:
			form[name] = sbool(form[name])
	return frappe.call(frappe.client.get_list, doctype, **form)


def create_doc(doctype: str):
	data = request_data()
	data.pop("doctype", None)
	return frappe.new_doc(doctype, **data).insert()


def read_doc(doctype: str, name: str):
	if "run_method" in frappe.form_dict:
		return execute_doc_method(doctype, name)
	doc = frappe.get_doc(doctype, name)
	if not doc.has_permission("read"):
		raise frappe.PermissionError
	doc.apply_fieldlevel_read_permissions()
	return doc


def update_doc(doctype: str, name: str):
	data = request_data()
	doc = frappe.get_doc(doctype, name, for_update=True)
	data.pop("flags", None)
	doc.update(data)
	doc.save()
	if doc.get("parenttype"):
		frappe.get_doc(doc.parenttype, doc.parent).save()
	return doc


def delete_doc(doctype: str, name: str):
	frappe.delete_doc(doctype, name, ignore_missing=False)
	frappe.response.http_status_code = 202
	return "ok"


def execute_doc_method(doctype: str, name: str, method: str | None = None):
	method = method or frappe.form_dict.pop("run_method")
	doc = frappe.get_doc(doctype, name)
	doc.is_whitelisted(method)
	if not doc.has_permission("read" if frappe.request.method == "GET" else "write"):
		frappe.throw(_("Not permitted"), frappe.PermissionError)
	return doc.run_method(method, **frappe.form_dict)


def request_data() -> dict:
	"""The document's fields: the `data` field, else the body as JSON, else the form."""
	data = frappe.form_dict.data
	if data is None:
		data = frappe.safe_decode(frappe.request.get_data())
	try:
		return frappe.parse_json(data)
	except ValueError:
		return frappe.form_dict


def url_rules() -> list[Rule]:
	"""Fresh rules on each call: a rule belongs to one map."""
	document = "/resource/<doctype>/<path:name>/"
	return [
		Rule("/method/<path:method>", endpoint=handle_rpc_call),
		Rule("/resource/<doctype>", methods=["GET"], endpoint=document_list),
		Rule("/resource/<doctype>", methods=["POST"], endpoint=create_doc),
		Rule(document, methods=["GET"], endpoint=read_doc),
		Rule(document, methods=["PUT"], endpoint=update_doc),
		Rule(document, methods=["DELETE"], endpoint=delete_doc),
		Rule(document, methods=["POST"], endpoint=execute_doc_method),
	]
