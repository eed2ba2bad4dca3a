"""Names of this app's documents: who changes them, whichever way Frappe is told to.

Jobs, logs and figures keep theirs: what runs, waits or is told elsewhere knows them by it.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN


def refuse_rename(
	doc: Any, event: str | None = None, old: str = "", new: str = "", merge: bool = False
) -> None:
	"""Before a document gets another name, and after: Frappe can be told to leave out what comes before."""
	own = OWN.get(doc.doctype)
	if own and own.keeps_names:
		refuse_argument("name", _("cannot be changed"), frappe.PermissionError)
	if own and not access.is_system_manager():
		refuse_argument("name", _("may be changed by System Managers only"), frappe.PermissionError)
