"""One unfinished job for equal submissions, while its type's window is open.

The unique index on `deduplication_key` decides, also between submitters on separate connections. The
key is released after its job ended, in a transaction of its own: a submitter that lost the race
holds a lock on it until its own transaction ends, and the end of a job must not wait for that.
"""

from collections.abc import Sequence
from datetime import timedelta

import frappe
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError
from dartwing.dartwing_core.background_jobs.transactions import separate_transaction
from dartwing.dartwing_core.doctype.background_job.background_job import FINISHED, BackgroundJob

FIELDS = ["name", "status", "creation", "job_type"]


def refuse_known_duplicates(jobs: Sequence[BackgroundJob]) -> None:
	"""Raise DuplicateJobError for a job that equals an earlier one of the list or one that can be seen."""
	keys: set[str] = set()
	for job in jobs:
		if not job.deduplication_key:
			continue
		if job.deduplication_key in keys:
			raise DuplicateJobError(job.name, job.status)
		keys.add(job.deduplication_key)
	if keys:
		refuse_holders(sorted(keys))


def refuse_holders(keys: Sequence[str]) -> None:
	"""Look for holders of the keys: in this transaction, then in what others have committed since.

	Keys whose job ended, or whose window has passed, are released; the first that still counts is
	raised as DuplicateJobError.
	"""
	_refuse(_holders(keys))
	with separate_transaction():
		expired = _refuse(_holders(keys))
		release(expired)


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
	if job.status in FINISHED:
		return False
	window = frappe.get_cached_value("Job Type", job.job_type, "deduplication_window") or 0
	return job.creation + timedelta(seconds=window) > now_datetime()


def release(job_ids: Sequence[str]) -> None:
	"""Let equal jobs in again; in the current transaction."""
	if job_ids:
		job = frappe.qb.DocType("Background Job")
		query = frappe.qb.update(job).set(job.deduplication_key, None)
		query.where(job.name.isin(list(job_ids)) & job.deduplication_key.isnotnull()).run()
