import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.errors import InvalidTransitionError, StaleJobError
from dartwing.tests.records import an_organization

test_ignore = ["Background Job", "Job Type", "Organization", "User"]


class TestBackgroundJob(FrappeTestCase):
	def setUp(self):
		self.job = submit_job("echo_job", an_organization(), {"page": 1})

	def test_a_submitted_job_is_queued_and_of_its_submitter(self):
		self.assertEqual(self.job.status, "Queued")
		self.assertEqual(self.job.owner_user, frappe.session.user)
		self.assertRegex(self.job.name, r"^JOB-\d{4}-\d{5,}$")

	def test_a_transition_is_logged(self):
		self.job.transition_to("Running", attempt_id="one")
		rows = frappe.get_all(
			"Job Execution Log",
			{"background_job": self.job.name},
			["from_status", "to_status"],
			order_by="timestamp asc",
			as_list=True,
		)
		self.assertEqual(list(rows), [(None, "Pending"), ("Pending", "Queued"), ("Queued", "Running")])

	def test_a_transition_that_does_not_exist_is_refused(self):
		with self.assertRaises(InvalidTransitionError):
			self.job.transition_to("Completed")

	def test_who_read_the_job_before_it_moved_on_can_change_nothing(self):
		stale = frappe.get_doc("Background Job", self.job.name)
		self.job.transition_to("Running", attempt_id="one")
		with self.assertRaises(StaleJobError):
			stale.transition_to("Canceled")

	def test_an_unfinished_job_cannot_be_deleted(self):
		with self.assertRaises(frappe.ValidationError):
			self.job.delete()
