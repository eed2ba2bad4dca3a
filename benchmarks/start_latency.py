"""How soon does a job start, at some jobs a second, with one stock worker?"""

import time
from collections.abc import Callable

import frappe
from factories import acting_as

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import START, Lab
from dartwing.dartwing_core.background_jobs import submit_job

SIZES = {
	"full": {"rounds": 2, "seconds": 4, "rates": (0.2, 1, 10, 100)},
	"quick": {"rounds": 1, "seconds": 3, "rates": (1, 10, 100)},
	"tiny": {"rounds": 1, "seconds": 0.3, "rates": (10,)},
}
# at a low rate, for longer than `seconds`
FEWEST_JOBS = 4
MARK = "dartwing_benchmark_starts"
GIVE_UP_SECONDS = 15
FUNCTION = "dartwing.tests.benchmarked.note_start"


def measure(lab: Lab, rounds: int, seconds: float, rates: tuple[float, ...]) -> list[Answer]:
	"""Sends whatever the time, as users do: where the worker cannot keep up, the last ones wait longest."""
	samples: dict[str, list[float]] = {}
	comparisons = []
	for rate in rates:
		plain, ours = f"frappe.enqueue, {rate} jobs/s", f"Dartwing, {rate} jobs/s"
		comparisons.append(Comparison(ours, plain))
		for _round in range(rounds):
			for label, send in ((plain, enqueue), (ours, submitting(lab))):
				samples.setdefault(label, []).extend(latencies(lab, rate, seconds, send))
	notes = [
		"From before the call to the first line of the function, one stock worker, idle at first. "
		f"What has not started {GIVE_UP_SECONDS} s after the last one was sent counts as that late. "
		"At one job a second and more, Dartwing's process waits for the next job; at one in five seconds, "
		"each job is the first of a process, as each plain one is."
	]
	return [Answer("From sending a job to its start", "ms", samples, comparisons, notes=notes)]


def latencies(lab: Lab, rate: float, seconds: float, send: Callable[[str], None]) -> list[float]:
	"""Milliseconds that each job waited."""
	lab.clear()
	frappe.cache.delete_value(MARK)
	jobs = max(FEWEST_JOBS, round(rate * seconds))
	with lab.workers(1), acting_as(lab.member):
		began = time.monotonic()
		for number in range(jobs):
			time.sleep(max(0.0, began + number / rate - time.monotonic()))
			send(f"{number}")
		give_up_at = time.monotonic() + GIVE_UP_SECONDS
		while frappe.cache.llen(MARK) < jobs and time.monotonic() < give_up_at:
			time.sleep(0.05)
		started = [1000 * float(value) for value in frappe.cache.lrange(MARK, 0, -1)]
	assert started, "no job started"
	return started + [1000.0 * GIVE_UP_SECONDS] * (jobs - len(started))


def enqueue(number: str) -> None:
	frappe.enqueue(FUNCTION, queue="default", mark=MARK, sent_at=time.time())
	frappe.db.commit()


def submitting(lab: Lab) -> Callable[[str], None]:
	def submit(number: str) -> None:
		submit_job(START, lab.organization, {"mark": MARK, "sent_at": time.time(), "number": number})
		frappe.db.commit()

	return submit


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("start_latency")
