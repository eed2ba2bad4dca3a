"""How long after its time does a job start, with one clock and one stock worker? Told by the rows."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import frappe
from factories import acting_as, wait_until
from runtimes.base import stop

from benchmarks.answers import Answer
from benchmarks.lab import NOTHING, Lab
from dartwing.dartwing_core.background_jobs import create_schedule
from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import times

SIZES = {
	"full": {"number": 100, "seconds": 60},
	"quick": {"number": 30, "seconds": 15},
	"tiny": {"number": 2, "seconds": 1},
}
JOB, RETRY, SLOT = "A job with a time", "A retry", "A slot of a schedule"
# until the first one is due: all have their times by then
LEAD_SECONDS = 5
LATER = "2090-01-01"
GIVE_UP_SECONDS = 60
WITHIN_SECONDS = 1.0
INTERVAL_SECONDS = 24 * 3600


def measure(lab: Lab, number: int, seconds: float) -> list[Answer]:
	"""`number` of each kind, due at any time of so many seconds."""
	jobs, retries = submit(lab, 0, number), submit(lab, number, number)
	schedules = make_schedules(lab, number)
	try:
		with lab.workers(1), clock(lab):
			begin = times.utc_now() + timedelta(seconds=LEAD_SECONDS)
			dice = random.Random(number)
			due = [begin + timedelta(seconds=dice.uniform(0, seconds)) for _ in range(3 * number)]
			let_be_due(jobs, retries, schedules, due)
			samples = {
				JOB: wait_for(jobs, seconds),
				RETRY: wait_for(retries, seconds),
				SLOT: wait_for_slots(schedules, seconds),
			}
	finally:
		for schedule in schedules:
			frappe.delete_doc("Job Schedule", schedule)
		frappe.db.commit()
	late = [value for values in samples.values() for value in values]
	within = sum(value <= 1000 * WITHIN_SECONDS for value in late)
	notes = [
		f"From the instant at which it was due to the claim, with one clock and one stock worker: {within} of"
		f" {len(late)} within {WITHIN_SECONDS:g} s, the latest after {max(late):.0f} ms."
	]
	return [Answer("From its time to the start of a job", "ms", samples, notes=notes)]


@contextmanager
def clock(lab: Lab) -> Iterator[None]:
	connection, key = signs._connection(frappe.conf.redis_cache), signs._key()
	connection.delete(key)
	process = lab.runtime.spawn(*lab.runtime.on_site("dartwing-clock"), log=lab.folder / "clock.log")
	try:
		wait_until(signs.ages, "the clock ticks", 60)
		yield
	finally:
		stop(process)
		connection.delete(key)


def submit(lab: Lab, first: int, number: int) -> list[str]:
	return [lab.submit(NOTHING, {"number": first + n}, scheduled_at=LATER).name for n in range(number)]


def make_schedules(lab: Lab, number: int) -> list[str]:
	with acting_as("Administrator"):
		names = [
			create_schedule(
				f"benchmark {n}",
				lab.organization,
				NOTHING,
				parameters={"schedule": n},
				interval_seconds=INTERVAL_SECONDS,
				run_as=lab.member,
			).name
			for n in range(number)
		]
	frappe.db.commit()
	return names


def let_be_due(jobs: list[str], retries: list[str], schedules: list[str], due: list[datetime]) -> None:
	"""Give all of them their times, at once; those of `retries` have failed, and wait for their retry."""
	times_of = "ready_at = %s, scheduled_at = %s, scheduled_at_utc = %s"
	query = f"update `tabBackground Job` set {times_of} where name = %s"
	for job, instant in zip(jobs + retries, due, strict=False):
		frappe.db.sql(query, (instant, times.from_utc(instant), instant, job))
	failed = "update `tabBackground Job` set status = 'Failed', error_type = 'Transient' where name in %s"
	frappe.db.sql(failed, (retries,))
	for schedule, instant in zip(schedules, due[-len(schedules) :], strict=True):
		slot = instant.replace(microsecond=0)
		values = {"anchor_utc": slot, "next_slot_utc": slot}
		frappe.db.set_value("Job Schedule", schedule, values, update_modified=False)
	frappe.db.commit()


def wait_for(jobs: list[str], seconds: float) -> list[float]:
	"""Milliseconds from when each was due to its start; a retry forgets its time when it is Queued."""

	def started() -> list[tuple[datetime, datetime]]:
		frappe.db.rollback()
		query = "select scheduled_at, started_at from `tabBackground Job` where name in %s and status = %s"
		rows = frappe.db.sql(query, (jobs, "Completed"))
		return list(rows) if len(rows) == len(jobs) else []

	rows = wait_until(started, "all have started", LEAD_SECONDS + seconds + GIVE_UP_SECONDS)
	return [lateness(due_at, started_at) for due_at, started_at in rows]


def wait_for_slots(schedules: list[str], seconds: float) -> list[float]:
	def started() -> list[tuple[datetime, datetime]]:
		frappe.db.rollback()
		rows = frappe.db.sql(
			"""select slot.slot_utc, job.started_at from `tabJob Schedule Slot` slot
			join `tabBackground Job` job on job.name = slot.job
			where slot.schedule in %s and job.status = 'Completed'""",
			(schedules,),
		)
		return list(rows) if len(rows) == len(schedules) else []

	rows = wait_until(started, "all slots have started", LEAD_SECONDS + seconds + GIVE_UP_SECONDS)
	return [lateness(times.from_utc(slot), started_at) for slot, started_at in rows]


def lateness(due: datetime, started: datetime) -> float:
	# started_at is written by the worker's look at the database's clock, which is never ahead
	return max(0.0, 1000 * (started - due).total_seconds())


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("due_starts")
