"""The errors of the REST API as clients see them: JSON with one sentence in `error`, and no traceback.

Frappe makes the answer to an exception: its HTTP code, `exc_type`, and `_server_messages` for Desk.
What clients should not see is taken out here, also of refusals from before an endpoint is reached.
"""

import json
from http import HTTPStatus
from inspect import signature
from json import JSONDecodeError

import frappe
from frappe import _
from werkzeug.wrappers import Request, Response

from dartwing.dartwing_core.api.endpoints import BUSY_SECONDS, ENDPOINTS, MOMENTARY
from dartwing.dartwing_core.api.routes import route_of
from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.errors import fault_of_json

PREFIX = "dartwing.dartwing_core.api."
# Frappe refuses for the moment, whatever was sent
NOT_NOW = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
UNAVAILABLE_SECONDS = 60
OF_A_MOMENT = [error.__name__ for error in MOMENTARY]
INTERNALS = ("exc", "exception", "_exc_source", "_error_message", "_debug_messages")


def before_request() -> None:
	if is_ours(frappe.local.request):
		frappe.local.flags.disable_traceback = True


def after_request(response: Response | None, request: Request) -> None:
	if response is None or response.status_code < HTTPStatus.BAD_REQUEST or not is_ours(request):
		return
	if fault_of_body(request) and response.status_code not in NOT_NOW:
		response.status_code = HTTPStatus.BAD_REQUEST
	elif response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
		if is_no_method(request):
			response.status_code = HTTPStatus.NOT_FOUND
		elif missing_argument(request):
			response.status_code = HTTPStatus.EXPECTATION_FAILED
		elif body_of(response).get("exc_type") in OF_A_MOMENT:
			# outside of the endpoints: in a login, or in a method of Desk's charts
			response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
			frappe.flags.dartwing_retry_after = BUSY_SECONDS
	body = {key: value for key, value in body_of(response).items() if key not in INTERNALS}
	response.data = json.dumps({"error": sentence(body, response.status_code, request), **body})
	response.mimetype = "application/json"
	seconds = retry_after(response.status_code)
	if seconds:
		response.headers["Retry-After"] = str(seconds)


def retry_after(status: int) -> int | None:
	"""Seconds that the client should wait; None where that is not for us to say.

	To the site's own limit of requests, Frappe adds the header afterwards.
	"""
	if frappe.flags.dartwing_retry_after:
		return frappe.flags.dartwing_retry_after
	return UNAVAILABLE_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else None


def is_ours(request: Request) -> bool:
	"""Whether a request names one of this API's methods, in its path or as Frappe's older `cmd`."""
	return route_of(request).called.startswith(PREFIX)


def fault_of_body(request: Request) -> str | None:
	"""Why a body that is said to be JSON holds no arguments, which Frappe answers in other words."""
	if not request.is_json or not request.get_data():
		return None
	try:
		sent = json.loads(request.get_data(as_text=True))
	except JSONDecodeError:
		return _("The request's body is no valid JSON")
	except (ValueError, RecursionError) as error:
		return _("The request's body {0}").format(fault_of_json(error))
	if not isinstance(sent, dict):
		return _("The request's body must be a JSON object")
	return _("The request's body is no valid JSON") if sent and is_unread() else None


def is_unread() -> bool:
	"""Whether Frappe refused the request's arguments before it looked at who sent them.

	Frappe v16 reads strictly: half of a character, for one, is no JSON.
	"""
	return not frappe.local.form_dict and getattr(frappe.local, "http_request", None) is None


def is_no_method(request: Request) -> bool:
	"""Whether what the request names stands in our modules, and yet is nothing that a client may call."""
	try:
		return frappe.get_attr(route_of(request).called) not in frappe.whitelisted
	except (AttributeError, ImportError, TypeError, ValueError, frappe.ValidationError):
		return True


def missing_argument(request: Request) -> str | None:
	"""The first argument that the method needs and that was not sent."""
	wanted = signature(frappe.get_attr(route_of(request).called)).parameters.values()
	needed = [one.name for one in wanted if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
	return next((name for name in needed if name not in (frappe.local.form_dict or {})), None)


def body_of(response: Response) -> dict:
	try:
		body = json.loads(response.get_data(as_text=True))
	except ValueError:
		return {}
	return body if isinstance(body, dict) else {}


def is_wrong_method(request: Request) -> bool:
	named = ENDPOINTS.get(route_of(request).called.rpartition(".")[2])
	return bool(named) and request.method not in named.methods


def sentence(body: dict, status: int, request: Request) -> str:
	"""What went wrong: what was thrown, else what the HTTP code means here."""
	if body.get("error"):
		return body.pop("error")
	known = refused_early(body, status) or fault_of_body(request)
	if known:
		return known
	if status == HTTPStatus.UNAUTHORIZED or frappe.session.user == "Guest":
		return _("Log in, or send a valid API key and secret")
	return wrong_call(body, status, request) or meaning_of(status)


def wrong_call(body: dict, status: int, request: Request) -> str | None:
	"""What is wrong with the method that was called, and how; None where the method itself refused."""
	if is_wrong_method(request):
		return _("This method is not called by {0}").format(request.method)
	if status == HTTPStatus.NOT_FOUND and is_no_method(request):
		return _("There is no such method")
	if status == HTTPStatus.EXPECTATION_FAILED and body.get("exc_type") == "TypeError":
		return f"{missing_argument(request)}: " + _("is missing")
	return None


def meaning_of(status: int) -> str:
	"""What was thrown, or what the HTTP code says."""
	messages = frappe.get_message_log()
	if messages and (status < HTTPStatus.INTERNAL_SERVER_ERROR or status in NOT_NOW):
		return " ".join(texts.line(messages[-1].get("message")).split())
	if status < HTTPStatus.INTERNAL_SERVER_ERROR:
		return HTTPStatus(status).phrase
	if status in NOT_NOW:
		return _("The site cannot answer for the moment; try again in a minute")
	return _("The server failed to answer; the error is in its Error Log")


def refused_early(body: dict, status: int) -> str | None:
	"""Why Frappe refused the request before it looked at what was asked; None where it did not."""
	if status == HTTPStatus.SERVICE_UNAVAILABLE and frappe.local.conf.maintenance_mode:
		return _("The site is in maintenance; try again in a minute")
	if status == HTTPStatus.TOO_MANY_REQUESTS and body.get("exc_type") == "TooManyRequestsError":
		return _("The site gets too many requests; wait as long as the header Retry-After says")
	if body.get("exc_type") == "CSRFTokenError":
		return _("The header X-Frappe-CSRF-Token is missing, or is not this session's: load the page again")
	# who sends a valid API key with the cookie of an ended session is logged in
	if body.get("session_expired") and frappe.session.user == "Guest":
		return _("Your session has ended: log in again")
	return None
