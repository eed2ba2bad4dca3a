"""Holding and releasing: pause and resume, suspended and deleted organizations, migrations."""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import config, dispatcher
from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import PERMANENT, StaleJobError, refuse_argument
from dartwing.dartwing_core.background_jobs.transactions import after_commit, separate_transaction
from dartwing.dartwing_core.doctype.background_job.background_job import DEAD_LETTER, UNFINISHED
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
	doc.save()


def switched(doc: Document, event: str | None = None) -> None:
	"""Job Engine Settings or a Job Type was saved: something may have been resumed, or a window opened."""
	after_commit(dispatcher.dispatch_ready)


def organization_saved(doc: Document, event: str | None = None) -> None:
	"""The organization may have become Active again, or its window larger."""
	after_commit(lambda: dispatcher.dispatch([doc.name]))


def organization_deleted(doc: Document, event: str | None = None) -> None:
	"""Its unfinished jobs become dead letters, the first of them at once, the rest each minute."""
	after_commit(fail_orphaned_jobs)


def fail_orphaned_jobs() -> int:
	"""Dead-letter one batch of unfinished jobs whose organization is gone; returns how many."""
	job, organization = frappe.qb.DocType("Background Job"), frappe.qb.DocType("Organization")
	with separate_transaction():
		orphans = (
			frappe.qb.from_(job)
			.left_join(organization)
			.on(organization.name == job.organization)
			.select(job.name)
			.where(organization.name.isnull() & job.status.isin(UNFINISHED))
			.limit(int(config.get("batch_size")))
		).run(pluck=True)
		return sum(_fail_orphan(name) for name in orphans)


def _fail_orphan(job_id: str) -> bool:
	job = frappe.get_doc("Background Job", job_id)
	reason = _("Organization not found")
	try:
		job.transition_to(
			DEAD_LETTER, message=reason, actor="Engine", error_type=PERMANENT, error_message=reason
		)
	except StaleJobError:
		return False
	dispatcher.withdraw_after_commit(job)
	follow_end(job)
	return True


def hold_for_migration() -> None:
	"""Before a migration: nothing starts while tables and code change. Commits, for others to see it."""
	_set_migrating(now_datetime())


def release_after_migration() -> None:
	"""After a migration: what waited is handed over. Commits."""
	_set_migrating(None)
	dispatcher.dispatch_ready()


def _set_migrating(since: Any) -> None:
	# the first migration after an update may come before the DocType
	if frappe.db.exists("DocType", "Job Engine Settings"):
		frappe.db.set_single_value("Job Engine Settings", "migrating_since", since)
		frappe.db.commit()
