"""What ended in the last day, for cards and charts; of the organizations that the session's user may see.

The hours are those of `get_metrics`: this one, which is not over, and the 23 before it. What failed is
what became a dead letter.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.insight import figures
from dartwing.dartwing_core.background_jobs.statuses import COMPLETED, DEAD_LETTER, PENDING, QUEUED, RUNNING
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.job_tally.arithmetic import HOUR, WHOLE_SITE
from dartwing.dartwing_core.doctype.job_tally.job_tally import sums, uncounted_events

MAX_TYPES = 8

# how many jobs, by event and by the part of the tally's key that they are grouped by
Counts = Counter[tuple[str, Any]]


def ended_by_hour() -> list[dict[str, Any]]:
	"""24 entries `{hour, completed, failed}`, oldest first; `hour` is a datetime of the site's time zone."""
	first = figures.first_hour(times.site_now())
	counts = _ended_by("period", first)
	hours = [first + timedelta(hours=later) for later in range(figures.WINDOW_HOURS)]
	return [{"hour": hour, **_split(counts, hour)} for hour in hours]


def ended_by_type() -> list[dict[str, Any]]:
	"""`{job_type, completed, failed}`, the most frequent types first."""
	counts = _ended_by("job_type", figures.first_hour(times.site_now()))
	totals = Counter[str]()
	for (_event, job_type), jobs in counts.items():
		totals[job_type] += jobs
	return [{"job_type": name, **_split(counts, name)} for name, _jobs in totals.most_common(MAX_TYPES)]


def figures_of_type(job_type: str) -> dict[str, Any]:
	"""`{waiting, running, completed, failed, failure_rate, average_seconds, p95_seconds}` of one Job Type.

	The figures are those of `get_metrics`; rate and seconds are None where nothing ended.
	"""
	now = times.site_now()
	open_jobs = [kind for kind in figures.open_by_kind(now, _scope()) if kind.job_type == job_type]
	of_all = figures.get_metrics()
	return {
		"waiting": sum(kind.jobs for kind in open_jobs if kind.status in (PENDING, QUEUED)),
		"running": sum(kind.jobs for kind in open_jobs if kind.status == RUNNING),
		**_split(_ended_by("job_type", figures.first_hour(now)), job_type),
		"failure_rate": of_all["failure_rate_by_type"].get(job_type),
		**of_all["processing_time_by_type"].get(job_type, figures.Durations().summary()),
	}


def _ended_by(what: str, since: datetime) -> Counts:
	"""How many jobs ended, by event and a part of their tally's key."""
	scope = _scope()
	hours = sums(HOUR, [WHOLE_SITE] if scope is None else scope, uncounted_events(scope), since)
	counts: Counts = Counter()
	for key, (jobs, _seconds) in hours.items():
		if key.event in (COMPLETED, DEAD_LETTER):
			counts[key.event, getattr(key, what)] += jobs
	return counts


def _scope() -> Sequence[str] | None:
	return None if access.is_system_manager() else access.organizations_of()


def _split(counts: Counts, key: Any) -> dict[str, int]:
	return {"completed": counts[COMPLETED, key], "failed": counts[DEAD_LETTER, key]}
