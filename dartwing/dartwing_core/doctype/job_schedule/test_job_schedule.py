import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.tests.records import an_organization

test_ignore = ["Background Job", "Job Type", "Organization", "User"]


class TestJobSchedule(FrappeTestCase):
	def setUp(self):
		values = {
			"title": "Nightly",
			"job_type": "echo_job",
			"cron": "30 2 * * *",
			"time_zone": "Europe/Berlin",
		}
		self.schedule = frappe.get_doc(
			{"doctype": "Job Schedule", "organization": an_organization(), **values}
		).insert()

	def test_a_new_schedule_has_a_next_slot(self):
		self.assertRegex(self.schedule.name, r"^SCH-\d{4}-\d{5,}$")
		self.assertEqual(self.schedule.run_as, frappe.session.user)
		self.assertTrue(self.schedule.next_slot_utc)

	def test_in_a_pause_it_has_none(self):
		self.schedule.is_paused = 1
		self.schedule.save()
		self.assertIsNone(self.schedule.next_slot_utc)

	def test_what_is_no_cron_expression_is_refused(self):
		self.schedule.cron = "* * * * * *"
		with self.assertRaises(frappe.ValidationError):
			self.schedule.save()
