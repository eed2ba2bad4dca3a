import frappe
from frappe import permissions
from frappe._api.unsupported import refuse
from frappe.model.document import Document
from frappe.utils import cstr


class UserPermission(Document):
	"""Limits a user to certain documents of a DocType, wherever they are linked."""

	def validate(self) -> None:
		if frappe.get_meta(self.allow).is_nested_set() and not self.hide_descendants:
			raise refuse("User Permissions on trees")
		same = {
			"allow": self.allow,
			"for_value": self.for_value,
			"user": self.user,
			"applicable_for": cstr(self.applicable_for),
			"apply_to_all_doctypes": self.apply_to_all_doctypes,
			"name": ["!=", self.name],
		}
		if frappe.get_all("User Permission", filters=same, limit=1):
			frappe.throw("User permission already exists", frappe.DuplicateEntryError)

	def on_update(self) -> None:
		self.forget()

	def on_trash(self) -> None:
		self.forget()

	def forget(self) -> None:
		frappe.cache.hdel("user_permissions", self.user)
		frappe.publish_realtime("update_user_permissions", user=self.user, after_commit=True)


@frappe.whitelist()
def get_user_permissions(user: str | None = None) -> dict:
	"""The user's permissions by DocType; none for Administrator and Guest."""
	if frappe.request and frappe.local.form_dict.cmd == "get_user_permissions":
		user = frappe.session.user
	return permissions.get_user_permissions(user)
