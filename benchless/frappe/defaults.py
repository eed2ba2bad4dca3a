"""Default values: site-wide under `__default`, internal under `__global`, else per user."""

import frappe


def get_defaults_for(parent="__default") -> frappe._dict:
	"""All values of one owner; a key that has several values holds a list."""
	return frappe.cache.hget("defaults", parent, generator=lambda: read_defaults(parent))


def read_defaults(parent: str) -> frappe._dict:
	rows = frappe.db.sql(
		"select defkey, defvalue from `tabDefaultValue` where parent = %s order by creation", parent
	)
	defaults = frappe._dict()
	for key, value in rows:
		if key not in defaults:
			defaults[key] = value
		elif isinstance(defaults[key], list):
			if value not in defaults[key]:
				defaults[key].append(value)
		elif defaults[key] != value:
			defaults[key] = [defaults[key], value]
	return defaults


def set_default(key, value, parent, parenttype="__default") -> None:
	"""Replace the value; None only removes it."""
	frappe.db.delete("DefaultValue", {"defkey": key, "parent": parent})
	if value is not None:
		add_default(key, value, parent, parenttype)
	else:
		forget(parent)


def add_default(key, value, parent, parenttype=None) -> None:
	frappe.get_doc(
		{
			"doctype": "DefaultValue",
			"parent": parent,
			"parenttype": parenttype or "__default",
			"parentfield": "system_defaults",
			"defkey": key,
			"defvalue": value,
		}
	).insert(ignore_permissions=True)
	forget(parent)


def forget(parent: str) -> None:
	frappe.cache.hdel("defaults", parent)
	for name in ("installed_apps", "app_hooks", "doc_events_hooks"):
		if parent == "__global" and hasattr(frappe.local, name):
			delattr(frappe.local, name)


def get_defaults(user=None) -> frappe._dict:
	"""Site defaults under the user's own."""
	defaults = get_defaults_for().copy()
	user = user or (frappe.session.user if frappe.session else "Guest")
	if user:
		defaults.update(get_defaults_for(user))
		defaults.update(user=user, owner=user)
	return defaults
