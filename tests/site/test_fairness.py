from unittest.mock import patch

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	end,
	make_job_type,
	queued_wake_ups,
	second_connection,
	state,
	submit,
	submit_as,
)

from dartwing.dartwing_core.background_jobs import cancel_job, submit_jobs
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.upkeep import holding


def submit_many(world, count: int, **arguments) -> list[str]:
	with acting_as(world.alice):
		request = {"job_type": OBLIGING, "organization": world.alpha, **arguments}
		jobs = submit_jobs([{**request, "parameters": {"n": n}} for n in range(count)])
		frappe.db.commit()
	return [job.name for job in jobs]


def count(world, status: str) -> int:
	frappe.db.rollback()
	return frappe.db.count("Background Job", {"organization": world.alpha, "status": status})


def test_no_more_than_the_window_is_handed_over(world, window):
	window(7)
	submit_many(world, 30)
	assert (count(world, "Queued"), count(world, "Pending")) == (7, 23)


def test_the_default_window_is_a_hundred(world):
	submit_many(world, 120)
	assert (count(world, "Queued"), count(world, "Pending")) == (100, 20)


def test_a_freed_slot_is_filled_at_once(world, window):
	window(2)
	names = submit_many(world, 5)
	end(names[0], "Completed")
	assert (count(world, "Queued"), count(world, "Pending")) == (2, 2)


def test_priority_then_age_decides_who_comes_next(world, window):
	window(1)
	(first,) = submit_many(world, 1)
	low, older, newer, critical = (
		submit_many(world, 1, priority=priority)[0] for priority in ("Low", "High", "High", "Critical")
	)
	order = []
	running = first
	for _turn in range(4):
		end(running, "Completed")
		running = frappe.db.get_value(
			"Background Job", {"organization": world.alpha, "status": "Queued"}, "name"
		)
		order.append(running)
	assert order == [critical, older, newer, low]


def test_the_wake_ups_of_one_turn_are_in_the_order_of_priority_and_age(world, window):
	window(0)
	high = submit_many(world, 2, priority="High")
	critical = submit_many(world, 3, priority="Critical")
	window(10)
	pushed = [rq_job.kwargs["kwargs"]["background_job_id"] for rq_job in queued_wake_ups("short")]
	assert pushed == [*critical, *high]


def test_a_wake_up_that_cannot_be_pushed_keeps_no_other_back(world, window):
	window(0)
	first, second = submit_many(world, 2)
	enqueue = frappe.enqueue

	def fail_once(*arguments, **named):
		if named["background_job_id"] == first:
			raise OSError("cannot be pushed")
		return enqueue(*arguments, **named)

	with patch.object(dispatcher.frappe, "enqueue", fail_once):
		window(10)
	assert not queued_wake_ups("default", first)
	assert queued_wake_ups("default", second)


def test_another_organization_is_not_held_up(world, window):
	window(3)
	submit_many(world, 50)
	job = submit(world.bob, world.beta)
	assert state(job.name)["status"] == "Queued"


def test_a_window_of_zero_holds_everything_and_opens_again(world, window):
	window(0)
	submit_many(world, 3)
	assert count(world, "Queued") == 0
	window(100)
	assert count(world, "Queued") == 3


@pytest.mark.parametrize(
	("due", "expected"), [("2026-01-01", ("Queued", "Pending")), ("2099-01-01", ("Failed", "Queued"))]
)
def test_a_retry_takes_its_place_by_the_time_it_is_due(world, window, due, expected):
	window(1)
	first, second = submit_many(world, 2)
	end(first, "Failed", ready_at=due, error_type="Transient")
	assert (state(first)["status"], state(second)["status"]) == expected


def test_suspending_holds_what_waits_and_reactivating_releases_it(world, window):
	window(1)
	first, _second = submit_many(world, 2)
	organization = frappe.get_doc("Organization", world.alpha)
	organization.status = "Suspended"
	organization.save()
	frappe.db.commit()
	end(first, "Completed")
	assert (count(world, "Queued"), count(world, "Pending")) == (0, 1)
	organization.reload()
	organization.status = "Active"
	organization.save()
	frappe.db.commit()
	assert (count(world, "Queued"), count(world, "Pending")) == (1, 0)


@pytest.mark.parametrize("what", [{}, {"queue": "default"}, {"job_type": OBLIGING}])
def test_pause_holds_and_resume_releases(world, what):
	holding.pause(**what)
	frappe.db.commit()
	try:
		submit_many(world, 3)
		assert (count(world, "Queued"), count(world, "Pending")) == (0, 3)
	finally:
		holding.resume(**what)
		frappe.db.commit()
	assert (count(world, "Queued"), count(world, "Pending")) == (3, 0)


@pytest.mark.parametrize("what", [{"queue": "long"}, {"job_type": "test_other"}])
def test_pausing_something_else_holds_nothing(world, what):
	make_job_type("test_other")
	holding.pause(**what)
	frappe.db.commit()
	try:
		submit_many(world, 1)
		assert count(world, "Queued") == 1
	finally:
		holding.resume(**what)
		frappe.db.commit()


def test_an_unknown_queue_is_named(world):
	with pytest.raises(frappe.ValidationError, match="queue: 'fast' is none of short, default, long"):
		holding.pause(queue="fast")


def test_only_system_managers_may_pause(world):
	with acting_as(world.adam), pytest.raises(frappe.PermissionError):
		holding.pause()


def test_nothing_is_dispatched_while_a_migration_runs(world):
	holding.hold_for_migration()
	try:
		submit_many(world, 2)
		assert count(world, "Queued") == 0
	finally:
		holding.release_after_migration()
	assert count(world, "Queued") == 2


def test_a_migration_that_died_is_forgotten_after_an_hour(world):
	frappe.db.set_single_value("Job Engine Settings", "migrating_since", "2026-01-01 00:00:00")
	frappe.db.commit()
	try:
		submit_many(world, 1)
		assert count(world, "Queued") == 1
	finally:
		holding.release_after_migration()


def test_the_jobs_of_a_deleted_organization_become_dead_letters(world):
	organization = frappe.get_doc({"doctype": "Organization", "org_name": world.short_lived}).insert()
	job = submit_as("Administrator", OBLIGING, organization.name, {})
	done = submit_as("Administrator", OBLIGING, organization.name, {"n": 2})
	end(done.name, "Completed")
	organization.reload().delete()
	frappe.db.commit()
	assert state(job.name)["status"] == "Dead Letter"
	assert state(job.name)["error_message"] == "Organization not found"
	assert state(done.name)["status"] == "Completed"


def test_dispatching_for_nobody_hands_over_nothing(world):
	assert dispatcher.dispatch([]) == 0


@pytest.mark.parametrize("held_up", [3, 12, 120])
def test_jobs_that_somebody_is_canceling_are_passed_over(world, window, held_up):
	window(0)
	names = submit_many(world, held_up + 2)
	with second_connection():
		with acting_as(world.alice):
			for name in names[:held_up]:
				cancel_job(name)
		# not committed: a dispatcher sees them as ready, and cannot have them
		with second_connection():
			window(100)
			is_behind_too_many = held_up > dispatcher.MAX_PASSED_OVER
			assert state(names[-1])["status"] == ("Pending" if is_behind_too_many else "Queued")
		frappe.db.rollback()
	dispatcher.dispatch_ready()
	assert (count(world, "Queued"), count(world, "Pending")) == (min(100, held_up + 2), max(0, held_up - 98))
