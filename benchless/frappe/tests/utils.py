"""`FrappeTestCase`: what a test class writes is rolled back when it ends."""

import copy
import unittest

import frappe


class FrappeTestCase(unittest.TestCase):
	"""Commits what was open when the class starts; undoes what its tests left uncommitted."""

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		frappe.db.commit()
		cls.addClassCleanup(restore_flags, copy.deepcopy(frappe.local.flags))
		cls.addClassCleanup(frappe.db.rollback)


def restore_flags(flags) -> None:
	frappe.local.flags = flags
	frappe.local.error_log = []
	frappe.local.message_log = []
	frappe.local.debug_log = []
