from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument


class Person(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		first_name: DF.Data
		frappe_user: DF.Link | None
		last_name: DF.Data | None
		mobile_no: DF.Data | None
		primary_email: DF.Data | None
		status: DF.Literal["Active", "Inactive"]
	# end: auto-generated types

	def validate(self) -> None:
		texts.make_plain(self, "first_name", "last_name")
