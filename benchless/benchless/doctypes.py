"""DocType files of an app as rows and tables of the site."""

import hashlib
import importlib
import json
from pathlib import Path

import frappe
from frappe._api.unsupported import refuse
from frappe.database.schema import sync_table
from frappe.model.controllers import load_doctype_module
from frappe.utils import now

# these must be there before any other DocType can be described
FIRST = ("DocType", "DocField", "DocPerm", "DefaultValue", "Module Def")
UNSUPPORTED = ("is_submittable", "is_virtual", "is_tree")
# what only Desk uses, and what describes the file itself
NOT_STORED = {
	*("doctype", "name", "fields", "permissions", "field_order", "actions", "links", "states", "idx"),
	*("creation", "modified", "modified_by", "owner", "docstatus", "grid_page_length", "row_format"),
	*("rows_threshold_for_grid_search", "__islocal", "__unsaved", "sitemap_change_frequency"),
	*("has_custom_permission", "protect_attached_files", "recipient_account_field", "indexes"),
}


def sync_app(app: str) -> list[str]:
	"""Bring the site's DocTypes to the state of the app's files; returns the changed ones."""
	changed = []
	for path in doctype_files(app):
		definition = json.loads(path.read_text())
		digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
		if digest != stored_digest(definition["name"]):
			sync_doctype(definition, digest)
			changed.append(definition["name"])
	return changed


def doctype_files(app: str) -> list[Path]:
	"""`<module>/doctype/<name>/<name>.json`, child tables before what contains them."""
	folder = Path(importlib.import_module(app).__file__).parent
	paths = []
	for module in frappe.get_module_list(app):
		for path in sorted((folder / frappe.scrub(module) / "doctype").glob("*/*.json")):
			if path.stem == path.parent.name:
				paths.append(path)
	return sorted(paths, key=importance)


def importance(path: Path) -> tuple:
	definition = json.loads(path.read_text())
	name = definition["name"]
	return (FIRST.index(name) if name in FIRST else len(FIRST), not definition.get("istable"), str(path))


def stored_digest(doctype: str) -> str | None:
	if "tabDocType" not in frappe.db.get_tables(cached=False):
		return None
	rows = frappe.db.sql("select migration_hash from `tabDocType` where name = %s", doctype)
	return rows[0][0] if rows else None


def sync_doctype(definition: dict, digest: str) -> None:
	"""Table, description and `on_doctype_update()` of one DocType. Commits."""
	check(definition)
	name = definition["name"]
	fields = in_field_order(definition)
	sync_table(frappe.model.meta.Meta({**definition, "fields": fields}))
	if name in FIRST and "tabDocPerm" not in frappe.db.get_tables(cached=False):
		return
	store(definition, fields, digest)
	frappe.clear_cache(doctype=name)
	frappe.controllers.get(frappe.local.site, {}).pop(name, None)
	frappe.db.commit()
	module = load_doctype_module(name, definition["module"])
	if module and "on_doctype_update" in vars(module):
		module.on_doctype_update()
	frappe.db.commit()


def check(definition: dict) -> None:
	"""Refuse what benchless would otherwise silently do without."""
	name = definition["name"]
	for key in UNSUPPORTED:
		if definition.get(key):
			raise refuse(f"{key} of DocType {name}")
	known = known_keys("DocType") | NOT_STORED
	for key in set(definition) - known:
		raise refuse(f"the key {key!r} in the file of DocType {name}")
	for field in definition["fields"]:
		for key in set(field) - known_keys("DocField") - {"idx", "name", "doctype", "parent"}:
			raise refuse(f"the key {key!r} of field {name}.{field['fieldname']}")


def known_keys(doctype: str) -> set[str]:
	return {field["fieldname"] for field in frappe.model.meta.read_core_file(doctype)["fields"]}


def in_field_order(definition: dict) -> list[dict]:
	order = {name: index for index, name in enumerate(definition.get("field_order") or [])}
	return sorted(definition["fields"], key=lambda field: order.get(field["fieldname"], len(order)))


def store(definition: dict, fields: list[dict], digest: str) -> None:
	name = definition["name"]
	moment = definition.get("modified") or now()
	stamp = {"creation": moment, "modified": moment, "owner": "Administrator", "modified_by": "Administrator"}
	values = {key: value for key, value in definition.items() if key not in NOT_STORED}
	frappe.db.delete("DocType", {"name": name})
	insert("DocType", {**values, **stamp, "name": name, "migration_hash": digest})
	for table, rows, key in (
		("DocField", fields, "fields"),
		("DocPerm", definition.get("permissions", []), "permissions"),
	):
		frappe.db.delete(table, {"parent": name, "parenttype": "DocType"})
		for index, row in enumerate(rows, 1):
			parent = {"parent": name, "parenttype": "DocType", "parentfield": key, "idx": index}
			hidden = ("doctype", "name", "idx", "parent")
			own = {column: value for column, value in row.items() if column not in hidden}
			insert(
				table,
				{
					**permission_defaults(table),
					**own,
					**parent,
					**stamp,
					"name": frappe.generate_hash(length=10),
				},
			)


def permission_defaults(table: str) -> dict:
	"""A right that a file does not name is not granted."""
	if table != "DocPerm":
		return {}
	return {key: 0 for key in known_keys("DocPerm") - {"role"}}


def insert(table: str, values: dict) -> None:
	columns = ", ".join(f"`{column}`" for column in values)
	marks = ", ".join(["%s"] * len(values))
	frappe.db.sql(f"insert into `tab{table}` ({columns}) values ({marks})", list(values.values()))
