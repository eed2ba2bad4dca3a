"""A document's values: fields, child tables, and their plain-data forms."""
# this module is where apps import these names from

import datetime
import json
import weakref
from functools import cached_property

import frappe
from frappe._api.unsupported import refuse
from frappe._api.values import _dict
from frappe.model import datetime_fields, default_fields, float_like_fields, table_fields
from frappe.utils import cint, cstr, flt

INTERNAL_KEYS = ("_user_tags", "__islocal", "__onload", "_liked_by", "__run_link_triggers", "__unsaved")


class BaseDocument:
	_reserved_keywords = frozenset(
		("doctype", "meta", "flags", "parent_doc", "_doc_before_save", "_table_fieldnames")
	)

	def __init__(self, d):
		if d.get("doctype"):
			self.doctype = d["doctype"]
		self._table_fieldnames = {field.fieldname for field in self.meta.get_table_fields()}
		self.update(d)
		if hasattr(self, "__setup__"):
			self.__setup__()

	@cached_property
	def meta(self):
		return frappe.get_meta(self.doctype)

	def __getstate__(self):
		"""Without what every process finds again for itself."""
		left_out = ("meta", "_parent_doc")
		return {key: value for key, value in self.__dict__.items() if key not in left_out}

	def update(self, d):
		if "name" in d:
			# child rows refer to it
			self.name = d["name"]
		as_value = bool(hasattr(self, "flags") and self.flags.ignore_children)
		for key, value in d.items():
			self.set(key, value, as_value=as_value)
		return self

	def update_if_missing(self, d) -> None:
		values = d.get_valid_dict() if isinstance(d, BaseDocument) else d
		for key, value in values.items():
			if value is not None and self.get(key) is None:
				self.set(key, value)

	def get(self, key, default=None):
		if isinstance(key, dict) or (isinstance(default, dict) and default):
			raise refuse("filters in Document.get")
		return self.__dict__.get(key, default)

	def set(self, key, value, as_value=False) -> None:
		if key in self._reserved_keywords:
			return
		if as_value or key not in self._table_fieldnames:
			self.__dict__[key] = value
			return
		self.__dict__[key] = []
		if value:
			self.extend(key, value)

	def append(self, key: str, value=None):
		"""Add a row to a child table; returns the row's document."""
		row = self._init_child({} if value is None else value, key)
		if self.__dict__.get(key) is None:
			self.__dict__[key] = []
		self.__dict__[key].append(row)
		row._parent_doc = weakref.ref(self)
		return row

	def extend(self, key, value) -> None:
		for row in value:
			self.append(key, row)

	def remove(self, doc) -> None:
		"""Take a row out of its child table and count the others anew."""
		if not doc.get("parentfield"):
			return
		rows = self.get(doc.parentfield)
		rows.remove(doc)
		for index, row in enumerate(rows, 1):
			row.idx = index

	@property
	def parent_doc(self):
		reference = self.__dict__.get("_parent_doc")
		return reference and reference()

	def _init_child(self, value, key):
		if not isinstance(value, BaseDocument):
			value["doctype"] = self.get_table_field_doctype(key)
			value = frappe.get_doc(value)
		value.parent = self.name
		value.parenttype = self.doctype
		value.parentfield = key
		if value.get("docstatus") is None:
			value.docstatus = 0
		if not getattr(value, "idx", None):
			value.idx = len(self.__dict__.get(key) or []) + 1
		if not getattr(value, "name", None):
			value.__dict__["__islocal"] = 1
		return value

	def get_table_field_doctype(self, fieldname) -> str:
		field = self.meta.get_field(fieldname)
		if not field:
			raise AttributeError(fieldname)
		return field.options

	def get_all_children(self) -> list:
		tables = self.meta.get_table_fields()
		return [row for field in tables for row in self.get(field.fieldname) or []]

	def get_valid_columns(self) -> list[str]:
		return self.meta.get_valid_columns()

	def init_child_tables(self) -> None:
		for fieldname in self._table_fieldnames:
			if self.__dict__.get(fieldname) is None:
				self.__dict__[fieldname] = []

	def init_valid_columns(self) -> None:
		for key in (*default_fields, *self.get_valid_columns()):
			self.__dict__.setdefault(key, None)
		if self.__dict__["docstatus"] is None:
			self.docstatus = 0
		if self.__dict__["idx"] is None:
			self.__dict__["idx"] = 0

	def is_new(self) -> bool:
		return self.get("__islocal")

	def get_valid_dict(self, sanitize=True, convert_dates_to_str=False, ignore_nulls=False) -> _dict:
		"""The values of the table's columns, as the database wants them."""
		values = _dict()
		for fieldname in self.meta.get_valid_columns():
			value = self.__dict__.get(fieldname)
			field = self.meta.get_field(fieldname)
			if field and (sanitize or value is not None):
				value = database_value(field, value)
			if convert_dates_to_str and isinstance(value, datetime.date | datetime.time | datetime.timedelta):
				value = str(value)
			if value is not None or not ignore_nulls:
				values[fieldname] = value
		return values

	def as_dict(self, no_nulls=False, convert_dates_to_str=False) -> _dict:
		options = {"no_nulls": no_nulls, "convert_dates_to_str": convert_dates_to_str}
		out = self.get_valid_dict(convert_dates_to_str=convert_dates_to_str, ignore_nulls=no_nulls)
		out["doctype"] = self.doctype
		for fieldname in self._table_fieldnames:
			out[fieldname] = [row.as_dict(**options) for row in self.get(fieldname) or []]
		for key in INTERNAL_KEYS:
			if value := getattr(self, key, None):
				out[key] = value
		return out

	def as_json(self) -> str:
		return frappe.as_json(self.as_dict())

	def get_label_from_fieldname(self, fieldname):
		field = self.meta.get_field(fieldname)
		return field.label if field else None

	def _fix_numeric_types(self) -> None:
		for field in self.meta.fields:
			value = self.get(field.fieldname)
			if field.fieldtype == "Check" or (field.fieldtype == "Int" and value is not None):
				self.set(field.fieldname, cint(value))
			elif field.fieldtype in float_like_fields and value is not None:
				self.set(field.fieldname, flt(value))


def database_value(field: _dict, value):
	if isinstance(value, list) and field.fieldtype not in table_fields:
		frappe.throw(f"Value for {field.label} cannot be a list")
	if field.fieldtype == "Check":
		return 1 if cint(value) else 0
	if field.fieldtype == "Int" and not isinstance(value, int):
		return cint(value)
	if field.fieldtype == "JSON" and isinstance(value, dict):
		return json.dumps(value, separators=(",", ":"))
	if field.fieldtype in float_like_fields and not isinstance(value, float):
		return flt(value)
	is_empty_date = field.fieldtype in datetime_fields and value == ""
	# NULLs never collide in a unique index, empty texts would
	return None if is_empty_date or (field.unique and not cstr(value).strip()) else value
