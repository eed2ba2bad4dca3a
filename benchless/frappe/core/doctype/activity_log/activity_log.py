"""Activity Log: who logged in and out."""

import frappe
from frappe import _
from frappe.model.document import Document


class ActivityLog(Document):
	def before_insert(self):
		self.full_name = get_full_name(self.user)

	def validate(self):
		if self.is_new() and self.reference_doctype and self.reference_name:
			self.status = "Linked"
		if self.operation in ("Login", "Logout"):
			self.ip_address = frappe.local.request_ip


def get_full_name(user: str) -> str:
	names = frappe.db.get_value("User", user, ["first_name", "last_name"])
	return " ".join(filter(None, names or ())) or user


def add_authentication_log(subject, user, operation="Login", status="Success"):
	frappe.get_doc(
		doctype="Activity Log", user=user, status=status, subject=subject, operation=operation
	).insert(ignore_permissions=True, ignore_links=True)


def login_feed(login_manager):
	user = login_manager.user
	if user != "Guest":
		add_authentication_log(_("{0} logged in").format(get_full_name(user)), user)


def logout_feed(user, reason):
	if user and user != "Guest":
		subject = _("{0} logged out: {1}").format(get_full_name(user), frappe.bold(reason))
		add_authentication_log(subject, user, operation="Logout")
