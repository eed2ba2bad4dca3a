"""DocTypes of the contract's tests: custom ones, made at run time, so that the app ships none of them."""

from typing import Any

import frappe
from database import as_rows_are
from factories import make_doctype, remove_doctype

MANAGER = {
	"role": "System Manager",
	**dict.fromkeys(("read", "write", "create", "delete", "report", "export"), 1),
}


def member(*granted: str, **properties: int) -> dict:
	"""Rights of the members' role. Those that are not named are granted on a DocType made at run time."""
	rights = ("read", "write", "create", "delete", "report", "export", "share", "print", "email")
	return {"role": "Dartwing User", **{right: int(right in granted) for right in rights}, **properties}


GROUP, ITEM, LINE = "Contract Group", "Contract Item", "Contract Line"
OWNED, SERIAL, SETTINGS = "Contract Owned", "Contract Serial", "Contract Settings"
FORMATTED, PROMPTED = "Contract Formatted", "Contract Prompted"


def field(fieldname: str, fieldtype: str = "Data", **properties: Any) -> dict:
	return {
		"fieldname": fieldname,
		"fieldtype": fieldtype,
		"label": frappe.unscrub(fieldname),
		**properties,
	}


DEFINITIONS = {
	GROUP: {
		"autoname": "field:group_name",
		"fields": [field("group_name", reqd=1, unique=1), field("note", "Small Text")],
		"permissions": [MANAGER, member("read", "export")],
	},
	LINE: {
		"istable": 1,
		"fields": [field("text", reqd=1), field("amount", "Float"), field("group", "Link", options=GROUP)],
	},
	ITEM: {
		"autoname": "hash",
		"fields": [
			field("title", reqd=1),
			field("code", unique=1),
			field("status", "Select", options="Open\nClosed", default="Open"),
			field("group", "Link", options=GROUP),
			field("kind", "Link", options="DocType", ignore_user_permissions=1),
			field("count", "Int", search_index=1),
			field("weight", "Float", non_negative=1),
			field("price", "Currency"),
			field("share", "Percent"),
			field("is_active", "Check", default="1"),
			field("day", "Date"),
			field("moment", "Datetime"),
			field("duration", "Duration"),
			field("payload", "JSON"),
			field("note", "Small Text"),
			field("fixed", "Data", set_only_once=1),
			field("email", "Data", options="Email"),
			field("secret", "Password"),
			field("internal", "Data", permlevel=1),
			field("lines", "Table", options=LINE),
		],
		"permissions": [
			MANAGER,
			{**MANAGER, "permlevel": 1, "create": 0, "delete": 0, "report": 0, "export": 0},
			member("read", "write", "create"),
		],
	},
	OWNED: {
		"autoname": "hash",
		"fields": [field("title", in_list_view=1)],
		"permissions": [
			MANAGER,
			member("read", "write", "create", "delete", "export", if_owner=1),
		],
	},
	SERIAL: {"autoname": "CONTRACT-.YYYY.-.####", "fields": [field("title")], "permissions": [MANAGER]},
	FORMATTED: {
		"autoname": "format:{title}-{count}",
		"fields": [field("title"), field("count", "Int")],
		"permissions": [MANAGER],
	},
	PROMPTED: {"autoname": "prompt", "fields": [field("title")], "permissions": [MANAGER]},
	SETTINGS: {
		"issingle": 1,
		"fields": [field("limit", "Int", default="7"), field("title"), field("is_paused", "Check")],
		"permissions": [MANAGER],
	},
}


def create_doctypes() -> None:
	remove_doctypes()
	for name, definition in DEFINITIONS.items():
		make_doctype(name, **definition)


def remove_doctypes() -> None:
	"""Take away the DocTypes, their tables and all traces, also after a run that was killed."""
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for name in reversed(DEFINITIONS):
		remove_doctype(name)
	frappe.db.sql("delete from `tabSeries` where name like 'CONTRACT-%%'")
	frappe.db.commit()
	frappe.clear_cache()


@as_rows_are()
def empty_tables() -> None:
	"""Commits."""
	for name, definition in DEFINITIONS.items():
		if definition.get("issingle"):
			frappe.db.delete("Singles", {"doctype": name})
			frappe.clear_document_cache(name, name)
		else:
			frappe.db.delete(name)
	for table, column in (
		("User Permission", "allow"),
		("Version", "ref_doctype"),
		("Comment", "reference_doctype"),
		("Deleted Document", "deleted_doctype"),
	):
		if frappe.db.table_exists(table):
			frappe.db.delete(table, {column: ("like", "Contract %")})
	frappe.db.commit()
	frappe.cache.delete_value("user_permissions")
	frappe.db.value_cache.clear()


def group(name: str = "North", **values: Any) -> Any:
	return frappe.get_doc({"doctype": GROUP, "group_name": name, **values}).insert()


def item(title: str = "An item", **values: Any) -> Any:
	"""A new item, inserted."""
	return new_item(title, **values).insert()


def new_item(title: str = "An item", **values: Any) -> Any:
	return frappe.get_doc({"doctype": ITEM, "title": title, **values})


def titles(**options: Any) -> list[str]:
	"""Titles of all items in their order, whatever the user may read."""
	return frappe.get_all(ITEM, order_by="title asc", pluck="title", **options)


def count_over(connection: Any) -> int:
	"""How many items a connection sees."""
	return connection.sql(f"select count(*) from `tab{ITEM}`")[0][0]
