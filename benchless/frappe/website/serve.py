"""Finds and renders the page of a path: www/<path>.html of the installed apps, with its get_context."""

import importlib
import inspect
import os
from importlib.resources import files
from mimetypes import guess_type

import frappe
import jinja2
from frappe import _
from frappe._api.unsupported import refuse
from frappe.sessions import get_csrf_token
from werkzeug.utils import redirect, safe_join
from werkzeug.wrappers import Response

PAGE_SUFFIXES = ("", ".html", "/index.html")
CSRF_PLACEHOLDER = "<!-- csrf_token -->"


def get_response(path=None, http_status_code=200) -> Response:
	"""The page of a path; errors become pages too."""
	path = (path or frappe.local.request.path).strip("/ ") or "index"
	try:
		return render(path, http_status_code)
	except frappe.Redirect as moved:
		response = redirect(frappe.flags.redirect_location, moved.http_status_code)
		# a browser would remember a 301
		response.headers["Cache-Control"] = "no-store, no-cache, must-revalidate"
		return response
	except frappe.PermissionError as error:
		text = str(error) or _("You need to be logged in to access this page.")
		return message_response(_("Not Permitted"), text, 403)
	except frappe.PageDoesNotExistError:
		return message_response(_("Page not found"), _("There is nothing here."), 404)


def render(path: str, status: int) -> Response:
	if path == "message":
		return message_response(
			getattr(frappe.local, "message_title", ""), getattr(frappe.local, "message", ""), status
		)
	found = find_page(path)
	if not found:
		raise frappe.PageDoesNotExistError
	app, file = found
	if not file.endswith(".html"):
		with open(file, "rb") as content:
			return Response(content.read(), mimetype=guess_type(file)[0] or "application/octet-stream")
	return render_template_page(app, path, file, status)


def find_page(path: str) -> tuple[str, str] | None:
	"""(app, file) for a path; the app installed last wins. Python files are no pages."""
	for app in reversed(frappe.get_installed_apps()):
		for suffix in PAGE_SUFFIXES:
			file = safe_join(frappe.get_app_path(app, "www"), path + suffix)
			if file and os.path.isfile(file) and not file.endswith((".py", ".pyc")):
				return app, file
	return None


def render_template_page(app: str, path: str, file: str, status: int) -> Response:
	context = base_context(path)
	module = page_module(app, file)
	if module:
		call_get_context(module, context)
	folder = os.path.dirname(frappe.get_app_path(app))
	loader = jinja2.ChoiceLoader(
		[jinja2.FileSystemLoader(folder), jinja2.FileSystemLoader(frappe.get_app_path(app)), base_templates()]
	)
	environment = jinja2.Environment(loader=loader, autoescape=False)
	environment.globals.update(frappe=frappe, _=_)
	with open(file) as source:
		html = environment.from_string(extended(source.read())).render(context)
	if CSRF_PLACEHOLDER in html and frappe.local.session.user != "Guest":
		token = get_csrf_token()
		script = f'<script>window.frappe = window.frappe || {{}}; frappe.csrf_token = "{token}";</script>'
		html = html.replace(CSRF_PLACEHOLDER, script)
	return Response(html, status=context.http_status_code or status, mimetype="text/html")


def base_context(path: str) -> frappe._dict:
	return frappe._dict(
		path=path,
		route=path,
		user=frappe.session.user,
		csrf_token_placeholder=CSRF_PLACEHOLDER,
		developer_mode=frappe.conf.developer_mode,
	)


def page_module(app: str, file: str):
	"""The Python module beside the template: same name, dashes as underscores."""
	folder, name = os.path.split(os.path.splitext(file)[0])
	if not os.path.exists(os.path.join(folder, name.replace("-", "_") + ".py")):
		return None
	parts = os.path.relpath(folder, frappe.get_app_path(app)).split(os.sep)
	return importlib.import_module(".".join([app, *parts, name.replace("-", "_")]))


def call_get_context(module, context: frappe._dict) -> None:
	for name in ("base_template_path", "template", "condition_field"):
		if name in vars(module):
			raise refuse(f"{name} in the page module {module.__name__}")
	get_context = vars(module).get("get_context")
	if get_context:
		takes_context = inspect.signature(get_context).parameters
		context.update((get_context(context) if takes_context else get_context()) or {})


def extended(source: str) -> str:
	"""A page without its own frame is the content of the base template."""
	if "{% extends" in source or "{%- extends" in source or "</body>" in source:
		return source
	if "{% block" not in source:
		source = f"{{% block page_content %}}{source}{{% endblock %}}"
	return '{% extends "templates/web.html" %}' + source


def base_templates() -> jinja2.BaseLoader:
	return jinja2.FileSystemLoader(str(files("frappe")))


def message_response(title: str, text: str, status: int) -> Response:
	environment = jinja2.Environment(loader=base_templates(), autoescape=False)
	html = environment.get_template("templates/message.html").render(title=title, message=text)
	return Response(html, status=status, mimetype="text/html")
