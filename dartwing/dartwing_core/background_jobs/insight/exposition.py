"""Figures of the whole site as Prometheus reads them.

Counters come from the sums in the database, so they survive restarts and retention, and are the same
from whichever process answers.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import accumulate
from math import inf

import frappe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from redis.exceptions import RedisError

from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.insight.figures import Open, oldest_waiting_seconds, open_by_kind
from dartwing.dartwing_core.background_jobs.statuses import (
	COMPLETED,
	DEAD_LETTER,
	FINISHED,
	PENDING,
	QUEUED,
	RUNNING,
	WAITING_FOR_RETRY,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import (
	QUEUES,
	is_held,
	paused_queues,
	setting,
)
from dartwing.dartwing_core.doctype.job_tally.arithmetic import BOUNDS, LEVEL, TOTAL, WHOLE_SITE, Key
from dartwing.dartwing_core.doctype.job_tally.job_tally import sums, uncounted_events

# those of the buckets' upper bounds that are shown
SHOWN_BOUNDS = tuple(float(f"{step}e{power}") for power in range(-3, 4) for step in (1, 2.5, 5))
MICROSECOND_DIGITS = 6

Labels = tuple[str, ...]
Sums = dict[Key, tuple[int, float]]


def exposition() -> bytes:
	"""The whole site's figures in Prometheus' text format, UTF-8."""
	registry = CollectorRegistry()
	registry.register(_SiteCollector())
	return generate_latest(registry)


class _SiteCollector(Collector):
	"""Reads all figures in the current transaction, so that they fit together."""

	def describe(self) -> Iterable[Metric]:
		"""Describe nothing, so that registering the collector does not ask the database."""
		return []

	def collect(self) -> Iterator[Metric]:
		self._with_organization = bool(setting("metrics_by_organization"))
		self._labels = ("queue", "job_type", *(("organization",) if self._with_organization else ()))
		uncounted, now = uncounted_events(), times.site_now()
		totals = sums(TOTAL, None if self._with_organization else [WHOLE_SITE], uncounted)
		levels = sums(LEVEL, None, uncounted)
		yield from self._ended(totals)
		yield self._durations(
			totals, COMPLETED, "job_duration_seconds", "How long the last run of Completed jobs took."
		)
		yield self._durations(
			totals, RUNNING, "job_queue_seconds", "How long jobs had been Queued when they started."
		)
		open_jobs = open_by_kind(now)
		yield from self._open(open_jobs, totals, now)
		yield from self._queues(open_jobs, now)
		yield self._groups()
		yield from self._clocks()
		yield self._family(
			GaugeMetricFamily,
			"dead_letters",
			"Jobs that need a person.",
			[
				*((self._of(key), 0) for key in totals if key.event == PENDING),
				*((self._of(key), jobs) for key, (jobs, _s) in levels.items() if key.event == DEAD_LETTER),
			],
		)

	def _ended(self, totals: Sums) -> Iterator[Metric]:
		yield self._family(
			CounterMetricFamily,
			"jobs_submitted",
			"Jobs that were accepted.",
			((self._of(key), jobs) for key, (jobs, _s) in totals.items() if key.event == PENDING),
		)
		yield self._family(
			CounterMetricFamily,
			"jobs_finished",
			"Jobs that ended Completed, Canceled or Dead Letter; a dead letter that is retried ends again.",
			(
				((key.event, *self._of(key)), jobs)
				for key, (jobs, _s) in totals.items()
				if key.event in FINISHED
			),
			"status",
		)

	def _durations(self, totals: Sums, event: str, name: str, text: str) -> Metric:
		jobs: dict[Labels, Counter[int]] = defaultdict(Counter)
		seconds: dict[Labels, float] = defaultdict(float)
		for key, (count, duration) in totals.items():
			if key.event == event:
				jobs[self._of(key)][bisect_left(SHOWN_BOUNDS, _bound(key.bucket))] += count
				seconds[self._of(key)] += duration
		family = HistogramMetricFamily(name, text, labels=self._labels)
		bounds = [floatToGoString(bound) for bound in (*SHOWN_BOUNDS, inf)]
		for labels in sorted(jobs):
			up_to = accumulate(jobs[labels][index] for index in range(len(bounds)))
			# the order is fixed: floats added in another order differ in the last digit, and a counter that
			# falls counts as reset
			total = round(seconds[labels], MICROSECOND_DIGITS)
			family.add_metric(labels, list(zip(bounds, up_to, strict=True)), sum_value=total)
		return family

	def _open(self, kinds: Sequence[Open], totals: Sums, now: datetime) -> Iterator[Metric]:
		# whatever was ever submitted has a 0 when none of it is there
		known = {key: self._of(key) for key in totals if key.event == PENDING}
		waiting = [one for one in kinds if one.status in (PENDING, QUEUED)]
		yield self._family(
			GaugeMetricFamily,
			"jobs_waiting",
			"Jobs that were not started yet: Pending or Queued.",
			[
				*(((key.priority, *labels), 0) for key, labels in known.items()),
				*(((one.priority, *self._of(one)), one.jobs) for one in waiting),
			],
			"priority",
		)
		for name, text, statuses in (
			("jobs_running", "Jobs that are Running.", (RUNNING,)),
			("jobs_waiting_for_retry", "Jobs that wait for another try.", WAITING_FOR_RETRY),
		):
			samples = ((self._of(kind), kind.jobs) for kind in kinds if kind.status in statuses)
			yield self._family(
				GaugeMetricFamily, name, text, [*((labels, 0) for labels in known.values()), *samples]
			)
		oldest = GaugeMetricFamily(
			"oldest_waiting_seconds", "How long the oldest job waits that could run.", labels=self._labels
		)
		by_labels: dict[Labels, list[Open]] = {labels: [] for labels in known.values()}
		for kind in kinds:
			by_labels.setdefault(self._of(kind), []).append(kind)
		for labels in sorted(by_labels):
			oldest.add_metric(labels, oldest_waiting_seconds(by_labels[labels], now))
		yield oldest

	def _queues(self, kinds: Sequence[Open], now: datetime) -> Iterator[Metric]:
		"""What an autoscaler of workers goes by. Jobs that more workers would not start are not counted:
		Pending ones, and Queued ones while their queue is paused.
		"""
		demand = GaugeMetricFamily(
			"queue_demand", "Jobs that a worker runs, or would if there were one more.", labels=("queue",)
		)
		oldest = GaugeMetricFamily(
			"queue_oldest_seconds", "How long the oldest of the Queued jobs is Queued.", labels=("queue",)
		)
		closed = set(QUEUES) if is_held() else paused_queues()
		for queue in QUEUES:
			here = [kind for kind in kinds if QUEUE_BY_PRIORITY.get(kind.priority) == queue]
			queued = [kind for kind in here if kind.status == QUEUED and queue not in closed]
			running = [kind for kind in here if kind.status == RUNNING]
			demand.add_metric((queue,), sum(kind.jobs for kind in [*queued, *running]))
			oldest.add_metric((queue,), oldest_waiting_seconds(queued, now))
		yield demand
		yield oldest

	def _groups(self) -> Metric:
		family = GaugeMetricFamily("job_groups", "Groups of jobs that go on.", labels=("status",))
		family.add_metric((RUNNING,), frappe.db.count("Job Group", {"status": RUNNING}))
		return family

	def _clocks(self) -> Iterator[Metric]:
		"""Nothing while Redis does not answer: then nobody knows."""
		with suppress(RedisError):
			clocks = len(signs.ages())
			yield GaugeMetricFamily("job_clocks", "Clocks that look at the site.", value=clocks)

	def _of(self, kind: Key | Open) -> Labels:
		queue = QUEUE_BY_PRIORITY.get(kind.priority, "")
		return (queue, kind.job_type, *((kind.organization,) if self._with_organization else ()))

	def _family(
		self,
		family_of: type[CounterMetricFamily | GaugeMetricFamily],
		name: str,
		text: str,
		samples: Iterable[tuple[Labels, int]],
		*labels: str,
	) -> Metric:
		"""A family of the sums of the samples with the same labels."""
		family = family_of(name, text, labels=(*labels, *self._labels))
		values: Counter[Labels] = Counter()
		for key, value in samples:
			values[key] += value
		for key in sorted(values):
			family.add_metric(key, values[key])
		return family


def _bound(bucket: int) -> float:
	return BOUNDS[bucket] if bucket < len(BOUNDS) else inf
