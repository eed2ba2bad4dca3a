"""What follows, after the commit, when jobs are accepted or leave their worker or their queue.

Everything here is found again within a minute by the cron if the process dies before it is done.
"""

from collections.abc import Callable, Sequence

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
	job_id, organization, ended = job.name, job.organization, job.status in FINISHED

	def release_settle_and_dispatch() -> None:
		released = []
		if ended:
			deduplication.release([job_id])
			released = dependencies.parent_ended(job_id)
		if fill_slot:
			fill_slot(organization, bool(released))
		else:
			dispatcher.dispatch([organization])

	after_commit(release_settle_and_dispatch)
