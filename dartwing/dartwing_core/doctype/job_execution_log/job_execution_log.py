from collections.abc import Iterable
from datetime import datetime

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs.hidden import HiddenDocument

FIELDS = [
	"name",
	"owner",
	"creation",
	"modified",
	"modified_by",
	"background_job",
	"organization",
	"from_status",
	"to_status",
	"timestamp",
	"actor",
	"message",
	"retry_attempt",
]


class JobExecutionLog(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		actor: DF.Data | None
		background_job: DF.Link
		from_status: DF.Data | None
		message: DF.SmallText | None
		organization: DF.Link
		retry_attempt: DF.Int
		timestamp: DF.Datetime
		to_status: DF.Data
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Execution Log is append-only: only the job engine writes it"))

	def on_trash(self) -> None:
		if frappe.db.exists("Background Job", self.background_job):
			frappe.throw(_("Job Execution Log is append-only: its rows go when their job goes"))

	def notify_update(self) -> None:
		"""Publish nothing to the DocType-wide room: everyone who may read any job could join it."""


def record(
	jobs: Iterable[Document],
	from_status: str | None,
	timestamp: datetime,
	message: str | None = None,
	actor: str | None = None,
) -> None:
	"""Write one row for each job, which has just become its `status`, in the current transaction."""
	user = frappe.session.user
	frappe.db.bulk_insert(
		"Job Execution Log",
		FIELDS,
		[
			(
				frappe.generate_hash(length=16),
				user,
				timestamp,
				timestamp,
				user,
				job.name,
				job.organization,
				from_status,
				job.status,
				timestamp,
				actor or user,
				message,
				job.retry_count or 0,
			)
			for job in jobs
		],
	)


def on_doctype_update() -> None:
	frappe.db.add_index("Job Execution Log", ["background_job", "timestamp"])
