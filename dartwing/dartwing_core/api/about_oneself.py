"""Documents that collect, or delete, what belongs to the person whom one of their fields names.

Frappe has forms for that on its website, for everybody; it asks for no permission then, and the file that
comes of it is its maker's. So they are about whoever makes them, or are made by System Managers. Rows about a
document that the person may not see are not collected.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member
from dartwing.dartwing_core.background_jobs.tenancy.references import shown_among

# the field that says about whom they are
ABOUT = {
	"Personal Data Deletion Request": "email",
	"Personal Data Download Request": "user",
}
COLLECTING = "frappe.website.doctype.personal_data_download_request.personal_data_download_request"


def refuse_others(doc: Any, method: str | None = None) -> None:
	"""Before one is saved: raise PermissionError for one about somebody else; a guest is nobody."""
	if not is_asked_by_a_member():
		return
	field, user = ABOUT[doc.doctype], frappe.session.user
	if user == "Guest" or doc.get(field) not in (user, frappe.db.get_value("User", user, "email")):
		refuse_argument(field, _("must be your own"), frappe.PermissionError)


def shown_data(of_frappe: Callable[[str], str], user: str) -> str:
	"""As Frappe collects it, by DocType, without rows that the user would not be shown in a list."""
	collected = json.loads(of_frappe(user))
	for doctype, rows in collected.items():
		if is_doctype(doctype):
			shown = shown_among(doctype, [str(row["name"]) for row in rows], user)
			collected[doctype] = [row for row in rows if str(row["name"]) in shown]
	return json.dumps(collected, indent=2)


def change_collected(module: ModuleType) -> None:
	replace(module, "get_user_data", shown_data)


CHANGES = {COLLECTING: change_collected}
