"""Frappe's permission hooks: what `access` decides, for lists, forms, reports, exports and files.

To everyone else a row of another organization does not exist: what Frappe would answer for an
unknown name is raised here, word for word.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_in_a_request, is_said
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OF_MANAGERS

# true of no row
NONE = "1 = 0"
READING = ("read", "select", "report", "export", "print", "email")

# how many names are looked for in one statement that tells which were found
MANY_NAMES = 100

# --- conditions for lists, reports, exports and link searches: SQL, empty for System Managers


def job_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabBackground Job`.organization", user)


def job_log_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabJob Execution Log`.organization", user)


def job_group_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabJob Group`.organization", user)


def job_schedule_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabJob Schedule`.organization", user)


def organization_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabOrganization`.name", user)


def org_member_query_conditions(user: str | None = None) -> str:
	return access.condition_for("`tabOrg Member`.organization", user)


def person_query_conditions(user: str | None = None) -> str:
	is_theirs = access.condition_for("fellow.organization", user)
	return _of_fellows(is_theirs) if is_theirs else ""


def managers_query_conditions(user: str | None = None) -> str:
	"""Of rows that only System Managers see, as they read them in Desk."""
	return "" if access.is_system_manager(user) else NONE


def _of_fellows(is_theirs: str) -> str:
	return (
		"exists (select 1 from `tabOrg Member` fellow"
		f" where fellow.person = `tabPerson`.name and {is_theirs})"
	)


CONDITIONS = {
	"Background Job": job_query_conditions,
	"Job Execution Log": job_log_query_conditions,
	"Job Group": job_group_query_conditions,
	"Job Schedule": job_schedule_query_conditions,
	"Organization": organization_query_conditions,
	"Org Member": org_member_query_conditions,
	"Person": person_query_conditions,
	**dict.fromkeys(OF_MANAGERS, managers_query_conditions),
}


def all_query_conditions(user: str | None = None) -> dict[str, str]:
	"""The conditions of all guarded DocTypes, by one look at the memberships."""
	# of the names of organizations there are only hexadecimal digits in it
	is_theirs = access.condition_for("{0}", user) or "1 = 1"
	return {
		"Background Job": is_theirs.format("`tabBackground Job`.organization"),
		"Job Execution Log": is_theirs.format("`tabJob Execution Log`.organization"),
		"Job Group": is_theirs.format("`tabJob Group`.organization"),
		"Job Schedule": is_theirs.format("`tabJob Schedule`.organization"),
		"Organization": is_theirs.format("`tabOrganization`.name"),
		"Org Member": is_theirs.format("`tabOrg Member`.organization"),
		"Person": _of_fellows(is_theirs.format("fellow.organization")),
		**dict.fromkeys(OF_MANAGERS, managers_query_conditions(user) or "1 = 1"),
	}


def visible_rows(doctype: str) -> list[list]:
	"""Filters, as Desk writes them, that only those rows fulfil which the session's user may see."""
	user = frappe.session.user or "Guest"
	if access.is_system_manager(user):
		return []
	if doctype in OF_MANAGERS:
		return [[doctype, "name", "in", [""]]]
	field = {"Organization": "name", "Person": "name"}.get(doctype, "organization")
	names = access.organizations_of(user)
	if doctype == "Person":
		names = frappe.get_all("Org Member", {"organization": ("in", names)}, pluck="person") if names else []
	return [[doctype, field, "in", names or [""]]]


def hidden_among(doctype: str, names: list[str], user: str | None = None) -> list[str]:
	"""Those of the names under which there is a row of a guarded DocType that the user may not see.

	One look in the table for all of them, and no second one unless something is hidden.
	"""
	condition = CONDITIONS[doctype](user or frappe.session.user or "Guest")
	return rows_among(doctype, names, f"(({condition}) is not true)") if condition else []


def members_of_others(names: list[str]) -> list[str]:
	"""Those that are people whom the session's user cannot see, and members of other organizations.

	Somebody who belongs nowhere yet cannot be seen either, but an admin makes a member of them.
	"""
	condition = CONDITIONS["Person"](frappe.session.user or "Guest")
	belongs = "exists (select 1 from `tabOrg Member` where person = `tabPerson`.name)"
	return rows_among("Person", names, f"(({condition}) is not true) and {belongs}") if condition else []


def rows_among(doctype: str, names: list[str], condition: str) -> list[str]:
	"""Those of the names under which there is such a row: one statement, and more if there is any."""
	escaped = [frappe.db.escape(name, percent=False) for name in names]
	if not names or not _rows(doctype, "1", escaped, f"{condition} limit 1"):
		return []
	among = []
	for start in range(0, len(names), MANY_NAMES):
		some = escaped[start : start + MANY_NAMES]
		# to the database, names that differ in case, accents or blanks at the end are equal
		are_equal = ", ".join(f"name = {name}" for name in some)
		rows = _rows(doctype, are_equal, some, condition)
		among += [names[start + place] for place in range(len(some)) if any(row[place] for row in rows)]
	return among


def _rows(doctype: str, columns: str, escaped: list[str], condition: str) -> list:
	# without values, nothing in the statement is taken for a placeholder
	return frappe.db.sql(
		f"select {columns} from `tab{doctype}` where name in ({', '.join(escaped)}) and {condition}"
	)


# --- one document


def refusing(may: Callable[..., bool]) -> Callable[..., bool | None]:
	"""The hook of a function that says who may: it refuses everyone else, and allows nobody anything.

	The roles, and the hooks of Frappe and of other apps for the same DocType, have their say as well.
	"""

	@wraps(may)
	def hook(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool | None:
		return framework.NO_OBJECTION if may(doc, ptype, user) else False

	return hook


@refusing
def has_job_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	return _has_permission_in(_organizations(doc), doc, ptype, user)


@refusing
def has_job_type_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	"""What all organizations run is changed by System Managers alone, whoever was given a share of it."""
	return ptype in READING or access.is_system_manager(user)


@refusing
def has_org_member_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	return _has_permission_in(_organizations(doc), doc, ptype, user)


@refusing
def has_organization_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if doc.is_new():
		return access.is_system_manager(user)
	return _has_permission_in([doc.name], doc, ptype, user)


@refusing
def has_person_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if access.is_system_manager(user):
		return True
	if doc.is_new():
		return False
	if not _is_fellow(doc.name, user):
		return refuse(doc, ptype)
	return ptype in READING


@refusing
def has_managers_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool:
	if access.is_system_manager(user):
		return True
	return False if doc.is_new() else refuse(doc, ptype)


def _is_fellow(person: str, user: str | None) -> bool:
	organizations = access.organizations_of(user)
	shared = {"person": person, "organization": ("in", organizations)}
	return bool(organizations and frappe.db.exists("Org Member", shared))


def _organizations(doc: frappe._dict) -> list[str | None]:
	"""Of the row as it is stored, and as it is to be stored: none can be taken from another organization."""
	if doc.is_new():
		return [doc.organization]
	return [frappe.db.get_value(doc.doctype, doc.name, "organization"), doc.organization]


def _has_permission_in(
	organizations: list[str | None], doc: frappe._dict, ptype: str, user: str | None
) -> bool:
	is_member = [bool(name) and access.is_member(str(name), user) for name in organizations]
	if not is_member[0] and not doc.is_new():
		return refuse(doc, ptype)
	if not all(is_member):
		return False
	return ptype in READING or all(access.is_admin(str(name), user) for name in organizations)


def refuse(doc: frappe._dict, ptype: str) -> bool:
	"""Raises as for an unknown name; False for who did not name it: for a file of it, and for many."""
	if not frappe.local.flags.dartwing_listing:
		raise_not_found(doc, ptype)
	return False


@contextmanager
def listing() -> Iterator[None]:
	"""Meanwhile a document that the user may not see is left out, and not refused: nobody has named it."""
	frappe.local.flags.dartwing_listing = True
	try:
		yield
	finally:
		frappe.local.flags.dartwing_listing = False


def name_nothing() -> None:
	"""For the rest of this request, as in `listing`: its address is that of a file."""
	frappe.local.flags.dartwing_listing = True


def refuse_request(doc: frappe._dict, ptype: str) -> bool:
	"""As `refuse` for who asks over HTTP; False for code that looks before it does something."""
	return refuse(doc, ptype) if is_in_a_request() else False


def raise_not_found(doc: frappe._dict, ptype: str) -> None:
	"""What Frappe v15 raises for a name that does not exist; for a deletion it says nothing more.

	Nor is a name said that the request did not say: something in it has found the document.
	"""
	if ptype == "delete" or not is_said(str(doc.name)):
		raise frappe.DoesNotExistError
	frappe.throw(_("{0} {1} not found").format(_(doc.doctype), doc.name), frappe.DoesNotExistError)
