"""Apps of the bench and the site, their modules, hooks and files."""

import functools
import importlib
import inspect
import json
import os
import types
import warnings
from collections.abc import Callable
from typing import Any

from frappe._api.config import get_file_items
from frappe._api.context import db, flags, local
from frappe._api.values import _dict, scrub
from frappe.exceptions import AppNotInstalledError


def get_all_apps(with_internal_apps=True, sites_path=None) -> list[str]:
	"""The bench's apps by `sites/apps.txt`, frappe first."""
	apps = get_file_items(os.path.join(sites_path or local.sites_path, "apps.txt"), raise_not_found=True)
	return ["frappe", *(app for app in apps if app != "frappe")]


def get_installed_apps(*, _ensure_on_bench=False) -> list[str]:
	"""The site's apps in the order they were installed; none while the site is being made."""
	if getattr(flags, "in_install_db", True):
		return []
	if not db:
		from frappe._api.context import connect

		connect()
	installed = installed_apps_of_this_request()
	if not _ensure_on_bench:
		return installed
	on_bench = get_all_apps()
	return [app for app in installed if app in on_bench]


def installed_apps_of_this_request() -> list[str]:
	if not hasattr(local, "installed_apps"):
		local.installed_apps = json.loads(db.get_global("installed_apps") or "[]")
	return list(local.installed_apps)


def forget_apps() -> None:
	"""After apps or hooks changed: read them again when next asked."""
	for name in ("installed_apps", "app_hooks", "doc_events_hooks"):
		if hasattr(local, name):
			delattr(local, name)
	get_module_list_of.cache_clear()
	setup_module_map()


def setup_module_map(include_all_apps: bool = True) -> None:
	"""Set `local.app_modules` and `local.module_app` from each app's modules.txt."""
	local.all_apps = get_all_apps() if local.site else ["frappe"]
	local.app_modules = {app: [scrub(module) for module in get_module_list(app)] for app in local.all_apps}
	local.module_app = {}
	for app, modules in local.app_modules.items():
		for module in modules:
			if module in local.module_app:
				warnings.warn(f"module `{module}` is in {local.module_app[module]} and {app}", stacklevel=1)
			local.module_app[module] = app


@functools.cache
def get_module_list_of(app_name: str) -> tuple[str, ...]:
	return tuple(get_file_items(get_app_path(app_name, "modules.txt")))


def get_module_list(app_name: str) -> list[str]:
	return list(get_module_list_of(app_name))


def get_doctype_app(doctype: str) -> str:
	return local.module_app[scrub(db.get_value("DocType", doctype, "module"))]


def get_module(modulename: str) -> types.ModuleType:
	return importlib.import_module(modulename)


def get_pymodule_path(modulename: str, *joins: str) -> str:
	"""A path below a Python module's folder; parts are scrubbed unless one is `public`."""
	parts = joins if "public" in joins else [scrub(part) for part in joins]
	folder = os.path.dirname(get_module(scrub(modulename)).__file__ or "")
	return os.path.abspath(os.path.join(folder, *parts))


def get_app_path(app_name: str, *joins: str) -> str:
	return get_pymodule_path(app_name, *joins)


def get_app_source_path(app_name: str, *joins: str) -> str:
	return get_app_path(app_name, "..", *joins)


def get_module_path(module: str, *joins: str) -> str:
	return get_pymodule_path(f"{local.module_app[scrub(module)]}.{scrub(module)}", *joins)


def get_site_path(*joins: str) -> str:
	return os.path.join(local.site_path, *joins)


def get_attr(method_string: str) -> Any:
	"""The object a dotted path names; AppNotInstalledError if its app is not on the site."""
	from frappe._api.messages import throw

	app, _, _ = method_string.partition(".")
	if not local.flags.in_uninstall and not local.flags.in_install and app not in get_installed_apps():
		throw(f"App {app} is not installed", AppNotInstalledError)
	module, _, name = method_string.rpartition(".")
	return getattr(get_module(module), name)


def call(fn: str | Callable, *args, **kwargs) -> Any:
	"""Call a function with those keyword arguments that it takes."""
	if isinstance(fn, str):
		fn = get_attr(fn)
	return fn(*args, **get_newargs(fn, kwargs))


def get_newargs(fn: Callable, kwargs: dict[str, Any]) -> dict[str, Any]:
	"""Those of `kwargs` that `fn` takes; never `ignore_permissions` and `flags`."""
	parameters = inspect.signature(fn).parameters.values()
	names = {parameter.name for parameter in parameters if parameter.kind != inspect.Parameter.VAR_KEYWORD}
	takes_any = len(names) < len(parameters)
	return {
		key: value
		for key, value in kwargs.items()
		if (takes_any or key in names) and key not in ("ignore_permissions", "flags")
	}


def get_hooks(
	hook: str | None = None, default: Any | None = "_KEEP_DEFAULT_LIST", app_name: str | None = None
) -> Any:
	"""Hooks of all installed apps, merged: every value is a list, dicts are merged by key."""
	if app_name:
		hooks = merge_hooks([app_name])
	else:
		if not hasattr(local, "app_hooks"):
			local.app_hooks = merge_hooks(get_installed_apps(_ensure_on_bench=True))
		hooks = local.app_hooks
	if not hook:
		return _dict(hooks)
	return hooks.get(hook, [] if default == "_KEEP_DEFAULT_LIST" else default)


def merge_hooks(apps: list[str]) -> dict[str, Any]:
	hooks: dict[str, Any] = {}
	for app in apps:
		for key, value in vars(get_module(f"{app}.hooks")).items():
			is_code = isinstance(value, types.ModuleType | types.FunctionType | type)
			if not key.startswith("_") and not is_code:
				append_hook(hooks, key, value)
	return hooks


def append_hook(target: dict, key: Any, value: Any) -> None:
	if isinstance(value, dict):
		inner = target.setdefault(key, {})
		for inner_key, inner_value in value.items():
			append_hook(inner, inner_key, inner_value)
	else:
		target.setdefault(key, []).extend(value if isinstance(value, list) else [value])


def get_doc_hooks() -> dict[str, dict[str, list[str]]]:
	"""The `doc_events` hooks by DocType; a tuple of DocTypes as key counts for each."""
	if not hasattr(local, "doc_events_hooks"):
		events: dict[str, dict] = {}
		for key, value in get_hooks("doc_events", {}).items():
			for doctype in key if isinstance(key, tuple) else (key,):
				append_hook(events, doctype, value)
		local.doc_events_hooks = events
	return local.doc_events_hooks
