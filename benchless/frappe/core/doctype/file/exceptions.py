import frappe
from frappe.exceptions import AttachmentLimitReached  # noqa: F401 - part of this module in v15


class MaxFileSizeReachedError(frappe.ValidationError):
	pass


class FolderNotEmpty(frappe.ValidationError):
	pass


class FileTypeNotAllowed(frappe.ValidationError):
	pass
