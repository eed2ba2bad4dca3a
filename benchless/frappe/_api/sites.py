"""A site as the current one of this thread: `init`, `connect` and `destroy`."""

import os
from contextlib import contextmanager

import frappe
from frappe._api.apps import setup_module_map
from frappe._api.config import get_site_config
from frappe._api.context import db, local, set_user
from frappe._api.values import _dict
from frappe.database import get_db
from frappe.query_builder import MariaDB
from frappe.utils.redis_wrapper import setup_cache
from werkzeug.local import release_local


def is_dev_server() -> int:
	"""`bench start` sets it: no nginx joins the servers, and pages must name the Socket.IO server's port.

	Read when it is needed: an app's commands may import `frappe` before `serve` knows how it serves.
	"""
	return int(os.environ.get("DEV_SERVER", "").lower() in ("1", "true", "yes", "on", "y", "t"))


def init(site: str, sites_path: str = ".", new_site: bool = False, force=False) -> None:
	"""Make `site` the current one of this thread. A second call does nothing unless forced."""
	if getattr(local, "initialised", None) and not force:
		return
	local.flags = _dict(currently_saving=[], new_site=new_site)
	for log in ("error_log", "message_log", "debug_log"):
		setattr(local, log, [])
	local.site = site
	local.sites_path = sites_path
	local.site_path = os.path.join(sites_path, site)
	local.conf = _dict(get_site_config())
	local.lang = local.conf.lang or "en"
	local.qb = MariaDB
	local.response = _dict(docs=[])
	local.request_ip = local.task_id = local.user = None
	for name in ("role_permissions", "new_doc_templates", "cache"):
		setattr(local, name, {})
	local.session = _dict()
	local.form_dict = _dict()
	local.dev_server = is_dev_server()
	# one client per process, which connects by itself when it is used
	frappe.cache = frappe.cache or setup_cache()
	setup_module_map()
	local.initialised = True


def connect(site: str | None = None, set_admin_as_user: bool = True) -> None:
	"""Give the current site its database connection; it is opened by the first query."""
	if site:
		init(site)
	name = local.conf.db_name
	local.db = get_db(
		host=local.conf.db_host,
		port=local.conf.db_port,
		user=name,
		password=local.conf.db_password,
		cur_db_name=name,
	)
	if set_admin_as_user:
		set_user("Administrator")


def destroy() -> None:
	"""Close the connection and forget everything about the current site."""
	if db:
		db.close()
	release_local(local)


@contextmanager
def init_site(site=None):
	"""Init, then destroy; without a site only the common settings are there."""
	init(site or "")
	try:
		yield local
	finally:
		destroy()


def get_conf(site: str | None = None) -> _dict:
	"""The current site's settings, or without a current site those of `site`."""
	if hasattr(local, "conf"):
		return local.conf
	with init_site(site):
		return local.conf
