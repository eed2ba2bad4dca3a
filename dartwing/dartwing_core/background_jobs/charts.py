"""What ended in the last day, for cards and charts; of the organizations that the session's user may see."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import access
from dartwing.dartwing_core.doctype.background_job.background_job import COMPLETED, DEAD_LETTER

HOURS = 24
MAX_TYPES = 8


def ended_by_hour() -> list[dict[str, Any]]:
	"""24 entries `{hour, completed, failed}`, oldest first; the last one is the hour that is not over.

	`hour` is a datetime of the site's time zone; what failed are dead letters.
	"""
	this_hour = now_datetime().replace(minute=0, second=0, microsecond=0)
	hours = [this_hour - timedelta(hours=back) for back in reversed(range(HOURS))]
	job = frappe.qb.DocType("Background Job")
	counts = _count_ended(frappe.qb.functions("LEFT", job.modified, 13), hours[0])
	return [{"hour": hour, **_split(counts, f"{hour:%Y-%m-%d %H}")} for hour in hours]


def ended_by_type() -> list[dict[str, Any]]:
	"""`{job_type, completed, failed}` of the last 24 hours, the most frequent types first."""
	counts = _count_ended(frappe.qb.DocType("Background Job").job_type, _a_day_ago())
	totals: Counter[str] = Counter()
	for (job_type, _status), jobs in counts.items():
		totals[job_type] += jobs
	return [{"job_type": name, **_split(counts, name)} for name, _jobs in totals.most_common(MAX_TYPES)]


def ended_of_type(job_type: str) -> dict[str, int]:
	"""`{completed, failed}` of one Job Type in the last 24 hours."""
	return _split(_count_ended(frappe.qb.DocType("Background Job").job_type, _a_day_ago()), job_type)


def count_of_type(job_type: str, statuses: Sequence[str]) -> int:
	"""How many jobs of one type have these statuses now."""
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(frappe.qb.functions("COUNT", job.name))
	query = query.where((job.job_type == job_type) & job.status.isin(list(statuses)))
	return _visible(query, job).run()[0][0]


def failure_rate(completed: int, failed: int) -> float | None:
	"""The share (0 to 1) of dead letters of what ended; None when nothing did."""
	return failed / (completed + failed) if completed + failed else None


def failure_rate_of_the_day() -> float | None:
	counts = _count_ended(frappe.qb.DocType("Background Job").status, _a_day_ago())
	return failure_rate(counts[COMPLETED, COMPLETED], counts[DEAD_LETTER, DEAD_LETTER])


def _a_day_ago() -> datetime:
	return now_datetime() - timedelta(hours=HOURS)


def _count_ended(group: Any, since: datetime) -> Counter[tuple[str, str]]:
	"""How many ended, by group and status. What ended is not changed any more: `modified` says when."""
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(group, job.status, frappe.qb.functions("COUNT", job.name))
	query = query.where(job.status.isin([COMPLETED, DEAD_LETTER]) & (job.modified >= since))
	rows = _visible(query, job).groupby(group, job.status).run()
	return Counter({(key, status): jobs for key, status, jobs in rows})


def _visible(query: Any, job: Any) -> Any:
	"""The query for the jobs that the session's user may see."""
	if access.is_system_manager():
		return query
	return query.where(job.organization.isin(access.organizations_of() or [""]))


def _split(counts: Counter[tuple[str, str]], key: str) -> dict[str, int]:
	return {"completed": counts[key, COMPLETED], "failed": counts[key, DEAD_LETTER]}
