"""The bench's apps: their modules, folders and files."""

import functools
import importlib
import os
from types import ModuleType

from frappe._api.config import get_file_items
from frappe._api.context import local
from frappe._api.values import scrub


def get_all_apps(sites_path=None) -> list[str]:
	"""The bench's apps by `sites/apps.txt`, frappe first."""
	apps = get_file_items(os.path.join(sites_path or local.sites_path, "apps.txt"), raise_not_found=True)
	return ["frappe", *(app for app in apps if app != "frappe")]


def setup_module_map() -> None:
	"""Set `local.app_modules` and `local.module_app` from each app's modules.txt."""
	local.all_apps = get_all_apps() if local.site else ["frappe"]
	local.app_modules = {app: [scrub(module) for module in get_module_list(app)] for app in local.all_apps}
	local.module_app = {module: app for app, modules in local.app_modules.items() for module in modules}


def get_module_list(app_name: str) -> list[str]:
	return list(_module_list(app_name))


@functools.cache
def _module_list(app_name: str) -> tuple[str, ...]:
	return tuple(get_file_items(get_app_path(app_name, "modules.txt")))


def get_module(modulename: str) -> ModuleType:
	return importlib.import_module(modulename)


def get_app_path(app_name: str, *joins: str) -> str:
	"""A path below an app's folder; parts are scrubbed unless one is `public`."""
	parts = joins if "public" in joins else [scrub(part) for part in joins]
	folder = os.path.dirname(get_module(app_name).__file__ or "")
	return os.path.abspath(os.path.join(folder, *parts))


def get_site_path(*joins: str) -> str:
	return os.path.join(local.site_path, *joins)
