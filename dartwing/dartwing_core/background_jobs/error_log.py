"""What the engine itself runs into, in Frappe's Error Log."""

import frappe

from dartwing.dartwing_core.background_jobs import texts

# of the column that Frappe keeps it in; a longer one raises
MAX_TITLE = 140


def record(title: str) -> None:
	"""Write the exception that is being handled, in the current transaction.

	Frappe's own traceback quotes the variables of each function: the parameters of jobs are among them.
	"""
	traceback = texts.shortened(texts.storable(frappe.get_traceback()))
	# Frappe takes a title of several lines for the traceback
	one_line = " ".join(texts.line(f"dartwing: {title}").split())
	frappe.log_error(title=texts.cut(one_line, MAX_TITLE), message=traceback)
