"""What schedules cost where there are many: each path runs on an index, and reads what it uses."""

from datetime import timedelta
from functools import partial

import explain
import frappe
import pytest
from explain import all_statements
from factories import acting_as
from scheduled import make_schedule, set_due, start_due

from dartwing.dartwing_core.api import members_page
from dartwing.dartwing_core.background_jobs import get_schedule, list_schedules
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.schedules import due

MANY, PAGE = 5_000, 300
OLD = "SCH-1999-"


@pytest.fixture(autouse=True)
def _many(world):
	"""Schedules of both organizations that are not due, and slots of one of them."""
	named = {"old": OLD, "alpha": world.alpha, "beta": world.beta, "many": MANY}
	frappe.db.sql(
		f"""insert into `tabJob Schedule` (name, creation, modified, owner, modified_by, title, organization,
			is_paused, next_slot_utc)
		select concat(%(old)s, seq), now(6), now(6), 'Administrator', 'Administrator', 'old',
			if(seq mod 2, %(alpha)s, %(beta)s), 0, utc_timestamp(6) + interval seq + 600 second
		from seq_1_to_{MANY}""",
		named,
	)
	frappe.db.sql(
		f"""insert into `tabJob Schedule Slot` (name, creation, modified, schedule, slot_utc, outcome)
		select concat(%(old)s, 'slot-', seq), now(6), now(6), concat(%(old)s, seq mod 10),
			utc_timestamp(6) - interval seq minute, 'skipped' from seq_1_to_{MANY}""",
		named,
	)
	frappe.db.sql("analyze table `tabJob Schedule`, `tabJob Schedule Slot`")
	frappe.db.commit()
	yield
	frappe.db.rollback()
	frappe.db.delete("Job Schedule", {"name": ("like", f"{OLD}%")})
	frappe.db.delete("Job Schedule Slot", {"name": ("like", f"{OLD}%")})
	frappe.db.commit()


# how many schedules there are is counted on an index
assert_bounded = partial(
	explain.assert_bounded, names=("tabJob Schedule", "job_schedule"), most=PAGE, with_counts=False
)


@pytest.mark.parametrize("overlap", ["Skip", "Replace"])
def test_what_is_due(world, overlap):
	name = make_schedule(overlap=overlap)
	set_due(name, timedelta(seconds=20))
	start_due()
	set_due(name)
	with all_statements() as statements:
		assert due.start_due() == 1
	assert_bounded(statements)


def test_lists_and_one_schedule(world):
	name = make_schedule()
	set_due(name)
	start_due()
	for user in (world.alice, world.manager):
		with acting_as(user), all_statements() as statements:
			list_schedules()
			list_schedules(world.alpha)
			get_schedule(name)
			members_page.list_schedules()
			members_page.get_schedule(name)
		assert_bounded(statements)


def test_slots_that_are_old(world):
	old = times.utc_now() - due.KEPT
	assert due.claim(f"{OLD}0", old - timedelta(minutes=1))
	frappe.db.commit()
	with all_statements() as statements:
		due.forget_old_slots()
	assert_bounded(statements)
