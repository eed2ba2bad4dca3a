"""Secrets in a job's parameters reach its handler, and nobody's eyes."""

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from factories import end, state, submit
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.background_jobs.announcing.masking import MASK

SECRET = "hunter2"
JOB = "Background Job"
LOG = "Job Execution Log"


@pytest.fixture
def job(world) -> str:
	name = submit(world.alice, mode="describe_context", password=SECRET, page=7).name
	end(name, "Dead Letter", error_message="no answer", error_traceback="Traceback: secret line")
	return name


def documents(job: str) -> dict[str, Callable]:
	return {
		"resource": lambda client: client.get(f"/api/resource/{JOB}/{job}").json()["data"],
		"client.get": lambda client: client.ask("frappe.client.get", doctype=JOB, name=job).json()["message"],
		"client.get by filters": lambda client: client.ask(
			"frappe.client.get", doctype=JOB, filters=json.dumps({"name": job})
		).json()["message"],
	}


@pytest.mark.parametrize("way", documents(""))
@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_a_document_has_the_parameters_with_the_secrets_masked(request, job, way, user):
	document = documents(job)[way](request.getfixturevalue(user))
	assert json.loads(document["input_parameters"]) == {
		"mode": "describe_context",
		"password": MASK,
		"page": 7,
	}
	assert SECRET not in json.dumps(document)


def test_the_administrator_sees_no_secret_either(job):
	document = frappe.get_doc(JOB, job)
	document.apply_fieldlevel_read_permissions()
	assert SECRET not in document.input_parameters


def listed(method: str, **arguments: Any) -> Callable:
	return lambda client: client.ask(method, **{"doctype": JOB, **arguments})


LISTS = {
	"field": listed("frappe.client.get_list", fields=json.dumps(["name", "input_parameters"])),
	"all fields": listed("frappe.client.get_list", fields=json.dumps(["*"])),
	"function": listed("frappe.client.get_list", fields=json.dumps(["max(input_parameters) as name"])),
	"alias": listed("frappe.client.get_list", fields=json.dumps(["input_parameters as page"])),
	"column of the table": listed(
		"frappe.client.get_list", fields=json.dumps(["`tabBackground Job`.`input_parameters`"])
	),
	"value": listed("frappe.client.get_value", fieldname=json.dumps("input_parameters"), filters="{}"),
	"link": listed(
		"frappe.client.get_list", doctype=LOG, fields=json.dumps(["background_job.input_parameters"])
	),
	"list view": listed(
		"frappe.desk.reportview.get", fields=json.dumps(["`tabBackground Job`.`input_parameters`"])
	),
	"report view": listed(
		"frappe.desk.reportview.get",
		fields=json.dumps(["`tabBackground Job`.`input_parameters`"]),
		view="Report",
	),
	"export": listed(
		"frappe.desk.reportview.export_query",
		fields=json.dumps(["`tabBackground Job`.`name`", "`tabBackground Job`.`input_parameters`"]),
		file_format_type="CSV",
		title="jobs",
	),
	"resource list": lambda client: client.get(
		f"/api/resource/{JOB}", params={"fields": json.dumps(["name", "input_parameters"])}
	),
	"grouped": listed(
		"frappe.client.get_list",
		fields=json.dumps(["count(name) as jobs", "input_parameters"]),
		group_by="input_parameters",
	),
	"link search": listed("frappe.desk.search.search_link", txt="", searchfield="input_parameters"),
}


@pytest.mark.parametrize("way", LISTS)
@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_no_list_report_or_export_has_parameters(request, job, way, user):
	answer = LISTS[way](request.getfixturevalue(user))
	assert SECRET not in answer.text


GUESS = ["input_parameters", "like", f"%{SECRET}%"]
GUESSES = {
	"filter": listed("frappe.client.get_list", filters=json.dumps([GUESS])),
	"filter of the table": listed("frappe.client.get_list", filters=json.dumps([[JOB, *GUESS]])),
	"filter as object": listed("frappe.client.get_list", filters=json.dumps({GUESS[0]: GUESS[1:]})),
	"escaped filter": listed("frappe.client.get_list", filters=json.dumps([GUESS]).replace("_", "\\u005f")),
	"filter in capitals": listed(
		"frappe.client.get_list", filters=json.dumps([GUESS]).replace("input", "INPUT")
	),
	"alternative": listed("frappe.client.get_list", or_filters=json.dumps([GUESS])),
	"order": listed("frappe.client.get_list", order_by="input_parameters desc"),
	"group": listed("frappe.client.get_list", fields='["count(name) as n"]', group_by="input_parameters"),
	"count": listed("frappe.client.get_count", filters=json.dumps([GUESS])),
	"count of the list": listed("frappe.desk.reportview.get_count", filters=json.dumps([GUESS])),
	"link": listed("frappe.client.get_list", doctype=LOG, filters=json.dumps([[JOB, *GUESS]])),
	"get": listed("frappe.client.get", filters=json.dumps([GUESS])),
	"link search": listed("frappe.desk.search.search_link", txt="", filters=json.dumps([[JOB, *GUESS]])),
	"resource list": lambda client: client.get(
		f"/api/resource/{JOB}", params={"filters": json.dumps([GUESS])}
	),
	"matching": lambda client: client.call(
		"dartwing.dartwing_core.api.desk.count_matching", action="retry", filters=[GUESS]
	),
}


def test_other_filters_are_no_guesses(job, alice):
	filters = [["error_message", "like", "%answer%"], ["creation", ">", "2020-01-01"]]
	answer = alice.ask(
		"frappe.client.get_list", doctype=JOB, filters=json.dumps(filters), order_by="creation"
	)
	assert [row["name"] for row in answer.json()["message"]] == [job]


@pytest.mark.parametrize("way", GUESSES)
@pytest.mark.parametrize("user", ["alice", "adam"])
def test_secrets_cannot_be_guessed_by_filters(request, job, way, user):
	assert GUESSES[way](request.getfixturevalue(user)).status_code in (403, 404, 417)


def test_a_secret_that_another_parameter_repeats_is_hidden_there_too(alice, world):
	job = submit(
		world.alice,
		world.alpha,
		password="Tr0ub4dor&3",
		url="https://u:Tr0ub4dor%263@host",
		**{"pässwörd2": "x1y2z3"},
	)
	document = alice.get(f"/api/resource/{JOB}/{job.name}").json()["data"]
	assert "Tr0ub4dor" not in document["input_parameters"]
	assert "x1y2z3" not in document["input_parameters"]


@pytest.mark.parametrize("user", ["alice", "adam"])
@pytest.mark.parametrize("field", ["rq_job_id", "worker_name", "attempt_id"])
def test_in_whose_process_a_job_ran_is_not_for_members(request, job, manager, user, field):
	"""A drained job has the RQ id of the job that woke the process, which may be another organization's."""
	frappe.db.set_value(JOB, job, field, "JOB-1999-00001-of-beta", update_modified=False)
	frappe.db.commit()
	member = request.getfixturevalue(user)
	for client, shown in ((member, False), (manager, True)):
		document = client.get(f"/api/resource/{JOB}/{job}").json()["data"]
		assert bool(document.get(field)) == shown
		rows = client.get(f"/api/resource/{JOB}", params={"fields": json.dumps([field])}).json()["data"]
		assert bool(rows[0].get(field)) == shown
	guess = json.dumps([[field, "like", "%of-beta"]])
	assert member.get(f"/api/resource/{JOB}", params={"filters": guess}).status_code == 417


def test_tracebacks_and_checkpoints_are_for_admins(job, alice, adam):
	frappe.db.set_value(JOB, job, "checkpoint", json.dumps({"password": SECRET, "said": SECRET, "at": 3}))
	frappe.db.commit()
	for client, shown in ((alice, False), (adam, True)):
		document = client.get(f"/api/resource/{JOB}/{job}").json()["data"]
		assert bool(document.get("error_traceback")) == shown
		kept = json.loads(document.get("checkpoint") or "{}")
		assert kept == ({"password": MASK, "said": MASK, "at": 3} if shown else {})
		rows = client.get(f"/api/resource/{JOB}", params={"fields": '["error_traceback"]'}).json()["data"]
		assert bool(rows[0].get("error_traceback")) == shown


def test_the_words_are_a_setting(job, alice, restore_words):
	frappe.db.set_single_value("Job Engine Settings", "masked_parameters", "page mode")
	frappe.db.commit()
	document = alice.get(f"/api/resource/{JOB}/{job}").json()["data"]
	assert json.loads(document["input_parameters"]) == {"mode": MASK, "password": SECRET, "page": MASK}


@pytest.fixture
def restore_words():
	before = frappe.db.get_single_value("Job Engine Settings", "masked_parameters")
	yield
	frappe.db.set_single_value("Job Engine Settings", "masked_parameters", before)
	frappe.db.commit()


@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_nothing_of_a_job_is_written_by_hand(request, job, user):
	client = request.getfixturevalue(user)
	changes = {"status": "Completed", "input_parameters": "{}", "progress": 99}
	answers = [
		client.put(f"/api/resource/{JOB}/{job}", json=changes),
		client.call("frappe.client.set_value", doctype=JOB, name=job, fieldname=changes),
		client.post(f"/api/resource/{JOB}", json={"organization": "Alpha Test Org", **changes}),
	]
	assert all(answer.status_code in (403, 417) for answer in answers), [answer.text for answer in answers]
	assert state(job)["status"] == "Dead Letter"


def test_not_even_the_administrator_writes_a_job_by_hand(job):
	document = frappe.get_doc(JOB, job)
	document.status = "Completed"
	with pytest.raises(frappe.ValidationError, match="only the job engine"):
		document.save()
	frappe.db.rollback()
	assert state(job)["status"] == "Dead Letter"


@pytest.mark.skipif(not is_a_bench(), reason="benchless keeps nothing of what is deleted")
def test_what_frappe_keeps_of_a_deleted_job_is_masked(job):
	frappe.delete_doc(JOB, job)
	kept = frappe.get_last_doc("Deleted Document", {"deleted_doctype": JOB, "deleted_name": job})
	frappe.db.rollback()
	assert SECRET not in kept.data
	assert json.loads(json.loads(kept.data)["input_parameters"])["password"] == MASK
