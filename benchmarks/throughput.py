"""How many jobs a second do stock workers run, against plain `frappe.enqueue` of the same function?"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import frappe
from factories import wait_until
from frappe.utils.background_jobs import get_queue, get_redis_conn
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from runtimes.base import stop

from benchmarks import bare_loop
from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, WRITE, Lab, in_turn
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.warm_start import SWITCH

SIZES = {
	"full": {
		"rounds": 3,
		"seconds": (8, 15),
		"jobs": {"nothing": (400, 6000), "write": (60, 3000)},
		"worker_counts": (1, 2),
	},
	"quick": {
		"rounds": 1,
		"seconds": (5, 8),
		"jobs": {"nothing": (300, 2000), "write": (40, 1000)},
		"worker_counts": (1, 2),
	},
	"tiny": {"rounds": 1, "seconds": (20, 20), "jobs": {"nothing": (3, 3)}, "worker_counts": (1,)},
}
KINDS = {
	"nothing": ("no-op jobs", "dartwing.tests.benchmarked.do_nothing", NOTHING, 5),
	"write": ("jobs that insert one document", "dartwing.tests.benchmarked.write_one", WRITE, 40),
}

PLAIN, WARMED = "frappe.enqueue", "frappe.enqueue with Dartwing's warm start"
BARE = "a bare loop"


def measure(
	lab: Lab,
	rounds: int,
	seconds: tuple[float, float],
	jobs: dict[str, tuple[int, int]],
	worker_counts: tuple[int, ...],
) -> list[Answer]:
	answers = []
	for kind, (plain_jobs, our_jobs) in jobs.items():
		words, function, job_type, promised = KINDS[kind]
		contenders, comparisons = {}, []
		for workers in worker_counts:
			plain = rate_of(lab, workers, seconds[0], Plain(function, plain_jobs), **{SWITCH: "0"})
			warmed = rate_of(lab, workers, seconds[0], Plain(function, plain_jobs))
			ours = rate_of(lab, workers, seconds[1], Ours(lab, job_type, our_jobs))
			contenders |= {label(PLAIN, workers): plain, label(WARMED, workers): warmed}
			contenders[label("Dartwing", workers)] = ours
			contenders[label(BARE, workers)] = bare_rate_of(
				lab, workers, seconds[0], Ours(lab, job_type, our_jobs), function
			)
			floor = promised if workers == 1 else None
			comparisons += [
				Comparison(label("Dartwing", workers), label(PLAIN, workers), at_least=floor),
				Comparison(label("Dartwing", workers), label(WARMED, workers)),
				Comparison(label(BARE, workers), label(PLAIN, workers)),
			]
		if len(worker_counts) > 1:
			comparisons.append(Comparison(label("Dartwing", 2), label("Dartwing", 1), at_least=1.7))
			comparisons.append(Comparison(label(PLAIN, 2), label(PLAIN, 1)))
			comparisons.append(Comparison(label(BARE, 2), label(BARE, 1)))
		answers.append(
			Answer(
				f"Throughput of {words}",
				"jobs/s",
				in_turn(contenders, rounds),
				comparisons,
				notes=[
					f"{PLAIN}: as on a site without Dartwing, `{SWITCH}=0`. {WARMED}: the worker imported "
					"what Dartwing has it import at its start, which plain jobs profit from too.",
					f"{BARE.capitalize()} (`benchmarks/bare_loop.py`) is a floor, no engine: it claims, "
					"starts and completes the same rows with their log and events, each in a Frappe context "
					"of its own, and promises nothing else.",
					"The workers are idle at first. Jobs that ended, over the time from RQ's start of the "
					f"first to the end of the last, cut off {seconds[0]} s (plain: each job "
					f"forks anew) and {seconds[1]} s (Dartwing: forks once in 30 s) after they were sent.",
				],
			)
		)
	return answers


def label(system: str, workers: int) -> str:
	return f"{system}, {workers} worker{'s' if workers > 1 else ''}"


class Plain:
	"""What one would do without the engine."""

	def __init__(self, function: str, jobs: int):
		self._function, self.jobs = function, jobs

	def send(self) -> None:
		for _ in range(self.jobs):
			frappe.enqueue(self._function, queue="default")
		frappe.db.commit()

	def done(self) -> int:
		return FinishedJobRegistry(queue=get_queue("default")).count

	def ends(self) -> list[float]:
		ids = FinishedJobRegistry(queue=get_queue("default")).get_job_ids()
		return [seconds_since_1970(job.ended_at) for job in fetch(ids)]


class Ours:
	"""The same through the engine, as a member of an organization, with default settings."""

	def __init__(self, lab: Lab, job_type: str, jobs: int):
		self._lab, self._job_type, self.jobs = lab, job_type, jobs

	def send(self) -> None:
		self._lab.submit_many(self._job_type, self.jobs)

	def done(self) -> int:
		frappe.db.rollback()
		return frappe.db.count("Background Job", self._completed)

	def starts(self) -> list[float]:
		return self._times("started_at")

	def ends(self) -> list[float]:
		return self._times("completed_at")

	@property
	def _completed(self) -> dict[str, str]:
		"""Jobs of this run: the site may have had others before, of other organizations."""
		return {"status": "Completed", "organization": self._lab.organization}

	def _times(self, field: str) -> list[float]:
		frappe.db.rollback()
		return [in_utc(at) for at in frappe.get_all("Background Job", self._completed, pluck=field, limit=0)]


def rate_of(
	lab: Lab, workers: int, seconds: float, work: Plain | Ours, **environment: str
) -> Callable[[], float]:
	"""Measures ended jobs a second; raises when one failed. The environment is the workers'."""
	return rate_with(lab, partial(lab.workers, workers, **environment), seconds, work)


def rate_with(
	lab: Lab, workers: Callable[[], AbstractContextManager], seconds: float, work: Plain | Ours
) -> Callable[[], float]:
	"""As `rate_of`, with the workers that the context manager starts."""

	def measured() -> float:
		lab.clear()
		with workers():
			work.send()
			wait_until_done(work, seconds)
			ends, began = work.ends(), first_start()
		assert not FailedJobRegistry(queue=get_queue("default")).count, "a job failed"
		assert ends, f"no job ended within {seconds} s"
		return len(ends) / (max(ends) - began)

	return measured


def bare_rate_of(lab: Lab, processes: int, seconds: float, work: Ours, function: str) -> Callable[[], float]:
	"""Measures the same of so many bare loops."""

	def measured() -> float:
		lab.clear()
		work.send()
		# all that wait for a window too; there are no workers
		frappe.db.sql(
			"update `tabBackground Job` set status = 'Queued' where organization = %s", (lab.organization,)
		)
		frappe.db.commit()
		log = lab.folder / "bare_loop.log"
		arguments = (lab.runtime.site, lab.organization, function)
		loops = [
			lab.runtime.spawn_script(Path(bare_loop.__file__), *arguments, log=log) for _ in range(processes)
		]
		try:
			wait_until(lambda: work.done() > 0, "the bare loop runs", 30)
			wait_until_done(work, seconds)
			starts, ends = work.starts(), work.ends()
		finally:
			for loop in loops:
				stop(loop)
		return len(ends) / (max(ends) - min(starts))

	return measured


def first_start() -> float:
	"""When a worker began with the first RQ job of those that run or ended well."""
	queue = get_queue("default")
	ids = [*StartedJobRegistry(queue=queue).get_job_ids(), *FinishedJobRegistry(queue=queue).get_job_ids()]
	return min(seconds_since_1970(job.started_at) for job in fetch(ids) if job.started_at)


def fetch(ids: list[str]) -> list[Job]:
	return [job for job in Job.fetch_many(ids, connection=get_redis_conn()) if job]


def wait_until_done(work: Plain | Ours, seconds: float) -> None:
	"""At most so long; asks seldom, because that takes time from the workers."""
	give_up_at = time.monotonic() + seconds
	while work.done() < work.jobs and time.monotonic() < give_up_at:
		time.sleep(0.5)


def in_utc(site_time: datetime) -> float:
	"""Seconds since 1970."""
	return datetime.fromisoformat(times.to_utc(site_time).replace("Z", "+00:00")).timestamp()


def seconds_since_1970(naive_utc: datetime) -> float:
	return naive_utc.replace(tzinfo=timezone.utc).timestamp()


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("throughput")
