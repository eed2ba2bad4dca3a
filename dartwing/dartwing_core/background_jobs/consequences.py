"""What follows, after the commit, when jobs are accepted or leave their worker or their queue.

Everything here is found again within a minute by the cron if the process dies before it is done.
"""

from collections.abc import Callable, Sequence
from functools import partial

import frappe

from dartwing.dartwing_core.background_jobs import deduplication, dependencies, dispatcher, realtime
from dartwing.dartwing_core.background_jobs.transactions import after_commit
from dartwing.dartwing_core.doctype.background_job.background_job import FINISHED, BackgroundJob


def follow_acceptance(jobs: Sequence[BackgroundJob]) -> None:
	"""Once they are committed, announce new jobs and hand over those that are ready."""
	events = realtime.status_events(jobs, None)
	children = [job.name for job in jobs if job.depends_on]
	organizations = sorted({job.organization for job in jobs})

	def announce_and_dispatch() -> None:
		realtime.send_status_events(events)
		dependencies.release_or_fail([name for name in children if frappe.db.exists("Background Job", name)])
		dispatcher.dispatch(organizations)

	after_commit(announce_and_dispatch)


def follow_end(job: BackgroundJob, fill_slot: Callable[[str, bool], None] | None = None) -> None:
	"""Once its transition is committed: let equal jobs in, settle its children, fill its slot.

	`fill_slot` is called with the organization and whether children of the job became ready; without it,
	the slot is filled at once.
	"""
	after_commit(partial(take_consequences, job, fill_slot))


def take_consequences(job: BackgroundJob, fill_slot: Callable[[str, bool], None] | None) -> None:
	released = []
	if job.status in FINISHED:
		if job.deduplication_key:
			deduplication.release([job.name])
		if _has_children(job):
			released = dependencies.parent_ended(job.name)
	if fill_slot:
		fill_slot(job.organization, bool(released))
	else:
		dispatcher.dispatch([job.organization])


def _has_children(job: BackgroundJob) -> bool:
	query = "select 1 from `tabBackground Job` where depends_on = %s limit 1"
	return bool(frappe.db.sql(query, (job.name,)))
