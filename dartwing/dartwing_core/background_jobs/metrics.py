"""How an organization's jobs are doing: counts and ages from the table itself, in a few bounded queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import frappe
from frappe.utils import now_datetime
from pypika.terms import Criterion

from dartwing.dartwing_core.background_jobs import access, times
from dartwing.dartwing_core.doctype.background_job.background_job import (
	COMPLETED,
	DEAD_LETTER,
	PENDING,
	PRIORITIES,
	QUEUED,
	STATUSES,
)

# durations and failure rates are of jobs submitted in this time, of each outcome the newest ones only
SAMPLE_HOURS = 24
SAMPLE_SIZE = 1000
THROUGHPUT_MINUTES = 5


def get_metrics(organization: str | None = None) -> dict[str, Any]:
	"""Figures of one organization, or of all that the user belongs to; durations in seconds.

	`{job_count_by_status, queue_depth_by_priority, processing_time: {average_seconds, p95_seconds},
	processing_time_by_type, failure_rate_by_type, throughput_per_minute, oldest_waiting_seconds,
	timestamp}`. A failure is a dead letter; a rate is its share (0 to 1) of what ended. Times are None
	where nothing ended. Raises PermissionError for an organization that the user is no active member of.
	"""
	if organization:
		access.check_member(organization)
	scope, now = _scope(organization), now_datetime()
	completed, dead = (_sample(scope, status, now) for status in (COMPLETED, DEAD_LETTER))
	seconds = [(row.job_type, _seconds(row)) for row in completed if row.started_at and row.completed_at]
	return {
		"job_count_by_status": _count_by(scope, "status", STATUSES),
		"queue_depth_by_priority": _queue_depth(scope),
		"processing_time": processing_time([duration for _type, duration in seconds]),
		"processing_time_by_type": processing_time_by_type(seconds),
		"failure_rate_by_type": failure_rates(
			[row.job_type for row in completed], [row.job_type for row in dead]
		),
		"throughput_per_minute": _completed_since(scope, now - timedelta(minutes=THROUGHPUT_MINUTES))
		/ THROUGHPUT_MINUTES,
		"oldest_waiting_seconds": _oldest_waiting(scope, now),
		"timestamp": times.to_utc(now),
	}


def processing_time(seconds: Sequence[float]) -> dict[str, float | None]:
	"""Average and 95th percentile (nearest rank)."""
	if not seconds:
		return {"average_seconds": None, "p95_seconds": None}
	ranked = sorted(seconds)
	return {
		"average_seconds": round(sum(ranked) / len(ranked), 6),
		"p95_seconds": ranked[ceil(0.95 * len(ranked)) - 1],
	}


def processing_time_by_type(seconds: Iterable[tuple[str, float]]) -> dict[str, dict[str, float | None]]:
	by_type: dict[str, list[float]] = defaultdict(list)
	for job_type, duration in seconds:
		by_type[job_type].append(duration)
	return {job_type: processing_time(by_type[job_type]) for job_type in sorted(by_type)}


def failure_rates(completed: Iterable[str], failed: Iterable[str]) -> dict[str, float]:
	"""The share of failures of what ended, by Job Type."""
	good, bad = Counter(completed), Counter(failed)
	return {
		job_type: round(bad[job_type] / (good[job_type] + bad[job_type]), 4)
		for job_type in sorted({*good, *bad})
	}


def _scope(organization: str | None) -> Criterion:
	"""The condition that keeps every query below to what the user may see."""
	job = frappe.qb.DocType("Background Job")
	if organization:
		return job.organization == organization
	if access.is_system_manager():
		return job.organization.isnotnull()
	return job.organization.isin(access.organizations_of() or [""])


def _seconds(job: frappe._dict) -> float:
	return (job.completed_at - job.started_at).total_seconds()


def _count_by(scope: Criterion, field: str, values: Sequence[str]) -> dict[str, int]:
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job[field], frappe.qb.functions("COUNT", job.name))
	counts = dict(query.where(scope).groupby(job[field]).run())
	return {value: counts.get(value, 0) for value in values}


def _queue_depth(scope: Criterion) -> dict[str, int]:
	job = frappe.qb.DocType("Background Job")
	return _count_by(scope & job.status.isin([PENDING, QUEUED]), "priority", PRIORITIES)


def _sample(scope: Criterion, status: str, now: datetime) -> list[frappe._dict]:
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.job_type, job.started_at, job.completed_at)
	recent = (job.status == status) & (job.creation >= now - timedelta(hours=SAMPLE_HOURS))
	return (
		query.where(scope & recent)
		.orderby(job.creation, order=frappe.qb.desc)
		.limit(SAMPLE_SIZE)
		.run(as_dict=True)
	)


def _completed_since(scope: Criterion, since: datetime) -> int:
	"""A final job is not changed any more: `modified`, which is indexed, is when it was completed."""
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(frappe.qb.functions("COUNT", job.name))
	return query.where(scope & (job.status == COMPLETED) & (job.modified >= since)).run()[0][0]


def _oldest_waiting(scope: Criterion, now: datetime) -> float:
	"""Since when the oldest job waits that could run; 0 when none does."""
	job = frappe.qb.DocType("Background Job")
	since = frappe.qb.from_(job).select(
		frappe.qb.functions("MIN", frappe.qb.functions("COALESCE", job.ready_at, job.queued_at))
	)
	ready = (job.status == QUEUED) | ((job.status == PENDING) & (job.ready_at <= now))
	oldest = since.where(scope & ready).run()[0][0]
	return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
