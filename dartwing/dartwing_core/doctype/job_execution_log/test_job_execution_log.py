import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.tests.records import an_organization

test_ignore = ["Background Job", "Organization"]


class TestJobExecutionLog(FrappeTestCase):
	def setUp(self):
		job = submit_job("echo_job", an_organization())
		self.row = frappe.get_doc("Job Execution Log", {"background_job": job.name, "to_status": "Pending"})

	def test_a_row_says_who_moved_the_job(self):
		self.assertEqual((self.row.from_status, self.row.to_status), (None, "Pending"))
		self.assertEqual(self.row.actor, frappe.session.user)

	def test_a_row_can_neither_be_changed_nor_deleted(self):
		self.row.message = "another"
		with self.assertRaises(frappe.ValidationError):
			self.row.save()
		with self.assertRaises(frappe.ValidationError):
			self.row.delete()
