import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.tests.records import an_organization

test_ignore = ["Person", "Organization"]


class TestOrgMember(FrappeTestCase):
	def setUp(self):
		person = frappe.get_doc({"doctype": "Person", "first_name": "Ada"}).insert()
		self.member = {"doctype": "Org Member", "person": person.name, "organization": an_organization()}

	def test_a_person_is_a_member_once(self):
		frappe.get_doc(self.member).insert()
		with self.assertRaises(frappe.UniqueValidationError):
			frappe.get_doc(self.member).insert()

	def test_a_membership_does_not_end_before_it_starts(self):
		dates = {"start_date": "2026-02-01", "end_date": "2026-01-01"}
		with self.assertRaises(frappe.ValidationError):
			frappe.get_doc({**self.member, **dates}).insert()
