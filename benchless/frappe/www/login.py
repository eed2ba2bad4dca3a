"""/login: who has a session is sent on, everybody else gets the form."""

from urllib.parse import urlparse

import frappe


def get_context(context):
	target = same_site(frappe.local.request.args.get("redirect-to"))
	if frappe.session.user != "Guest":
		frappe.local.flags.redirect_location = target or ("/app" if is_system_user() else "/")
		raise frappe.Redirect
	context.title = "Login"


def is_system_user() -> bool:
	return frappe.db.get_value("User", frappe.session.user, "user_type") == "System User"


def same_site(url: str | None) -> str | None:
	"""The address, unless it leads to another host."""
	host = urlparse(url or "").netloc
	return url if not host or host == urlparse(frappe.local.request.url).netloc else None
