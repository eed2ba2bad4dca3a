import frappe
from frappe.model.document import Document


class ErrorLog(Document):
	"""One error with its traceback."""

	def onload(self) -> None:
		if not self.seen:
			self.db_set("seen", 1, update_modified=False)
			frappe.db.commit()
