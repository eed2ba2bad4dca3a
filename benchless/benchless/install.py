"""Apps on a site: installing, migrating and uninstalling, with the apps' own hooks."""

import json

import frappe
from frappe.utils.fixtures import sync_fixtures

from benchless.doctypes import remove_doctype, sync_app
from benchless.errors import SiteError
from benchless.patches import mark_all_as_done, run_pending


def install_app(app: str) -> None:
	"""Install on the current site, in Frappe's order: DocTypes, after_install, scheduler, fixtures."""
	if app in frappe.get_installed_apps():
		return
	hooks = frappe.get_hooks(app_name=app)
	for required in hooks.required_apps or []:
		install_app(required.split("/")[-1])
	frappe.flags.in_install = app
	try:
		call_all(hooks.before_install)
		for hook in frappe.get_hooks("before_app_install"):
			frappe.get_attr(hook)(app)
		add_module_defs(app)
		sync_app(app)
		set_installed_apps([*frappe.get_installed_apps(), app])
		mark_all_as_done(app)
		call_all(hooks.after_install)
		for hook in frappe.get_hooks("after_app_install"):
			frappe.get_attr(hook)(app)
		sync_scheduler()
		sync_fixtures(app)
		call_all(hooks.after_sync)
		frappe.db.commit()
	finally:
		frappe.flags.in_install = False
	frappe.clear_cache()


def uninstall_app(app: str) -> None:
	"""Remove an app's DocTypes with their tables, its modules and its scheduled jobs."""
	if app == "frappe" or app not in frappe.get_installed_apps():
		raise SiteError(f"{app} is not installed on {frappe.local.site}")
	for other in frappe.get_installed_apps():
		if other != app and app in frappe.get_hooks("required_apps", app_name=other):
			raise SiteError(f"{other} needs {app}; uninstall {other} first")
	hooks = frappe.get_hooks(app_name=app)
	frappe.flags.in_uninstall = True
	try:
		call_all(hooks.before_uninstall)
		for module in frappe.get_all("Module Def", filters={"app_name": app}, pluck="name"):
			for doctype in frappe.get_all("DocType", filters={"module": module}, pluck="name"):
				remove_doctype(doctype)
			frappe.delete_doc("Module Def", module, ignore_on_trash=True, force=True)
		set_installed_apps([other for other in frappe.get_installed_apps() if other != app])
		frappe.db.commit()
		call_all(hooks.after_uninstall)
		sync_scheduler()
		frappe.db.commit()
	finally:
		frappe.flags.in_uninstall = False
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
		sync_scheduler()
		sync_fixtures()
		for app in apps:
			call_all(frappe.get_hooks("after_migrate", app_name=app))
		frappe.db.commit()
	finally:
		frappe.flags.in_migrate = False
	frappe.clear_cache()


def call_all(paths: list[str] | None) -> None:
	for path in paths or []:
		frappe.get_attr(path)()


def set_installed_apps(apps: list[str]) -> None:
	frappe.db.set_global("installed_apps", json.dumps(apps))
	frappe.db.commit()
	frappe.clear_cache()


def add_module_defs(app: str) -> None:
	for module in frappe.get_module_list(app):
		if not frappe.db.exists("Module Def", module):
			definition = frappe.get_doc({"doctype": "Module Def", "module_name": module, "app_name": app})
			definition.insert(ignore_permissions=True)


def sync_scheduler() -> None:
	from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs

	sync_jobs()
