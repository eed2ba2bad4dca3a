import frappe
from frappe.tests.utils import FrappeTestCase

from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, setting


class TestJobEngineSettings(FrappeTestCase):
	def test_the_defaults_are_stored(self):
		names = ("organization_window", "cancel_grace_period", "poison_pill_limit", "retention_days")
		self.assertEqual([setting(name) for name in names], [100, 10, 3, 30])

	def test_a_paused_site_is_held(self):
		settings = frappe.get_doc("Job Engine Settings")
		settings.paused = 1
		settings.save()
		self.assertTrue(is_held())
		settings.paused = 0
		settings.save()
		self.assertFalse(is_held())
