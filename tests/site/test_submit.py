from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, World, acting_as, make_job_type, queued_wake_ups, state, submit, transitions
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import generate_job_hash, submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher

ALL_QUEUES = ("short", "default", "long")


def count_jobs() -> int:
	return frappe.db.count("Background Job", {"organization": ("in", [World.alpha, World.beta])})


def wake_ups() -> int:
	return sum(len(queued_wake_ups(queue)) for queue in ALL_QUEUES)


def test_a_committed_submission_is_queued_and_pushed_once(world):
	job = submit()
	assert state(job.name)["status"] == "Queued"
	assert transitions(job.name) == [(None, "Pending"), ("Pending", "Queued")]
	assert len(queued_wake_ups("default", job.name)) == 1


def test_a_rolled_back_submission_leaves_no_row_and_no_rq_job(world):
	before = count_jobs(), wake_ups()
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.rollback()
		frappe.db.commit()
	assert (count_jobs(), wake_ups()) == before
	assert transitions(job.name) == []


def test_nothing_is_pushed_and_nothing_committed_before_the_caller_commits(world):
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
	assert wake_ups() == 0
	frappe.db.rollback()
	assert count_jobs() == 0


def test_a_submission_undone_to_a_savepoint_leaves_no_row_and_harms_no_other(world):
	with acting_as(world.alice):
		kept = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.savepoint("before_second")
		undone = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.rollback(save_point="before_second")
		frappe.db.commit()
	assert not frappe.db.exists("Background Job", undone.name)
	assert transitions(undone.name) == []
	assert state(kept.name)["status"] == "Queued"


@pytest.mark.parametrize(
	("priority", "queue"),
	[("Critical", "short"), ("High", "short"), ("Normal", "default"), ("Low", "long")],
)
def test_priority_chooses_the_queue(world, priority, queue):
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, priority=priority)
		frappe.db.commit()
	assert len(queued_wake_ups(queue, job.name)) == 1


def test_critical_goes_before_what_waits_in_its_queue(world):
	names = []
	with acting_as(world.alice):
		for priority in ("High", "Critical"):
			names.append(submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, priority=priority).name)
			frappe.db.commit()
	waiting = [job.kwargs["kwargs"]["background_job_id"] for job in queued_wake_ups("short")]
	assert waiting == [names[1], names[0]]


def test_the_job_types_defaults_are_taken_and_zero_is_a_value(world):
	make_job_type("test_defaults", default_timeout=77, max_retries=0, default_priority="Low")
	with acting_as(world.alice):
		job = submit_job("test_defaults", world.alpha, {"mode": "succeed"})
	row = frappe.db.get_value(
		"Background Job", job.name, ["timeout_seconds", "max_retries", "priority", "owner_user"], as_dict=True
	)
	assert row == {"timeout_seconds": 77, "max_retries": 0, "priority": "Low", "owner_user": world.alice}


def test_ids_are_of_the_year_and_grow(world):
	first, second = (submit_job(OBLIGING, world.alpha, {"mode": "succeed"}) for _ in range(2))
	year = now_datetime().year
	assert first.name.startswith(f"JOB-{year}-")
	assert int(second.name.split("-")[2]) > int(first.name.split("-")[2])
	assert len(first.name.split("-")[2]) >= 5


def test_dates_and_decimals_are_fine_in_parameters(world):
	parameters = {
		"mode": "succeed",
		"day": date(2026, 1, 2),
		"at": datetime(2026, 1, 2, 3, 4, 5, 678),
		"price": Decimal("1.10"),
	}
	job = submit_job(OBLIGING, world.alpha, parameters)
	stored = frappe.parse_json(frappe.db.get_value("Background Job", job.name, "input_parameters"))
	assert stored["day"] == "2026-01-02"
	assert stored["at"] == "2026-01-02 03:04:05.000678"
	assert float(stored["price"]) == 1.1
	assert job.job_hash == generate_job_hash(OBLIGING, world.alpha, parameters)


def test_an_offset_in_scheduled_at_is_converted_to_the_sites_time(world):
	due = datetime.now(timezone.utc) + timedelta(hours=1)
	job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, scheduled_at=due.isoformat())
	stored = frappe.db.get_value("Background Job", job.name, "scheduled_at")
	assert abs(stored - (now_datetime() + timedelta(hours=1))) < timedelta(seconds=30)


def test_a_job_for_later_is_not_dispatched(world):
	with acting_as(world.alice):
		job = submit_job(
			OBLIGING, world.alpha, {"mode": "succeed"}, scheduled_at=now_datetime() + timedelta(hours=1)
		)
		frappe.db.commit()
	assert state(job.name)["status"] == "Pending"
	assert wake_ups() == 0


def test_a_child_of_an_unfinished_job_is_not_dispatched(world):
	parent = submit()
	with acting_as(world.alice):
		child = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent.name)
		frappe.db.commit()
	assert state(child.name)["status"] == "Pending"
	assert state(parent.name)["status"] == "Queued"


# --- refusals: each names the argument and the value, and nothing is written


def refused(world, exception, *words, user=None, **arguments):
	request = {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}
	before = count_jobs()
	with acting_as(user or world.alice):
		with pytest.raises(exception) as error:
			submit_job(**{**request, **arguments})
		frappe.db.commit()
	for word in words:
		assert word in str(error.value), str(error.value)
	assert count_jobs() == before
	assert wake_ups() == 0


def test_an_unknown_job_type_is_refused(world):
	refused(world, frappe.DoesNotExistError, "job_type", "'nonsense'", job_type="nonsense")


def test_a_disabled_job_type_is_refused(world):
	make_job_type("test_disabled", is_enabled=0)
	refused(
		world, frappe.ValidationError, "job_type", "'test_disabled'", "disabled", job_type="test_disabled"
	)


def test_an_organization_of_others_and_an_unknown_one_get_the_same_answer(world):
	for organization in (world.beta, "Nowhere"):
		refused(
			world,
			frappe.PermissionError,
			f"organization: you are not an active member of '{organization}'",
			organization=organization,
		)


def test_an_unknown_organization_is_named_to_a_system_manager(world):
	refused(
		world,
		frappe.DoesNotExistError,
		"organization",
		"'Nowhere'",
		user=world.manager,
		organization="Nowhere",
	)


@pytest.mark.parametrize("status", ["Inactive", "Suspended", "Dissolved"])
def test_an_organization_that_is_not_active_is_refused(world, status):
	frappe.db.set_value("Organization", world.alpha, "status", status)
	try:
		refused(world, frappe.ValidationError, "organization", status)
	finally:
		frappe.db.set_value("Organization", world.alpha, "status", "Active")
		frappe.db.commit()


@pytest.mark.parametrize(
	("user", "error"),
	[(World.alice, frappe.PermissionError), ("Administrator", frappe.DoesNotExistError)],
)
def test_a_name_that_only_the_database_takes_for_the_organizations_is_refused(world, user, error):
	assert frappe.db.exists("Organization", world.alpha.upper())
	with acting_as(user), pytest.raises(error, match="organization: "):
		submit_job(OBLIGING, world.alpha.upper(), {})


@pytest.mark.parametrize("status", ["Inactive", "Pending"])
def test_a_member_who_is_not_active_is_refused(world, status):
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	frappe.db.set_value("Org Member", {"person": person}, "status", status)
	try:
		refused(world, frappe.PermissionError, "organization")
	finally:
		frappe.db.set_value("Org Member", {"person": person}, "status", "Active")
		frappe.db.commit()


def test_who_may_not_create_what_the_type_requires_is_refused(world):
	make_job_type("test_requires", requires_permission="Job Type")
	refused(world, frappe.PermissionError, "job_type", "Job Type", job_type="test_requires")


def test_an_unknown_priority_is_refused(world):
	refused(world, frappe.ValidationError, "priority", "'Urgent'", "Critical", priority="Urgent")


@pytest.mark.parametrize("parameters", [[1], "text", 5, True])
def test_parameters_that_are_no_object_are_refused(world, parameters):
	refused(world, frappe.ValidationError, "parameters", type(parameters).__name__, parameters=parameters)


def test_parameters_over_a_mebibyte_are_refused_and_just_below_accepted(world):
	refused(world, frappe.ValidationError, "parameters", "1048576", parameters={"a": "x" * 1024 * 1024})
	submit_job(OBLIGING, world.alpha, {"a": "x" * (1024 * 1024 - len('{"a":""}'))})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_parameters_that_are_no_json_are_refused(world, value):
	refused(world, frappe.ValidationError, "parameters", "JSON", parameters={"a": value})


def test_an_unknown_parent_and_one_of_others_get_the_same_answer(world):
	foreign = submit(world.bob, world.beta)
	for queue in ALL_QUEUES:
		for wake_up in queued_wake_ups(queue):
			wake_up.delete()
	for parent in (foreign.name, "JOB-0000-0"):
		refused(world, frappe.DoesNotExistError, f"depends_on: no job '{parent}'", depends_on=parent)


def test_a_dead_parent_is_refused(world):
	parent = submit()
	doc = frappe.get_doc("Background Job", parent.name)
	doc.transition_to("Canceled")
	frappe.db.commit()
	for wake_up in queued_wake_ups("default"):
		wake_up.delete()
	refused(world, frappe.ValidationError, "depends_on", parent.name, "Canceled", depends_on=parent.name)


@pytest.mark.parametrize("value", ["0001-01-01T12:00:00", "1970-01-01T00:00:00"])
def test_a_time_long_ago_is_now(world, window, value):
	window(0)
	older = submit()
	with acting_as(world.alice):
		long_ago = submit_job(OBLIGING, world.alpha, {"mode": "succeed", "n": 1}, scheduled_at=value)
		frappe.db.commit()
	window(1)
	dispatcher.dispatch_ready()
	assert (state(older.name)["status"], state(long_ago.name)["status"]) == ("Queued", "Pending")
	window(2)
	dispatcher.dispatch_ready()
	assert (state(older.name)["status"], state(long_ago.name)["status"]) == ("Queued", "Queued")


def test_a_time_that_clients_cannot_be_told_is_refused(world):
	"""West of Greenwich the last moment of the year 9999 has no time in UTC."""
	with patch.object(times, "get_system_timezone", lambda: "America/New_York"):
		refused(world, frappe.ValidationError, "scheduled_at", "9999", scheduled_at="9999-12-31T23:59:59")


@pytest.mark.parametrize("value", ["tomorrow", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_wrong_time_is_refused(world, value):
	refused(world, frappe.ValidationError, "scheduled_at", repr(value), scheduled_at=value)


@pytest.mark.parametrize("name", ["job_type", "organization"])
def test_names_that_are_no_text_are_refused(world, name):
	refused(world, frappe.ValidationError, name, "dict", **{name: {"like": "%"}})


# --- many at once


def test_a_thousand_jobs_are_accepted_at_once(world):
	with acting_as(world.alice):
		jobs = submit_jobs(
			[
				{"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed", "n": n}}
				for n in range(1000)
			]
		)
	assert count_jobs() == 1000
	assert frappe.db.count("Job Execution Log", {"organization": world.alpha}) == 1000
	assert len({job.name for job in jobs}) == 1000
	stored = frappe.db.get_value("Background Job", jobs[7].name, "input_parameters")
	assert frappe.parse_json(stored)["n"] == 7


def test_of_a_thousand_jobs_none_is_accepted_when_one_is_wrong(world):
	jobs = [
		{"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed", "n": n}}
		for n in range(1000)
	]
	jobs[998] = {**jobs[998], "priority": "Urgent"}
	with acting_as(world.alice):
		with pytest.raises(frappe.ValidationError, match=r"jobs\[998\].priority: 'Urgent'"):
			submit_jobs(jobs)
		frappe.db.commit()
	assert count_jobs() == 0
	assert wake_ups() == 0


def test_optional_arguments_may_differ_within_a_bulk(world):
	later = now_datetime() + timedelta(hours=1)
	first, second = submit_jobs(
		[
			{"job_type": OBLIGING, "organization": world.alpha},
			{"job_type": OBLIGING, "organization": world.alpha, "scheduled_at": later, "priority": "High"},
		]
	)
	assert frappe.db.get_value("Background Job", first.name, ["scheduled_at", "priority"]) == (None, "Normal")
	assert frappe.db.get_value("Background Job", second.name, ["scheduled_at", "priority"]) == (later, "High")


@pytest.mark.parametrize(
	("jobs", "message"),
	[
		("text", "jobs: must be a list"),
		(["text"], r"jobs\[0\]: must be an object"),
		([{"job_type": OBLIGING}], r"jobs\[0\].organization: is missing"),
		(
			[{"job_type": OBLIGING, "organization": "Alpha Test Org", "delay": 5}],
			r"jobs\[0\].delay: there is no",
		),
		([{}] * 10_001, "jobs: at most 10000 at once"),
	],
)
def test_wrong_bulk_arguments_are_named(world, jobs, message):
	with pytest.raises(frappe.ValidationError, match=message):
		submit_jobs(jobs)


def test_an_empty_bulk_is_accepted(world):
	assert submit_jobs([]) == []
