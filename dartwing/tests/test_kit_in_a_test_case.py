"""The mixin as other apps use it, in the classes that bench runs."""

import frappe

from dartwing.dartwing_core.background_jobs import JobContext, submit_job
from dartwing.testing import DartwingTestCase, make_organization

try:
	from frappe.tests import IntegrationTestCase
except (ImportError, NotImplementedError):
	from frappe.tests.utils import FrappeTestCase as IntegrationTestCase


def count_letters(context: JobContext) -> dict:
	return {"result": len(context.parameters["text"])}


class TestInATestCase(DartwingTestCase, IntegrationTestCase):
	def setUp(self) -> None:
		super().setUp()
		self.organization = make_organization().name
		self.addCleanup(self._forget_organization)

	def _forget_organization(self) -> None:
		frappe.db.delete("Organization", {"name": self.organization})
		frappe.db.commit()

	def test_a_handler(self):
		assert self.run_handler(count_letters, {"text": "four"}).result == 4

	def test_a_submission(self):
		submit_job("echo_job", self.organization, {"text": "one"})
		self.jobs.assert_submitted("echo_job", parameters={"text": "one"})

	def test_each_test_has_jobs_of_its_own(self):
		self.jobs.assert_nothing_submitted()

	def test_a_drain(self):
		submit_job("echo_job", self.organization, {"text": "two"})
		assert [job.status for job in self.jobs.drain()] == ["Completed"]
