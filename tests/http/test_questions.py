"""What Frappe's methods are asked of guarded DocTypes is conditions on fields that the user may read.

Each method that takes filters, fields, orders or groups is asked with SQL that is true and with SQL that
is false, and with values that only rows of another organization have: nothing may tell the difference.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from asking_frappe import LEFT_OUT, UNKNOWN, arguments_for, difference, leaving_nothing, normalized
from factories import World, end, submit
from http_client import Client
from methods_of_frappe import Method, whitelisted_methods
from requested import requested
from requests import Response
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import door

SECRET = "known to Beta only"
TRUE = "1=0 or exists(select 1 from `tabUser`)"
FALSE = "1=0 or exists(select 1 from `tabUser` where 1=0)"
# Frappe's methods that read such arguments from the request itself
READING_THE_REQUEST = re.compile(r"^frappe\.desk\.reportview\.")
CONDITIONS = re.compile(r"^(\w*filters|filters_json)$")


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Iterator[None]:
	with leaving_nothing():
		yield


@pytest.fixture
def beta_jobs(world: World) -> list[str]:
	"""Three dead letters of Beta, beside one job of Alpha."""
	submit()
	jobs = [submit(world.bob, world.beta, secret=SECRET, number=number).name for number in range(3)]
	for job in jobs:
		end(job, "Dead Letter", error_message=SECRET)
	return jobs


def asking_methods() -> list[Method]:
	return [
		method
		for method in whitelisted_methods()
		if method.path not in LEFT_OUT
		and (any(map(CONDITIONS.match, method.parameters)) or READING_THE_REQUEST.match(method.path))
	]


def ask(client: Client, method: Method, conditions: Any, **arguments: Any) -> Response:
	given = arguments_for(method, "Background Job", UNKNOWN)
	named = [name for name in method.parameters if CONDITIONS.match(name)] or ["filters"]
	given |= dict.fromkeys(named, conditions if isinstance(conditions, str) else json.dumps(conditions))
	given |= {
		"file_format_type": "CSV",
		"title": "x",
		"stats": '["status", "_user_tags"]',
		"type": "location_field",
	}
	given |= {"field_map": '{"start": "creation", "end": "modified", "title": "name"}'}
	given |= {"start": "2000-01-01", "end": "2100-01-01", "view": "List"} if "calendar" in method.path else {}
	given |= {"doc": json.dumps({"document_type": "Background Job", "function": "Count"})}
	given |= {"chart": json.dumps(CHART)} if method.path.endswith("dashboard_chart.get") else {}
	return client.request(method.verb, f"/api/method/{method.path}", data={**given, **arguments})


CHART = {
	"chart_type": "Count",
	"type": "Heatmap",
	"document_type": "Background Job",
	"based_on": "creation",
	"filters_json": "[]",
}


def as_sql(text: str) -> list:
	return [[text], {text: 1}, [[text, "=", 1]], [["name", "=", "x"], text], [["name", text, "x"]], text]


@pytest.mark.parametrize("shape", range(len(as_sql(""))))
def test_no_method_runs_sql_that_stands_among_conditions(alice, beta_jobs, shape):
	methods = asking_methods()
	assert len(methods) > 3
	told = {}
	for method in methods:

		def answer(text: str, method: Method = method) -> tuple[int, str]:
			return without_sql(ask(alice, method, as_sql(text)[shape]), text)

		differing = difference(answer, TRUE, FALSE)
		if differing:
			told[method.path] = differing
	assert told == {}


def without_sql(response: Response, text: str) -> tuple[int, str]:
	status, body = normalized(response, text)
	return status, body.replace(" where 1=0", "")


# said in an error, and only by a server that runs it
RUN = (
	"name and extractvalue(1, concat(0x5c, (select concat('ran-', 'by-', 'mariadb') from `tabUser` limit 1)))"
)
SAID = "ran-by-mariadb"


@pytest.mark.parametrize("doctype", ["Background Job", "Organization", "Job Type", "User"])
def test_no_argument_of_any_method_is_run(alice, beta_jobs, doctype):
	"""Whatever the argument is called: a query in it is refused, or it is a value."""
	ran = []
	for method in whitelisted_methods():
		if method.path in LEFT_OUT:
			continue
		for parameter in method.parameters:
			for sent in (RUN, json.dumps([RUN])):
				arguments = {**arguments_for(method, doctype, UNKNOWN), parameter: sent}
				if SAID in alice.request(method.verb, f"/api/method/{method.path}", data=arguments).text:
					ran.append(f"{method.path}({parameter})")
	assert ran == []


# what Frappe v15 takes for a field that it need not quote
FIELD = (
	"ifnull(extractvalue(1,concat('~',(with c as (values('a')) "
	"select`email`from`tabUser`where`name`='Guest'limit 1),'ran-','by-','mariadb')),1)"
)


def conditions_on(doctype: str) -> Iterator[Any]:
	yield [[doctype, FIELD, "=", "1"]]
	yield [[FIELD, "=", "1"]]
	yield [[FIELD, "", "1"]]
	yield [{FIELD: "1"}]
	yield {FIELD: ["like", "x"]}
	yield json.dumps([[doctype, FIELD, "=", "1"]])


@pytest.mark.parametrize("doctype", ["Event", "ToDo", "Contact", "User"])
def test_no_field_of_a_condition_is_run(alice, doctype):
	"""Of any DocType, in whichever way the condition is written."""
	ran = []
	times = {"start": "2020-01-01", "end": "2030-01-01", "field_map": '{"start":"creation","end":"modified"}'}
	of = {"doctype": doctype, "field": "owner", "txt": "a", "fields": '["name"]', **times}
	of["doc"] = json.dumps({"document_type": doctype, "function": "Count", "filters_json": "[]"})
	of["chart"] = json.dumps({**CHART, "document_type": doctype})
	for method in asking_methods():
		for place, conditions in enumerate(conditions_on(doctype)):
			if SAID in ask(alice, method, json.dumps(conditions), **of).text:
				ran.append(f"{method.path} {place}")
	assert ran == []


@pytest.mark.parametrize("argument", ["filters", "or_filters", "whatever", "doc", "args"])
@pytest.mark.parametrize("place", range(3))
def test_a_field_that_is_no_name_is_refused_by_the_name_of_its_argument(alice, argument, place):
	conditions = list(conditions_on("ToDo"))[place]
	for sent in (conditions, {"nested": [json.dumps(conditions)]}):
		answer = alice.ask("frappe.client.get_list", doctype="Role", **{argument: json.dumps(sent)})
		assert answer.status_code == 417, answer.text
		assert f"{argument}: " in answer.text or "nested: holds a query" in answer.text
	for path in ("/api/resource/Role", "/api/v2/document/Role"):
		answer = alice.get(path, params={argument: json.dumps(conditions)})
		# benchless has no version 2 of the API
		assert answer.status_code in ((417,) if "v2" not in path or is_a_bench() else (404, 417)), answer.text


CARD = {
	"doctype": "Number Card",
	"name": "x",
	"document_type": "Note",
	"function": "Sum",
	"filters_json": "[]",
	"type": "Document Type",
	"aggregate_function_based_on": RUN,
}
GLUED = (
	{"group_by": "extractvalue(1,concat(0x5c,(select left('a',1) `", "order_by": "` from tabUser limit 1)))"},
	{"group_by": "extractvalue(1,concat(0x5c,(/*", "order_by": "*/select 1 from tabUser limit 1)))"},
	{"group_by": "extractvalue(1,concat(0x5c,(#", "order_by": "\nselect 1 from tabUser limit 1)))"},
	{"fields": json.dumps(["f((/*!50000select*/ 1))"])},
	{"fields": json.dumps(["f((/* a */ SELECT 1))"])},
	{"doc": json.dumps(CARD), "document_type": "Organization"},
	{"doc": json.dumps(CARD)},
)


@pytest.mark.parametrize("sent", GLUED)
def test_a_query_in_parts_or_in_a_document_is_refused(alice, sent):
	answer = alice.call("frappe.client.get_list", doctype="Note", **sent)
	assert answer.status_code == 417
	assert "holds a query" in answer.text


@pytest.mark.parametrize("doctype", ["Role", "User", "Background Job"])
@pytest.mark.parametrize("argument", ["fields", "order_by", "group_by"])
@pytest.mark.parametrize(
	"text", ["sleep(0)", "name and 1=1", "name union all select 1", "@@version", "name/**/"]
)
def test_what_is_no_column_is_refused_where_a_column_stands(alice, doctype, argument, text):
	"""Of any DocType: also what Frappe does not know as harmful."""
	value = text if argument.endswith("_by") else json.dumps([text])
	for answer in (
		alice.ask("frappe.client.get_list", doctype=doctype, **{argument: value}),
		alice.get(f"/api/resource/{doctype}", params={argument: value}),
	):
		assert answer.status_code == 417, answer.text
		assert argument in answer.text


DEEP = "[" * 60 + "]" * 60
TOO_DEEP = "filters: is nested more than 50 deep"


@pytest.mark.parametrize("deep", [DEEP, "[" * 3000, json.dumps({"x": DEEP}), json.dumps(['"[{]"', DEEP])])
@pytest.mark.parametrize("method", ["frappe.client.get_list", "frappe.desk.form.load.getdoc"])
def test_json_that_is_nested_deep_is_refused_by_the_name_of_its_argument(alice, method, deep):
	"""A door that cannot read it to its end would let it pass, or end with an error of its own."""
	answer = alice.ask(method, doctype="Background Job", name="x", filters=deep)
	assert answer.status_code == 417, answer.text
	assert TOO_DEEP in answer.text
	answer = alice.post(
		f"/api/method/{method}", json={"doctype": "Background Job", "filters": json.loads(DEEP)}
	)
	assert answer.status_code == 417, answer.text
	assert TOO_DEEP in answer.text


def test_comments_are_counted_by_who_may_read_them(alice, manager, beta_jobs):
	filters = {"filters": json.dumps({"document_name": beta_jobs[0]})}
	answer = alice.ask("frappe.client.get_count", doctype="Notification Log", **filters)
	assert answer.json() == {"message": 0}


FOREIGN = (
	("error_message", "like", f"{SECRET}%"),
	("organization", "=", World.beta),
	("owner_user", "=", World.bob),
)


@pytest.mark.parametrize(("field", "operator", "value"), FOREIGN)
def test_no_method_finds_counts_or_sums_up_what_only_beta_has(alice, beta_jobs, field, operator, value):
	told = {}
	for method in asking_methods():
		for extra in ({}, {"field": "assigned_to"}):

			def answer(wanted: str, method: Method = method, extra: dict = extra) -> tuple[int, str]:
				conditions = [["Background Job", field, operator, wanted]]
				return normalized(ask(alice, method, conditions, **extra), wanted)

			if differing := difference(answer, value, "nothing at all"):
				told[method.path] = differing
	assert told == {}


@pytest.mark.parametrize("argument", ["fields", "order_by", "group_by", "filters", "or_filters"])
@pytest.mark.parametrize("method", ["get", "get_list", "get_count", "export_query"])
def test_sql_is_refused_by_the_name_of_its_argument(alice, beta_jobs, method, argument):
	sql = "exists(select 1 from `__Auth`)"
	value = sql if argument.endswith("_by") else json.dumps([sql])
	arguments = {
		"doctype": "Background Job",
		"fields": '["name"]',
		"file_format_type": "CSV",
		argument: value,
	}
	answer = alice.ask(f"frappe.desk.reportview.{method}", **arguments)
	assert answer.status_code == 417
	assert argument in answer.text


def test_assignments_of_other_organizations_are_not_counted(alice, beta_jobs, manager):
	arguments = {
		"doctype": "Background Job",
		"current_filters": "[]",
		"field": "assigned_to",
	}
	method = "frappe.desk.listview.get_group_by_count"
	manager.call(
		"frappe.desk.form.assign_to.add",
		doctype="Background Job",
		name=beta_jobs[0],
		assign_to=json.dumps([World.bob]),
	)
	answer = alice.ask(method, **arguments)
	# benchless has no such method
	assert (answer.status_code == 200) is any(one.path == method for one in whitelisted_methods())
	assert World.bob not in answer.text


def desk_list(**arguments: Any) -> dict:
	"""What a list of Desk sends."""
	return {
		"doctype": "Background Job",
		"fields": json.dumps(
			["`tabBackground Job`.`name`", "`tabBackground Job`.`status`", "`tabBackground Job`.`_assign`"]
		),
		"filters": "[]",
		"order_by": "`tabBackground Job`.`modified` desc",
		"start": 0,
		"page_length": 20,
		"view": "List",
		"group_by": "",
		"with_comment_count": 1,
		**arguments,
	}


OF_DESK = {
	"plain": desk_list(),
	"four": desk_list(filters='[["Background Job","status","=","Queued"]]'),
	"five": desk_list(filters='[["Background Job","status","in",["Queued"],false]]'),
	"assigned to me": desk_list(filters=f'[["Background Job","_assign","not like","%{World.bob}%"]]'),
	"tagged": desk_list(filters='[["Background Job","_user_tags","not like","%x%"]]'),
	"liked": desk_list(filters='[["Background Job","_liked_by","not like","%x%"]]'),
	"report view": desk_list(
		view="Report",
		group_by="`tabBackground Job`.`status`",
		aggregate_function="count",
		aggregate_on_doctype="Background Job",
		aggregate_on_field="name",
		fields='["`tabBackground Job`.`status`"]',
		order_by="_aggregate_column desc",
	),
}


@pytest.mark.parametrize("form", OF_DESK)
def test_what_desks_lists_send_goes_on_working(alice, beta_jobs, form):
	answer = alice.call("frappe.desk.reportview.get", **OF_DESK[form])
	assert answer.status_code == 200, answer.text
	assert len(answer.json()["message"]["values"]) == 1


LINKED = {
	"a list": ("/api/resource/{doctype}", {"expand": '["owner_user"]'}),
	"a list by its method": (
		"/api/method/frappe.client.get_list",
		{"doctype": "{doctype}", "expand": '["owner_user"]'},
	),
	"a document": ("/api/resource/{doctype}/{name}", {"expand_links": "true"}),
	"a document by version 1": ("/api/v1/resource/{doctype}/{name}", {"expand_links": "1"}),
}


@pytest.mark.parametrize("way", LINKED)
def test_linked_documents_are_not_answered_beside_others(alice, manager, beta_jobs, way):
	address, arguments = LINKED[way]
	job = submit(World.alice).name
	# a link of a user leads to none of ours
	asked = [(alice, "Background Job", job), (manager, "Background Job", job), (alice, "User", World.alice)]
	for client, doctype, name in asked:
		said = {key: value.replace("{doctype}", doctype) for key, value in arguments.items()}
		answer = client.get(address.format(doctype=doctype, name=name), params=said)
		assert answer.status_code == 417, answer.text
		assert "linked documents are read one by one" in answer.text
	path = address.format(doctype="Role", name="System Manager")
	plain = {
		key: value.replace("{doctype}", "Role").replace("owner_user", "name")
		for key, value in arguments.items()
	}
	assert "linked documents" not in manager.get(path, params=plain).text


@pytest.mark.parametrize("page", ["/app/background-job", "/desk/background-job"])
def test_no_address_of_desk_holds_markup(alice, page):
	"""Desk shows a filter of the address that it cannot read."""
	hostile = '[">", "\\u003cimg src=x onerror=alert(1)>"]'
	with requested(page, "GET", scheduled_at=hostile), pytest.raises(frappe.ValidationError, match="address"):
		door.check_request()
	with requested(page, "GET", scheduled_at='[">", "2026-11-29"]', status="Queued"):
		door.check_request()


def test_a_report_is_saved_as_desk_sends_it(alice, beta_jobs):
	asked = {
		"filters": [["Background Job", "status", "=", "Queued"]],
		"fields": [["name", "Background Job"], ["status", "Background Job"]],
		"order_by": "`tabBackground Job`.`status` desc, `tabBackground Job`.`name` desc",
	}
	saved = {"doctype": "Background Job", "report_settings": json.dumps(asked)}
	with requested("/api/method/frappe.desk.reportview.save_report", **saved):
		door.check_request()
	with (
		requested("/api/method/x", doctype="ToDo", json=json.dumps(asked)),
		pytest.raises(frappe.ValidationError, match="no other DocType"),
	):
		door.check_request()


def test_a_member_still_finds_rows_by_name_and_by_values(alice, beta_jobs, world):
	mine = frappe.db.get_value("Background Job", {"organization": world.alpha})
	for filters in (mine, json.dumps({"name": mine}), json.dumps([["name", "=", mine]])):
		answer = alice.ask(
			"frappe.client.get_value", doctype="Background Job", fieldname="status", filters=filters
		)
		assert answer.json()["message"]["status"]
