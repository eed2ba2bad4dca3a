import frappe
from frappe.tests.utils import FrappeTestCase

test_ignore = ["DocType"]


def job_type(**values):
	return frappe.get_doc(
		{
			"doctype": "Job Type",
			"type_name": "a_test_type",
			"display_name": "A Test Type",
			"handler_method": "dartwing.tests.handlers.obliging_handler",
			**values,
		}
	)


class TestJobType(FrappeTestCase):
	def tearDown(self):
		frappe.delete_doc("Job Type", "a_test_type", ignore_missing=True)

	def test_defaults(self):
		saved = job_type().insert()
		self.assertEqual(saved.name, "a_test_type")
		self.assertEqual(
			(saved.default_timeout, saved.max_retries, saved.deduplication_window, saved.retry_base_delay),
			(300, 5, 300, 60),
		)

	def test_zero_is_a_value(self):
		saved = job_type(max_retries=0, deduplication_window=0).insert().reload()
		self.assertEqual((saved.max_retries, saved.deduplication_window), (0, 0))

	def test_a_handler_that_is_none_is_refused(self):
		for path in ("no_such_app.run", "dartwing.tests.handlers.takes_nothing", "dartwing.no_module.run"):
			with self.assertRaises(frappe.ValidationError) as refusal:
				job_type(handler_method=path).insert()
			self.assertIn(path, str(refusal.exception))
