"""HTTP responses from `frappe.local.response`: JSON with messages and errors, downloads, files."""

import datetime
import decimal
import json
import mimetypes
import os
import re
import sys
import uuid
from collections.abc import Iterable
from functools import partial

import frappe
from frappe import _
from frappe._api.unsupported import refuse
from frappe.core.doctype.file.utils import find_file_by_url
from frappe.model.base_document import BaseDocument
from frappe.utils import cstr
from frappe.website.serve import get_response
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

# a browser would run scripts in these
DOWNLOAD_ONLY = (".svg", ".html", ".htm", ".xml")


def build_response(response_type=None) -> Response:
	"""Turn `frappe.local.response` into a response of its own `type`, or of the one given."""
	if not frappe.local.response.get("docs", True):
		del frappe.local.response["docs"]
	kind = frappe.response.get("type") or response_type
	if kind not in BUILDERS:
		raise refuse(f"responses of type {kind}")
	return BUILDERS[kind]()


def json_response() -> Response:
	make_logs()
	response = Response(mimetype="application/json")
	status = frappe.local.response.pop("http_status_code", None)
	if status:
		response.status_code = status
	response.data = json.dumps(frappe.local.response, default=json_handler, separators=(",", ":"))
	return response


def as_download(content_type: str | None, disposition: str | None) -> Response:
	filename = frappe.response["filename"].encode().decode("unicode-escape", "ignore")
	response = Response(frappe.response["filecontent"])
	response.mimetype = (
		content_type
		or frappe.response.get("content_type")
		or mimetypes.guess_type(frappe.response["filename"])[0]
		or "application/unknown"
	)
	disposition = disposition and frappe.response.get("display_content_as", disposition)
	response.headers.add("Content-Disposition", disposition, filename=filename)
	return response


def as_page() -> Response:
	return get_response(frappe.response["route"], http_status_code=frappe.response.get("http_status_code"))


BUILDERS = {
	"json": json_response,
	"page": as_page,
	"download": partial(as_download, None, "attachment"),
	"binary": partial(as_download, "application/octet-stream", None),
}


def report_error(status_code: int) -> Response:
	"""The JSON answer for the exception being handled, with its traceback where the site allows that."""
	error_type, _error, _traceback = sys.exc_info()
	if is_traceback_allowed(status_code):
		traceback = frappe.get_traceback()
		frappe.errprint(traceback)
		frappe.response.exception = traceback.splitlines()[-1]
	frappe.response["exc_type"] = error_type.__name__
	response = build_response("json")
	response.status_code = status_code
	return response


def is_traceback_allowed(status_code: int) -> bool:
	if frappe.local.flags.disable_traceback or (status_code == 404 and not frappe.conf.logging):
		return False
	return bool(frappe.db and frappe.get_system_settings("allow_error_traceback"))


def make_logs() -> None:
	"""Add messages and error texts to the response; each is JSON within the JSON."""
	response = frappe.local.response
	errors = frappe.local.error_log
	if errors and frappe.db and frappe.get_system_settings("allow_error_traceback"):
		source = guess_exception_source(errors[0]["exc"])
		if source:
			response["_exc_source"] = source
		response["exc"] = json.dumps([cstr(error["exc"]) for error in errors])
	if frappe.local.message_log:
		response["_server_messages"] = json.dumps([json.dumps(entry) for entry in frappe.local.message_log])
	if frappe.local.debug_log:
		response["_debug_messages"] = json.dumps(frappe.local.debug_log)
	if frappe.flags.error_message:
		response["_error_message"] = frappe.flags.error_message


def guess_exception_source(traceback: str) -> str | None:
	"""The app, other than frappe, whose code is nearest to where the error was raised."""
	folders = {os.path.realpath(frappe.get_app_path(app)): app for app in frappe.get_installed_apps()}
	for path in reversed(re.findall(r'File "([^"]+)"', traceback)):
		for folder, app in folders.items():
			if app != "frappe" and os.path.realpath(path).startswith(folder + os.sep):
				return f"{app} (app)"
	return None


def as_json(obj: dict | list, indent=1, separators=None, ensure_ascii=True) -> str:
	"""JSON with sorted keys; dates, Decimals and Documents as Frappe's responses write them."""
	options = {
		"indent": indent,
		"separators": separators or (",", ": "),
		"ensure_ascii": ensure_ascii,
		"default": json_handler,
	}
	try:
		return json.dumps(obj, sort_keys=True, **options)
	except TypeError:
		if not isinstance(obj, dict):
			raise
		# keys of mixed types cannot be compared as they are
		return json.dumps({key: obj[key] for key in sorted(obj, key=str)}, **options)


def json_handler(obj):
	"""What `json.dumps` cannot write itself."""
	if isinstance(obj, datetime.date | datetime.time | LocalProxy | uuid.UUID):
		return str(obj)
	if isinstance(obj, datetime.timedelta):
		return frappe.utils.format_timedelta(obj)
	if isinstance(obj, decimal.Decimal):
		return float(obj)
	if isinstance(obj, BaseDocument):
		return obj.as_dict(no_nulls=True)
	if isinstance(obj, Iterable):
		return list(obj)
	if isinstance(obj, re.Match):
		return obj.string
	if isinstance(obj, Exception) or callable(obj):
		return repr(obj)
	raise TypeError(f"Object of type {type(obj)} with value of {obj!r} is not JSON serializable")


def download_private_file(path: str) -> Response:
	"""Send a file below /private/files to a user who may read one of the Files that have this URL."""
	file = None
	if frappe.session.user != "Guest":
		file = find_file_by_url(path, name=frappe.form_dict.fid)
	if not file:
		raise Forbidden(_("You don't have permission to access this file"))
	return send_private_file(path.split("/private", 1)[1])


def send_private_file(path: str) -> Response:
	if frappe.local.request.headers.get("X-Use-X-Accel-Redirect"):
		raise refuse("the header X-Use-X-Accel-Redirect")
	try:
		file = open(frappe.utils.get_site_path("private", path.strip("/")), "rb")  # noqa: SIM115 - the response closes it
	except OSError:
		raise NotFound from None
	response = Response(wrap_file(frappe.local.request.environ, file), direct_passthrough=True)
	filename = os.path.basename(path)
	if os.path.splitext(filename)[1].lower() in DOWNLOAD_ONLY:
		response.headers.add("Content-Disposition", "attachment", filename=filename)
	response.mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
	return response
