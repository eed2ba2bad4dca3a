import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.tests.records import an_organization


class TestOrganization(FrappeTestCase):
	def test_names_are_unique(self):
		name = an_organization()
		with self.assertRaises(frappe.DuplicateEntryError):
			frappe.get_doc({"doctype": "Organization", "org_name": name}).insert()

	def test_only_an_active_organization_accepts_jobs(self):
		organization = frappe.get_doc("Organization", an_organization())
		for status in ("Inactive", "Suspended", "Dissolved"):
			organization.status = status
			organization.save()
			with self.assertRaises(frappe.ValidationError) as refusal:
				submit_job("echo_job", organization.name)
			self.assertIn(status, str(refusal.exception))
