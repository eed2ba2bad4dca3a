import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.tests.records import a_log_part, an_organization

test_ignore = ["Background Job"]


class TestJobLogPart(FrappeTestCase):
	def setUp(self):
		self.job = submit_job("echo_job", an_organization())
		self.part = frappe.get_doc("Job Log Part", a_log_part(self.job.name, ["a line"]))

	def test_nobody_changes_or_deletes_it_by_hand(self):
		self.part.kept_lines = "[]"
		with self.assertRaises(frappe.ValidationError):
			self.part.save()
		with self.assertRaises(frappe.ValidationError):
			self.part.delete()
