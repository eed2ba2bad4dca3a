import frappe
from frappe import _
from frappe.utils import getdate

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument


class OrgMember(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		end_date: DF.Date | None
		organization: DF.Link
		person: DF.Link
		role: DF.Data | None
		start_date: DF.Date | None
		status: DF.Literal["Active", "Inactive", "Pending"]
	# end: auto-generated types

	def validate(self) -> None:
		texts.make_plain(self, "role")
		if self.start_date and self.end_date and getdate(self.end_date) < getdate(self.start_date):
			frappe.throw(_("End Date {0} is before Start Date {1}").format(self.end_date, self.start_date))


def on_doctype_update() -> None:
	frappe.db.add_unique("Org Member", ["person", "organization"])
	frappe.db.add_index("Org Member", ["organization", "status"])
