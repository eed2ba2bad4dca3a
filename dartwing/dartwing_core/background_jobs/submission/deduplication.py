"""One unfinished job for equal submissions, while its type's window is open.

The unique index on `deduplication_key` decides, also between submitters on separate connections. After its
job ended the key is freed in a transaction of its own: a submitter that lost the race holds a lock on the row
until its own transaction ends, and the end of the job must not wait for that. A submission that meets the
holder of its key frees the key as well, if the holder has ended or its window is over (`refuse_holders`).
"""

from collections.abc import Sequence
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database.connections import impatient_transaction
from dartwing.dartwing_core.background_jobs.database.looks import Look
from dartwing.dartwing_core.background_jobs.database.named_locks import Hold
from dartwing.dartwing_core.background_jobs.dispatch.equal_jobs import (
	REFUSE,
	holders_of,
	keys_of_hash,
	release,
	rule_of,
	still_blocks,
	take_turn,
)
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError
from dartwing.dartwing_core.doctype.background_job.background_job import FINISHED, BackgroundJob


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


def all_keys(jobs: Sequence[BackgroundJob]) -> list[str]:
	"""All keys that jobs may have which equal one of these."""
	return sorted(
		key
		for job in jobs
		if job.deduplication_key
		for key in keys_of_hash(str(job.job_hash), rule_of(job.job_type))
	)


def refusing_keys(jobs: Sequence[BackgroundJob]) -> list[str]:
	"""As `all_keys`, of those jobs that are refused when an equal one is unfinished."""
	return all_keys([job for job in jobs if job.flags.equal_rule == REFUSE])


def await_equals(
	keys: Sequence[str], refusing: Sequence[str], looks: Sequence[Look]
) -> tuple[Hold, list[Any]]:
	"""The answers to the looks, once no equal submission is under way.

	Wait for equal submissions that are not committed yet, and keep later ones waiting for this one.

	They wait until this transaction ends, or until the Hold that is returned is let go: a submission that is
	refused keeps nobody waiting. Raises DuplicateJobError as soon as a submission that was waited for has
	committed a job with one of the keys `refusing`.
	"""
	return take_turn(keys, lambda: refuse_holders(refusing), looks)


def look_for_holder(keys: Sequence[str]) -> Look:
	"""Whether a row has one of the keys."""
	if not keys:
		return Look("0", ())
	return Look("exists (select 1 from `tabBackground Job` where deduplication_key in %s)", (tuple(keys),))


def refuse_holders(keys: Sequence[str]) -> None:
	"""Look for holders of the keys: in this transaction, then in what others have committed since.

	The first holder that still blocks is raised as DuplicateJobError. All other holders lose their keys.
	Those that this transaction sees as ended lose them in this transaction; the others lose them in a
	separate one, which sees what was committed since this one began.
	"""
	if not keys:
		return
	holders = holders_of(keys)
	_refuse(holders)
	ended = [holder.name for holder in holders if holder.status in FINISHED]
	with impatient_transaction():
		release(_refuse([holder for holder in holders_of(keys) if holder.name not in ended]))
	# after all holders are looked at, so that a submission that is refused keeps no lock on a row
	release(ended)


def _refuse(holders: Sequence[frappe._dict]) -> list[str]:
	"""Raise for the first holder that still blocks; returns the names of the others."""
	for holder in holders:
		if still_blocks(holder):
			raise DuplicateJobError(holder.name, holder.status)
	return [holder.name for holder in holders]
