import frappe
from frappe.tests.utils import FrappeTestCase

test_ignore = ["Background Job", "Job Schedule"]


class TestJobScheduleSlot(FrappeTestCase):
	def test_nobody_writes_it_by_hand(self):
		slot = frappe.get_doc(
			{"doctype": "Job Schedule Slot", "schedule": "SCH-1999-00001", "slot_utc": "1999-01-01"}
		)
		with self.assertRaises(frappe.ValidationError):
			slot.insert(ignore_links=True)
