"""What the current user may do with a document, down to its fields."""

import frappe
from frappe import permissions
from frappe.model import display_fieldtypes
from werkzeug.exceptions import NotFound


class Access:
	def check_permission(self, permtype="read", permlevel=None) -> None:
		"""Raise PermissionError unless the current user may."""
		if not self.has_permission(permtype):
			self.raise_no_permission_to(permtype)

	def has_permission(self, permtype="read", *, debug=False, user=None) -> bool:
		if self.flags.ignore_permissions:
			return True
		return permissions.has_permission(self.doctype, permtype, self, user=user)

	def raise_no_permission_to(self, perm_type) -> None:
		frappe.flags.error_message = f"Insufficient Permission for {self.doctype} ({frappe.bold(perm_type)})"
		raise frappe.PermissionError

	def get_permissions(self) -> list:
		return frappe.get_meta(self.parenttype).permissions if self.meta.istable else self.meta.permissions

	def get_permlevel_access(self, permission_type="write") -> list[int]:
		roles = frappe.get_roles()
		granting = [p for p in self.get_permissions() if p.role in roles and p.get(permission_type)]
		return list(dict.fromkeys(permission.permlevel for permission in granting))

	def apply_fieldlevel_read_permissions(self) -> None:
		"""Remove values that the current user may not read."""
		if frappe.session.user == "Administrator":
			return
		readable = self.get_permlevel_access("read")
		for row in [self, *self.get_all_children()]:
			for field in row.meta.get_high_permlevel_fields():
				if field.permlevel not in readable:
					row.__dict__.pop(field.fieldname, None)

	def validate_higher_perm_levels(self) -> None:
		"""Put fields on levels that the user may not write back to what they were."""
		if self.flags.ignore_permissions or frappe.flags.in_install or frappe.session.user == "Administrator":
			return
		writable = self.get_permlevel_access()
		rows = [self] if self.is_new() else [self, *self.get_all_children()]
		for row in rows:
			row.reset_values_if_no_permlevel_access(writable, row.meta.get_high_permlevel_fields())

	def reset_values_if_no_permlevel_access(self, has_access_to, high_permlevel_fields) -> None:
		fields = [
			field
			for field in high_permlevel_fields
			if field.permlevel not in has_access_to
			and field.fieldtype not in display_fieldtypes
			and field.fieldname not in self.flags.get("ignore_permlevel_for_fields", [])
		]
		original = self.original_values() if fields else None
		for field in fields if original else ():
			self.set(field.fieldname, original.get(field.fieldname))

	def original_values(self):
		"""The stored document, the stored row of a child table, or a new document's defaults."""
		if self.is_new():
			return frappe.new_doc(self.doctype)
		if not self.parent_doc:
			return self.get_latest()
		rows = self.parent_doc.get_latest().get(self.parentfield)
		return next((row for row in rows if row.name == self.name), None)

	def is_whitelisted(self, method_name: str) -> None:
		"""Raise NotFound or PermissionError unless HTTP may call this method."""
		method = getattr(self, method_name, None)
		if not method:
			raise NotFound(f"Method {method_name} not found")
		frappe.is_whitelisted(getattr(method, "__func__", method))
