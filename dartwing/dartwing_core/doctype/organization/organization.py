from dartwing.dartwing_core.background_jobs.hidden import HiddenDocument


class Organization(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		job_window: DF.Int
		logo: DF.AttachImage | None
		org_name: DF.Data
		org_type: DF.Literal["Family", "Company", "Association", "Nonprofit"]
		override_job_window: DF.Check
		override_queue_limit: DF.Check
		queue_limit: DF.Int
		status: DF.Literal["Active", "Inactive", "Suspended", "Dissolved"]
	# end: auto-generated types
	pass
