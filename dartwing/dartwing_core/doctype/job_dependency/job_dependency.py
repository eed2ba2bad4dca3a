from collections.abc import Sequence

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot


class JobDependency(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		any_end: DF.Check
		background_job: DF.Link
		depends_on: DF.Link
		last_status: DF.Data | None
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Dependency is written by the submission of a job only"))

	def on_trash(self) -> None:
		if frappe.db.exists("Background Job", self.background_job):
			frappe.throw(_("Job Dependency is written by the submission of a job only"))

	def notify_update(self) -> None:
		"""Nobody follows the rows: people look at their job."""


def forget(job_ids: Sequence[str]) -> None:
	"""Jobs that are about to be deleted have no parents any more; their children keep what they were."""
	frappe.db.delete("Job Dependency", {"background_job": ("in", job_ids)})
	frappe.db.sql(
		f"""{ignoring_snapshot()}update `tabJob Dependency` dependency
		join `tabBackground Job` parent on parent.name = dependency.depends_on
		set dependency.last_status = parent.status where parent.name in %s""",
		(tuple(job_ids),),
	)


def on_doctype_update() -> None:
	frappe.db.add_index("Job Dependency", ["background_job", "depends_on"])
	frappe.db.add_index("Job Dependency", ["depends_on", "background_job"])
