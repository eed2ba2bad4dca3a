"""Who may do what: roles, ownership, User Permissions and the apps' has_permission hooks.

Sharing and Custom DocPerm are not part of benchless: the only thing shared is a user's own
User document, and a DocType's permissions are those of its file.
"""

import frappe
from frappe._api.values import _dict
from frappe.utils import cint

rights = (
	*("select", "read", "write", "create", "delete", "submit", "cancel", "amend"),
	*("print", "email", "report", "import", "export", "share"),
)
GUEST_ROLE = "Guest"
ALL_USER_ROLE = "All"
SYSTEM_USER_ROLE = "Desk User"
ADMIN_ROLE = "Administrator"
AUTOMATIC_ROLES = (GUEST_ROLE, ALL_USER_ROLE, SYSTEM_USER_ROLE, ADMIN_ROLE)


def has_permission(
	doctype,
	ptype="read",
	doc=None,
	user=None,
	raise_exception=True,
	*,
	parent_doctype=None,
	debug=False,
) -> bool:
	"""Whether the user may do `ptype` to the document, or to some document of the DocType.

	Never raises; with `raise_exception` the reason of a refusal goes to the message log.
	"""
	if not doc and hasattr(doctype, "doctype"):
		doc, doctype = doctype, doctype.doctype
	reasons: list[str] = []
	allowed = is_allowed(doctype, ptype, doc, user or frappe.session.user, parent_doctype, reasons)
	if not allowed and raise_exception and (not user or user == frappe.session.user):
		frappe.msgprint("<br>".join(reasons))
	return allowed


def is_allowed(doctype, ptype, doc, user, parent_doctype, reasons: list[str]) -> bool:
	if user == "Administrator":
		return True
	meta = frappe.get_meta(doctype)
	if meta.istable:
		return is_allowed_by_parent(meta, ptype, doc, user, parent_doctype, reasons)
	if doc:
		if isinstance(doc, str | int):
			doc = frappe.get_doc(doctype, doc)
		allowed = bool(document_permissions(doc, user, ptype, reasons).get(ptype))
		if not allowed:
			reasons.append(refusal(doc, user, reasons))
		return allowed or is_shared(doctype, ptype, user, doc.name)
	if ptype == "import" and not cint(meta.allow_import):
		reasons.append("Document Type is not importable")
		return False
	allowed = bool(get_role_permissions(meta, user=user).get(ptype))
	if not allowed:
		reasons.append(
			f"User {frappe.bold(user)} does not have doctype access via role permission for document "
			f"{frappe.bold(doctype)}"
		)
	return allowed or is_shared(doctype, ptype, user)


def refusal(doc, user, reasons: list[str]) -> str:
	"""Names the document only to those who may know that there is one."""
	may_know = is_allowed(doc.doctype, "read", None, frappe.session.user, None, reasons)
	name = f": {doc.doctype} - {doc.name}" if may_know else ""
	return f"User {frappe.bold(user)} does not have access to this document{name}"


def shared_with(doctype, user) -> list[str]:
	return [user] if doctype == "User" and user != "Guest" else []


def is_shared(doctype, ptype, user, name=None) -> bool:
	shared = shared_with(doctype, user) if ptype in ("read", "write", "share", "email", "print") else []
	return name in shared if name else bool(shared)


def is_allowed_by_parent(meta, ptype, row, user, parent_doctype, reasons: list[str]) -> bool:
	"""A row of a child table is as accessible as the document it belongs to."""
	if isinstance(row, str):
		columns = ["name", "parent", "parenttype", "parentfield"]
		row = frappe.db.get_value(meta.name, row, columns, as_dict=True)
	parent_doctype = row.parenttype if row else parent_doctype
	if not parent_doctype:
		reasons.append(f"Please specify a valid parent DocType for {frappe.bold(meta.name)}")
		return False
	parent = frappe.get_meta(parent_doctype)
	fields = [field for field in parent.get_table_fields() if field.options == meta.name]
	if parent.istable or not fields:
		names = (frappe.bold(parent_doctype), frappe.bold(meta.name))
		reasons.append("{} is not a valid parent DocType for {}".format(*names))
		return False
	if row and not may_reach(row, parent, fields, ptype, user):
		reasons.append(f"Insufficient Permission Level for {frappe.bold(parent_doctype)}")
		return False
	parent_document = row and (getattr(row, "parent_doc", None) or row.parent)
	return is_allowed(parent_doctype, ptype, parent_document, user, None, reasons)


def may_reach(row, parent, fields, ptype, user) -> bool:
	field = next((field for field in fields if field.fieldname == row.parentfield), None)
	if not field:
		return False
	return field.permlevel == 0 or field.permlevel in parent.get_permlevel_access(ptype, user=user)


def get_doc_permissions(doc, user=None, ptype=None, debug=False) -> dict:
	"""Every right as 0 or 1 for this document."""
	return document_permissions(doc, user or frappe.session.user, ptype, [])


def document_permissions(doc, user, ptype, reasons: list[str]) -> dict:
	if not has_controller_permissions(doc, ptype, user=user):
		reasons.append("Not allowed via controller permission check")
		return {ptype: 0}
	is_owner = (doc.get("owner") or "").lower() == user.lower()
	meta = frappe.get_meta(doc.doctype)
	permissions = dict(get_role_permissions(meta, user=user, is_owner=is_owner))
	owner_permissions = permissions.get("if_owner", {})
	permissions["submit"] = 0
	if not cint(meta.allow_import):
		permissions["import"] = 0
	if permissions.get("has_if_owner_enabled"):
		permissions.update(owner_permissions)
	if not has_user_permission(doc, user, reasons=reasons):
		return {**owner_permissions, "create": 0} if is_owner else {}
	return permissions


def get_role_permissions(doctype_meta, user=None, is_owner=None, debug=False) -> _dict:
	"""Rights by role; `if_owner` holds those that only an owner has.

	Without ownership such a right counts as 0, but reading stays 1: lists are filtered by owner.
	"""
	meta = frappe.get_meta(doctype_meta) if isinstance(doctype_meta, str) else doctype_meta
	user = user or frappe.session.user
	if user == "Administrator":
		return _dict(dict.fromkeys(rights, 1))
	key = (meta.name, user, bool(is_owner))
	if key not in frappe.local.role_permissions:
		frappe.local.role_permissions[key] = evaluate_roles(meta, user, is_owner)
	return frappe.local.role_permissions[key]


def evaluate_roles(meta, user, is_owner) -> _dict:
	roles = frappe.get_roles(user)
	applicable = [perm for perm in meta.permissions if perm.role in roles and not perm.permlevel]
	out = _dict(if_owner={}, has_if_owner_enabled=any(perm.if_owner for perm in applicable))
	for right in rights:
		granting = [perm for perm in applicable if perm.get(right)]
		out[right] = int(bool(granting))
		if granting and right != "create" and all(perm.if_owner for perm in granting):
			out["if_owner"][right] = int(bool(is_owner))
			out[right] = int(right in ("select", "read"))
	return out


def get_user_permissions(user=None) -> dict:
	"""The user's permissions by DocType; none for Administrator and Guest."""
	user = user or frappe.session.user
	if not user or user in frappe.STANDARD_USERS:
		return {}
	return frappe.cache.hget("user_permissions", user, lambda: read_user_permissions(user))


def read_user_permissions(user: str) -> _dict:
	fields = ["allow", "for_value", "applicable_for", "is_default"]
	out = _dict()
	for row in frappe.get_all("User Permission", fields=fields, filters={"user": user}):
		entry = _dict(doc=row.for_value, applicable_for=row.applicable_for, is_default=row.is_default)
		out.setdefault(row.allow, []).append(entry)
	return out


def has_user_permission(doc, user=None, debug=False, reasons: list[str] | None = None) -> bool:
	"""Whether the document and all its links are among what User Permissions leave to the user."""
	permissions = get_user_permissions(user)
	if not permissions:
		return True
	reasons = reasons if reasons is not None else []
	allowed = get_allowed_docs_for_doctype(permissions.get(doc.doctype, []), doc.doctype)
	if allowed and str(doc.name) not in allowed:
		reasons.append(f"Not allowed for {doc.doctype}: {doc.name}")
		return False
	is_strict = not doc.meta.issingle and frappe.get_system_settings("apply_strict_user_permissions")
	return all(links_are_allowed(row, doc.doctype, permissions, is_strict, reasons) for row in rows_of(doc))


def rows_of(doc) -> list:
	return [doc, *doc.get_all_children()]


def links_are_allowed(row, doctype, permissions, is_strict, reasons: list[str]) -> bool:
	for field in row.meta.get_link_fields():
		value = row.get(field.fieldname)
		if field.ignore_user_permissions or field.options not in permissions or not (value or is_strict):
			continue
		allowed = get_allowed_docs_for_doctype(permissions[field.options], doctype)
		if allowed and value not in allowed:
			reasons.append(
				"You are not allowed to access this DocType record because it is linked to "
				f"{field.options} '{value or 'empty'}' in field {field.label or field.fieldname}"
			)
			return False
	return True


def get_allowed_docs_for_doctype(user_permissions, doctype) -> list[str]:
	return [entry.doc for entry in user_permissions if entry.applicable_for in (None, "", doctype)]


def default_of_user_permissions(field, doctype) -> str | None:
	"""The one document, or the default one, that User Permissions leave for a link field."""
	entries = get_user_permissions().get(field.options, [])
	if field.ignore_user_permissions:
		return None
	fitting = [entry for entry in entries if entry.applicable_for in (None, "", doctype)]
	default = [entry.doc for entry in fitting if entry.is_default or len(entries) == 1]
	return default[-1] if default else None


def has_controller_permissions(doc, ptype, user=None, debug=False) -> bool:
	"""False if an app's has_permission hook refuses; the last app's opinion counts first."""
	hooks = frappe.get_hooks("has_permission", {})
	for path in reversed([*hooks.get(doc.doctype, []), *hooks.get("*", [])]):
		opinion = frappe.call(path, doc=doc, ptype=ptype, user=user or frappe.session.user, debug=debug)
		if opinion is not None:
			return bool(opinion)
	return True


def get_roles(user=None, with_standard=True) -> list[str]:
	user = user or frappe.session.user
	if user == "Guest" or not user:
		return [GUEST_ROLE]
	roles = frappe.cache.hget("roles", user, lambda: read_roles(user))
	return roles if with_standard else [role for role in roles if role not in AUTOMATIC_ROLES]


def read_roles(user: str) -> list[str]:
	if user == "Administrator":
		return frappe.get_all("Role", pluck="name")
	roles = frappe.db.get_values(
		"Has Role",
		{"parenttype": "User", "parent": user, "role": ("not in", AUTOMATIC_ROLES)},
		"role",
		pluck=True,
	)
	standard = [ALL_USER_ROLE, GUEST_ROLE, *([SYSTEM_USER_ROLE] if is_system_user(user) else [])]
	return [*roles, *standard]


def is_system_user(user: str | None = None) -> bool:
	return frappe.get_cached_value("User", user or frappe.session.user, "user_type") == "System User"


def get_valid_perms(doctype=None, user=None) -> list[_dict]:
	filters = {"permlevel": 0, "role": ["in", get_roles(user)]}
	if doctype:
		filters["parent"] = doctype
	return frappe.get_all("DocPerm", fields=["*"], filters=filters)


def can_export(doctype, raise_exception=False) -> bool:
	if "System Manager" in frappe.get_roles():
		return True
	permissions = get_role_permissions(doctype)
	allowed = permissions.get("export") or permissions.get("if_owner", {}).get("export")
	if not allowed and raise_exception:
		raise frappe.PermissionError(f"You are not allowed to export {doctype} doctype")
	return bool(allowed)


def add_user_permission(
	doctype, name, user, ignore_permissions=False, applicable_for=None, is_default=0, hide_descendants=0
) -> None:
	"""Limit the user to this document of the DocType (and others added so)."""
	known = get_user_permissions(user).get(doctype, [])
	if any(entry.doc == name and (entry.applicable_for or None) == applicable_for for entry in known):
		return
	if not frappe.db.exists(doctype, name):
		frappe.throw(f"{doctype} {name} not found", frappe.DoesNotExistError)
	frappe.get_doc(
		doctype="User Permission",
		user=user,
		allow=doctype,
		for_value=name,
		is_default=is_default,
		applicable_for=applicable_for,
		apply_to_all_doctypes=0 if applicable_for else 1,
		hide_descendants=hide_descendants,
	).insert(ignore_permissions=ignore_permissions)


def remove_user_permission(doctype, name, user) -> None:
	filters = {"user": user, "allow": doctype, "for_value": name}
	frappe.delete_doc("User Permission", frappe.db.get_value("User Permission", filters))
