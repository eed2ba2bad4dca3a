"""The request-local state: `frappe.local` and the proxies on it."""

import os

from frappe._api.values import _dict
from werkzeug.local import Local, release_local

local = Local()

db = local("db")
qb = local("qb")
conf = local("conf")
form = form_dict = local("form_dict")
request = local("request")
job = local("job")
response = local("response")
session = local("session")
user = local("user")
flags = local("flags")
error_log = local("error_log")
debug_log = local("debug_log")
message_log = local("message_log")
lang = local("lang")

FIRST_FLAGS = {
	"currently_saving": [],
	"redirect_location": "",
	"in_install_db": False,
	"in_install_app": False,
	"in_import": False,
	"in_test": False,
	"mute_messages": False,
	"ignore_links": False,
	"mute_emails": False,
	"has_dataurl": False,
	"read_only": False,
}


def is_dev_server() -> int:
	"""`bench start` sets it: no nginx joins the servers, and pages must name the Socket.IO server's port.

	Read when it is needed: an app's commands may import `frappe` before `serve` knows how it serves.
	"""
	return int(os.environ.get("DEV_SERVER", "").lower() in ("1", "true", "yes", "on", "y", "t"))


def init(site: str, sites_path: str = ".", new_site: bool = False, force=False) -> None:
	"""Make `site` the current one of this thread. A second call does nothing unless forced."""
	from frappe._api import cache_connection, hooks
	from frappe._api.config import get_site_config
	from frappe.query_builder import MariaDB

	if getattr(local, "initialised", None) and not force:
		return
	local.flags = _dict(FIRST_FLAGS, currently_saving=[], new_site=new_site)
	for log in ("error_log", "message_log", "debug_log", "locked_documents"):
		setattr(local, log, [])
	local.site = site
	local.sites_path = sites_path
	local.site_path = os.path.join(sites_path, site)
	local.conf = _dict(get_site_config())
	local.lang = local.conf.lang or "en"
	local.qb = MariaDB
	local.response = _dict({"docs": []})
	for name in ("all_apps", "request_ip", "task_id", "user", "user_perms", "jenv", "jloader"):
		setattr(local, name, None)
	for name in ("test_objects", "valid_columns", "role_permissions", "new_doc_templates", "cache"):
		setattr(local, name, {})
	local.session = _dict()
	local.form_dict = _dict()
	local.dev_server = is_dev_server()
	cache_connection.connect()
	hooks.setup_module_map()
	local.initialised = True


def connect(site: str | None = None, db_name: str | None = None, set_admin_as_user: bool = True) -> None:
	"""Give the current site its database connection; it is opened by the first query."""
	from frappe.database import get_db

	if site:
		init(site)
	name = db_name or local.conf.db_name
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


class init_site:
	"""Context manager: init, then destroy; without a site only the common settings are there."""

	def __init__(self, site=None):
		self.site = site or ""

	def __enter__(self):
		init(self.site)
		return local

	def __exit__(self, *exception):
		destroy()


def set_user(username: str) -> None:
	"""Act as `username` from here on; what was cached for the user before is dropped."""
	local.session.user = username
	local.session.sid = username
	local.session.data = _dict()
	local.cache = {}
	local.form_dict = _dict()
	local.jenv = None
	local.role_permissions = {}
	local.new_doc_templates = {}
	local.user_perms = None


def get_request_header(key, default=None):
	return request.headers.get(key, default)


def local_cache(namespace, key, generator, regenerate_if_none=False):
	"""`generator()`, remembered for this request under `namespace` and `key`."""
	values = local.cache.setdefault(namespace, {})
	if key not in values or (regenerate_if_none and values[key] is None):
		values[key] = generator()
	return values[key]
