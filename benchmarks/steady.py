"""Does anything grow while a stock worker runs some jobs each second, for an hour, on a site with a past?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from subprocess import Popen

import frappe
import psutil
from factories import acting_as
from frappe.utils.background_jobs import get_redis_conn
from many_jobs import add_completed
from runtimes.base import stop

from benchmarks.answers import CHECKOUT, Answer, Comparison
from benchmarks.lab import NOTHING, START, TABLES, Lab
from benchmarks.start_latency import MARK
from dartwing.dartwing_core.background_jobs import submit_job

SIZES = {
	"full": {"minutes": 60, "intervals": 12, "rate": 20, "ended": 1_000_000},
	"quick": {"minutes": 4, "intervals": 4, "rate": 20, "ended": 10_000},
	"tiny": {"minutes": 0.05, "intervals": 2, "rate": 20, "ended": 10},
}
TICK = CHECKOUT / "tests/faults/scheduler_loop.py"
TICK_SECONDS = 60
MEGABYTE = 1024 * 1024
LAST_JOBS_SECONDS = 15


@dataclass
class Interval:
	"""What was seen in one part of the run: times in milliseconds, memory in bytes."""

	submits: list[float] = field(default_factory=list)
	starts: list[float] = field(default_factory=list)
	worker: int = 0
	horses: int = 0
	queue: int = 0
	rows: dict[str, int] = field(default_factory=dict)


def measure(lab: Lab, minutes: float, intervals: int, rate: int, ended: int) -> list[Answer]:
	add_completed(lab.organization, NOTHING, ended)
	frappe.db.commit()
	frappe.cache.delete_value(MARK)
	seen: dict[float, Interval] = {}
	with one_worker(lab) as worker, acting_as(lab.member):
		for number in range(intervals):
			last = number == intervals - 1
			seen[minutes * (number + 1) / intervals] = run(lab, worker, 60 * minutes / intervals, rate, last)
	notes = [
		f"{rate} jobs a second that do nothing, submitted one by one by a member, one stock worker, a tick "
		f"each minute, for {minutes:g} minutes, on a site that had {ended:,} jobs before. Each figure is of "
		f"{minutes / intervals:g} minutes that end there; memory is resident memory at its highest.",
		"Rows grow by what was submitted until a cleanup deletes what is older than the settings keep.",
	]
	return [
		answer("Steady state: times", "ms", times_of(seen), ("start, median", "submit_job, median"), notes),
		answer("Steady state: memory", "MiB", memory_of(seen), ("worker", "its processes", "queue"), notes),
		answer("Steady state: rows", "rows", rows_of(seen), (), notes),
	]


@contextmanager
def one_worker(lab: Lab) -> Iterator[Popen]:
	"""A stock worker, and a process that does the work of the cron."""
	log = lab.folder / "steady.log"
	worker = lab.runtime.spawn("worker", "--queue", "short,default,long", log=log)
	with lab.idle([worker]):
		ticking = lab.runtime.spawn_script(TICK, lab.runtime.site, str(TICK_SECONDS), log=log)
		try:
			yield worker
		finally:
			stop(ticking)


def run(lab: Lab, worker: Popen, seconds: float, rate: int, is_last: bool) -> Interval:
	"""Submit whatever the time, as users do; the last jobs of all get the time to start."""
	interval = Interval()
	family = psutil.Process(worker.pid)
	began = time.monotonic()
	for number in range(max(1, round(seconds * rate))):
		time.sleep(max(0.0, began + number / rate - time.monotonic()))
		sent = time.perf_counter()
		submit_job(START, lab.organization, {"mark": MARK, "sent_at": time.time(), "number": number})
		frappe.db.commit()
		interval.submits.append(1000 * (time.perf_counter() - sent))
		if number % rate == 0:
			note_memory(interval, family)
	if is_last:
		time.sleep(min(LAST_JOBS_SECONDS, seconds))
	interval.starts = [1000 * float(value) for value in frappe.cache.lrange(MARK, 0, -1)]
	frappe.cache.delete_value(MARK)
	frappe.db.rollback()
	interval.rows = {doctype: frappe.db.count(doctype) for doctype in TABLES}
	return interval


def note_memory(interval: Interval, worker: psutil.Process) -> None:
	interval.worker = max(interval.worker, worker.memory_info().rss)
	interval.queue = max(interval.queue, get_redis_conn().info("memory")["used_memory"])
	for horse in worker.children(recursive=True):
		try:
			interval.horses = max(interval.horses, horse.memory_info().rss)
		except psutil.NoSuchProcess:
			continue


def times_of(seen: dict[float, Interval]) -> dict[str, list[float]]:
	found: dict[str, list[float]] = {}
	for name in ("starts", "submits"):
		label = {"starts": "start", "submits": "submit_job"}[name]
		for at, interval in seen.items():
			values = getattr(interval, name)
			assert values, f"no {label} until minute {at:g}"
			found[f"{label}, median, {at:g}"] = [median(values)]
			found[f"{label}, p99, {at:g}"] = [quantiles(values, n=100)[98]]
	return found


def memory_of(seen: dict[float, Interval]) -> dict[str, list[float]]:
	parts = {"worker": "worker", "its processes": "horses", "queue": "queue"}
	return {
		f"{label}, {at:g}": [getattr(interval, name) / MEGABYTE]
		for label, name in parts.items()
		for at, interval in seen.items()
	}


def rows_of(seen: dict[float, Interval]) -> dict[str, list[float]]:
	return {
		f"{doctype}, {at:g}": [interval.rows[doctype]] for doctype in TABLES for at, interval in seen.items()
	}


def answer(
	title: str, unit: str, samples: dict[str, list[float]], flat: tuple[str, ...], notes: list[str]
) -> Answer:
	"""What is to stay flat is compared at the end with the first part."""
	comparisons = []
	for name in flat:
		labels = [label for label in samples if label.rpartition(", ")[0] == name]
		comparisons.append(Comparison(labels[-1], labels[0], at_most=1.2))
	return Answer(title, unit, samples, comparisons, notes=notes)


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("steady")
