import frappe
from frappe import _

from dartwing.dartwing_core.doctype.background_job.secret_rows import SecretRow


class JobStart(SecretRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		background_job: DF.Data | None
		counts_until: DF.Datetime | None
		scope_key: DF.Data | None
		started_at: DF.Datetime | None
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Start is written by the claim of a job only"))

	def notify_update(self) -> None:
		"""Nobody follows the rows."""


def on_doctype_update() -> None:
	frappe.db.add_index("Job Start", ["scope_key", "started_at"])
	frappe.db.add_index("Job Start", ["started_at"])
	frappe.db.add_index("Job Start", ["counts_until"])
