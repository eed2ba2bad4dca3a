"""How many jobs a second do stock workers run, against plain `frappe.enqueue` of the same function?"""

import time
from collections.abc import Callable
from datetime import datetime, timezone

import frappe
from frappe.utils.background_jobs import get_queue, get_redis_conn
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, WRITE, Lab, in_turn
from dartwing.dartwing_core.background_jobs import times
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
			floor = promised if workers == 1 else None
			comparisons += [
				Comparison(label("Dartwing", workers), label(PLAIN, workers), at_least=floor),
				Comparison(label("Dartwing", workers), label(WARMED, workers)),
			]
		if len(worker_counts) > 1:
			comparisons.append(Comparison(label("Dartwing", 2), label("Dartwing", 1), at_least=1.7))
			comparisons.append(Comparison(label(PLAIN, 2), label(PLAIN, 1)))
		answers.append(
			Answer(
				f"Throughput of {words}",
				"jobs/s",
				in_turn(contenders, rounds),
				comparisons,
				notes=[
					f"{PLAIN}: as on a site without Dartwing, `{SWITCH}=0`. {WARMED}: the worker imported "
					"what Dartwing has it import at its start, which plain jobs profit from too.",
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
		return frappe.db.count("Background Job", {"status": "Completed"})

	def ends(self) -> list[float]:
		frappe.db.rollback()
		completed = frappe.get_all("Background Job", {"status": "Completed"}, pluck="completed_at", limit=0)
		return [
			datetime.fromisoformat(times.to_utc(at).replace("Z", "+00:00")).timestamp() for at in completed
		]


def rate_of(
	lab: Lab, workers: int, seconds: float, work: Plain | Ours, **environment: str
) -> Callable[[], float]:
	"""Measures ended jobs a second; raises when one failed. The environment is the workers'."""

	def measured() -> float:
		lab.clear()
		with lab.workers(workers, **environment):
			work.send()
			give_up_at = time.monotonic() + seconds
			while work.done() < work.jobs and time.monotonic() < give_up_at:
				# seldom: to ask takes time from the workers
				time.sleep(0.5)
			ends, began = work.ends(), first_start()
		assert not FailedJobRegistry(queue=get_queue("default")).count, "a job failed"
		assert ends, f"no job ended within {seconds} s"
		return len(ends) / (max(ends) - began)

	return measured


def first_start() -> float:
	"""When a worker began with the first RQ job of those that run or ended well."""
	queue = get_queue("default")
	ids = [*StartedJobRegistry(queue=queue).get_job_ids(), *FinishedJobRegistry(queue=queue).get_job_ids()]
	return min(seconds_since_1970(job.started_at) for job in fetch(ids) if job.started_at)


def fetch(ids: list[str]) -> list[Job]:
	return [job for job in Job.fetch_many(ids, connection=get_redis_conn()) if job]


def seconds_since_1970(naive_utc: datetime) -> float:
	return naive_utc.replace(tzinfo=timezone.utc).timestamp()


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("throughput")
