"""Slots that are due: each is submitted once, however many ask at the same time, whatever clocks do.

A slot is one transaction: its row in Job Schedule Slot, its job, and the schedule's next slot. A unique index
lets nobody write a slot's row twice.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config, error_log, texts
from dartwing.dartwing_core.background_jobs.database import drivers, held_rows, inserts, times
from dartwing.dartwing_core.background_jobs.database.connections import as_own_connection
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_allowed
from dartwing.dartwing_core.background_jobs.memory import Memory
from dartwing.dartwing_core.background_jobs.schedules import rows, saving
from dartwing.dartwing_core.background_jobs.schedules.acting import acting_as
from dartwing.dartwing_core.background_jobs.statuses import PENDING, QUEUED, UNFINISHED
from dartwing.dartwing_core.background_jobs.submission import acceptance

SUBMITTED, SKIPPED, REFUSED = OUTCOMES = ("submitted", "skipped", "refused")
# a slot that is not later than this is in time
IN_TIME = timedelta(minutes=5)
STARTED_AT_ONCE = 100
# rows of slots are kept as long as this; until then nothing makes a slot twice
KEPT = timedelta(days=90)
# a schedule that costs the others more is left out for some seconds
PATIENCE_SECONDS = 1
LEFT_OUT_SECONDS = 15
# schedules that have had this process wait a moment ago
waited: Memory[bool] = Memory(LEFT_OUT_SECONDS)
# what says nothing about the schedule: its slot stays due
PASSING = (*drivers.ERRORS, frappe.QueryDeadlockError, frappe.QueryTimeoutError)
# what a submission is refused with, in words for people
REFUSALS = (frappe.ValidationError, frappe.PermissionError, frappe.DuplicateEntryError)

# what becomes of a slot: outcome, job and reason
Outcome = tuple[str, str | None, str | None]
Make = Callable[[frappe._dict], Outcome]


def start_due(limit: int = STARTED_AT_ONCE) -> int:
	"""Start slots that are due, at most so many, those that wait longest first; returns how many.

	Commits each, on the current connection. A schedule that another transaction holds, or that fails, is left
	out, and does not keep others waiting. After one that had to wait for somebody, the rest is for the next
	call, which leaves that one out. Where nothing is due, this is one statement.
	"""
	done = 0
	left_out = set(waited.values())
	with as_own_connection():
		while done < limit:
			due = [name for name in _due(limit + len(left_out)) if name not in left_out][: limit - done]
			if not due:
				break
			for name in due:
				began = time.monotonic()
				if _start_one(name):
					done += 1
				elif time.monotonic() - began < PATIENCE_SECONDS:
					left_out.add(name)
				else:
					waited.put(name, True)
					return done
		frappe.db.commit()
	return done


def _due(limit: int) -> list[str]:
	return frappe.db.sql(
		f"""select name from `tabJob Schedule` where is_paused = 0 and next_slot_utc <= {UTC_NOW}
		order by next_slot_utc limit %s""",
		(limit,),
		pluck=True,
	)


def _start_one(name: str) -> bool:
	"""Make one slot of the schedule, and commit; False if it must wait for the next call."""
	try:
		return _start(name, submit_unless_busy)
	except PASSING:
		return _put_off(name)
	except REFUSALS as error:
		reason = texts.line(error)
		# a process that goes on starting slots would keep them for an answer that nobody gets
		frappe.clear_messages()
	except Exception:
		_put_off(name)
		reason = _("an error that nobody expected: see Error Log")
	# what the submission has done so far, as cancels, is undone
	frappe.db.rollback()
	try:
		return _start(name, lambda row: (REFUSED, None, reason))
	except Exception:
		return _put_off(name)


def _put_off(name: str) -> bool:
	frappe.db.rollback()
	error_log.record_now_and_then(f"schedule {name}")
	frappe.db.commit()
	return False


def _start(name: str, make: Make) -> bool:
	"""Make the slot that is due in one transaction of its own; False if there is none, or another has it."""
	# memberships and limits are looked at as they are now
	frappe.db.commit()
	row = rows.locked(name, skip_locked=True)
	now = times.utc_now()
	if not row or row.is_paused or not row.next_slot_utc or row.next_slot_utc > now:
		return False
	wanted = wanted_slots(row, now)
	changes = {}
	if wanted and claim(name, wanted[0]):
		outcome = make(row)
		settle(name, wanted[0], outcome)
		changes = _seen(wanted[0], outcome)
	after = rows.timetable_of(row).next_after(max(now, row.next_slot_utc))
	rows.write(name, next_slot_utc=wanted[1] if wanted[1:] else after, **changes)
	frappe.db.commit()
	return True


def _seen(slot: datetime, outcome: Outcome) -> dict:
	how, job, reason = outcome
	return {
		"last_slot_utc": slot,
		"last_error": reason if how == REFUSED else None,
		**({"last_job": job} if job else {}),
	}


def wanted_slots(row: frappe._dict, now: datetime) -> list[datetime]:
	"""The slots of a schedule that are due and are to be made, the oldest first.

	Those in time, and of those that are later what `catch_up` says. They are read backwards from now: what
	nobody wants is not counted.
	"""
	found: list[datetime] = []
	missed = 0
	for slot in takewhile(lambda slot: slot >= row.next_slot_utc, rows.timetable_of(row).until(now)):
		if now - slot > IN_TIME:
			if row.catch_up == rows.ALL and missed == row.catch_up_limit:
				break
			# the newest that was missed is of no use after one in time
			if row.catch_up == rows.NONE or (row.catch_up == rows.LAST and found):
				break
			missed += 1
		found.append(slot)
	return found[::-1]


# --- one slot, in the current transaction


def claim(schedule: str, slot: datetime) -> bool:
	"""Write the row of a slot; False if there is one. Waits for another transaction that is writing it."""
	now, user = times.site_now(), frappe.session.user
	name = f"{schedule}-{slot:%Y%m%dT%H%M%S}"
	columns = (*inserts.OF_EVERY_ROW, "schedule", "slot_utc")
	try:
		inserts.insert("Job Schedule Slot", columns, [(name, user, now, now, user, schedule, slot)])
	except drivers.INTEGRITY_ERRORS as error:
		if not frappe.db.is_duplicate_entry(error):
			raise
		return False
	return True


def settle(schedule: str, slot: datetime, outcome: Outcome) -> None:
	"""Write down what became of a slot that this transaction has claimed."""
	frappe.db.sql(
		f"""{ignoring_snapshot()}update `tabJob Schedule Slot` set outcome = %s, job = %s, reason = %s
		where schedule = %s and slot_utc = %s""",
		(*outcome, schedule, slot),
	)


def submit_unless_busy(row: frappe._dict) -> Outcome:
	"""Submit the job of a slot, as far as the schedule lets it overlap with those before it.

	Raises what a submission raises; what was canceled for it is for the caller to undo.
	"""
	if row.overlap == rows.SKIP and (busy := _jobs(row.name, UNFINISHED, "limit 1")):
		return SKIPPED, None, _("{0} has not ended").format(busy[0])
	if row.overlap == rows.REPLACE and (waiting := _jobs(row.name, (PENDING, QUEUED))):
		with acting_as(row.run_as):
			# whoever holds one of them is not waited for: other schedules are due as well
			cancel_allowed(waiting, wait_seconds=0)
	return submit(row)


def submit(row: frappe._dict) -> Outcome:
	"""Submit the job of a slot as the schedule's user, whose membership is asked once more."""
	saving.check_run_as(row)
	with acting_as(row.run_as):
		(job,) = acceptance.accept([saving.request_of(row)], [""], schedule=row.name)
	return SUBMITTED, job.name, None


def _jobs(schedule: str, statuses: tuple[str, ...], limit: str = "") -> list[str]:
	query = "select name from `tabBackground Job` where job_schedule = %s and status in %s"
	return frappe.db.sql(f"{query} {limit}", (schedule, statuses), pluck=True)


def forget_old_slots() -> None:
	"""Delete the rows of slots that are older than `KEPT`, and that nobody holds. Commits each batch."""
	query = "select name from `tabJob Schedule Slot` where slot_utc < %s limit %s"
	values = (times.utc_now() - KEPT, int(config.get("batch_size")))
	while free := held_rows.take_free("Job Schedule Slot", frappe.db.sql(query, values, pluck=True)):
		held_rows.delete("Job Schedule Slot", free)
		# a batch is small, its locks must not outlive it
		frappe.db.commit()
