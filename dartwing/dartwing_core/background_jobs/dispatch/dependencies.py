"""What the end of a job means for the jobs that depend on it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.row_by_row import take_all
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs, parents
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.background_jobs.statuses import END
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	PENDING,
	QUEUED,
	BackgroundJob,
	locked,
	transition_all,
)

# jobs one after the other that fail in what follows an end, while a worker waits for it
MOST_LEVELS = 100


def process_dependent_jobs() -> list[str]:
	"""Release or fail the children whose parents ended unnoticed; the organizations released in.

	The safety net for a process that died between the end of a parent and what follows from it. Commits
	each batch.
	"""
	organizations: set[str] = set()
	seen: set[str] = set()
	while batch := set(_overlooked()) - seen:
		organizations.update(release_or_fail(sorted(batch), most_levels=None))
		seen |= batch
		# one batch is small, its locks must not outlive it
		frappe.db.commit()
	return sorted(organizations)


def _overlooked() -> list[str]:
	return frappe.db.sql(
		f"""select child.name from `tabBackground Job` child
		where child.status = %s and child.ready_at is null and child.held_by is null
		and child.depends_on is not null
		and (
			{parents.unfinished_parent("child.name")} is null
			or (not child.dependency_rule <=> %s and {parents.failed_parent("child.name")} is not null)
		) limit %s""",
		(PENDING, END, int(config.get("batch_size"))),
		pluck=True,
	)


def release_or_fail(
	child_ids: Sequence[str], ended: Sequence[str] | None = None, most_levels: int | None = MOST_LEVELS
) -> list[str]:
	"""Let waiting children go on whose parents have all ended; fail those that need the success of one that
	has none, or is gone. What fails is a parent as well: its own children are looked at next, after a commit,
	so that no lock outlives a level. Beyond `most_levels` the next tick goes on.

	Returns the organizations in which jobs became ready. A child whose row another transaction has locked, as
	one that cancels it, is left to the next tick: the others must not wait for it. So is one that can neither
	be released nor fail; then what was not committed before is undone. `ended`: the parents whose end is the
	occasion; without, all parents are looked at.
	"""
	organizations: set[str] = set()
	level = 0
	while child_ids and level != most_levels:
		level += 1
		children = take_all(child_ids, partial(_go_on, ended), "let go on after its parents")
		organizations.update(child.organization for child in children if not child.has_failed)
		ended = [child.name for child in children if child.has_failed]
		child_ids = parents.waiting_children(ended)
		if child_ids:
			frappe.db.commit()
	return sorted(organizations)


def _go_on(ended: Sequence[str] | None, child_ids: Sequence[str]) -> list[frappe._dict]:
	"""Release or fail those that wait for nothing more; they are returned, each with `has_failed`."""
	children = _waiting(child_ids)
	need_success = [child.name for child in children if child.dependency_rule != END]
	failed = parents.failed_parents(need_success, ended)
	released = set(
		parents.without_unfinished_parents([child.name for child in children if child.name not in failed])
	)
	if ended is not None:
		failed |= parents.failed_parents([name for name in need_success if name in released])
	released -= failed.keys()
	_release(sorted(released))
	have_failed = set(_fail(failed))
	for child in children:
		child.has_failed = child.name in have_failed
	return [child for child in children if child.has_failed or child.name in released]


def _waiting(child_ids: Sequence[str]) -> list[frappe._dict]:
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.name, job.organization, job.dependency_rule)
	return query.where(
		job.name.isin(child_ids) & (job.status == PENDING) & job.ready_at.isnull() & job.held_by.isnull()
	).run(as_dict=True)


def parents_ended(parent_ids: Sequence[str]) -> list[str]:
	"""As `release_or_fail`, for all children of jobs that have ended."""
	return release_or_fail(parents.waiting_children(parent_ids), parent_ids)


def _release(child_ids: Sequence[str]) -> None:
	"""They may be handed over from now on, or from their own time on if that is later."""
	names = [child.name for child in locked(child_ids, skip_locked=True) if child.status == PENDING]
	if names:
		query = """update `tabBackground Job`
			set ready_at = greatest(
				coalesce(scheduled_at_utc, %(now)s), coalesce(debounced_until, %(now)s), %(now)s
			)
			where name in %(names)s and ready_at is null"""
		frappe.db.sql(ignoring_snapshot() + query, {"now": times.utc_now(), "names": names})


def _fail(failed: Mapping[str, parents.FailedParent]) -> list[str]:
	"""Dead-letter waiting children, each naming its parent; returns those whose rows were free for it."""
	of_parent: dict[parents.FailedParent, list[str]] = {}
	for child, parent in failed.items():
		of_parent.setdefault(parent, []).append(child)
	done: list[str] = []
	for parent, child_ids in of_parent.items():
		reason = _reason_for(child_ids, parent)
		jobs = [job for job in locked(child_ids, skip_locked=True) if job.status == PENDING]
		transition_all(
			jobs,
			DEAD_LETTER,
			message=reason,
			actor="Dependencies",
			error_type=PERMANENT,
			error_message=reason,
			failed_parent=parent.name,
		)
		done += [job.name for job in jobs]
	return done


def _reason_for(child_ids: Sequence[str], parent: parents.FailedParent) -> str:
	"""Without the parent's error where that repeats a secret of one of the children."""
	reason = without_success(parent)
	if parent.error_message:
		job = frappe.qb.DocType("Background Job")
		query = frappe.qb.from_(job).select(job.input_parameters).where(job.name.isin(child_ids))
		if any(
			kept_texts.secrets_of(parameters).hide(reason) != reason for parameters in query.run(pluck=True)
		):
			return without_success(parent._replace(error_message=None))
	return reason


def without_success(parent: parents.FailedParent) -> str:
	"""Why a job that needs the parent's success never starts, in the words of the parent's own error."""
	reason = _("parent {0} is {1}").format(parent.name, _(parent.status) if parent.status else _("deleted"))
	return texts.cut(f"{reason}: {parent.error_message}", texts.MAX_LINE) if parent.error_message else reason


def revive_children(retried: Sequence[BackgroundJob]) -> list[BackgroundJob]:
	"""Let the jobs that died of these, and of them in turn, wait again; returns them.

	One that has another parent without success fails of that, once this transaction is committed.
	"""
	revived: list[BackgroundJob] = []
	names = [job.name for job in retried]
	while names:
		dead = frappe.get_all(
			"Background Job", {"failed_parent": ("in", names), "status": DEAD_LETTER}, pluck="name"
		)
		children = [child for child in locked(dead) if child.status == DEAD_LETTER]
		has_newer = equal_jobs.newer_equals(children)
		children = [child for child in children if child.name not in has_newer]
		return_to_waiting(children, _("its parent is retried"), ready_at=None)
		names = [child.name for child in children]
		revived += children
	return revived


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
