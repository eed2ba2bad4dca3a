"""What the engine itself runs into, in Frappe's Error Log."""

from collections.abc import Callable

import frappe

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.memory import Memory

# of the column that Frappe keeps it in; a longer one raises
MAX_TITLE = 140
RECORD_AGAIN_SECONDS = 60

# titles
recorded: Memory[bool] = Memory(RECORD_AGAIN_SECONDS)


def record(title: str) -> None:
	"""Write the exception that is being handled, in the current transaction.

	Frappe's own traceback quotes the variables of each function: the parameters of jobs are among them.
	If it cannot be written, it is in the log file: the caller goes on.
	"""
	traceback = texts.shortened(texts.storable(frappe.get_traceback()))
	# Frappe takes a title of several lines for the traceback
	one_line = " ".join(texts.line(f"dartwing: {title}").split())
	try:
		frappe.log_error(title=texts.cut(one_line, MAX_TITLE), message=traceback)
	except Exception:
		frappe.logger("dartwing").exception(f"{one_line}: could not be recorded: {traceback}")


def record_now_and_then(title: str) -> None:
	"""As `record`, once a minute in this process: what fails each second is likely to fail again."""
	if title not in recorded:
		recorded.put(title, True)
		record(title)


def record_alone(title: str) -> None:
	"""As `record`, committed; what the current transaction has written besides is undone."""
	try:
		frappe.db.rollback()
		record(title)
		frappe.db.commit()
	except Exception:
		frappe.logger("dartwing").exception(title)


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
