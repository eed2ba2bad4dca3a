"""What install-app and uninstall-app do beyond DocTypes and fixtures."""

import frappe

from dartwing.dartwing_core.background_jobs.announcing.automation import note_configuration
from dartwing.dartwing_core.background_jobs.database import sequences
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN
from dartwing.dartwing_core.background_jobs.upkeep import site_zone
from dartwing.dartwing_core.background_jobs.upkeep.holding import release_after_migration
from dartwing.dartwing_core.doctype.job_tally import job_tally
from dartwing.dartwing_core.doctype.job_type.job_type import keep_schemas

ROLES = ("Dartwing Admin", "Dartwing User", "Job Metrics Reader")
SEQUENCES = ("background_job_id_seq", "job_group_id_seq", "job_schedule_id_seq")
PATCHES = "dartwing.%"
SETTINGS = "Job Engine Settings"
WORKSPACE = "Background Jobs"
MODULE = "Dartwing Core"
# those that have tables
DOCTYPES = tuple(doctype for doctype in OWN if doctype != SETTINGS)
# what Frappe keeps about a document of any DocType, and the field that says which DocType
KEPT_ABOUT = {
	"Comment": "reference_doctype",
	"Communication Link": "link_doctype",
	"DocShare": "share_doctype",
	"Document Follow": "ref_doctype",
	"Email Unsubscribe": "reference_doctype",
	"Notification Log": "document_type",
	"Tag Link": "document_type",
	"ToDo": "reference_type",
	"User Permission": "allow",
	"Version": "ref_doctype",
	"View Log": "reference_doctype",
}
# what is somebody's own and stays, and the fields that tie it to a document
TIED = {
	"Activity Log": ("reference_doctype", "reference_name"),
	"Communication": ("reference_doctype", "reference_name"),
	"File": ("attached_to_doctype", "attached_to_name"),
}


def after_install() -> None:
	for doctype in ("Background Job", "Job Group", "Job Schedule"):
		sequences.ensure(doctype)
	ensure_settings()
	note_configuration()


def after_migrate() -> None:
	ensure_settings()
	note_configuration()
	keep_schemas()
	# a site may have jobs that are older than the sums of them
	job_tally.recount()
	site_zone.let_ticks_go_on()
	release_after_migration()


def ensure_settings() -> None:
	"""Store the default of each setting that was never stored, so that 0 and "not set" stay apart."""
	stored = frappe.db.get_singles_dict(SETTINGS)
	for field in frappe.get_meta(SETTINGS).fields:
		if field.default is not None and field.fieldname not in stored:
			frappe.db.set_single_value(SETTINGS, field.fieldname, field.default)


def after_uninstall() -> None:
	"""Frappe drops the tables of the app's DocTypes; the rest is ours to remove. Commits."""
	for sequence in SEQUENCES:
		frappe.db.sql_ddl(f"drop sequence if exists `{sequence}`")
	for role in ROLES:
		# a user with a role that is gone cannot be saved
		frappe.db.delete("Has Role", {"role": role})
		frappe.delete_doc("Role", role, ignore_missing=True, force=True)
	for scheduled_job in frappe.get_all(
		"Scheduled Job Type", {"method": ("like", site_zone.SCHEDULED_METHODS)}, pluck="name"
	):
		frappe.delete_doc("Scheduled Job Type", scheduled_job, force=True)
	# the values of a Single outlive its DocType: the next installation would be paused, as this one was
	frappe.db.delete("Singles", {"doctype": SETTINGS})
	frappe.db.delete("Patch Log", {"patch": ("like", PATCHES)})
	forget_documents()
	remove_from_desktop()
	# uninstall-app has committed before this hook and does not do so again
	frappe.db.commit()
	frappe.clear_cache()


def forget_documents() -> None:
	"""Remove what is about documents that are gone, and untie what is kept.

	Ids of jobs begin anew with the next installation: a share or a file of an old job would be another one's.
	A user with a permission for an organization could open nothing any more.
	"""
	for doctype, field in KEPT_ABOUT.items():
		if frappe.db.exists("DocType", doctype):
			frappe.db.delete(doctype, {field: ("in", DOCTYPES)})
	for doctype, fields in TIED.items():
		if frappe.db.exists("DocType", doctype):
			to_gone = {fields[0]: ("in", DOCTYPES)}
			frappe.db.set_value(doctype, to_gone, dict.fromkeys(fields), update_modified=False)


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
