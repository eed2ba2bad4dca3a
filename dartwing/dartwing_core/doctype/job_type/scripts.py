"""The scripts of Job Types: Frappe's sandbox, whether the site allows it, and what is checked at save."""

from importlib import import_module
from types import ModuleType

import frappe
from frappe import _


def sandbox() -> ModuleType:
	"""Frappe's, which imports a large part of Frappe: loaded when there is a script."""
	return import_module("frappe.utils.safe_exec")


def are_allowed() -> bool:
	return sandbox().is_safe_exec_enabled()


def not_allowed() -> str:
	return _("This site allows no server scripts: bench set-config -g server_script_enabled true")


def check(script: str | None) -> None:
	"""Raise ValidationError unless the site allows scripts, and the sandbox takes this one."""
	if not are_allowed():
		frappe.throw(not_allowed())
	if not (script or "").strip():
		frappe.throw(_("Script: a Job Type of kind Script needs one"))
	taken = sandbox()
	try:
		taken.compile_restricted(script, filename="<script>", policy=taken.FrappeTransformer)
	except SyntaxError as error:
		# the sandbox raises with a tuple of all that it has found
		found = error.msg if isinstance(error.msg, str) else "; ".join(map(str, error.msg))
		frappe.throw(_("Script: {0}").format(frappe.utils.escape_html(found)))
