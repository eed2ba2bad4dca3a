"""Deleting documents."""

import frappe
from frappe.model.naming import revert_series


def delete_doc(
	doctype=None,
	name=None,
	force=0,
	ignore_permissions=False,
	flags=None,
	ignore_on_trash=False,
	ignore_missing=True,
	delete_permanently=False,
):
	"""Delete a document with its child rows; returns False if it is gone already.

	LinkExistsError (unless forced) while others link to it. Order: permission, on_trash,
	on_change, link check, DELETE, after_delete.
	"""
	if not frappe.db.exists(doctype, name):
		if not ignore_missing:
			raise frappe.DoesNotExistError
		return False
	document = locked_document(doctype, name)
	document.flags.update(flags or {})
	if ignore_permissions:
		document.flags.ignore_permissions = ignore_permissions
	delete_one(document, force, ignore_on_trash)
	return None


def locked_document(doctype: str, name: str):
	try:
		frappe.db.get_value(doctype, name, for_update=True, wait=False)
	except frappe.QueryTimeoutError:
		message = (
			"This document can not be deleted right now as it's being modified by another user. "
			"Please try again after some time."
		)
		frappe.throw(message, exc=frappe.QueryTimeoutError)
	return frappe.get_doc(doctype, name)


def delete_one(document, force, ignore_on_trash) -> None:
	doctype, name = document.doctype, document.name
	frappe.db.delete("__Auth", {"doctype": doctype, "name": name})
	check_permission(document)
	if not ignore_on_trash:
		document.run_method("on_trash")
		document.flags.in_delete = True
		document.run_method("on_change")
	if not force:
		check_if_doc_is_linked(document)
		check_if_doc_is_dynamically_linked(document)
	revert_series(document)
	delete_rows(document)
	document.run_method("after_delete")
	remove_attachments(doctype, name)
	delete_dynamic_links(doctype, name)
	document.clear_cache()
	if not frappe.flags.in_patch:
		document.notify_update()
		note_deletion(document)


def note_deletion(document) -> None:
	"""A Comment that says who deleted what, unless the controller sets `no_feed_on_delete`."""
	in_setup = frappe.flags.in_install or frappe.flags.in_import
	if in_setup or getattr(document, "no_feed_on_delete", False):
		return
	frappe.get_doc(
		{
			"doctype": "Comment",
			"comment_type": "Deleted",
			"reference_doctype": document.doctype,
			"subject": f"{document.doctype} {document.name}",
		}
	).insert(ignore_permissions=True)


def check_permission(document) -> None:
	if document.flags.ignore_permissions or frappe.session.user == "Administrator":
		return
	if not document.has_permission("delete"):
		message = f"User not allowed to delete {document.doctype}: {document.name}"
		frappe.msgprint(message, raise_exception=frappe.PermissionError)


def delete_rows(document) -> None:
	if document.meta.issingle:
		frappe.db.delete("Singles", {"doctype": document.doctype})
	else:
		frappe.db.delete(document.doctype, {"name": document.name})
	for child in {field.options for field in document.meta.get_table_fields()}:
		frappe.db.delete(child, {"parenttype": document.doctype, "parent": document.name})


def fields_linking_to(doctype: str) -> list:
	return frappe.db.sql(
		"select f.parent, f.fieldname, d.issingle, d.istable from `tabDocField` f"
		" join `tabDocType` d on d.name = f.parent where f.fieldtype = 'Link' and f.options = %s",
		doctype,
		as_dict=True,
	)


def check_if_doc_is_linked(doc, method="Delete") -> None:
	ignored = set(frappe.get_hooks("ignore_links_on_delete"))
	for link in fields_linking_to(doc.doctype):
		if link.parent in ignored:
			continue
		if link.issingle:
			if frappe.db.get_single_value(link.parent, link.fieldname) == doc.name:
				raise_link_exists(doc, link.parent, link.parent)
			continue
		check_rows(doc, link, {link.fieldname: doc.name}, ignored)


def check_if_doc_is_dynamically_linked(doc, method="Delete") -> None:
	ignored = set(frappe.get_hooks("ignore_links_on_delete"))
	links = frappe.db.sql(
		"select f.parent, f.fieldname, f.options, d.istable from `tabDocField` f"
		" join `tabDocType` d on d.name = f.parent where f.fieldtype = 'Dynamic Link' and d.issingle = 0",
		as_dict=True,
	)
	for link in links:
		if link.parent not in ignored:
			check_rows(doc, link, {link.options: doc.doctype, link.fieldname: doc.name}, ignored)


def check_rows(doc, link, filters: dict, ignored: set[str]) -> None:
	columns = ["name", *(("parent", "parenttype") if link.istable else ())]
	for row in frappe.db.get_values(link.parent, filters, columns, as_dict=True):
		doctype = (link.istable and row.parenttype) or link.parent
		name = (link.istable and row.parent) or row.name
		is_itself = link.parent == doc.doctype and name == doc.name
		if doctype not in ignored and not is_itself:
			raise_link_exists(doc, doctype, name)


def raise_link_exists(doc, doctype: str, name: str) -> None:
	if doc.meta.has_field("enabled") or doc.meta.has_field("disabled"):
		message = f"You can disable this {doc.doctype} instead of deleting it."
	else:
		this, other = (
			f'<a href="/app/Form/{one}/{its_name}">{its_name}</a>'
			for one, its_name in ((doc.doctype, doc.name), (doctype, name))
		)
		shown = "" if doctype == name else doctype
		message = f"Cannot delete or cancel because {doc.doctype} {this} is linked with {shown} {other} "
	frappe.throw(message, frappe.LinkExistsError)


def remove_attachments(doctype: str, name: str) -> None:
	filters = {"attached_to_doctype": doctype, "attached_to_name": name}
	for file in frappe.get_all("File", filters=filters, pluck="name") if doctype != "File" else ():
		delete_doc("File", file, ignore_permissions=True, force=1)


def delete_dynamic_links(doctype: str, name: str) -> None:
	"""Delete what only exists for this document."""
	frappe.db.delete("Comment", {"reference_doctype": doctype, "reference_name": name})
	frappe.db.delete("Notification Log", {"document_type": doctype, "document_name": name})
