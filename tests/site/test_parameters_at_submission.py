"""Parameters are checked when a job is submitted, by the contract of its type."""

import json
from datetime import date
from decimal import Decimal

import frappe
import pytest
from factories import OBLIGING, TYPED_HANDLER, World, acting_as, changed, end, make_job_type, state

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	create_schedule,
	retry_with_parameters,
	submit_job,
	submit_jobs,
	update_schedule,
)
from dartwing.dartwing_core.background_jobs.parameters import contracts
from dartwing.dartwing_core.doctype.job_type import job_type as job_types
from dartwing.testing import run_handler
from dartwing.tests import typed_handlers

TYPED = "typed_job"
WRITTEN = "written_job"
SCHEMA = {
	"type": "object",
	"properties": {
		"count": {"type": "integer", "minimum": 1},
		"day": {"type": "string", "format": "date"},
		"api_token": {"type": "string", "maxLength": 5},
		"organization": {"$ref": "#/$defs/organization"},
		"places": {"type": "array", "items": {"type": "object", "required": ["name"]}},
	},
	"required": ["count"],
	"additionalProperties": False,
	"$defs": {"organization": {"type": "string", "x-dartwing-link": "Organization"}},
}


@pytest.fixture(autouse=True)
def _types(world):
	make_job_type(TYPED, handler_method=TYPED_HANDLER)
	make_job_type(WRITTEN, parameters_schema=json.dumps(SCHEMA))
	frappe.db.commit()


def submitted(parameters, job_type=TYPED, **arguments):
	with acting_as(World.alice):
		return submit_job(job_type, World.alpha, parameters, **arguments)


def refused(parameters, job_type=TYPED) -> str:
	with pytest.raises(frappe.ValidationError) as error, acting_as(World.alice):
		submit_job(job_type, World.alpha, parameters)
	return str(error.value)


def test_the_job_type_keeps_the_schema_of_its_handler():
	kept = frappe.get_doc("Job Type", TYPED)
	assert kept.schema_from_handler
	assert json.loads(kept.parameters_schema) == contracts.contract_of(typed_handlers.import_people).schema
	kept.parameters_schema = '{"type": "object"}'
	kept.save()
	assert "people" in json.loads(kept.parameters_schema)["properties"]
	assert not frappe.db.get_value("Job Type", OBLIGING, "parameters_schema")


def test_a_migration_takes_the_schema_anew_and_leaves_what_was_written_by_hand():
	frappe.db.set_value("Job Type", TYPED, {"parameters_schema": None, "schema_from_handler": 0})
	frappe.db.set_value("Job Type", OBLIGING, {"parameters_schema": "{}", "schema_from_handler": 1})
	job_types.keep_schemas()
	assert frappe.db.get_value("Job Type", TYPED, "schema_from_handler")
	assert frappe.db.get_value("Job Type", OBLIGING, "parameters_schema") is None
	assert json.loads(frappe.db.get_value("Job Type", WRITTEN, "parameters_schema")) == SCHEMA


def test_a_type_that_is_typed_no_longer_has_no_schema():
	kept = frappe.get_doc("Job Type", TYPED)
	kept.handler_method = frappe.db.get_value("Job Type", OBLIGING, "handler_method")
	kept.save()
	assert (kept.parameters_schema, kept.schema_from_handler) == (None, 0)


def test_the_normal_form_is_stored_and_equal_parameters_are_equal_jobs():
	with changed("Job Type", TYPED, deduplication_window=300):
		frappe.clear_document_cache("Job Type", TYPED)
		job = submitted({"people": [{"name": "A", "born": date(2001, 2, 3)}], "amount": Decimal("2.50")})
		stored = json.loads(job.input_parameters)
		assert stored["people"] == [{"name": "A", "e_mail": None, "born": "2001-02-03"}]
		assert (stored["amount"], stored["count"], stored["scan"]) == ("2.50", 0, None)
		with pytest.raises(frappe.DuplicateEntryError):
			submitted({"count": "0", "amount": "2.50", "people": [{"name": "A", "born": "2001-02-03"}]})
	frappe.clear_document_cache("Job Type", TYPED)


@pytest.mark.parametrize(
	("wrong", "said"),
	[
		(
			{"people": [{"name": "A"}, {"name": ""}]},
			"parameters.people[1].name: must have at least 1 character",
		),
		({"people": [{"nam": "A"}]}, "parameters.people[0].name: is missing"),
		({"count": "many"}, "parameters.count: must be a valid integer"),
		({"nonsense": 1}, "parameters.nonsense: there is no such parameter"),
		({"api_token": "x" * 21}, "parameters.api_token: is not valid; its value is masked"),
		({"organization": World.beta}, f"parameters.organization: no Organization {World.beta!r}"),
		({"organization": "Nowhere"}, "parameters.organization: no Organization 'Nowhere'"),
		({"scan": "Nothing"}, "parameters.scan: no private file 'Nothing'"),
		([1], "parameters: must be a JSON object, not list"),
		({"count": object()}, "parameters: cannot be stored as JSON"),
	],
)
def test_what_the_handler_would_not_take_is_refused_with_its_place(wrong, said):
	assert refused(wrong).startswith(said)


def test_bulks_and_flows_name_the_job_first():
	good = {"job_type": TYPED, "organization": World.alpha, "parameters": {}}
	bad = {**good, "parameters": {"count": "x"}}
	with acting_as(World.alice):
		with pytest.raises(frappe.ValidationError, match=r"^jobs\[1\]\.parameters\.count: "):
			submit_jobs([good, bad])
		with pytest.raises(frappe.ValidationError, match=r"^jobs\[0\]\.parameters\.count: "):
			Flow("Import", Job(TYPED, {"count": "x"})).submit(World.alpha)
	assert not frappe.db.count("Background Job", {"job_type": TYPED})


def test_no_door_reads_parameters_that_are_too_large(world, monkeypatch):
	large = {"people": [""] * 400_000}
	job = submitted({})
	frappe.db.commit()
	end(job.name, "Dead Letter")
	monkeypatch.setattr(contracts.Contract, "read", lambda *_arguments: pytest.fail("read"))
	request = {"job_type": TYPED, "organization": World.alpha, "parameters": large}
	doors = [
		lambda: submit_job(TYPED, World.alpha, large),
		lambda: submit_jobs([request]),
		lambda: Flow("Import", Job(TYPED, large)).submit(World.alpha),
		lambda: create_schedule("Import", World.alpha, TYPED, parameters=large, interval_seconds=3600),
		lambda: retry_with_parameters(job.name, large),
		lambda: run_handler(TYPED_HANDLER, large),
	]
	for door in doors:
		with (
			pytest.raises(frappe.ValidationError, match="bytes of JSON, at most 1048576"),
			acting_as(World.adam),
		):
			door()


def test_schedules_are_checked_and_keep_the_normal_form():
	with acting_as(World.adam):
		with pytest.raises(frappe.ValidationError, match=r"^parameters\.count: "):
			create_schedule("Import", World.alpha, TYPED, parameters={"count": "x"}, interval_seconds=3600)
		made = create_schedule("Import", World.alpha, TYPED, parameters={"count": "7"}, interval_seconds=3600)
	stored = json.loads(frappe.db.get_value("Job Schedule", made.name, "parameters"))
	assert (stored["count"], stored["amount"]) == (7, "1.10")


def private_file(owner: str, **values) -> str:
	with acting_as(owner):
		name = f"typed-{frappe.generate_hash(length=8)}.txt"
		file = frappe.get_doc({"doctype": "File", "file_name": name, "content": "a", **values})
		return file.insert(ignore_permissions=True).name


def test_uploads_are_private_files_that_the_owner_may_read():
	mine, bobs, public = (
		private_file(World.alice, is_private=1),
		private_file(World.bob, is_private=1),
		private_file(World.alice, is_private=0),
	)
	assert json.loads(submitted({"scan": mine}).input_parameters)["scan"] == mine
	for name in (bobs, public):
		assert refused({"scan": name}) == f"parameters.scan: no private file {name!r}"


def test_all_documents_that_cannot_be_read_are_said_at_once():
	said = refused({"organization": World.beta, "scan": "nowhere"})
	assert f"no Organization {World.beta!r}" in said
	assert "no private file 'nowhere'" in said


def test_a_link_that_the_owner_may_read_is_taken():
	assert submitted({"organization": World.alpha}).name


@pytest.mark.parametrize(
	("wrong", "said"),
	[
		({}, "parameters.count: is missing"),
		({"count": 0}, "parameters.count: must be greater than or equal to 1"),
		({"count": 1, "nonsense": 2}, "parameters.nonsense: there is no such parameter"),
		({"count": 1, "day": "yesterday"}, "parameters.day: must be a valid date"),
		({"count": 1, "places": [{"name": 1}, {}]}, "parameters.places[1].name: is missing"),
		({"count": 1, "api_token": "toolong"}, "parameters.api_token: is not valid; its value is masked"),
		(
			{"count": 1, "organization": World.beta},
			f"parameters.organization: no Organization {World.beta!r}",
		),
	],
)
def test_a_written_schema_is_obeyed(wrong, said):
	assert refused(wrong, WRITTEN) == said


def test_parameters_of_a_written_schema_are_stored_as_they_are():
	given = {"count": 2**70, "day": "2026-01-02", "organization": World.alpha}
	assert json.loads(submitted(given, WRITTEN).input_parameters) == given


@pytest.mark.parametrize(
	("schema", "said"),
	[
		("nonsense", "no valid JSON"),
		("[]", "must be a JSON object"),
		('{"type": "nonsense"}', "type"),
		('{"properties": {"a": {"$ref": "https://example.com/schema.json"}}}', "nothing is fetched"),
		('{"$defs": {"a": {"$dynamicRef": "other.json"}}}', "nothing is fetched"),
	],
)
def test_what_is_no_schema_is_refused_when_it_is_saved(schema, said):
	kept = frappe.get_doc("Job Type", WRITTEN)
	kept.parameters_schema = schema
	with pytest.raises(frappe.ValidationError, match=said):
		kept.save()


WITHOUT_DOCUMENTS = ["System Settings", "Has Role"]


@pytest.mark.parametrize("doctype", [*WITHOUT_DOCUMENTS, "No Such DocType"])
def test_a_link_to_what_has_no_documents_is_refused_when_it_is_saved(doctype):
	kept = frappe.get_doc("Job Type", WRITTEN)
	kept.parameters_schema = json.dumps({"properties": {"it": {"x-dartwing-link": doctype}}})
	with pytest.raises(frappe.ValidationError, match=f"links to '{doctype}'"):
		kept.save()


@pytest.mark.parametrize("doctype", [*WITHOUT_DOCUMENTS, "No Such DocType"])
def test_a_link_to_what_has_no_documents_any_more_refuses_the_parameters(doctype):
	schema = json.dumps({"properties": {"it": {"x-dartwing-link": doctype}}})
	frappe.db.set_value("Job Type", WRITTEN, "parameters_schema", schema)
	frappe.clear_document_cache("Job Type", WRITTEN)
	assert refused({"it": doctype}, WRITTEN) == f"parameters.it: no {doctype} {doctype!r}"


def test_a_schema_that_refers_to_itself_without_end_refuses_the_parameters():
	kept = frappe.get_doc("Job Type", WRITTEN)
	kept.parameters_schema = '{"$ref": "#"}'
	kept.save()
	frappe.clear_document_cache("Job Type", WRITTEN)
	assert "without end" in refused({"count": 1}, WRITTEN)


def test_no_secret_is_told_in_another_place():
	token = "hunter2hunter2hunter2hunter2"
	assert token not in refused({"api_token": token, "organization": f"x {token}"})


def test_a_handler_that_cannot_be_loaded_refuses_the_job():
	frappe.db.set_value("Job Type", TYPED, "handler_method", "dartwing.gone.run")
	frappe.clear_document_cache("Job Type", TYPED)
	assert refused({}).startswith("job_type: dartwing.gone.run cannot be loaded")
	frappe.db.set_value("Job Type", TYPED, "handler_method", TYPED_HANDLER)
	frappe.clear_document_cache("Job Type", TYPED)


DOTS = "••••••"
SENT_BACK = {"mode": "succeed", "steps": [{"n": 1}, {"apiToken": DOTS}]}


def test_dots_that_were_shown_in_place_of_a_secret_are_refused_where_they_stand(world):
	reason = "has the dots that are shown in place of a secret; send the secret itself"
	assert refused(SENT_BACK, OBLIGING) == f"parameters.steps[1].apiToken: {reason}"
	job = submitted({"mode": "succeed", "api_token": "hunter22", "note": DOTS}, OBLIGING)
	frappe.db.commit()
	end(job.name, "Dead Letter")
	shown = json.loads(frappe.get_doc("Background Job", job.name).as_dict()["input_parameters"])
	with acting_as(World.adam):
		with pytest.raises(frappe.ValidationError, match=r"^parameters\.api_token: has the dots"):
			retry_with_parameters(job.name, {**shown, "api_token": DOTS})
		given = {"job_type": OBLIGING, "organization": World.alpha, "parameters": {"password": DOTS}}
		with pytest.raises(frappe.ValidationError, match=r"^jobs\[0\]\.parameters\.password: has the dots"):
			submit_jobs([given])
		with pytest.raises(frappe.ValidationError, match=r"parameters\.password: has the dots"):
			Flow.parse("A", [{"job_type": OBLIGING, "parameters": {"password": DOTS}}]).submit(World.alpha)
	assert state(job.name)["status"] == "Dead Letter"


def test_a_schedule_takes_no_dots_and_keeps_the_secret_that_it_has(world):
	secret = {"mode": "succeed", "api_token": "hunter22"}
	with acting_as(World.adam):
		schedule = create_schedule("A", World.alpha, OBLIGING, parameters=secret, interval_seconds=3600)
		with pytest.raises(frappe.ValidationError, match=r"^parameters\.api_token: has the dots"):
			update_schedule(schedule.name, parameters={**secret, "api_token": DOTS})
		update_schedule(schedule.name, title="B")
	kept = frappe.db.get_value("Job Schedule", schedule.name, ["title", "parameters"])
	assert kept == ("B", json.dumps(secret, separators=(",", ":"), sort_keys=True))
