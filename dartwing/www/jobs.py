"""The page /jobs: the jobs of the user's organizations, for people with and without access to Desk."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import frappe
from frappe import _
from frappe.sessions import get_csrf_token
from frappe.utils import get_fullname

from dartwing.dartwing_core.api.page_assets import SOURCES, asset_names, imports, versioned
from dartwing.dartwing_core.api.parameter_forms import form_of
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.submission.checks import may_use
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, STATUSES

no_cache = 1

# the first argument of __("…")
TEXT = re.compile(r"""\b__\(\s*"((?:[^"\\]|\\.)+)\"""")
RIGHT_TO_LEFT = ("ar", "fa", "he", "ps", "ur")
# a System Manager sees all organizations; more than these are no choice any more
MAX_ORGANIZATIONS = 200


def get_context(context: frappe._dict) -> None:
	if frappe.session.user == "Guest":
		send_to_login()
	context.language = frappe.local.lang or "en"
	context.direction = "rtl" if context.language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
	context.assets = {name: versioned(name) for name in asset_names()}
	context.import_map = as_script({"imports": imports()})
	context.page_boot = as_script(boot())


def send_to_login() -> None:
	path = frappe.local.request.full_path.rstrip("?")
	frappe.local.flags.redirect_location = f"/login?redirect-to={quote(path)}"
	raise frappe.Redirect(302)


def boot() -> dict[str, Any]:
	"""What the page's scripts are told: who the user is, and what there is to choose from."""
	user, mine = frappe.session.user, organizations()
	return {
		"user": user,
		"full_name": get_fullname(user),
		"csrf_token": get_csrf_token(),
		"site": frappe.local.site,
		# behind nginx, Socket.IO has the site's own address
		"socketio_port": frappe.conf.socketio_port if frappe.local.dev_server else None,
		"now": times.to_utc(times.site_now()),
		"statuses": labelled(STATUSES),
		"priorities": labelled(PRIORITIES),
		"organizations": mine,
		"administered": administered(mine),
		"job_types": job_types() if mine else [],
		"max_file_size": frappe.get_attr("frappe.core.api.file.get_max_file_size")(),
		"texts": texts(),
	}


def labelled(names: tuple[str, ...]) -> list[dict[str, str]]:
	return [{"name": name, "label": _(name)} for name in names]


def organizations() -> list[dict[str, Any]]:
	"""`{name, is_active}` of those whose jobs the user may see."""
	mine = {} if access.is_system_manager() else {"name": ("in", access.organizations_of() or [""])}
	rows = frappe.get_all(
		"Organization",
		filters=mine,
		fields=["name", "status"],
		order_by="name asc",
		limit=MAX_ORGANIZATIONS,
	)
	return [{"name": row.name, "is_active": row.status == "Active"} for row in rows]


def administered(organizations: list[dict[str, Any]]) -> list[str]:
	"""Names of those that the user may make schedules for."""
	names = [one["name"] for one in organizations]
	if access.is_system_manager():
		return names
	chosen = set(access.administered_organizations())
	return [name for name in names if name in chosen]


def job_types() -> list[dict[str, Any]]:
	"""`{name, label, form}` of all; `form` is that of a type which is offered (see `form_of`)."""
	rows = frappe.get_all(
		"Job Type",
		fields=[
			"name",
			"display_name",
			"description",
			"is_enabled",
			"allow_web_submission",
			"requires_permission",
			"parameters_help",
			"parameters_template",
			"parameters_schema",
		],
		order_by="display_name asc",
	)
	return [
		{
			"name": row.name,
			"label": _(row.display_name),
			"form": form_of(row) if is_offered(row) else None,
		}
		for row in rows
	]


def is_offered(row: frappe._dict) -> bool:
	return bool(row.is_enabled and row.allow_web_submission and may_use(row))


def texts() -> dict[str, str]:
	"""The texts of the page's scripts in the user's language; none in English, which they are written in."""
	if (frappe.local.lang or "en") == "en":
		return {}
	return {text: _(text) for text in written_texts()}


@lru_cache
def written_texts() -> tuple[str, ...]:
	found = (TEXT.findall(path.read_text()) for path in sorted(SOURCES.glob("*.js")))
	return tuple(dict.fromkeys(text for one in found for text in one))


def as_script(value: Any) -> str:
	"""JSON that cannot end the script element that it is in."""
	return frappe.as_json(value, indent=None).replace("<", "\\u003c")
