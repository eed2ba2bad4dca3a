"""Which functions HTTP may call, by whom, and role gates."""

from collections.abc import Callable

import frappe
from frappe._api.context import form_dict, local, session
from frappe._api.messages import throw
from frappe._api.values import bold
from frappe.exceptions import PermissionError

whitelisted: list[Callable] = []
guest_methods: list[Callable] = []
xss_safe_methods: list[Callable] = []
allowed_http_methods_for_whitelisted_func: dict[Callable, list[str]] = {}


def whitelist(allow_guest=False, xss_safe=False, methods=None):
	"""Decorator: `/api/method/<dotted path>` may call this function by the given HTTP methods.

	Arguments are checked against their annotations during requests and tests.
	"""

	def register(fn):
		from frappe.utils.typing_validations import validate_argument_types

		method = validate_argument_types(fn, apply_condition=is_in_request_or_test)
		function = (getattr(fn, "__func__", None) and method.__func__) or method
		whitelisted.append(function)
		allowed_http_methods_for_whitelisted_func[function] = methods or ["GET", "POST", "PUT", "DELETE"]
		if allow_guest:
			guest_methods.append(function)
			if xss_safe:
				xss_safe_methods.append(function)
		return method

	return register


def is_in_request_or_test() -> bool:
	return bool(getattr(local, "request", None) or local.flags.in_test)


def is_whitelisted(method: Callable) -> None:
	"""Raise PermissionError unless the current user may call `method` over HTTP."""
	is_guest = session["user"] == "Guest"
	if method not in whitelisted or (is_guest and method not in guest_methods):
		path = bold(f"{method.__module__}.{method.__name__}")
		summary = "You are not permitted to access this resource."
		detail = f"Function {path} is not whitelisted."
		message = f"<details><summary>{summary}</summary>{detail}</details>"
		throw(message, PermissionError, title="Method Not Allowed")
	if is_guest and method not in xss_safe_methods:
		for key, value in form_dict.items():
			if isinstance(value, str):
				form_dict[key] = frappe.utils.sanitize_html(value)


def only_for(roles: list[str] | tuple[str] | str, message=False) -> None:
	"""Raise PermissionError unless the user has one of the roles; tests and Administrator pass."""
	if local.flags.in_test or local.session.user == "Administrator":
		return
	roles = (roles,) if isinstance(roles, str) else roles
	if not set(roles).isdisjoint(frappe.get_roles()):
		return
	if not message:
		raise PermissionError
	names = ", ".join(bold(role) for role in roles)
	throw(f"This action is only allowed for {names}", PermissionError, "Not Permitted")


def get_roles(username=None) -> list[str]:
	"""Roles of a user, by default the current one; a request without session is a Guest."""
	if not local.session or not local.session.user:
		return ["Guest"]
	from frappe.permissions import get_roles as roles_of

	return roles_of(username or local.session.user)


def has_permission(
	doctype=None,
	ptype="read",
	doc=None,
	user=None,
	throw=False,
	*,
	parent_doctype=None,
	debug=False,
):
	"""Whether the user may do `ptype` to the document, or to some document of the DocType."""
	from frappe.permissions import has_permission as permission_of

	if debug:
		from frappe._api.unsupported import refuse

		raise refuse("has_permission(debug=True)")
	doctype = doctype or (doc and doc.doctype)
	allowed = permission_of(
		doctype, ptype, doc=doc, user=user, raise_exception=throw, parent_doctype=parent_doctype
	)
	if throw and not allowed:
		name = doc if isinstance(doc, str) else getattr(doc, "name", None)
		frappe.flags.error_message = f"No permission for {doctype} {name or ''}".strip()
		raise PermissionError
	return allowed


def set_user_lang(user: str, user_language: str | None = None) -> None:
	local.lang = user_language or local.conf.lang or "en"


def respond_as_web_page(
	title, html, success=None, http_status_code=None, context=None, indicator_color=None, **options
):
	"""Answer this request with a plain message page instead of JSON."""
	local.message_title = title
	local.message = html
	local.response.update(type="page", route="message", context=dict(context or {}, title=title, **options))
	if http_status_code:
		local.response["http_status_code"] = http_status_code


def redirect(url):
	"""Answer this request with a redirect to `url`."""
	frappe.flags.redirect_location = url
	raise frappe.Redirect


@whitelist(allow_guest=True)
def ping():
	return "pong"
