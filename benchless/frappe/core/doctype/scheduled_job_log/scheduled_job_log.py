import frappe
from frappe.model.document import Document
from frappe.query_builder import Interval
from frappe.query_builder.functions import Now


class ScheduledJobLog(Document):
	@staticmethod
	def clear_old_logs(days=90):
		log = frappe.qb.DocType("Scheduled Job Log")
		frappe.db.delete(log, filters=(log.modified < (Now() - Interval(days=days))))
