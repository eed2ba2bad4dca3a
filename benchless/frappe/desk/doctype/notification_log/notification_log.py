import frappe
from frappe.model.document import Document


class NotificationLog(Document):
	"""A notice for one user; no mail is sent."""

	def after_insert(self) -> None:
		frappe.publish_realtime("notification", after_commit=True, user=self.for_user)


def get_permission_query_conditions(for_user: str | None = None) -> str | None:
	for_user = for_user or frappe.session.user
	if for_user == "Administrator":
		return None
	return f"(`tabNotification Log`.for_user = {frappe.db.escape(for_user)})"
