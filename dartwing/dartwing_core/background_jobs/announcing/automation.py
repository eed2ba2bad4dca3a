"""Frappe's own automation and apps are told how jobs and groups ended: after the commit, where any wants it.

The engine writes statuses by statements, on which Frappe fires nothing. What wants to be told, and of which
DocType, stands in a field of Job Engine Settings, which is written when one is saved: so an end of which
nobody wants to be told costs no statement and no round trip. What is told runs in an RQ job of its own
(`dispatch.automation`). If the process dies between the commit and the push, nobody is told: at most once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import frappe
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs.database import queue_redis
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit, one_message
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored

SETTINGS = "Job Engine Settings"
FIELD = "told_of_ends"
JOB, GROUP = "Background Job", "Job Group"
# the hook of apps: dotted paths of functions that take the document of a job
HOOK = "dartwing_job_ended"
TELL = "dartwing.dartwing_core.background_jobs.dispatch.automation.tell"
QUEUE = "short"
# ends that one RQ job tells of
MOST_ENDS = 50
# what Frappe fires when a document is saved: the filters that find those for a DocType
KINDS: dict[str, Callable[[str], dict[str, Any]]] = {
	"Notification": lambda doctype: {"enabled": 1, "document_type": doctype},
	"Webhook": lambda doctype: {"enabled": 1, "webhook_doctype": doctype},
	"Assignment Rule": lambda doctype: {"disabled": 0, "document_type": doctype},
	"Server Script": lambda doctype: {
		"disabled": 0,
		"script_type": "DocType Event",
		"reference_doctype": doctype,
		"doctype_event": "After Save",
	},
}


class End(NamedTuple):
	doctype: str
	name: str
	from_status: str
	status: str


class Ends:
	"""The ends of one transaction, pushed together."""

	def __init__(self) -> None:
		self.ends: list[End] = []

	def add(self, ends: Sequence[End]) -> None:
		self.ends.extend(ends)

	def __call__(self) -> None:
		push(self.ends)


def push(ends: Sequence[End]) -> None:
	"""Have RQ jobs tell of the ends; if Redis is away, nobody is told."""
	if not queue_redis.answers():
		return
	for start in range(0, len(ends), MOST_ENDS):
		some = [list(end) for end in ends[start : start + MOST_ENDS]]
		frappe.enqueue(TELL, queue=QUEUE, ends=some)


def tell_of_ends(ends: Sequence[End], settings: Mapping[str, Any] | None = None) -> None:
	"""Have those told who want it, once the current transaction is committed; all are of one DocType.

	`settings` are those that were just read with a job, which spares a look into the cache.
	"""
	stored = (settings if settings is not None else frappe.get_cached_doc(SETTINGS)).get(FIELD)
	if stored and ends and ends[0].doctype in stored:
		one_message(Ends).add(ends)


def kinds_for(doctype: str) -> list[str]:
	"""Of which kinds there is one that wants to be told of this DocType; asks the database."""
	return [
		kind
		for kind, filters in KINDS.items()
		if frappe.db.exists("DocType", kind) and frappe.db.exists(kind, filters(doctype))
	]


def note_configuration(*_arguments: Any) -> None:
	"""Write down who wants to be told, in the current transaction, when that may have changed."""
	if not frappe.db.exists("DocType", SETTINGS):
		# this very app was uninstalled
		return
	doctypes = {doctype for doctype in (JOB, GROUP) if kinds_for(doctype)}
	if frappe.get_hooks(HOOK):
		doctypes.add(JOB)
	stored = ", ".join(sorted(doctypes))
	if stored != (frappe.db.get_single_value(SETTINGS, FIELD) or ""):
		with snapshot_ignored():
			frappe.db.set_single_value(SETTINGS, FIELD, stored, update_modified=False)
		# a process that read the settings before this commit has put the old ones into the cache again
		do_after_commit(_forget_settings)


def document_changed(document: Document, _method: str) -> None:
	"""A document event of each of the kinds."""
	before = document.get_doc_before_save()
	fields = ("document_type", "webhook_doctype", "reference_doctype")
	about = {one.get(field) for one in (document, before) if one for field in fields}
	if about & {JOB, GROUP}:
		note_configuration()


def _forget_settings() -> None:
	frappe.clear_document_cache(SETTINGS, SETTINGS)
