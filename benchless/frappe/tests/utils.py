"""`FrappeTestCase`: what a test class writes is rolled back when it ends."""

import copy
import unittest
from contextlib import contextmanager

import frappe


class FrappeTestCase(unittest.TestCase):
	"""Commits what was open when the class starts; undoes what its tests left uncommitted."""

	TEST_SITE = "test_site"

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.TEST_SITE = getattr(frappe.local, "site", None) or cls.TEST_SITE
		frappe.db.commit()
		cls.addClassCleanup(restore_flags, copy.deepcopy(frappe.local.flags))
		cls.addClassCleanup(frappe.db.rollback)

	@contextmanager
	def set_user(self, user: str):
		before = frappe.session.user
		frappe.set_user(user)
		try:
			yield
		finally:
			frappe.set_user(before)

	@contextmanager
	def change_settings(self, doctype: str, settings: dict):
		with change_settings(doctype, settings):
			yield


def restore_flags(flags) -> None:
	frappe.local.flags = flags
	frappe.local.error_log = []
	frappe.local.message_log = []
	frappe.local.debug_log = []


@contextmanager
def change_settings(doctype: str, settings_dict: dict | None = None, /, **settings):
	"""Change values of a Single for the block."""
	wanted = {**(settings_dict or {}), **settings}
	document = frappe.get_doc(doctype)
	before = {key: document.get(key) for key in wanted}
	save_settings(doctype, wanted)
	try:
		yield
	finally:
		save_settings(doctype, before)


def save_settings(doctype: str, values: dict) -> None:
	document = frappe.get_doc(doctype)
	document.update(values)
	document.save(ignore_permissions=True)
	frappe.db.value_cache.pop(doctype, None)
