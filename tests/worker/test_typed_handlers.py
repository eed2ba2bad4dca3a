"""A typed handler is given an object; parameters that no longer fit it make a dead letter that says which."""

import json

import frappe
import pytest
from factories import MARKER, TYPED_HANDLER, World, make_job_type, state, submit_as

from dartwing.dartwing_core.background_jobs.parameters.contracts import contract_of
from dartwing.tests import typed_handlers

TYPED = "typed_job"


@pytest.fixture(autouse=True)
def _types(world):
	make_job_type(TYPED, handler_method=TYPED_HANDLER)
	frappe.db.commit()


def changed_parameters(job_id: str, **values) -> None:
	stored = json.loads(frappe.db.get_value("Background Job", job_id, "input_parameters"))
	frappe.db.set_value("Background Job", job_id, "input_parameters", json.dumps({**stored, **values}))
	frappe.db.commit()


def test_the_handler_is_given_an_object_of_its_type(work):
	people = [{"name": "A", "born": "2001-02-03"}, {"name": "B"}]
	job = submit_as(World.alice, TYPED, World.alpha, {"people": people, "count": 2**70})
	work()
	found = state(job.name)
	assert found["status"] == "Completed", found
	assert found["result"] == {
		"kinds": ["ImportPeople", "Decimal", "int", "Person", "Person"],
		"born": ["2001-02-03", "None"],
	}


def test_parameters_that_no_longer_fit_are_a_dead_letter_that_says_which(work):
	job = submit_as(World.alice, TYPED, World.alpha, {"people": [{"name": "A"}]})
	changed_parameters(job.name, people=[{"name": "A"}, {"name": ""}])
	work()
	found = state(job.name)
	assert (found["status"], found["error_type"]) == ("Dead Letter", "Permanent")
	assert found["error_message"].startswith("parameters.people[1].name: must have at least 1 character")
	assert found["retry_count"] == 0


def test_it_says_nothing_of_a_masked_value(work):
	job = submit_as(World.alice, TYPED, World.alpha, {})
	changed_parameters(job.name, api_token="abc" * 10)
	work()
	found = state(job.name)
	assert found["error_message"].startswith("parameters.api_token: is not valid; its value is masked")
	row = frappe.db.get_value("Background Job", job.name, ["error_message", "error_traceback"])
	assert not any("abcabc" in text for text in row)


def test_a_worker_with_other_code_takes_the_schema_anew(work):
	job = submit_as(World.alice, TYPED, World.alpha, {"people": [{"name": MARKER}]})
	frappe.db.set_value("Job Type", TYPED, {"parameters_schema": "{}", "schema_from_handler": 1})
	frappe.db.commit()
	work()
	assert state(job.name)["status"] == "Completed"
	frappe.db.rollback()
	kept = frappe.db.get_value("Job Type", TYPED, "parameters_schema")
	assert kept == contract_of(typed_handlers.import_people).schema_text
