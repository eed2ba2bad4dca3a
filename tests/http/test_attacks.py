"""A member of Alpha tries everything about a job of Beta, over real HTTP.

Whatever is asked about a job by its id is answered as for an id that there is not, word for word, and
nothing that is asked of many rows has anything of Beta in it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from answers import API, LINK_CHECK, ROOM_CHECK, error, message, without_ids
from factories import OBLIGING, World, end, submit
from framework import since
from grouped import submit_group
from requests import Response
from scheduled import make_schedule

SECRET = "known to Beta only"
UNKNOWN = "JOB-1999-12345"
JOB = "/api/resource/Background Job"
GUARDED = (
	"Background Job",
	"Job Execution Log",
	"Job Group",
	"Job Schedule",
	"Organization",
	"Org Member",
	"Person",
)


@pytest.fixture
def foreign(world: World) -> str:
	"""A dead letter of Beta, full of what only Beta may know, as is a group beside it."""
	submit_group(1, world.bob, world.beta, title=SECRET)
	make_schedule("Administrator", world.beta, title=SECRET, run_as=world.bob)
	job = submit(world.bob, world.beta, secret=SECRET)
	values = dict.fromkeys(("error_message", "error_traceback", "progress_message"), SECRET)
	end(job.name, "Dead Letter", output_reference=f"/private/files/{SECRET}.csv", **values)
	return job.name


@pytest.fixture(params=["alice", "adam", "nobody"])
def attacker(request):
	"""A member of Alpha, an admin of it, and a user who belongs nowhere."""
	return request.getfixturevalue(request.param)


def normalized(response: Response, job_id: str) -> tuple[int, str]:
	return response.status_code, without_ids(response.text.replace(job_id, "<id>"))


def submission(**arguments: Any) -> dict:
	return {"job_type": OBLIGING, "organization": World.alpha, "parameters": {"mode": "succeed"}, **arguments}


def listing(**arguments: Any) -> Callable:
	def ask(client, job_id: str) -> Response:
		sent = {
			name: json.dumps(value).replace("<id>", job_id) if not isinstance(value, str) else value
			for name, value in arguments.items()
		}
		return client.ask("frappe.client.get_list", doctype="Background Job", **sent)

	return ask


BY_ID: dict[str, Callable] = {
	"get_job_status": lambda client, job: client.ask(f"{API}.get_job_status", job_id=job),
	"get_job_history": lambda client, job: client.ask(f"{API}.get_job_history", job_id=job),
	"cancel_job": lambda client, job: client.call(f"{API}.cancel_job", job_id=job),
	"retry_job": lambda client, job: client.call(f"{API}.retry_job", job_id=job),
	"retry_jobs": lambda client, job: client.call(f"{API}.retry_jobs", job_ids=[job]),
	"discard_jobs": lambda client, job: client.call(f"{API}.discard_jobs", job_ids=[job], reason="mine now"),
	"list_jobs before": lambda client, job: client.ask(f"{API}.list_jobs", before=job),
	"list_dead_letters before": lambda client, job: client.ask(f"{API}.list_dead_letters", before=job),
	"parent of a job": lambda client, job: client.call(f"{API}.submit_job", **submission(depends_on=job)),
	"resource read": lambda client, job: client.get(f"{JOB}/{job}"),
	"resource write": lambda client, job: client.put(f"{JOB}/{job}", json={"organization": World.alpha}),
	"resource delete": lambda client, job: client.delete(f"{JOB}/{job}"),
	"resource method": lambda client, job: client.post(f"{JOB}/{job}", json={"run_method": "transition_to"}),
	"resource filter": lambda client, job: client.get(JOB, params={"filters": json.dumps({"name": job})}),
	"resource or_filters": lambda client, job: client.get(
		JOB, params={"or_filters": json.dumps([["name", "=", job], ["organization", "=", World.beta]])}
	),
	"get": lambda client, job: client.ask("frappe.client.get", doctype="Background Job", name=job),
	"get by filter": lambda client, job: client.ask(
		"frappe.client.get", doctype="Background Job", filters=json.dumps({"name": job})
	),
	"get_value": lambda client, job: client.ask(
		"frappe.client.get_value",
		doctype="Background Job",
		fieldname=json.dumps(["organization", "input_parameters"]),
		filters=json.dumps({"name": job}),
	),
	"get_count": lambda client, job: client.ask(
		"frappe.client.get_count", doctype="Background Job", filters=json.dumps({"name": job})
	),
	"get_count of its log": lambda client, job: client.ask(
		"frappe.client.get_count", doctype="Job Execution Log", filters=json.dumps({"background_job": job})
	),
	"set_value": lambda client, job: client.call(
		"frappe.client.set_value", doctype="Background Job", name=job, fieldname="status", value="Pending"
	),
	"save": lambda client, job: client.call(
		"frappe.client.save", doc={"doctype": "Background Job", "name": job, "organization": World.alpha}
	),
	"delete": lambda client, job: client.call("frappe.client.delete", doctype="Background Job", name=job),
	"has_permission": lambda client, job: client.ask(
		"frappe.client.has_permission", doctype="Background Job", docname=job
	),
	"get_doc_permissions": lambda client, job: client.ask(
		"frappe.client.get_doc_permissions", doctype="Background Job", docname=job
	),
	"validate_link": lambda client, job: client.ask(
		LINK_CHECK,
		doctype="Background Job",
		docname=job,
		**{"fields_to_fetch" if since(16, 0) else "fields": '["organization"]'},
	),
	"run_doc_method": lambda client, job: client.post(
		"/api/method/run_doc_method", json={"dt": "Background Job", "dn": job, "method": "transition_to"}
	),
	"run_doc_method of a made-up document": lambda client, job: client.post(
		"/api/method/run_doc_method",
		json={
			"docs": {"doctype": "Background Job", "name": job, "organization": World.alpha},
			"method": "transition_to",
		},
	),
	"upload": lambda client, job: client.post(
		"/api/method/upload_file",
		data={"doctype": "Background Job", "docname": job, "is_private": 1},
		files={"file": ("a.txt", b"x")},
	),
	"attach_file": lambda client, job: client.call(
		"frappe.client.attach_file", filename="a.txt", filedata="x", doctype="Background Job", docname=job
	),
	"subscribe": lambda client, job: client.ask(
		ROOM_CHECK, doctype="Background Job", **{"name" if since(16, 0) else "docname": job}
	),
	"link search": lambda client, job: client.ask(
		"frappe.desk.search.search_link", doctype="Background Job", txt=job, ignore_user_permissions=1
	),
	"list by or_filters": listing(or_filters={"name": "<id>"}, fields=["name", "input_parameters"]),
	"list of log": lambda client, job: client.ask(
		"frappe.client.get_list",
		doctype="Job Execution Log",
		filters=json.dumps({"background_job": job}),
		fields=json.dumps(["*"]),
	),
}


@pytest.mark.parametrize("attack", BY_ID)
def test_a_job_of_another_organization_is_no_job(attacker, foreign, attack):
	before = stored(foreign)
	of_foreign = BY_ID[attack](attacker, foreign)
	of_unknown = BY_ID[attack](attacker, UNKNOWN)
	assert normalized(of_foreign, foreign) == normalized(of_unknown, UNKNOWN)
	assert of_foreign.status_code < 500
	assert SECRET not in of_foreign.text
	assert stored(foreign) == before


def stored(job_id: str) -> dict:
	frappe.db.rollback()
	row = frappe.db.get_value("Background Job", job_id, "*", as_dict=True)
	return {**row, "files": frappe.db.count("File", {"attached_to_name": job_id})}


FILTERS_AS_NAMES = (
	("frappe.client.get", {}, "name"),
	("frappe.client.get", {}, "filters"),
	("frappe.client.get_doc_permissions", {}, "docname"),
	("frappe.client.has_permission", {}, "docname"),
	("frappe.client.set_value", {"fieldname": "status", "value": "Pending"}, "name"),
	("frappe.client.delete", {}, "name"),
	("frappe.client.attach_file", {"filename": "a.txt", "filedata": "x"}, "docname"),
)


@pytest.mark.parametrize(("method", "arguments", "name"), FILTERS_AS_NAMES)
def test_a_filter_in_the_place_of_a_name_tells_nothing(attacker, foreign, method, arguments, name):
	"""What Beta's jobs hold could be found out letter by letter."""
	answers = [
		attacker.call(
			method, doctype="Background Job", **arguments, **{name: {"error_message": ["like", text]}}
		)
		for text in ("known%", "unknown%")
	]
	assert normalized(answers[0], foreign) == normalized(answers[1], foreign)
	assert foreign not in answers[0].text


def reportview(method: str = "get", doctype: str = "Background Job", **arguments: Any) -> Callable:
	sent = {"fields": json.dumps([f"`tab{doctype}`.`name`"]), **arguments}
	return lambda client: client.call(f"frappe.desk.reportview.{method}", doctype=doctype, **sent)


FIELDS = json.dumps(["name", "organization", "error_message", "input_parameters"])

OF_MANY: dict[str, Callable] = {
	"list_jobs": lambda client: client.ask(f"{API}.list_jobs", limit=100),
	"list_dead_letters": lambda client: client.ask(f"{API}.list_dead_letters", limit=100),
	"list_jobs of Beta": lambda client: client.ask(f"{API}.list_jobs", organization=World.beta.upper()),
	"metrics": lambda client: client.ask(f"{API}.get_job_metrics"),
	"retry by filter": lambda client: client.call(f"{API}.retry_jobs", filters={"organization": World.beta}),
	"retry all": lambda client: client.call(f"{API}.retry_jobs", filters={}),
	"discard all": lambda client: client.call(f"{API}.discard_jobs", filters={}, reason="x"),
	"every field": lambda client: client.get(JOB, params={"fields": '["*"]', "limit_page_length": 0}),
	"or_filters": lambda client: client.get(
		JOB, params={"fields": FIELDS, "or_filters": json.dumps([["organization", "like", "%"]])}
	),
	"or_filters by secret": lambda client: client.get(
		JOB, params={"fields": FIELDS, "or_filters": json.dumps([["error_message", "like", "known%"]])}
	),
	"order_by": lambda client: client.get(JOB, params={"fields": FIELDS, "order_by": "organization desc"}),
	"group_by": lambda client: client.get(
		JOB,
		params={"fields": '["organization", "count(name) as jobs_found"]', "group_by": "organization"},
	),
	"group_by of the report view": reportview(
		group_by="`tabBackground Job`.`organization`",
		aggregate_function="count",
		aggregate_on_doctype="Background Job",
		aggregate_on_field="name",
		fields=json.dumps(["`tabBackground Job`.`organization`"]),
	),
	"report view": reportview(view="Report", fields=json.dumps(["`tabBackground Job`.`organization`"])),
	"list view": reportview("get_list", fields=json.dumps(["`tabBackground Job`.`error_message`"])),
	"export": reportview(
		"export_query",
		title="x",
		file_format_type="CSV",
		fields=json.dumps(["`tabBackground Job`.`organization`", "`tabBackground Job`.`error_message`"]),
	),
	"a linked parent's fields": lambda client: client.ask(
		"frappe.client.get_list",
		doctype="Job Execution Log",
		fields=json.dumps(["name", "organization", "message"]),
		limit_page_length=0,
	),
	"as a child": lambda client: client.ask(
		"frappe.client.get_list", doctype="Background Job", parent="Organization", fields=FIELDS
	),
}


@pytest.mark.parametrize("attack", OF_MANY)
def test_nothing_of_beta_is_among_many(attacker, foreign, attack):
	answer = OF_MANY[attack](attacker)
	if since(16, 0) and attack == "as a child":
		# v16 asks the database for a column that only children have
		assert "Unknown column" in answer.text
	else:
		assert answer.status_code < 500, answer.text
	assert not re.search(rf"{SECRET}|{foreign}|{World.beta}", answer.text), answer.text


@pytest.mark.parametrize("doctype", GUARDED)
@pytest.mark.parametrize("ignore_user_permissions", [0, 1])
def test_link_search_finds_nothing_of_beta(attacker, foreign, doctype, ignore_user_permissions):
	answer = attacker.ask(
		"frappe.desk.search.search_link",
		doctype=doctype,
		txt="",
		page_length=1000,
		ignore_user_permissions=ignore_user_permissions,
	)
	assert answer.status_code == 200
	assert not re.search(f"{foreign}|Beta|bob", answer.text), answer.text


@pytest.mark.parametrize("doctype", GUARDED)
def test_counts_are_of_own_rows(attacker, manager, foreign, doctype):
	"""A count by a filter of one's choice would tell everything, letter by letter."""
	own = len(attacker.get(f"/api/resource/{doctype}", params={"limit_page_length": 0}).json()["data"])
	for method in ("frappe.client.get_count", "frappe.desk.reportview.get_count"):
		arguments = {"doctype": doctype, "fields": json.dumps([f"`tab{doctype}`.`name`"])}
		assert attacker.ask(method, **arguments).json()["message"] == own
		assert manager.ask(method, **arguments).json()["message"] > own or own


def test_counts_by_filters_that_match_only_beta(attacker, foreign):
	for filters in ({"error_message": ["like", "known%"]}, [["organization", "=", World.beta]]):
		answer = attacker.ask(
			"frappe.client.get_count", doctype="Background Job", filters=json.dumps(filters)
		)
		assert answer.json()["message"] == 0


def test_what_may_not_be_read_at_all_is_not_counted_either(attacker, manager):
	"""Frappe v15 counts any DocType for everybody."""
	asked = {"doctype": "Role", "filters": '{"name": "Dartwing User"}'}
	assert attacker.ask("frappe.client.get_count", **asked).status_code == 403
	assert manager.ask("frappe.client.get_count", **asked).json() == {"message": 1}


def test_beta_and_an_organization_that_there_is_not_are_the_same(attacker, foreign):
	for name, arguments in (
		("list_jobs", {}),
		("list_dead_letters", {}),
		("list_groups", {}),
		("get_job_metrics", {}),
		("submit_job", {"job_type": OBLIGING}),
	):
		answers = [
			attacker.call(f"{API}.{name}", organization=organization, **arguments)
			for organization in (World.beta, "Nowhere")
		]
		assert error(answers[0], 403).replace(World.beta, "Nowhere") == error(answers[1], 403)


@pytest.mark.parametrize("doctype", GUARDED[1:])
def test_rows_around_the_job_do_not_exist_either(attacker, foreign, doctype):
	person = frappe.db.get_value("Person", {"frappe_user": World.bob})
	name = {
		"Organization": World.beta,
		"Person": person,
		"Org Member": frappe.db.get_value("Org Member", {"person": person}),
		"Job Execution Log": frappe.db.get_value("Job Execution Log", {"background_job": foreign}),
		"Job Group": submit_group(1, World.bob, World.beta)[0],
		"Job Schedule": make_schedule("Administrator", World.beta, run_as=World.bob),
	}[doctype]
	for ask in (attacker.get, attacker.delete):
		answers = [ask(f"/api/resource/{doctype}/{one}") for one in (name, "nothing")]
		assert normalized(answers[0], name) == normalized(answers[1], "nothing")
		assert answers[0].status_code == 404


def test_bulk_deletion_deletes_nothing_of_beta(attacker, foreign):
	items = json.dumps([foreign])
	attacker.call("frappe.desk.reportview.delete_items", doctype="Background Job", items=items)
	frappe.db.rollback()
	assert frappe.db.exists("Background Job", foreign)


def test_mixed_ids_are_retried_as_far_as_they_are_ones_own(adam, foreign):
	mine = submit().name
	end(mine, "Dead Letter")
	answer = message(adam.call(f"{API}.retry_jobs", job_ids=[foreign, mine, UNKNOWN]))
	assert answer["done"] == [mine]
	reasons = answer["refused"]
	assert reasons[foreign].replace(foreign, UNKNOWN) == reasons[UNKNOWN]
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", foreign, "status") == "Dead Letter"


SQL = [
	"' or '1'='1",
	'" or ""="',
	"`; drop table `tabBackground Job`; --",
	"1) union select 1 -- ",
	"%",
	"\\",
]
TEXTS = [
	("submit_job", "job_type"),
	("submit_job", "organization"),
	("submit_job", "priority"),
	("submit_job", "depends_on"),
	("submit_job", "scheduled_at"),
	("get_job_status", "job_id"),
	("get_job_history", "job_id"),
	("cancel_job", "job_id"),
	("retry_job", "job_id"),
	("list_jobs", "organization"),
	("list_jobs", "status"),
	("list_jobs", "job_type"),
	("list_jobs", "before"),
	("list_dead_letters", "job_type"),
	("get_job_metrics", "organization"),
]


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize(("name", "argument"), TEXTS)
def test_sql_in_a_text_is_a_text(adam, foreign, name, argument, text):
	arguments = submission() if name == "submit_job" else {}
	answer = adam.call(f"{API}.{name}", **{**arguments, argument: text})
	assert answer.status_code in (200, 403, 404, 417), answer.text
	assert not re.search(rf"{SECRET}|{foreign}|{World.beta}|SQL", answer.text)
	frappe.db.rollback()
	assert frappe.db.exists("Background Job", foreign)


@pytest.mark.parametrize(
	"sql", ["(select 1)", "name; drop table `tabUser`", "sleep(1)", "1 desc, (select 2)"]
)
@pytest.mark.parametrize("argument", ["fields", "order_by", "group_by", "filters", "or_filters"])
def test_sql_in_a_list_is_refused_or_finds_nothing_foreign(attacker, foreign, argument, sql):
	value = {
		"fields": json.dumps([sql]),
		"filters": json.dumps([[sql, "=", "1"]]),
		"or_filters": json.dumps([[sql, "like", "%"]]),
	}.get(argument, sql)
	answer = attacker.get(JOB, params={argument: value})
	assert not re.search(rf"{SECRET}|{foreign}|{World.beta}", answer.text)


def test_parameters_that_name_a_handler_are_only_parameters(alice):
	parameters = {"mode": "succeed", "handler_method": "os.system", "handler": "os.system"}
	job_id = message(alice.call(f"{API}.submit_job", **submission(parameters=parameters)))["job_id"]
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job_id, "job_type") == OBLIGING
	refused = alice.call(f"{API}.submit_jobs", jobs=[{**submission(), "handler_method": "os.system"}])
	assert error(refused, 417) == "jobs[0].handler_method: there is no such argument"
