"""`frappe.has_permission`, `frappe.get_roles` and `frappe.only_for`: the current user's."""

from frappe import permissions
from frappe._api.context import flags, local
from frappe._api.messages import throw as throw_message
from frappe._api.values import bold
from frappe.exceptions import PermissionError


def has_permission(doctype=None, ptype="read", doc=None, user=None, throw=False, *, parent_doctype=None):
	"""Whether the user may do `ptype` to the document, or to some document of the DocType."""
	doctype = doctype or (doc and doc.doctype)
	allowed = permissions.has_permission(
		doctype, ptype, doc=doc, user=user, raise_exception=throw, parent_doctype=parent_doctype
	)
	if throw and not allowed:
		name = doc if isinstance(doc, str) else getattr(doc, "name", None)
		flags.error_message = f"No permission for {doctype} {name or ''}".strip()
		raise PermissionError
	return allowed


def get_roles(username=None) -> list[str]:
	"""Roles of a user, by default the current one; a request without session is a Guest."""
	if not local.session or not local.session.user:
		return ["Guest"]
	return permissions.get_roles(username or local.session.user)


def only_for(roles: list[str] | tuple[str] | str, message=False) -> None:
	"""Raise PermissionError unless the user has one of the roles; tests and Administrator pass."""
	if local.flags.in_test or local.session.user == "Administrator":
		return
	roles = (roles,) if isinstance(roles, str) else roles
	if not set(roles).isdisjoint(get_roles()):
		return
	if not message:
		raise PermissionError
	names = ", ".join(bold(role) for role in roles)
	throw_message(f"This action is only allowed for {names}", PermissionError, "Not Permitted")
