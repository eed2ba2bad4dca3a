"""Whatever method of Frappe is told a name of another organization answers as for a name that there is not.

All of them are asked, as Frappe's source has them: the arguments are filled in by their names.
"""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
import pytest
from answers import API, LINK_CHECK
from asking_frappe import (
	LEFT_OUT,
	NAMING_DOCTYPE,
	UNKNOWN,
	arguments_for,
	ask,
	difference,
	leaving_nothing,
	normalized,
)
from factories import (
	OBLIGING,
	World,
	acting_as,
	end,
	keep_log,
	keep_start,
	keep_step,
	keep_tally,
	purge,
	submit,
	submit_as,
)
from framework import since
from grouped import submit_group
from http_client import Client
from methods_of_frappe import Method, whitelisted_methods
from runtimes.chosen import is_a_bench
from scheduled import keep_slot, make_schedule

from dartwing.dartwing_core.api import filter_lists, mentions, taken_objects
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED, OF_MANAGERS

SECRET = "known to Beta only"
# where Frappe keeps what was done about a document
ABOUT_DOCUMENTS = (
	"Comment",
	"Communication",
	"Deleted Document",
	"DocShare",
	"Document Follow",
	"Email Queue",
	"Energy Point Log",
	"File",
	"Notification Log",
	"Reminder",
	"Tag Link",
	"ToDo",
	"Version",
	"View Log",
)


def fingerprint() -> dict[str, Any]:
	"""A checksum of each table in which a trace of somebody's interest in a document could be."""
	frappe.db.rollback()
	there = set(frappe.db.get_tables(cached=False))
	tables = [f"tab{doctype}" for doctype in (*GUARDED, *ABOUT_DOCUMENTS) if f"tab{doctype}" in there]
	return dict(frappe.db.sql("checksum table " + ", ".join(f"`{table}`" for table in tables)))


def changed_tables(before: dict, after: dict) -> list[str]:
	return [table for table, checksum in after.items() if before.get(table) != checksum]


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Iterator[None]:
	with leaving_nothing():
		yield


@pytest.fixture
def foreign(world: World) -> dict[str, str]:
	"""A document of Beta for each guarded DocType."""
	job = submit(world.bob, world.beta, secret=SECRET)
	end(job.name, "Dead Letter", error_message=SECRET)
	person = frappe.db.get_value("Person", {"frappe_user": world.bob})
	return {
		"Background Job": job.name,
		**rows_of_managers(job.name),
		"Job Execution Log": frappe.db.get_value("Job Execution Log", {"background_job": job.name}),
		"Job Group": submit_group(1, world.bob, world.beta)[0],
		"Job Schedule": make_schedule("Administrator", world.beta, run_as=world.bob),
		"Organization": world.beta,
		"Person": person,
		"Org Member": frappe.db.get_value("Org Member", {"person": person}),
	}


def rows_of_managers(job: str) -> dict[str, str]:
	"""Of each DocType that only System Managers see, a row about this job of Beta."""
	keep_step(job, "a step")
	parent = submit(World.bob, World.beta)
	child = submit_as(World.bob, OBLIGING, World.beta, {"mode": "succeed"}, depends_on=[parent.name])
	frappe.db.commit()
	return {
		"Job Log Part": keep_log(job, ["a line"]),
		"Job Step": frappe.db.get_value("Job Step", {"background_job": job}),
		"Job Dependency": frappe.db.get_value("Job Dependency", {"background_job": child.name}),
		"Job Start": keep_start(job),
		"Job Schedule Slot": keep_slot(World.beta),
		"Job Tally": keep_tally(World.beta),
	}


def asked_methods() -> list[Method]:
	return [method for method in whitelisted_methods() if method.path not in LEFT_OUT]


def unlike(name: str) -> str:
	"""A name that there is not, of the same shape."""
	return name[:-1] + ("z" if name[-1] != "z" else "y")


def tells(client: Client, methods: list[Method], doctype: str, name: str) -> dict[str, tuple]:
	"""What each method answers about the name and about an unknown one, where that is not the same."""
	told = {}
	for method in methods:
		differing = difference(
			lambda one, method=method: normalized(ask(client, method, doctype, one), one), name, unlike(name)
		)
		if differing:
			told[method.path] = differing
	return told


def writes(client: Client, methods: list[Method], doctype: str, name: str) -> dict[str, list[str]]:
	"""Tables that each method changes; each is asked for itself only where all together change something."""
	written = {}
	before = fingerprint()
	for method in methods:
		ask(client, method, doctype, name)
	if fingerprint() == before:
		return written
	for method in methods:
		before = fingerprint()
		ask(client, method, doctype, name)
		if tables := changed_tables(before, fingerprint()):
			written[method.path] = tables
	return written


def about_documents(methods: list[Method]) -> list[Method]:
	"""Those that say so by a parameter, or take none and read the request."""
	return [
		method
		for method in methods
		if not method.parameters or any(map(NAMING_DOCTYPE.search, method.parameters))
	]


def test_no_method_of_frappe_tells_a_foreign_job_from_an_unknown_one(alice, foreign):
	methods = asked_methods()
	assert len(methods) > 20
	assert tells(alice, methods, "Background Job", foreign["Background Job"]) == {}


@pytest.mark.parametrize("doctype", [*OF_MANAGERS, *(one for one in GUARDED[1:] if one not in OF_MANAGERS)])
def test_no_method_about_documents_tells_a_foreign_one_from_an_unknown_one(adam, foreign, doctype):
	methods = [method for method in about_documents(asked_methods()) if method.parameters]
	assert tells(adam, methods, doctype, foreign[doctype]) == {}


def test_no_method_writes_anything_about_a_foreign_job(alice, foreign):
	methods = about_documents(asked_methods())
	assert writes(alice, methods, "Background Job", foreign["Background Job"]) == {}


# --- ways around the methods' arguments


def asked_in(client: Client, verb: str, path: str, foreign_name: str, body: Any = None) -> list:
	"""What is answered for the foreign name and for an unknown one, in the path or in the body."""
	answers = []
	for name in (foreign_name, UNKNOWN):
		text = json.dumps(body).replace("NAME", name)
		options = {"data": text, "headers": {"Content-Type": "application/json"}} if body else {}
		answers.append(normalized(client.request(verb, path.replace("NAME", name), **options), name))
	return answers


WAYS = {
	"a method behind our own name": (
		"GET",
		"/api/method/frappe.client.get/dartwing.dartwing_core.api.jobs?doctype=Background Job&name=NAME",
	),
	"cmd": ("GET", "/?cmd=frappe.client.get&doctype=Background Job&name=NAME"),
	"cmd beside our own method": (
		"GET",
		f"/api/method/{API}.list_jobs?cmd=frappe.client.get&doctype=Background Job&name=NAME",
	),
	"v1": ("GET", "/api/v1/resource/Background Job/NAME"),
	"a method of the document": ("GET", "/api/resource/Background Job/NAME?run_method=get_title"),
	"blanks at its end": ("GET", "/api/resource/Background Job/NAME %20"),
	"deletion": ("DELETE", "/api/resource/Background Job/NAME"),
	"change": ("PUT", "/api/resource/Background Job/NAME", {"status": "Queued"}),
	"escaped letters": (
		"POST",
		"/api/method/frappe.client.get_value",
		{"doctype": "Background Job", "fieldname": "status", "filters": '{"n\\u0061me": "NAME"}'},
	),
	"a list": (
		"POST",
		"/api/method/frappe.client.get_value",
		{"doctype": "Background Job", "fieldname": "status", "filters": {"name": ["in", ["NAME"]]}},
	),
	"a document": (
		"POST",
		"/api/method/frappe.client.save",
		{"doc": {"doctype": "Background Job", "name": "NAME", "status": "Queued"}},
	),
	"a file": (
		"POST",
		"/api/resource/File",
		{"attached_to_doctype": "Background Job", "attached_to_name": "NAME", "file_url": "/files/x.txt"},
	),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_asking_tells_a_foreign_name_from_an_unknown_one(alice, foreign, way):
	verb, path, *body = WAYS[way]
	found, unknown = asked_in(alice, verb, path, foreign["Background Job"], *body)
	assert found == unknown


@pytest.mark.parametrize("padding", [" " * 300, "\u200b" * 300, "\u0301" * 300])
def test_a_name_is_the_same_with_what_the_database_passes_over(alice, foreign, padding):
	"""However much of it: the database takes it for the name, and Frappe would find the row."""
	for method in ("frappe.client.get", "frappe.desk.form.load.getdoc", LINK_CHECK):
		answers = []
		for name in (foreign["Background Job"], UNKNOWN):
			padded = {"name": name + padding, "docname": name + padding}
			answers.append(normalized(alice.call(method, doctype="Background Job", **padded), name))
		found, unknown = answers
		assert found == unknown
		assert SECRET not in found[1]


def test_an_object_is_no_name_whatever_its_argument_is_called(alice, foreign):
	"""To `frappe.get_doc` it is a filter, which finds what it is to be asked for."""
	for method in whitelisted_methods():
		if method.path in LEFT_OUT:
			continue
		for parameter in method.parameters:
			takes_more = parameter in taken_objects.OBJECTS.get(method.path, ())
			is_filter = filter_lists.ARGUMENT.search(parameter)
			if not takes_more and not is_filter and parameter not in mentions.PROSE:
				arguments = {
					**arguments_for(method, "Background Job", UNKNOWN),
					parameter: {"organization": World.beta},
				}
				answer = alice.post(f"/api/method/{method.path}", json=arguments)
				assert foreign["Background Job"] not in answer.text, (method.path, parameter)
				assert SECRET not in answer.text, (method.path, parameter)


def test_a_workspace_may_be_called_as_a_guarded_doctype_is(alice):
	"""Desk sends it as an object, and other apps have such workspaces."""
	workspace = "frappe.desk.doctype.workspace.workspace."
	there_are = {method.path for method in whitelisted_methods()}
	for title in ("Organization", "Person", "Job Types"):
		name = f"{title}-{World.alice}"
		page = {"name": name, "title": title, "label": name, "for_user": World.alice, "public": 0}
		page.update(icon="x", content="[]")
		try:
			for method, argument in (
				(f"{workspace}new_page", "new_page"),
				("frappe.desk.desktop.get_desktop_page", "page"),
				(f"{workspace}delete_page", "page"),
			):
				# not each version of Frappe has all of these
				if method in there_are:
					answer = alice.call(method, **{argument: json.dumps(page)})
					# v16 itself has no workspace that is called as a DocType
					is_taken = method.endswith(".new_page") and "Name already taken" in answer.text
					assert answer.status_code == 200 or is_taken, answer.text
		finally:
			if is_a_bench():
				purge("Workspace", name)
			frappe.db.commit()


def test_a_system_manager_names_what_they_like(manager):
	"""Nothing is hidden from them."""
	answer = manager.call("frappe.ping", anything={"of": "Organization"})
	assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", [["1=1"], {"organization": World.beta}, [["organization", "=", World.beta]]])
def test_a_name_is_a_text(alice, foreign, name):
	for method in ("frappe.client.get", "frappe.desk.form.load.getdoc", LINK_CHECK):
		arguments = {"doctype": "Background Job", "name": name, "docname": name}
		answer = alice.call(method, **arguments)
		assert answer.status_code == 404 or "not found" in answer.text or "must be one value" in answer.text
		assert SECRET not in answer.text
		assert foreign["Background Job"] not in answer.text


def test_a_number_is_an_unknown_name(alice, foreign):
	"""To the database it equals each name that does not begin with a number."""
	for method in ("frappe.client.get", "frappe.desk.form.load.getdoc", LINK_CHECK):
		answers = [alice.call(method, doctype="Background Job", name=n, docname=n) for n in (0, UNKNOWN)]
		assert answers[0].status_code == answers[1].status_code
		assert SECRET not in answers[0].text
		assert foreign["Background Job"] not in answers[0].text


def test_an_api_key_sees_what_its_user_sees(web, foreign, passing_user):
	client, mine = web.with_key(passing_user), submit().name
	assert client.get(f"/api/resource/Background Job/{mine}").status_code == 200
	found, unknown = asked_in(client, "GET", "/api/resource/Background Job/NAME", foreign["Background Job"])
	assert found == unknown
	assert unknown[0] == 404


@pytest.mark.parametrize(
	"name", ['50% "Club" \\ É & x \U0001f600', "x" * 140, "x" * 110 + '50% "Club" \\ É & x \U0001f600']
)
def test_an_unusual_name_is_answered_as_it_was_sent(alice, world, name):
	with made("Organization", org_name=name, org_type="Company"):
		unknown = unlike(name)
		found, other = (not_found(alice, one).replace(shown(one), "<name>") for one in (name, unknown))
		assert found == other
		assert "<name>" in found


def shown(name: str) -> str:
	"""As it stands in Frappe's message, which v16 escapes for HTML."""
	return html.escape(name, quote=False) if since(16, 0) else name


def not_found(client: Client, organization: str) -> str:
	"""What the answer says of it, whose JSON escapes letters more than once."""
	answer = client.call("frappe.client.get", doctype="Organization", name=organization)
	assert answer.status_code == 404
	return json.loads(json.loads(answer.json()["_server_messages"])[0])["message"]


@contextmanager
def made(doctype: str, **values: Any) -> Iterator[str]:
	doc = frappe.get_doc({"doctype": doctype, **values}).insert()
	frappe.db.commit()
	try:
		yield doc.name
	finally:
		purge(doctype, doc.name)
		frappe.db.commit()


# --- those who may


def test_members_and_managers_are_answered_as_ever(bob, manager, foreign):
	for client in (bob, manager):
		for doctype, name in foreign.items():
			if doctype in OF_MANAGERS and client is bob:
				continue
			assert client.get(f"/api/resource/{doctype}/{name}").json()["data"]["name"] == name
			link = client.ask(LINK_CHECK, doctype=doctype, docname=name)
			assert link.json()["message"]["name"] == name


def test_deleting_many_deletes_ones_own_among_foreign_ones(adam, foreign):
	mine = submit().name
	end(mine, "Canceled")
	items = json.dumps([foreign["Background Job"], mine])
	answer = adam.call("frappe.desk.reportview.delete_items", doctype="Background Job", items=items)
	frappe.db.rollback()
	assert not frappe.db.exists("Background Job", mine)
	assert frappe.db.exists("Background Job", foreign["Background Job"])
	assert not re.search(rf"{foreign['Background Job']}\d", answer.text)


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_what_refers_to_ones_own_job_cannot_be_turned_to_a_foreign_one(alice, foreign):
	mine = submit().name
	with (
		acting_as(World.alice),
		made(
			"ToDo",
			description="x",
			reference_type="Background Job",
			reference_name=mine,
			allocated_to=World.alice,
		) as todo,
	):
		found, unknown = asked_in(
			alice, "PUT", f"/api/resource/ToDo/{todo}", foreign["Background Job"], {"reference_name": "NAME"}
		)
		assert found == unknown
		assert unknown[0] == 417
	assert not frappe.db.get_value("Background Job", foreign["Background Job"], "_assign")
