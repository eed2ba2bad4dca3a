"""The WSGI application: one request, one site context, one transaction."""

import functools
import json

import frappe
import frappe.api
import frappe.handler
import frappe.rate_limiter
import frappe.utils.response
from frappe import _
from frappe._api.unsupported import refuse
from frappe.auth import UNSAFE_HTTP_METHODS, HTTPRequest, validate_auth
from frappe.core.api.file import get_max_file_size
from frappe.sessions import clear_cookies
from frappe.utils import CallbackManager, cint, escape_html, get_site_name
from frappe.utils.error import log_error_snapshot
from frappe.website.serve import get_response
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import ClosingIterator

DEFAULT_MAX_CONTENT_LENGTH = 25 * 1024 * 1024
UPLOAD_PATH = "/api/method/upload_file"
# title and text of the page for an error's status, for browsers that did not ask for JSON
ERROR_PAGES = {
	401: ("Session Expired", "Your session has expired, please login again to continue."),
	403: ("Not Permitted", "You do not have enough permissions to complete the action"),
	404: ("Not Found", "The resource you are looking for is not available"),
}

_site = None
_sites_path = "."


def with_cleanup(app):
	"""Run what was put off until after the response, then forget the site."""

	@functools.wraps(app)
	def application(environ, start_response):
		return ClosingIterator(
			app(environ, start_response),
			(frappe.rate_limiter.update, run_after_response, frappe.destroy),
		)

	return application


def run_after_response():
	frappe.request.after_response.run()


@with_cleanup
@Request.application
def application(request: Request):
	"""Commits after a POST, PUT, PATCH or DELETE that succeeded; everything else is rolled back."""
	response = None
	rollback = True
	try:
		init_request(request)
		validate_auth()
		response = respond(request)
	except HTTPException as error:
		return error
	except Exception as error:
		response = handle_exception(error)
	else:
		rollback = sync_database()
	finally:
		if rollback and request.method in UNSAFE_HTTP_METHODS and frappe.db:
			frappe.db.rollback()
		run_after_request_hooks(request, response)
		process_response(response)
	return response


def respond(request: Request) -> Response:
	if request.method == "OPTIONS":
		return Response()
	if frappe.form_dict.cmd:
		frappe.handler.handle()
		return frappe.utils.response.build_response("json")
	if request.path.startswith("/api/"):
		return frappe.api.handle(request)
	if request.path.startswith("/backups"):
		raise refuse("/backups")
	if request.path.startswith("/private/files/"):
		return frappe.utils.response.download_private_file(request.path)
	if request.method in ("GET", "HEAD", "POST"):
		return get_response()
	raise NotFound


def init_request(request: Request) -> None:
	frappe.local.request = request
	request.after_response = CallbackManager()
	frappe.local.is_ajax = request.headers.get("X-Requested-With") == "XMLHttpRequest"
	site = _site or request.headers.get("X-Frappe-Site-Name") or get_site_name(request.host)
	frappe.init(site=site, sites_path=_sites_path, force=True)
	if not frappe.local.conf.db_name:
		raise NotFound
	if frappe.local.conf.maintenance_mode:
		frappe.connect()
		raise frappe.SessionStopped("Session Stopped")
	frappe.connect(set_admin_as_user=False)
	request.max_content_length = max_content_length(request)
	make_form_dict(request)
	if request.method != "OPTIONS":
		frappe.local.http_request = HTTPRequest()
	frappe.rate_limiter.apply()
	for hook in frappe.get_hooks("before_request"):
		frappe.call(hook)


def max_content_length(request: Request) -> int:
	if request.path.startswith(UPLOAD_PATH):
		return get_max_file_size()
	return cint(frappe.local.conf.get("max_file_size")) or DEFAULT_MAX_CONTENT_LENGTH


def make_form_dict(request: Request) -> None:
	"""The arguments: the JSON body if there is one, else the query and the form together."""
	body = request.get_data(as_text=True)
	arguments = json.loads(body) if body and request.is_json else {**request.args, **request.form}
	if isinstance(arguments, dict):
		frappe.local.form_dict = frappe._dict(arguments)
		# jQuery's way around browser caches
		frappe.local.form_dict.pop("_", None)
	elif isinstance(arguments, list):
		frappe.local.form_dict["data"] = arguments
	else:
		frappe.throw(_("Invalid request arguments"))


def sync_database() -> bool:
	"""End the transaction of a request that succeeded; returns whether a rollback is still due."""
	if frappe.db:
		if frappe.local.flags.commit or frappe.local.request.method in UNSAFE_HTTP_METHODS:
			frappe.db.commit()
		else:
			frappe.db.rollback()
	session = getattr(frappe.local, "session_obj", None)
	if session:
		session.update()
	return False


def run_after_request_hooks(request, response) -> None:
	if not getattr(frappe.local, "initialised", False):
		return
	try:
		for hook in frappe.get_hooks("after_request"):
			frappe.call(hook, response=response, request=request)
	except Exception:
		# the answer is made already; all that is left to do is to tell
		frappe.logger().error("Failed to run after request hook", exc_info=True)


def process_response(response: Response | None) -> None:
	if not response:
		return
	if hasattr(frappe.local, "cookie_manager"):
		frappe.local.cookie_manager.flush_cookies(response=response)
	if hasattr(frappe.local, "rate_limiter"):
		response.headers.extend(frappe.local.rate_limiter.headers())
	if hasattr(frappe.local, "conf"):
		set_cors_headers(response)


def set_cors_headers(response: Response) -> None:
	allowed = frappe.conf.allow_cors
	origin = frappe.local.request.headers.get("Origin")
	if not (allowed and origin):
		return
	if allowed != "*" and origin not in ([allowed] if isinstance(allowed, str) else allowed):
		return
	headers = {
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Origin": origin,
		"Vary": "Origin",
	}
	if frappe.local.request.method == "OPTIONS":
		wanted = frappe.local.request.headers
		headers["Access-Control-Allow-Methods"] = wanted.get("Access-Control-Request-Method")
		if wanted.get("Access-Control-Request-Headers"):
			headers["Access-Control-Allow-Headers"] = wanted["Access-Control-Request-Headers"]
		if not frappe.conf.developer_mode:
			headers["Access-Control-Max-Age"] = "86400"
	response.headers.extend(headers)


def handle_exception(error: Exception) -> Response:
	"""The answer to an error: JSON for API and Ajax calls, else a page. Errors from 500 up are logged."""
	status = getattr(error, "http_status_code", 500)
	if not frappe.session.user:
		# the session itself could not be made
		frappe.session.user = "Guest"

	if wants_json():
		response = frappe.utils.response.report_error(status)
	elif isinstance(error, frappe.SessionStopped):
		text = _("The system is being updated. Please refresh again after a few moments.")
		response = message_page(_("Updating"), text, 503)
	elif status == 429:
		response = frappe.rate_limiter.respond() or message_page(_("Too Many Requests"), str(error), status)
	elif status in ERROR_PAGES:
		title, text = ERROR_PAGES[status]
		response = message_page(_(title), _(text), status)
	else:
		response = message_page("Server Error", visible_traceback(), status)

	if type(error) is frappe.AuthenticationError and hasattr(frappe.local, "login_manager"):
		clear_cookies()
	if status >= 500:
		log_error_snapshot(error)
	return response


def visible_traceback() -> str:
	allowed = frappe.db and frappe.get_system_settings("allow_error_traceback")
	if frappe.local.flags.disable_traceback or not allowed:
		return ""
	return f"<pre>{escape_html(frappe.get_traceback())}</pre>"


def wants_json() -> bool:
	accept = frappe.get_request_header("Accept") or ""
	if accept and (frappe.local.is_ajax or "application/json" in accept):
		return True
	return frappe.local.request.path.startswith("/api/") and not accept.startswith("text")


def message_page(title: str, text: str, status: int) -> Response:
	frappe.respond_as_web_page(title, text, http_status_code=status, indicator_color="red")
	return get_response("message", http_status_code=status)
