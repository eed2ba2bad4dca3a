import frappe
from frappe.model.document import Document
from frappe.permissions import AUTOMATIC_ROLES

DESK_PROPERTIES = (
	*("search_bar", "list_sidebar", "bulk_actions", "form_sidebar"),
	*("timeline", "dashboard", "view_switcher", "notifications"),
)


class Role(Document):
	"""A set of rights that users have together."""

	def before_rename(self, old, new, merge=False) -> None:
		if old in AUTOMATIC_ROLES:
			frappe.throw("Standard roles cannot be renamed")

	def validate(self) -> None:
		if self.disabled and self.name in (*AUTOMATIC_ROLES, "System Manager"):
			frappe.throw("Standard roles cannot be disabled")
		if not self.desk_access:
			self.update(dict.fromkeys(DESK_PROPERTIES, 0))
		if self.disabled:
			frappe.db.delete("Has Role", {"role": self.name})
			frappe.clear_cache()

	def on_update(self) -> None:
		"""Desk access may have changed what kind of users those with the role are."""
		frappe.cache.delete_value("roles")
		if self.has_value_changed("desk_access"):
			for name in frappe.get_all(
				"Has Role", filters={"role": self.name, "parenttype": "User"}, pluck="parent"
			):
				user = frappe.get_doc("User", name)
				before = user.user_type
				user.set_user_type()
				if user.user_type != before:
					user.save()
