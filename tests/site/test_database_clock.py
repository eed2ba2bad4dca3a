"""All machines of a site tell the time by the clock of the database, and ask for it where they ask anyway."""

import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import frappe
import pytest
from factories import counted_statements, submit

from dartwing.dartwing_core.background_jobs.database import database_clock, times
from dartwing.dartwing_core.background_jobs.execution.claims import claim
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.upkeep import recovery

pytestmark = pytest.mark.usefixtures("clean")
TWO_MINUTES = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _never_asked(monkeypatch):
	monkeypatch.setattr(database_clock, "_answers", {})


@pytest.fixture
def clock_is_off(monkeypatch):
	"""The database's clock, as this connection sees it, is two minutes ahead of this machine's."""
	frappe.db.sql("set timestamp = %s", (time.time() + TWO_MINUTES.total_seconds(),))
	yield
	frappe.db.sql("set timestamp = default")


def now_of_the_database():
	return frappe.db.sql("select utc_timestamp(6)")[0][0]


def asks_of_its_own(statements: list[str]) -> int:
	return statements.count(f"select {database_clock.UTC_NOW}")


def test_time_is_told_by_the_database_and_never_ahead_of_it(site):
	for _ in range(100):
		told = times.utc_now()
		assert told <= now_of_the_database()
	assert now_of_the_database() - told < timedelta(seconds=30)


@pytest.mark.usefixtures("clock_is_off")
def test_a_machine_whose_clock_is_off_goes_by_that_of_the_database(site):
	ahead = times.utc_now() - datetime.now(timezone.utc).replace(tzinfo=None)
	assert abs(ahead - TWO_MINUTES) < timedelta(seconds=30)


def test_the_database_is_asked_once_a_minute(site, monkeypatch):
	with counted_statements() as statements:
		for _ in range(3):
			times.utc_now()
	assert asks_of_its_own(statements) == 1
	monkeypatch.setattr(database_clock, "LASTS_SECONDS", 0)
	with counted_statements() as statements:
		times.utc_now()
	assert asks_of_its_own(statements) == 1


def test_submitting_and_claiming_ask_along_with_what_they_ask_anyway(world):
	with counted_statements() as statements:
		job = submit()
		database_clock._answers.clear()
		claim(job.name)
	assert asks_of_its_own(statements) == 0
	assert times.site_now() - timedelta(seconds=30) < frappe.db.get_value(
		"Background Job", job.name, "heartbeat_at"
	)


def test_who_must_not_ask_makes_do_with_the_last_answer_however_old_it_is(site, monkeypatch):
	"""As a thread that stands beside the handler's transaction."""
	monkeypatch.setattr(database_clock, "LASTS_SECONDS", 0)
	with counted_statements() as statements:
		own = times.utc_now(may_ask=False)
		database_clock.note(own + TWO_MINUTES)
		assert times.utc_now(may_ask=False) >= own + TWO_MINUTES
	assert statements == []


@pytest.mark.parametrize("answer", ["Alpha Test Org", None, 7, datetime(2026, 1, 1)])
def test_what_another_statement_answered_is_not_taken_for_the_time(site, answer):
	before = times.utc_now()
	database_clock.note(answer)
	assert timedelta() <= times.utc_now(may_ask=False) - before < timedelta(seconds=30)


def test_a_heartbeat_tells_the_time_of_the_database_whatever_this_machine_believes(world, monkeypatch):
	job = claim(submit().name)
	frappe.db.set_value("Background Job", job.name, "heartbeat_at", "2026-01-01", update_modified=False)
	frappe.db.commit()
	right = times.site_now()
	monkeypatch.setattr(times, "utc_now", lambda may_ask=True: database_clock.utc_now() - TWO_MINUTES)
	control = ControlConnection(job.name, job.organization, job.attempt_id)
	assert control.write_heartbeat()
	control.close()
	frappe.db.rollback()
	shown = frappe.db.get_value("Background Job", job.name, "heartbeat_at")
	assert right <= shown < right + timedelta(seconds=30)


@pytest.fixture
def ended(world, monkeypatch):
	"""Whether a job counts as killed for its timeout of 300 s; the seconds are since its start.

	Its horse ended as its worker's clock says, after its last heartbeat by the clock of the database.
	"""
	job = claim(submit().name)

	def is_killed_for_its_timeout(by_the_workers_clock: int, began_ago: int, last_heartbeat: int) -> bool:
		job.started_at = times.site_now() - timedelta(seconds=began_ago)
		job.heartbeat_at = job.started_at + timedelta(seconds=last_heartbeat)
		ended_at = times.utc_now() - timedelta(seconds=began_ago - by_the_workers_clock)
		monkeypatch.setattr(
			recovery.queue_redis, "fetch", lambda _rq_job_id: SimpleNamespace(ended_at=ended_at)
		)
		return recovery.killed_for_its_timeout(job)

	return is_killed_for_its_timeout


def test_a_horse_that_ended_by_a_clock_that_is_off_is_judged_by_what_the_database_saw(ended):
	assert ended(by_the_workers_clock=310, began_ago=320, last_heartbeat=290)
	assert not ended(by_the_workers_clock=200, began_ago=320, last_heartbeat=190)
	# two minutes ahead: it cannot have ended after now
	assert not ended(by_the_workers_clock=310, began_ago=195, last_heartbeat=180)
	# two minutes behind: it cannot have ended before it last showed that it was alive
	assert ended(by_the_workers_clock=190, began_ago=320, last_heartbeat=305)
