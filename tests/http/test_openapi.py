"""The OpenAPI document: it is valid, it is served, and the server does what it says."""

import frappe
import pytest
import schemathesis
from factories import OBLIGING, TYPED_HANDLER, World, end, make_job_type, submit
from http_client import forget_calls
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from scheduled import make_schedule, set_due, start_due
from schemathesis.checks import CHECKS

from dartwing.dartwing_core.api.endpoints import ENDPOINTS
from dartwing.dartwing_core.api.openapi import document

METHOD = "dartwing.dartwing_core.api.openapi.get_document"
SCHEMA = schemathesis.openapi.from_dict(document())
# what is asked of every answer; codes for wrong methods and wrong data are Frappe's own
PROMISED = CHECKS.get_by_names(
	[
		"not_a_server_error",
		"status_code_conformance",
		"content_type_conformance",
		"response_schema_conformance",
	]
)
# the same requests in every run
BOUNDED = settings(
	max_examples=20,
	derandomize=True,
	database=None,
	deadline=None,
	phases=[Phase.generate],
	suppress_health_check=list(HealthCheck),
)
PATHS = sorted(ENDPOINTS)
ADDRESSES = {name: f"{one.function.__module__}.{name}" for name, one in ENDPOINTS.items()}


def test_the_document_is_valid():
	validate(document())


def test_the_document_is_served_to_who_is_logged_in(alice, guest):
	answer = alice.ask(METHOD)
	assert answer.headers["Content-Type"] == "application/json"
	served = answer.json()
	assert served["paths"].keys() == document()["paths"].keys()
	assert guest.ask(METHOD).status_code == 403


def test_who_may_submit_nothing_is_shown_no_parameters(nobody, manager, world):
	make_job_type("typed_job", handler_method=TYPED_HANDLER)
	frappe.db.commit()
	for client, is_shown in ((nobody, False), (manager, True)):
		served = client.ask(METHOD).json()
		validate(served)
		names = [name for name in served["components"]["schemas"] if name.startswith("Parameters_")]
		assert bool(names) is is_shown


def test_it_has_the_parameters_of_what_its_reader_may_submit(alice, world):
	make_job_type("typed_job", handler_method=TYPED_HANDLER)
	make_job_type("typed job!", handler_method=TYPED_HANDLER)
	make_job_type("not for alice", handler_method=TYPED_HANDLER, requires_permission="DocType")
	frappe.db.commit()
	served = alice.ask(METHOD).json()
	validate(served)
	names = {name for name in served["components"]["schemas"] if name.startswith("Parameters_typed")}
	assert names == {"Parameters_typed_job", "Parameters_typed_job_"}
	assert not any("alice" in name for name in served["components"]["schemas"])
	body = served["paths"][f"/api/method/{ADDRESSES['submit_job']}"]["post"]["requestBody"]
	schema = body["content"]["application/json"]["schema"]
	checked = Draft202012Validator({**schema, "components": served["components"]})
	good = {"job_type": "typed_job", "organization": world.alpha, "parameters": {"people": [{"name": "A"}]}}
	assert checked.is_valid(good)
	assert not checked.is_valid({**good, "parameters": {"people": [{"name": ""}]}})
	assert checked.is_valid({**good, "job_type": OBLIGING, "parameters": {"people": 1}})


def test_every_endpoint_is_in_the_document():
	paths = document()["paths"]
	assert set(paths) == {f"/api/method/{ADDRESSES[name]}" for name in ENDPOINTS}
	for name, endpoint in ENDPOINTS.items():
		(method,) = paths[f"/api/method/{ADDRESSES[name]}"]
		assert method.upper() in endpoint.methods


@pytest.fixture
def jobs(world) -> list[str]:
	"""One job in each of some states, for answers that have something in them."""
	ids = [submit().name for _ in range(3)]
	end(ids[0], "Completed", result='{"rows": 1}', output_reference="/private/files/x.csv")
	end(ids[1], "Dead Letter", error_message="broken", error_type="Permanent", error_traceback="Trace")
	return ids


def requests_for(name: str, job_id: str) -> list[dict]:
	"""What a client would send, so that also answers with code 200 are compared with the document."""
	submission = {"job_type": OBLIGING, "organization": World.alpha, "parameters": {"mode": "succeed"}}
	schedule = {
		"title": "Nightly",
		"organization": World.alpha,
		"job_type": OBLIGING,
		"cron": "0 * * * *",
	}
	return {
		"submit_job": [submission],
		"submit_jobs": [{"jobs": [submission, submission]}, {"jobs": []}],
		"submit_flow": [{"organization": World.alpha, "title": "a flow", "jobs": [{"job_type": OBLIGING}]}],
		"list_jobs": [{}, {"limit": 1, "before": job_id}],
		"list_dead_letters": [{}],
		"get_job_metrics": [{}, {"organization": World.alpha}],
		"retry_jobs": [{"job_ids": [job_id]}, {"filters": {}}],
		"discard_jobs": [{"reason": "old", "job_ids": [job_id]}],
		"create_schedule": [schedule, {**schedule, "cron": "1 2 3 4 5 6"}],
		"list_schedules": [{}, {"limit": 1}],
		"preview_schedule": [{"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}, {"interval_seconds": 60}],
	}.get(name) or [about_a_schedule(name) if name.endswith("_schedule") else {"job_id": job_id}]


def about_a_schedule(name: str) -> dict:
	"""Arguments about one with a slot that has become a job."""
	schedule = make_schedule()
	slot = f"{set_due(schedule).isoformat()}Z"
	start_due()
	times = {"start": slot, "end": slot} if name == "backfill_schedule" else {}
	return {"schedule_id": schedule, **times}


@pytest.mark.parametrize("name", PATHS)
def test_real_calls_are_answered_as_documented(adam, jobs, name):
	(operation,) = SCHEMA[f"/api/method/{ADDRESSES[name]}"].values()
	for job_id in jobs:
		for arguments in requests_for(name, job_id):
			call = adam.call if operation.method == "post" else adam.ask
			answer = call(ADDRESSES[name], **arguments)
			assert answer.status_code < 500
			operation.validate_response(answer)


@pytest.mark.parametrize("name", PATHS)
def test_whatever_is_sent_is_answered_as_documented(adam, web, jobs, name):
	(operation,) = SCHEMA[f"/api/method/{ADDRESSES[name]}"].values()
	headers = {"Host": f"{web.site}:{web.port}", "Accept": "application/json"}

	@BOUNDED
	@given(case=operation.as_strategy())
	def check(case: schemathesis.Case) -> None:
		forget_calls()
		case.call_and_validate(
			base_url=web.base_url,
			headers=headers,
			cookies={"sid": adam.cookies["sid"]},
			checks=PROMISED,
			timeout=30,
		)

	check()
