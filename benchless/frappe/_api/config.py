"""Site configuration: common_site_config.json below site_config.json."""

import json
import os
from typing import Any

from frappe._api.context import local
from frappe._api.unsupported import refuse
from frappe._api.values import _dict
from frappe.exceptions import IncorrectSitePath

ENVIRONMENT_OVERRIDES = {
	"redis_queue": ("FRAPPE_REDIS_QUEUE", "redis://127.0.0.1:11311"),
	"redis_cache": ("FRAPPE_REDIS_CACHE", "redis://127.0.0.1:13311"),
	"db_type": ("FRAPPE_DB_TYPE", "mariadb"),
	"db_host": ("FRAPPE_DB_HOST", "127.0.0.1"),
	"db_port": ("FRAPPE_DB_PORT", "3306"),
}


def get_site_config(sites_path: str | None = None, site_path: str | None = None) -> dict[str, Any]:
	"""The site's settings over the bench's, with FRAPPE_* environment variables over both.

	Raises IncorrectSitePath for a site without site_config.json, unless it is being made.
	"""
	sites_path = sites_path or getattr(local, "sites_path", None)
	site_path = site_path or getattr(local, "site_path", None)
	config = get_common_site_config(sites_path) if sites_path else _dict()
	if site_path:
		config.update(read_site_file(site_path))
	for key, (variable, default) in ENVIRONMENT_OVERRIDES.items():
		config[key] = os.environ.get(variable) or config.get(key) or default
	if config.db_type != "mariadb":
		raise refuse(f"db_type {config.db_type}")
	if config.get("extra_config"):
		raise refuse("the site config key extra_config")
	return config


def read_site_file(site_path: str) -> dict:
	path = os.path.join(site_path, "site_config.json")
	if os.path.exists(path):
		return get_file_json(path)
	if local.site and not local.flags.new_site:
		raise IncorrectSitePath(f"{local.site} does not exist")
	return {}


def get_common_site_config(sites_path: str | None = None) -> _dict:
	path = os.path.join(sites_path or local.sites_path, "common_site_config.json")
	return _dict(get_file_json(path)) if os.path.exists(path) else _dict()


def get_file_json(path):
	with open(path) as file:
		return json.load(file)


def get_file_items(path, raise_not_found=False) -> list[str]:
	"""The stripped lines of a text file, without empty ones and comments."""
	if not os.path.exists(path) and not raise_not_found:
		return []
	with open(path) as file:
		lines = [line.strip() for line in file]
	return [line for line in lines if line and not line.startswith("#")]
