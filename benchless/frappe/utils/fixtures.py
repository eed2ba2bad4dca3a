"""Documents that come with an app: `<app>/fixtures/*.json`."""

import json
import os

import frappe


def sync_fixtures(app=None) -> None:
	"""Import the fixtures of an app, or of all; documents that are there are replaced."""
	frappe.flags.in_fixtures = True
	try:
		for one in [app] if app else frappe.get_installed_apps():
			folder = frappe.get_app_path(one, "fixtures")
			for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
				if name.endswith(".json"):
					import_file(os.path.join(folder, name))
	finally:
		frappe.flags.in_fixtures = False


def import_file(path: str) -> None:
	with open(path) as file:
		documents = json.load(file)
	try:
		for values in documents if isinstance(documents, list) else [documents]:
			import_document(values)
	except (ImportError, frappe.DoesNotExistError) as error:
		print(f"Skipping fixture syncing from the file {os.path.basename(path)}. Reason: {error}")
	frappe.db.commit()


def import_document(values: dict) -> None:
	"""Insert as it is written: without defaults, its own name and time of change kept."""
	frappe.flags.in_import = True
	try:
		document = frappe.get_doc({**values, "__islocal": 1})
		modified = values.get("modified")
		if frappe.db.exists(document.doctype, document.name):
			remove_rows(document)
		document.flags.ignore_links = True
		document.flags.ignore_version = True
		document.insert()
		if modified and not document.meta.issingle:
			frappe.db.set_value(document.doctype, document.name, "modified", modified, update_modified=False)
	finally:
		frappe.flags.in_import = False


def remove_rows(document) -> None:
	frappe.db.delete(document.doctype, {"name": document.name})
	for field in document.meta.get_table_fields():
		frappe.db.delete(field.options, {"parenttype": document.doctype, "parent": document.name})
