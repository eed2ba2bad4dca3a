"""Does what reads the tables grow with the jobs that have ended?"""

from collections.abc import Callable
from functools import partial
from typing import Any

import frappe
from factories import acting_as
from frappe.utils.background_jobs import get_redis_conn
from many_jobs import PREFIX, add_completed

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, Lab, in_turn, milliseconds_of, seconds_of
from benchmarks.submit import inserting, submitting
from dartwing.dartwing_core.background_jobs import (
	DuplicateJobError,
	get_job_history,
	get_job_status,
	get_metrics,
	list_dead_letters,
	list_jobs,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, dispatcher, retry_queue
from dartwing.dartwing_core.background_jobs.insight.exposition import exposition
from dartwing.dartwing_core.background_jobs.upkeep import (
	dead_letter_alert,
	former_organizations,
	recovery,
	retention,
)
from dartwing.dartwing_core.doctype.job_tally import job_tally

SIZES = {
	"full": {"rows": (10_000, 100_000, 1_000_000), "rounds": 15},
	"quick": {"rows": (1000, 10_000, 100_000), "rounds": 7},
	"tiny": {"rows": (10, 20), "rounds": 1},
}
INSERT = "Document.insert + commit (not the engine's: a yardstick of the machine)"
NEVER_DAYS = 36_500
Work = Callable[[], Any]


def measure(lab: Lab, rows: tuple[int, ...], rounds: int) -> list[Answer]:
	samples: dict[str, list[float]] = {}
	seeding = []
	existing = 0
	for size in rows:
		seeding.append(seconds_of(partial(add_ended, lab, size - existing)))
		existing = size
		# a page that the smallest has too
		for name, values in measured_at(lab, size, rows[0] // 2, rounds).items():
			samples[f"{name}, {size}"] = values
		forget_unfinished(lab)
	names = [label.removesuffix(f", {rows[0]}") for label in samples if label.endswith(f", {rows[0]}")]
	comparisons = [
		Comparison(f"{name}, {rows[-1]}", f"{name}, {rows[0]}", at_most=None if name == INSERT else 1.5)
		for name in names
	]
	ordered = {f"{name}, {size}": samples[f"{name}, {size}"] for name in names for size in rows}
	return [
		Answer(
			"Read paths and ticks, by rows of ended jobs",
			"ms",
			ordered,
			comparisons,
			notes=[
				"The sizes are measured one after the other, so the machine's load may differ between them: "
				"the yardstick tells how much. After each size the tables are analyzed, and each path is "
				"run once before it is measured.",
				"Seeding took " + ", ".join(f"{seconds:.0f} s" for seconds in seeding) + ".",
			],
		)
	]


def add_ended(lab: Lab, jobs: int) -> None:
	add_completed(lab.organization, NOTHING, jobs)
	frappe.db.commit()


def forget_unfinished(lab: Lab) -> None:
	"""What was submitted at one size is not to be looked at by the ticks of the next."""
	frappe.db.rollback()
	unfinished = {"organization": lab.organization, "status": ("!=", "Completed")}
	names = frappe.get_all("Background Job", unfinished, pluck="name", limit=0)
	frappe.db.delete("Job Execution Log", {"background_job": ("in", names)})
	frappe.db.delete("Background Job", {"name": ("in", names)})
	frappe.db.commit()
	get_redis_conn().flushdb()
	job_tally.recount()


def measured_at(lab: Lab, size: int, offset: int, rounds: int) -> dict[str, list[float]]:
	last = lab.submit(NOTHING, {"to be": "read"}).name
	as_member = {**member_reads(lab, last, f"{PREFIX}{size // 2:08}", offset), INSERT: inserting(lab)}
	with acting_as(lab.member):
		samples = in_turn(contenders(as_member), rounds + 1)
	samples |= in_turn(contenders(ticks()), rounds + 1)
	# the first one fills caches
	return {name: values[1:] for name, values in samples.items()}


def contenders(works: dict[str, Work]) -> dict[str, Callable[[], float]]:
	def measuring(work: Work) -> Callable[[], float]:
		def measured() -> float:
			# each on a snapshot of its own, as a request or a tick has
			frappe.db.rollback()
			return milliseconds_of(work)

		return measured

	return {name: measuring(work) for name, work in works.items()}


def member_reads(lab: Lab, last: str, middle: str, offset: int) -> dict[str, Work]:
	submit = submitting(lab)
	lists: dict[str, Any] = {"organization": lab.organization, "limit": 20}
	return {
		"submit_job + commit": submit,
		"submit_job of a duplicate": lambda: submit_duplicate(lab),
		"get_job_status": lambda: get_job_status(last),
		"get_job_history": lambda: get_job_history(last),
		"list_jobs, first page": lambda: list_jobs(**lists),
		"list_jobs, first page of Completed": lambda: list_jobs(**lists, status="Completed"),
		f"list_jobs, offset {offset}": lambda: list_jobs(**lists, offset=offset),
		"list_jobs, page before the middle": lambda: list_jobs(**lists, before=middle),
		"get_metrics": lambda: get_metrics(lab.organization),
		"Desk list": lambda: frappe.get_list(
			"Background Job", fields=["name", "status", "job_type"], order_by="modified desc", limit=20
		),
	}


def submit_duplicate(lab: Lab) -> None:
	try:
		submit_job(NOTHING, lab.organization, {"to be": "read"})
	except DuplicateJobError:
		return
	raise AssertionError("an equal job was accepted")


def ticks() -> dict[str, Work]:
	steps: dict[str, Work] = {
		"get_metrics of the site": get_metrics,
		"Prometheus scrape": exposition,
		"list_dead_letters": list_dead_letters,
		"tick: recover": recovery.recover,
		"tick: process_dependent_jobs": dependencies.process_dependent_jobs,
		"tick: put_away": former_organizations.put_away,
		"tick: alert_when_many": dead_letter_alert.alert_when_many,
		"tick: process_retry_queue": retry_queue.process_retry_queue,
		"tick: dispatch_ready": dispatcher.dispatch_ready,
		"tick: count_new": job_tally.count_new,
		"cleanup with nothing to delete": lambda: retention.cleanup_old_jobs(NEVER_DAYS),
	}
	return steps


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("scale")
