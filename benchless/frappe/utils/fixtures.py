"""Documents that come with an app: `<app>/fixtures/*.json`."""

import json
import os

import frappe

LEFT_OUT = ("owner", "creation", "modified_by", "idx", "__islocal", "__unsaved")


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


def export_fixtures(app=None) -> None:
	"""Write the documents that the apps' `fixtures` hooks name to their fixtures folders."""
	for one in [app] if app else frappe.get_installed_apps():
		for fixture in frappe.get_hooks("fixtures", app_name=one):
			wanted = fixture if isinstance(fixture, dict) else {"dt": fixture}
			export(
				one, wanted.get("doctype") or wanted["dt"], wanted.get("filters"), wanted.get("or_filters")
			)


def export(app: str, doctype: str, filters, or_filters) -> None:
	names = frappe.get_all(
		doctype, filters=filters, or_filters=or_filters, order_by="idx asc, creation asc", pluck="name"
	)
	documents = [exported(frappe.get_doc(doctype, name).as_dict()) for name in names]
	folder = frappe.get_app_path(app, "fixtures")
	os.makedirs(folder, exist_ok=True)
	with open(os.path.join(folder, f"{frappe.scrub(doctype)}.json"), "w") as file:
		file.write(frappe.as_json(documents, ensure_ascii=False) + "\n")


def exported(values: dict) -> dict:
	kept = {key: value for key, value in values.items() if key not in LEFT_OUT}
	for rows in kept.values():
		for row in rows if isinstance(rows, list) else ():
			for key in (*LEFT_OUT, "name", "docstatus", "doctype", "modified"):
				row.pop(key, None)
	return kept
