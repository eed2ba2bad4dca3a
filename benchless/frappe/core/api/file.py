"""Limits of uploads."""

import frappe
from frappe.utils import cint

MEGABYTE = 1024 * 1024
DEFAULT_MAX_FILE_SIZE = 25 * MEGABYTE


@frappe.whitelist(allow_guest=True)
def get_max_file_size() -> int:
	"""Bytes: System Settings (in megabytes), else the site config, else 25 MB."""
	return (
		cint(frappe.get_system_settings("max_file_size")) * MEGABYTE
		or cint(frappe.conf.get("max_file_size"))
		or DEFAULT_MAX_FILE_SIZE
	)
