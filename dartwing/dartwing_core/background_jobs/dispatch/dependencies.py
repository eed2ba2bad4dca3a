"""What the end of a job means for the jobs that depend on it."""

from collections.abc import Mapping, Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.background_jobs.statuses import ENDED_WITHOUT_SUCCESS
from dartwing.dartwing_core.doctype.background_job.background_job import (
	COMPLETED,
	DEAD_LETTER,
	PENDING,
	QUEUED,
	BackgroundJob,
	locked,
	transition_all,
)


def process_dependent_jobs() -> list[str]:
	"""Release or fail the children whose parent ended unnoticed; the organizations released in.

	The safety net for a process that died between the end of a parent and what follows from it. Commits
	each batch.
	"""
	organizations: set[str] = set()
	seen: set[str] = set()
	while batch := set(_overlooked()) - seen:
		organizations.update(release_or_fail(sorted(batch)))
		seen |= batch
		# one batch is small, its locks must not outlive it
		frappe.db.commit()
	return sorted(organizations)


def _overlooked() -> list[str]:
	child, parent = frappe.qb.DocType("Background Job"), frappe.qb.DocType("Background Job").as_("parent")
	query = (
		frappe.qb.from_(child)
		.left_join(parent)
		.on(parent.name == child.depends_on)
		.select(child.name)
		.where((child.status == PENDING) & child.ready_at.isnull() & child.depends_on.isnotnull())
		.where(parent.name.isnull() | parent.status.isin((COMPLETED, *ENDED_WITHOUT_SUCCESS)))
		.limit(int(config.get("batch_size")))
	)
	return query.run(pluck=True)


def release_or_fail(child_ids: Sequence[str]) -> list[str]:
	"""Let waiting children of Completed parents go on; fail those whose parent has no success, or is gone.

	In the current transaction; returns the organizations in which jobs became ready. A child whose row
	another transaction has locked, as one that cancels it, is left to the next tick: the others must not wait
	for it.
	"""
	if not child_ids:
		return []
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.name, job.organization, job.depends_on)
	query = query.where(job.name.isin(child_ids) & (job.status == PENDING) & job.ready_at.isnull())
	children = query.run(as_dict=True)
	parents = dict(
		frappe.get_all(
			"Background Job",
			{"name": ("in", [child.depends_on for child in children])},
			["name", "status"],
			as_list=True,
		)
	)
	ready = [child for child in children if parents.get(child.depends_on) == COMPLETED]
	_release([child.name for child in ready])
	without_success = (None, *ENDED_WITHOUT_SUCCESS)
	orphans = [child for child in children if parents.get(child.depends_on) in without_success]
	_fail(orphans, parents)
	return sorted({child.organization for child in ready})


def parent_ended(*parent_ids: str) -> list[str]:
	"""Release the waiting children of Completed parents, fail those of parents without success, and theirs.

	Returns the organizations in which jobs became ready.
	"""
	return release_or_fail([child.name for child in waiting_children(*parent_ids)])


def waiting_children(*parent_ids: str) -> list[frappe._dict]:
	return frappe.db.sql(
		"""select name, depends_on from `tabBackground Job`
		where depends_on in %s and status = %s order by creation""",
		(parent_ids, PENDING),
		as_dict=True,
	)


def _release(child_ids: Sequence[str]) -> None:
	"""They may be handed over from now on, or from their own time on if that is later."""
	names = [child.name for child in locked(child_ids, skip_locked=True) if child.status == PENDING]
	if names:
		query = """update `tabBackground Job`
			set ready_at = greatest(coalesce(scheduled_at_utc, %(now)s), %(now)s)
			where name in %(names)s and ready_at is null"""
		frappe.db.sql(ignoring_snapshot() + query, {"now": times.utc_now(), "names": names})


def _fail(children: Sequence[frappe._dict], parents: Mapping[str, str]) -> None:
	"""Dead-letter waiting children, each naming its parent, and all that wait for them in turn."""
	while children:
		by_parent: dict[str, list[str]] = {}
		for child in children:
			by_parent.setdefault(child.depends_on, []).append(child.name)
		failed: list[str] = []
		for parent, names in by_parent.items():
			failed += _fail_children_of(parent, parents.get(parent), names)
		parents = dict.fromkeys(failed, DEAD_LETTER)
		children = waiting_children(*failed) if failed else []


def _fail_children_of(parent: str, parent_status: str | None, child_ids: Sequence[str]) -> list[str]:
	reason = _("parent {0} is {1}").format(parent, _(parent_status) if parent_status else _("deleted"))
	jobs = [job for job in locked(child_ids, skip_locked=True) if job.status == PENDING]
	transition_all(
		jobs,
		DEAD_LETTER,
		message=reason,
		actor="Dependencies",
		error_type=PERMANENT,
		error_message=reason,
		failed_parent=parent,
	)
	return [job.name for job in jobs]


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


def return_to_waiting(jobs: Sequence[BackgroundJob], message: str, ready_at: object, **changes: Any) -> None:
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
		**changes,
	)
	transition_all(jobs, PENDING, message=_("waits for its turn"), ready_at=ready_at)
	equal_jobs.hold_again(jobs)
