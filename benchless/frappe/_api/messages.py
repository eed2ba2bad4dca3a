"""Messages to the user: `msgprint`, `throw` and the log they leave for the response."""

import inspect
import sys

import frappe
from frappe._api.context import flags, local
from frappe._api.values import _dict, generate_hash, safe_decode
from frappe.exceptions import ValidationError


def msgprint(
	msg: str,
	title: str | None = None,
	raise_exception: bool | type[Exception] = False,
	as_table: bool = False,
	as_list: bool = False,
	indicator: str | None = None,
	alert: bool = False,
	primary_action: str | None = None,
	is_minimizable: bool = False,
	wide: bool = False,
	*,
	realtime=False,
) -> None:
	"""Append a message to the response's log and raise `raise_exception` (or ValidationError)."""
	message = _dict(message=safe_decode(msg))
	if not flags.mute_messages:
		is_rows = isinstance(msg, list | tuple)
		message.update(
			as_table=int(as_table and is_rows),
			as_list=int(as_list and is_rows),
			title=title or frappe._("Message", context="Default title of the message dialog"),
			indicator=indicator or ("red" if raise_exception else None),
			is_minimizable=is_minimizable,
			alert=int(bool(alert)),
			raise_exception=int(bool(raise_exception)),
			primary_action=primary_action,
			wide=wide,
		)
		message = _dict({key: value for key, value in message.items() if value or key == "message"})
		if raise_exception:
			message["__frappe_exc_id"] = generate_hash()
		deliver(message, realtime)
	if raise_exception:
		raise exception_for(message, raise_exception)


def deliver(message: _dict, realtime: bool) -> None:
	if flags.print_messages and message.message:
		print(f"Message: {message.message}", file=sys.stdout)
	if realtime:
		frappe.publish_realtime(event="msgprint", message=message)
	else:
		local.message_log.append(message)


def exception_for(message: _dict, wanted) -> Exception:
	is_class = inspect.isclass(wanted) and issubclass(wanted, Exception)
	error = (wanted if is_class else ValidationError)(message.message)
	if message.get("__frappe_exc_id"):
		# the response leaves out the traceback of an error whose message it shows
		error.__frappe_exc_id = message["__frappe_exc_id"]
	return error


def throw(
	msg: str,
	exc: type[Exception] = ValidationError,
	title: str | None = None,
	is_minimizable: bool = False,
	wide: bool = False,
	as_list: bool = False,
	primary_action=None,
) -> None:
	"""Raise `exc(msg)` and leave the message in the log for the response."""
	msgprint(
		msg,
		raise_exception=exc,
		title=title,
		indicator="red",
		is_minimizable=is_minimizable,
		wide=wide,
		as_list=as_list,
		primary_action=primary_action,
	)


def clear_messages() -> None:
	local.message_log = []


def get_message_log() -> list[dict]:
	return list(local.message_log)


def clear_last_message() -> None:
	local.message_log = local.message_log[:-1]


def errprint(msg: str) -> None:
	"""Keep an error text for the response; without a request it is printed too."""
	if not frappe.request or "cmd" not in local.form_dict or local.conf.developer_mode:
		print(msg)
	local.error_log.append({"exc": msg})


def log(msg: str) -> None:
	"""Append to the debug log; without a request it is printed too."""
	if not frappe.request:
		print(repr(msg))
	local.debug_log.append(frappe.as_unicode(msg))
