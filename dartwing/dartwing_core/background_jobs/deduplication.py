"""One unfinished job for equal submissions, while its type's window is open.

The unique index on `deduplication_key` decides, also between submitters on separate connections. The
key is released after its job ended, in a transaction of its own: a submitter that lost the race
holds a lock on it until its own transaction ends, and the end of a job must not wait for that.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import frappe
from frappe import _
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs import times
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, SubmissionTimeoutError
from dartwing.dartwing_core.background_jobs.looks import Look
from dartwing.dartwing_core.background_jobs.named_locks import (
	Hold,
	hold_until_the_end,
	lock_name,
	wait_until_free,
)
from dartwing.dartwing_core.background_jobs.snapshots import newest
from dartwing.dartwing_core.background_jobs.statuses import STATUSES
from dartwing.dartwing_core.background_jobs.transactions import separate_transaction, uncommitted_reads
from dartwing.dartwing_core.doctype.background_job.background_job import FINISHED, BackgroundJob

# as long as InnoDB would wait for a lock by default
WAIT_SECONDS = 50
# each lock of a connection makes its next one slower
NAMED_KEYS = 100
FIELDS = ["name", "status", "creation", "job_type", "deduplication_key"]


def keys_of(jobs: Sequence[BackgroundJob]) -> list[str]:
	"""The keys that the jobs will hold, sorted; raises DuplicateJobError when two of them are equal."""
	keys: dict[str, int] = {}
	for index, job in enumerate(jobs):
		if not job.deduplication_key:
			continue
		if job.deduplication_key in keys:
			raise DuplicateJobError(None, None, f"jobs[{index}]", f"jobs[{keys[job.deduplication_key]}]")
		keys[job.deduplication_key] = index
	return sorted(keys)


def await_equals(keys: Sequence[str]) -> Hold:
	"""Wait for equal submissions that are not committed yet, and keep later ones waiting for this one.

	Until this transaction ends, or what is returned is let go: a submission that is refused keeps nobody
	waiting. Raises DuplicateJobError as soon as one that was waited for has won. Of a bulk, the first
	keys stand for all of them, and those that a look at the rows finds taken.
	"""
	named = list(keys[:NAMED_KEYS])
	if len(keys) > NAMED_KEYS:
		with uncommitted_reads():
			named += sorted({holder.deduplication_key for holder in _holders(keys[NAMED_KEYS:])})
	return take_turn(named, lambda: refuse_holders(keys))


def take_turn(keys: Sequence[str], look_again: Callable[[], object]) -> Hold:
	"""Be the only submitter with these keys, until this transaction ends or lets go.

	On a unique index, InnoDB would let those that wait deadlock when the first rolls back, and would let
	them keep a lock that the end of a job waits for. Nobody waits for somebody who only waits: whenever
	one that had its turn has ended, all the others look whether they must go on. Returns a Hold that is
	false when the look says that there is nothing left to do.
	"""
	names = [lock_name("equal job", key) for key in keys]
	give_up_at = time.monotonic() + WAIT_SECONDS
	while not (hold := hold_until_the_end(names)):
		if not wait_until_free(str(hold.busy), max(0, give_up_at - time.monotonic())):
			frappe.throw(_("An equal job is being submitted; try again"), SubmissionTimeoutError)
		if look_again():
			break
	return hold


def look_for_holder(keys: Sequence[str]) -> Look:
	"""Whether a row has one of the keys."""
	if not keys:
		return Look("0", ())
	return Look("exists (select 1 from `tabBackground Job` where deduplication_key in %s)", (tuple(keys),))


def refuse_holders(keys: Sequence[str]) -> None:
	"""Look for holders of the keys: in this transaction, then in what others have committed since.

	The first that still counts is raised as DuplicateJobError. Keys of jobs that ended are released, in
	this transaction where it sees the end itself; keys whose window has passed in one of their own.
	"""
	holders = _holders(keys)
	_refuse(holders)
	ended = [holder.name for holder in holders if holder.status in FINISHED]
	with separate_transaction():
		frappe.db.sql("set session innodb_lock_wait_timeout = 1")
		release(_refuse([holder for holder in _holders(keys) if holder.name not in ended]))
	# not before all are looked at: who is refused must not keep a lock on a row
	release(ended)


def _holders(keys: Sequence[str]) -> list[frappe._dict]:
	return frappe.get_all(
		"Background Job", {"deduplication_key": ("in", keys)}, FIELDS, order_by="creation asc"
	)


def _refuse(holders: Sequence[frappe._dict]) -> list[str]:
	"""Raise for the first holder that still blocks; the names of those that do not any more."""
	for holder in holders:
		if still_blocks(holder):
			raise DuplicateJobError(holder.name, holder.status)
	return [holder.name for holder in holders]


def still_blocks(job: frappe._dict) -> bool:
	return job.status not in FINISHED and is_in_window(job)


def is_in_window(job: BackgroundJob | frappe._dict) -> bool:
	window = frappe.get_cached_value("Job Type", job.job_type, "deduplication_window") or 0
	return get_datetime(job.creation) + timedelta(seconds=window) > times.site_now()


def release(job_ids: Sequence[str], statuses: Sequence[str] = STATUSES) -> None:
	"""Let equal jobs in again, of jobs that are one of the statuses now; in the current transaction."""
	if job_ids:
		query = (
			"update `tabBackground Job` force index (primary) set deduplication_key = null"
			" where name in %s and status in %s and deduplication_key is not null"
		)
		frappe.db.sql(newest() + query, (list(job_ids), statuses))


def hold_again(jobs: Sequence[BackgroundJob]) -> None:
	"""Refuse jobs equal to these, which are unfinished again, for the rest of their window.

	In the current transaction. One whose key another job took meanwhile goes without: that one refuses
	for both.
	"""
	by_key = {job.job_hash: job.name for job in jobs if job.job_hash and is_in_window(job)}
	if not by_key:
		return
	hold = take_turn(sorted(by_key), look_again=lambda: None)
	with uncommitted_reads():
		taken = {holder.deduplication_key for holder in _holders(list(by_key))}
	free = [name for key, name in by_key.items() if key not in taken]
	if not free:
		hold.let_go()
		return
	query = "update ignore `tabBackground Job` set deduplication_key = job_hash where name in %s"
	frappe.db.sql(newest() + query, (free,))
