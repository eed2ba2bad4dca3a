"""Users by their roles."""

import frappe


def get_users_with_role(role: str) -> list[str]:
	"""Enabled users with the role, without Administrator."""
	rows = frappe.db.sql(
		"select distinct u.name from `tabUser` u join `tabHas Role` r on r.parent = u.name"
		" where r.parenttype = 'User' and r.role = %s and u.enabled = 1 and u.name != 'Administrator'",
		role,
	)
	return [row[0] for row in rows]


def get_system_managers(only_name: bool = False) -> list[str]:
	"""Enabled System Managers as `Full Name <address>`, or only their names."""
	names = [name for name in get_users_with_role("System Manager") if name not in frappe.STANDARD_USERS]
	if only_name:
		return names
	return [f"{frappe.utils.get_fullname(name)} <{name}>" for name in names]


def is_system_user(username: str) -> bool:
	return frappe.db.get_value("User", username, "user_type") == "System User"
