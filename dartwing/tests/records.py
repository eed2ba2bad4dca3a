"""Records that the tests beside the controllers begin with; rolled back with each of them."""

import frappe


def an_organization() -> str:
	name = f"An Organization of Tests {frappe.generate_hash(length=8)}"
	return frappe.get_doc({"doctype": "Organization", "org_name": name}).insert().name
