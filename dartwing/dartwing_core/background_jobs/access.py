"""Who may see, submit, cancel and administer: the only place that knows memberships.

A user belongs to an organization through `User → Person.frappe_user → Org Member.person` with
status Active. System Managers belong to all of them. Roles alone say nothing about a row:
`frappe.has_permission(doctype)` is true for a role whose permission covers some rows only.
"""

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument

ADMIN_ROLE = "Dartwing Admin"


def is_system_manager(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return user == "Administrator" or "System Manager" in frappe.get_roles(user)


def organizations_of(user: str | None = None) -> list[str]:
	"""Names of the organizations that the user is an active member of."""
	return frappe.db.sql(
		"""select member.organization
		from `tabPerson` person
		join `tabOrg Member` member on member.person = person.name
		where person.frappe_user = %s and member.status = 'Active'""",
		(user or frappe.session.user,),
		pluck=True,
	)


def is_member(organization: str, user: str | None = None) -> bool:
	return is_system_manager(user) or organization in organizations_of(user)


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


def check_visible(job_id: str) -> frappe._dict:
	"""The organization and owner of a job that the session's user may see.

	Raises DoesNotExistError for an unknown job and, word for word the same, for one of an organization
	that the user is no active member of.
	"""
	job = frappe.db.get_value(
		"Background Job", job_id, ["name", "organization", "owner_user", "status"], as_dict=True
	)
	if not job or not is_member(job.organization):
		refuse_argument("job_id", _("no job {0}").format(repr(job_id)), frappe.DoesNotExistError)
	return job


# --- permission hooks of Frappe: conditions for lists, reports, exports and link searches


def _conditions(user: str | None, condition: str) -> str:
	"""SQL that limits rows to what the user's organizations allow; empty for System Managers."""
	user = user or frappe.session.user
	if is_system_manager(user):
		return ""
	organizations = organizations_of(user)
	if not organizations:
		return "1 = 0"
	return condition.format(", ".join(frappe.db.escape(name) for name in organizations))


def job_query_conditions(user: str | None = None) -> str:
	return _conditions(user, "`tabBackground Job`.organization in ({0})")


def job_log_query_conditions(user: str | None = None) -> str:
	return _conditions(user, "`tabJob Execution Log`.organization in ({0})")


def organization_query_conditions(user: str | None = None) -> str:
	return _conditions(user, "`tabOrganization`.name in ({0})")


def org_member_query_conditions(user: str | None = None) -> str:
	return _conditions(user, "`tabOrg Member`.organization in ({0})")


def person_query_conditions(user: str | None = None) -> str:
	return _conditions(
		user,
		"exists (select 1 from `tabOrg Member` fellow"
		" where fellow.person = `tabPerson`.name and fellow.organization in ({0}))",
	)


# --- permission hooks of Frappe: one document; False refuses, True leaves it to the roles


def has_job_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if ptype in ("read", "select", "report", "export", "print", "email", "share"):
		return is_member(doc.organization, user)
	return is_admin(doc.organization, user)


def has_organization_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if ptype in ("write", "delete", "create"):
		return is_admin(doc.name, user)
	return is_member(doc.name, user)


def has_org_member_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if ptype not in ("write", "delete", "create"):
		return is_member(doc.organization, user)
	# the row as it is stored counts too: a change of its organization must not move it over a wall
	stored = frappe.db.get_value("Org Member", doc.name, "organization") if doc.name else None
	return all(is_admin(organization, user) for organization in {doc.organization, stored} - {None})


def has_person_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	user = user or frappe.session.user
	if is_system_manager(user):
		return True
	if doc.is_new():
		return False
	organizations = organizations_of(user)
	return bool(
		organizations
		and frappe.db.exists("Org Member", {"person": doc.name, "organization": ("in", organizations)})
	)
