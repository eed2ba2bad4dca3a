import frappe
from frappe import _
from frappe.model.document import Document


class JobScheduleSlot(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		job: DF.Link | None
		outcome: DF.Literal["submitted", "skipped", "refused"]
		reason: DF.SmallText | None
		schedule: DF.Link
		slot_utc: DF.Datetime
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Schedule Slot is written when a schedule is due only"))

	def on_trash(self) -> None:
		if frappe.db.exists("Job Schedule", self.schedule):
			frappe.throw(_("Job Schedule Slot is written when a schedule is due only"))

	def notify_update(self) -> None:
		"""Nobody follows the rows: people look at their schedule."""


def on_doctype_update() -> None:
	frappe.db.add_unique("Job Schedule Slot", ["schedule", "slot_utc"])
	frappe.db.add_index("Job Schedule Slot", ["slot_utc"])
