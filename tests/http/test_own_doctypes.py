"""Our DocTypes: one list of them, and rows that only System Managers see are none to everybody else."""

import json

import frappe
import pytest
from answers import without_ids
from factories import (
	OBLIGING,
	World,
	end,
	keep_log,
	keep_start,
	keep_step,
	keep_tally,
	purge,
	submit,
	submit_as,
)
from requests import Response
from runtimes.chosen import is_a_bench
from scheduled import keep_slot

from dartwing.dartwing_core.background_jobs.tenancy.conditions import SECRETS
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED, OF_MANAGERS, OWN

SECRET = "known to nobody"
UNKNOWN = "0123456789"
CARD = "frappe.desk.doctype.number_card.number_card.get_result"
PATHS = (
	"/api/resource/{doctype}/{name}",
	"/api/v1/resource/{doctype}/{name}/",
	"/api/v2/document/{doctype}/{name}",
	"/printview?doctype={doctype}&name={name}",
	"/api/method/frappe.client.get?doctype={doctype}&name={name}",
	"/api/method/frappe.client.get_value?doctype={doctype}&filters={name}&fieldname=name",
	"/api/method/frappe.desk.form.load.getdoc?doctype={doctype}&name={name}",
)


@pytest.fixture
def rows(world: World) -> dict[str, str]:
	"""Of each DocType that only System Managers see, a row about a job of Beta."""
	job = submit(world.bob, world.beta)
	child = submit_as(world.bob, OBLIGING, world.beta, {"mode": "succeed"}, depends_on=[job.name])
	keep_step(job.name, "a step", result=json.dumps(SECRET))
	end(job.name, "Completed")
	return {
		"Job Step": frappe.db.get_value("Job Step", {"background_job": job.name}),
		"Job Log Part": keep_log(job.name, ["a line"]),
		"Job Dependency": frappe.db.get_value("Job Dependency", {"background_job": child.name}),
		"Job Start": keep_start(job.name),
		"Job Schedule Slot": keep_slot(world.beta),
		"Job Tally": keep_tally(world.beta),
	}


def test_each_doctype_of_the_app_is_in_the_list():
	modules = frappe.get_all("Module Def", {"app_name": "dartwing"}, pluck="name")
	ours = frappe.get_all("DocType", {"module": ("in", modules), "custom": 0}, pluck="name")
	assert {*OWN} == {*ours}
	assert {*OF_MANAGERS} == {
		"Job Dependency",
		"Job Log Part",
		"Job Schedule Slot",
		"Job Start",
		"Job Step",
		"Job Tally",
	}
	assert {doctype for doctype in SECRETS if SECRETS[doctype]} == {
		"Background Job",
		"Job Schedule",
		"Job Start",
		"Job Step",
		"User",
	}


def test_each_guarded_doctype_has_its_hooks():
	for hook in ("permission_query_conditions", "has_permission", "standard_queries"):
		assert {*GUARDED} <= {*frappe.get_hooks(hook)}, hook


def answered(response: Response, name: str) -> tuple[int, str]:
	return response.status_code, without_ids(response.text.replace(name, "<name>"))


@pytest.mark.parametrize("user", ["guest", "nobody", "alice", "bob", "adam"])
@pytest.mark.parametrize("doctype", OF_MANAGERS)
def test_a_row_of_system_managers_is_answered_as_an_unknown_one(request, rows, doctype, user):
	client = request.getfixturevalue(user)
	for path in PATHS:
		asked = [
			answered(client.get(path.format(doctype=doctype, name=name)), name)
			for name in (rows[doctype], UNKNOWN)
		]
		assert asked[0] == asked[1], path
	for verb in ("PUT", "DELETE", "POST"):
		asked = [
			answered(client.request(verb, f"/api/resource/{doctype}/{name}", json={"idx": 1}), name)
			for name in (rows[doctype], UNKNOWN)
		]
		assert asked[0] == asked[1], verb
	if not is_a_bench():
		return
	for sent in (
		{"doctype": "ToDo", "description": "x", "allocated_to": World.alice, "reference_type": doctype},
		{"doctype": "Tag Link", "tag": "x", "document_type": doctype},
	):
		field = "reference_name" if sent["doctype"] == "ToDo" else "document_name"
		asked = [
			answered(client.call("frappe.client.insert", doc={**sent, field: name}), name)
			for name in (rows[doctype], UNKNOWN)
		]
		assert asked[0] == asked[1], sent


@pytest.mark.parametrize("doctype", OF_MANAGERS)
def test_system_managers_read_these_rows(manager, rows, doctype):
	answer = manager.get(f"/api/resource/{doctype}/{rows[doctype]}")
	assert answer.status_code == 200, answer.text
	assert SECRET not in answer.text


@pytest.mark.parametrize(
	("doctype", "field"), [(doctype, field) for doctype, own in OWN.items() for field in own.secrets]
)
def test_nobody_guesses_a_secret_by_asking_for_it(manager, rows, doctype, field):
	guess = json.dumps([[field, "like", "%known%"]])
	lists = (f"/api/resource/{doctype}", f"/api/v1/resource/{doctype}", f"/api/v2/document/{doctype}")
	for path in lists if is_a_bench() else lists[:2]:
		for asked in ({"filters": guess}, {"or_filters": guess}, {"order_by": f"{field} desc"}):
			answer = manager.get(path, params=asked)
			# version 2 knows no or_filters
			assert answer.status_code == 417, (path, asked, answer.text)
			assert SECRET not in answer.text
		assert manager.get(path).status_code == 200
	card = {"document_type": doctype, "function": "Count", "filters_json": "[]"}
	filters = [[doctype, field, "like", "%known%"]]
	answer = manager.call(CARD, doc=json.dumps(card), filters=json.dumps(filters))
	assert answer.status_code in ((417,) if is_a_bench() else (417, 500)), answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no assignments")
def test_rows_about_a_step_are_for_system_managers(curious, manager, rows):
	"""As those about a job of another organization."""
	step = rows["Job Step"]
	comment = {"reference_doctype": "Job Step", "reference_name": step, "content": SECRET}
	answer = manager.call(
		"frappe.desk.form.utils.add_comment", **comment, comment_email="x@x.x", comment_by="x"
	)
	assert answer.status_code == 200, answer.text
	try:
		about = {"filters": json.dumps([["reference_doctype", "=", "Job Step"]]), "fields": '["*"]'}
		assert SECRET in manager.get("/api/resource/Comment", params=about).text
		answer = curious.get("/api/resource/Comment", params=about)
		assert answer.json()["data"] == [], answer.text
	finally:
		frappe.db.rollback()
		for name in frappe.get_all("Comment", {"reference_name": step}, pluck="name"):
			purge("Comment", name)
		frappe.db.commit()
