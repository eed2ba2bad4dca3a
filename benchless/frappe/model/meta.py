"""What a DocType is made of: `frappe.get_meta(doctype)`."""

import json

import frappe
from frappe._api.values import _dict, scrub
from frappe.model import (
	child_table_fields,
	data_fieldtypes,
	default_fields,
	no_value_fields,
	table_fields,
)
from frappe.model.selection import select

# these describe DocTypes themselves, so their own description comes from their files
SPECIAL_DOCTYPES = frozenset(("DocType", "DocField", "DocPerm", "Module Def"))
STANDARD_LABELS = {
	"name": "ID",
	"creation": "Created On",
	"docstatus": "Document Status",
	"idx": "Index",
	"modified": "Last Updated On",
	"modified_by": "Last Updated By",
	"owner": "Created By",
	"_user_tags": "Tags",
	"_liked_by": "Liked By",
	"_comments": "Comments",
	"_assign": "Assigned To",
}


def get_meta(doctype, cached=True) -> "Meta":
	"""The DocType's description; DoesNotExistError for one that is not installed."""
	if not isinstance(doctype, str):
		return Meta(doctype.as_dict())
	if cached and (known := frappe.cache.hget("doctype_meta", doctype)):
		return known
	meta = Meta(read_definition(doctype))
	frappe.cache.hset("doctype_meta", meta.name, meta)
	return meta


def read_definition(doctype: str) -> dict:
	if doctype in SPECIAL_DOCTYPES:
		return read_core_file(doctype)
	rows = frappe.db.sql("select * from `tabDocType` where name = %s", doctype, as_dict=True)
	if not rows:
		frappe.throw(f"DocType {doctype} not found", frappe.DoesNotExistError)
	for key, table in (("fields", "DocField"), ("permissions", "DocPerm")):
		rows[0][key] = frappe.db.sql(
			f"select * from `tab{table}` where parent = %s and parenttype = 'DocType' order by idx",
			rows[0].name,
			as_dict=True,
		)
	return rows[0]


def read_core_file(doctype: str) -> dict:
	name = scrub(doctype)
	with open(frappe.get_app_path("frappe", "core", "doctype", name, f"{name}.json")) as file:
		return json.load(file)


class Meta:
	"""A DocType's properties as attributes, its fields and permissions, and questions about them."""

	default_fields = list(default_fields)[1:]

	def __init__(self, definition: dict):
		self.properties = _dict({k: v for k, v in definition.items() if k not in ("fields", "permissions")})
		self.properties.doctype = "DocType"
		self.fields = [_dict(field, doctype="DocField") for field in definition["fields"]]
		self.permissions = [with_defaults(perm) for perm in definition.get("permissions", [])]
		for index, field in enumerate(self.fields, 1):
			field.update(parent=self.name, idx=index, permlevel=field.permlevel or 0)
		self._fields = {field.fieldname: field for field in self.fields}

	def __getattr__(self, name: str):
		if name.startswith("__") or name in ("properties", "_fields"):
			raise AttributeError(name)
		return self.__dict__["properties"].get(name)

	@property
	def name(self) -> str:
		return self.properties.name

	def get(self, key, filters=None, default=None):
		value = self.__dict__[key] if key in self.__dict__ else self.properties.get(key, default)
		return select(value, filters) if isinstance(filters, dict) else value

	def as_dict(self, no_nulls=False) -> dict:
		return {**self.properties, "fields": list(self.fields), "permissions": list(self.permissions)}

	def get_field(self, fieldname):
		return self._fields.get(fieldname)

	def has_field(self, fieldname) -> bool:
		return fieldname in self._fields

	def get_label(self, fieldname) -> str:
		if field := self.get_field(fieldname):
			return field.label
		return STANDARD_LABELS.get(fieldname, "No Label")

	def of_type(self, *fieldtypes: str) -> list[_dict]:
		return [field for field in self.fields if field.fieldtype in fieldtypes]

	def get_link_fields(self) -> list[_dict]:
		return self.of_type("Link")

	def get_dynamic_link_fields(self) -> list[_dict]:
		return self.of_type("Dynamic Link")

	def get_data_fields(self) -> list[_dict]:
		return self.of_type("Data")

	def get_phone_fields(self) -> list[_dict]:
		return self.of_type("Phone")

	def get_select_fields(self) -> list[_dict]:
		return self.of_type("Select")

	def get_table_fields(self) -> list[_dict]:
		return self.of_type(*table_fields)

	def get_set_only_once_fields(self) -> list[_dict]:
		standard = [
			_dict(fieldname="creation", fieldtype="Datetime"),
			_dict(fieldname="owner", fieldtype="Data"),
		]
		return [field for field in self.fields if field.set_only_once] + standard

	def get_fields_to_fetch(self, link_fieldname=None) -> list[_dict]:
		"""Fields whose value comes from the document that a link field names."""
		fetched = [
			field for field in self.fields if field.fetch_from and field.fieldtype not in no_value_fields
		]
		links = [link_fieldname] if link_fieldname else [field.fieldname for field in self.get_link_fields()]
		return [field for field in fetched if field.fetch_from.split(".", 1)[0] in links]

	def get_valid_columns(self) -> list[str]:
		columns = [*self.default_fields]
		columns += [field.fieldname for field in self.fields if field.fieldtype in data_fieldtypes]
		return columns + (list(child_table_fields) if self.istable else [])

	def get_fieldnames_with_value(self, with_field_meta=False, with_virtual_fields=False) -> list:
		fields = [
			field
			for field in self.fields
			if field.fieldtype not in no_value_fields and (with_virtual_fields or not field.is_virtual)
		]
		return fields if with_field_meta else [field.fieldname for field in fields]

	def get_search_fields(self) -> list[str]:
		fields = [field.strip() for field in (self.search_fields or "name").split(",")]
		return fields if "name" in fields else [*fields, "name"]

	def get_title_field(self) -> str:
		return self.title_field or ("title" if self.has_field("title") else "name")

	def get_high_permlevel_fields(self) -> list[_dict]:
		return [field for field in self.fields if field.permlevel > 0]

	def get_permissions(self, parenttype=None) -> list[_dict]:
		return get_meta(parenttype).permissions if self.istable and parenttype else self.permissions

	def get_permlevel_access(self, permission_type="read", parenttype=None, *, user=None) -> list[int]:
		roles = frappe.get_roles(user)
		granting = [p for p in self.get_permissions(parenttype) if p.role in roles and p.get(permission_type)]
		return list(dict.fromkeys(permission.permlevel for permission in granting))

	def get_permitted_fieldnames(
		self, parenttype=None, *, user=None, permission_type="read", with_virtual_fields=True
	) -> list[str]:
		"""Fields on permission levels that the user has."""
		if self.istable and not parenttype:
			return []
		if permission_type == "select":
			return self.get_search_fields()
		if not self.get_permissions(parenttype=parenttype):
			return self.get_fieldnames_with_value()
		levels = self.get_permlevel_access(permission_type or "read", parenttype, user=user)
		return [
			field.fieldname for field in self.get_fieldnames_with_value(True) if field.permlevel in levels
		]

	def is_nested_set(self) -> bool:
		return self.has_field("lft") and self.has_field("rgt")


def with_defaults(permission: dict) -> _dict:
	return _dict(permission, permlevel=permission.get("permlevel") or 0)
