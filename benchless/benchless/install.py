"""Apps on a site: installing and migrating, with the apps' own hooks."""

import json

import frappe
from frappe._api.unsupported import refuse
from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs
from frappe.utils.fixtures import sync_fixtures

from benchless.doctypes import sync_app
from benchless.patches import mark_all_as_done, run_pending

UNSUPPORTED_HOOKS = (
	*("required_apps", "before_install", "before_app_install", "after_sync"),
	"naming_series_variables",
)


def install_app(app: str) -> None:
	"""Install on the current site, in Frappe's order: DocTypes, hooks, scheduler, fixtures."""
	if app in frappe.get_installed_apps():
		return
	hooks = frappe.get_hooks(app_name=app)
	for hook in UNSUPPORTED_HOOKS:
		if hook in hooks:
			raise refuse(f"the hook {hook}")
	# of a DocType that benchless does not have, the hook changes nothing
	if any(frappe.db.exists("DocType", doctype) for doctype in hooks.get("override_doctype_class") or ()):
		raise refuse("the hook override_doctype_class")
	frappe.flags.in_install = app
	try:
		add_module_defs(app)
		sync_app(app)
		set_installed_apps([*frappe.get_installed_apps(), app])
		mark_all_as_done(app)
		call_all(hooks.after_install)
		call_all(frappe.get_hooks("after_app_install"), app)
		sync_jobs()
		sync_fixtures(app)
		frappe.db.commit()
	finally:
		frappe.flags.in_install = False
	frappe.clear_cache()


def migrate() -> None:
	"""Bring the current site up to its apps' files and patches."""
	apps = frappe.get_installed_apps()
	frappe.flags.in_migrate = True
	frappe.clear_cache()
	try:
		for app in apps:
			call_all(frappe.get_hooks("before_migrate", app_name=app))
		frappe.db.commit()
		run_pending("pre_model_sync")
		for app in apps:
			add_module_defs(app)
			sync_app(app)
		run_pending("post_model_sync")
		sync_jobs()
		sync_fixtures()
		for app in apps:
			call_all(frappe.get_hooks("after_migrate", app_name=app))
		frappe.db.commit()
	finally:
		frappe.flags.in_migrate = False
	frappe.clear_cache()


def call_all(paths: list[str] | None, *arguments: str) -> None:
	for path in paths or []:
		frappe.get_attr(path)(*arguments)


def set_installed_apps(apps: list[str]) -> None:
	frappe.db.set_global("installed_apps", json.dumps(apps))
	frappe.db.commit()
	frappe.clear_cache()


def add_module_defs(app: str) -> None:
	for module in frappe.get_module_list(app):
		if not frappe.db.exists("Module Def", module):
			definition = frappe.get_doc({"doctype": "Module Def", "module_name": module, "app_name": app})
			definition.insert(ignore_permissions=True)
