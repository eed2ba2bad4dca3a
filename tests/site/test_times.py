"""Times of sites whose clocks are put forward and back: here those of New York in 2027.

Back on November 7, when 01:00 to 02:00 passes twice (05:00Z and 06:00Z); forward on March 14, when
02:00 to 03:00 does not exist (07:00Z).
"""

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

import frappe
import pytest
from factories import OBLIGING, acting_as, end, submit, submit_as

from dartwing.dartwing_core.api import members_page
from dartwing.dartwing_core.background_jobs import get_job_status, scheduler, submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher, retry_queue
from dartwing.patches import store_instants_in_utc

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def _in_new_york():
	with patch.object(times, "get_system_timezone", lambda: NEW_YORK.key):
		yield


@contextmanager
def clock_at(text: str):
	"""What hands jobs over takes this for now."""
	now = datetime.fromisoformat(text.replace("Z", "+00:00"))
	naive = now.astimezone(timezone.utc).replace(tzinfo=None)
	# of this connection: the clock by which the database compares
	frappe.db.sql("set timestamp = %s", (now.timestamp(),))
	try:
		with patch.object(times, "utc_now", lambda may_ask=True: naive):
			yield
	finally:
		frappe.db.sql("set timestamp = default")


def ready_at(world, text: str) -> list[str]:
	"""The jobs that would be handed over at this moment."""
	frappe.db.rollback()
	with clock_at(text):
		ready, _kept_back = dispatcher.ready_jobs(world.alpha, 10)
		return ready


def planned(world, **values) -> str:
	return submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, **values).name


def shown(world, *names: str) -> list[str]:
	"""What a member is told of when the jobs are due."""
	with acting_as(world.alice):
		by_id = {row["job_id"]: row["scheduled_at"] for row in members_page.get_rows(list(names))}
	return [by_id[name] for name in names]


def test_no_job_is_early_when_an_hour_passes_twice_and_its_two_instants_stay_apart(world):
	first = planned(world, scheduled_at="2027-11-07T05:30:00Z")
	second = planned(world, scheduled_at="2027-11-07T06:30:00Z")
	assert shown(world, first, second) == ["2027-11-07T05:30:00.000000Z", "2027-11-07T06:30:00.000000Z"]
	assert ready_at(world, "2027-11-07T05:29:59Z") == []
	assert ready_at(world, "2027-11-07T05:30:00Z") == [first]
	assert ready_at(world, "2027-11-07T06:29:59Z") == [first]
	assert ready_at(world, "2027-11-07T06:30:00Z") == [first, second]


def test_a_child_that_is_released_keeps_the_instant_that_it_was_given(world):
	parent = submit()
	child = planned(world, scheduled_at="2027-11-07T06:30:00Z", depends_on=parent.name)
	end(parent.name, "Completed")
	assert ready_at(world, "2027-11-07T06:29:59Z") == []
	assert ready_at(world, "2027-11-07T06:30:00Z") == [child]


def test_the_status_says_when_a_job_is_due_with_each_instant_of_the_doubled_hour(world):
	names = [planned(world, scheduled_at=f"2027-11-07T0{hour}:30:00Z", priority="Low") for hour in (5, 6)]
	with acting_as(world.alice):
		said = [get_job_status(name)["scheduled_at"] for name in (*names, submit().name)]
	assert said == ["2027-11-07T05:30:00.000000Z", "2027-11-07T06:30:00.000000Z", None]


def test_a_time_that_clocks_leave_out_is_refused_by_name(world):
	for value in ("2027-03-14T02:30:00", datetime(2027, 3, 14, 2, 30), datetime(2027, 3, 14, 2, 30, fold=1)):
		with acting_as(world.alice), pytest.raises(frappe.ValidationError) as error:
			submit_job(OBLIGING, world.alpha, {}, scheduled_at=value)
		assert str(error.value).startswith(
			"scheduled_at: 2027-03-14 02:30:00 does not exist in America/New_York"
		)


def test_a_time_of_another_zone_that_its_clocks_leave_out_is_refused_too(world):
	value = datetime(2027, 3, 28, 2, 30, tzinfo=ZoneInfo("Europe/Vienna"))
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match="not exist in Europe/Vienna"):
		submit_job(OBLIGING, world.alpha, {}, scheduled_at=value)


def test_a_site_time_that_can_mean_two_instants_means_the_later_one(world):
	values = ("2027-11-07T01:30:00", datetime(2027, 11, 7, 1, 30), datetime(2027, 11, 7, 1, 30, fold=1))
	names = [planned(world, scheduled_at=value) for value in values]
	assert shown(world, *names) == ["2027-11-07T06:30:00.000000Z"] * 3


def test_a_time_with_a_zone_of_its_own_is_the_instant_that_it_says(world):
	values = [datetime(2027, 11, 7, 1, 30, tzinfo=NEW_YORK, fold=fold) for fold in (0, 1)]
	names = [planned(world, scheduled_at=value) for value in values]
	assert shown(world, *names) == ["2027-11-07T05:30:00.000000Z", "2027-11-07T06:30:00.000000Z"]


@pytest.mark.parametrize("failed", ["2027-03-14T06:59:30+00:00", "2027-11-07T05:59:30+00:00"])
def test_a_retry_is_due_after_its_delay_also_when_clocks_are_changed_meanwhile(world, failed):
	job = submit()
	end(job.name, "Running")
	document = frappe.get_doc("Background Job", job.name)
	with clock_at(failed):
		details = {"error_message": "down", "error_type": "Transient"}
		retry_queue.schedule_retry(document, "Failed", 60, None, details)
	frappe.db.commit()
	failed_at = datetime.fromisoformat(failed)
	assert ready_at(world, str(failed_at + timedelta(seconds=59))) == []
	assert ready_at(world, str(failed_at + timedelta(seconds=60))) == [job.name]
	with acting_as(world.alice):
		said = datetime.fromisoformat(get_job_status(job.name)["next_retry_at"].replace("Z", "+00:00"))
	assert said == failed_at + timedelta(seconds=60)


def test_jobs_that_wait_since_before_an_upgrade_keep_their_times(world, window):
	window(0)
	waiting, later = planned(world), planned(world, scheduled_at="2027-11-07T06:30:00Z")
	stored = {"scheduled_at_utc": None, "ready_at": "2027-11-07 01:30:00"}
	frappe.db.set_value("Background Job", later, stored, update_modified=False)
	frappe.db.set_value("Background Job", waiting, "ready_at", "2027-07-01 12:00:00", update_modified=False)
	store_instants_in_utc.execute()
	frappe.db.commit()
	fields = ["ready_at", "scheduled_at_utc"]
	assert frappe.db.get_value("Background Job", later, fields) == (datetime(2027, 11, 7, 6, 30),) * 2
	assert frappe.db.get_value("Background Job", waiting, fields) == (datetime(2027, 7, 1, 16), None)
	window(100)
	scheduler.tick()
