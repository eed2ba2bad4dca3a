from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.doctype.background_job import kept_texts


class JobStart(Document):
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

	def on_trash(self) -> None:
		# Frappe keeps what it deletes
		kept_texts.empty(self)

	def apply_fieldlevel_read_permissions(self) -> None:
		"""Frappe calls this before it answers with a document."""
		super().apply_fieldlevel_read_permissions()
		kept_texts.empty(self)

	def before_print(self, settings: Any = None) -> None:
		kept_texts.empty(self)

	def notify_update(self) -> None:
		"""Nobody follows the rows."""


def on_doctype_update() -> None:
	frappe.db.add_index("Job Start", ["scope_key", "started_at"])
	frappe.db.add_index("Job Start", ["started_at"])
	frappe.db.add_index("Job Start", ["counts_until"])
