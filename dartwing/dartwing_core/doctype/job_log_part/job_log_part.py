import frappe
from frappe import _
from frappe.model.document import Document


class JobLogPart(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		attempt: DF.Int
		background_job: DF.Link
		first_line: DF.Int
		kept_lines: DF.Code | None
		last_line: DF.Int
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Log Part is written by running jobs only"))

	def on_trash(self) -> None:
		if frappe.db.exists("Background Job", self.background_job):
			frappe.throw(_("Job Log Part is written by running jobs only"))

	def notify_update(self) -> None:
		"""Nobody follows the rows: people look at their job."""


def on_doctype_update() -> None:
	frappe.db.add_index("Job Log Part", ["background_job", "attempt", "last_line"])
