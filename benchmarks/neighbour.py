"""How long does an organization's job wait behind the ten thousand of another one?"""

import time
from statistics import median

import frappe
from factories import acting_as, wait_until

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import SLEEP, START, Lab
from dartwing.dartwing_core.background_jobs import submit_job

SIZES = {
	"full": {"waiting": 10_000, "jobs": 8, "seconds_each": 0.1},
	"quick": {"waiting": 2000, "jobs": 4, "seconds_each": 0.1},
	"tiny": {"waiting": 5, "jobs": 1, "seconds_each": 0.01},
}
MARK = "dartwing_benchmark_neighbour"
# a job is sent this long after the one before it has started
PAUSE_SECONDS = 0.4
IDLE, BEHIND = "on an idle system", "behind the other organization"


def measure(lab: Lab, waiting: int, jobs: int, seconds_each: float) -> list[Answer]:
	samples = {IDLE: waits(lab, jobs)}
	lab.clear()
	lab.submit_many(SLEEP, waiting, seconds=seconds_each)
	samples[BEHIND] = waits(lab, jobs)
	at_most = 2 + 1000 * seconds_each / median(samples[IDLE])
	return [
		Answer(
			f"First job of an organization while another has {waiting} waiting",
			"ms",
			samples,
			[Comparison(BEHIND, IDLE, at_most=at_most)],
			notes=[
				f"One stock worker; each of the {waiting} jobs takes {seconds_each} s. Promised is twice the "
				f"wait on an idle system plus one such job's time, here {at_most:.2f} times.",
				"Of two systems one after the other, not in turn: the ten thousand have to be there.",
			],
		)
	]


def waits(lab: Lab, jobs: int) -> list[float]:
	"""Milliseconds until each of the second organization's jobs started, one sent after the other."""
	frappe.cache.delete_value(MARK)
	with lab.workers(1), acting_as(lab.other_member):
		for number in range(jobs):
			time.sleep(PAUSE_SECONDS)
			parameters = {"mark": MARK, "sent_at": time.time(), "number": number}
			submit_job(START, lab.other_organization, parameters)
			frappe.db.commit()
			wait_until(lambda number=number: frappe.cache.llen(MARK) > number, "the job has started", 120)
		return [1000 * float(value) for value in frappe.cache.lrange(MARK, 0, -1)]


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("neighbour")
