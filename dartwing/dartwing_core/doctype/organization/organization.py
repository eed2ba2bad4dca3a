import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument

# Frappe's Socket.IO server takes nothing for one of these, and asks nobody who may hear of it
NAMES_OF_NOTHING = ("0", "false", "NaN", "null", "undefined")


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

	def validate(self) -> None:
		if self.is_new() and self.org_name in NAMES_OF_NOTHING:
			frappe.throw(_("Organization Name: {0} is how scripts write nothing").format(self.org_name))
		# Frappe's image view puts it into the page as it is
		if self.logo and not texts.is_reference(self.logo):
			frappe.throw(_("Logo: must be a file of this site or an http(s) address"))
