"""What install-app and uninstall-app do beyond DocTypes and fixtures."""

import frappe

from dartwing.dartwing_core.doctype.background_job.background_job import ensure_sequence

ROLES = ("Dartwing Admin", "Dartwing User")


def after_install() -> None:
	ensure_sequence()


def after_uninstall() -> None:
	"""Frappe drops the tables of the app's DocTypes; the rest is ours to remove."""
	frappe.db.sql_ddl("drop sequence if exists `background_job_id_seq`")
	for role in ROLES:
		frappe.delete_doc("Role", role, ignore_missing=True, force=True)
