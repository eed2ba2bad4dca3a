"""Shares of documents: none of a guarded one, and none of a row that is about one.

To Frappe's lists, counts and searches a share goes before all conditions of what a user may see, and it stays
when a membership ends. Members of an organization see its documents without one.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED
from dartwing.dartwing_core.background_jobs.tenancy.references import pairs_of, tables_of


def refuse_share(doc: Any, method: str | None = None) -> None:
	"""Before a share is saved: raise PermissionError, whoever shares the document."""
	doctype, name = doc.share_doctype, doc.share_name
	if doctype in GUARDED or is_about_guarded(doctype, name):
		reason = _("{0} {1} cannot be shared: the members of its organization see it")
		frappe.throw(reason.format(_(doctype), name), frappe.PermissionError)


def is_about_guarded(doctype: str, name: str) -> bool:
	"""Whether the stored document, or a row of a child table of it, names a guarded document."""
	own = any(_is_guarded(doctype, kind, field, {"name": name}) for kind, field in pairs_of(doctype))
	return own or any(
		_is_guarded(table, kind, field, {"parent": name, "parenttype": doctype})
		for table in tables_of(doctype)
		for kind, field in pairs_of(table)
	)


def _is_guarded(doctype: str, kind: str, name: str, of: dict[str, Any]) -> bool:
	return bool(frappe.db.exists(doctype, {**of, kind: ("in", list(GUARDED)), name: ("is", "set")}))


def delete_shares() -> None:
	"""Delete those that there were before they were refused. Nothing is committed."""
	refused = [
		share.name
		for share in frappe.get_all("DocShare", fields=["name", "share_doctype", "share_name"], limit=0)
		if share.share_doctype in GUARDED or _is_about_one(share)
	]
	with snapshot_ignored():
		frappe.db.delete("DocShare", {"name": ("in", [*refused, ""])})


def _is_about_one(share: Any) -> bool:
	is_known = frappe.db.exists("DocType", share.share_doctype)
	return bool(is_known) and is_about_guarded(share.share_doctype, share.share_name)
