"""The web server: the WSGI application with the apps' assets and the sites' public files in front of it."""

import logging
import mimetypes
import os
import threading
from importlib.util import find_spec

import frappe.app
from frappe.utils import get_site_name
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import safe_join, send_file
from werkzeug.wrappers import Request, Response

LOOPBACK = "127.0.0.1"


class RequestHandler(WSGIRequestHandler):
	"""Keeps connections open between requests, and logs one plain line for each through `logging`."""

	protocol_version = "HTTP/1.1"

	def log_request(self, code="-", size="-"):
		self.log("info", '"%s" %s %s', self.requestline, code, size)

	def log(self, type, message, *args):
		logging.getLogger("benchless.web").log(getattr(logging, type.upper()), message, *args)


def with_static_files(application):
	"""Serve /assets/<app>/… and /files/… from disk; the rest is the application's."""

	def serve_statics(environ, start_response):
		if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
			return application(environ, start_response)
		request = Request(environ)
		kind, _, path = request.path.lstrip("/").partition("/")
		if kind == "assets":
			file = asset(path)
		elif kind == "files":
			file = safe_join(os.path.abspath(site_of(request)), "public", "files", path)
		else:
			return application(environ, start_response)
		if file and os.path.isfile(file):
			return static_response(request, file)(environ, start_response)
		return application(environ, start_response)

	return serve_statics


def site_of(request: Request) -> str:
	return frappe.app._site or request.headers.get("X-Frappe-Site-Name") or get_site_name(request.host)


def asset(path: str) -> str | None:
	"""A file below an app's public folder. The folder is looked up without importing the app."""
	app, _, rest = path.partition("/")
	spec = find_spec(app) if app.isidentifier() else None
	if not spec or not spec.submodule_search_locations:
		return None
	return safe_join(spec.submodule_search_locations[0], "public", rest)


def static_response(request: Request, file: str) -> Response | HTTPException:
	try:
		kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
		return send_file(file, request.environ, mimetype=kind, conditional=True)
	except OSError:
		return NotFound()


def make_web_server(port: int, site: str | None = None) -> BaseWSGIServer:
	"""A threaded server on the loopback address. Without `site` the request's Host names the site."""
	frappe.app._site = site
	application = with_static_files(frappe.app.application)
	server = make_server(LOOPBACK, port, application, threaded=True, request_handler=RequestHandler)
	server.daemon_threads = True
	return server


def serve(server: BaseWSGIServer) -> None:
	"""Serve until this process is interrupted. Call it in the main thread."""
	thread = threading.Thread(target=server.serve_forever, name="web", daemon=True)
	thread.start()
	try:
		thread.join()
	finally:
		server.shutdown()
		server.server_close()
