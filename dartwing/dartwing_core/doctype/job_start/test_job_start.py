import frappe
from frappe.tests.utils import FrappeTestCase


class TestJobStart(FrappeTestCase):
	def test_nobody_writes_it_by_hand(self):
		with self.assertRaises(frappe.ValidationError):
			frappe.get_doc({"doctype": "Job Start", "scope_key": "any"}).insert()
