"""Which jobs wait and may start: the queries of the dispatcher."""

from collections.abc import Collection, Sequence

import frappe
from pypika.terms import LiteralValue

from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.dispatch import starting_limits, windows
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.doctype.background_job.background_job import (
	ACTIVE,
	PRIORITIES,
	WAITING,
	WAITING_FOR_RETRY,
	BackgroundJob,
	of_row,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import paused_queues

# what is read of a job to hand it over
FIELDS = (
	"name",
	"job_type",
	"organization",
	"owner_user",
	"status",
	"priority",
	"timeout_seconds",
	"limit_key",
	"held_by",
	"retry_count",
	"error_type",
	"error_message",
	"attempt_count",
	"attempt_id",
	"rq_job_id",
	"modified",
)


def organizations_with_ready_jobs() -> list[str]:
	"""Those with jobs that are ready, or held back by limits of their types."""
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.organization).distinct()
	ready = query.where(job.ready_at <= LiteralValue(str(UTC_NOW))).run(pluck=True)
	return sorted({*ready, *starting_limits.organizations_with_held_jobs()})


def organizations_with_due_retries() -> list[str]:
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.organization).distinct()
	is_due = job.status.isin(WAITING_FOR_RETRY) & (job.ready_at <= LiteralValue(str(UTC_NOW)))
	return query.where(is_due).run(pluck=True)


def ready_jobs(organization: str, limit: int, but_not: Collection[str] = ()) -> tuple[list[str], list[str]]:
	"""Ids of jobs that may start, highest priority first, oldest first, at most as many as slots are free;
	and of those before them that the limits of their types keep from it.

	The slots are counted in this transaction's snapshot, so as not to read jobs in vain. The dispatcher
	counts them once more, with those that transactions have taken which are still open.
	"""
	closed = paused_queues()
	is_open = [name for name in reversed(PRIORITIES) if QUEUE_BY_PRIORITY[name] not in closed]
	waiting, has_held = _waiting_priorities(organization)
	priorities = [name for name in is_open if name in waiting]
	rows = _oldest_ready(organization, priorities, limit, but_not) if priorities else []
	if has_held or any(row.limit_key for row in rows):
		return _within_limits(organization, rows, is_open, limit, but_not)
	rows.sort(key=lambda row: (is_open.index(row.priority), row.ready_at))
	return [row.name for row in rows[: _room(rows, limit)]], []


def _room(rows: Sequence[frappe._dict], limit: int) -> int:
	return min(max(0, rows[0].free_slots), limit) if rows else 0


def _oldest_ready(
	organization: str, priorities: Sequence[str], limit: int, but_not: Collection[str]
) -> list[frappe._dict]:
	# SQL has no empty list
	passed_over = tuple(but_not) or ("",)
	# each priority is read in order from the index, and no further than it may be wanted
	oldest = f"""(select name, priority, ready_at, limit_key from `tabBackground Job`
		where organization = %s and priority = %s and ready_at <= {UTC_NOW} and status in %s
		and job_type not in (select name from `tabJob Type` where is_paused = 1) and name not in %s
		order by ready_at limit %s)"""
	values = [(organization, priority, WAITING, passed_over, limit) for priority in priorities]
	return frappe.db.sql(
		f"""select ready.name, priority, ready_at, limit_key,
			coalesce({windows.OWN_SIZE}, %s) - ({windows.SLOTS_IN_USE}) as free_slots
		from ({" union all ".join([oldest] * len(values))}) as ready
		join `tabOrganization` organization on organization.name = %s and organization.status = 'Active'""",
		(windows.default_size(), organization, ACTIVE, *sum(values, ()), organization),
		as_dict=True,
	)


def _within_limits(
	organization: str,
	ready: list[frappe._dict],
	priorities: Sequence[str],
	limit: int,
	but_not: Collection[str],
) -> tuple[list[str], list[str]]:
	"""As `ready_jobs`, of jobs that are ready and those that were held back."""
	room = starting_limits.Room(organization)
	held = [
		row
		for row in starting_limits.next_held(organization, room, limit, but_not)
		if row.priority in priorities
	]
	most = _room(ready, limit) if ready else limit
	admitted: list[str] = []
	kept_back: list[str] = []
	were_held = {row.name for row in held}
	for row in sorted(ready + held, key=lambda row: (priorities.index(row.priority), row.ready_at)):
		if len(admitted) == most:
			break
		if room.admits(row.limit_key):
			room.take(row.limit_key)
			admitted.append(row.name)
		elif row.name not in were_held:
			kept_back.append(row.name)
	return admitted, kept_back


def _waiting_priorities(organization: str) -> tuple[set[str], bool]:
	"""Priorities that have ready jobs, most often one, or none; and whether jobs are held back by limits."""
	of_one = f"""exists (select 1 from `tabBackground Job`
		where organization = %s and priority = %s and ready_at <= {UTC_NOW})"""
	held = "exists (select 1 from `tabBackground Job` where organization = %s and held_by > '')"
	values = [(organization, priority) for priority in PRIORITIES]
	query = f"select {', '.join([of_one] * len(values))}, {held}"
	*found, has_held = frappe.db.sql(query, (*sum(values, ()), organization))[0]
	waiting = {priority for priority, is_waiting in zip(PRIORITIES, found, strict=True) if is_waiting}
	return waiting, bool(has_held)


def locked_while_waiting(names: Sequence[str]) -> list[BackgroundJob]:
	"""Those that still wait and are ready, or held back, in this order, locked here and by nobody else."""
	if not names:
		return []
	rows = frappe.db.sql(
		# over another index, gaps would be locked, and new jobs would have to wait
		f"""{ignoring_snapshot()}select {", ".join(FIELDS)} from `tabBackground Job` force index (primary)
		where name in %s and (ready_at <= {UTC_NOW} or held_by is not null) and status in %s
		for update skip locked""",
		(names, WAITING),
		as_dict=True,
	)
	jobs = {row.name: of_row(row) for row in rows}
	return [jobs[name] for name in names if name in jobs]
