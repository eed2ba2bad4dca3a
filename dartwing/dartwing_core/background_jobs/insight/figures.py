"""How jobs are doing: what waits is counted in the table, what ended is added up (see Job Tally).

Nothing here costs more when more jobs have ended. All figures of one answer are of one moment: they
are read in one transaction.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil
from typing import Any, NamedTuple

import frappe
from pypika.terms import Criterion

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.statuses import (
	COMPLETED,
	DEAD_LETTER,
	FINISHED,
	PENDING,
	PRIORITIES,
	QUEUED,
	STATUSES,
	UNFINISHED,
	WAITING,
)
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.job_tally.arithmetic import BOUNDS, HOUR, LEVEL, WHOLE_SITE, Key
from dartwing.dartwing_core.doctype.job_tally.job_tally import sums, uncounted_events

# durations and failure rates are of this hour and those before it
WINDOW_HOURS = 24
THROUGHPUT_MINUTES = 5

# names of organizations, None for all of the site
Organizations = Sequence[str] | None


class Open(NamedTuple):
	"""Unfinished jobs of one kind; `ready_since` is when the first of those was due that may start now."""

	status: str
	priority: str
	job_type: str
	organization: str
	jobs: int
	ready_since: datetime | None


@dataclass
class Durations:
	"""How long jobs ran, by bucket of `BOUNDS`."""

	jobs: Counter[int] = field(default_factory=Counter)
	seconds: float = 0.0

	def add(self, bucket: int, jobs: int, seconds: float) -> None:
		self.jobs[bucket] += jobs
		self.seconds += seconds

	def summary(self) -> dict[str, float | None]:
		"""Average, and the 95th percentile by its bucket: right to 12 % for 1 ms to 3 hours."""
		total = sum(self.jobs.values())
		if not total:
			return {"average_seconds": None, "p95_seconds": None}
		return {
			"average_seconds": round(self.seconds / total, 6),
			"p95_seconds": percentile(self.jobs, 0.95),
		}


def get_metrics(organization: str | None = None) -> dict[str, Any]:
	"""Figures of one organization, or of all that the user belongs to; durations in seconds.

	`{job_count_by_status, queue_depth_by_priority, processing_time: {average_seconds, p95_seconds},
	processing_time_by_type, failure_rate_by_type, throughput_per_minute, oldest_waiting_seconds,
	timestamp}`. Counts are of all jobs there are. Durations and failure rates are of the jobs that ended
	in this hour and the 23 before it: of each, its last run. A failure is a dead letter; a rate is its
	share (0 to 1) of what ended Completed or Dead Letter. Throughput is what was completed in the last
	five minutes. Dry runs are in counts and throughput only. Times are None where nothing ended. Raises
	PermissionError for an organization that the user is no active member of.
	"""
	organizations, now = _organizations(organization), times.site_now()
	open_jobs, ended = open_by_kind(now, organizations), _Ended.of(organizations, now)
	return {
		"job_count_by_status": _count_by_status(open_jobs, ended.levels),
		"queue_depth_by_priority": _queue_depth(open_jobs),
		"processing_time": ended.all_durations.summary(),
		"processing_time_by_type": {
			job_type: durations.summary() for job_type, durations in sorted(ended.durations.items())
		},
		"failure_rate_by_type": ended.failure_rates(),
		"throughput_per_minute": _completed_since(organizations, now - timedelta(minutes=THROUGHPUT_MINUTES))
		/ THROUGHPUT_MINUTES,
		"oldest_waiting_seconds": oldest_waiting_seconds(open_jobs, now),
		"timestamp": times.to_utc(now),
	}


def get_failure_rate(organization: str | None = None) -> float | None:
	"""The share of dead letters of what ended as in `get_metrics`, of all types; None when nothing did."""
	ended = _Ended.of(_organizations(organization), times.site_now())
	failed = sum(ended.failed.values())
	total = failed + sum(ended.completed.values())
	return round(failed / total, 4) if total else None


def percentile(jobs_by_bucket: Counter[int], share: float) -> float:
	"""The duration (seconds) that this share of the jobs did not exceed, estimated within its bucket."""
	buckets = sorted(bucket for bucket, jobs in jobs_by_bucket.items() if jobs)
	up_to = list(accumulate(jobs_by_bucket[bucket] for bucket in buckets))
	rank = ceil(share * up_to[-1])
	place = next(index for index, count in enumerate(up_to) if count >= rank)
	bucket, before = buckets[place], up_to[place - 1] if place else 0
	if bucket >= len(BOUNDS):
		return BOUNDS[-1]
	low, high = BOUNDS[bucket - 1] if bucket else 0.0, BOUNDS[bucket]
	return round(low + (high - low) * (rank - before - 0.5) / jobs_by_bucket[bucket], 6)


def open_by_kind(now: datetime, organizations: Organizations = None) -> list[Open]:
	"""All unfinished jobs, counted on one index."""
	job, functions = frappe.qb.DocType("Background Job"), frappe.qb.functions
	kinds = (job.status, job.priority, job.job_type, job.organization)
	rows = (
		frappe.qb.from_(job)
		.select(*kinds, functions("COUNT", "*"), functions("MIN", job.ready_at))
		.where(job.status.isin(UNFINISHED) & _in(organizations))
		.groupby(*kinds)
		.run()
	)
	queued_since, now_utc = _queued_since(organizations), times.utc_now()
	found = []
	for status, priority, job_type, organization, jobs, ready_at in rows:
		is_due = status in WAITING and ready_at and ready_at <= now_utc
		since = (
			times.from_utc(ready_at)
			if is_due
			else queued_since.get((status, priority, job_type, organization))
		)
		found.append(Open(status, priority, job_type, organization, jobs, since))
	return found


def oldest_waiting_seconds(open_jobs: Sequence[Open], now: datetime) -> float:
	"""How long the oldest of the jobs waits that could run; 0 when there is none."""
	since = min((kind.ready_since for kind in open_jobs if kind.ready_since), default=now)
	return max(0.0, (now - since).total_seconds())


def first_hour(now: datetime) -> datetime:
	"""The beginning of the first of the hours that durations and failure rates are about."""
	return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=WINDOW_HOURS - 1)


@dataclass
class _Ended:
	"""Figures of jobs that ended: the levels are of all that are there, the rest is of the window's hours."""

	levels: Counter[str] = field(default_factory=Counter)
	completed: Counter[str] = field(default_factory=Counter)
	failed: Counter[str] = field(default_factory=Counter)
	durations: dict[str, Durations] = field(default_factory=lambda: defaultdict(Durations))
	all_durations: Durations = field(default_factory=Durations)

	@classmethod
	def of(cls, organizations: Organizations, now: datetime) -> "_Ended":
		ended, uncounted = cls(), uncounted_events(organizations)
		for key, (jobs, _seconds) in sums(LEVEL, organizations, uncounted).items():
			ended.levels[key.event] += jobs
		hours = sums(
			HOUR, [WHOLE_SITE] if organizations is None else organizations, uncounted, first_hour(now)
		)
		for key, (jobs, seconds) in hours.items():
			ended._add(key, jobs, seconds)
		return ended

	def _add(self, key: Key, jobs: int, seconds: float) -> None:
		if key.event == DEAD_LETTER:
			self.failed[key.job_type] += jobs
		elif key.event == COMPLETED:
			self.completed[key.job_type] += jobs
			self.durations[key.job_type].add(key.bucket, jobs, seconds)
			self.all_durations.add(key.bucket, jobs, seconds)

	def failure_rates(self) -> dict[str, float]:
		return {
			job_type: round(self.failed[job_type] / (self.completed[job_type] + self.failed[job_type]), 4)
			for job_type in sorted({*self.completed, *self.failed})
		}


def _organizations(organization: str | None) -> Organizations:
	"""The organizations that the answer is about, all of which the user may see."""
	if organization:
		access.check_member(organization)
		return [organization]
	return None if access.is_system_manager() else access.organizations_of()


def _in(organizations: Organizations) -> Criterion:
	job = frappe.qb.DocType("Background Job")
	return (
		job.organization.isnotnull()
		if organizations is None
		else job.organization.isin(organizations or [""])
	)


def _queued_since(organizations: Organizations) -> dict[tuple, datetime]:
	"""Since when the oldest Queued job of each kind is Queued. There are only as many as windows allow."""
	job = frappe.qb.DocType("Background Job")
	kinds = (job.status, job.priority, job.job_type, job.organization)
	query = frappe.qb.from_(job).select(*kinds, frappe.qb.functions("MIN", job.queued_at))
	rows = query.where((job.status == QUEUED) & _in(organizations)).groupby(*kinds).run()
	return {row[:4]: row[4] for row in rows}


def _count_by_status(open_jobs: Sequence[Open], levels: Counter[str]) -> dict[str, int]:
	counts = Counter({status: levels[status] for status in FINISHED})
	for kind in open_jobs:
		counts[kind.status] += kind.jobs
	return {status: counts[status] for status in STATUSES}


def _queue_depth(open_jobs: Sequence[Open]) -> dict[str, int]:
	depth = Counter[str]()
	for kind in open_jobs:
		if kind.status in (PENDING, QUEUED):
			depth[kind.priority] += kind.jobs
	return {priority: depth[priority] for priority in PRIORITIES}


def _completed_since(organizations: Organizations, since: datetime) -> int:
	"""How many jobs were completed since then.

	A final job is not changed any more, so its `modified`, which is indexed, is when it was completed.
	"""
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(frappe.qb.functions("COUNT", "*"))
	return query.where((job.status == COMPLETED) & (job.modified >= since) & _in(organizations)).run()[0][0]
