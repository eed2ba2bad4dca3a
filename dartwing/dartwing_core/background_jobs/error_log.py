"""What the engine itself runs into, in Frappe's Error Log."""

from collections.abc import Callable

import frappe

from dartwing.dartwing_core.background_jobs import texts

# of the column that Frappe keeps it in; a longer one raises
MAX_TITLE = 140


def record(title: str) -> None:
	"""Write the exception that is being handled, in the current transaction.

	Frappe's own traceback quotes the variables of each function: the parameters of jobs are among them. While
	the Error Log takes nothing, the log file `dartwing` is told: that must not be one more fault.
	"""
	traceback = texts.shortened(texts.storable(frappe.get_traceback()))
	# Frappe takes a title of several lines for the traceback
	one_line = " ".join(texts.line(f"dartwing: {title}").split())
	try:
		frappe.log_error(title=texts.cut(one_line, MAX_TITLE), message=traceback)
	except Exception as error:
		frappe.logger("dartwing").error(f"{one_line}\n{traceback}\nThe Error Log takes nothing: {error}")


def run_step(step: Callable[[], object], record: Callable[[str], None] = record) -> None:
	"""Run a step that stands for itself, and commit: what it did, or that it failed, which is recorded.

	The steps after it neither undo it nor are kept from their own work.
	"""
	try:
		step()
	except Exception:
		frappe.db.rollback()
		record(step.__name__)
	frappe.db.commit()
