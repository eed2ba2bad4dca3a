"""What the user is told: `msgprint`, `throw`, and the logs that the response takes along."""

import frappe
from frappe._api.context import flags, local, request
from frappe._api.values import _dict, as_unicode, generate_hash, safe_decode
from frappe.exceptions import Redirect, ValidationError


def msgprint(
	msg: str,
	title: str | None = None,
	raise_exception: bool | type[Exception] = False,
	indicator: str | None = None,
	*,
	realtime=False,
) -> None:
	"""Append a message to the response's log and raise `raise_exception` (or ValidationError)."""
	message = _dict(message=safe_decode(msg), title=title or "Message")
	if indicator or raise_exception:
		message.indicator = indicator or "red"
	if raise_exception:
		message.raise_exception = 1
		message["__frappe_exc_id"] = generate_hash()
	if realtime:
		frappe.publish_realtime(event="msgprint", message=message)
	else:
		local.message_log.append(message)
	if raise_exception:
		error = (raise_exception if isinstance(raise_exception, type) else ValidationError)(message.message)
		# the response leaves out the traceback of an error whose message it shows
		error.__frappe_exc_id = message["__frappe_exc_id"]
		raise error


def throw(msg: str, exc: type[Exception] = ValidationError, title: str | None = None) -> None:
	"""Raise `exc(msg)` and leave the message in the log for the response."""
	msgprint(msg, raise_exception=exc, title=title, indicator="red")


def clear_messages() -> None:
	local.message_log = []


def get_message_log() -> list[dict]:
	return list(local.message_log)


def clear_last_message() -> None:
	local.message_log = local.message_log[:-1]


def errprint(msg: str) -> None:
	"""Keep an error text for the response; without a request it is printed too."""
	if not request or "cmd" not in local.form_dict or local.conf.developer_mode:
		print(msg)
	local.error_log.append({"exc": msg})


def log(msg: str) -> None:
	"""Append to the debug log; without a request it is printed too."""
	if not request:
		print(repr(msg))
	local.debug_log.append(as_unicode(msg))


def respond_as_web_page(title, html, http_status_code=None, indicator_color=None) -> None:
	"""Answer this request with a plain message page instead of JSON."""
	local.message_title = title
	local.message = html
	local.response.update(type="page", route="message")
	if http_status_code:
		local.response["http_status_code"] = http_status_code


def redirect(url):
	"""Answer this request with a redirect to `url`."""
	flags.redirect_location = url
	raise Redirect
