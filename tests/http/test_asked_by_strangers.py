"""What strangers asked and stored on a real site: no query of theirs is run, nothing of others is told."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import CURIOUS, submit
from framework import since
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import markup
from dartwing.dartwing_core.background_jobs.tenancy.shares import delete_shares

pytestmark = pytest.mark.skipif(not is_a_bench(), reason="benchless has neither reports nor calendars")

QUERY = "name`, extractvalue(1,concat(0x7e,(select left(password,20) from __Auth limit 1))) as `x"
CALENDAR = "frappe.desk.calendar.get_events"
DOWNLOAD = "frappe.email.doctype.auto_email_report.auto_email_report.download"


@pytest.fixture
def reports() -> Iterator[None]:
	forget_reports()
	yield
	frappe.db.rollback()
	forget_reports()


def forget_reports() -> None:
	for doctype in ("Auto Email Report", "Report"):
		frappe.db.delete(doctype, {"name": "Strange"})
	frappe.db.delete("Prepared Report", {"report_name": "Strange"})
	frappe.db.delete("Has Role", {"parent": "Strange", "parenttype": "Report"})
	frappe.db.commit()


def stored(client, **said: Any):
	kind = {"doctype": "Report", "report_type": "Report Builder", "is_standard": "No"}
	about = {"report_name": "Strange", "ref_doctype": said.pop("about", "ToDo")}
	return client.call("frappe.client.insert", doc={**kind, **about, "json": json.dumps(said)})


@pytest.mark.parametrize(
	"said",
	[
		{"columns": [[QUERY, "ToDo"]]},
		{"columns": [["name", "ToDo"]], "sort_by": "ToDo.name", "sort_order": "asc, sleep(1)"},
		{"columns": [["name", "ToDo"]], "group_by": {"group_by": QUERY, "doctype": "ToDo"}},
		{"about": "Background Job", "filters": [["Background Job", "input_parameters", "like", "%x%"]]},
		{"about": "Background Job", "fields": [["job_hash", "Background Job"]]},
	],
	ids=["a column", "an order", "a group", "a secret to guess", "a secret"],
)
def test_a_report_is_stored_by_who_may_ask_what_it_asks(curious, reports, said):
	answer = stored(curious, **said)
	assert answer.status_code == 417, answer.text
	assert "json" in answer.text or "holds a query" in answer.text
	assert not frappe.db.exists("Report", "Strange")


def test_a_report_of_columns_is_stored_and_mailed(world, curious, reports):
	submit()
	columns = [["name", "Background Job"], ["status", "Background Job"]]
	assert stored(curious, about="Background Job", columns=columns, filters=[]).status_code == 200
	mailed = {"report": "Strange", "user": CURIOUS, "email_to": CURIOUS, "format": "CSV", "filters": "{}"}
	mailed |= {"report_type": "Report Builder", "frequency": "Daily", "enabled": 1, "no_of_rows": 100}
	answer = curious.call("frappe.client.insert", doc={"doctype": "Auto Email Report", **mailed})
	assert answer.status_code == 200, answer.text
	assert curious.call(DOWNLOAD, name="Strange").status_code == 200
	changed = {"doctype": "Auto Email Report", "name": "Strange", "fieldname": "filters"}
	secret = json.dumps({"input_parameters": ["like", "%x%"]})
	assert curious.call("frappe.client.set_value", **changed, value=secret).status_code == 417


def test_a_report_stays_about_what_it_was_when_others_were_made_of_it(world, curious, reports):
	"""What a mailed report asks was looked at then."""
	assert stored(curious, about="ToDo", columns=[["name", "ToDo"]]).status_code == 200
	changed = {"doctype": "Report", "name": "Strange", "fieldname": "ref_doctype", "value": "Background Job"}
	answer = curious.call("frappe.client.set_value", **changed)
	assert answer.status_code == 403, answer.text
	assert "ref_doctype: cannot be changed" in answer.text
	kept = {"doctype": "Report", "name": "Strange", "fieldname": "letter_head", "value": ""}
	assert curious.call("frappe.client.set_value", **kept).status_code == 200


MAIL = "frappe.core.doctype.communication.email.make"


@pytest.fixture
def linking_mail() -> Iterator[None]:
	"""Frappe makes references of addresses as `x+Organization=Name@example.com`."""
	account = {"doctype": "Email Account", "email_account_name": "Strange", "email_id": "x@strange.example"}
	frappe.db.delete("Email Account", {"name": "Strange"})
	made = frappe.get_doc({**account, "enable_automatic_linking": 1})
	made.name = "Strange"
	made.db_insert()
	frappe.db.commit()
	frappe.clear_cache()
	yield
	frappe.db.rollback()
	frappe.db.delete("Email Account", {"name": "Strange"})
	frappe.db.delete("Communication Link", {"parent": ("in", mails())})
	frappe.db.delete("Communication", {"name": ("in", mails())})
	frappe.db.commit()
	frappe.clear_cache()


def mails() -> list[str]:
	return [*frappe.get_all("Communication", {"subject": "Strange"}, pluck="name"), ""]


def test_a_mail_is_no_way_to_write_on_a_foreign_job(world, curious, linking_mail):
	job = submit(world.bob, world.beta).name
	sent = {"subject": "Strange", "content": "x", "send_email": 0}
	for about in (f"Background%20Job+{job}", f"Organization={world.beta.replace(' ', '%20')}"):
		answer = curious.call(MAIL, recipients=f"x+{about}@strange.example", **sent)
		assert answer.status_code == 417, answer.text
		assert "Could not find" in answer.text
	answer = curious.call(MAIL, recipients="x+Organization=Nobody@strange.example", **sent)
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	assert not frappe.db.exists(
		"Communication Link", {"link_doctype": ("in", ["Background Job", "Organization"])}
	)


def test_a_mail_that_came_in_is_about_no_job(world, linking_mail):
	"""Whoever wrote it has named the job in the address."""
	job = submit(world.bob, world.beta).name
	mail = {"doctype": "Communication", "subject": "Strange", "sender": "who@knows.example"}
	received = {"communication_medium": "Email", "sent_or_received": "Received", "content": "x"}
	address = f"x+Background%20Job+{job}@strange.example"
	doc = frappe.get_doc({**mail, **received, "recipients": address}).insert(ignore_permissions=True)
	doc.reload()
	assert (doc.reference_doctype, doc.reference_name, doc.timeline_links) == (None, None, [])


def test_a_mail_about_a_job_stands_in_no_timeline_of_a_contact(world, curious):
	"""Whoever may open the contact would read it there."""
	job = submit(world.bob, world.beta).name
	contact = {"doctype": "Contact", "first_name": "Strange", "email_ids": [{"email_id": "jane@b.cc"}]}
	jane = frappe.get_doc(contact).insert()
	mail = {
		"doctype": "Communication",
		"subject": "Strange",
		"content": "known to Beta",
		"sent_or_received": "Sent",
	}
	about = {"reference_doctype": "Background Job", "reference_name": job}
	sent = {"communication_medium": "Email", "sender": world.bob, "recipients": "jane@b.cc"}
	about_a_job = frappe.get_doc({**mail, **sent, **about}).insert(ignore_permissions=True)
	other = frappe.get_doc({**mail, **sent, "content": "known to all"}).insert(ignore_permissions=True)
	frappe.db.commit()
	try:
		answer = curious.ask("frappe.desk.form.load.getdoc", doctype="Contact", name=jane.name)
		assert answer.status_code == 200, answer.text
		assert "known to Beta" not in answer.text
		assert other.name in answer.text
	finally:
		frappe.db.rollback()
		for row in (about_a_job, other, jane):
			frappe.delete_doc(row.doctype, row.name, force=True)
		frappe.db.commit()


IMAGE = "<img src=x onerror=alert(1)>"
ENDING = 'x" onmouseover=alert(1) y="'


def is_plain(row: Any) -> bool:
	told = " ".join(str(row.get(field.fieldname) or "") for field in row.meta.fields)
	return "<img" not in told and not markup.ends_an_attribute(told)


def test_what_is_logged_of_an_export_is_plain(world, curious):
	"""Frappe stores the row without a hook; System Managers look at it."""
	told = {"file_type": ENDING, "method": IMAGE, "report_name": IMAGE, "columns": IMAGE, "page": IMAGE}
	logging = "/api/method/frappe.core.doctype.access_log.access_log.make_access_log"
	answer = curious.post(logging, json={"doctype": "ToDo", **told})
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	if since(16):
		# its scheduler stores it
		frappe.get_attr("frappe.deferred_insert.save_to_db")()
		frappe.db.commit()
	row = frappe.get_last_doc("Access Log", {"user": CURIOUS, "method": ("like", "%img%")})
	told = json.dumps(row.as_dict(), default=str)
	# there Frappe cleans it first, as any document, and leaves an image that runs nothing
	assert is_plain(row) or (since(16) and "onerror" not in told), told
	frappe.db.delete("Access Log", {"user": CURIOUS})
	frappe.db.commit()


def test_what_is_logged_later_is_plain(world, curious):
	"""Frappe's scheduler stores it, as Administrator."""
	routes = json.dumps([{"route": ENDING}, {"route": f'"{IMAGE}"'}])
	answer = curious.call("frappe.desk.doctype.route_history.route_history.deferred_insert", routes=routes)
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	frappe.get_attr("frappe.deferred_insert.save_to_db")()
	frappe.db.commit()
	names = frappe.get_all("Route History", {"user": CURIOUS}, pluck="name")
	assert len(names) == 2
	assert all(is_plain(frappe.get_doc("Route History", name)) for name in names)
	frappe.db.delete("Route History", {"user": CURIOUS})
	frappe.db.commit()


def test_an_error_that_tells_what_was_sent_is_plain(world):
	"""Frappe's scheduler stores it, also that of a guest."""
	for text in (f'x "><{IMAGE[1:-1]} ', ENDING):
		row = frappe.get_doc({"doctype": "Error Log", "method": f"Strange {text}", "error": "x"}).insert()
		row.reload()
		assert row.method.startswith("Strange x")
		assert is_plain(row)
	frappe.db.rollback()


def test_the_subject_of_a_mail_that_came_in_is_plain(world):
	mail = {"doctype": "Communication", "communication_medium": "Email", "sent_or_received": "Received"}
	said = {"subject": 'Strange "><img src=x onerror=alert(1)//', "content": "<p>a <b>b</b></p>"}
	row = frappe.get_doc({**mail, **said, "sender": "x@knows.example", "sender_full_name": ENDING}).insert()
	assert "<img" not in row.subject
	assert not markup.ends_an_attribute(row.subject + row.sender_full_name)
	assert "<b>b</b>" in row.content
	frappe.db.rollback()


@pytest.mark.parametrize("field", ["recipients", "cc", "bcc"])
def test_no_address_of_a_mail_runs_in_a_timeline(world, curious, field):
	"""Desk writes in a timeline whom a mail went to."""
	said = {"content": "x", "subject": "Strange", "recipients": "a@b.cc", "send_email": 0}
	for hostile in (f'"{IMAGE}" <a@b.cc>', f"a@b.cc, {ENDING} <a@b.cc>"):
		answer = curious.call(MAIL, **{**said, field: hostile})
		assert answer.status_code == 417, answer.text
		assert f"{field}: must not be markup" in answer.text
	answer = curious.call(MAIL, **{**said, field: '"Jane Doe" <jane+1@b.cc>, a@b.cc'})
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	frappe.db.delete("Communication Link", {"parent": ("in", mails())})
	frappe.db.delete("Communication", {"name": ("in", mails())})
	frappe.db.delete("Contact", {"name": ("like", "%@b.cc%")})
	frappe.db.commit()


def test_no_job_is_shared_and_nothing_about_one(world, curious):
	"""A share goes before all conditions, and stays when its user is no member any more."""
	job = submit(world.alice, world.alpha).name
	todo = frappe.get_doc({"doctype": "ToDo", "description": "x", "reference_type": "Background Job"})
	todo.reference_name = job
	todo.insert()
	for doctype, name in (("Background Job", job), ("Organization", world.alpha), ("ToDo", todo.name)):
		for to in ({"user": world.bob}, {"everyone": 1}):
			share = {"doctype": "DocShare", "share_doctype": doctype, "share_name": name, "read": 1, **to}
			with pytest.raises(frappe.PermissionError, match="cannot be shared"):
				frappe.get_doc(share).insert(ignore_permissions=True)
	other = frappe.get_doc({"doctype": "ToDo", "description": "x"}).insert()
	frappe.share.add("ToDo", other.name, world.bob)
	assert frappe.db.exists("DocShare", {"share_name": other.name})
	for share in (
		{"share_doctype": "Background Job", "share_name": job},
		{"share_doctype": "ToDo", "share_name": todo.name},
	):
		row = frappe.get_doc({"doctype": "DocShare", "user": world.bob, "read": 1, **share})
		row.name = frappe.generate_hash(length=10)
		row.db_insert()
	delete_shares()
	named = {"share_name": ("in", [job, todo.name, other.name])}
	assert frappe.get_all("DocShare", named, pluck="share_name") == [other.name]
	frappe.db.rollback()


def test_a_form_of_the_website_lists_by_conditions_only(world, curious):
	form = {"doctype": "Web Form", "title": "Strange", "route": "strange", "doc_type": "Note"}
	fields = [{"fieldname": "title", "fieldtype": "Data", "label": "Title"}]
	query = json.dumps([["Note", "title", "between", "x"]])
	answer = curious.call(
		"frappe.client.insert", doc={**form, "web_form_fields": fields, "condition_json": query}
	)
	assert answer.status_code == 417, answer.text
	assert "holds a query" in answer.text


def test_a_goal_is_about_what_may_be_read(manager):
	"""Not even a System Manager guesses what is masked."""
	asked = {"goal_doctype": "Background Job", "goal_field": "progress", "date_field": "creation"}
	named = {
		"doctype": "ToDo",
		"docname": "x",
		"goal_value_field": "x",
		"goal_total_field": "x",
		"title": "x",
	}
	filters = json.dumps({"input_parameters": ["like", "%x%"]})
	goal = "frappe.utils.goal.get_monthly_goal_graph_data"
	answer = manager.call(goal, **named, **asked, goal_history_field="x", filters=filters)
	assert answer.status_code in (403, 417), answer.text
	assert "input_parameters" in answer.text


@pytest.mark.parametrize(
	("doctype", "fieldname", "value"),
	[
		("Kanban Board", "filters", '[{"ifnull(sleep(1),1)": 1}]'),
		("Auto Email Report", "from_date_field", "ifnull(sleep(1),1)"),
		("Web Form", "condition_json", '["sleep(1)"]'),
	],
)
def test_a_piece_of_a_query_is_set_in_no_field(curious, doctype, fieldname, value):
	"""Whether there is such a document or not."""
	named = {"doctype": doctype, "name": "Strange", "fieldname": fieldname, "value": value}
	answer = curious.call("frappe.client.set_value", **named)
	assert answer.status_code == 417, answer.text
	assert "holds a query" in answer.text


def test_a_report_may_be_called_as_a_hidden_organization(world, curious, reports):
	"""What was stored in place of the name told by its length that there is one."""
	kept = {"doctype": "Organization", "report_settings": json.dumps({"fields": [["name", "Organization"]]})}
	try:
		answer = curious.call("frappe.desk.reportview.save_report", name=world.beta, **kept)
		assert answer.status_code == 200, answer.text
		frappe.db.rollback()
		assert frappe.db.exists("Report", world.beta)
	finally:
		frappe.db.rollback()
		frappe.db.delete("Report", {"name": ("like", f"{world.beta}%")})
		frappe.db.commit()


@pytest.mark.parametrize("more", [{}, {"doctype": "ToDo"}, {"fieldname": "date"}])
def test_a_calendar_is_no_way_for_a_query(curious, more):
	asked = {"start": QUERY, "end": "date", "title": "name", **more}
	dates = {"start": "2020-01-01", "end": "2030-01-01"}
	answer = curious.call(CALENDAR, doctype="ToDo", **dates, field_map=json.dumps(asked))
	assert answer.status_code == 417, answer.text
	assert "field_map: holds a query" in answer.text
	plain = {"start": "date", "end": "date", "title": "name", **more}
	answer = curious.call(CALENDAR, doctype="ToDo", **dates, field_map=json.dumps(plain))
	assert answer.status_code == 200, answer.text


CLOSED_NAME = "name`, extractvalue(1,concat(0x7e,database())) as `x"
SEARCH = "frappe.desk.search.search_widget"
NEXT = "frappe.desk.form.utils.get_next"


@pytest.mark.parametrize(
	("method", "asked"),
	[
		(SEARCH, {"doctype": "ToDo", "txt": "", "filter_fields": [CLOSED_NAME]}),
		(SEARCH, {"doctype": "ToDo", "txt": "", "page_length": [CLOSED_NAME]}),
		(
			NEXT,
			{"doctype": "User", "value": CURIOUS, "prev": 0, "sort_order": "asc, extractvalue(1,database())"},
		),
		("frappe.client.get_list", {"doctype": "ToDo", "filters": [["ToDo", "owner", "between", "x"]]}),
		("frappe.client.get_list", {"doctype": "Contact", "filters": {"first_name": ["between", []]}}),
		("frappe.client.get_count", {"doctype": "ToDo", "filters": [["owner", "timespan", "last week"]]}),
	],
)
def test_a_piece_of_a_query_is_refused_wherever_it_stands(curious, method, asked):
	answer = curious.call(method, **asked)
	assert answer.status_code == 417, answer.text


def test_a_range_of_dates_is_asked_for_as_before(curious):
	created = ["ToDo", "creation", "between", ["2020-01-01", "2030-01-01"]]
	dates = [created, ["ToDo", "date", "timespan", "today"]]
	answer = curious.call("frappe.client.get_list", doctype="ToDo", filters=dates)
	assert answer.status_code == 200, answer.text
	answer = curious.call(NEXT, doctype="User", value=CURIOUS, prev=0, sort_order="asc")
	assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
	"document",
	[
		{"doctype": "Event", "google_meet_link": "https://x' autofocus onfocus='alert(1)"},
		{"doctype": "Event", "subject": 'x" autofocus onfocus="alert(1)'},
		{
			"doctype": "File",
			"file_name": "a.png",
			"file_url": 'https://x.example/a" onerror="alert(1)" x=".png',
		},
		{"doctype": "Tag", "name": 'x" onmouseover="alert(1)'},
		{
			"doctype": "Workspace",
			"title": "Strange",
			"label": "Strange",
			"shortcuts": [{"label": "x", "type": "URL", "url": "javascript:alert(1)"}],
		},
		{
			"doctype": "Workspace",
			"title": "Strange",
			"label": "Strange",
			"shortcuts": [{"label": "x", "type": "DocType", "stats_filter": "(()=>{alert(1)})()"}],
		},
	],
)
def test_nothing_that_a_member_stores_runs_in_the_desk_of_others(curious, document):
	more = {
		"subject": "x",
		"starts_on": "2026-12-02 10:00:00",
		"event_type": "Public",
		"content": "[]",
		"public": 1,
	}
	answer = curious.call("frappe.client.insert", doc={**more, **document})
	assert answer.status_code == 417, answer.text
	assert "must " in answer.text


KEPT = "frappe.core.doctype.prepared_report.prepared_report.make_prepared_report"
SAID = {"report_type": "Query Report", "ref_doctype": "ToDo", "is_standard": "No", "query": "select 1 as `x`"}


def test_nobody_has_a_report_made_that_they_may_not_run(world, curious, reports):
	"""Frappe makes it in a worker, and asks nobody."""
	roles = [{"role": "System Manager"}]
	frappe.get_doc({"doctype": "Report", "report_name": "Strange", **SAID, "roles": roles}).insert()
	frappe.db.commit()
	answer = curious.call(KEPT, report_name="Strange", filters="{}")
	assert answer.status_code == 403, answer.text
	assert not frappe.db.exists("Prepared Report", {"report_name": "Strange"})
	frappe.db.delete("Has Role", {"parent": "Strange", "parenttype": "Report"})
	frappe.db.commit()
	frappe.clear_document_cache("Report", "Strange")
	answer = curious.call(KEPT, report_name="Strange", filters="{}")
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	frappe.db.delete("Prepared Report", {"report_name": "Strange"})
	frappe.db.commit()


def test_a_tag_is_a_word(world, curious):
	todo = {"doctype": "ToDo", "description": "x", "allocated_to": CURIOUS}
	named = {"dt": "ToDo", "dn": curious.call("frappe.client.insert", doc=todo).json()["message"]["name"]}
	answer = curious.call("frappe.desk.doctype.tag.tag.add_tag", tag='x" onmouseover="alert(1)', **named)
	assert answer.status_code == 417, answer.text
	frappe.db.rollback()
	assert not frappe.db.get_value("ToDo", named["dn"], "_user_tags")
	answer = curious.call("frappe.desk.doctype.tag.tag.add_tag", tag='5" on sale', **named)
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	frappe.db.delete("ToDo", {"name": named["dn"]})
	frappe.db.delete("Tag", {"name": '5" on sale'})
	frappe.db.commit()


def test_two_harmless_names_make_no_attribute(world, curious):
	names = {"first_name": 'x"', "last_name": "onmouseover=alert(1) y"}
	changed = {"doctype": "User", "name": CURIOUS, "fieldname": names}
	answer = curious.call("frappe.client.set_value", **changed)
	assert answer.status_code == 417, answer.text
	assert "full_name: must not be markup" in answer.text
	assert curious.call("frappe.client.set_value", **{**changed, "fieldname": {"last_name": "O'x"}}).ok
	answer = curious.call("frappe.client.insert", doc={"doctype": "Contact", **names})
	assert answer.status_code == 417, answer.text


def test_of_a_row_about_a_foreign_document_no_title_is_told(world, curious):
	link = {"link_doctype": "Organization", "link_name": world.beta}
	hidden, seen = (
		frappe.get_doc({"doctype": "Contact", "first_name": f"Strange {n}", "links": links}).insert().name
		for n, links in enumerate(([link], []))
	)
	frappe.db.commit()
	try:
		for method, named in (
			("frappe.desk.search.get_link_title", {"doctype": "Contact", "docname": hidden}),
			("frappe.desk.like.toggle_like", {"doctype": "Contact", "name": hidden, "add": "Yes"}),
		):
			answer = curious.call(method, **named)
			assert answer.status_code == 404, answer.text
		title = curious.call("frappe.desk.search.get_link_title", doctype="Contact", docname=seen)
		assert title.ok, title.text
		assert frappe.db.get_value("Contact", hidden, "_liked_by") is None
	finally:
		frappe.db.delete("Contact", {"name": ("in", [hidden, seen])})
		frappe.db.delete("Dynamic Link", {"parent": ("in", [hidden, seen])})
		frappe.db.commit()
