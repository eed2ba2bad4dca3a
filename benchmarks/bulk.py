"""How many jobs a second does one process submit?"""

import frappe
from factories import acting_as

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, Lab, in_turn, seconds_of
from benchmarks.submit import inserting

SIZES = {
	"full": {"rounds": 5, "jobs": 5000, "one_by_one": 200},
	"quick": {"rounds": 3, "jobs": 1000, "one_by_one": 50},
	"tiny": {"rounds": 1, "jobs": 20, "one_by_one": 3},
}
BULK, INSERT, ENQUEUE = (
	"submit_jobs + commit",
	"Document.insert + commit in a loop",
	"frappe.enqueue in a loop",
)


def measure(lab: Lab, rounds: int, jobs: int, one_by_one: int) -> list[Answer]:
	insert = inserting(lab)

	def submit_in_bulk() -> float:
		lab.clear()
		return jobs / seconds_of(lambda: lab.submit_many(NOTHING, jobs))

	def insert_in_a_loop() -> float:
		with acting_as(lab.member):
			return one_by_one / seconds_of(lambda: [insert() for _ in range(one_by_one)])

	def enqueue_in_a_loop() -> float:
		path = "dartwing.tests.benchmarked.do_nothing"
		return one_by_one / seconds_of(
			lambda: [frappe.enqueue(path, queue="default") for _ in range(one_by_one)]
		)

	samples = in_turn({BULK: submit_in_bulk, INSERT: insert_in_a_loop, ENQUEUE: enqueue_in_a_loop}, rounds)
	return [
		Answer(
			f"Submitting {jobs} jobs at once",
			"jobs/s",
			samples,
			[Comparison(BULK, INSERT), Comparison(BULK, ENQUEUE)],
			floors={BULK: 3000},
			notes=["The commit, and handing over the first window of 100, is included."],
		)
	]


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("bulk")
