"""How long jobs take and when one starts: from jobs of its organization, and never of fewer than ten."""

from datetime import timedelta

import frappe
import pytest
from explain import all_statements, plan_of
from factories import World, acting_as, counted_statements, end, make_job_type, submit_as
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs import get_job_status, list_jobs, pause, resume
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.insight import durations, starts
from dartwing.dartwing_core.background_jobs.insight.durations import Usual, seconds_left
from dartwing.dartwing_core.doctype.job_tally import job_tally

TYPE = "test_how_long"
NOTHING = (None, None, None)


@pytest.fixture(autouse=True)
def _job_type(world, clean):
	make_job_type(TYPE)
	frappe.db.commit()
	durations.asked.forget()
	starts.paces.forget()


def ran(seconds: float, organization: str = World.alpha, user: str = World.alice) -> str:
	"""A job that was completed just now, after running for so long."""
	job = submit_as(user, TYPE, organization, {"mode": "succeed"})
	job.reload()
	job.transition_to("Running", started_at=times.site_now() - timedelta(seconds=seconds))
	job.transition_to("Completed")
	frappe.db.commit()
	return job.name


def ran_often(jobs: int, seconds: float = 60, **whose: str) -> None:
	for _number in range(jobs):
		ran(seconds, **whose)
	job_tally.count_new()
	frappe.db.commit()
	durations.asked.forget()
	starts.paces.forget()


def running(seconds: float = 0, progress: float = 0) -> str:
	job = submit_as(World.alice, TYPE, World.alpha, {"mode": "succeed"})
	job.reload()
	began = times.site_now() - timedelta(seconds=seconds)
	job.transition_to("Running", started_at=began, progress=progress)
	frappe.db.commit()
	return job.name


def waiting() -> str:
	return submit_as(World.alice, TYPE, World.alpha, {"mode": "succeed"}).name


def status_of(job_id: str, user: str = World.alice) -> dict:
	frappe.db.rollback()
	with acting_as(user):
		return get_job_status(job_id)


def told(job_id: str, user: str = World.alice) -> tuple:
	status = status_of(job_id, user)
	return status["usual_seconds"], status["p95_seconds"], status["seconds_left"]


def test_nothing_is_told_of_nine_jobs_and_something_of_ten():
	job = running(20)
	ran_often(9)
	assert told(job) == NOTHING
	ran_often(1)
	usual, p95, left = told(job)
	assert usual == pytest.approx(60, rel=0.12)
	assert p95 == pytest.approx(60, rel=0.12)
	assert left == pytest.approx(usual - 20, abs=5)


def test_the_usual_one_is_the_middle_and_the_95th_percentile_is_among_the_longest():
	for seconds in (60, 60, 60, 60, 60, 60, 60, 60, 60, 600):
		ran(seconds)
	ran_often(0)
	usual, p95, _left = told(running())
	assert usual == pytest.approx(60, rel=0.12)
	assert p95 == pytest.approx(600, rel=0.12)


def test_jobs_of_other_organizations_count_for_nobody_else(world):
	ran_often(12, organization=world.beta, user=world.bob)
	job = running(20)
	assert told(job) == NOTHING
	# not even for who sees both
	assert told(job, world.manager) == NOTHING


def test_a_job_that_has_ended_has_nothing_left():
	ran_often(10)
	assert told(ran(60)) == NOTHING


@pytest.mark.parametrize(
	("elapsed", "progress", "left"),
	[
		(0, 0, 100),
		(40, 0, 60),
		(100, 0, None),
		(4000, 0, None),
		(50, 50, 50),
		(4000, 50, 2000),
		(90, 90, 10),
		(4000, 100, 0),
		(-5, 0, 100),
		(50, 250, 0),
		(50, -3, 50),
	],
)
def test_what_is_left_is_of_the_usual_duration_and_of_the_progress(elapsed, progress, left):
	found = seconds_left(Usual(100, 200), elapsed, progress)
	assert found == (None if left is None else pytest.approx(left, abs=0.1 * max(left, 1)))
	assert found is None or found >= 0


def test_a_list_costs_one_statement_more_and_that_once_a_minute(world):
	ran_often(10)
	job = running(20)
	with acting_as(world.alice):
		list_jobs()
		with counted_statements() as known:
			told_in_list = list_jobs()["jobs"][0]
		durations.asked.forget()
		with counted_statements() as asked:
			list_jobs()
	assert told_in_list["job_id"] == job
	assert told_in_list["usual_seconds"]
	assert len(asked) == len(known) + 1
	assert not [text for text in known if "p95" in text or "job_type, bucket" in text]


def test_a_list_of_jobs_that_have_ended_asks_nothing(world):
	ran_often(10)
	with acting_as(world.alice), counted_statements() as sent:
		list_jobs(status="Completed")
	assert not [text for text in sent if "job_type, bucket" in text]


def test_a_job_with_a_time_is_expected_then(world):
	later = times.utc_as_text(times.utc_now() + timedelta(hours=3))
	job = submit_as(world.alice, TYPE, world.alpha, {"mode": "succeed"}, scheduled_at=later)
	assert status_of(job.name)["expected_start"] == later


def test_a_job_is_expected_when_those_ahead_of_it_have_started():
	# ten in the last minute: one each six seconds
	ran_often(10)
	first, *_others, last = [waiting() for _number in range(6)]
	now = times.utc_now()

	def seconds_to(job_id: str) -> float:
		starts.paces.forget()
		expected = status_of(job_id)["expected_start"]
		return (get_datetime(expected).replace(tzinfo=None) - now).total_seconds()

	assert 0 <= seconds_to(first) < 10
	assert 20 < seconds_to(last) < 50


def test_nobody_knows_when_a_job_starts_whose_organization_started_fewer_than_ten():
	ran_often(9)
	assert status_of(waiting())["expected_start"] is None


def test_nobody_knows_when_a_job_starts_that_is_held(world):
	ran_often(10)
	job = waiting()
	assert status_of(job)["expected_start"]
	pause(job_type=TYPE)
	frappe.db.commit()
	try:
		assert status_of(job)["expected_start"] is None
	finally:
		resume(job_type=TYPE)
		frappe.db.commit()


def test_nobody_knows_when_a_job_starts_that_waits_for_another(world):
	ran_often(10)
	parent = waiting()
	child = submit_as(world.alice, TYPE, world.alpha, {"mode": "succeed"}, depends_on=parent)
	assert status_of(child.name)["expected_start"] is None


def test_what_is_asked_runs_on_indexes(world):
	ran_often(10)
	job = waiting()
	with acting_as(world.alice), all_statements() as sent:
		get_job_status(job)
	of_tally = [text for text in sent if "from `tabJob Tally`" in text]
	of_jobs = [text for text in sent if "from `tabBackground Job` force index" in text]
	assert (len(of_tally), len(of_jobs)) == (1, 2)
	for text in of_tally + of_jobs:
		assert all(step["key"] for step in plan_of(text)), text


def test_an_organization_that_is_suspended_starts_nothing(world):
	ran_often(10)
	job = waiting()
	frappe.db.set_value("Organization", world.alpha, "status", "Suspended")
	try:
		with acting_as(world.alice):
			assert get_job_status(job)["expected_start"] is None
	finally:
		frappe.db.rollback()


def test_ended_jobs_are_expected_no_more():
	ran_often(10)
	job = waiting()
	end(job, "Canceled")
	assert status_of(job)["expected_start"] is None
