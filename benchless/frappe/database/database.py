"""`frappe.db`: a connection that knows DocTypes, single values, defaults and error numbers."""

import frappe
import frappe.defaults
from frappe._api.unsupported import refuse
from frappe.database.connection import Connection
from frappe.database.errors import ErrorPredicates
from frappe.database.tables import Tables
from frappe.database.values import Values


class Database(Connection, ErrorPredicates, Tables, Values):
	OPTIONAL_COLUMNS = ("_user_tags", "_comments", "_assign", "_liked_by")
	DEFAULT_SHORTCUTS = ("_Login", "__user", "_Full Name", "Today", "__today", "now", "Now")
	DEFAULT_COLUMNS = ("name", "creation", "modified", "modified_by", "owner", "docstatus", "idx")

	def __getattr__(self, name: str):
		if name.startswith("_"):
			raise AttributeError(name)
		if name in ("last_query", "debug"):
			return
		raise refuse(f"frappe.db.{name}")

	def set_global(self, key, val, user="__global") -> None:
		frappe.defaults.set_default(key, val, user)

	def get_global(self, key, user="__global"):
		return self.get_default(key, user)

	def get_default(self, key, parent="__default"):
		value = self.get_defaults(key, parent)
		return value[0] if isinstance(value, list) and value else value

	@staticmethod
	def set_default(key, val, parent="__default", parenttype=None) -> None:
		frappe.defaults.set_default(key, val, parent, parenttype)

	@staticmethod
	def add_default(key, val, parent="__default", parenttype=None) -> None:
		frappe.defaults.add_default(key, val, parent, parenttype)

	@staticmethod
	def get_defaults(key=None, parent="__default"):
		defaults = frappe.defaults.get_defaults_for(parent)
		if not key:
			return defaults
		return defaults.get(key, defaults.get(frappe.scrub(key)))
