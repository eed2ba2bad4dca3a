"""What is equal to a hidden name and stands where no name does is a text: it stays what was sent.

What Frappe makes of it, its length, an address or a figure, would tell else that there is such a name.
"""

import inspect
import json
import re
from collections.abc import Iterator

import frappe
import pytest
from asking_frappe import leaving_nothing
from factories import World, submit
from methods_of_frappe import whitelisted_methods
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import allowed, door, filter_lists, mentions, name_places

NAME = World.beta
UNKNOWN = NAME[:-1] + "z"
FILTERS = json.dumps({"List": {"filters": [["Background Job", "organization", "=", NAME, False]]}})
OWN_NOTE = {"doctype": "Note", "name": NAME}
# by what is asked, a method or an address, and its arguments: no text in them is a place of a name
TEXTS = {
	"a password": ("core.doctype.user.user.test_password_strength", {"new_password": NAME}),
	"a file": ("client.attach_file", {"doctype": "Organization", "docname": World.alpha, "filedata": NAME}),
	"a file's name": (
		"client.attach_file",
		{"doctype": "Organization", "docname": World.alpha, "filename": NAME},
	),
	"a file beside others": ("handler.upload_file", {"doctype": "Organization", "file_name": NAME}),
	"a print": ("utils.print_format.report_to_pdf", {"html": NAME, "orientation": NAME}),
	"a mail": (
		"core.doctype.communication.email.make",
		{"doctype": "Organization", "name": World.alpha, "subject": NAME, "sender_full_name": NAME},
	),
	"a comment": (
		"desk.form.utils.add_comment",
		{
			"reference_doctype": "Organization",
			"reference_name": World.alpha,
			"content": NAME,
			"comment_by": NAME,
		},
	),
	"a tag": ("desk.doctype.tag.tag.add_tag", {"dt": "Organization", "dn": World.alpha, "tag": NAME}),
	"filters of a list": ("model.utils.user_settings.save", {"doctype": "Person", "user_settings": FILTERS}),
	"filters of a report": (
		"desk.reportview.save_report",
		{"doctype": "Organization", "name": NAME, "report_settings": FILTERS},
	),
	"a report of one's own": (
		"desk.reportview.save_report",
		{"doctype": "Organization", "name": NAME, "report_settings": "{}"},
	),
	"a row of another DocType": ("client.get", OWN_NOTE),
	"a comment on one": (
		"desk.form.utils.add_comment",
		{"reference_doctype": "Note", "reference_name": NAME, "content": "x"},
	),
	"a new name of one": ("client.rename_doc", {"doctype": "Note", "old_name": "x", "new_name": NAME}),
	"rows of one": ("desk.reportview.delete_items", {"doctype": "Note", "items": json.dumps([NAME])}),
	"a document of one": ("client.save", {"doc": {**OWN_NOTE, "title": NAME, "content": NAME}}),
	"a condition on a text": ("client.get_list", {"doctype": "ToDo", "filters": {"description": NAME}}),
	"the same as a list": (
		"desk.reportview.get",
		{"doctype": "ToDo", "filters": json.dumps([["ToDo", "description", "=", NAME]])},
	),
	"the same in an address": ("/api/resource/ToDo", {"filters": json.dumps([["description", "=", NAME]])}),
	"a document in an address": ("/api/resource/ToDo", {"description": NAME, "title": NAME}),
}
# what names a guarded DocType beside the others, and should switch nothing on
BESIDE = (
	{},
	{"x": "Organization"},
	{"description": "Organization"},
	{"reference_doctype": "Organization"},
	{"dt": "Organization"},
)


def path_of(asked: str) -> str:
	return asked if asked.startswith("/") else f"/api/method/frappe.{asked}"


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Iterator[None]:
	with leaving_nothing():
		yield


@pytest.mark.parametrize("beside", BESIDE, ids=str)
@pytest.mark.parametrize("what", TEXTS)
def test_a_text_is_what_was_sent(world, monkeypatch, what, beside):
	asked, arguments = TEXTS[what]
	# what may be asked is tested elsewhere
	for module in (allowed, door.permission_first, door.questions):
		monkeypatch.setattr(module, "check", lambda *arguments: None)
	sent = {**beside, **arguments}
	method = "GET" if "filters" in sent else "POST"
	with requested(path_of(asked), method, **json.loads(json.dumps(sent))):
		door.check_request()
		assert {key: frappe.local.form_dict[key] for key in sent} == sent


PLACES = {
	"a name": ("client.get", {"doctype": "Organization", "name": NAME}),
	"a name beside another DocType": (
		"desk.form.utils.add_comment",
		{"reference_doctype": "Organization", "reference_name": NAME, "doctype": "Note", "content": "x"},
	),
	"names": ("desk.reportview.delete_items", {"doctype": "Organization", "items": json.dumps([NAME])}),
	"names for tags": ("desk.doctype.tag.tag.add_tags", {"dt": "Organization", "docs": json.dumps([NAME])}),
	"the next one": (
		"desk.form.utils.get_next",
		{"doctype": "Organization", "value": NAME, "prev": 0, "sort_field": "modified"},
	),
	"a condition on the name": ("client.get_value", {"doctype": "Organization", "filters": {"name": NAME}}),
	"a name for a filter": ("client.get_value", {"doctype": "Organization", "filters": NAME}),
	"a condition on a link": (
		"desk.reportview.get",
		{"doctype": "Background Job", "filters": json.dumps([["organization", "in", [NAME, "x"]]])},
	),
	"a condition on a reference": (
		"desk.reportview.get",
		{"doctype": "ToDo", "filters": json.dumps([["Organization", "name", "=", NAME]])},
	),
	"a document": ("client.save", {"doc": {"doctype": "Organization", "name": NAME}}),
	"a link in a document": ("client.insert", {"doc": {"doctype": "Background Job", "organization": NAME}}),
	"a field that is set": (
		"client.set_value",
		{"doctype": "Org Member", "name": "x", "fieldname": "organization", "value": NAME},
	),
	"a name beside what no method takes for its DocType": (
		"desk.reportview.delete_items",
		{"doctype": "Organization", "_doctype": "ToDo", "dt": "ToDo", "items": json.dumps([NAME])},
	),
	"fields of several documents": (
		"desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs",
		{
			"doctype": "Org Member",
			"docnames": "[]",
			"data": json.dumps({"doctype": "File", "organization": NAME}),
		},
	),
	"a condition beside another": (
		"client.get_value",
		{"doctype": "Organization", "filters": {"doctype": "File", "name": NAME}},
	),
	"arguments of arguments": (
		"desk.form.assign_to.add",
		{"args": {"doctype": "Organization", "name": NAME, "assign_to": ["x"]}},
	),
	"a method of another app": ("erp.any_method", {"doctype": "Organization", "party": NAME}),
	"a document in an address": ("/api/resource/Background Job", {"organization": NAME}),
	"a condition in an address": (
		"/api/resource/Background Job",
		{"filters": json.dumps([["organization", "=", NAME]])},
	),
}


@pytest.mark.parametrize("what", PLACES)
def test_a_name_is_replaced_where_it_is_one(world, monkeypatch, what):
	asked, arguments = PLACES[what]
	monkeypatch.setattr(door.questions, "check", lambda method, form, doctype: None)
	monkeypatch.setattr(door.permission_first, "check", lambda method, form: None)
	path = path_of(asked).replace("frappe.erp", "erp")
	method = "GET" if "address" in what and "filters" in arguments else "POST"
	with requested(path, method, **json.loads(json.dumps(arguments))):
		door.check_request()
		assert re.search(rf"{NAME}\d{{20}}", json.dumps(frappe.local.form_dict)), frappe.local.form_dict


# by our own, which read nothing but their parameters
OVERRIDDEN = ("frappe.client.get_count",)
# parameters of methods that may be asked about guarded documents, and are the name of none
NO_NAMES = frozenset(
	re.findall(
		r"\w+",
		"""
	action add add_css all_doctypes args as_dict assign_to attachments bcc blocks cache cached_timestamp cc
	chart chart_name color columns comment_by comment_email communication_medium communication_type data debug
	decode_base64 docfield document email_template end enqueue everyone expand export_fields export_records
	export_without_column_meta field field_map fieldname fields fields_to_fetch file_path file_type filedata
	filename filter_fields folder following for_link_validation force format from_date group_by heatmap_year
	icon ignore_permissions ignore_user_permissions in_reply_to indicator_color is_private language letterhead
	limit limit_page_length limit_start link_fieldname listview_settings merge method new_page new_widgets
	no_cache no_letterhead notify now options order_by orientation page page_length page_name pdf_generator
	perm_type permission_to prev print_format print_html print_language print_letterhead printer_setting
	public publish query raise_exception raw_html read read_receipt recipients refresh remind_at
	removed_listview_fields report_name report_settings result sb_private_items sb_public_items search_term
	searchfield select_columns send_after send_email send_me_a_copy sender sender_full_name sent_or_received
	settings share show_alert sort_field sort_order start stats style submit tag tags task_id template
	time_interval timespan to_date trigger_print user user_settings users values with_data with_parent
	without_ignore_user_permissions_enabled workflow workflow_state workflow_state_fieldname write
	ignore_if_exists rebuild_search
	""",
	)
)


def test_each_parameter_of_a_method_that_may_be_asked_is_a_name_or_is_known_to_be_none():
	"""One that a newer Frappe has is looked at before it is trusted."""
	unknown = set()
	for method in whitelisted_methods():
		if allowed.MAY_BE_ASKED.fullmatch(method.path):
			unknown |= {
				(method.path, parameter)
				for parameter in method.parameters
				if parameter not in NO_NAMES | mentions.PROSE
				and not mentions.SAYS_DOCTYPE.search(parameter)
				and not filter_lists.ARGUMENT.search(parameter)
				and not name_places.NAME.fullmatch(parameter)
			}
	assert unknown == set()


def test_a_method_that_reads_the_whole_request_is_known_to_do_so():
	"""What it reads beside its parameters may be a name, too."""
	for method in whitelisted_methods():
		if method.parameters and allowed.MAY_BE_ASKED.fullmatch(method.path):
			function = frappe.get_attr(method.path)
			if (
				"form_dict" in inspect.getsource(function)
				and allowed.canonical(method.path) not in OVERRIDDEN
			):
				assert method.path in name_places.READS_ALL, method.path


def test_a_parameter_is_no_name_and_known_to_be_none():
	assert not [name for name in NO_NAMES if name_places.NAME.fullmatch(name)]


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no such methods")
def test_what_is_made_of_a_text_tells_nothing(alice):
	asked = {"doctype": "Organization", "docname": World.alpha, "is_private": 1}
	told = []
	for name in (NAME, UNKNOWN):
		file = alice.call("frappe.client.attach_file", filename="a.txt", filedata=name, **asked)
		named = alice.call("frappe.client.attach_file", filename=name, filedata=name[::-1], **asked)
		url = named.json()["message"]["file_url"]
		strength = alice.call(
			"frappe.core.doctype.user.user.test_password_strength", new_password=name, x="Organization"
		)
		told.append(
			(
				file.json()["message"]["file_size"],
				alice.get(url).status_code,
				url.startswith(f"/private/files/{name}"),
				"".join(one["token"] for one in strength.json()["message"]["sequence"]) == name,
			)
		)
		for made in (file, named):
			alice.delete(f"/api/resource/File/{made.json()['message']['name']}")
	assert told == [(len(NAME), 200, True, True)] * 2


@pytest.mark.skipif(not is_a_bench(), reason="benchless keeps no settings of users")
def test_what_is_stored_of_a_list_is_what_was_sent(alice, world):
	hidden = submit(world.bob, world.beta).name
	for name in (hidden, "JOB-1999-12345"):
		settings = json.dumps({"List": {"filters": [["Background Job", "name", "=", name, False]]}})
		kept = {"doctype": "Background Job", "user_settings": settings}
		assert alice.call("frappe.model.utils.user_settings.save", **kept).status_code == 200
		found = alice.ask("frappe.model.utils.user_settings.get", doctype="Background Job")
		assert found.json()["message"].count(name) == 1
		assert not re.search(rf"{name}\d", found.text)
