"""How long does a user wait for `submit_job` and the commit, against what they would do without it?"""

from collections.abc import Callable
from typing import Any

import frappe
from factories import acting_as

from benchmarks import bare_loop
from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, RECORD, Lab, in_turn, milliseconds_of
from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.doctype.background_job.job_ids import new_job_ids

SIZES = {
	"full": {"rounds": 8, "jobs": 40},
	"quick": {"rounds": 2, "jobs": 25},
	"tiny": {"rounds": 1, "jobs": 2},
}
ENQUEUE, INSERT = "frappe.enqueue + commit", "Document.insert + commit"
BARE = "its two transactions and its push, bare"
INSERT_ROW = """insert into `tabBackground Job` (name, owner, creation, modified, modified_by, job_type,
	organization, owner_user, status, priority, ready_at, input_parameters, timeout_seconds, created_at)
	values (%(name)s, %(owner_user)s, %(now)s, %(now)s, %(owner_user)s, %(job_type)s, %(organization)s,
	%(owner_user)s, 'Pending', %(priority)s, %(now)s, '{"number": 1}', 300, %(now)s)"""
HAND_OVER = """update `tabBackground Job` set status = 'Queued', queued_at = %(now)s, modified = %(now)s,
	ready_at = null where name = %(name)s and status = 'Pending'"""
SUBMIT, CALL = "submit_job + commit", "submit_job alone, before the commit"
DISPATCHED = "submit_job + commit, half of the window in use"
HALF_A_WINDOW = 50


def measure(lab: Lab, rounds: int, jobs: int) -> list[Answer]:
	"""`jobs` of each in turn, then a clean table: no more wait than are handed over at once.

	At most 49: as many as half of a window takes.
	"""
	samples: dict[str, list[float]] = {}
	for _round in range(rounds):
		lab.clear()
		with acting_as(lab.member):
			contenders = {ENQUEUE: enqueue, INSERT: inserting(lab), BARE: bare(lab), SUBMIT: submitting(lab)}
			measured = in_turn(contenders, jobs)
			measured[CALL] = in_turn({CALL: calling(lab)}, jobs)[CALL]
			lab.submit_many(NOTHING, HALF_A_WINDOW - jobs)
			measured[DISPATCHED] = in_turn({DISPATCHED: submitting(lab)}, jobs)[DISPATCHED]
		for label, values in measured.items():
			samples.setdefault(label, []).extend(values)
	return [
		Answer(
			"Submitting one job",
			"ms",
			samples,
			[
				Comparison(SUBMIT, INSERT, at_most=2),
				Comparison(SUBMIT, ENQUEUE),
				Comparison(BARE, INSERT),
				Comparison(SUBMIT, BARE),
				Comparison(DISPATCHED, INSERT),
			],
			notes=[
				"`Document.insert`: a DocType with the fields of Background Job, without its controller.",
				"The commit of a submission hands the job to RQ. While less than half of its organization's "
				"window is in use its row is inserted as Queued; otherwise the dispatcher moves it there, "
				"in a transaction of its own.",
				f"{BARE.capitalize()}: a floor. The row and its log, commit; under a lock the row to "
				"Queued and its log, commit, `frappe.enqueue`; an event each. No member, limit, window or "
				"duplicate is looked at.",
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


def bare(lab: Lab) -> Callable[[], float]:
	def work() -> None:
		# not in the window of those that are submitted
		names = {"organization": lab.other_organization, "owner_user": lab.member, "job_type": NOTHING}
		job = frappe._dict(names, name=new_job_ids(1)[0], priority="Normal")
		bare_loop.move(job, INSERT_ROW, None, "Pending")
		frappe.db.sql("select get_lock('dartwing benchmark', 0)")
		bare_loop.move(job, HAND_OVER, "Pending", "Queued")
		frappe.enqueue("dartwing.tests.benchmarked.do_nothing", queue="default", job_id=job.name)
		frappe.db.sql("select release_lock('dartwing benchmark')")

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
