"""What the API answers with is plain, also where it repeats what was sent."""

import json
import re

import frappe
import pytest
from answers import API, message
from canaries import HOSTILE
from factories import OBLIGING, World, end, state, submit
from framework import since
from http_client import Client
from requested import requested
from werkzeug.wrappers import Response

from dartwing.dartwing_core.api import answers as api_answers
from dartwing.dartwing_core.api import jobs

DESK = "dartwing.dartwing_core.api.desk"
TAG = re.compile(r"<[a-zA-Z/!?]")
CALLS = {
	"submit_job": {"job_type": HOSTILE, "organization": World.alpha},
	"submit_jobs": {"jobs": [{HOSTILE: 1}]},
	"get_job_status": {"job_id": HOSTILE},
	"get_job_history": {"job_id": HOSTILE},
	"cancel_job": {"job_id": HOSTILE},
	"retry_job": {"job_id": HOSTILE},
	"list_jobs": {"status": HOSTILE},
	"list_dead_letters": {"organization": HOSTILE},
	"get_job_metrics": {"organization": HOSTILE},
	"retry_jobs": {"filters": {HOSTILE: 1}},
	"discard_jobs": {"reason": "no", "filters": {HOSTILE: 1}},
}
WRONG = {
	"organization": {"job_type": OBLIGING, "organization": HOSTILE},
	"priority": {"job_type": OBLIGING, "organization": World.alpha, "priority": HOSTILE},
	"depends_on": {"job_type": OBLIGING, "organization": World.alpha, "depends_on": HOSTILE},
	"scheduled_at": {"job_type": OBLIGING, "organization": World.alpha, "scheduled_at": HOSTILE},
	"parameters": {"job_type": OBLIGING, "organization": World.alpha, "parameters": HOSTILE},
}


@pytest.mark.parametrize("error", [frappe.QueryDeadlockError, frappe.QueryTimeoutError])
def test_who_meets_somebody_faster_is_told_to_try_again(world, monkeypatch, error):
	"""Wherever in a method the database gives up, and where Frappe answers for it."""

	def give_up(*_arguments, **_named):
		raise error("internal words")

	monkeypatch.setattr(jobs.engine, "cancel_job", give_up)
	with requested(f"/api/method/{API}.cancel_job", job_id="JOB-2026-00001"):
		frappe.response.clear()
		jobs.cancel_job("JOB-2026-00001")
		in_the_method = dict(frappe.response)
		frappe.flags.dartwing_retry_after = None
		response = Response(json.dumps({"exc_type": error.__name__}), status=500)
		api_answers.after_request(response, frappe.local.request)
		frappe.flags.dartwing_retry_after = None
	assert (in_the_method["http_status_code"], in_the_method["exc_type"]) == (503, error.__name__)
	assert "try again" in in_the_method["error"]
	assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
	assert "try again" in json.loads(response.get_data(as_text=True))["error"]


@pytest.fixture
def dead_letter(world) -> str:
	job = submit(world.alice).name
	end(job, "Dead Letter", error_message="no answer")
	return job


@pytest.mark.parametrize("method", CALLS)
def test_a_refusal_that_repeats_what_was_sent_is_no_markup(world, alice, method):
	assert_inert(alice.call(f"{API}.{method}", **CALLS[method]))


@pytest.mark.parametrize("argument", WRONG)
def test_a_refused_argument_of_a_submission_is_no_markup(world, alice, argument):
	answer = alice.call(f"{API}.submit_job", **WRONG[argument])
	assert_inert(answer)
	assert answer.json()["error"].startswith(f"{argument}: ")


@pytest.mark.parametrize("method", ["act_on_jobs", "count_matching"])
def test_what_desk_is_told_is_no_markup(world, adam, method):
	assert_inert(adam.call(f"{DESK}.{method}", action=HOSTILE, job_ids=[], filters=[]))


def assert_inert(answer) -> None:
	"""Neither the sentence, nor what Desk shows as HTML, at whatever depth."""
	assert 400 <= answer.status_code < 500, answer.text
	body = answer.json()
	shown = [json.loads(one)["message"] for one in json.loads(body.get("_server_messages", "[]"))]
	for text in (body["error"], *shown):
		assert text
		assert not TAG.search(text), text
		assert not TAG.search(text.replace("&lt;", "<").replace("&amp;lt;", "<")), text


def test_a_discard_reason_is_kept_plain(world, adam, dead_letter):
	reason = f"<b>nobody</b> needs it &amp; {HOSTILE}"
	assert message(adam.call(f"{API}.discard_jobs", job_ids=[dead_letter], reason=reason))["done"]
	row = frappe.get_all(
		"Job Execution Log", {"background_job": dead_letter, "to_status": "Canceled"}, pluck="message"
	)[0]
	assert row.startswith("nobody needs it & ‹img src=x")
	assert not TAG.search(row)


@pytest.mark.parametrize("reason", ["x" * 1001, "é" * 70_000, " ", ["a", "list"], {"a": 1}, "\n\t "])
def test_a_reason_that_is_none_is_refused_by_name(world, adam, dead_letter, reason):
	answer = adam.call(f"{API}.discard_jobs", job_ids=[dead_letter], reason=reason)
	assert 400 <= answer.status_code < 500
	assert answer.json()["error"].startswith("reason: ")
	assert state(dead_letter)["status"] == "Dead Letter"


@pytest.mark.parametrize("reason", ["x" * 1000, "é" * 1000, 'it\'s "done", a < b'])
def test_a_reason_of_a_thousand_characters_is_kept_whole(world, adam, dead_letter, reason):
	assert message(adam.call(f"{API}.discard_jobs", job_ids=[dead_letter], reason=reason))["done"]
	kept = frappe.get_all(
		"Job Execution Log", {"background_job": dead_letter, "to_status": "Canceled"}, ["message"]
	)
	assert [row.message for row in kept] == [reason]


def test_half_a_surrogate_pair_is_refused_by_name(world, alice: Client):
	body = json.dumps({"job_type": OBLIGING, "organization": world.alpha, "parameters": {"a": "\udce9"}})
	answer = alice.post(
		f"/api/method/{API}.submit_job", data=body, headers={"Content-Type": "application/json"}
	)
	told = (answer.status_code, answer.json()["error"])
	# v15 reads it, and its argument is named; v16 takes it for no JSON
	assert told == (
		(400, "The request's body is no valid JSON")
		if since(16, 0)
		else (417, "parameters: is not valid Unicode")
	)
