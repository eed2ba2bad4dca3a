"""What is only sent passes the doors of what is saved: documents, switches, names, imports."""

import json
from typing import Any

import frappe
import pytest
from factories import OBLIGING, World, acting_as, purge, submit
from http_client import Client
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import saved_documents, sent_documents, switches
from dartwing.dartwing_core.api.document_methods import RUNNING, Call, calls_of
from dartwing.dartwing_core.api.routes import route_of

SECRET = "known to Bob only"


def run(client: Client, method: str, args: Any = None, **arguments: Any) -> Any:
	given = {"method": method, "args": args or {}, **arguments}
	return client.post("/api/method/run_doc_method", json=given)


# --- names


@pytest.mark.parametrize("method", ["before_rename", "after_rename"])
def test_only_system_managers_change_names_and_nobody_those_of_jobs(world, method):
	job = submit()
	member = frappe.get_doc("Org Member", {"organization": world.alpha})
	documents = [frappe.get_doc("Job Type", OBLIGING), frappe.get_doc("Organization", world.alpha), member]
	documents.append(frappe.get_doc("Person", member.person))
	for user, may in ((world.alice, False), (world.adam, False), (world.manager, True)):
		with acting_as(user):
			for document in documents:
				if may:
					document.run_method(method, document.name, "Another Test Name", False)
				else:
					with pytest.raises(frappe.PermissionError, match=r"^name: "):
						document.run_method(method, document.name, "Another Test Name", False)
			with pytest.raises(frappe.PermissionError, match=r"^name: cannot"):
				job.run_method(method, job.name, "x", False)
	frappe.db.rollback()


READABLE = (("Job Type", OBLIGING), ("Organization", World.alpha))


@pytest.mark.parametrize("args", [{"name": "x"}, {"name": "x", "validate_rename": False}])
def test_who_reads_a_document_gives_it_no_name(alice, adam, args):
	job = submit()
	for client in (alice, adam):
		for doctype, name in (*READABLE, ("Background Job", job.name)):
			answer = run(client, "rename", args, dt=doctype, dn=name)
			assert answer.status_code in ((403, 417) if is_a_bench() else (403, 417, 404, 500)), answer.text
			frappe.db.rollback()
			assert frappe.db.exists(doctype, name)


def test_a_name_is_changed_with_all_that_must_become_of_it(manager):
	args = {"name": "x", "validate_rename": False}
	answer = run(manager, "rename", args, dt="Organization", dn=World.alpha)
	assert answer.status_code == 403 or not is_a_bench(), answer.text
	assert "validate_rename" in answer.text or not is_a_bench()


# --- switches

ON: list[dict[str, Any]] = [
	{"ignore_permissions": 1},
	{"ignore_permissions": "0"},
	{"ignore_links": True},
	{"ignore_mandatory": "yes"},
	{"ignore_validate": 1},
	{"ignore_if_exists": 1},
	{"force": True},
	{"flags": {"ignore_permissions": 1}},
	{"validate_rename": 0},
	{"validate_rename": "false"},
]
LEFT: list[dict[str, Any]] = [
	{},
	{"ignore_permissions": 0},
	{"force": None},
	{"validate_rename": 1},
	{"ignore_user_permissions": 1},
	{"ignore_prepared_report": 1},
]


@pytest.mark.parametrize("given", ON, ids=str)
def test_a_switch_that_turns_checks_off_is_refused_by_its_name(world, given):
	(name,) = given
	with requested("/api/method/frappe.rename_doc", **given):
		with pytest.raises(frappe.PermissionError, match=name):
			switches.refuse_switches("frappe.rename_doc", given, [])
		frappe.set_user(world.manager)
		switches.refuse_switches("frappe.rename_doc", given, [])


@pytest.mark.parametrize("given", LEFT, ids=str)
def test_what_turns_nothing_off_is_left(world, given):
	with requested("/api/method/frappe.rename_doc", **given):
		switches.refuse_switches("frappe.rename_doc", given, [])


def test_desk_follows_a_document(alice):
	method = "frappe.desk.form.document_follow.follow_document"
	given = {"doctype": "Job Type", "doc_name": OBLIGING, "user": World.alice, "force": True}
	answer = alice.call(method, **given)
	assert "is not taken" not in answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no documents that are deleted by a method")
@pytest.mark.parametrize("args", [{"ignore_permissions": 1}, 1, "1", [1], {"force": 1}], ids=str)
def test_nobody_deletes_what_they_may_only_read(alice, args):
	sent = {"doctype": "Job Type", "name": OBLIGING}
	for arguments in ({"dt": "Job Type", "dn": OBLIGING}, {"docs": sent}):
		answer = run(alice, "delete", args, **arguments)
		assert answer.status_code in (403, 417), answer.text
		frappe.db.rollback()
		assert frappe.db.exists("Job Type", OBLIGING)
	answer = alice.get(f"/api/resource/Job Type/{OBLIGING}?run_method=delete&ignore_permissions=1")
	assert answer.status_code == 403, answer.text


def test_what_is_no_object_is_the_first_argument(world):
	call = Call("Job Type", OBLIGING, None, "has_permission", (1, {"x": 2}))
	assert set(call.named_arguments().values()) == {1, 2}
	assert Call("Job Type", OBLIGING, None, "no_such_method", (1,)).named_arguments() == {}


SENT = {"doctype": "Job Type", "name": "sent"}


@pytest.mark.parametrize(
	("path", "form", "asked"),
	[
		("/api/method/run_doc_method", {"dt": "Person", "dn": "p"}, [("Person", "p", None, "m", ())]),
		("/api/method/run_doc_method", {"dt": SENT, "dn": "p"}, [("Job Type", "", SENT, "m", ())]),
		(
			"/api/v2/method/run_doc_method",
			{"docs": json.dumps(SENT), "document": {**SENT, "name": "x"}, "args": "null", "kwargs": "1"},
			[("Job Type", "", SENT, "m", (1,)), ("Job Type", "", {**SENT, "name": "x"}, "m", (1,))],
		),
		("/api/resource/Person/a/b", {"run_method": "m"}, [("Person", "a/b", None, "m", ...)]),
		("/api/v2/document/Person/a/method/m/", {}, [("Person", "a", None, "m", ...)]),
		("/api/resource/Person", {}, []),
		("/api/method/ping", {"docs": SENT}, []),
	],
)
def test_what_a_request_has_run_is_found_whichever_argument_counts(world, path, form, asked):
	is_method = path.endswith("run_doc_method")
	form = {"method": "m", **form} if is_method else form
	with requested(path, **form) as request:
		calls = calls_of(route_of(request), RUNNING[0] if is_method else "", form)
	whole = [Call(*one[:4], (form,) if one[4] is ... else one[4]) for one in asked]
	assert calls == whole


# --- documents


def test_a_document_that_is_sent_under_a_stored_name_is_not_read_past_its_owner(world):
	with acting_as(world.bob):
		file = frappe.get_doc(doctype="File", file_name="of-bob.txt", content=SECRET, is_private=1).insert()
	sent = {"doctype": "File", "name": file.name, "owner": world.alice}
	with requested("/api/method/run_doc_method"), pytest.raises(frappe.DoesNotExistError):
		sent_documents.as_if_saved(sent)
	frappe.db.rollback()


def test_a_document_that_says_what_is_stored_is_not_changed(world):
	person = frappe.get_doc("Person", {"frappe_user": world.alice})
	sent = json.loads(frappe.as_json(person.as_dict()))
	with requested("/api/method/x"):
		assert not sent_documents.is_changed(sent)
		assert sent_documents.is_changed({**sent, "first_name": "another"})
		assert list(sent_documents.documents_in({"doc": json.dumps(sent), "other": sent})) == [sent]


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Data Import")
@pytest.mark.parametrize(
	("method", "argument"),
	[
		("get_preview_from_template", "data_import"),
		("form_start_import", "data_import"),
		("get_import_status", "data_import_name"),
		("download_errored_template", "data_import_name"),
		("download_import_log", "data_import_name"),
	],
)
def test_an_import_is_told_to_who_may_read_it(alice, manager, method, argument):
	with acting_as(World.manager):
		kind = {"reference_doctype": "Contact", "import_type": "Insert New Records"}
		name = frappe.get_doc(doctype="Data Import", **kind).insert().name
	frappe.db.commit()
	try:
		for named in (name, "nothing", json.dumps({"name": ["like", "%"]})):
			path = f"/api/method/frappe.core.doctype.data_import.data_import.{method}"
			answer = alice.post(path, data={argument: named})
			assert answer.status_code in (403, 404, 417), answer.text
			assert name == named or name not in answer.text
	finally:
		purge("Data Import", name)
		frappe.db.commit()


# --- an object where a field takes one value


FILTER = {"api_key": ["like", "%"]}


@pytest.mark.parametrize(
	("path", "sent"),
	[
		("/api/resource/Person", {"first_name": "x", "frappe_user": FILTER}),
		("/api/v2/document/Person", {"first_name": "x", "frappe_user": FILTER}),
		("/api/resource/Person", {"first_name": "x", "owner": FILTER}),
		("/api/resource/Person", {"parenttype": "Organization", "parent": FILTER}),
		("/api/v2/document/Person", {"parenttype": "Organization", "parent": FILTER}),
		("/api/resource/Person", {"name": FILTER}),
		("/api/resource/Person", {"data": json.dumps({"parenttype": "Organization", "parent": FILTER})}),
		("/api/method/frappe.client.insert", {"doc": {"doctype": "Person", "frappe_user": FILTER}}),
		(
			"/api/method/frappe.client.insert",
			{"doc": json.dumps({"doctype": "Person", "frappe_user": FILTER})},
		),
		("/api/method/frappe.client.insert_many", {"docs": [{"doctype": "Person", "frappe_user": FILTER}]}),
		("/api/method/frappe.client.save", {"doc": {"doctype": "Person", "frappe_user": [FILTER]}}),
		(
			"/api/method/frappe.client.set_value",
			{"doctype": "Person", "name": "x", "fieldname": {"frappe_user": FILTER}},
		),
		(
			"/api/method/frappe.client.set_value",
			{"doctype": "Person", "name": "x", "fieldname": json.dumps({"frappe_user": FILTER})},
		),
		(
			"/api/method/frappe.website.doctype.web_form.web_form.accept",
			{"web_form": "x", "data": json.dumps({"frappe_user": FILTER})},
		),
	],
	ids=str,
)
@pytest.mark.parametrize("user", [World.alice, "Guest"])
def test_an_object_is_no_value_of_a_field(world, path, sent, user):
	with (
		acting_as(user),
		requested(path, "POST", **sent),
		pytest.raises(frappe.ValidationError, match="must be one value"),
	):
		sent_documents.refuse_sent()


@pytest.mark.parametrize(
	"sent",
	[{"first_name": "x"}, {"first_name": "x", "__islocal": {"a": 1}, "frappe_user": World.alice}],
	ids=str,
)
def test_a_document_as_it_is_sent_passes(world, sent):
	for path, form in (
		("/api/resource/Person", sent),
		("/api/method/frappe.client.get", {"doc": {"doctype": "Person", **sent}}),
	):
		with acting_as(world.alice), requested(path, "POST", **form):
			sent_documents.refuse_sent()


# --- objects where a field takes none


@pytest.mark.parametrize("value", [{"a": 1}, {}, ["x"]], ids=str)
def test_an_object_in_a_field_that_takes_none_is_refused_by_the_field(world, manager, value):
	fields = ("description", "timeout_seconds", "handler_method", "is_enabled", "default_priority")
	meta = frappe.get_meta("Job Type")
	for field in filter(meta.get_field, fields):
		answer = manager.put(f"/api/resource/Job Type/{OBLIGING}", json={field: value})
		assert answer.status_code == 417, (field, answer.text)
		assert field in answer.text or meta.get_label(field) in answer.text, answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_a_member_is_told_the_field_too(world, alice):
	todo = {"doctype": "ToDo", "description": "x", "allocated_to": world.alice}
	for field in ("color", "description"):
		answer = alice.call("frappe.client.insert", doc={**todo, field: {"a": 1}})
		assert answer.status_code == 417, answer.text
		assert f"{field}: must be one value" in answer.text


def test_json_and_rows_of_a_table_are_objects():
	taking = frappe._dict(fieldtype="JSON", fieldname="a", is_virtual=0)
	table = frappe._dict(fieldtype="Table", fieldname="b")
	other = frappe._dict(fieldtype="Long Text", fieldname="c")
	doc = frappe._dict(a={"x": 1}, b=[], meta=frappe._dict(fields=[taking, table, other]))
	doc.get_all_children = list
	with requested("/x"):
		saved_documents.refuse_objects(doc)
		doc.c = {"x": 1}
		with pytest.raises(frappe.ValidationError, match=r"^c: must be one value"):
			saved_documents.refuse_objects(doc)
