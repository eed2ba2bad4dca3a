from unittest.mock import patch

import frappe
import pytest
from factories import (
	acting_as,
	counted_statements,
	end,
	make_job_type,
	second_connection,
	state,
	submit,
	submit_as,
)

from dartwing.dartwing_core.background_jobs import cancel_job, config, scheduler, submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import dependencies
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter


def child_of(world, parent: str, **arguments):
	return submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=parent, **arguments)


def status(job) -> str:
	return state(job.name)["status"]


def test_a_child_starts_at_once_when_its_parent_is_completed(world):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, "Completed")
	assert status(child) == "Queued"


def test_a_child_of_a_completed_parent_starts_at_once(world):
	parent = submit()
	end(parent.name, "Completed")
	assert status(child_of(world, parent.name)) == "Queued"


@pytest.mark.parametrize("parent_status", ["Failed", "Timed Out"])
def test_a_parent_that_will_retry_keeps_its_child_waiting(world, parent_status):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, parent_status, ready_at="2099-01-01")
	assert dependencies.process_dependent_jobs() == []
	assert status(child) == "Pending"


@pytest.mark.parametrize("parent_status", ["Dead Letter", "Canceled"])
def test_a_dead_parent_takes_its_children_and_theirs_along_naming_itself(world, parent_status):
	parent = submit()
	child = child_of(world, parent.name)
	grandchild = child_of(world, child.name)
	end(parent.name, parent_status)
	assert status(child) == status(grandchild) == "Dead Letter"
	assert state(child.name)["error_message"] == f"parent {parent.name} is {parent_status}"
	theirs = f"parent {child.name} is Dead Letter: parent {parent.name} is {parent_status}"
	assert state(grandchild.name)["error_message"] == theirs


def test_what_fails_with_its_parent_quotes_the_parents_error(world):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, "Dead Letter", error_message="page 2 has no text")
	assert state(child.name)["error_message"] == f"parent {parent.name} is Dead Letter: page 2 has no text"


def test_a_parents_error_is_not_quoted_where_it_repeats_a_secret_of_the_child(world):
	parent = submit()
	secret = "kept-by-the-child"
	with acting_as(world.alice):
		child = submit_job("obliging_job", world.alpha, {"password": secret}, depends_on=parent.name)
		frappe.db.commit()
	end(parent.name, "Dead Letter", error_message=f"nobody knows {secret}")
	assert state(child.name)["error_message"] == f"parent {parent.name} is Dead Letter"


@pytest.mark.parametrize(("parent_status", "then"), [("Completed", "Queued"), ("Canceled", "Dead Letter")])
def test_a_child_that_somebody_is_canceling_keeps_no_sibling_waiting(world, parent_status, then):
	parent = submit()
	held_up, sibling = child_of(world, parent.name), child_of(world, parent.name, priority="High")
	with second_connection():
		with acting_as(world.alice):
			cancel_job(held_up.name)
		with second_connection():
			end(parent.name, parent_status)
			assert (status(held_up), status(sibling)) == ("Pending", then)
		frappe.db.rollback()
	scheduler.tick()
	assert status(held_up) == then


def test_a_child_with_a_time_of_its_own_waits_for_both(world):
	parent = submit()
	child = child_of(world, parent.name, scheduled_at="2099-01-01")
	end(parent.name, "Completed")
	assert status(child) == "Pending"
	due = times.instant_of("2099-01-01")
	assert frappe.db.get_value("Background Job", child.name, "ready_at") == due


def test_a_parent_that_ends_while_its_child_is_being_submitted_is_not_missed(world):
	parent = submit()
	with acting_as(world.alice):
		child = submit_job("obliging_job", world.alpha, {}, depends_on=parent.name)
		with second_connection():
			end(parent.name, "Completed")
		frappe.db.commit()
	assert status(child) == "Queued"


@pytest.mark.parametrize(
	("parent_status", "expected"), [("Completed", "Queued"), ("Dead Letter", "Dead Letter")]
)
def test_the_safety_net_finds_children_whose_parent_ended_unnoticed(world, parent_status, expected):
	parent = submit()
	child = child_of(world, parent.name)
	# the process died between the end of the parent and what follows from it
	frappe.db.set_value("Background Job", parent.name, "status", parent_status)
	frappe.db.commit()
	scheduler.tick()
	assert status(child) == expected


def test_retrying_a_dead_parent_brings_back_the_children_that_died_of_it(world):
	parent = submit()
	child = child_of(world, parent.name)
	grandchild = child_of(world, child.name)
	end(parent.name, "Dead Letter")
	with acting_as(world.adam):
		dead_letter.retry_job(parent.name)
		frappe.db.commit()
	assert status(parent) == "Queued"
	assert status(child) == status(grandchild) == "Pending"
	end(parent.name, "Completed")
	assert status(child) == "Queued"
	assert status(grandchild) == "Pending"


def test_retrying_the_child_of_a_dead_parent_is_refused_naming_the_parent(world):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, "Dead Letter")
	with (
		acting_as(world.adam),
		pytest.raises(frappe.ValidationError, match=f"its parent {parent.name} is Dead"),
	):
		dead_letter.retry_job(child.name)


def test_the_child_of_a_deleted_dead_parent_cannot_be_retried(world):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, "Dead Letter")
	frappe.get_doc("Background Job", parent.name).delete()
	frappe.db.commit()
	with acting_as(world.adam), pytest.raises(frappe.ValidationError, match="is deleted"):
		dead_letter.retry_job(child.name)


def test_a_child_that_died_of_itself_can_be_retried_after_its_parent_completed(world):
	parent = submit()
	child = child_of(world, parent.name)
	end(parent.name, "Completed")
	end(child.name, "Dead Letter")
	with acting_as(world.adam):
		dead_letter.retry_job(child.name)
		frappe.db.commit()
	assert status(child) == "Queued"


def test_a_child_of_a_paused_type_waits_although_its_parent_is_completed(world):
	make_job_type("test_paused", is_paused=1)
	parent = submit()
	child = submit_as(world.alice, "test_paused", world.alpha, {}, depends_on=parent.name)
	end(parent.name, "Completed")
	assert status(child) == "Pending"


def test_children_overlooked_beyond_one_batch_are_settled_in_one_tick(world):
	completed, canceled = submit(), submit()
	of_completed = [child_of(world, completed.name) for _ in range(5)]
	of_canceled = [child_of(world, canceled.name) for _ in range(5)]
	with patch.object(dependencies, "parents_ended"):
		end(completed.name, "Completed")
		end(canceled.name, "Canceled")
	with patch.dict(config.DEFAULTS, batch_size=2):
		assert dependencies.process_dependent_jobs() == [world.alpha]
	scheduler.tick()
	assert {status(child) for child in of_completed} == {"Queued"}
	assert {status(child) for child in of_canceled} == {"Dead Letter"}


def test_a_child_that_was_waiting_starts_no_earlier_than_its_own_time(world):
	parent = submit()
	child = child_of(world, parent.name, scheduled_at="2099-01-01 10:00:00")
	end(parent.name, "Completed")
	due = times.instant_of("2099-01-01 10:00:00")
	assert frappe.db.get_value("Background Job", child.name, "ready_at") == due


def test_many_children_take_no_more_statements_than_one(world):
	def statements_for(count: int, parent_status: str) -> int:
		parent = submit()
		for _ in range(count):
			child_of(world, parent.name)
		with patch.object(dependencies, "parents_ended"):
			end(parent.name, parent_status)
		with counted_statements() as statements:
			dependencies.parents_ended([parent.name])
			frappe.db.rollback()
		return len(statements)

	for parent_status in ("Completed", "Canceled"):
		assert statements_for(20, parent_status) == statements_for(1, parent_status)
