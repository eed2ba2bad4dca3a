"""Pending → Queued in the transaction that submits: for one job, when nothing keeps it waiting.

That spares the dispatcher's transaction after the commit. A slot that is taken here is taken until the
submitter's transaction ends, however long that lasts; so never more than half of a window is taken this way.
"""

from collections.abc import Sequence
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.looks import Look
from dartwing.dartwing_core.background_jobs.dispatch import windows
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, BackgroundJob
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues

# A job goes straight to the queue only while more slots than these are free. Other submitters may take slots
# between our count and our insert, but hardly so many.
SLOTS_LEFT_FOR_OTHERS = 50


def ready() -> str:
	return (
		"select 1 from `tabBackground Job`"
		f" where organization = %s and priority in %s and ready_at <= {UTC_NOW}"
	)


def looks(jobs: Sequence[BackgroundJob]) -> list[Look]:
	"""What to ask the database for `has_slot`; nothing for jobs that must wait, or for several jobs."""
	if len(jobs) != 1 or not may_start_now(jobs[0]):
		return []
	organization = jobs[0].organization
	others_wait = Look(f"exists ({ready()})", (organization, PRIORITIES))
	return [*windows.looks(organization, windows.default_size()), others_wait]


def has_slot(answers: Sequence[Any]) -> bool:
	"""Whether the answers say that a slot may be taken without waiting for a turn."""
	if not answers:
		return False
	*of_window, others_wait = answers
	window = windows.Window(*of_window)
	return not others_wait and window.used < window.size // 2 and window.free > SLOTS_LEFT_FOR_OTHERS


def may_start_now(job: BackgroundJob) -> bool:
	"""Whether it is due, not limited and not paused, as far as this process knows. The claim checks again."""
	if (
		job.limit_key
		or job.flags.parents
		or job.flags.debounce
		or (job.scheduled_at_utc and job.scheduled_at_utc > times.utc_now())
	):
		return False
	if is_held() or QUEUE_BY_PRIORITY[job.priority] in paused_queues():
		return False
	return not frappe.get_cached_value("Job Type", job.job_type, "is_paused")
