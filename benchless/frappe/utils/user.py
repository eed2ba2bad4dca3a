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
