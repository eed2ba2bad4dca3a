"""Typed parameters, dry runs and retries with other parameters over HTTP."""

import json

import frappe
import pytest
from factories import TYPED_HANDLER, World, acting_as, end, make_job_type
from framework import since

from dartwing.dartwing_core.background_jobs import submit_job

API = "dartwing.dartwing_core.api.jobs"
TYPED = "typed_job"


@pytest.fixture(autouse=True)
def _types(world):
	make_job_type(TYPED, handler_method=TYPED_HANDLER)
	frappe.db.commit()


def submission(parameters, **arguments) -> dict:
	return {"job_type": TYPED, "organization": World.alpha, "parameters": parameters, **arguments}


def error_of(answer) -> str:
	return str(answer.json().get("error") or answer.json().get("exception"))


@pytest.mark.parametrize(
	("parameters", "place"),
	[
		({"people": [{"name": "A"}, {"name": "B", "e_mail": 7}]}, "parameters.people[1].e_mail: "),
		({"nonsense": 1}, "parameters.nonsense: there is no such parameter"),
		({"organization": World.beta}, "parameters.organization: no Organization"),
	],
)
def test_a_wrong_parameter_is_answered_with_417_and_its_place(alice, parameters, place):
	answer = alice.call(f"{API}.submit_job", **submission(parameters))
	assert answer.status_code == 417
	assert place in error_of(answer)


def test_all_wrong_parameters_are_answered_at_once(alice):
	people = [{"name": 7}, {"name": "B", "e_mail": 7}]
	answer = alice.call(f"{API}.submit_job", **submission({"people": people, "count": "<b>many</b>"}))
	body = answer.json()
	assert (answer.status_code, body["exc_type"]) == (417, "ValidationError")
	problems = {one["argument"]: one["reason"] for one in body["problems"]}
	assert sorted(problems) == [
		"parameters.count",
		"parameters.people[0].name",
		"parameters.people[1].e_mail",
	]
	assert all(f"{name.removeprefix('parameters.')}: {problems[name]}" in body["error"] for name in problems)
	# of the request before nothing is left
	assert "problems" not in alice.call(f"{API}.get_job_status", job_id="none").json()


def test_no_document_of_another_organization_is_told_from_one_that_does_not_exist(alice):
	answers = [
		error_of(alice.call(f"{API}.submit_job", **submission({"organization": name}))).replace(name, "x")
		for name in (World.beta, "Nowhere")
	]
	assert answers[0] == answers[1]


def test_a_masked_value_is_not_repeated(alice):
	secret = "hunter2" * 10
	answer = alice.call(f"{API}.submit_job", **submission({"api_token": secret}))
	assert answer.status_code == 417
	assert "hunter2" not in answer.text


def test_large_integers_stay_exact(alice):
	"""On v16 in a text: of a body, Frappe v16 reads those beyond 64 bits as floats, which are refused."""
	given = {"count": 2**70 + 1}
	if since(16, 0):
		refused = alice.call(f"{API}.submit_job", **submission(given))
		assert (refused.status_code, refused.json()["problems"][0]["argument"]) == (417, "parameters.count")
	answer = alice.call(f"{API}.submit_job", **submission(json.dumps(given) if since(16, 0) else given))
	job = answer.json()["message"]["job_id"]
	frappe.db.rollback()
	stored = frappe.db.get_value("Background Job", job, "input_parameters")
	assert f'"count":{2**70 + 1},' in stored


def test_a_dry_run_is_submitted_and_run_for_real(alice, bob):
	answer = alice.call(f"{API}.submit_job", **submission({}, dry_run=True))
	job = answer.json()["message"]["job_id"]
	assert alice.ask(f"{API}.get_job_status", job_id=job).json()["message"]["is_dry_run"] is True
	assert alice.call(f"{API}.run_for_real", job_id=job).status_code == 409
	end(job, "Completed")
	assert bob.call(f"{API}.run_for_real", job_id=job).status_code == 404
	real = alice.call(f"{API}.run_for_real", job_id=job).json()["message"]["job_id"]
	assert alice.ask(f"{API}.get_job_status", job_id=real).json()["message"]["is_dry_run"] is False


def test_an_admin_retries_a_dead_letter_with_other_parameters(alice, adam):
	with acting_as(World.alice):
		job = submit_job(TYPED, World.alpha, {"count": 1}).name
	frappe.db.commit()
	end(job, "Dead Letter")
	method = f"{API}.retry_job"
	assert alice.call(method, job_id=job, parameters={"count": 2}).status_code == 403
	assert adam.call(method, job_id=job, parameters={"count": "x"}).status_code == 417
	new = adam.call(method, job_id=job, parameters={"count": 2}).json()["message"]["job_id"]
	assert adam.ask(f"{API}.get_job_status", job_id=new).json()["message"]["retry_of"] == job
	assert adam.ask(f"{API}.get_job_status", job_id=job).json()["message"]["status"] == "Canceled"
