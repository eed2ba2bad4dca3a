"""What the page /jobs asks the server: the same walls, limits and errors as the REST API."""

import json
import re
from datetime import timedelta

import frappe
import pytest
from factories import World, end, make_job_type, submit, submit_as
from grouped import submit_group
from scheduled import jobs_of, make_schedule, set_due, start_due

from dartwing.dartwing_core.api.endpoints import ENDPOINTS
from dartwing.dartwing_core.api.openapi import document
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.www import jobs as page

API = "dartwing.dartwing_core.api.members_page"
UNKNOWN = "JOB-1999-00001"
# as RQ names them
WORKER = "4f2cfd9f15df4de78851d2a81a6f6d2c"


def boot_of(web, user: str) -> dict:
	"""Of a session of its own: one that has opened the page must send its CSRF token from then on."""
	html = web.login(user).get("/jobs").text
	return json.loads(re.search(r'id="boot">(.*?)</script>', html, re.DOTALL)[1])


def test_rows_say_what_their_reader_may_do(alice, adam):
	of_alice, of_adam = submit(), submit(World.adam)

	def rights(client) -> dict:
		rows = client.ask(f"{API}.list_rows").json()["message"]["jobs"]
		return {row["job_id"]: (row["is_mine"], row["may_cancel"], row["may_administer"]) for row in rows}

	assert rights(alice) == {of_alice.name: (True, True, False), of_adam.name: (False, False, False)}
	assert rights(adam) == {of_alice.name: (False, True, True), of_adam.name: (True, True, True)}


def test_jobs_of_others_are_in_no_answer(alice, bob, nobody, guest):
	job = submit()
	child = submit_as(World.alice, job.job_type, World.alpha, {"mode": "succeed"}, depends_on=job.name)
	ids = json.dumps([job.name, child.name])
	for client in (bob, nobody):
		assert client.ask(f"{API}.list_rows").json()["message"] == {"jobs": [], "total": 0}
		assert client.ask(f"{API}.get_rows", job_ids=ids).json() == {"message": []}
		answer = client.ask(f"{API}.get_details", job_id=job.name)
		unknown = client.ask(f"{API}.get_details", job_id=UNKNOWN)
		assert (answer.status_code, unknown.status_code) == (404, 404)
		assert answer.json()["error"].replace(job.name, UNKNOWN) == unknown.json()["error"]
	for name in ("list_rows", "get_rows", "get_details", "submit"):
		assert guest.call(f"{API}.{name}", job_id=job.name, job_ids=[job.name]).status_code == 403
	rows = alice.ask(f"{API}.get_rows", job_ids=ids).json()["message"]
	assert {row["job_id"]: row["depends_on"] for row in rows} == {job.name: [], child.name: [job.name]}


def test_groups_say_what_their_reader_may_do(alice, adam):
	of_alice, of_adam = submit_group(2)[0], submit_group(1, World.adam)[0]

	def rights(client) -> dict:
		rows = client.ask(f"{API}.list_groups").json()["message"]["groups"]
		return {row["group_id"]: (row["is_mine"], row["may_cancel"], row["may_administer"]) for row in rows}

	assert rights(alice) == {of_alice: (True, True, False), of_adam: (False, False, False)}
	assert rights(adam) == {of_alice: (False, True, True), of_adam: (True, True, True)}


def test_groups_of_others_are_in_no_answer(alice, bob, nobody, guest):
	group, (member, _other), _ = submit_group(2)
	ids = json.dumps([group])
	for client in (bob, nobody):
		assert client.ask(f"{API}.list_groups").json()["message"] == {"groups": [], "total": 0}
		assert client.ask(f"{API}.get_groups", group_ids=ids).json() == {"message": []}
		assert client.ask(f"{API}.list_lone_rows").json()["message"] == {"jobs": [], "total": 0}
		assert client.ask(f"{API}.list_member_rows", group_id=group).status_code == 404
		assert client.ask(f"{API}.list_groups", before=group).status_code == 404
	for name in ("list_groups", "get_groups", "list_lone_rows", "list_member_rows"):
		assert guest.call(f"{API}.{name}", group_id=group, group_ids=[group]).status_code == 403
	(row,) = alice.ask(f"{API}.get_groups", group_ids=ids).json()["message"]
	assert (row["group_id"], row["job_count"], row["ended"]) == (group, 2, 0)
	rows = alice.ask(f"{API}.list_member_rows", group_id=group).json()["message"]["jobs"]
	assert {row["group_title"] for row in rows} == {"a group"}
	assert rows[0]["job_id"] == member


def test_at_most_a_hundred_groups_are_read_at_once(alice):
	answer = alice.ask(f"{API}.get_groups", group_ids=json.dumps(["GRP-1"] * 101))
	assert (answer.status_code, answer.json()["error"]) == (417, "group_ids: at most 100 at once")


def test_details_have_the_history_and_the_children(alice):
	job = submit()
	child = submit_as(World.alice, job.job_type, World.alpha, {"mode": "succeed"}, depends_on=job.name)
	end(job.name, "Completed")
	details = alice.ask(f"{API}.get_details", job_id=job.name).json()["message"]
	assert [entry["to_status"] for entry in details["history"]] == [
		"Pending",
		"Queued",
		"Running",
		"Completed",
	]
	assert details["history"][0]["actor_name"] == "alice"
	assert [one["name"] for one in details["children"]] == [child.name]


def test_details_are_there_when_the_schema_is_true(alice):
	schema = {"$ref": "#/$defs/anything", "$defs": {"anything": True}}
	make_job_type("anything_of_details", parameters_schema=json.dumps(schema))
	frappe.db.commit()
	job = submit_as(World.alice, "anything_of_details", World.alpha, {"to": "Alps"})
	details = alice.ask(f"{API}.get_details", job_id=job.name).json()["message"]
	assert (json.loads(details["parameters"]), details["parameter_titles"]) == ({"to": "Alps"}, [])


def test_details_have_the_parameters_as_their_form_calls_them_without_secrets(alice, bob):
	schema = {
		"$ref": "#/$defs/Trip",
		"$defs": {"Trip": {"type": "object", "properties": {"to": {"title": "Where to"}, "api_token": {}}}},
	}
	make_job_type("trip_of_details", parameters_schema=json.dumps(schema))
	frappe.db.commit()
	given = {"to": "Alps", "api_token": "tok-12345", "id": 9007199254740993}
	job = submit_as(World.alice, "trip_of_details", World.alpha, given)
	details = alice.ask(f"{API}.get_details", job_id=job.name).json()["message"]
	assert json.loads(details["parameters"]) == {**given, "api_token": MASK}
	assert details["parameter_titles"] == [["to", "Where to"], ["api_token", None]]
	assert "input_parameters" not in details
	rows = alice.ask(f"{API}.list_rows").json()["message"]["jobs"]
	assert rows[0].keys().isdisjoint({"parameters", "input_parameters"})


def test_details_say_where_parameters_are_too_long_for_them(alice):
	job = submit(text="x" * 20_000)
	details = alice.ask(f"{API}.get_details", job_id=job.name).json()["message"]
	assert details["parameters"] is None


def test_a_worker_has_no_name_for_members(alice):
	job = submit()
	frappe.get_doc("Background Job", job.name).transition_to(
		"Running", actor="4f2cfd9f15df4de78851d2a81a6f6d2c"
	)
	frappe.db.commit()
	details = alice.ask(f"{API}.get_details", job_id=job.name).json()["message"]
	assert details["history"][-1]["actor_name"] == "Worker"


def test_at_most_a_hundred_rows_are_read_at_once(alice):
	answer = alice.ask(f"{API}.get_rows", job_ids=json.dumps(["JOB-1"] * 101))
	assert (answer.status_code, answer.json()["error"]) == (417, "job_ids: at most 100 at once")


@pytest.mark.parametrize(("arguments", "error"), [({"limit": "x"}, "limit"), ({"status": "x"}, "status")])
def test_a_wrong_argument_is_named(alice, arguments, error):
	answer = alice.ask(f"{API}.list_rows", **arguments)
	assert answer.status_code == 417
	assert answer.json()["error"].startswith(error)


def test_lists_share_the_limit_of_the_api(alice):
	codes = [alice.ask(f"{API}.list_rows").status_code for _ in range(61)]
	assert codes == [200] * 60 + [429]


def test_schedules_say_what_their_reader_may_do_and_those_of_others_are_in_no_answer(
	web, alice, adam, bob, nobody, guest
):
	schedule = make_schedule()
	for client, may_administer in ((alice, False), (adam, True)):
		(row,) = client.ask(f"{API}.list_schedules").json()["message"]["schedules"]
		assert (row["schedule_id"], row["may_administer"], row["last_outcome"]) == (
			schedule,
			may_administer,
			None,
		)
		form = client.ask(f"{API}.get_schedule", schedule_id=schedule).json()["message"]
		assert form["is_taken_over"] is not may_administer
	for client in (bob, nobody):
		assert client.ask(f"{API}.list_schedules").json()["message"] == {"schedules": [], "total": 0}
		assert client.ask(f"{API}.get_schedule", schedule_id=schedule).status_code == 404
	for name in ("list_schedules", "get_schedule"):
		assert guest.call(f"{API}.{name}", schedule_id=schedule).status_code == 403
	told = {user: boot_of(web, user)["administered"] for user in (World.alice, World.adam)}
	assert told == {World.alice: [], World.adam: [World.alpha]}


def test_the_last_outcome_is_that_of_the_last_slot(alice):
	first, second = make_schedule(), make_schedule()
	for seconds in (9, 1):
		set_due(first, timedelta(seconds=seconds))
		start_due()
	(job,) = jobs_of(first)
	rows = alice.ask(f"{API}.list_schedules").json()["message"]["schedules"]
	last = {row["schedule_id"]: row["last_outcome"] for row in rows}
	assert last[second] is None
	assert (last[first]["outcome"], last[first]["job"]) == ("skipped", None)
	assert job.name in last[first]["reason"]


def test_the_page_tells_of_the_users_organizations_only(web, world):
	boot = boot_of(web, World.alice)
	assert boot["user"] == World.alice
	assert boot["organizations"] == [{"name": World.alpha, "is_active": True}]
	names = {one["name"] for one in boot_of(web, World.manager)["organizations"]}
	assert {World.alpha, World.beta} <= names


def test_who_has_no_organization_is_told_of_no_job_types(web, world):
	boot = boot_of(web, World.nobody)
	assert (boot["organizations"], boot["job_types"]) == ([], [])


def test_the_pages_methods_are_no_part_of_the_documented_api():
	assert not {"list_rows", "get_rows", "list_lone_rows", "get_groups", "submit"} & set(ENDPOINTS)
	assert "members_page" not in str(document()["paths"])


def test_the_texts_of_the_scripts_are_sent_in_the_users_language(site, monkeypatch):
	assert page.texts() == {}
	monkeypatch.setattr(frappe.local, "lang", "de")
	texts = page.texts()
	assert {"Cancel the job", "{0} of {1} jobs", "Live"} <= set(texts)


def test_every_text_of_the_scripts_is_found():
	"""A call of __() with anything but one plain text would stay English."""
	for path in page.SOURCES.glob("*.js"):
		source = re.sub(r"export function __\(.*", "", path.read_text())
		calls = len(re.findall(r"\b__\(", source))
		assert calls == len(page.TEXT.findall(source)), path.name
