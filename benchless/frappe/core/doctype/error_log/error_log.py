import frappe
from frappe.model.document import Document
from frappe.query_builder import Interval
from frappe.query_builder.functions import Now


class ErrorLog(Document):
	"""One error with its traceback."""

	def onload(self) -> None:
		if not self.seen:
			self.db_set("seen", 1, update_modified=False)
			frappe.db.commit()

	@staticmethod
	def clear_old_logs(days: int = 30) -> None:
		table = frappe.qb.DocType("Error Log")
		frappe.db.delete(table, filters=(table.modified < (Now() - Interval(days=days))))
