import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.background_jobs.groups import rows
from dartwing.tests.records import an_organization

test_ignore = ["Background Job", "Organization", "User"]


class TestJobGroup(FrappeTestCase):
	def setUp(self):
		name = rows.new_id()
		rows.create(name, "Scan", an_organization(), "Administrator")
		self.group = frappe.get_doc("Job Group", name)

	def test_a_new_group_is_running(self):
		self.assertEqual((self.group.status, self.group.ended_at), ("Running", None))
		self.assertRegex(self.group.name, r"^GRP-\d{4}-\d{5,}$")

	def test_nobody_changes_or_deletes_it_by_hand(self):
		self.group.status = "Completed"
		with self.assertRaises(frappe.ValidationError):
			self.group.save()
		with self.assertRaises(frappe.ValidationError):
			self.group.delete()
