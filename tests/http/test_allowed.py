"""Methods of Frappe that ask nobody who may see what they count, list or move are asked nothing guarded."""

import json
from typing import Any

import frappe
import pytest
from asking_frappe import LEFT_OUT, NAMING_DOCTYPE, arguments_for, leaving_nothing
from factories import World, acting_as, end, submit
from framework import since
from http_client import Client
from methods_of_frappe import whitelisted_methods
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import allowed, routes

SECRET = "known to Beta only"
GOAL = "frappe.utils.goal.get_monthly_goal_graph_data"
STATES = "frappe.workflow.doctype.workflow.workflow.get_workflow_state_count"
GROUPS = "frappe.desk.listview.get_group_by_count"
CARD = "frappe.desk.doctype.number_card.number_card.get_result"
CHART = "frappe.desk.doctype.dashboard_chart.dashboard_chart.get"
TAGGED = "frappe.desk.doctype.tag.tag.get_tagged_docs"


@pytest.fixture
def secret_job(world: World) -> str:
	job = submit(world.bob, world.beta, secret=SECRET).name
	end(job, "Dead Letter", error_message=SECRET)
	return job


def goal(**arguments: Any) -> dict[str, Any]:
	columns = dict.fromkeys(("goal_value_field", "goal_total_field", "goal_history_field"), "idx")
	given = {"title": "t", "doctype": "Tag", "docname": "Administrator", "goal_field": "x", "filters": "{}"}
	return {**given, **columns, "date_field": "creation", "aggregation": "count", **arguments}


def heat_map(doctype: str, **more: str) -> str:
	chart = {"type": "Heatmap", "chart_type": "Count", "based_on": "creation", "filters_json": "[]"}
	return json.dumps({"name": "x", "chart_name": "x", "document_type": doctype, **chart, **more})


# what a stranger read other organizations' jobs, sessions and password hashes with
ATTACKS = {
	"states": (STATES, {"doctype": "Background Job", "workflow_state_field": "status", "states": '["x"]'}),
	"states of versions": (STATES, {"doctype": "Version", "workflow_state_field": "data", "states": "[]"}),
	"goal": (GOAL, goal(goal_doctype="Background Job", goal_doctype_link="owner_user")),
	"goal of sessions": (GOAL, goal(goal_doctype="Sessions", goal_doctype_link="user")),
	"goal of passwords": (GOAL, goal(goal_doctype="__Auth", goal_doctype_link="name")),
	"goal, aggregation": (GOAL, goal(goal_doctype="Note", aggregation="max(ascii(name))+0*count")),
	"goal, date field": (GOAL, goal(goal_doctype="Note", date_field="creation`*0+20261015+0*`idx")),
	"card": (
		CARD,
		{"doc": '{"document_type": "Background Job", "function": "Count"}', "filters": '["1=1 or 1=1"]'},
	),
	"heat map": (CHART, {"chart": heat_map("Background Job"), "filters": "[]"}),
	"heat map of comments": (CHART, {"chart": heat_map("Comment", value_based_on="ascii(content)")}),
	"groups of passwords": (GROUPS, {"doctype": "__Auth", "current_filters": "{}", "field": "assigned_to"}),
	"groups by SQL": (
		GROUPS,
		{"doctype": "Notification Log", "current_filters": '["1=1 or 1=1"]', "field": "subject"},
	),
	"count of deleted": ("frappe.client.get_count", {"doctype": "Deleted Document"}),
	"count of accesses": ("frappe.client.get_count", {"doctype": "Access Log"}),
	"tagged": (TAGGED, {"doctype": "Organization", "tag": "%"}),
	"permissions of others": (
		"frappe.core.doctype.user_permission.user_permission.get_user_permissions",
		{"user": World.bob},
	),
	"a step of everybody's": (
		"frappe.desk.desktop.update_onboarding_step",
		{"name": "Create Blogger", "field": "title", "value": "x"},
	),
	"list by SQL": ("frappe.client.get_list", {"doctype": "Note", "filters": "1=1 or 1=1"}),
	"list by a list of SQL": ("frappe.client.get_list", {"doctype": "Note", "filters": '["1=1 or 1=1"]'}),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_what_counts_rows_without_asking_is_not_asked(clients, secret_job, attack, who):
	method, arguments = ATTACKS[attack]
	answer = clients[getattr(World, who)].post(f"/api/method/{method}", data=arguments)
	# benchless has not all of these DocTypes
	assert answer.status_code in ((403, 417) if is_a_bench() else (403, 404, 417)), answer.text
	assert SECRET not in answer.text
	assert World.beta not in answer.text


def test_every_other_method_of_frappe_is_refused_whatever_else_it_is_asked(alice, secret_job):
	"""Also those that come with another version: only what is listed may be asked."""
	others = [
		method
		for method in whitelisted_methods()
		if method.path not in LEFT_OUT
		and not allowed.MAY_BE_ASKED.fullmatch(allowed.canonical(method.path))
		and any(map(NAMING_DOCTYPE.search, method.parameters))
	]
	# benchless has none
	assert bool(others) == is_a_bench()
	with leaving_nothing():
		for method in others:
			given = arguments_for(method, "Background Job", secret_job)
			answer = alice.request(method.verb, f"/api/method/{method.path}", data=given)
			assert answer.status_code == 403, (method.path, answer.text)


@pytest.mark.parametrize("name", ["doc", "args", "chart"])
def test_a_doctype_within_a_document_is_a_named_one(alice, name):
	given = {name: json.dumps({"x": [{"document_type": "Background Job"}]})}
	assert list(allowed.named(given)) == [("document_type", "Background Job")]
	answer = alice.post("/api/method/frappe.desk.gantt.update_task", data=given)
	assert answer.status_code == 403, answer.text


def test_a_method_is_the_same_by_the_name_of_a_module_that_imports_it():
	assert allowed.canonical("upload_file") == "frappe.handler.upload_file"
	path = "dartwing.dartwing_core.api.frappe_methods.get_count"
	assert allowed.canonical(path) == path


def test_words_that_are_names_of_doctypes_too_are_still_words(alice):
	for arguments in ({"text": "Organization"}, {"txt": "Person"}, {"content": "Background Job"}):
		assert list(allowed.named(arguments)) == []


# --- other ways to the same


@pytest.mark.parametrize(
	("key", "value"),
	[
		("value_based_on", "ascii(substr(api_key,4,1))"),
		("based_on", "name -- "),
		("field_name", "status` or 1=1 or `status"),
		("goal_doctype", "__Auth"),
		("filters", '["1=1 or 1=1"]'),
		("extra_filters", '["1=1 or 1=1"]'),
		("filters", '{"subject` or 1=1 or `x": "y"}'),
	],
)
def test_a_piece_of_a_query_within_a_document_is_refused_by_its_field(alice, key, value):
	given = {"chart": json.dumps({"document_type": "Note", "nested": [{key: value}]})}
	answer = alice.post(f"/api/method/{CHART}", data=given)
	assert answer.status_code == 417, answer.text
	assert key in answer.text


def test_a_method_is_found_by_the_doctype_whose_module_has_it():
	expected = "frappe.core.doctype.user.user.user_query"
	assert routes.of_doctype("User", "user_query") == expected or not is_a_bench()
	assert routes.of_doctype("Nothing", "x") == "Nothing/x"


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no version 2 of the API")
@pytest.mark.parametrize(
	("path", "arguments"),
	[
		("Workflow/get_workflow_state_count", {"workflow_state_field": "name", "states": '["x"]'}),
		("Tag/get_tagged_docs", {"tag": "%"}),
	],
)
def test_version_2_of_the_api_is_the_same_door(alice, path, arguments):
	answer = alice.post(f"/api/v2/method/{path}", data={"doctype": "Organization", **arguments})
	assert answer.status_code == 403, answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_a_document_in_a_body_of_another_type_is_looked_at_too(alice, world):
	statuses = []
	for name in (world.beta, "Nowhere"):
		todo = {"description": "x", "reference_type": "Organization", "reference_name": name}
		headers = {"Content-Type": "text/plain"}
		answer = alice.post("/api/resource/ToDo", data=json.dumps(todo), headers=headers)
		statuses.append(answer.status_code)
	# no link to nothing on v15; on v16 they may not make a ToDo of others' at all
	assert statuses == [403, 403] if since(16) else statuses == [417, 417]


LIST = "frappe.client.get_list"


@pytest.mark.parametrize(
	("method", "arguments"),
	[
		("frappe.desk.search.search_link", {"doctype": "Role", "txt": "", "query": LIST}),
		("frappe.desk.search.search_widget", {"doctype": "Role", "txt": "", "query": f" {LIST} "}),
		("frappe.desk.treeview.get_all_nodes", {"doctype": "Role", "tree_method": LIST, "parent": "x"}),
		("frappe.model.mapper.make_mapped_doc", {"method": LIST, "source_name": "x"}),
		("frappe.client.get_list", {"doctype": "Role", "whatever": json.dumps({"it": ["is", LIST]})}),
	],
)
def test_no_method_is_told_to_call_another_of_frappe(alice, method, arguments):
	answer = alice.post(f"/api/method/{method}", data=arguments)
	assert answer.status_code == 403, answer.text
	assert f"{LIST} is not called here" in answer.text


def test_a_search_for_links_may_be_named(alice):
	assert not allowed.is_called_past_the_door("dartwing.dartwing_core.api.frappe_methods.search")
	assert not allowed.is_called_past_the_door("frappe.no.such.method")
	if is_a_bench():
		search = {"doctype": "User", "txt": "", "query": "frappe.core.doctype.user.user.user_query"}
		answer = alice.ask("frappe.desk.search.search_link", **search)
		assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("method", ["frappe.desk.query_report.run", "frappe.desk.query_report.export_query"])
@pytest.mark.parametrize(
	("arguments", "status"),
	[
		({"user": World.bob}, 403),
		({"prepared_report_name": "x"}, 404),
		({"filters": json.dumps({"prepared_report_name": "x"})}, 404),
	],
)
def test_a_report_is_run_as_oneself_and_no_other_ones_is_read(alice, method, arguments, status):
	answer = alice.post(f"/api/method/{method}", data={"report_name": "x", **arguments})
	assert answer.status_code == status, answer.text


@pytest.mark.skipif(not since(16, 0), reason="Frappe v15 does not count links that are hidden")
def test_what_refers_to_a_job_type_is_not_counted_for_others(alice, bob, secret_job):
	job_type = frappe.db.get_value("Background Job", secret_job, "job_type")
	asked = {"doctype": "Job Type", "docname": job_type}
	answers = {
		who: client.ask("frappe.desk.form.linked_with.get", **asked)
		for who, client in (("a", alice), ("b", bob))
	}
	told = {who: answer.json().get("message", {}) for who, answer in answers.items()}
	assert "Background Job" not in told["a"], answers["a"].text
	assert secret_job in answers["b"].text
	counts = [one.get("hidden_count") for one in told["b"].values() if isinstance(one, dict)]
	assert not any(counts)


# --- files


@pytest.fixture
def files(world: World, secret_job: str):
	"""A private file that is attached to a job of Beta, and one of Bob's alone."""
	with acting_as(world.bob):
		attached = frappe.get_doc(
			doctype="File",
			file_name="attached.txt",
			content="x",
			is_private=1,
			attached_to_doctype="Background Job",
			attached_to_name=secret_job,
		).insert(ignore_permissions=True)
		own = frappe.get_doc(doctype="File", file_name="own.txt", content=SECRET, is_private=1)
		own.insert(ignore_permissions=True)
	frappe.db.commit()
	yield [attached, own]
	frappe.db.rollback()
	for file in (attached, own):
		frappe.delete_doc("File", file.name, ignore_permissions=True, force=True)
	frappe.db.commit()


def names_of_files(client: Client) -> set[str]:
	answer = client.ask("frappe.client.get_list", doctype="File", limit_page_length=0)
	return {row["name"] for row in answer.json()["message"]}


def test_files_of_foreign_jobs_are_in_no_list(alice, bob, files):
	attached, own = files
	assert names_of_files(alice).isdisjoint({attached.name, own.name})
	assert {attached.name, own.name} <= names_of_files(bob)


@pytest.mark.parametrize(
	"method", ["frappe.utils.file_manager.add_attachments", "frappe.core.doctype.communication.email.make"]
)
def test_a_file_that_may_not_be_read_is_copied_nowhere(alice, files, method):
	for file in (*files, frappe._dict(name="nothing")):
		given = {"doctype": "User", "name": World.alice, "attachments": json.dumps([file.name])}
		answer = alice.post(f"/api/method/{method}", data=given)
		assert answer.status_code == 404, answer.text
		assert answer.json()["exc_type"] == "DoesNotExistError"


def test_a_guessed_address_of_a_foreign_jobs_file_tells_nothing(alice, files):
	answers = [alice.get(url) for url in (files[0].file_url, "/private/files/no-such-file.txt")]
	assert answers[0].status_code == answers[1].status_code == 403
	assert "JOB-" not in answers[0].text


# --- what others see


BOARD = {"doctype": "Kanban Board", "kanban_board_name": "b", "field_name": "status", "private": 1}


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Kanban Board")
@pytest.mark.parametrize(
	"board",
	[
		{"reference_doctype": "Background Job"},
		{"reference_doctype": "ToDo", "fields": '["<img src=x onerror=alert(1)>"]'},
		{"reference_doctype": "ToDo", "filters": '["1=1 or 1=1"]'},
		{"reference_doctype": "ToDo", "columns": [{"column_name": 'x" onmouseover="alert(1)'}]},
		{"reference_doctype": "ToDo", "columns": [{"column_name": "x' onmouseover='alert(1)"}]},
		{"reference_doctype": "ToDo", "field_name": "status` or 1=1 or `status"},
	],
	ids=str,
)
def test_a_board_has_no_markup_and_no_sql_and_is_of_nothing_guarded(alice, world, board):
	for path in ("/api/resource/Kanban Board", "/api/v2/document/Kanban Board"):
		answer = alice.post(path, json={**BOARD, **board})
		assert answer.status_code in (403, 417), answer.text
	assert not frappe.db.exists("Kanban Board", "b")


@pytest.mark.parametrize(
	("field", "hostile"),
	[
		("user_image", 'x.png\');" onerror="alert(1)'),
		("user_image", "javascript:alert(1)"),
		("first_name", '"<img src=x onerror=alert(1)>"'),
		("bio", '["<img src=x onerror=alert(1)>"]'),
	],
)
def test_nothing_in_a_profile_is_markup(alice, world, field, hostile):
	"""Frappe takes it out of texts, but for those that are JSON, and not out of addresses."""
	answer = alice.put(f"/api/resource/User/{World.alice}", json={field: hostile})
	assert answer.status_code == 417, answer.text
	assert field in answer.text


def test_a_text_with_a_backslash_is_only_a_text(alice, world):
	answer = alice.put(f"/api/resource/User/{World.alice}", json={"bio": "C:\\jobs"})
	assert answer.status_code == 200, answer.text
	assert answer.json()["data"]["bio"] == "C:\\jobs"


def test_a_filter_by_name_finds_ones_own_rows(alice, world):
	mine = submit().name
	for filters in ({"name": ["like", "JOB-%"]}, {"name": ["in", [mine]]}):
		answer = alice.ask("frappe.client.get_list", doctype="Background Job", filters=json.dumps(filters))
		assert [row["name"] for row in answer.json()["message"]] == [mine], answer.text


def test_the_end_of_a_text_is_its_end_also_in_a_count(alice, manager, secret_job):
	"""v16 writes counts out without care for backslashes; what comes behind one there would be SQL."""
	count = "frappe.desk.reportview.get_count"
	for doctype in ("Background Job", "ToDo"):
		for place in ("filters", "or_filters"):
			sent = {place: json.dumps([[doctype, "name", "like", "\\' or 1=1 -- "]])}
			answers = [alice.ask(count, doctype=doctype, **sent)]
			if since(16, 0):
				answers.append(alice.get(f"/api/v2/doctype/{doctype}/count", params=sent))
				for answer in answers:
					assert answer.status_code == 417, answer.text
					assert "holds a query" in answer.text
			else:
				assert answers[0].status_code != 200 or answers[0].json()["message"] == 0
