"""Records that jobs need: organizations, their members, Job Types; made as an administrator makes them.

Each is inserted in the current transaction, and nothing is committed.
"""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe.model.document import Document


def make_organization(name: str | None = None, **values: Any) -> Document:
	"""Without a name, one that no other organization has."""
	name = name or f"Organization of Tests {frappe.generate_hash(length=8)}"
	values = {"org_type": "Company", **values}
	return frappe.get_doc({"doctype": "Organization", "org_name": name, **values}).insert(
		ignore_permissions=True
	)


def make_user(email: str, roles: Sequence[str] = ("Dartwing User",)) -> Document:
	"""A login that is sent no mail."""
	user = frappe.get_doc(
		{"doctype": "User", "email": email, "first_name": email.split("@")[0], "send_welcome_email": 0}
	)
	user.insert(ignore_permissions=True)
	user.add_roles(*roles)
	return user


def make_member(user: str | Document, organization: str | Document, **values: Any) -> Document:
	"""An active member, who may submit jobs for the organization; also the Person, if the user has none.

	Each is given by its name, or as the document that `make_user` and `make_organization` return.
	"""
	user, organization = (getattr(one, "name", one) for one in (user, organization))
	person = frappe.db.get_value("Person", {"frappe_user": user})
	if not person:
		about = {"doctype": "Person", "first_name": user.split("@")[0], "frappe_user": user}
		person = frappe.get_doc(about).insert(ignore_permissions=True).name
	return frappe.get_doc(
		{"doctype": "Org Member", "person": person, "organization": organization, **values}
	).insert(ignore_permissions=True)


def make_job_type(name: str, handler_method: str, **values: Any) -> Document:
	"""With no window for equal jobs: a test may submit the same twice."""
	return frappe.get_doc(
		{
			"doctype": "Job Type",
			"type_name": name,
			"display_name": name,
			"handler_method": handler_method,
			"deduplication_window": 0,
			**values,
		}
	).insert(ignore_permissions=True)
