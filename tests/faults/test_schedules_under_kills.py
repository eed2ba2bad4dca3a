"""Two clocks, the cron and a hand start slots at once while one of them is killed again and again.

A minute of these schedules is a second: what is an hour for them takes a minute.
"""

import random
import time
from datetime import datetime, timedelta
from subprocess import Popen

import frappe
import pytest
from factories import World, acting_as
from processes import family_of, kill
from scheduled import make_schedule

from dartwing.dartwing_core.background_jobs import backfill_schedule
from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.schedules import due

SCHEDULES = 10
SLOTS = 60
# clocks need a moment to begin
LEAD = timedelta(seconds=4)


def make_fast_schedules() -> dict[str, list]:
	"""Schedules with a slot each second, sixty in all, by their names; when the slots are."""
	names = [make_schedule(overlap="Queue", parameters={"mode": "succeed", "n": n}) for n in range(SCHEDULES)]
	begin = times.utc_now().replace(microsecond=0) + LEAD
	slots = [begin + timedelta(seconds=number) for number in range(SLOTS)]
	values = {
		"interval_seconds": 1,
		"anchor_utc": begin,
		"next_slot_utc": begin,
		"ends_at_utc": slots[-1],
	}
	for name in names:
		frappe.db.set_value("Job Schedule", name, values, update_modified=False)
	frappe.db.commit()
	return {name: slots for name in names}


def made(names: list[str]) -> int:
	frappe.db.rollback()
	return frappe.db.count("Job Schedule Slot", {"schedule": ("in", names), "outcome": "submitted"})


@pytest.mark.usefixtures("clocks_forgotten")
def test_each_slot_is_made_once_and_none_early_whoever_is_killed(world, runtime, processes):
	dice = random.Random(1)

	def cron() -> Popen:
		return processes.script("scheduler_loop.py", runtime.site, "1")

	starters = [processes.clock, processes.clock, cron]
	running = [start() for start in starters]
	slots_of = make_fast_schedules()
	names = list(slots_of)
	give_up_at = time.monotonic() + 3 * SLOTS
	kills = 0
	while made(names) < SCHEDULES * SLOTS:
		assert time.monotonic() < give_up_at, f"{made(names)} of {SCHEDULES * SLOTS} slots were made"
		by_hand(dice, names, slots_of[names[0]][0])
		time.sleep(dice.uniform(0.1, 1))
		if dice.random() < 0.5:
			victim = dice.randrange(len(running))
			for pid in family_of(running[victim].pid):
				kill(pid)
			kills += 1
			running[victim] = starters[victim]()
	due.start_due()
	print(f"{kills} were killed; {len(signs.ages())} clocks tick")
	assert kills > 10
	for name, slots in slots_of.items():
		check(name, slots)


def by_hand(dice: random.Random, names: list[str], begin: datetime) -> None:
	"""Somebody starts what is due, or makes slots of a time that is over."""
	now = times.utc_now()
	if now < begin or dice.random() < 0.5:
		due.start_due(limit=dice.randint(1, 20))
		return
	with acting_as(World.adam):
		start, end = (f"{instant.isoformat()}Z" for instant in (max(begin, now - timedelta(seconds=20)), now))
		backfill_schedule(dice.choice(names), start, end)
		frappe.db.commit()


def check(name: str, slots: list) -> None:
	frappe.db.rollback()
	rows = frappe.db.sql(
		"""select slot.slot_utc, slot.outcome, slot.job, job.name, job.creation
		from `tabJob Schedule Slot` slot left join `tabBackground Job` job on job.name = slot.job
		where slot.schedule = %s order by slot.slot_utc""",
		(name,),
	)
	assert [row[0] for row in rows] == slots, "each slot once, and none is lost"
	assert {row[1] for row in rows} == {"submitted"}
	jobs = [row[2] for row in rows]
	assert jobs == [row[3] for row in rows]
	assert sorted(jobs) == sorted(frappe.get_all("Background Job", {"job_schedule": name}, pluck="name"))
	assert all(creation >= times.from_utc(slot) for slot, _outcome, _job, _name, creation in rows), (
		"none early"
	)
