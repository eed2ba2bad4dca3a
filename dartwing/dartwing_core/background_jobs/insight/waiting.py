"""What a job that has not started waits for, in words, and until when, where that is known."""

from datetime import datetime
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.limits import room_from, say, say_pace
from dartwing.dartwing_core.background_jobs.limits import Limits
from dartwing.dartwing_core.background_jobs.statuses import PENDING, QUEUED, WAITING


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


def until(job: Any) -> datetime | None:
	"""When the job may start, in naive UTC, where a time is all that it waits for.

	`job` has its `organization`, too.
	"""
	if job.status not in WAITING:
		return None
	instant = _pace_of(job) if job.held_by else job.ready_at
	return instant if is_ahead(instant) else None


def _pace_of(job: Any) -> datetime | None:
	"""When the pace of its type lets the next job start, if nothing else is limited."""
	limits = Limits.parse(frappe.get_cached_value("Job Type", job.job_type, "limits"))
	if not limits or not limits.starts or limits.running():
		return None
	return room_from(limits, job.organization, job.held_by)


def is_ahead(instant: datetime | None) -> bool:
	return bool(instant and instant > times.utc_now())


def _limit_of(job_type: str) -> str:
	"""All limits of the type: which of them it is changes from moment to moment."""
	limits = Limits.parse(frappe.get_cached_value("Job Type", job_type, "limits"))
	if not limits:
		return _("its turn")
	said = [say(limits, scope, job_type) for scope, _most in limits.running()]
	return "; ".join([*said, *([say_pace(limits, job_type)] if limits.starts else [])])
