import frappe
from frappe import _

from dartwing.dartwing_core.doctype.background_job.secret_rows import SecretRow


class JobStep(SecretRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		attempt: DF.Int
		background_job: DF.Link
		is_done: DF.Check
		items_done: DF.Int
		items_total: DF.Int
		last_key: DF.SmallText | None
		position: DF.Int
		result: DF.JSON | None
		seconds: DF.Float
		started_at: DF.Datetime | None
		step: DF.Data
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Step is written by the steps of a running job only"))

	def on_trash(self) -> None:
		if frappe.db.exists("Background Job", self.background_job):
			frappe.throw(_("Job Step is written by the steps of a running job only"))
		super().on_trash()

	def notify_update(self) -> None:
		"""Nobody follows the rows: people look at their job."""


def on_doctype_update() -> None:
	frappe.db.add_index("Job Step", ["background_job", "position"])
