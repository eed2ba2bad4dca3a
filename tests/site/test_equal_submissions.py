"""Equal submissions that are answered with a job, or put in the place of the one that waits; debounce."""

import json
from contextlib import contextmanager
from datetime import timedelta

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	end,
	make_job_type,
	second_connection,
	state,
	submit_as,
	transitions,
)
from grouped import submit_flow

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	discard_jobs,
	retry_group,
	retry_job,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, JobStateError
from dartwing.dartwing_core.background_jobs.execution.claims import start
from dartwing.dartwing_core.background_jobs.execution.queued_jobs import read_queued
from dartwing.dartwing_core.background_jobs.submission import acceptance
from dartwing.dartwing_core.background_jobs.submission.checks import JobRequest
from dartwing.dartwing_core.background_jobs.submission.flows import Flow, Job

TYPE = "test_equal"


def rule(name: str, **values) -> None:
	make_job_type(TYPE, equal_jobs=name, equal_parameters="customer", **values)
	frappe.db.commit()


def submit(world, n: int = 1, user: str | None = None, **arguments):
	return submit_as(user or world.alice, TYPE, world.alpha, {"customer": "C", "n": n}, **arguments)


def request(world, n: int, customer: str = "C") -> dict:
	return {"job_type": TYPE, "organization": world.alpha, "parameters": {"customer": customer, "n": n}}


def unfinished() -> dict[str, int]:
	"""The unfinished jobs of the type and what they were given."""
	frappe.db.rollback()
	rows = frappe.get_all(
		"Background Job",
		{"job_type": TYPE, "status": ("not in", ["Completed", "Canceled", "Dead Letter"])},
		["name", "input_parameters"],
		order_by="creation",
	)
	return {row.name: json.loads(row.input_parameters)["n"] for row in rows}


def messages(job_id: str) -> list[str]:
	return frappe.get_all(
		"Job Execution Log", {"background_job": job_id}, pluck="message", order_by="timestamp"
	)


# --- answer existing


def test_an_equal_submission_is_answered_with_the_unfinished_job(world):
	rule("Answer Existing")
	first = submit(world, 1)
	again = submit(world, 2)
	assert (again.name, again.flags.is_existing) == (first.name, True)
	assert unfinished() == {first.name: 1}
	end(first.name, "Completed")
	third = submit(world, 3)
	assert third.name != first.name
	assert not third.flags.is_existing


def test_an_answer_holds_for_as_long_as_the_job_is_unfinished(world):
	rule("Answer Existing", deduplication_window=0)
	first = submit(world)
	end(first.name, "Running")
	frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
	frappe.db.commit()
	assert submit(world).name == first.name


def test_secrets_of_another_member_are_masked_in_the_answer(world):
	rule("Answer Existing")
	mine = {"customer": "C", "password": "geheim-1"}
	submit_as(world.alice, TYPE, world.alpha, mine)
	answer = submit_as(world.adam, TYPE, world.alpha, {"customer": "C"})
	assert "geheim-1" not in answer.input_parameters


def test_a_job_canceled_in_the_same_transaction_answers_nobody(world):
	rule("Answer Existing")
	first = submit(world)
	with acting_as(world.alice):
		cancel_job(first.name)
		second = submit_job(**request(world, 2))
		frappe.db.commit()
	assert second.name != first.name
	assert unfinished() == {second.name: 2}


@pytest.mark.parametrize("name", ["Answer Existing", "Replace Waiting"])
def test_what_others_did_since_the_callers_snapshot_counts(world, name):
	rule(name)
	first = submit(world, 1)
	frappe.db.rollback()
	frappe.db.count("Background Job")
	with second_connection():
		end(first.name, "Completed")
		second = submit(world, 2)
	with acting_as(world.alice):
		third = submit_job(**request(world, 3))
		frappe.db.commit()
	assert (third.name == second.name) is (name == "Answer Existing")
	assert len(unfinished()) == 1


# --- replace waiting


def test_what_waits_is_replaced_and_the_history_says_so(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	second = submit(world, 2, user=world.adam)
	assert unfinished() == {second.name: 2}
	assert messages(first.name)[-1] == f"replaced by {second.name}"
	assert messages(second.name)[0] == f"accepted; replaces {first.name}"
	assert frappe.db.get_value("Background Job", first.name, "canceled_by") == world.adam


@pytest.mark.parametrize("status", ["Failed", "Timed Out"])
def test_what_waits_for_its_retry_is_replaced(world, status):
	rule("Replace Waiting")
	first = submit(world, 1)
	end(first.name, status)
	second = submit(world, 2)
	assert unfinished() == {second.name: 2}


def test_one_runs_and_one_waits_for_its_end_with_the_newest_parameters(world):
	rule("Replace Waiting")
	running = submit(world, 1)
	end(running.name, "Running")
	second, third = submit(world, 2), submit(world, 3)
	assert unfinished() == {running.name: 1, third.name: 3}
	assert transitions(second.name)[-1] == ("Pending", "Canceled")
	assert state(third.name)["status"] == "Pending"
	assert frappe.db.get_value("Background Job", third.name, "ready_at") is None
	end(running.name, "Completed")
	assert state(third.name)["status"] == "Queued"
	fourth = submit(world, 4)
	assert unfinished() == {fourth.name: 4}
	end(fourth.name, "Running")
	fifth = submit(world, 5)
	end(fourth.name, "Dead Letter")
	assert state(fifth.name)["status"] == "Queued"


def wait_again(job_id: str, status: str) -> None:
	"""The attempt of a running job ends, and it waits: for its retry, or because it was snoozed."""
	frappe.db.rollback()
	job = frappe.get_doc("Background Job", job_id)
	job.transition_to(status, ready_at=times.utc_now() + timedelta(hours=1))
	follow_end(job)
	frappe.db.commit()


@pytest.mark.parametrize("status", ["Failed", "Timed Out", "Pending"])
def test_what_waits_again_while_a_newer_one_waits_steps_aside(world, status):
	rule("Replace Waiting")
	first = submit(world, 1)
	end(first.name, "Running")
	second = submit(world, 2, user=world.adam)
	wait_again(first.name, status)
	assert unfinished() == {second.name: 2}
	assert messages(first.name)[-1] == f"replaced by {second.name}"
	assert frappe.db.get_value("Background Job", first.name, "canceled_by") == world.adam
	assert state(second.name)["status"] == "Queued"


def test_what_failed_before_the_newer_one_was_committed_steps_aside(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	end(first.name, "Running")
	with acting_as(world.alice):
		second = submit_job(**request(world, 2))
		with second_connection():
			wait_again(first.name, "Failed")
			assert transitions(first.name)[-1] == ("Running", "Failed")
		frappe.db.commit()
	assert unfinished() == {second.name: 2}
	assert state(second.name)["status"] == "Queued"


def test_a_retry_that_others_depend_on_comes_before_the_newer_one(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=first.name)
	end(first.name, "Running")
	second = submit(world, 2)
	wait_again(first.name, "Failed")
	assert unfinished() == {first.name: 1, second.name: 2}
	assert state(second.name)["status"] == "Pending"
	frappe.get_doc("Background Job", first.name).transition_to("Queued", rq_job_id="a test's")
	frappe.db.commit()
	end(first.name, "Completed")
	assert state(second.name)["status"] == "Queued"


@contextmanager
def on(connection):
	before, frappe.local.db = frappe.local.db, connection
	try:
		yield
	finally:
		frappe.local.db = before


def test_the_end_of_a_job_that_was_just_being_claimed_waits_for_no_submitter(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	with second_connection():
		claimer = frappe.local.db
		start(read_queued(first.name, skip_locked=True), None)
		with second_connection():
			with acting_as(world.alice):
				second = submit_job(**request(world, 2))
			with on(claimer):
				frappe.db.commit()
				frappe.db.sql("set session innodb_lock_wait_timeout = 1")
				frappe.get_doc("Background Job", first.name).transition_to("Completed")
				frappe.db.commit()
			frappe.db.commit()
	assert unfinished() == {second.name: 2}
	assert state(second.name)["status"] == "Queued"


def test_a_job_with_parents_of_its_own_still_needs_their_success(world):
	rule("Replace Waiting")
	running = submit(world, 1)
	end(running.name, "Running")
	parent = submit_as(world.alice, "obliging_job", world.alpha, {})
	child = submit(world, 2, depends_on=parent.name)
	end(running.name, "Dead Letter")
	assert state(child.name)["status"] == "Pending"
	end(parent.name, "Dead Letter")
	assert state(child.name)["status"] == "Dead Letter"


def test_a_rollback_leaves_the_former_one_as_it_was(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	before = frappe.get_doc("Background Job", first.name).as_dict()
	with acting_as(world.alice):
		submit_job(**request(world, 2))
		frappe.db.rollback()
		frappe.db.savepoint("a_test")
		submit_job(**request(world, 3))
		frappe.db.rollback(save_point="a_test")
		frappe.db.commit()
	assert frappe.get_doc("Background Job", first.name).as_dict() == before
	assert unfinished() == {first.name: 1}
	assert submit(world, 4).name in unfinished()
	assert len(unfinished()) == 1


def test_several_submissions_of_one_transaction_leave_the_last(world):
	rule("Replace Waiting")
	with acting_as(world.alice):
		for n in range(4):
			last = submit_job(**request(world, n))
		frappe.db.commit()
	assert unfinished() == {last.name: 3}


def test_a_refused_submission_replaces_nothing(world):
	rule("Replace Waiting", rate_limit=1, rate_limit_window=3600)
	first = submit(world, 1)
	with acting_as(world.alice):
		with pytest.raises(frappe.RateLimitExceededError):
			submit_job(**request(world, 2))
		frappe.db.commit()
	assert unfinished() == {first.name: 1}


def test_a_job_that_others_depend_on_is_not_replaced(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=first.name)
	second = submit(world, 2)
	assert unfinished() == {first.name: 1, second.name: 2}
	assert state(second.name)["depends_on"] == [first.name]
	third = submit(world, 3)
	assert unfinished() == {first.name: 1, third.name: 3}


def test_where_neither_may_be_replaced_the_submission_is_refused(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	end(first.name, "Running")
	second = submit(world, 2)
	submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=second.name)
	with pytest.raises(DuplicateJobError) as error:
		submit(world, 3)
	assert error.value.existing_job_id == second.name


def test_a_dead_letter_is_not_retried_while_a_newer_one_is_unfinished(world):
	rule("Replace Waiting")
	first = submit(world, 1)
	end(first.name, "Dead Letter")
	second = submit(world, 2)
	with acting_as(world.adam):
		with pytest.raises(JobStateError, match=second.name):
			retry_job(first.name)
		frappe.db.rollback()
	end(second.name, "Completed")
	with acting_as(world.adam):
		retry_job(first.name)
		frappe.db.commit()
	third = submit(world, 3)
	assert unfinished() == {third.name: 3}


# --- allow, bulks, flows


def test_equal_jobs_are_allowed(world):
	rule("Allow", deduplication_window=300)
	assert submit(world).name != submit(world).name
	assert len(unfinished()) == 2


@pytest.mark.parametrize(("name", "kept"), [("Answer Existing", 1), ("Replace Waiting", 3)])
def test_of_equal_ones_in_a_bulk_one_stands_for_all(world, name, kept):
	rule(name)
	requests = [request(world, n) for n in (1, 2, 3)]
	with acting_as(world.alice):
		jobs = submit_jobs([*requests[:2], request(world, 9, "D"), requests[2]])
		frappe.db.commit()
	(of_c,) = {job.name for job in (jobs[0], jobs[1], jobs[3])}
	assert unfinished() == {of_c: kept, jobs[2].name: 9}
	assert [bool(job.flags.is_existing) for job in jobs] == (
		[False, True, False, True] if kept == 1 else [True, True, False, False]
	)


@pytest.mark.parametrize("name", ["Answer Existing", "Replace Waiting"])
def test_an_equal_member_of_a_flow_is_refused(world, name):
	rule(name)
	first = submit(world, 1)
	with acting_as(world.alice), pytest.raises(DuplicateJobError) as error:
		Flow("A test", Job(TYPE, {"customer": "C", "n": 2})).submit(world.alpha)
	assert error.value.existing_job_id == first.name
	assert unfinished() == {first.name: 1}


def test_a_member_of_a_flow_is_not_replaced(world):
	rule("Replace Waiting")
	with acting_as(world.alice):
		member = Flow("A test", Job(TYPE, {"customer": "C", "n": 1})).submit(world.alpha).jobs[0]
		frappe.db.commit()
	second = submit(world, 2)
	assert unfinished() == {member.name: 1, second.name: 2}
	assert state(second.name)["depends_on"] == [member.name]


# --- debounce


def waits(job_id: str) -> float:
	"""For how many seconds from now on the job is not started."""
	frappe.db.rollback()
	ready_at = frappe.db.get_value("Background Job", job_id, "ready_at")
	return (ready_at - times.utc_now()).total_seconds()


@pytest.mark.parametrize("name", ["Answer Existing", "Replace Waiting"])
def test_a_debounced_job_waits_for_quiet_but_no_longer_than_it_may(world, name):
	rule(name, debounce_seconds=100, debounce_longest_wait=150)
	first = submit(world, 1)
	assert state(first.name)["status"] == "Pending"
	assert 90 < waits(first.name) <= 100
	second = submit(world, 2)
	assert (second.name == first.name) is (name == "Answer Existing")
	since = times.utc_now() - timedelta(seconds=100)
	frappe.db.set_value("Background Job", second.name, "debounced_since", since, update_modified=False)
	frappe.db.commit()
	third = submit(world, 3)
	assert 40 < waits(third.name) <= 50
	assert len(unfinished()) == 1


def test_debounce_goes_on_after_the_end_of_the_one_that_runs(world):
	rule("Replace Waiting", debounce_seconds=100, debounce_longest_wait=150)
	first = submit(world, 1)
	frappe.db.set_value("Background Job", first.name, "status", "Running", update_modified=False)
	frappe.db.commit()
	second = submit(world, 2)
	end(first.name, "Completed")
	assert 90 < waits(second.name) <= 100
	assert state(second.name)["status"] == "Pending"


@pytest.mark.parametrize(
	"values",
	[
		{"equal_jobs": "Refuse", "debounce_seconds": 5, "debounce_longest_wait": 9},
		{"equal_jobs": "Replace Waiting", "debounce_seconds": 5, "debounce_longest_wait": 4},
	],
)
def test_a_debounce_that_cannot_be_kept_is_refused(world, values):
	with pytest.raises(frappe.ValidationError, match="Debounce"):
		make_job_type("test_equal_wrong", **values)


def dead_flow(world) -> tuple[str, list[str]]:
	"""A group of a job, one of another type, an equal one, and one at the end; the first is a dead letter."""
	first, between, last = Job(TYPE, {"customer": "C"}), Job(OBLIGING, {}), Job(TYPE, {"customer": "C"})
	made = submit_flow(Flow("Sync", first >> between >> last, on_end=Job(TYPE, {"customer": "C"})))
	members = [job.name for job in made.jobs]
	end(members[0], "Dead Letter")
	return made.group_id, [*members, made.on_end.name]


def test_a_flow_with_equal_jobs_is_retried_whole(world):
	rule("Replace Waiting")
	group, names = dead_flow(world)
	assert [state(name)["status"] for name in names[:3]] == ["Dead Letter"] * 3
	lone = submit(world, 9)
	with acting_as(world.adam):
		assert retry_group(group)["refused"] == {}
		frappe.db.commit()
	assert not {state(name)["status"] for name in names[:3]} - {"Pending", "Queued"}
	assert state(lone.name)["status"] in ("Pending", "Queued")


@pytest.mark.parametrize("equal_jobs", ["Refuse", "Replace Waiting"])
def test_of_a_flow_that_is_retried_the_first_jobs_alone_keep_equal_ones_out(world, equal_jobs):
	rule(equal_jobs, deduplication_window=300)
	group, names = dead_flow(world)
	with acting_as(world.adam):
		assert retry_group(group)["refused"] == {}
		frappe.db.commit()
	keys = [frappe.db.get_value("Background Job", name, "deduplication_key") for name in names]
	assert [bool(key) for key in keys] == [True, False, False, False]


def test_a_job_at_the_end_of_a_group_is_retried_beside_an_equal_one(world):
	rule("Replace Waiting")
	_group, names = dead_flow(world)
	with acting_as(world.adam):
		discard_jobs("not needed", job_ids=names[:1])
		frappe.db.commit()
	end(names[-1], "Dead Letter")
	submit(world, 9)
	with acting_as(world.adam):
		retry_job(names[-1])
		frappe.db.commit()
	assert state(names[-1])["status"] in ("Pending", "Queued")


def test_a_member_waits_for_no_equal_job_that_starts_after_the_end_of_its_group(world):
	"""Neither would ever start."""
	rule("Replace Waiting")
	made = submit_flow(Flow("Scan", Job(OBLIGING, {}), on_end=Job(OBLIGING, {"n": 1})))
	after_the_end = submit(world, 1, depends_on=made.on_end.name)
	# it has a child, and is not replaced
	submit_as(world.alice, OBLIGING, world.alpha, {"n": 2}, depends_on=after_the_end.name)
	with acting_as(world.alice):
		with pytest.raises(DuplicateJobError) as error:
			acceptance.accept([JobRequest(TYPE, world.alpha, {"customer": "C"})], [""], group=made.group_id)
		frappe.db.rollback()
	assert (error.value.existing_job_id, error.value.status) == (after_the_end.name, "Pending")


@pytest.mark.parametrize("name", ["Answer Existing", "Replace Waiting"])
@pytest.mark.parametrize("rehearsed", [0, 1])
def test_no_job_of_a_bulk_stands_for_a_dry_run(world, name, rehearsed):
	rule(name)
	requests = [request(world, n) for n in (1, 2)]
	requests[rehearsed]["dry_run"] = True
	with acting_as(world.alice):
		jobs = submit_jobs(requests)
		frappe.db.commit()
	assert [bool(job.is_dry_run) for job in jobs] == [rehearsed == 0, rehearsed == 1]
	assert not any(job.flags.is_existing for job in jobs)
	assert len({job.name for job in jobs}) == 2
