"""What install-app and uninstall-app do beyond DocTypes and fixtures."""

import frappe

from dartwing.dartwing_core.background_jobs.upkeep.holding import release_after_migration
from dartwing.dartwing_core.doctype.background_job.job_ids import ensure_sequence
from dartwing.dartwing_core.doctype.job_tally import job_tally

ROLES = ("Dartwing Admin", "Dartwing User", "Job Metrics Reader")
SEQUENCE = "background_job_id_seq"
SCHEDULED_METHODS = "dartwing.%"
PATCHES = "dartwing.%"
SETTINGS = "Job Engine Settings"
WORKSPACE = "Background Jobs"
MODULE = "Dartwing Core"


def after_install() -> None:
	ensure_sequence()
	ensure_settings()


def after_migrate() -> None:
	ensure_settings()
	# a site may have jobs that are older than the sums of them
	job_tally.recount()
	release_after_migration()


def ensure_settings() -> None:
	"""Store the default of each setting that was never stored, so that 0 and "not set" stay apart."""
	stored = frappe.db.get_singles_dict(SETTINGS)
	for field in frappe.get_meta(SETTINGS).fields:
		if field.default is not None and field.fieldname not in stored:
			frappe.db.set_single_value(SETTINGS, field.fieldname, field.default)


def after_uninstall() -> None:
	"""Frappe drops the tables of the app's DocTypes; the rest is ours to remove. Commits."""
	frappe.db.sql_ddl(f"drop sequence if exists `{SEQUENCE}`")
	for role in ROLES:
		# a user with a role that is gone cannot be saved
		frappe.db.delete("Has Role", {"role": role})
		frappe.delete_doc("Role", role, ignore_missing=True, force=True)
	for scheduled_job in frappe.get_all(
		"Scheduled Job Type", {"method": ("like", SCHEDULED_METHODS)}, pluck="name"
	):
		frappe.delete_doc("Scheduled Job Type", scheduled_job, force=True)
	# the values of a Single outlive its DocType: the next installation would be paused, as this one was
	frappe.db.delete("Singles", {"doctype": SETTINGS})
	frappe.db.delete("Patch Log", {"patch": ("like", PATCHES)})
	remove_from_desktop()
	# uninstall-app has committed before this hook and does not do so again
	frappe.db.commit()
	frappe.clear_cache()


def remove_from_desktop() -> None:
	"""Remove what Frappe v16 makes of a workspace: its sidebar, users' copies of that, and its icon."""
	if not frappe.db.exists("DocType", "Workspace Sidebar"):
		return
	of_ours = [["name", "=", WORKSPACE], ["module", "=", MODULE]]
	sidebars = frappe.get_all("Workspace Sidebar", or_filters=of_ours, pluck="name")
	icons = frappe.get_all("Desktop Icon", {"link_to": ("in", [WORKSPACE, *sidebars])}, pluck="name")
	for doctype, names in (("Desktop Icon", icons), ("Workspace Sidebar", sidebars)):
		for name in names:
			frappe.delete_doc(doctype, name, force=True, ignore_on_trash=True)
