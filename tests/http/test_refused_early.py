"""What Frappe refuses before an endpoint is reached is refused with its true reason, in one sentence."""

import re

import frappe
import pytest
from answers import API, OF_FRAPPE, error, message
from factories import OBLIGING
from framework import since


def submission(world) -> dict:
	return {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_maintenance_is_told_with_a_time_to_wait(alice, guest, world, runtime, accept):
	with runtime.site_config(maintenance_mode=1):
		answers = [
			alice.post(f"/api/method/{API}.submit_job", json=submission(world), headers={"Accept": accept}),
			alice.get(f"/api/method/{API}.list_jobs", headers={"Accept": accept}),
			guest.get(f"/api/method/{API}.list_jobs", headers={"Accept": accept}),
			alice.post(
				f"/api/method/{API}.submit_job",
				data="{no json",
				headers={"Accept": accept, "Content-Type": "application/json"},
			),
		]
	for answer in answers:
		assert error(answer, 503) == "The site is in maintenance; try again in a minute"
		assert answer.headers["Retry-After"] == "60"
	assert message(alice.ask(f"{API}.list_jobs"))["jobs"] == []


@pytest.fixture
def worn_out(runtime):
	"""A site whose limit of requests is used up."""
	try:
		with runtime.site_config(rate_limit={"limit": 0.000001, "window": 3600}):
			yield
	finally:
		frappe.cache.delete_keys("rate-limit-counter-")


@pytest.mark.usefixtures("worn_out")
def test_the_sites_own_limit_is_told_with_a_time_to_wait(alice, guest):
	alice.ask(f"{API}.list_jobs")
	for client in (alice, guest):
		answer = client.ask(f"{API}.list_jobs")
		assert error(answer, 429).startswith("The site gets too many requests")
		assert 0 < int(answer.headers["Retry-After"]) <= 3600


def test_a_missing_csrf_token_is_named(web, world):
	client = web.login(world.alice)
	page = client.get("/jobs", headers={"Accept": "text/html"}).text
	assert re.search("csrf_token", page)
	answer = client.call(f"{API}.submit_job", **submission(world))
	assert "X-Frappe-CSRF-Token" in error(answer, 400)


def test_an_ended_session_is_told_from_one_that_never_was(web, guest, world):
	client = web.login(world.alice)
	end_session(client.cookies["sid"])
	answer = client.ask(f"{API}.list_jobs")
	assert answer.status_code == 403
	assert set(answer.json()) - OF_FRAPPE == {"error", "session_expired"}
	assert answer.json()["error"] == "Your session has ended: log in again"
	assert error(guest.ask(f"{API}.list_jobs"), 403) == "Log in, or send a valid API key and secret"


def test_an_ended_session_beside_a_valid_api_key_hides_no_error(web, world):
	client = web.with_key(world.alice)
	client.cookies.set("sid", "of a session that has ended")
	answer = client.ask(f"{API}.get_job_status", job_id="JOB-1999-00001")
	assert (answer.status_code, answer.json()["error"]) == (404, "job_id: no job 'JOB-1999-00001'")


@pytest.mark.parametrize("body", ['"x"', "null", "5", "[1, 2]", "true"])
def test_a_body_that_is_json_and_no_object_is_told_so(web, world, body):
	answer = web.with_key(world.alice).post(
		f"/api/method/{API}.submit_job", data=body, headers={"Content-Type": "application/json"}
	)
	assert error(answer, 400) == "The request's body must be a JSON object"


@pytest.mark.parametrize("body", ['{"a": "\\ud800"}', '{"\\udce9": 1}', '{"a": NaN}'])
def test_a_body_that_only_some_take_for_json_is_told_so_or_heard(web, world, guest, body):
	"""v15 takes it, and asks who sends it; v16 refuses it before that, whoever sends it."""
	clients = (web.with_key(world.alice), guest)
	answers = [
		client.post(f"/api/method/{API}.list_jobs", data=body, headers={"Content-Type": "application/json"})
		for client in clients
	]
	if since(16, 0):
		assert [error(answer, 400) for answer in answers] == ["The request's body is no valid JSON"] * 2
	else:
		assert error(answers[0], 417).endswith(": there is no such argument")
		assert error(answers[1], 403) == "Log in, or send a valid API key and secret"


@pytest.mark.parametrize("name", ["jobs.__init__", "jobs.API", "door.frappe", "jobs.frappe.db"])
def test_what_is_no_method_is_not_found(alice, name):
	answer = alice.get(f"/api/method/dartwing.dartwing_core.api.{name}")
	assert 400 <= answer.status_code < 500
	assert answer.json()["error"]
	assert set(answer.json()) <= {"error", *OF_FRAPPE}


@pytest.mark.parametrize(
	("name", "argument"),
	[("act_on_jobs", "action"), ("count_matching", "action"), ("get_dossier", "job_id")],
)
def test_an_argument_that_is_missing_in_a_method_of_desk_is_named(adam, name, argument):
	answer = adam.call(f"dartwing.dartwing_core.api.desk.{name}")
	assert error(answer, 417) == f"{argument}: is missing"


def end_session(sid: str) -> None:
	frappe.db.delete("Sessions", {"sid": sid})
	frappe.db.commit()
	frappe.cache.hdel("session", sid)
