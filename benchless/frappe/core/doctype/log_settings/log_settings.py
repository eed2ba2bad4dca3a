import frappe
from frappe.model.controllers import get_controller
from frappe.model.document import Document
from frappe.utils import cint


class LogSettings(Document):
	"""How many days rows of each log are kept."""

	def validate(self) -> None:
		self.remove_unsupported_doctypes()
		self.remove_repetitions()
		self.add_default_logtypes()

	def remove_unsupported_doctypes(self) -> None:
		for row in list(self.logs_to_clear):
			if not supports_clearing(row.ref_doctype):
				frappe.msgprint(f"{frappe.bold(row.ref_doctype)} does not support automated log clearing.")
				self.remove(row)

	def remove_repetitions(self) -> None:
		seen: set[str] = set()
		for row in list(self.logs_to_clear):
			if row.ref_doctype in seen:
				self.remove(row)
			seen.add(row.ref_doctype)

	def add_default_logtypes(self) -> None:
		present = {row.ref_doctype for row in self.logs_to_clear}
		for doctype, days in frappe.get_hooks("default_log_clearing_doctypes", {}).items():
			if doctype not in present and supports_clearing(doctype):
				self.append("logs_to_clear", {"ref_doctype": doctype, "days": cint(days[-1])})

	def clear_logs(self) -> None:
		"""Let each log's controller delete its old rows, each in a transaction of its own."""
		for row in self.logs_to_clear:
			clear = get_controller(row.ref_doctype).clear_old_logs
			clear(**frappe.get_newargs(clear, {"days": row.days}))
			frappe.db.commit()

	def register_doctype(self, doctype: str, days=30) -> None:
		for row in self.logs_to_clear:
			if row.ref_doctype == doctype:
				row.days = days
				return
		if supports_clearing(doctype):
			self.append("logs_to_clear", {"ref_doctype": doctype, "days": cint(days)})


def supports_clearing(doctype: str) -> bool:
	return bool(frappe.db.exists("DocType", doctype)) and hasattr(get_controller(doctype), "clear_old_logs")


def run_log_clean_up() -> None:
	"""The daily clean-up."""
	settings = frappe.get_doc("Log Settings")
	settings.remove_unsupported_doctypes()
	settings.add_default_logtypes()
	settings.save()
	settings.clear_logs()
