"""Followers of a document are mailed what is written about it, as long as they may see it.

Frappe asks nobody. So, before these mails are made, the follows of what their users lost are deleted.
"""

from itertools import groupby
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import hidden_among
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

SCHEDULED = ".run_scheduled_job"
MAILS = "document_follow"


def before_job(method: str, kwargs: dict[str, Any] | None, **_more: Any) -> None:
	"""Frappe's hook before each background job of the site; all but those mails cost a look at the name."""
	if str(method).endswith(SCHEDULED) and MAILS in str((kwargs or {}).get("job_type")):
		delete_of_who_left()


def delete_of_who_left() -> None:
	"""Delete the follows of guarded documents that their users may not see any more; commits nothing."""
	fields = ["name", "user", "ref_doctype", "ref_docname"]
	follows = frappe.get_all(
		"Document Follow", {"ref_doctype": ("in", GUARDED)}, fields, order_by="user, ref_doctype"
	)
	for (user, doctype), rows in groupby(follows, lambda row: (row.user, row.ref_doctype)):
		by_document = {str(row.ref_docname): row.name for row in rows}
		hidden = hidden_among(doctype, list(by_document), user)
		if hidden:
			with snapshot_ignored():
				frappe.db.delete("Document Follow", {"name": ("in", [by_document[name] for name in hidden])})
