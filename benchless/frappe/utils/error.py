"""Error Log rows."""

import frappe
from frappe._api.unsupported import refuse


def log_error(title=None, message=None, reference_doctype=None, reference_name=None, *, defer_insert=False):
	"""Insert an Error Log row into the current transaction; without a message the traceback is logged.

	Title and message may come swapped: the one with line breaks is the traceback.
	"""
	traceback = message
	if message and title and "\n" in title:
		traceback, title = title, message
	if not frappe.db:
		print(f"Failed to log error in db: {title or 'Error'}")
		return None
	if defer_insert:
		raise refuse("log_error(defer_insert=True)")
	document = frappe.get_doc(
		doctype="Error Log",
		error=frappe.as_unicode(traceback or frappe.get_traceback(with_context=True)),
		method=title or "Error",
		reference_doctype=reference_doctype,
		reference_name=reference_name,
	)
	return document.insert(ignore_permissions=True)


def log_error_snapshot(exception: Exception) -> None:
	"""Undo what a request wrote and log the error that ended it, unless it is about who may come in."""
	refused = (
		frappe.AuthenticationError,
		frappe.CSRFTokenError,
		frappe.SecurityException,
		frappe.InReadOnlyMode,
	)
	if isinstance(exception, refused):
		return
	try:
		frappe.db.rollback()
		log_error(title=str(exception))
		frappe.db.commit()
	except Exception as error:
		frappe.logger().error(f"Could not take error snapshot: {error}", exc_info=True)
