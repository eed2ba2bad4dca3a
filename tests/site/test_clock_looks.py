"""What a clock's looks cost an idle site, and what it finds."""

import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import frappe
import pytest
from driven import make_due
from explain import plan_of
from factories import (
	counted_connections,
	counted_round_trips,
	counted_statements,
	make_job_type,
	queued_wake_ups,
	state,
	submit_as,
)

from dartwing.dartwing_core.background_jobs.clock import signs, site
from dartwing.dartwing_core.background_jobs.clock.site import SiteClock
from dartwing.dartwing_core.background_jobs.clock.steps import MENDING, Due
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.execution.claims import claim


@pytest.fixture
def looks(clean) -> Iterator[SiteClock]:
	"""A clock that has found all that was due, and neither mends nor shows itself from now on."""
	clock = SiteClock(frappe.local.site, lambda: False)
	clock._mend_at = math.inf
	clock.look()
	clock._sign_at = math.inf
	yield clock
	clock.close()
	signs._connection(frappe.conf.redis_cache).delete(signs._key())


def sent_on(clock: SiteClock) -> int:
	with clock._connection.cursor() as cursor:
		cursor.execute("show session status like 'Questions'")
		return int(cursor.fetchone()[1])


def due_later(world, seconds: float = 3600):
	due = f"{(times.utc_now() + timedelta(seconds=seconds)).isoformat()}Z"
	return submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due)


def test_an_idle_site_costs_one_statement_a_look_and_no_trip_to_redis(world, looks):
	due_later(world)
	before = sent_on(looks)
	with counted_statements() as others, counted_connections() as opened, counted_round_trips() as to_redis:
		for _ in range(5):
			looks.look()
	assert sent_on(looks) - before == 5 + 1, "and the question for it"
	assert (others, opened, to_redis) == ([], [], [])


def test_each_condition_reads_a_few_entries_of_an_index(world, looks):
	due_later(world)
	for due in site.DUE:
		text = due.condition % {"since": "utc_timestamp(6) - interval 2 second"}
		tables = [step for step in plan_of(f"select {text}, {due.next_at}") if step["table"]]
		# what an index says is empty has no table
		assert all(step["type"] not in ("ALL", "index") for step in tables), tables


def test_a_job_is_handed_over_by_the_first_look_after_its_time(world, looks):
	job = due_later(world)
	looks.look()
	assert queued_wake_ups("default", job.name) == []
	make_due(job.name)
	looks.look()
	assert queued_wake_ups("default", job.name)


def test_it_is_known_when_the_next_thing_is_due(world, looks):
	due_later(world, 600)
	due_later(world, 60)
	looks.look()
	assert 50 < looks.due_at - time.monotonic() < 61
	assert 0.9 < looks.look_at - looks._looked_at < 1.1
	due_later(world, 0.5)
	looks.look()
	assert looks.look_at == max(looks.due_at, looks._looked_at + site.REST_SECONDS)


def test_what_a_pace_held_back_is_handed_over_by_the_first_look_after_its_time(world, looks):
	make_job_type("paced_job", start_limit=1, start_limit_window=60)
	frappe.db.commit()
	first, second = (submit_as(world.alice, "paced_job", world.alpha, {"n": n}) for n in range(2))
	assert claim(first.name)
	looks.look()
	assert 50 < looks.due_at - time.monotonic() < 61
	until = datetime.fromisoformat(state(second.name)["waits_until"]).replace(tzinfo=None)
	assert timedelta(seconds=50) < until - times.utc_now() < timedelta(seconds=61)
	assert queued_wake_ups("default", second.name) == []
	frappe.db.sql(
		"""update `tabJob Start` set started_at = started_at - interval 60 second,
		counts_until = counts_until - interval 60 second"""
	)
	frappe.db.commit()
	looks.look()
	assert queued_wake_ups("default", second.name)


def test_a_pace_that_is_changed_counts_for_what_has_started(world, looks):
	make_job_type("paced_job", start_limit=1, start_limit_window=600)
	frappe.db.commit()
	assert claim(submit_as(world.alice, "paced_job", world.alpha, {}).name)
	frappe.get_doc("Job Type", "paced_job").update({"start_limit_window": 60}).save()
	frappe.db.commit()
	looks.look()
	assert 50 < looks.due_at - time.monotonic() < 61


def test_what_is_due_and_has_no_room_is_not_tried_each_second(world, looks, window):
	window(1)
	first, second = due_later(world), due_later(world)
	make_due(first.name)
	make_due(second.name)
	looks.look()
	assert sum(bool(queued_wake_ups("default", job.name)) for job in (first, second)) == 1
	looks._since = datetime.max
	with counted_statements() as sent:
		looks.look()
	assert sent == []


def test_a_job_that_came_late_is_found_when_the_site_is_mended(world, looks):
	"""A long transaction may write a time, and commit when looks have passed it."""
	job = due_later(world)
	make_due(job.name, seconds_ago=60)
	looks.look()
	assert queued_wake_ups("default", job.name) == []
	looks._mend_at = 0.0
	for _step in MENDING:
		looks.look()
	assert queued_wake_ups("default", job.name)


def test_a_site_in_maintenance_is_left_alone(world, looks, monkeypatch):
	job = due_later(world)
	make_due(job.name)
	monkeypatch.setattr(site, "is_in_maintenance", lambda: True)
	looks._mend_at = 0.0
	looks.look()
	monkeypatch.undo()
	assert queued_wake_ups("default", job.name) == []


def test_a_site_without_the_app_is_asked_again_after_a_minute(clean, monkeypatch):
	monkeypatch.setattr(site, "APP", "another_app")
	clock = SiteClock(frappe.local.site, lambda: False)
	asked, connect = [], clock._connect
	monkeypatch.setattr(clock, "_connect", lambda: asked.append(1) or connect())
	for _ in range(3):
		clock.look()
	assert len(asked) == 1
	assert not clock._connection
	monkeypatch.undo()
	clock._off_until = 0.0
	clock.look()
	assert clock._connection
	clock.close()


def test_after_a_lost_connection_all_that_is_due_is_asked_for_anew(world, looks):
	job = due_later(world)
	make_due(job.name, seconds_ago=60)
	frappe.db.sql(f"kill {looks._connection.thread_id()}")
	looks.look()
	assert not looks._connection
	looks._off_until = 0.0
	looks.look()
	assert queued_wake_ups("default", job.name)


def test_a_step_that_takes_long_leaves_the_rest_to_the_next_look(world, looks, monkeypatch):
	done: list[str] = []

	def long() -> None:
		done.append("long")
		time.sleep(0.02)

	def after() -> None:
		done.append("after")

	monkeypatch.setattr(site, "LOOK_SECONDS", 0.01)
	monkeypatch.setattr(site, "DUE", (Due("1", long), Due("1", after)))
	looks.look()
	assert done == ["long"]
	assert looks.look_at == looks._looked_at + site.REST_SECONDS
	monkeypatch.setattr(site, "DUE", (Due("0", long),))
	monkeypatch.setattr(site, "LOOK_SECONDS", 60)
	looks.look()
	assert done == ["long", "after"]


def test_a_clock_that_shows_itself_is_counted_for_a_while(looks):
	assert len(signs.ages()) == 1
	sign = signs.signer()
	sign(times.utc_now() - timedelta(seconds=signs.LASTS_SECONDS + 1))
	assert signs.ages() == []
	sign(times.utc_now())
	assert signs.ages()[0] < signs.LASTS_SECONDS
