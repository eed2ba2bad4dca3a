import frappe
from frappe.model.document import Document
from frappe.query_builder import Interval
from frappe.query_builder.functions import Now


class NotificationLog(Document):
	"""A notice for one user; no mail is sent."""

	def after_insert(self) -> None:
		frappe.publish_realtime("notification", after_commit=True, user=self.for_user)

	@staticmethod
	def clear_old_logs(days: int = 180) -> None:
		table = frappe.qb.DocType("Notification Log")
		frappe.db.delete(table, filters=(table.modified < (Now() - Interval(days=days))))


def get_permission_query_conditions(for_user: str | None = None) -> str | None:
	for_user = for_user or frappe.session.user
	if for_user == "Administrator":
		return None
	return f"(`tabNotification Log`.for_user = {frappe.db.escape(for_user)})"


def enqueue_create_notification(users: list[str] | str, doc: dict) -> None:
	"""Insert a notice for each user in the background, after the commit."""
	if frappe.flags.in_install:
		return
	if isinstance(users, str):
		users = [user.strip() for user in users.split(",") if user.strip()]
	frappe.enqueue(
		"frappe.desk.doctype.notification_log.notification_log.make_notification_logs",
		doc=frappe._dict(doc),
		users=list(set(users)),
		now=frappe.flags.in_test,
		enqueue_after_commit=not frappe.flags.in_test,
	)


def make_notification_logs(doc: dict, users: list[str]) -> None:
	for user in users:
		name = frappe.db.get_value("User", {"email": user, "enabled": 1}) or frappe.db.get_value(
			"User", {"name": user, "enabled": 1}
		)
		if name:
			notice = frappe.new_doc("Notification Log")
			notice.update(doc)
			notice.for_user = name
			notice.insert(ignore_permissions=True)
