"""Steps: what one writes and the record of it are one commit, and are made once for the life of the job."""

import json

import frappe
import pytest
from factories import (
	MARKER,
	STEPPING,
	acting_as,
	changed,
	counted_statements,
	people_written,
	state,
	stepping_type,
	submit_stepping,
	transitions,
	written_in_steps,
)

from dartwing.dartwing_core.background_jobs import get_job_steps, retry_job, retry_jobs, scheduler
from dartwing.dartwing_core.background_jobs.executor import execute_job
from dartwing.dartwing_core.background_jobs.steps.results import ResultType
from dartwing.dartwing_core.background_jobs.upkeep import retention


@pytest.fixture(autouse=True)
def _job_type(world, _clean):
	with stepping_type(world):
		yield


def run_again(job_id: str) -> None:
	frappe.db.set_value("Background Job", job_id, "ready_at", "2026-01-01")
	frappe.db.commit()
	scheduler.tick()
	execute_job(job_id)


def run_twice(world, how: str, **parameters):
	job = submit_stepping(how, **parameters)
	execute_job(job.name)
	assert (state(job.name)["status"], state(job.name)["error_message"]) == ("Failed", "not yet")
	run_again(job.name)
	return job


def steps_of(job_id: str, *fields: str) -> list[tuple]:
	frappe.db.rollback()
	return [tuple(step[field] for field in fields) for step in get_job_steps(job_id)["steps"]]


def test_a_step_is_done_once_and_the_next_attempt_is_given_its_result(world):
	job = run_twice(world, "two_steps")
	end = state(job.name)
	assert end["status"] == "Completed"
	assert written_in_steps() == ["first", "second"]
	assert set(end["result"].values()) == set(
		frappe.get_all("Person", {"first_name": ("like", f"{MARKER}: %")}, pluck="name")
	)
	assert steps_of(job.name, "step", "is_done", "attempt") == [("first", True, 1), ("second", True, 2)]


def test_what_a_step_wrote_is_there_although_the_attempt_failed(world):
	job = submit_stepping("two_steps")
	execute_job(job.name)
	assert state(job.name)["status"] == "Failed"
	assert written_in_steps() == ["first"]


def test_a_result_comes_back_as_the_type_that_its_function_declares(world):
	job = run_twice(world, "a_typed_result")
	assert state(job.name)["result"] == {
		"is_scan": True,
		"found": "Scan(pages=(0, 1), on=datetime.date(2026, 11, 29), price=Decimal('0.10'))",
	}


def test_a_result_of_no_declared_type_is_its_json_in_every_attempt(world):
	job = run_twice(world, "an_untyped_result")
	assert state(job.name)["result"] == [1, "2026-11-29"]


def test_rows_as_frappe_gives_them_are_kept():
	text, returned = ResultType("rows", frappe.get_all).kept(
		[frappe._dict(name="Ada", tags=(1, frappe._dict(a=2)))]
	)
	assert json.loads(text) == returned == [{"name": "Ada", "tags": [1, {"a": 2}]}]


def test_what_a_failing_step_wrote_is_undone(world):
	job = submit_stepping("fail_in_a_step")
	execute_job(job.name)
	assert (state(job.name)["status"], state(job.name)["error_message"]) == ("Failed", "after writing")
	assert written_in_steps() == ["first"]
	assert steps_of(job.name, "step") == [("first",)]


def test_a_handler_may_catch_the_error_of_a_step_and_go_on(world):
	job = submit_stepping("catch_the_error_of_a_step")
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert written_in_steps() == ["after the steps", "instead"]


@pytest.mark.parametrize(
	"how", ["go_through", "go_through_by_key", "go_through_what_a_function_finds", "go_through_in_one_commit"]
)
def test_items_go_on_behind_the_last_one_that_was_committed(world, how):
	job = run_twice(world, how)
	assert state(job.name)["status"] == "Completed"
	assert written_in_steps() == [f"item {number}" for number in range(6)]
	assert steps_of(job.name, "step", "is_done", "items_done") == [("items", True, 6)]


def test_people_see_how_far_a_step_has_come(world):
	job = submit_stepping("go_through")
	execute_job(job.name)
	assert steps_of(job.name, "is_done", "items_done", "items_total") == [(False, 3, 6)]
	assert written_in_steps() == ["item 0", "item 1", "item 2"]


def test_an_item_that_is_gone_is_not_guessed(world):
	job = run_twice(world, "miss_the_last_item")
	end = state(job.name)
	assert end["status"] == "Dead Letter"
	assert "the item 'item 2', which was done last, is not among its items" in end["error_message"]


def test_a_canceled_step_leaves_nothing(world):
	job = submit_stepping("cancel_in_a_step")
	execute_job(job.name)
	assert state(job.name)["status"] == "Canceled"
	assert written_in_steps() == ["first"]
	assert steps_of(job.name, "step") == [("first",)]


def test_a_step_that_swallows_its_timeout_leaves_nothing(world):
	with changed("Job Type", STEPPING, default_timeout=1):
		job = submit_stepping("swallow_the_timeout_in_a_step")
	execute_job(job.name)
	assert state(job.name)["status"] == "Timed Out"
	assert written_in_steps() == ["first"]
	run_again(job.name)
	assert state(job.name)["status"] == "Completed"
	assert written_in_steps() == ["first", "second"]


def test_what_was_undone_or_committed_before_a_step_is_no_write_before_it(world):
	job = submit_stepping("end_all_writes_before_a_step")
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed", state(job.name)["error_message"]
	assert written_in_steps() == ["committed", "first", "second", "third"]


@pytest.mark.parametrize(
	("how", "message"),
	[
		("use_a_name_twice", "step 'first': it begins a second time"),
		("begin_within_a_step", "step 'inner': it begins before step 'outer' has ended"),
		("write_before_a_step", "step 'first': something was written before it, outside of every step"),
		("write_before_a_step_and_undo_more", "step 'first': something was written before it, outside"),
		("change_tables_before_a_step", "step 'first': something was written before it, outside of every"),
		("submit_before_a_step", "step 'first': something was written before it, outside of every step"),
		("write_between_a_loop_and_its_items", "step 'items': something was written before it, outside"),
		("begin_two_loops", "step 'others': it begins before step 'items' has ended"),
		("begin_in_a_thread", "step 'first': it must begin in the thread and on the connection"),
		("begin_on_another_connection", "step 'first': it must begin in the thread and on the connection"),
		("connect_within_a_step", "step 'first': it has changed the connection"),
		("connect_between_items", "step 'items': it has changed the connection"),
		("return_what_is_too_large", "step 'first': its result cannot be kept: 1048578 bytes of JSON"),
		("return_what_is_no_json", "step 'first': its result cannot be kept"),
		("return_another_type", "step 'first': its result cannot be kept"),
		("declare_what_cannot_be_kept", "step 'first': its result cannot be kept"),
		("have_too_many", "step 'step 1000': a job has at most 1000 steps"),
		("leave_the_loop", "step 'next': it begins before step 'items' has ended"),
		("give_a_key_that_is_none", "step 'items': the key of an item must be an int or a str, not None"),
		("find_the_same_again", "step 'items': its function must return the items behind 'item 0'"),
		("give_no_key_to_a_function", "step 'items': items that are found by a function need a key"),
	],
)
def test_what_cannot_be_kept_is_refused_by_name(world, how, message):
	job = submit_stepping(how)
	execute_job(job.name)
	end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Dead Letter", "Permanent")
	assert end["error_message"].startswith(message)
	assert set(written_in_steps()) <= {"first", "item 0"}


@pytest.mark.parametrize("name", [None, 7, "", "x" * 141, "<b>bold</b>", "the word is hunter2", "\ud800"])
def test_the_name_of_a_step_is_plain_and_tells_no_secret(world, name):
	job = submit_stepping("name_it_badly", name=name if name != "\ud800" else None, password="hunter2")
	execute_job(job.name)
	assert state(job.name)["status"] == "Dead Letter"
	assert "its name must be" in state(job.name)["error_message"]
	assert written_in_steps() == []


def dead_letter_behind_a_step(world) -> str:
	job = submit_stepping("two_steps")
	frappe.db.set_value("Background Job", job.name, {"max_retries": 0, "checkpoint": '{"page": 7}'})
	frappe.db.commit()
	execute_job(job.name)
	assert state(job.name)["status"] == "Dead Letter"
	return job.name


def test_a_retried_dead_letter_goes_on_behind_its_steps(world):
	job_id = dead_letter_behind_a_step(world)
	with acting_as(world.adam):
		retry_job(job_id)
	frappe.db.commit()
	assert steps_of(job_id, "step") == [("first",)]
	assert frappe.db.get_value("Background Job", job_id, "checkpoint") == '{"page": 7}'


@pytest.mark.parametrize(
	"retry",
	[lambda job_id: retry_job(job_id, begin_anew=True), lambda job_id: retry_jobs([job_id], begin_anew=True)],
	ids=["one", "many"],
)
def test_a_retried_dead_letter_may_begin_anew(world, retry):
	job_id = dead_letter_behind_a_step(world)
	with acting_as(world.adam):
		retry(job_id)
	frappe.db.commit()
	assert steps_of(job_id, "step") == []
	assert frappe.db.get_value("Background Job", job_id, "checkpoint") is None


def test_steps_go_with_their_job(world):
	job = submit_stepping("fail_in_a_step")
	execute_job(job.name)
	frappe.db.set_value("Background Job", job.name, "status", "Completed")
	frappe.db.sql("update `tabBackground Job` set modified = '2020-01-01' where name = %s", (job.name,))
	frappe.db.commit()
	retention.cleanup_old_jobs(30)
	frappe.db.rollback()
	assert frappe.db.count("Job Step", {"background_job": job.name}) == 0


@pytest.mark.parametrize("field", ["result", "last_key"])
def test_what_is_kept_for_the_next_attempt_is_shown_to_nobody(world, field):
	job = submit_stepping("go_through_by_key" if field == "last_key" else "two_steps")
	execute_job(job.name)
	frappe.db.rollback()
	row = frappe.db.get_value("Job Step", {"background_job": job.name}, ["name", field], as_dict=True)
	assert row[field]
	for user in (world.manager, "Administrator"):
		with acting_as(user):
			document = frappe.get_doc("Job Step", row.name)
			document.apply_fieldlevel_read_permissions()
			assert document.get(field) is None
	for user in (world.adam, world.bob):
		with acting_as(user):
			assert not frappe.has_permission("Job Step", "read")


def test_nobody_outside_the_organization_sees_steps(world):
	job = submit_stepping("fail_in_a_step")
	execute_job(job.name)
	with acting_as(world.alice):
		assert [step["step"] for step in get_job_steps(job.name)["steps"]] == ["first"]
	for stranger in (world.bob, world.nobody):
		with acting_as(stranger), pytest.raises(frappe.DoesNotExistError):
			get_job_steps(job.name)


def test_a_job_that_gets_on_is_no_poison_pill(world):
	job = submit_stepping("two_steps")
	frappe.db.set_value("Background Job", job.name, "worker_deaths", 2)
	frappe.db.commit()
	execute_job(job.name)
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job.name, "worker_deaths") == 0
	assert transitions(job.name)[-1] == ("Running", "Failed")
	assert people_written() == 1


def statements_of(world, steps: int) -> list[str]:
	job = submit_stepping("in_many_steps", steps=steps)
	with counted_statements() as sent:
		execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	return sent


def test_a_step_costs_a_lock_a_record_and_a_commit(world):
	statements_of(world, 1)
	without, one, many = (statements_of(world, steps) for steps in (0, 1, 11))
	# Frappe begins the next transaction with a statement of its own
	assert len(many) - len(one) <= 10 * 4, many
	assert not [text for text in without if "Job Step" in text]
