"""Which functions HTTP may call, and by which methods."""

from collections.abc import Callable

from frappe._api.context import form_dict, local, session
from frappe._api.messages import throw
from frappe._api.values import bold
from frappe.exceptions import PermissionError
from frappe.utils.text import sanitize_html
from frappe.utils.typing_validations import validate_argument_types

whitelisted: list[Callable] = []
guest_methods: list[Callable] = []
xss_safe_methods: list[Callable] = []
allowed_http_methods_for_whitelisted_func: dict[Callable, list[str]] = {}


def whitelist(allow_guest=False, xss_safe=False, methods=None):
	"""Decorator: `/api/method/<dotted path>` may call this function by the given HTTP methods.

	Arguments are checked against their annotations during requests and tests.
	"""

	def register(fn):
		method = validate_argument_types(fn, apply_condition=is_in_request_or_test)
		whitelisted.append(method)
		allowed_http_methods_for_whitelisted_func[method] = methods or ["GET", "POST", "PUT", "DELETE"]
		if allow_guest:
			guest_methods.append(method)
			if xss_safe:
				xss_safe_methods.append(method)
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
				form_dict[key] = sanitize_html(value)


@whitelist(allow_guest=True)
def ping():
	return "pong"
