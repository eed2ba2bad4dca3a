import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import sequences
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument

# what each is for is said, and checked, in tests/site/test_group_plans.py
INDEXES = (
	["creation"],
	["status", "creation"],
	["organization", "creation"],
	["organization", "status", "creation"],
	["ended_at"],
	["on_end_job"],
)


class JobGroup(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		created_at: DF.Datetime | None
		ended_at: DF.Datetime | None
		on_end_job: DF.Link | None
		organization: DF.Link
		owner_user: DF.Link | None
		status: DF.Literal["Running", "Completed", "Failed", "Canceled"]
		title: DF.Data
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Group: only the job engine writes it"))

	def on_trash(self) -> None:
		frappe.throw(_("Job Group: it is deleted with its jobs, when they are old enough"))


def on_doctype_update() -> None:
	for fields in INDEXES:
		frappe.db.add_index("Job Group", fields)
	sequences.ensure("Job Group")
