"""`frappe.get_list` and `frappe.get_all`."""

import json

import frappe
import frappe.permissions
from frappe._api.unsupported import refuse, refuse_options
from frappe.model import default_fields, optional_fields, table_fields
from frappe.model.query_conditions import condition
from frappe.model.query_fields import SelectedField, check_order_or_group, parse_field
from frappe.utils import cint, make_filter_tuple

AGGREGATES = ("count(", "min(", "max(", "sum(", "avg(")
DEFAULT_ORDER = "KEEP_DEFAULT_ORDERING"


class DatabaseQuery:
	"""One list query; `execute` builds and runs it."""

	def __init__(self, doctype, user=None):
		self.doctype = doctype
		self.user = user or frappe.session.user
		self.tables = [f"tab{doctype}"]
		self.joins: list[str] = []
		self.links: dict[str, tuple[str, str]] = {}

	def execute(
		self,
		fields=None,
		filters=None,
		or_filters=None,
		group_by=None,
		order_by=DEFAULT_ORDER,
		limit_start=0,
		limit_page_length=None,
		as_list=False,
		debug=False,
		ignore_permissions=False,
		user=None,
		distinct=False,
		start=None,
		page_length=None,
		limit=None,
		reference_doctype=None,
		run=True,
		pluck=None,
		*,
		parent_doctype=None,
		**unknown,
	):
		"""Rows as dicts (lists with `as_list`, one value with `pluck`).

		Raises PermissionError if the user may not read the DocType at all; rows that the user
		may not read are left out, and so are fields on permission levels the user lacks.
		"""
		refuse_options("frappe.get_list", unknown)
		self.user = user or frappe.session.user
		self.ignore_permissions = ignore_permissions
		if ignore_permissions and not frappe.db.table_exists(self.doctype):
			raise frappe.db.TableMissingError("DocType", self.doctype)
		self.meta = frappe.get_meta(self.doctype)
		self.parent_doctype = parent_doctype
		self.reference_doctype = reference_doctype or self.doctype
		self.check_read_permission(self.doctype, parent_doctype)
		fields, filters = in_order(fields, filters)
		selected = self.select(fields, pluck)
		conditions = self.conditions(filters, or_filters)
		selected = self.readable(selected)
		if not selected:
			return []
		query = self.build(selected, conditions, group_by, order_by, distinct)
		length = cint(limit or page_length or limit_page_length)
		query += f" limit {length} offset {cint(start or limit_start)}" if length else ""
		rows = frappe.db.sql(query, as_dict=not as_list, debug=debug, run=run)
		return [row[pluck] for row in rows] if pluck and run else rows

	def check_read_permission(self, doctype: str, parent_doctype: str | None = None) -> None:
		if not self.ignore_permissions:
			frappe.has_permission(
				doctype,
				self.permission_type(doctype),
				parent_doctype=parent_doctype or self.doctype,
				throw=True,
				user=self.user,
			)

	def permission_type(self, doctype: str) -> str:
		permissions = frappe.permissions.get_role_permissions(doctype, user=self.user)
		return "select" if permissions.get("select") and not permissions.get("read") else "read"

	def select(self, fields, pluck) -> list[SelectedField]:
		if not fields:
			fields = [pluck or "name"]
		if isinstance(fields, str):
			fields = fields_of_text(fields)
		if any(not isinstance(field, str) for field in fields if field):
			raise refuse("fields of frappe.get_list that are no texts")
		selected = [parse_field(field, self.doctype, self.join_of_field) for field in fields if field]
		for field in selected:
			for table, _column in field.columns:
				if table not in self.tables:
					self.join_child(table.removeprefix("tab"))
		existing = frappe.db.get_table_columns(self.doctype)
		return [
			f for f in selected if not any(c in optional_fields and c not in existing for _t, c in f.columns)
		]

	def join_of_field(self, fieldname: str) -> str:
		"""The table behind a link or child table field, joined once."""
		field = self.meta.get_field(fieldname)
		if not field:
			frappe.throw(f"Invalid field name {fieldname}", frappe.DataError)
		if field.fieldtype in table_fields:
			self.join_child(field.options)
			return f"tab{field.options}"
		if field.fieldtype != "Link":
			frappe.throw(f"{fieldname} is not a link", frappe.DataError)
		if fieldname not in self.links:
			self.check_read_permission(field.options)
			alias = f"tab{field.options}_{len(self.links) + 1}"
			self.links[fieldname] = (alias, field.options)
			self.tables.append(alias)
			self.joins.append(
				f"left join `tab{field.options}` `{alias}`"
				f" on `{alias}`.`name` = `tab{self.doctype}`.`{fieldname}`"
			)
		return self.links[fieldname][0]

	def join_child(self, doctype: str) -> None:
		table = f"tab{doctype}"
		if table in self.tables:
			return
		self.check_read_permission(doctype)
		self.tables.append(table)
		parenttype = frappe.db.escape(self.doctype, percent=False)
		self.joins.append(
			f"left join `{table}` on `{table}`.parenttype = {parenttype}"
			f" and `{table}`.parent = `tab{self.doctype}`.name"
		)

	def readable(self, selected: list[SelectedField]) -> list[SelectedField]:
		"""Without fields that the user may not read; `*` becomes the ones that may be."""
		if self.ignore_permissions:
			return selected
		out = []
		for field in selected:
			if field.columns and field.columns[0][1] == "*" and not field.is_call:
				permitted = sorted_like(self.meta.get_valid_columns(), self.permitted(f"tab{self.doctype}"))
				out += [parse_field(name, self.doctype, self.join_of_field) for name in permitted]
			elif all(column == "*" or column in self.permitted(table) for table, column in field.columns):
				out.append(field)
		return out

	def permitted(self, table: str) -> set[str]:
		linked = {alias: doctype for alias, doctype in self.links.values()}
		doctype = linked.get(table, table.removeprefix("tab"))
		meta = frappe.get_meta(doctype)
		parent = self.parent_doctype if doctype == self.doctype else self.doctype
		names = meta.get_permitted_fieldnames(
			parenttype=parent, user=self.user, permission_type=self.permission_type(doctype)
		)
		standard = [*default_fields[1:], *optional_fields]
		return {*names, *standard, *(("parent", "parenttype", "parentfield") if meta.istable else ())}

	def conditions(self, filters, or_filters) -> list[str]:
		found = self.filter_conditions(filters)
		alternatives = self.filter_conditions(or_filters)
		if alternatives:
			found.append(f"({' or '.join(alternatives)})")
		if not self.ignore_permissions and (match := self.build_match_conditions()):
			found.append(f"({match})")
		return found

	def filter_conditions(self, filters) -> list[str]:
		if isinstance(filters, str):
			filters = json.loads(filters)
		if isinstance(filters, dict):
			filters = [make_filter_tuple(self.doctype, key, value) for key, value in filters.items()]
		if filters and any(isinstance(entry, str) for entry in filters):
			raise refuse("SQL texts as filters of frappe.get_list")
		return [condition(self.doctype, entry, self.join_child) for entry in filters or []]

	def build_match_conditions(self) -> str:
		"""What roles, ownership, User Permissions and the apps' hooks leave of the rows."""
		permissions = frappe.permissions.get_role_permissions(self.meta, user=self.user)
		parts = []
		if not (self.meta.istable or permissions.get("select") or permissions.get("read")):
			shared = frappe.permissions.shared_with(self.doctype, self.user)
			if not shared:
				frappe.throw(f"No permission to read {self.doctype}", frappe.PermissionError)
			names = ", ".join(frappe.db.escape(name, percent=False) for name in shared)
			parts.append(f"`tab{self.doctype}`.name in ({names})")
		elif requires_owner_constraint(permissions):
			parts.append(f"`tab{self.doctype}`.`owner` = {frappe.db.escape(self.user, percent=False)}")
		else:
			parts += self.user_permission_conditions()
		hooks = frappe.get_hooks("permission_query_conditions", {})
		for path in [*hooks.get(self.doctype, []), *hooks.get("*", [])]:
			if found := frappe.call(frappe.get_attr(path), self.user, doctype=self.doctype):
				parts.append(found)
		return " and ".join(parts)

	def user_permission_conditions(self) -> list[str]:
		by_doctype = frappe.permissions.get_user_permissions(self.user)
		if not by_doctype:
			return []
		is_strict = frappe.get_system_settings("apply_strict_user_permissions")
		name = frappe._dict(fieldname="name", options=self.doctype)
		conditions = []
		for field in [*self.meta.get_link_fields(), name]:
			if field.ignore_user_permissions or field.options not in by_doctype:
				continue
			context = self.reference_doctype if field.fieldname == "name" else self.doctype
			documents = frappe.permissions.get_allowed_docs_for_doctype(by_doctype[field.options], context)
			if documents:
				column = f"`tab{self.doctype}`.`{field.fieldname}`"
				values = ", ".join(frappe.db.escape(document, percent=False) for document in documents)
				empty = "" if is_strict else f"ifnull({column}, '') = '' or "
				conditions.append(f"({empty}{column} in ({values}))")
		return conditions

	def build(self, selected, conditions, group_by, order_by, distinct) -> str:
		columns = ", ".join(field.sql for field in selected)
		parts = [
			f"select {'distinct ' if distinct else ''}{columns}",
			f"from `tab{self.doctype}`",
			*self.joins,
		]
		if conditions:
			parts.append("where " + " and ".join(conditions))
		if group_by := check_order_or_group(group_by, self.tables):
			parts.append(f"group by {group_by}")
		order = "" if distinct else self.order(selected, order_by, group_by)
		if order := check_order_or_group(order, self.tables):
			parts.append(f"order by {order}")
		return " ".join(parts)

	def order(self, selected, order_by, group_by) -> str:
		if order_by != DEFAULT_ORDER:
			return order_by or ""
		is_aggregate = len(selected) == 1 and selected[0].expression.lower().startswith(AGGREGATES)
		if is_aggregate and not group_by:
			return ""
		return get_order_by(self.doctype, self.meta)


def get_order_by(doctype, meta) -> str:
	"""The DocType's own sorting, newest change first without one."""
	if meta.sort_field and "," in meta.sort_field:
		parts = [part.split() for part in meta.sort_field.split(",")]
		return ", ".join(f"`tab{doctype}`.`{part[0]}` {part[1]}" for part in parts)
	direction = (meta.sort_field and meta.sort_order) or "desc"
	return f"`tab{doctype}`.`{meta.sort_field or 'modified'}` {direction}"


def in_order(fields, filters) -> tuple:
	"""Filters may come first, where fields are expected."""
	is_filters = isinstance(fields, dict) or (
		isinstance(fields, list) and fields and isinstance(fields[0], list)
	)
	return (filters, fields) if is_filters else (fields, filters)


def fields_of_text(fields: str) -> list[str]:
	try:
		return json.loads(fields)
	except ValueError:
		return ["*"] if fields == "*" else [field.strip() for field in fields.split(",")]


def sorted_like(order: list[str], names: set[str]) -> list[str]:
	return [name for name in order if name in names]


def requires_owner_constraint(permissions) -> bool:
	"""Whether reading is only left to a document's owner."""
	own = permissions.get("if_owner")
	if not permissions.get("has_if_owner_enabled") or not own:
		return False
	return not any(permissions.get(right) and right not in own for right in ("select", "read"))
