"""What Desk and other clients send all day passes the door, however much it looks like an attack."""

import json

import frappe
import pytest
from factories import World
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import door, questions

VALUES = {"date": "2026-12-01", "description": "It's (a), b!"}
ORDINARY = {
	"names of several": (
		"desk.form.assign_to.add_multiple",
		{"name": '["a (x)", "b"]', "assign_to": '["x"]'},
	),
	"prints of several": ("utils.print_format.download_multi_pdf", {"name": '["a","b"]', "doctype": "Note"}),
	"prints by DocType": (
		"utils.print_format.download_multi_pdf",
		{"doctype": '{"Note": ["a", "b"]}', "name": "x", "options": '{"page-size": "A4"}'},
	),
	"rows of a list": ("desk.reportview.delete_items", {"items": '["a (x)", "b"]', "doctype": "Note"}),
	"a page": ("desk.desktop.get_desktop_page", {"page": '{"name": "Home", "title": "Home", "public": 1}'}),
	"a new page": (
		"desk.doctype.workspace.workspace.save_page",
		{"title": "Home", "public": "0", "new_widgets": '{"card": []}', "blocks": '[{"type": "header"}]'},
	),
	"a document": ("desk.form.save.savedocs", {"doc": '{"doctype": "Note", "name": "x"}', "action": "Save"}),
	"a text in brackets": ("desk.search.search_link", {"doctype": "Note", "txt": '["x"]'}),
	"a comment that is JSON": (
		"desk.form.utils.add_comment",
		{"reference_doctype": "Note", "reference_name": "x", "content": '{"a": 1}'},
	),
	"numbers": ("client.get_list", {"doctype": "Note", "limit_start": 0, "limit": 20, "as_dict": True}),
	"a report": (
		"desk.query_report.run",
		{"report_name": "x", "filters": '{"company": ["a (b)"]}', "custom_columns": '[{"fieldname": "x"}]'},
	),
	"an export": (
		"desk.query_report.export_query",
		{"report_name": "x", "visible_idx": "[1,2]", "custom_columns": "[]", "filters": "{}"},
	),
	"widths of columns": (
		"model.utils.user_settings.save",
		{
			"doctype": "Background Job",
			"user_settings": '{"Report": {"column_widths": {"name": 120, "status": 90}}}',
		},
	),
	"a mail": (
		"core.doctype.communication.email.make",
		{"recipients": "a@x.org", "attachments": "[]", "content": "<b>[x]</b>", "subject": '"x"'},
	),
	"values of fields": (
		"client.set_value",
		{"doctype": "ToDo", "name": "x", "fieldname": json.dumps(VALUES)},
	),
	"a column of a child table": (
		"desk.reportview.get",
		{
			"doctype": "Newsletter",
			"fields": json.dumps(
				[
					"`tabNewsletter`.`name`",
					"`tabNewsletter Attachment`.`attachment` as 'Newsletter Attachment:attachment'",
				]
			),
			"order_by": "`tabNewsletter Attachment`.`idx` asc",
			"view": "Report",
		},
	),
	"the name of a DocType is looked for": ("utils.global_search.search", {"text": "Background Job"}),
	"the name of a DocType is translated": (
		"translate.update_translations_for_source",
		{"source": "Background Job", "translation_dict": '{"de": "Background Job"}'},
	),
	"the name of a DocType in one word is": (
		"translate.update_translations_for_source",
		{"source": "Person", "translation_dict": '{"de": "Mensch"}'},
	),
	"a list's filters are kept": (
		"model.utils.user_settings.save",
		{
			"doctype": "ToDo",
			"user_settings": json.dumps(
				{
					"List": {
						"filters": [["ToDo", "description", "like", "%a (select b)%", False]],
						"order_by": "`tabToDo`.`modified` desc",
					},
					"Report": {"fields": [["name", "ToDo"]], "group_by": {"group_by": "status"}},
				}
			),
		},
	),
	"what rows are told apart by": (
		"desk.reportview.get_filter_dashboard_data",
		{
			"doctype": "ToDo",
			"stats": '[{"name": "status", "label": "Status", "type": "Select"}]',
			"filters": "[]",
		},
	),
	"one condition": (
		"client.get_list",
		{"doctype": "ToDo", "filters": '["status", "=", "Open"]', "fields": '["name"]'},
	),
	"any value of a condition": (
		"desk.reportview.get",
		{"doctype": "ToDo", "filters": json.dumps([["ToDo", "description", "like", "%(select 1)%", False]])},
	),
	"tags": ("desk.doctype.tag.tag.add_tags", {"tags": '["x"]', "dt": "Note", "docs": '["a", "b"]'}),
}


@pytest.mark.parametrize("use", ORDINARY)
def test_what_desk_sends_is_as_it_was(world, use):
	method, arguments = ORDINARY[use]
	with requested(f"/api/method/frappe.{method}", **arguments):
		door.check_request()
		assert {key: frappe.local.form_dict[key] for key in arguments} == arguments


@pytest.fixture
def todo(world: World, alice):
	"""A ToDo of alice's, about one that is assigned to her, and one of bob's."""
	frappe.set_user("Administrator")
	made = []
	for user, about in ((World.bob, None), (World.alice, None), (World.alice, 1), (World.bob, 0)):
		about = {} if about is None else {"reference_type": "ToDo", "reference_name": made[about].name}
		todo = frappe.get_doc(doctype="ToDo", description="ordinary", allocated_to=user, **about)
		made.append(todo.insert(ignore_permissions=True))
	frappe.db.commit()
	yield made[1].name
	frappe.db.rollback()
	for one in reversed(made):
		frappe.delete_doc("ToDo", one.name, ignore_permissions=True, force=True)
	frappe.db.commit()


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_values_are_set_by_their_fields(alice, todo):
	answer = alice.call("frappe.client.set_value", doctype="ToDo", name=todo, fieldname=json.dumps(VALUES))
	assert answer.status_code == 200, answer.text
	assert frappe.db.get_value("ToDo", todo, "description") == VALUES["description"]


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no ToDo")
def test_assignments_are_counted_of_what_one_finds(alice, todo):
	asked = {"doctype": "ToDo", "current_filters": "[]", "field": "assigned_to"}
	answer = alice.call("frappe.desk.listview.get_group_by_count", **asked)
	assert answer.status_code == 200, answer.text
	assert {row["name"] for row in answer.json()["message"]} <= {World.alice}


def test_a_count_of_assignments_is_of_rows_that_one_finds(world):
	sent = {"doctype": "File", "field": "assigned_to", "current_filters": "[]"}
	with requested(f"/api/method/{questions.GROUPS}", **sent):
		door.check_request()
		field, operator, names = json.loads(frappe.local.form_dict["current_filters"])[0]
		assert (field, operator) == ("name", "in")
		found = frappe.get_list("File", pluck="name")
		assert set(names) == set(found or [""])
