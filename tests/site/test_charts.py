"""Cards and charts, against the figures of the REST API."""

import frappe
from factories import OBLIGING, acting_as, end, submit

from dartwing.dartwing_core.api import desk
from dartwing.dartwing_core.background_jobs import get_metrics
from dartwing.dartwing_core.background_jobs.insight import charts


def some_jobs(world) -> None:
	for user, organization, status in (
		(world.alice, world.alpha, "Completed"),
		(world.alice, world.alpha, "Completed"),
		(world.alice, world.alpha, "Completed"),
		(world.alice, world.alpha, "Dead Letter"),
		(world.alice, world.alpha, "Canceled"),
		(world.alice, world.alpha, "Running"),
		(world.bob, world.beta, "Dead Letter"),
	):
		end(submit(user, organization).name, status)
	submit(world.alice)
	frappe.db.rollback()


def test_cards_show_what_the_api_says(world):
	some_jobs(world)
	with acting_as(world.alice):
		metrics = get_metrics()
		cards = [card()["value"] for card in (desk.waiting_jobs, desk.running_jobs, desk.dead_letters)]
		rate = desk.failure_rate()["value"]
	counts = metrics["job_count_by_status"]
	waiting = sum(metrics["queue_depth_by_priority"].values())
	assert cards == [waiting, counts["Running"], counts["Dead Letter"]] == [1, 1, 1]
	assert rate == 100 * metrics["failure_rate_by_type"][OBLIGING] == 25


def test_charts_count_what_ended_in_the_last_day(world):
	some_jobs(world)
	with acting_as(world.alice):
		hours, types = charts.ended_by_hour(), charts.ended_by_type()
	assert len(hours) == 24
	assert [hour["hour"] for hour in hours] == sorted(hour["hour"] for hour in hours)
	# the hour may have just begun
	assert sum(hour["completed"] for hour in hours[-2:]) == 3
	assert sum(hour["failed"] for hour in hours[-2:]) == 1
	assert types == [{"job_type": OBLIGING, "completed": 3, "failed": 1}]


def test_a_job_type_has_its_own_figures(world):
	some_jobs(world)
	with acting_as(world.alice):
		figures = desk.get_job_type_figures(OBLIGING)
		durations = get_metrics()["processing_time_by_type"][OBLIGING]
	wanted = {"waiting": 1, "running": 1, "completed": 3, "failed": 1, "failure_rate": 0.25}
	assert {name: figures[name] for name in wanted} == wanted
	# the 95th percentile is known by its bucket: it may be a little below the average of equal durations
	assert {name: figures[name] for name in durations} == durations


def test_who_belongs_to_no_organization_sees_zeros(world):
	some_jobs(world)
	with acting_as(world.nobody):
		assert desk.waiting_jobs()["value"] == desk.failure_rate()["value"] == 0
		assert charts.ended_by_type() == []
