"""`frappe.cache`: one Redis client per process, made by the first `init`."""

import frappe


def connect() -> None:
	"""Set `frappe.cache` unless it is there; the client connects by itself when used."""
	if frappe.cache is None:
		from frappe.utils.redis_wrapper import setup_cache

		frappe.cache = setup_cache()
