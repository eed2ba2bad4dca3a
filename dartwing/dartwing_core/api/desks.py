"""Documents of which Desk is made: members change their own alone.

Frappe lets every user of Desk write workspaces, sidebars, icons and the like, also those that are shown to
everybody or to somebody else, and puts some of their texts as markup or script into the page.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member

# the field that says for whom they are; Desktop Icons are for everybody
FOR_WHOM = {
	# Frappe makes them with their user as their name, and nothing else
	"Dashboard Settings": "name",
	"Desktop Icon": "",
	"Desktop Layout": "user",
	"List Filter": "for_user",
	"Workspace": "for_user",
	"Workspace Sidebar": "for_user",
}


def refuse_others(doc: Any, method: str | None = None, *arguments: Any) -> None:
	"""Before one is saved, renamed or deleted: raise PermissionError for one that is not one's own."""
	if not is_asked_by_a_member("Workspace Manager"):
		return
	field = FOR_WHOM[doc.doctype]
	for each in (doc, doc.get_doc_before_save()):
		if each and not is_ones_own(each, field):
			refuse_argument(field or "name", _("must be your own"), frappe.PermissionError)


def is_ones_own(doc: Any, field: str) -> bool:
	whose = doc.get(field) if field else None
	# a filter that a member names for all has nothing in it but conditions
	return whose == frappe.session.user or (doc.doctype == "List Filter" and not whose)
