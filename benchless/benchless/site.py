"""Sites of the home: making and dropping them, and apps on them.

Everything here runs with the home's `sites` folder as working directory, as on a bench.
"""

import hashlib
import importlib.util
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe
import pymysql
from frappe.core.doctype.file.utils import make_home_folder
from frappe.database.schema import create_system_tables
from frappe.utils.password import update_password

from benchless import install
from benchless.doctypes import sync_app
from benchless.errors import SiteError
from benchless.home import Home

FOLDERS = ("private/files", "private/backups", "public/files", "locks", "logs")
ROLES = {"Administrator": 1, "System Manager": 1, "Desk User": 1, "All": 1, "Guest": 0}
DEFAULT_PASSWORD = "admin"


@contextmanager
def connected(site: str) -> Iterator[None]:
	"""The site as the current one, as Administrator; SiteError if there is no such site."""
	if not (Path(site) / "site_config.json").exists():
		raise SiteError(f"There is no site {site}; make it with: benchless new-site {site}")
	frappe.init(site)
	frappe.connect()
	try:
		yield
	finally:
		frappe.destroy()


def new_site(name: str, admin_password: str = DEFAULT_PASSWORD, force: bool = False) -> None:
	"""Make a site with its database and the framework's own DocTypes; with `force` instead of an old one."""
	if (Path(name) / "site_config.json").exists():
		if not force:
			raise SiteError(f"The site {name} is there already; use --force to make it anew")
		drop_site(name)
	for folder in FOLDERS:
		(Path(name) / folder).mkdir(parents=True, exist_ok=True)
	database = "_" + hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:16]
	settings = {"db_name": database, "db_password": secrets.token_hex(16), "db_type": "mariadb"}
	(Path(name) / "site_config.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
	try:
		create_database(database, settings["db_password"])
		fill(name, admin_password)
	except BaseException:
		drop_site(name)
		raise


def create_database(name: str, password: str) -> None:
	with root_cursor() as cursor:
		cursor.execute(f"drop database if exists `{name}`")
		cursor.execute(f"create database `{name}` character set utf8mb4 collate utf8mb4_unicode_ci")
		cursor.execute(f"create or replace user `{name}`@'%%' identified by %s", password)
		cursor.execute(f"grant all privileges on `{name}`.* to `{name}`@'%'")


@contextmanager
def root_cursor() -> Iterator[pymysql.cursors.Cursor]:
	settings = frappe.get_common_site_config(".")
	connection = pymysql.connect(
		host=settings.db_host,
		port=int(settings.db_port),
		user="root",
		password=settings.db_root_password,
		autocommit=True,
	)
	with connection, connection.cursor() as cursor:
		yield cursor


def fill(name: str, admin_password: str) -> None:
	frappe.init(name, new_site=True)
	frappe.flags.in_install_db = True
	frappe.flags.in_install = "frappe"
	frappe.connect()
	try:
		frappe.clear_cache()
		create_system_tables()
		sync_app("frappe")
		# once more for those that came before the tables that describe them
		sync_app("frappe")
		frappe.flags.in_install_db = False
		frappe.clear_cache()
		install.add_module_defs("frappe")
		install.set_installed_apps(["frappe"])
		add_roles_and_users(admin_password)
		add_settings()
		install.sync_jobs()
		make_home_folder()
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()


def add_roles_and_users(admin_password: str) -> None:
	for role, desk_access in ROLES.items():
		values = {"doctype": "Role", "role_name": role, "desk_access": desk_access}
		frappe.get_doc(values).insert(ignore_permissions=True)
	for name, email, marker in (
		("Administrator", "admin@example.com", "is_admin"),
		("Guest", "guest@example.com", "is_guest"),
	):
		user = frappe.get_doc(
			{"doctype": "User", "first_name": name, "email": email, marker: 1, "enabled": 1}
		)
		user.user_type = "System User" if marker == "is_admin" else "Website User"
		user.append_roles(*(["Administrator", "System Manager"] if marker == "is_admin" else ["Guest"]))
		user.insert(ignore_permissions=True)
	update_password("Administrator", admin_password)


def add_settings() -> None:
	settings = frappe.get_doc("System Settings")
	settings.update({"enable_scheduler": 1, "setup_complete": 1})
	settings.save(ignore_permissions=True)


def drop_site(name: str) -> None:
	"""Delete the site with its database and files."""
	path = Path(name) / "site_config.json"
	if not path.exists():
		raise SiteError(f"There is no site {name}")
	database = json.loads(path.read_text())["db_name"]
	with root_cursor() as cursor:
		cursor.execute(f"drop database if exists `{database}`")
		cursor.execute(f"drop user if exists `{database}`@'%'")
	shutil.rmtree(name)


def install_app(site: str, app: str) -> None:
	"""Install an importable app; it is added to the bench's apps.txt."""
	if importlib.util.find_spec(app) is None:
		raise SiteError(f"There is no Python package {app}; install it with pip first")
	Home(Path("..").resolve()).add_app(app)
	with connected(site):
		install.install_app(app)


def migrate(site: str) -> None:
	with connected(site):
		install.migrate()


def list_apps(site: str) -> list[str]:
	with connected(site):
		return frappe.get_installed_apps()
