"""The site's apps and what their hooks say."""

import inspect
import json
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from frappe._api.apps import get_all_apps, get_module
from frappe._api.context import db, flags, local
from frappe._api.messages import throw
from frappe._api.sites import connect
from frappe._api.values import _dict
from frappe.exceptions import AppNotInstalledError


def get_installed_apps(*, _ensure_on_bench=False) -> list[str]:
	"""The site's apps in the order they were installed; none while the site is being made."""
	if getattr(flags, "in_install_db", True):
		return []
	if not db:
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


def get_attr(method_string: str) -> Any:
	"""The object a dotted path names; AppNotInstalledError if its app is not on the site."""
	app, _, _ = method_string.partition(".")
	if not local.flags.in_install and app not in get_installed_apps():
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
			is_code = isinstance(value, ModuleType | FunctionType | type)
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
