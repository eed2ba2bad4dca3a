"""Holding and releasing: pause and resume, organizations that become Active again, migrations."""

from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.database.connections import own_connection
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import QUEUES


def pause(queue: str | None = None, job_type: str | None = None) -> None:
	"""Start nothing new on the site, or in one queue or Job Type; running jobs finish. Does not commit."""
	_switch(1, queue, job_type)


def resume(queue: str | None = None, job_type: str | None = None) -> None:
	"""Undo `pause` with the same arguments; what waits is handed over after the commit."""
	_switch(0, queue, job_type)


def _switch(value: int, queue: str | None, job_type: str | None) -> None:
	frappe.only_for("System Manager")
	if job_type:
		if not frappe.db.exists("Job Type", job_type):
			refuse_argument("job_type", _("no Job Type {0}").format(repr(job_type)), frappe.DoesNotExistError)
		doc: Document = frappe.get_doc("Job Type", job_type)
		doc.is_paused = value
	else:
		if queue and queue not in QUEUES:
			refuse_argument("queue", _("{0} is none of {1}").format(repr(queue), ", ".join(QUEUES)))
		doc = frappe.get_doc("Job Engine Settings")
		doc.set(f"pause_{queue}" if queue else "paused", value)
	with snapshot_ignored():
		doc.save()


def switched(doc: Document, event: str | None = None) -> None:
	"""Job Engine Settings or a Job Type was saved: hand over what waits, once that is committed.

	Something may have been resumed, or a window have become larger.
	"""
	do_after_commit(dispatcher.dispatch_ready)
	_cache_after_commit(doc)


def organization_saved(doc: Document, event: str | None = None) -> None:
	"""Hand over what waits: the organization may have become Active again, or its window larger."""
	do_after_commit(lambda: dispatcher.dispatch([doc.name]))


def _cache_after_commit(doc: Document) -> None:
	"""Fill the cache with the values that are committed.

	If it were left empty, a transaction that began before the commit could fill it with the old values.
	"""
	callbacks = frappe.db.after_commit
	# added by a callback, to be the last one: in another, Frappe v15 clears the cache after the commit
	callbacks.add(partial(callbacks.add, partial(_fill_cache, doc.doctype, doc.name)))


def _fill_cache(doctype: str, name: str) -> None:
	# on a connection of the engine's own: on the caller's, this would begin a transaction, and the caller's
	# next reads would use its snapshot
	with own_connection():
		frappe.get_cached_value(doctype, name)


def forget_cached() -> None:
	"""Have settings and Job Types read again, which an old transaction may have cached as it saw them.

	Frappe fills its cache with what the current transaction sees; that could undo a pause.
	"""
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")
	for name in frappe.get_all("Job Type", pluck="name"):
		frappe.clear_document_cache("Job Type", name)


def hold_for_migration() -> None:
	"""Before a migration: nothing starts while tables and code change. Commits, for others to see it."""
	_set_migrating(times.site_now())


def release_after_migration() -> None:
	"""After a migration: what waited is handed over. Commits."""
	_set_migrating(None)
	dispatcher.dispatch_ready()


def _set_migrating(since: Any) -> None:
	# the first migration after an update may run before the DocType is there
	if frappe.db.exists("DocType", "Job Engine Settings"):
		with snapshot_ignored():
			frappe.db.set_single_value("Job Engine Settings", "migrating_since", since)
		frappe.db.commit()
