"""Schedules over REST: what admins of their organization do, and what everybody else cannot."""

import re

import frappe
import pytest
from answers import UTC, error, message
from factories import OBLIGING
from scheduled import jobs_of, make_schedule, row_of, set_due, start_due

API = "dartwing.dartwing_core.api.schedules"
UNKNOWN = "SCH-1999-00001"
CHANGES = {
	"update_schedule": {"title": "Mine"},
	"pause_schedule": {},
	"resume_schedule": {},
	"delete_schedule": {},
	"backfill_schedule": {"start": "2026-01-01", "end": "2026-01-01"},
}


def test_a_schedule_from_beginning_to_end(adam, alice, world):
	made = message(
		adam.call(
			f"{API}.create_schedule",
			title="Nightly scan",
			organization=world.alpha,
			job_type=OBLIGING,
			parameters={"mode": "succeed"},
			cron="30 2 * * mon-fri",
			time_zone="Europe/Berlin",
		)
	)
	name = made["schedule_id"]
	assert re.fullmatch(r"SCH-\d{4}-\d{5,}", name)
	assert (made["cron"], made["kind"], made["run_as"]) == ("30 2 * * MON-FRI", "Cron", world.adam)
	assert len(made["next_times"]) == 5
	assert all(re.fullmatch(UTC, time) for time in made["next_times"])
	assert made["next_slot"] == made["next_times"][0]
	hourly = message(adam.call(f"{API}.update_schedule", schedule_id=name, interval_seconds=3600))
	assert (hourly["kind"], hourly["cron"], hourly["interval_seconds"]) == ("Interval", None, 3600)
	assert message(adam.call(f"{API}.pause_schedule", schedule_id=name))["next_times"] == []
	message(adam.call(f"{API}.resume_schedule", schedule_id=name))
	slot = set_due(name)
	start_due()
	seen = message(alice.ask(f"{API}.get_schedule", schedule_id=name))
	(job,) = jobs_of(name)
	assert [(one["outcome"], one["job"]) for one in seen["last_slots"]] == [("submitted", job.name)]
	assert seen["last_job"] == job.name
	page = message(alice.ask(f"{API}.list_schedules"))
	assert ([one["schedule_id"] for one in page["schedules"]], page["total"]) == ([name], 1)
	time = f"{slot.isoformat()}Z"
	answer = message(adam.call(f"{API}.backfill_schedule", schedule_id=name, start=time, end=time))
	assert [one["job"] for one in answer["there"]] == [job.name]
	message(adam.call(f"{API}.delete_schedule", schedule_id=name))
	assert row_of(name) is None


def test_a_schedule_that_is_sent_again_with_its_key_is_made_once(adam, world):
	request = {
		"title": "Nightly scan",
		"organization": world.alpha,
		"job_type": OBLIGING,
		"parameters": {"mode": "succeed"},
		"cron": "30 2 * * *",
		"idempotency_key": "a-key",
	}
	made = message(adam.call(f"{API}.create_schedule", **request))
	again = message(adam.call(f"{API}.create_schedule", **request))
	assert {**made, "is_existing": True} == again
	other = adam.call(f"{API}.create_schedule", **{**request, "title": "Another"})
	assert made["schedule_id"] in error(other, 422)


def test_fields_are_emptied_by_name(adam):
	name = make_schedule(priority="High", ends_at="2040-01-01")
	answer = message(adam.call(f"{API}.update_schedule", schedule_id=name, clear=["priority", "ends_at"]))
	assert (answer["priority"], answer["ends_at"]) == (None, None)
	assert error(adam.call(f"{API}.update_schedule", schedule_id=name, clear=["title"]), 417).startswith(
		"clear: "
	)


@pytest.mark.parametrize("method", CHANGES)
def test_to_members_of_others_it_does_not_exist(bob, world, method):
	name = make_schedule()
	arguments = CHANGES[method]
	foreign = bob.call(f"{API}.{method}", schedule_id=name, **arguments)
	unknown = bob.call(f"{API}.{method}", schedule_id=UNKNOWN, **arguments)
	assert error(foreign, 404).replace(name, UNKNOWN) == error(unknown, 404)
	assert error(bob.ask(f"{API}.get_schedule", schedule_id=name), 404)
	assert message(bob.ask(f"{API}.list_schedules"))["schedules"] == []


@pytest.mark.parametrize("method", CHANGES)
def test_members_who_are_no_admins_change_nothing(alice, guest, world, method):
	name = make_schedule()
	before = row_of(name)
	assert "no admin" in error(alice.call(f"{API}.{method}", schedule_id=name, **CHANGES[method]), 403)
	assert guest.call(f"{API}.{method}", schedule_id=name, **CHANGES[method]).status_code in (401, 403)
	assert row_of(name) == before


def test_who_is_no_admin_makes_none(alice, bob, guest, adam, world):
	arguments = {"title": "No", "organization": world.alpha, "job_type": OBLIGING, "cron": "0 * * * *"}
	for client in (alice, bob, guest):
		assert client.call(f"{API}.create_schedule", **arguments).status_code in (401, 403)
	arguments["run_as"] = world.alice
	assert error(adam.call(f"{API}.create_schedule", **arguments), 403).startswith("run_as: ")
	frappe.db.rollback()
	assert not frappe.db.exists("Job Schedule", {"organization": world.alpha})


def test_as_a_document_only_system_managers_write_it(adam, alice, manager, world):
	name = make_schedule()
	for client in (adam, alice):
		assert client.put(f"/api/resource/Job Schedule/{name}", json={"title": "Mine"}).status_code == 403
		assert client.delete(f"/api/resource/Job Schedule/{name}").status_code == 403
		assert client.get(f"/api/resource/Job Schedule/{name}").json()["data"]["title"] == "Nightly"
	answer = manager.put(
		f"/api/resource/Job Schedule/{name}", json={"title": "Theirs", "run_as": world.manager}
	)
	assert answer.status_code == 200, answer.text
	assert row_of(name).title == "Theirs"
	assert manager.delete(f"/api/resource/Job Schedule/{name}").status_code == 202
	assert row_of(name) is None


def test_what_is_wrong_is_said_by_name(adam):
	answer = adam.ask(f"{API}.preview_schedule", cron="* * * * * *")
	assert error(answer, 417).startswith("cron: ")
	assert len(message(adam.ask(f"{API}.preview_schedule", interval_seconds=90))) == 5


@pytest.mark.parametrize(
	"method", ["PUT", "frappe.client.set_value", "frappe.client.save", "frappe.client.insert"]
)
def test_no_save_is_answered_with_masked_parameters(manager, world, method):
	name = make_schedule(parameters={"mode": "succeed", "password": "known to nobody"})
	row = frappe.get_doc("Job Schedule", name)
	if method == "PUT":
		answer = manager.put(f"/api/resource/Job Schedule/{name}", json={"title": "Other"})
	elif method == "frappe.client.set_value":
		changed = {"doctype": "Job Schedule", "name": name, "fieldname": "title", "value": "Other"}
		answer = manager.call(method, **changed)
	elif method == "frappe.client.save":
		doc = manager.get(f"/api/resource/Job Schedule/{name}").json()["data"]
		answer = manager.call(method, doc={**doc, "title": "Other"})
	else:
		fields = ("title", "organization", "job_type", "kind", "interval_seconds", "run_as")
		secret = '{"mode": "succeed", "password": "known to nobody"}'
		doc = {"doctype": "Job Schedule", **{field: row.get(field) for field in fields}}
		answer = manager.call(method, doc={**doc, "new_parameters": secret})
	assert answer.status_code == 200, answer.text
	assert "parameters" in answer.text
	assert "known to nobody" not in answer.text
	kept = frappe.get_all("Job Schedule", {"organization": world.alpha}, pluck="name")
	frappe.db.rollback()
	for one in kept:
		assert "known to nobody" in row_of(one).parameters
		frappe.delete_doc("Job Schedule", one, ignore_permissions=True)
	frappe.db.commit()


@pytest.mark.parametrize(
	("arguments", "refusal"),
	[
		({"cron": "1-59," * 1000 + "1 * * * *"}, "cron: at most 140 characters"),
		({"interval_seconds": 60, "starts_at": "0001-01-01T00:00:00Z"}, "starts_at: "),
		({"interval_seconds": 60, "cron": "1 * * * *"}, "cron: give cron or interval_seconds"),
	],
)
def test_what_cannot_be_previewed_is_refused_by_name(alice, arguments, refusal):
	answer = alice.call(f"{API}.preview_schedule", **arguments)
	assert error(answer, 417).startswith(refusal)


# nothing is after the year 9999, in any zone
@pytest.mark.parametrize(
	"times",
	[
		{"cron": "0 0 1 1 *", "starts_at": "9999-06-01T00:00:00Z"},
		{"cron": "0 0 1 1 *", "starts_at": "9999-06-01T00:00:00Z", "ends_at": "9999-07-01T00:00:00Z"},
		{"cron": "0 0 29 2 *", "starts_at": "9996-03-01T00:00:00Z"},
		{"interval_seconds": 86400, "starts_at": "9999-12-31T00:00:00Z"},
	],
)
def test_a_schedule_that_begins_near_the_end_of_the_calendar_has_the_slots_that_there_are(adam, world, times):
	wanted = ["9999-12-31T00:00:00.000000Z"] if "interval_seconds" in times else []
	assert message(adam.ask(f"{API}.preview_schedule", **times)) == wanted
	of_job = {"title": "At last", "organization": world.alpha, "job_type": OBLIGING}
	made = message(adam.call(f"{API}.create_schedule", **of_job, **times))
	assert made["next_times"] == wanted
	changed = message(adam.call(f"{API}.update_schedule", schedule_id=made["schedule_id"], **times))
	assert changed["next_slot"] == next(iter(wanted), None)


@pytest.mark.parametrize("argument", ["starts_at", "ends_at"])
@pytest.mark.parametrize("time", ["soon", "99999-01-01", "9999-99-99", "9999-12-31T23:59-12:00", "9" * 400])
def test_a_time_that_is_none_is_refused_by_name(adam, argument, time):
	calls = {"update_schedule": {"schedule_id": make_schedule()}, "preview_schedule": {"cron": "0 0 * * *"}}
	for method, arguments in calls.items():
		answer = adam.call(f"{API}.{method}", **arguments, **{argument: time})
		assert error(answer, 417).startswith(f"{argument}: ")


@pytest.mark.parametrize("argument", ["start", "end"])
def test_a_backfill_near_the_end_of_the_calendar_is_refused_by_name(adam, argument):
	now = frappe.utils.now_datetime().isoformat()
	for time in ("9999-12-31T23:59:59Z", "10000-01-01", "9999-12-31T23:59:59-12:00", "99999-01-01"):
		between = {"start": now, "end": now, argument: time}
		answer = adam.call(f"{API}.backfill_schedule", schedule_id=make_schedule(), **between)
		assert error(answer, 417).startswith(f"{argument}: ")


@pytest.mark.parametrize("title", ["x" * 141, " ", "\n\t"])
def test_a_title_that_is_none_is_refused_by_name(adam, world, title):
	of_job = {"organization": world.alpha, "job_type": OBLIGING, "cron": "0 0 * * *"}
	reason = "title: must be plain text of 1 to 140 characters"
	assert error(adam.call(f"{API}.create_schedule", title=title, **of_job), 417) == reason
	answer = adam.call(f"{API}.update_schedule", schedule_id=make_schedule(), title=title)
	assert error(answer, 417) == reason


def test_who_changes_a_schedule_has_its_jobs_run_as_oneself(adam, world):
	name = make_schedule("Administrator", run_as=world.alice)
	assert message(adam.call(f"{API}.pause_schedule", schedule_id=name))["run_as"] == world.alice
	changed = message(adam.call(f"{API}.update_schedule", schedule_id=name, title="Mine"))
	assert changed["run_as"] == world.adam


def test_a_schedule_has_a_cron_or_an_interval(adam):
	name = make_schedule()
	both = {"cron": "1 * * * *", "interval_seconds": 60}
	answer = adam.call(f"{API}.update_schedule", schedule_id=name, **both)
	assert error(answer, 417) == "interval_seconds: a schedule has this or cron, not both"


def test_a_failure_is_recorded_without_what_was_sent(adam, world):
	name = make_schedule()
	frappe.db.set_value("Job Schedule", name, {"time_zone": "No/Where", "is_paused": 0})
	frappe.db.commit()
	before = set(frappe.get_all("Error Log", pluck="name"))
	parameters = {"mode": "succeed", "password": "correct horse"}
	answer = adam.call(f"{API}.update_schedule", schedule_id=name, parameters=parameters)
	assert error(answer, 500) == "The server failed to answer; the error is in its Error Log"
	assert answer.json()["exc_type"] == "ZoneInfoNotFoundError"
	frappe.db.rollback()
	recorded = frappe.get_all(
		"Error Log", {"name": ("not in", [*before, ""])}, ["method", "error"], as_list=True
	)
	assert [method for method, _text in recorded] == ["dartwing: update_schedule failed"]
	assert "ZoneInfoNotFoundError" in recorded[0][1]
	assert "correct horse" not in recorded[0][1]
	assert "correct" not in row_of(name).parameters
