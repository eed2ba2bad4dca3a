import frappe
from frappe.tests.utils import FrappeTestCase

test_ignore = ["User"]


class TestPerson(FrappeTestCase):
	def test_a_login_belongs_to_one_person(self):
		person = {"doctype": "Person", "first_name": "Ada", "frappe_user": "Guest"}
		frappe.get_doc(person).insert()
		with self.assertRaises(frappe.UniqueValidationError):
			frappe.get_doc(person).insert()

	def test_many_people_have_no_login(self):
		for first_name in ("Grace", "Edsger"):
			frappe.get_doc({"doctype": "Person", "first_name": first_name}).insert()

	def test_an_address_must_be_one(self):
		with self.assertRaises(frappe.ValidationError):
			frappe.get_doc({"doctype": "Person", "first_name": "Ada", "primary_email": "nowhere"}).insert()
