import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.tests.records import an_organization

test_ignore = ["Background Job"]


class TestJobStep(FrappeTestCase):
	def setUp(self):
		self.job = submit_job("echo_job", an_organization())
		records.keep(self.job.name, records.Record("fetch", 1, 1, times.site_now(), result="[1]"))
		self.row = frappe.get_doc("Job Step", {"background_job": self.job.name})

	def test_a_step_has_one_row_that_later_attempts_write_again(self):
		records.keep(
			self.job.name, records.Record("fetch", 1, 2, times.site_now(), is_done=True, result="[2]")
		)
		kept = records.of_job(self.job.name)
		self.assertEqual([(one.attempt, one.is_done) for one in kept.values()], [(2, True)])
		self.assertEqual(records.result_of(self.job.name, "fetch"), "[2]")

	def test_names_that_differ_in_case_are_two_steps(self):
		records.keep(self.job.name, records.Record("Fetch", 2, 1, times.site_now()))
		self.assertEqual(list(records.of_job(self.job.name)), ["fetch", "Fetch"])

	def test_nobody_changes_or_deletes_it_by_hand(self):
		self.row.result = "[3]"
		with self.assertRaises(frappe.ValidationError):
			self.row.save()
		with self.assertRaises(frappe.ValidationError):
			self.row.delete()
