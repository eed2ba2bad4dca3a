"""How long does a user wait for `submit_job` and the commit, against what they would do without it?"""

from collections.abc import Callable
from typing import Any

import frappe
from factories import acting_as

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, RECORD, Lab, in_turn, milliseconds_of
from dartwing.dartwing_core.background_jobs import submit_job

SIZES = {
	"full": {"rounds": 8, "jobs": 40},
	"quick": {"rounds": 2, "jobs": 25},
	"tiny": {"rounds": 1, "jobs": 2},
}
ENQUEUE, INSERT = "frappe.enqueue + commit", "Document.insert + commit"
SUBMIT, CALL = "submit_job + commit", "submit_job alone, before the commit"


def measure(lab: Lab, rounds: int, jobs: int) -> list[Answer]:
	"""`jobs` of each in turn, then a clean table: no more wait than are handed over at once."""
	samples: dict[str, list[float]] = {}
	for _round in range(rounds):
		lab.clear()
		with acting_as(lab.member):
			measured = in_turn({ENQUEUE: enqueue, INSERT: inserting(lab), SUBMIT: submitting(lab)}, jobs)
			measured[CALL] = in_turn({CALL: calling(lab)}, jobs)[CALL]
		for label, values in measured.items():
			samples.setdefault(label, []).extend(values)
	return [
		Answer(
			"Submitting one job",
			"ms",
			samples,
			[Comparison(SUBMIT, INSERT, at_most=2), Comparison(SUBMIT, ENQUEUE)],
			notes=[
				"`Document.insert`: a DocType with the fields of Background Job, without its controller.",
				"The commit of a submission hands the job to RQ: row to Queued, push, event.",
			],
		)
	]


def enqueue() -> float:
	def work() -> None:
		frappe.enqueue("dartwing.tests.benchmarked.do_nothing", queue="default")
		frappe.db.commit()

	return milliseconds_of(work)


def inserting(lab: Lab) -> Callable[[], float]:
	def work() -> None:
		values = {"job_type": NOTHING, "organization": lab.organization, "owner_user": lab.member}
		document = {"doctype": RECORD, "status": "Pending", "priority": "Normal", **values}
		frappe.get_doc({**document, "input_parameters": '{"number": 1}'}).insert()
		frappe.db.commit()

	return lambda: milliseconds_of(work)


def submitting(lab: Lab) -> Callable[[], float]:
	parameters = numbered()

	def work() -> None:
		submit_job(NOTHING, lab.organization, parameters())
		frappe.db.commit()

	return lambda: milliseconds_of(work)


def calling(lab: Lab) -> Callable[[], float]:
	parameters = numbered()

	def measured() -> float:
		seconds = milliseconds_of(lambda: submit_job(NOTHING, lab.organization, parameters()))
		frappe.db.rollback()
		return seconds

	return measured


def numbered() -> Callable[[], dict[str, Any]]:
	"""Parameters that are no duplicates of each other."""
	numbers = iter(range(1_000_000))
	mark = frappe.generate_hash(length=8)
	return lambda: {"mark": mark, "number": next(numbers)}


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("submit")
