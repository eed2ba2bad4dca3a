from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database import sequences
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument
from dartwing.dartwing_core.doctype.background_job import kept_texts

# what each is for is said, and checked, in tests/site/test_schedule_plans.py
INDEXES = (["creation"], ["organization", "creation"], ["is_paused", "next_slot_utc"])


class JobSchedule(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		anchor_utc: DF.Datetime | None
		catch_up: DF.Literal["None", "Last", "All"]
		catch_up_limit: DF.Int
		cron: DF.Data | None
		ends_at: DF.Datetime | None
		ends_at_utc: DF.Datetime | None
		idempotency_hash: DF.Data | None
		interval_seconds: DF.Int
		is_paused: DF.Check
		job_type: DF.Link
		kind: DF.Literal["Cron", "Interval"]
		last_error: DF.SmallText | None
		last_job: DF.Link | None
		last_slot_utc: DF.Datetime | None
		new_parameters: DF.JSON | None
		next_slot_utc: DF.Datetime | None
		organization: DF.Link
		overlap: DF.Literal["Skip", "Queue", "Replace"]
		parameters: DF.JSON | None
		priority: DF.Literal["", "Low", "Normal", "High", "Critical"]
		request_hash: DF.Data | None
		run_as: DF.Link | None
		starts_at: DF.Datetime | None
		time_zone: DF.Data | None
		title: DF.Data
	# end: auto-generated types

	def autoname(self) -> None:
		self.name = sequences.new_ids("Job Schedule", "SCH", 1)[0]

	def on_trash(self) -> None:
		with snapshot_ignored():
			frappe.db.delete("Job Schedule Slot", {"schedule": self.name})
		# Frappe keeps what it deletes
		self.hide()

	def apply_fieldlevel_read_permissions(self) -> None:
		"""Frappe calls this before it answers with a document: parameters go out with their secrets masked.

		`api.shown_to_nobody` keeps their field out of lists, reports and exports.
		"""
		parameters = self.parameters
		super().apply_fieldlevel_read_permissions()
		self.parameters = parameters
		self.hide()

	def on_change(self) -> None:
		"""The last that Frappe calls when it saves: the document may be the answer to whoever saved it."""
		self.hide()

	def before_print(self, settings: Any = None) -> None:
		self.hide()

	def hide(self) -> None:
		"""Mask the secrets among the parameters in this document, and empty what else nobody is shown."""
		kept_texts.empty(self)
		if self.parameters:
			self.parameters = kept_texts.masked(self.parameters, kept_texts.secrets_of(self.parameters))


def on_doctype_update() -> None:
	for fields in INDEXES:
		frappe.db.add_index("Job Schedule", fields)
	sequences.ensure("Job Schedule")
