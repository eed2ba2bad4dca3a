"""Frappe's permission hooks: what `access` decides, for lists, forms, reports, exports and files.

To everyone else a row of another organization does not exist: what Frappe would answer for an
unknown name is raised here, word for word.
"""

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import access

READING = ("read", "select", "report", "export", "print", "email")

# --- conditions for lists, reports, exports and link searches: SQL, empty for System Managers


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


def file_query_conditions(user: str | None = None) -> str:
	"""What jobs produced is their owners' while they belong to the job's organization."""
	user = user or frappe.session.user
	if access.is_system_manager(user):
		return ""
	mine = _conditions(
		user,
		f"`tabFile`.owner = {frappe.db.escape(user)} and exists (select 1 from `tabBackground Job` job"
		" where job.name = `tabFile`.attached_to_name and job.organization in ({0}))",
	)
	return f"(coalesce(`tabFile`.attached_to_doctype, '') != 'Background Job' or ({mine}))"


def _conditions(user: str | None, condition: str) -> str:
	"""The condition for the organizations of a user, or one that nothing fulfils."""
	user = user or frappe.session.user
	if access.is_system_manager(user):
		return ""
	organizations = access.organizations_of(user)
	if not organizations:
		return "1 = 0"
	return condition.replace("{0}", ", ".join(frappe.db.escape(name) for name in organizations))


# --- one document: False refuses, True leaves it to the roles


def has_job_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	_check_member(doc, doc.organization, ptype, user)
	return ptype in READING or access.is_admin(doc.organization, user)


def has_organization_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if doc.is_new():
		return access.is_system_manager(user)
	_check_member(doc, doc.name, ptype, user)
	return ptype in READING or access.is_admin(doc.name, user)


def has_org_member_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	"""Also the organization that the stored row belongs to counts: a row cannot be taken from another."""
	if not doc.is_new():
		stored = frappe.db.get_value("Org Member", doc.name, "organization")
		_check_member(doc, stored, ptype, user)
		if ptype not in READING and not access.is_admin(stored, user):
			return False
	if ptype in READING:
		return access.is_member(doc.organization, user)
	return access.is_admin(doc.organization, user)


def has_person_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if access.is_system_manager(user):
		return True
	if doc.is_new():
		return False
	if not _is_fellow(doc.name, user):
		raise_not_found(doc, ptype)
	return ptype in READING


def has_file_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool | None:
	"""What a job produced is its owner's: it may hold rows that other members may not read."""
	if doc.attached_to_doctype != "Background Job":
		return None
	user = user or frappe.session.user
	if access.is_system_manager(user):
		return True
	organization = frappe.db.get_value("Background Job", doc.attached_to_name, "organization")
	return doc.owner == user and bool(organization) and access.is_member(organization, user)


def _is_fellow(person: str, user: str | None) -> bool:
	organizations = access.organizations_of(user)
	shared = {"person": person, "organization": ("in", organizations)}
	return bool(organizations and frappe.db.exists("Org Member", shared))


def _check_member(doc: frappe._dict, organization: str | None, ptype: str, user: str | None) -> None:
	if not (organization and access.is_member(organization, user)) and not doc.is_new():
		raise_not_found(doc, ptype)


def raise_not_found(doc: frappe._dict, ptype: str) -> None:
	"""What Frappe v15 raises for a name that there is not; for a deletion it says nothing more."""
	if ptype == "delete":
		raise frappe.DoesNotExistError
	frappe.throw(_("{0} {1} not found").format(_(doc.doctype), doc.name), frappe.DoesNotExistError)
