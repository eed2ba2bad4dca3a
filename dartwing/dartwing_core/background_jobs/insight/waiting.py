"""What a job that has not started waits for, in words, and until when, where that is known."""

from datetime import datetime
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.starting_limits import room_from, say, say_pace
from dartwing.dartwing_core.background_jobs.statuses import PENDING, QUEUED, WAITING
from dartwing.dartwing_core.background_jobs.type_limits import Limits


def reason_of(job: Any) -> str | None:
	"""A sentence about a job that waits; None for one that does not.

	`job` has `status`, `job_type`, `ready_at`, `held_by` and `depends_on`.
	"""
	if job.status == QUEUED:
		return _("a worker")
	if job.status not in WAITING:
		return None
	if job.held_by:
		return _limit_of(job.job_type)
	if is_ahead(job.ready_at):
		return _("its time")
	if job.ready_at or job.status != PENDING:
		return _("its turn")
	return _("other jobs") if job.depends_on else _("the end of a group")


# when paces have room, by type, organization and key
Paces = dict[tuple[str, str, str], datetime | None]


def until(job: Any, paces: Paces) -> datetime | None:
	"""When the job may start, in naive UTC, where a time is all that it waits for.

	`job` has its `organization`, too. `paces` keeps what was found out for the jobs of one answer.
	"""
	if job.status not in WAITING:
		return None
	instant = _pace_of(job, paces) if job.held_by else job.ready_at
	return instant if is_ahead(instant) else None


def _pace_of(job: Any, paces: Paces) -> datetime | None:
	"""When the pace of its type lets the next job start, if nothing else is limited."""
	limits = Limits.parse(frappe.get_cached_value("Job Type", job.job_type, "limits"))
	if not limits or not limits.starts or limits.running():
		return None
	key = (job.job_type, job.organization, job.held_by)
	if key not in paces:
		paces[key] = room_from(limits, job.organization, job.held_by)
	return paces[key]


def is_ahead(instant: datetime | None) -> bool:
	return bool(instant and instant > times.utc_now())


def _limit_of(job_type: str) -> str:
	"""All limits of the type: which of them it is changes from moment to moment."""
	limits = Limits.parse(frappe.get_cached_value("Job Type", job_type, "limits"))
	if not limits:
		return _("its turn")
	said = [say(limits, scope, job_type) for scope, _most in limits.running()]
	return "; ".join([*said, *([say_pace(limits, job_type)] if limits.starts else [])])
