import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED


def execute() -> None:
	"""Comments on deleted jobs and organizations named them to everybody who reads comments."""
	with snapshot_ignored():
		frappe.db.delete("Comment", {"comment_type": "Deleted", "reference_doctype": ("in", GUARDED)})
