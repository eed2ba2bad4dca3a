"""Many processes that start what is due at the same instant: each slot becomes one job."""

from datetime import timedelta

import frappe
import pytest
from factories import OBLIGING, changed, second_connection
from killing import deaths
from scheduled import jobs_of, make_schedule, row_of, set_due, slots_of

from dartwing.dartwing_core.background_jobs.schedules import due, rows

CLOCKS = 8


@pytest.mark.usefixtures("clean")
def test_however_many_clocks_tick_at_once_each_slot_becomes_one_job(world, runtime, processes):
	names = [make_schedule(overlap="Queue", catch_up="All", catch_up_limit=5) for _ in range(6)]
	for name in names:
		set_due(name, timedelta(hours=4, minutes=30))
	clocks = processes.script("starting_schedules.py", runtime.site, str(CLOCKS))
	assert clocks.wait(120) == 0
	due.start_due()
	for name in names:
		made = slots_of(name)
		assert [one.outcome for one in made] == ["submitted"] * 5
		assert sorted(one.job for one in made) == sorted(job.name for job in jobs_of(name))


@pytest.mark.usefixtures("clean")
def test_a_clock_that_dies_before_its_commit_leaves_the_slot_due(world):
	name = make_schedule()
	slot = set_due(name)
	with second_connection():
		row = rows.locked(name)
		assert due.claim(name, slot)
		due.settle(name, slot, due.submit(row))
		# and is gone: the server rolls back
	assert row_of(name).next_slot_utc == slot
	assert (slots_of(name), jobs_of(name)) == ([], [])
	assert due.start_due() == 1
	frappe.db.rollback()
	assert len(jobs_of(name)) == 1


@pytest.mark.usefixtures("clean")
def test_a_clock_that_dies_between_two_statements_loses_neither_the_slot_nor_what_it_replaces(world):
	"""Before its commit, nothing has happened; after it, all has. There is an equal job in its window."""
	with changed("Job Type", OBLIGING, deduplication_window=300):
		outcomes = []
		name = make_schedule(overlap="Replace", catch_up="All")
		set_due(name, timedelta(seconds=200))
		due.start_due()
		slot = set_due(name)
		for _number in deaths(due.start_due):
			jobs, slots = jobs_of(name), slots_of(name)
			if row_of(name).next_slot_utc == slot:
				outcomes.append("due")
				assert [job.status for job in jobs] == ["Queued"]
				assert [one.job for one in slots] == [jobs[0].name]
				continue
			outcomes.append("made")
			# it goes to the queue after the commit
			assert [job.status for job in jobs] == ["Canceled", "Pending"]
			assert [one.job for one in slots] == [job.name for job in jobs]
			break
	assert outcomes[-1] == "made"
	assert outcomes.count("due") > 10
