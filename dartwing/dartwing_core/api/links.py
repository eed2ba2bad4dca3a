"""References to guarded documents, checked once more as the document that has them is saved.

A request can change the name alone in a document that refers to a guarded DocType already (a ToDo, a
comment): it names no DocType, so `door` lets it pass.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.access_hooks import GUARDED, hidden_among
from dartwing.dartwing_core.background_jobs.errors import refuse_argument


def refuse_other_desks(doc: Any, method: str | None = None) -> None:
	"""Before a workspace is saved in a request: what it shows runs in the browser of whom it is for."""
	if not getattr(frappe.local, "request", None) or "Workspace Manager" in frappe.get_roles():
		return
	if doc.for_user != frappe.session.user and "System Manager" not in frappe.get_roles():
		refuse_argument("for_user", _("must be yourself"), frappe.PermissionError)


def refuse_hidden(doc: Any, method: str | None = None) -> None:
	"""Before a document is saved in a request: raise what Frappe raises for a reference to nothing."""
	if not getattr(frappe.local, "request", None):
		return
	for row in (doc, *doc.get_all_children()):
		for field in row.meta.get_dynamic_link_fields():
			doctype, name = row.get(field.options), row.get(field.fieldname)
			if doctype in GUARDED and name and hidden_among(doctype, [str(name)]):
				place = _("Row") + f" #{row.idx}: " if row.get("parentfield") else ""
				message = f"{place}{_(field.label, context=field.parent)}: {name}"
				frappe.throw(_("Could not find {0}").format(message), frappe.LinkValidationError)
