"""One value where Frappe's methods take one, and the right to a document before any of them touches it."""

import json
from collections.abc import Iterator

import frappe
import pytest
from asking_frappe import LEFT_OUT, UNKNOWN, arguments_for, leaving_nothing, normalized
from factories import World
from methods_of_frappe import whitelisted_methods
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import (
	door,
	filter_lists,
	mentions,
	name_places,
	permission_first,
	taken_objects,
)

FILTER = {"name": ["like", "%"]}
NO_NAME = (FILTER, json.dumps(FILTER), ["like", "%"], json.dumps([["name", "like", "%"]]))
IMPORTS = "frappe.core.doctype.data_import.data_import"
NEXT = "frappe.desk.form.utils.get_next"
# what some methods take objects and lists in, is one value to others
CALLED_AS_OBJECTS = (
	*(
		"value",
		"values",
		"document",
		"page",
		"event",
		"docs",
		"doc",
		"order",
		"state",
		"args",
		"data",
		"items",
	),
	*("fields", "names", "users", "docnames", "chart", "config", "step", "source_names"),
)
RESTORE = "frappe.core.doctype.deleted_document.deleted_document"


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Iterator[None]:
	with leaving_nothing():
		yield


# arguments of methods that Frappe v15 has, too
OF_ONE_VERSION = {"args", "expand", "ignore_doctypes_on_cancel_all"}


def taking_more(method: str) -> tuple[str, ...]:
	"""Arguments of a method that take more than one value."""
	tables = (taken_objects.OBJECTS, taken_objects.LISTS, taken_objects.SEVERAL)
	return tuple(argument for table in tables for argument in table.get(method, ()))


@pytest.mark.parametrize("sent", NO_NAME, ids=str)
@pytest.mark.parametrize("doctype", ["Note", "Background Job"])
def test_a_filter_is_no_name_whatever_its_argument_is_called(alice, doctype, sent):
	for method in whitelisted_methods():
		if method.path in LEFT_OUT:
			continue
		for parameter in method.parameters:
			# "cmd" names the method itself
			if parameter in (*taking_more(method.path), *mentions.PROSE, "cmd"):
				continue
			if filter_lists.ARGUMENT.search(parameter):
				continue
			arguments = {**arguments_for(method, doctype, UNKNOWN), parameter: sent}
			answer = alice.request(method.verb, f"/api/method/{method.path}", json=arguments)
			assert answer.status_code in (403, 404, 405, 417), (method.path, parameter, answer.text)


@pytest.mark.parametrize("sent", NO_NAME, ids=str)
@pytest.mark.parametrize(
	("method", "argument"),
	[
		(f"{IMPORTS}.get_preview_from_template", "data_import"),
		(f"{IMPORTS}.form_start_import", "data_import"),
		(f"{RESTORE}.restore", "name"),
		("frappe.client.delete", "name"),
		("frappe.model.whatever.comes", "its_name"),
		("dartwing.dartwing_core.api.frappe_methods.relink", "name"),
		(NEXT, "value"),
		("frappe.client.get_password", "fieldname"),
		("frappe.desk.form.utils.add_comment", "reference_name"),
		*(("frappe.model.whatever.comes", argument) for argument in CALLED_AS_OBJECTS),
	],
)
def test_a_filter_as_a_name_is_refused_by_its_argument(alice, method, argument, sent):
	answer = alice.call(method, **{"doctype": "Note", argument: sent})
	assert answer.status_code == 417, answer.text
	assert f"{argument}: must be one value" in answer.text


@pytest.mark.parametrize(
	("method", "argument", "sent"),
	[
		("core.doctype.deleted_document.deleted_document.bulk_restore", "docnames", [FILTER]),
		("email.inbox.create_email_flag_queue", "names", json.dumps([["name", "like", "%"]])),
		("desk.reportview.delete_items", "items", json.dumps([FILTER])),
		("desk.desktop.get_desktop_page", "page", FILTER),
		("model.whatever.comes", "title", FILTER),
	],
)
def test_nor_is_one_of_several_or_one_within_an_object(alice, method, argument, sent):
	answer = alice.call(f"frappe.{method}", **{argument: sent})
	assert answer.status_code == 417, answer.text
	assert f"{argument}: must be one value" in answer.text


def test_a_number_as_a_name_is_a_text(world):
	"""In SQL it equals every text that does not begin with one."""
	with requested("/api/method/frappe.client.get", doctype="Note", name=0):
		door.check_request()
		assert frappe.local.form_dict["name"] == "0"


def test_each_argument_that_takes_more_is_one_of_its_method():
	parameters = {method.path: method.parameters for method in whitelisted_methods()}
	for method in {*taken_objects.OBJECTS, *taken_objects.LISTS, *taken_objects.SEVERAL}:
		# of the other version of Frappe, or reads the whole request
		if parameters.get(method) and method not in name_places.READS_ALL:
			assert {*taking_more(method)} - OF_ONE_VERSION <= {*parameters[method]}, method


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_the_next_document_is_asked_for_by_the_name_of_one_that_may_be_read(alice, bob):
	todos = []
	for user in (World.alice, World.bob):
		todo = frappe.get_doc(doctype="ToDo", description="x", allocated_to=user, assigned_by=user)
		todos.append(todo.insert(ignore_permissions=True).name)
	frappe.db.commit()
	asked = {"doctype": "ToDo", "prev": 0, "sort_field": "description", "filters": "[]"}
	try:
		assert alice.call(NEXT, value=todos[0], **asked).status_code == 200
		for name in (todos[1], UNKNOWN):
			assert alice.call(NEXT, value=name, **asked).status_code == 404
	finally:
		for name in todos:
			frappe.delete_doc("ToDo", name, ignore_permissions=True, force=True)
		frappe.db.commit()


# --- the right to a document, asked before


# benchless has no boards
ASKED = [one for one in permission_first.ASKED if is_a_bench() or not one.startswith(permission_first.KANBAN)]


def test_a_document_that_may_not_be_had_is_one_that_there_is_not(curious, manager):
	parameters = {one.path: one.parameters for one in whitelisted_methods()}
	for method in ASKED:
		argument, _doctype, _right = permission_first.ASKED[method]
		assert argument in parameters.get(method, (argument,)), method
		told = []
		for name in (World.adam, UNKNOWN):
			value = json.dumps([name]) if argument in taking_more(method) else name
			answer = curious.call(method, doctype="User", **{argument: value})
			assert answer.status_code == 404, (method, answer.text)
			told.append(normalized(answer, name))
		assert told[0] == told[1], method


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Note and no Data Import")
def test_what_others_deleted_is_not_brought_back_and_their_imports_are_theirs(curious, manager, world):
	note = frappe.get_doc(doctype="Note", title="secret of others", content="x", public=0).insert()
	frappe.delete_doc("Note", note.name)
	told = {"reference_doctype": "Contact", "import_type": "Insert New Records"}
	data_import = frappe.get_doc(doctype="Data Import", **told).insert().name
	frappe.db.commit()
	deleted = frappe.db.get_value("Deleted Document", {"deleted_name": note.name})
	for method in ("restore", "bulk_restore"):
		asked = {"name": deleted, "docnames": json.dumps([deleted])}
		assert curious.call(f"{RESTORE}.{method}", **asked).status_code == 404
	assert not frappe.db.exists("Note", note.name)
	for method in ("get_preview_from_template", "form_start_import", "download_import_log"):
		asked = {"data_import": data_import, "data_import_name": data_import}
		assert curious.call(f"{IMPORTS}.{method}", **asked).status_code == 404, method
	frappe.delete_doc("Data Import", data_import, force=True)
	frappe.delete_doc("Deleted Document", deleted, force=True)
	frappe.db.commit()


def test_ones_own_is_had(alice, world):
	assert permission_first.may("User", "x", "read") is False
	with requested("/api/method/x"):
		assert permission_first.may("User", World.alice, "write")
