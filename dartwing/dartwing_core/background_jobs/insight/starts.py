"""When a job that waits for its turn may start: what is ahead of it, at the pace of the last minutes.

Only jobs of its own organization are looked at: what others do is not told, not even by a number.
"""

from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import cint, get_datetime

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.insight.durations import FEWEST_JOBS, LASTS_SECONDS
from dartwing.dartwing_core.background_jobs.memory import Memory
from dartwing.dartwing_core.background_jobs.statuses import COMPLETED, PENDING, PRIORITIES, QUEUED
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues

WINDOW = timedelta(minutes=10)
# the last jobs of an organization, of which those in the window count
LAST_JOBS = 200
# of more jobs ahead, nobody knows how long they take
MOST_AHEAD = 500

# what comes before a job of a status, in SQL
OF_QUEUED = """status = 'Queued'
	and (priority in %(more_urgent)s or (priority = %(priority)s and queued_at < %(since)s))"""
OF_PENDING = f"""status in ('Queued', 'Pending') and (
	status = 'Queued' or (priority in %(more_urgent)s and ready_at <= {UTC_NOW})
	or (priority = %(priority)s and ready_at < %(since)s))"""

# of organizations, in jobs per second; None if nobody knows
paces: Memory[float | None] = Memory(LASTS_SECONDS)


def expected(job: Any) -> datetime | None:
	"""Of a job that waits for its turn, in naive UTC; None for another one, and where nobody knows.

	`job` has `organization`, `job_type`, `status`, `priority`, `ready_at`, `queued_at` and `held_by`.
	"""
	if not _waits_for_its_turn(job):
		return None
	pace = pace_of(job.organization)
	ahead = _ahead_of(job) if pace else None
	return None if ahead is None or not pace else times.utc_now() + timedelta(seconds=ahead / pace)


def _waits_for_its_turn(job: Any) -> bool:
	"""Whether nothing but other jobs keeps it from starting."""
	if job.status != QUEUED and not (job.status == PENDING and job.ready_at and not job.held_by):
		return False
	if is_held() or QUEUE_BY_PRIORITY[job.priority] in paused_queues():
		return False
	if cint(frappe.get_cached_value("Job Type", job.job_type, "is_paused")):
		return False
	return frappe.db.get_value("Organization", job.organization, "status") == "Active"


def pace_of(organization: str) -> float | None:
	"""Jobs that it starts in a second, by those of the last minutes; None if they are too few."""
	if organization not in paces:
		paces.put(organization, _pace(organization))
	return paces.get(organization)


def _pace(organization: str) -> float | None:
	index = frappe.db.get_index_name(["organization", "status", "creation"])
	started = frappe.db.sql(
		f"""select started_at from `tabBackground Job` force index (`{index}`)
		where organization = %s and status = %s order by creation desc limit %s""",
		(organization, COMPLETED, LAST_JOBS),
		pluck=True,
	)
	now = times.site_now()
	lately = [at for at in map(get_datetime, filter(None, started)) if now - WINDOW <= at <= now]
	if len(lately) < FEWEST_JOBS:
		return None
	return len(lately) / max(1.0, (now - min(lately)).total_seconds())


def _ahead_of(job: Any) -> int | None:
	"""How many jobs of the organization come first; None if they are very many."""
	index = frappe.db.get_index_name(["status", "organization", "priority", "job_type", "ready_at"])
	comes_first = OF_QUEUED if job.status == QUEUED else OF_PENDING
	counted = frappe.db.sql(
		f"""select 1 from `tabBackground Job` force index (`{index}`)
		where organization = %(organization)s and {comes_first} limit %(limit)s""",
		{
			"organization": job.organization,
			"priority": job.priority,
			# SQL has no empty list
			"more_urgent": PRIORITIES[PRIORITIES.index(job.priority) + 1 :] or ("",),
			"since": job.queued_at if job.status == QUEUED else job.ready_at,
			"limit": MOST_AHEAD + 1,
		},
	)
	return len(counted) if len(counted) <= MOST_AHEAD else None
