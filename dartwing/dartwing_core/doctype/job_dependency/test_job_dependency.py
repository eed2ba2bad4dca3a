import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import cancel_job, submit_job
from dartwing.tests.records import an_organization

test_ignore = ["Background Job"]


class TestJobDependency(FrappeTestCase):
	def setUp(self):
		organization = an_organization()
		self.parents = [submit_job("echo_job", organization, {"number": number}) for number in (1, 2)]
		self.child = submit_job("echo_job", organization, depends_on=[job.name for job in self.parents])

	def rows(self):
		return frappe.get_all(
			"Job Dependency",
			{"background_job": self.child.name},
			["depends_on", "last_status"],
			as_list=True,
			order_by="depends_on asc",
		)

	def test_a_job_has_a_row_for_each_parent(self):
		self.assertEqual(self.rows(), tuple((job.name, None) for job in self.parents))

	def test_the_row_keeps_what_a_deleted_parent_was(self):
		cancel_job(self.parents[0].name)
		frappe.delete_doc("Background Job", self.parents[0].name)
		self.assertEqual(self.rows()[0], (self.parents[0].name, "Canceled"))

	def test_nobody_changes_or_deletes_it_by_hand(self):
		row = frappe.get_doc("Job Dependency", {"background_job": self.child.name})
		row.depends_on = None
		with self.assertRaises(frappe.ValidationError):
			row.save()
		with self.assertRaises(frappe.ValidationError):
			row.delete()
