"""Submissions that equal unfinished jobs and are not refused: answered with one, or put in the place of one.

Of a type that replaces what waits, one job runs and one waits, with the newest parameters. A submission
cancels the equal job that waits, in the caller's transaction. If an equal job runs, the new one waits for its
end. There are two keys for each hash, so that neither has to give up its own, which would lock the row of a
running job. A job that others depend on, or of a group, is not replaced: the new one waits for it as for one
that runs.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.connections import impatient_transaction
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import (
	committed_reads,
	uncommitted_reads,
)
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs, parents
from dartwing.dartwing_core.background_jobs.dispatch.equal_jobs import ANSWER, REPLACE
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, SubmissionTimeoutError
from dartwing.dartwing_core.background_jobs.submission.checks import debounced_until
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import (
	FINISHED,
	PENDING,
	QUEUED,
	RUNNING,
	BackgroundJob,
	locked,
	of_row,
)

# somebody who holds the row may wait for this submission: then neither would ever go on
WAIT_SECONDS = 10
LOOK_AGAIN_SECONDS = 0.02


def collapse(jobs: Sequence[BackgroundJob]) -> list[int]:
	"""For each job of a bulk, the position of the one that stands for it: the first or the last equal one.

	A dry run, whose rule is to be allowed, stands for itself.
	"""
	stands: dict[str, int] = {}
	for position, job in enumerate(jobs):
		if job.flags.equal_rule == REPLACE:
			stands[_hash_of(job)] = position
		elif job.flags.equal_rule == ANSWER:
			stands.setdefault(_hash_of(job), position)
	return [
		stands[_hash_of(job)] if job.flags.equal_rule in (ANSWER, REPLACE) else position
		for position, job in enumerate(jobs)
	]


@dataclass
class Met:
	"""What submissions met: `existing`, jobs that answer them, and how many Pending jobs they replace."""

	existing: dict[str, BackgroundJob] = field(default_factory=dict)
	leaving: Counter[str] = field(default_factory=Counter)
	has_written: bool = False

	def answer(self, job: BackgroundJob) -> BackgroundJob:
		return self.existing.get(job.deduplication_key or "", job)


def meet(jobs: Sequence[BackgroundJob]) -> Met:
	"""Look for unfinished jobs that equal these, in the turn of their keys.

	Jobs that are to be replaced are locked, and noted in the new job's `flags.replaces`; one that runs first
	is noted among its parents. Nothing but the start of a debounced job is changed.
	"""
	met = Met()
	concerned = [job for job in jobs if job.flags.equal_rule in (ANSWER, REPLACE)]
	if not concerned:
		return met
	holders: dict[str, list[frappe._dict]] = {}
	for holder in _unfinished_holders([key for job in concerned for key in equal_keys(job)]):
		holders.setdefault(equal_jobs.turn_of(holder.deduplication_key), []).append(holder)
	for job in sorted(concerned, key=lambda job: _hash_of(job)):
		found = holders.get(_hash_of(job), [])
		if found and job.flags.equal_rule == REPLACE:
			_take_the_place(job, found, met.leaving)
		elif found:
			met.has_written |= _put_off(found[0], job)
			met.existing[_hash_of(job)] = _existing(found[0].name)
	return met


def _hash_of(job: BackgroundJob) -> str:
	return str(job.job_hash)


def equal_keys(job: BackgroundJob) -> tuple[str, ...]:
	"""All keys that jobs equal to this one may have."""
	if not job.deduplication_key:
		return ()
	return equal_jobs.keys_of_hash(_hash_of(job), equal_jobs.rule_of(job.job_type))


def _unfinished_holders(keys: Sequence[str]) -> list[frappe._dict]:
	"""Unfinished jobs that have one of the keys; those that have ended lose theirs."""
	own = equal_jobs.holders_of(keys)
	with committed_reads():
		found = {holder.name: holder for holder in equal_jobs.holders_of(keys)}
	with uncommitted_reads():
		there = {holder.name for holder in equal_jobs.holders_of(keys)}
	for holder in own:
		committed = found.get(holder.name)
		# this transaction may have changed it, or have begun before others did
		if holder.modified > committed.modified if committed else holder.name in there:
			found[holder.name] = holder
	ended = [holder.name for holder in found.values() if holder.status in FINISHED]
	ended_here = [holder.name for holder in own if holder.name in ended and holder.status in FINISHED]
	equal_jobs.release(ended_here, FINISHED)
	_release_beside([name for name in ended if name not in ended_here])
	unfinished = [holder for holder in found.values() if holder.status not in FINISHED]
	return sorted(unfinished, key=lambda holder: holder.creation)


def _release_beside(job_ids: Sequence[str]) -> None:
	if job_ids:
		with impatient_transaction():
			equal_jobs.release(job_ids, FINISHED)


def _take_the_place(job: BackgroundJob, holders: Sequence[frappe._dict], leaving: Counter[str]) -> None:
	waiting = [holder.name for holder in holders if holder.status != RUNNING and not holder.job_group]
	kept = parents.with_children(waiting)
	rows = {row.name: row for row in _locked_while_waiting([name for name in waiting if name not in kept])}
	replaced = [row for row in rows.values() if row.status not in (RUNNING, *FINISHED)]
	equal_jobs.release([row.name for row in rows.values() if row.status in FINISHED])
	job.flags.replaces = [row.name for row in replaced]
	leaving.update(row.organization for row in replaced if row.status == PENDING)
	_note_quiet_since(job, replaced)
	gone = {name for name, row in rows.items() if row.status != RUNNING}
	before = [holder for holder in holders if holder.name not in gone]
	taken = {holder.deduplication_key for holder in before}
	free = [key for key in equal_keys(job) if key not in taken]
	if not free:
		newest = before[-1]
		raise DuplicateJobError(newest.name, newest.status)
	job.deduplication_key = free[0]
	if before and before[-1].name not in job.flags.parents:
		job.flags.runs_after = before[-1].name
		job.flags.parents = [*job.flags.parents, before[-1].name]


def _locked_while_waiting(job_ids: Sequence[str]) -> list[BackgroundJob]:
	"""Lock the rows of those of the jobs that no worker has claimed.

	No claim is waited for in the database: when it had ended, the row of a running job would be locked here,
	for as long as this transaction lasts.
	"""
	give_up_at = time.monotonic() + WAIT_SECONDS
	while time.monotonic() < give_up_at:
		with uncommitted_reads():
			wanted = {"name": ("in", job_ids), "status": ("!=", RUNNING)}
			waiting = frappe.get_all("Background Job", wanted, pluck="name") if job_ids else []
		rows = locked(waiting, skip_locked=True)
		if len(rows) == len(waiting):
			return rows
		time.sleep(LOOK_AGAIN_SECONDS)
	frappe.throw(_("An equal job is being changed; try again"), SubmissionTimeoutError)
	return []


def _note_quiet_since(job: BackgroundJob, replaced: Iterable[BackgroundJob]) -> None:
	"""The longest wait of a debounced job is counted from the first submission that it stands for."""
	since = [
		row.debounced_since
		for row in replaced
		if row.debounced_since and row.status in (PENDING, QUEUED) and not row.started_at
	]
	if job.flags.debounce and since:
		job.debounced_since = min(since)


def _put_off(holder: frappe._dict, job: BackgroundJob) -> bool:
	"""Let the existing job, if it is debounced, wait anew for quiet; whether that was written."""
	if not job.flags.debounce or holder.status != PENDING:
		return False
	row = next(iter(_locked_while_waiting([holder.name])), None)
	if not row or row.status != PENDING or not row.debounced_since:
		return False
	until = debounced_until(times.utc_now(), row.debounced_since, *job.flags.debounce)
	query = """update `tabBackground Job` set debounced_until = %(until)s,
		ready_at = if(ready_at is null, null, greatest(coalesce(scheduled_at_utc, %(until)s), %(until)s))
		where name = %(name)s"""
	frappe.db.sql(ignoring_snapshot() + query, {"until": until, "name": row.name})
	return True


def _existing(job_id: str) -> BackgroundJob:
	"""The job as it is now; its parameters, which may be another member's, are masked."""
	columns = ", ".join(f"`{column}`" for column in frappe.get_meta("Background Job").get_valid_columns())
	with uncommitted_reads():
		query = f"select {columns} from `tabBackground Job` where name = %s"
		rows = frappe.db.sql(query, (job_id,), as_dict=True)
	job = of_row(rows[0])
	kept_texts.mask(job, job.secrets)
	job.flags.is_existing = True
	return job
