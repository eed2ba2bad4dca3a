"""What the end of a job means for the jobs that depend on it."""

from collections.abc import Sequence

import frappe
from frappe import _
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import config, deduplication
from dartwing.dartwing_core.background_jobs.errors import PERMANENT, StaleJobError
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	COMPLETED,
	DEAD_LETTER,
	PENDING,
	QUEUED,
	BackgroundJob,
	locked,
	transition_all,
)

DEAD = (DEAD_LETTER, CANCELED)


def process_dependent_jobs() -> list[str]:
	"""Release or fail one batch of children whose parent ended unnoticed; the organizations released in.

	The safety net for a process that died between the end of a parent and what follows from it.
	"""
	child, parent = frappe.qb.DocType("Background Job"), frappe.qb.DocType("Background Job").as_("parent")
	overlooked = (
		frappe.qb.from_(child)
		.left_join(parent)
		.on(parent.name == child.depends_on)
		.select(child.name)
		.where((child.status == PENDING) & child.ready_at.isnull())
		.where(parent.name.isnull() | parent.status.isin((COMPLETED, *DEAD)))
		.limit(int(config.get("batch_size")))
	)
	return release_or_fail(overlooked.run(pluck=True))


def release_or_fail(child_ids: Sequence[str]) -> list[str]:
	"""Let those children go on whose parent is Completed, and fail those whose parent is dead.

	In the current transaction; returns the organizations in which jobs became ready.
	"""
	organizations = set()
	for child_id in child_ids:
		child = frappe.get_doc("Background Job", child_id)
		parent_status = frappe.db.get_value("Background Job", child.depends_on, "status")
		if parent_status == COMPLETED:
			release(child)
			organizations.add(child.organization)
		elif parent_status in (None, *DEAD):
			fail(child, child.depends_on, parent_status)
	return sorted(organizations)


def parent_ended(*parent_ids: str) -> list[str]:
	"""Release the waiting children of Completed parents, fail those of dead ones and theirs.

	Returns the organizations in which jobs became ready.
	"""
	return release_or_fail(waiting_children(*parent_ids))


def waiting_children(*parent_ids: str) -> list[str]:
	return frappe.get_all(
		"Background Job",
		{"depends_on": ("in", parent_ids), "status": PENDING},
		pluck="name",
		order_by="creation asc",
	)


def release(child: BackgroundJob) -> None:
	"""The child may be handed over from now on, or from its own time on if that is later."""
	ready_at = max(filter(None, (child.scheduled_at, now_datetime())))
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.update(job).set(job.ready_at, ready_at)
	query.where((job.name == child.name) & (job.status == PENDING) & job.ready_at.isnull()).run()


def fail(child: BackgroundJob, parent_id: str, parent_status: str | None) -> None:
	"""Dead-letter a waiting child, naming the parent, and all that wait for it in turn."""
	family = [(child, parent_id, parent_status)]
	while family:
		job, parent, status = family.pop()
		reason = _("parent {0} is {1}").format(parent, _(status) if status else _("deleted"))
		try:
			job.transition_to(
				DEAD_LETTER,
				message=reason,
				actor="Dependencies",
				error_type=PERMANENT,
				error_message=reason,
				failed_parent=parent,
			)
		except StaleJobError:
			continue
		for name in waiting_children(job.name):
			family.append((frappe.get_doc("Background Job", name), job.name, DEAD_LETTER))


def revive_children(parents: Sequence[BackgroundJob]) -> None:
	"""Let the jobs that died of these parents, and of them in turn, wait for them again: they are retried."""
	names = [parent.name for parent in parents]
	while names:
		dead = frappe.get_all(
			"Background Job", {"failed_parent": ("in", names), "status": DEAD_LETTER}, pluck="name"
		)
		children = [child for child in locked(dead) if child.status == DEAD_LETTER]
		return_to_waiting(children, _("its parent is retried"), ready_at=None)
		names = [child.name for child in children]


def return_to_waiting(jobs: Sequence[BackgroundJob], message: str, ready_at: object) -> None:
	"""Dead Letter → Queued → Pending: a fresh set of attempts, which waits for its turn as any job does."""
	transition_all(
		jobs,
		QUEUED,
		message=message,
		retry_count=0,
		worker_deaths=0,
		attempt_id=None,
		rq_job_id=None,
		failed_parent=None,
		error_type=None,
		error_message=None,
		error_traceback=None,
		progress=0.0,
		progress_message=None,
	)
	transition_all(jobs, PENDING, message=_("waits for its turn"), ready_at=ready_at)
	deduplication.hold_again(jobs)
