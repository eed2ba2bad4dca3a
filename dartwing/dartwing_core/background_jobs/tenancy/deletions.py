"""What Frappe tells of a document that was deleted: nothing, where only some might see the document.

Frappe writes a comment that names the document in a text and belongs to none, so that whoever reads comments
would learn the names of other organizations' jobs, and who deleted them.
"""

from typing import Any

from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED


def tell_nobody(doc: Any, method: str | None = None) -> None:
	"""Before a document is deleted: Frappe writes no comment about one of ours."""
	if doc.doctype in GUARDED:
		doc.no_feed_on_delete = True
