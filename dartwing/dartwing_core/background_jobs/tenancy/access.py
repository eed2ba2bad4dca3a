"""Who may see, submit, cancel and administer: the only place that knows memberships.

A user belongs to an organization through `User → Person.frappe_user → Org Member.person` with status Active,
from the member's start date to the end of its end date, as long as the person is not Inactive. If User
Permissions of the user name organizations, the user's memberships in all others do not count. System Managers
belong to all organizations. A disabled user belongs to none: this is checked, because Frappe v15 still takes
a disabled user's API key. Roles alone say nothing about a row: `frappe.has_permission(doctype)` is true for a
role whose permission covers some rows only. Nothing is kept between two questions, so that a member who was
removed is out at once.
"""

from collections.abc import Sequence
from typing import NoReturn

import frappe
from frappe import _
from frappe.utils import nowdate

from dartwing.dartwing_core.background_jobs.errors import refuse_argument

# the DocType whose User Permissions count: those for it, and those for all DocTypes
ABOUT_JOBS = "Background Job"

# rows of enabled users, one for each organization that they are a member of on the day `%(today)s`
MEMBERSHIPS = f"""`tabUser` user
	join `tabPerson` person on person.frappe_user = user.name and user.enabled = 1
		and not person.status <=> 'Inactive'
	join `tabOrg Member` member on member.person = person.name and member.status = 'Active'
		and ifnull(member.start_date, %(today)s) <= %(today)s
		and ifnull(member.end_date, %(today)s) >= %(today)s
		and ifnull(
			(
				select max(permission.for_value = member.organization) from `tabUser Permission` permission
				where permission.user = user.name and permission.allow = 'Organization'
				and ifnull(permission.applicable_for, '') in ('', '{ABOUT_JOBS}')
			), 1
		)"""

ADMIN_ROLE = "Dartwing Admin"
METRICS_ROLE = "Job Metrics Reader"

# what is read of a job or a group to decide who may see it and do something to it
SEEN_FIRST = ["name", "organization", "owner_user", "status", "creation"]


def is_system_manager(user: str | None = None) -> bool:
	user = user or frappe.session.user
	if user == "Administrator":
		return True
	return "System Manager" in frappe.get_roles(user) and bool(frappe.db.get_value("User", user, "enabled"))


def today() -> str:
	"""The day that memberships are asked about: it begins and ends in the site's time zone."""
	return nowdate()


def organizations_of(user: str | None = None) -> list[str]:
	"""Names of the organizations that the user is an active member of."""
	return frappe.db.sql(
		f"select member.organization from {MEMBERSHIPS} where user.name = %(user)s",
		{"user": user or frappe.session.user, "today": today()},
		pluck=True,
	)


def condition_for(column: str, user: str | None = None) -> str:
	"""SQL, true of rows whose column names an organization of the user's; empty for System Managers."""
	if is_system_manager(user):
		return ""
	organizations = organizations_of(user)
	return f"{column} in ({', '.join(map(as_sql, organizations))})" if organizations else "1 = 0"


def as_sql(text: str) -> str:
	"""The text in SQL that is the same whether or not it is a format, and whatever the text holds.

	Frappe v15 sends conditions as they are or formats them, as whoever asks has values or none; Frappe v16
	formats them with others' values.
	"""
	return f"_utf8mb4 x'{text.encode().hex()}'"


def is_member(organization: str, user: str | None = None) -> bool:
	return is_system_manager(user) or organization in organizations_of(user)


def status_for_member(organization: str) -> str | None:
	"""Status of an organization that the session's user may act for, as `is_member`; None of any other."""
	# the query builder takes longer for these than the database
	if is_system_manager():
		found = frappe.db.sql("select name, status from `tabOrganization` where name = %s", (organization,))
	else:
		found = frappe.db.sql(
			f"""select organization.name, organization.status from {MEMBERSHIPS}
			join `tabOrganization` organization on organization.name = member.organization
			where user.name = %(user)s and organization.name = %(organization)s""",
			{"user": frappe.session.user, "organization": organization, "today": today()},
		)
	# to the database, names that differ in case or accents are equal
	return dict(found).get(organization)


def is_admin(organization: str, user: str | None = None) -> bool:
	user = user or frappe.session.user
	if is_system_manager(user):
		return True
	return ADMIN_ROLE in frappe.get_roles(user) and organization in organizations_of(user)


def administered_organizations(user: str | None = None) -> list[str]:
	"""Names of the organizations whose jobs the user may retry, discard and delete."""
	user = user or frappe.session.user
	return organizations_of(user) if ADMIN_ROLE in frappe.get_roles(user) else []


def can_cancel(job: frappe._dict, user: str | None = None) -> bool:
	"""The owner while still a member, an admin of the job's organization, a System Manager."""
	user = user or frappe.session.user
	if job.owner_user == user:
		return is_member(job.organization, user)
	return is_admin(job.organization, user)


def check_member(organization: str, argument: str = "organization") -> None:
	"""Raise PermissionError unless the session's user may act for the organization.

	To who is no member, an unknown organization and somebody else's give the same answer.
	"""
	if not is_member(organization):
		refuse_argument(
			argument,
			_("you are not an active member of {0}").format(repr(organization)),
			frappe.PermissionError,
		)


def may_submit_somewhere() -> bool:
	"""Whether the session's user may submit anything: who belongs to no organization does not."""
	return is_system_manager() or bool(organizations_of())


def check_admin(organization: str, argument: str = "organization") -> None:
	"""Raise PermissionError unless the session's user administers the organization; as `check_member`."""
	check_member(organization, argument)
	if not is_admin(organization):
		refuse_argument(
			argument, _("you are no admin of {0}").format(repr(organization)), frappe.PermissionError
		)


def check_operator() -> None:
	"""Raise PermissionError unless the session's user may see figures and the health of the whole site."""
	user = frappe.session.user
	is_reader = METRICS_ROLE in frappe.get_roles(user) and frappe.db.get_value("User", user, "enabled")
	if not is_reader and not is_system_manager(user):
		frappe.throw(
			_("Only System Managers and {0}s may see this").format(METRICS_ROLE), frappe.PermissionError
		)


def check_visible(job_id: str, argument: str = "job_id") -> frappe._dict:
	"""Name, organization, owner, status and creation of a job that the session's user may see.

	Raises DoesNotExistError for an unknown job and, word for word the same, for one of an organization
	that the user is no active member of.
	"""
	return _visible("Background Job", job_id) or refuse_argument(
		argument, _("no job {0}").format(repr(job_id)), frappe.DoesNotExistError
	)


def check_visible_group(group_id: str, argument: str = "group_id") -> frappe._dict:
	"""As `check_visible`, for a Job Group."""
	return _visible("Job Group", group_id) or refuse_argument(
		argument, _("no group {0}").format(repr(group_id)), frappe.DoesNotExistError
	)


def check_visible_schedule(schedule_id: str, argument: str = "schedule_id") -> frappe._dict:
	"""As `check_visible`, for the name and the organization of a Job Schedule."""
	return _visible("Job Schedule", schedule_id, ["name", "organization"]) or refuse_schedule(
		schedule_id, argument
	)


def refuse_schedule(schedule_id: str, argument: str = "schedule_id") -> NoReturn:
	"""Raise what is said of a schedule that does not exist."""
	refuse_argument(argument, _("no schedule {0}").format(repr(schedule_id)), frappe.DoesNotExistError)


def _visible(doctype: str, name: str, fields: Sequence[str] = SEEN_FIRST) -> frappe._dict | None:
	found = frappe.db.get_value(doctype, name, fields, as_dict=True)
	return found if found and is_member(found.organization) else None


def visible_jobs(job_ids: Sequence[str]) -> dict[str, frappe._dict]:
	"""What `check_visible` tells of those of these jobs that the session's user may see."""
	jobs = frappe.get_all("Background Job", {"name": ("in", [*job_ids, ""])}, SEEN_FIRST)
	visible = {name for name in {job.organization for job in jobs} if is_member(name)}
	return {job.name: job for job in jobs if job.organization in visible}
