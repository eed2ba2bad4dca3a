import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.doctype.job_tally.arithmetic import TOTAL
from dartwing.dartwing_core.doctype.job_tally.job_tally import sums, uncounted_events
from dartwing.tests.records import an_organization

test_ignore = ["Job Type", "Organization"]


class TestJobTally(FrappeTestCase):
	def test_a_new_job_is_uncounted_and_part_of_the_sums(self):
		organization = an_organization()
		submit_job("echo_job", organization)
		events = uncounted_events([organization])
		self.assertEqual([(event.to_status, event.jobs) for event in events], [("Pending", 1)])
		((key, (jobs, _seconds)),) = sums(TOTAL, [organization], events).items()
		self.assertEqual((key.event, key.job_type, jobs), ("Pending", "echo_job", 1))

	def test_nobody_may_write_it(self):
		permissions = frappe.get_meta("Job Tally").permissions
		self.assertFalse([one for one in permissions if one.write or one.create or one.delete])
