"""How many statements does a job cost the database server, and how many of them are commits?"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import frappe
from factories import acting_as

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, WRITE, Lab
from benchmarks.submit import INSERT, SUBMIT, inserting, submitting
from benchmarks.throughput import Ours, Plain

SIZES = {
	"full": {"rounds": 2, "jobs": 30},
	"quick": {"rounds": 1, "jobs": 20},
	"tiny": {"rounds": 1, "jobs": 2},
}
COUNTERS = ("Com_commit", "Connections", "Questions")
RUNS = {
	"frappe.enqueue of a no-op, run": ("dartwing.tests.benchmarked.do_nothing", None),
	"Dartwing no-op, run": (None, NOTHING),
	"frappe.enqueue of one document, run": ("dartwing.tests.benchmarked.write_one", None),
	"Dartwing one document, run": (None, WRITE),
}


def measure(lab: Lab, rounds: int, jobs: int) -> list[Answer]:
	counted: dict[str, list[Counter[str]]] = {}
	for _round in range(rounds):
		lab.clear()
		with acting_as(lab.member):
			for label, work in ((INSERT, inserting(lab)), (SUBMIT, submitting(lab))):
				counted.setdefault(label, []).append(per_job(lambda work=work: repeat(work, jobs), jobs))
		for label, (function, job_type) in RUNS.items():
			lab.clear()
			(Plain(function, jobs) if function else Ours(lab, job_type, jobs)).send()
			counted.setdefault(label, []).append(per_job(lambda: burst(lab), jobs))
	notes = [f"Counters of the server, over {jobs} jobs; nothing else was to use it meanwhile."]
	return [
		answer("Statements for one job", "statements", "Questions", counted, notes),
		answer("Commits for one job", "commits", "Com_commit", counted, []),
		answer("Connections for one job", "connections", "Connections", counted, []),
	]


def answer(
	title: str, unit: str, counter: str, counted: dict[str, list[Counter[str]]], notes: list[str]
) -> Answer:
	samples = {label: [one[counter] for one in rounds] for label, rounds in counted.items()}
	return Answer(
		title, unit, samples, [Comparison(SUBMIT, INSERT)] if all(samples[INSERT]) else [], notes=notes
	)


def repeat(work: Callable[[], object], times: int) -> None:
	for _ in range(times):
		work()


def burst(lab: Lab) -> None:
	"""One worker until the queues are empty; it starts and ends within what is counted."""
	lab.runtime.run("worker", "--queue", "short,default,long", "--burst", timeout=300)


def per_job(work: Callable[[], object], jobs: int) -> Counter[str]:
	with counting() as counted:
		work()
	return Counter({name: value / jobs for name, value in counted.items()})


@contextmanager
def counting() -> Iterator[Counter[str]]:
	"""What the server counted during the block, without the question itself."""
	counted: Counter[str] = Counter()
	before = counters()
	yield counted
	after = counters()
	counted.update({name: after[name] - before[name] for name in COUNTERS})
	counted["Questions"] -= 1


def counters() -> dict[str, int]:
	rows = frappe.db.sql("show global status where variable_name in %s", (COUNTERS,))
	return {name: int(value) for name, value in rows}


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("statements")
