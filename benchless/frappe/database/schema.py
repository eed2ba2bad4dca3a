"""Tables for DocTypes: columns, defaults and indexes as Frappe v15 makes them on MariaDB."""

import re

import frappe
from frappe._api.unsupported import refuse
from frappe.database.columns import column_type
from frappe.utils import cint, cstr, flt

TABLE_OPTIONS = "ROW_FORMAT=DYNAMIC CHARACTER SET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
NOT_INDEXABLE = ("text", "longtext", "json")
VARCHAR = re.compile(r"varchar\((\d+)\)")
SYSTEM_TABLES = {
	"tabSeries": "`name` varchar(100) primary key, `current` int(10) not null default 0",
	"tabSessions": (
		"`user` varchar(255), `sid` varchar(255), `sessiondata` longtext, `ipaddress` varchar(16),"
		" `lastupdate` datetime(6), `status` varchar(20), key `sid` (`sid`)"
	),
	"tabSingles": (
		"`doctype` varchar(255), `field` varchar(255), `value` longtext,"
		" key `singles_doctype_field_index` (`doctype`, `field`)"
	),
	"__Auth": (
		"`doctype` varchar(140) not null, `name` varchar(255) not null, `fieldname` varchar(140) not null,"
		" `password` text not null, `encrypted` int(1) not null default 0,"
		" primary key (`doctype`, `name`, `fieldname`)"
	),
}


def create_system_tables() -> None:
	for name, definition in SYSTEM_TABLES.items():
		frappe.db.sql_ddl(f"create table if not exists `{name}` ({definition}) ENGINE=InnoDB {TABLE_OPTIONS}")


def sync_table(meta) -> None:
	"""Create the DocType's table or change it: new columns, types, defaults, indexes. Commits.

	Columns are never dropped, and a text is never shortened below what is stored.
	"""
	if meta.is_virtual:
		raise refuse("virtual DocTypes")
	if meta.issingle:
		return
	if f"tab{meta.name}" in frappe.db.get_tables(cached=False):
		alter_table(meta)
	else:
		create_table(meta)
	frappe.cache.hdel("table_columns", f"tab{meta.name}")
	frappe.cache.delete_value("db_tables")


def fields_with_columns(meta) -> list:
	fields = [field for field in meta.get_fieldnames_with_value(with_field_meta=True) if not field.is_virtual]
	names = [] if meta.istable else [*frappe.db.OPTIONAL_COLUMNS, *(["_seen"] if meta.track_seen else [])]
	return fields + [frappe._dict(fieldname=name, fieldtype="Text") for name in names]


def create_table(meta) -> None:
	parts = [
		"name varchar(140) primary key",
		"creation datetime(6), modified datetime(6), modified_by varchar(140), owner varchar(140)",
		"docstatus int(1) not null default 0, idx int(8) not null default 0",
	]
	fields = [
		field for field in fields_with_columns(meta) if field.fieldname not in frappe.db.DEFAULT_COLUMNS
	]
	parts += [f"`{field.fieldname}` {definition(field)}" for field in fields]
	parts += [
		f"index `{field.fieldname}`(`{field.fieldname}`)"
		for field in fields
		if field.search_index and not field.unique and is_indexable(field)
	]
	if meta.istable:
		parts += [f"{name} varchar(140)" for name in ("parent", "parentfield", "parenttype")]
		parts.append("index parent(parent)")
	else:
		parts.append("index modified(modified)")
	engine = meta.engine or "InnoDB"
	frappe.db.sql_ddl(f"create table `tab{meta.name}` ({', '.join(parts)}) ENGINE={engine} {TABLE_OPTIONS}")


def is_indexable(field) -> bool:
	return column_type(field.fieldtype) not in NOT_INDEXABLE


def definition(field, for_change=False) -> str:
	"""The column's type, default and uniqueness."""
	column = column_type(field.fieldtype, cint(field.length))
	if field.fieldtype in ("Check", "Int"):
		column += f" not null default {cint(field.default)}"
	elif field.fieldtype in ("Currency", "Float", "Percent"):
		column += f" not null default {flt(field.default)}"
	elif has_static_default(field):
		column += f" default {frappe.db.escape(field.default, percent=False)}"
	if field.unique and not for_change and is_indexable(field):
		column += " unique"
	return column


def has_static_default(field) -> bool:
	text = cstr(field.default)
	return bool(text) and text not in frappe.db.DEFAULT_SHORTCUTS and not text.startswith(":")


def alter_table(meta) -> None:
	table = f"tab{meta.name}"
	present = {row.Field.lower(): row for row in frappe.db.sql(f"describe `{table}`", as_dict=True)}
	changes: list[str] = []
	for field in fields_with_columns(meta):
		column = present.get(field.fieldname.lower())
		if column:
			changes += column_changes(table, field, column) + index_changes(table, field)
		else:
			changes.append(f"ADD COLUMN `{field.fieldname}` {definition(field)}")
			if field.search_index and not field.unique and is_indexable(field):
				changes.append(f"ADD INDEX `{field.fieldname}_index`(`{field.fieldname}`)")
	if changes:
		frappe.db.sql_ddl(f"ALTER TABLE `{table}` {', '.join(changes)}")


def column_changes(table: str, field, column) -> list[str]:
	wanted = column_type(field.fieldtype, cint(field.length))
	actual = "json" if wanted == "json" and column.Type == "longtext" else column.Type
	if would_truncate(table, field, actual, wanted):
		field.length = int(VARCHAR.fullmatch(actual)[1])
		wanted = actual
	if actual == wanted and not default_differs(field, column.Default):
		return []
	return [f"MODIFY `{field.fieldname}` {definition(field, for_change=True)}"]


def would_truncate(table: str, field, actual: str, wanted: str) -> bool:
	was, will_be = VARCHAR.fullmatch(actual), VARCHAR.fullmatch(wanted)
	if not (was and will_be and int(will_be[1]) < int(was[1])):
		return False
	longest = frappe.db.sql(f"select max(char_length(`{field.fieldname}`)) from `{table}`")[0][0]
	return bool(longest) and longest > int(will_be[1])


def default_differs(field, actual) -> bool:
	if field.fieldtype in ("Check", "Int"):
		return cint(actual) != cint(field.default)
	if field.fieldtype in ("Currency", "Float", "Percent"):
		return flt(actual) != flt(field.default)
	return (actual or None) != (cstr(field.default) if has_static_default(field) else None)


def index_changes(table: str, field) -> list[str]:
	if not is_indexable(field):
		return []
	name = field.fieldname
	changes = []
	unique = frappe.db.get_column_index(table, name, unique=True)
	plain = frappe.db.get_column_index(table, name, unique=False)
	if field.unique and not unique:
		changes.append(f"ADD UNIQUE INDEX IF NOT EXISTS `{name}` (`{name}`)")
	elif unique and not field.unique:
		changes.append(f"DROP INDEX `{unique.Key_name}`")
	if field.search_index and not plain and not field.unique:
		changes.append(f"ADD INDEX `{name}_index`(`{name}`)")
	elif plain and not field.search_index:
		changes.append(f"DROP INDEX `{plain.Key_name}`")
	return changes
