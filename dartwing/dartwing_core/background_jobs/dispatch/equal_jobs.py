"""The key that only one of equal jobs has: taken in turns, freed when its job ended, held again by a retry.

The unique index on `deduplication_key` decides who has it; what a submission makes of that is in
`submission/deduplication.py`.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.looks import Look
from dartwing.dartwing_core.background_jobs.database.named_locks import (
	Hold,
	hold_until_the_end,
	lock_name,
	wait_until_free,
)
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.errors import SubmissionTimeoutError
from dartwing.dartwing_core.background_jobs.statuses import CANCELED, PENDING, STATUSES, WAITING
from dartwing.dartwing_core.doctype.background_job.background_job import FINISHED, BackgroundJob, locked

# as long as InnoDB would wait for a lock by default
WAIT_SECONDS = 50
FIELDS = ["name", "status", "creation", "modified", "job_type", "job_group", "deduplication_key"]
# what becomes of a submission that equals an unfinished job: options of a Job Type
REFUSE, ANSWER, REPLACE, ALLOW = "Refuse", "Answer Existing", "Replace Waiting", "Allow"


def take_turn(
	keys: Sequence[str], look_again: Callable[[], object], looks: Sequence[Look] = ()
) -> tuple[Hold, list[Any]]:
	"""Be the only submitter with these keys, until this transaction ends or lets go.

	Returns the answers to the looks as well, uncommitted reads of the time when the turn began.

	Submitters wait on a named lock and not on the unique index. On the index, those that wait would deadlock
	when the first one rolls back; and each would keep a lock on the row that has the key, so that the end of
	that row's job would have to wait for them. When the submitter whose turn it was has ended, all that
	wait call `look_again`. If it returns true, no turn is needed any more, and a false Hold is returned.
	"""
	names = [lock_name("equal job", key) for key in keys]
	give_up_at = time.monotonic() + WAIT_SECONDS
	hold, answers = hold_until_the_end(names, looks)
	while not hold:
		with uncommitted_reads():
			is_free = wait_until_free(str(hold.busy), max(0, give_up_at - time.monotonic()))
		if not is_free:
			frappe.throw(_("An equal job is being submitted; try again"), SubmissionTimeoutError)
		if look_again():
			break
		hold, answers = hold_until_the_end(names, looks)
	return hold, answers


def rule_of(job_type: str) -> str:
	return frappe.get_cached_value("Job Type", job_type, "equal_jobs") or REFUSE


def keys_of_hash(job_hash: str, rule: str) -> tuple[str, ...]:
	"""The keys that jobs with this hash may have: of two that are unfinished, one runs and one waits."""
	return (job_hash, f"{job_hash}:2") if rule == REPLACE else (job_hash,)


def turn_of(key: str) -> str:
	"""What submitters with this key take turns for: the hash of their jobs."""
	return key.split(":")[0]


def holders_of(keys: Sequence[str]) -> list[frappe._dict]:
	return frappe.get_all(
		"Background Job", {"deduplication_key": ("in", keys)}, FIELDS, order_by="creation asc"
	)


def still_blocks(job: frappe._dict) -> bool:
	return job.status not in FINISHED and is_in_window(job)


def is_in_window(job: BackgroundJob | frappe._dict) -> bool:
	"""Whether an unfinished job keeps equal ones out; the window is for types that refuse them."""
	rule = rule_of(job.job_type)
	if rule != REFUSE:
		return rule != ALLOW
	window = frappe.get_cached_value("Job Type", job.job_type, "deduplication_window") or 0
	return get_datetime(job.creation) + timedelta(seconds=window) > times.site_now()


def release(job_ids: Sequence[str], statuses: Sequence[str] = STATUSES) -> None:
	"""Free the keys of those jobs that have one of the statuses now: equal jobs may come in again.

	In the current transaction.
	"""
	if job_ids:
		query = (
			"update `tabBackground Job` force index (primary) set deduplication_key = null"
			" where name in %s and status in %s and deduplication_key is not null"
		)
		frappe.db.sql(ignoring_snapshot() + query, (list(job_ids), statuses))


def newer_equals(jobs: Sequence[BackgroundJob]) -> dict[str, str]:
	"""The unfinished equal job of each of these dead letters that has one, where types replace what waits.

	One of these that is equal to a newer one of these has that one. A job of a group has none: its place in
	the group is no other's. Until the end of this transaction, no equal job is submitted.
	"""
	replacing = [
		job for job in jobs if job.job_hash and not job.job_group and rule_of(job.job_type) == REPLACE
	]
	by_hash: dict[str, list[BackgroundJob]] = {}
	for job in _not_at_ends_of_groups(replacing):
		by_hash.setdefault(str(job.job_hash), []).append(job)
	if not by_hash:
		return {}
	take_turn(sorted(by_hash), look_again=lambda: None)
	with uncommitted_reads():
		holders = holders_of([key for one in by_hash for key in keys_of_hash(one, REPLACE)])
	newer = {turn_of(one.deduplication_key): one.name for one in holders if one.status not in FINISHED}
	found: dict[str, str] = {}
	for job_hash, equals in by_hash.items():
		newest = newer.get(job_hash) or max(equals, key=lambda job: get_datetime(job.creation)).name
		found.update({job.name: newest for job in equals if job.name != newest})
	return found


def step_aside(job_ids: Sequence[str]) -> list[BackgroundJob]:
	"""Cancel those of the jobs that wait while a newer equal one waits for their end; returns them.

	Of types that replace what waits: these jobs ran when the newer one was submitted, and have failed since,
	or were snoozed. One that would not be replaced by a submission either goes first. So does one whose row,
	or that of the newer one, another transaction has locked. In the current transaction.
	"""
	if not job_ids:
		return []
	with uncommitted_reads():
		newer = _newer_ones(job_ids)
	for kept in parents.with_children(list(newer)):
		del newer[kept]
	rows = {row.name: row for row in locked([*newer, *newer.values()], skip_locked=True)}
	done = []
	for older, later in newer.items():
		job, other = rows.get(older), rows.get(later)
		if job and other and job.status in WAITING and other.status == PENDING:
			message = _("replaced by {0}").format(later)
			job.transition_to(CANCELED, message=message, actor="Dispatcher", canceled_by=other.owner_user)
			done.append(job)
	release([job.name for job in done])
	return done


def _newer_ones(job_ids: Sequence[str]) -> dict[str, str]:
	"""The newest equal job of each of the jobs, where that one is Pending and is not the job itself."""
	conditions = {"name": ("in", job_ids), "deduplication_key": ("is", "set"), "job_group": ("is", "not set")}
	found = {}
	for job in frappe.get_all("Background Job", conditions, FIELDS):
		equals = holders_of(keys_of_hash(turn_of(job.deduplication_key), REPLACE))
		if equals and equals[-1].name != job.name and equals[-1].status == PENDING:
			found[job.name] = equals[-1].name
	return found


def _not_at_ends_of_groups(jobs: Sequence[BackgroundJob]) -> list[BackgroundJob]:
	"""The jobs but for those that start at the end of a group; these are no members of it."""
	names = [job.name for job in jobs if not job.job_group]
	if not names:
		return list(jobs)
	at_ends = set(frappe.get_all("Job Group", {"on_end_job": ("in", names)}, pluck="on_end_job"))
	return [job for job in jobs if job.name not in at_ends]


def hold_again(jobs: Sequence[BackgroundJob]) -> None:
	"""Take the keys again of jobs that are unfinished again, for the rest of their window.

	In the current transaction. A job whose key was taken by another one meanwhile gets none: the other one's
	key refuses what is equal to both. Nor does a job that starts after others of its group: it had none when
	it was submitted, as equal flows are told by the jobs that they begin with.
	"""
	keeping_out = [
		job for job in jobs if job.job_hash and not (job.job_group and job.depends_on) and is_in_window(job)
	]
	by_key = {str(job.job_hash): job.name for job in _not_at_ends_of_groups(keeping_out)}
	if not by_key:
		return
	hold, _answers = take_turn(sorted(by_key), look_again=lambda: None)
	with uncommitted_reads():
		holders = holders_of(list(by_key))
	ended = [one.name for one in holders if one.status in FINISHED and rule_of(one.job_type) == REPLACE]
	release(ended, FINISHED)
	taken = {holder.deduplication_key for holder in holders if holder.name not in ended}
	free = [name for key, name in by_key.items() if key not in taken]
	if not free:
		hold.let_go()
		return
	query = "update ignore `tabBackground Job` set deduplication_key = job_hash where name in %s"
	frappe.db.sql(ignoring_snapshot() + query, (free,))
