"""Searches for links that are told to ignore User Permissions: Frappe v15 ignores all conditions then."""

import frappe

from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.background_jobs.tenancy import access, references

SWITCH = "ignore_user_permissions"


def obey_conditions() -> None:
	"""Before a request, once its user is known (`auth_hooks`): rows about documents are not all for all."""
	form = frappe.local.form_dict or {}
	doctype = form.get("doctype")
	if not form.get(SWITCH) or access.is_system_manager():
		return
	if is_doctype(doctype) and references.is_about_documents(doctype):
		del form[SWITCH]
