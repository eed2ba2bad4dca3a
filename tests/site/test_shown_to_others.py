"""What comes in by a mail or a file is plain on the screens of others; no calendar or search tells more."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import frappe
import pytest
from factories import acting_as, submit
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import frappe_methods, log_rows, markup, replacements

pytestmark = pytest.mark.skipif(not is_a_bench(), reason="benchless has no mails, calendars and imports")

IMAGE = "<img src=x onerror=alert(1)>"
ENDING = 'x" onmouseover="alert(1)'
SENDER = "who@knows.example"


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
	yield
	frappe.db.rollback()


def is_plain(row: Any) -> bool:
	"""Of what Frappe cleans, that it has cleaned it."""
	texts = {field: str(row.get(field.fieldname) or "") for field in row.meta.fields}
	rich = [text for field, text in texts.items() if field.fieldtype in log_rows.RICH]
	told = " ".join(text for field, text in texts.items() if field.fieldtype not in log_rows.RICH)
	is_clean = not any(markup.reason_against_raw(text) for text in rich)
	return is_clean and "<img" not in told and not markup.ends_an_attribute(told)


def received(append_to: str, subject: str, content: str) -> Any:
	"""The Communication that Frappe makes of a mail to an account that makes documents of mails."""
	replacements.guard()
	account = frappe.new_doc("Email Account")
	account.update({"name": "Strange", "email_id": "x@site.example", "append_to": append_to})
	account.db_insert()
	headers = [f"From: {SENDER}", "To: x@site.example", f'Cc: "{IMAGE}" <a@b.example>', f"Subject: {subject}"]
	kind = ["Message-Id: <strange@knows.example>", "Content-Type: text/html", "", content]
	mail = import_module("frappe.email.receive").InboundMail("\r\n".join([*headers, *kind]), account, 1)
	return mail.process()


@pytest.mark.parametrize("append_to", ["ToDo", "Event"])
@pytest.mark.parametrize("text", [json.dumps(IMAGE), ENDING, IMAGE])
def test_what_a_mail_makes_is_plain(world, append_to, text):
	communication = received(append_to, text, text)
	communication.reload()
	assert is_plain(communication), communication.as_dict()
	assert communication.reference_doctype == append_to
	assert is_plain(frappe.get_doc(append_to, communication.reference_name))


def test_a_mail_keeps_its_looks_and_its_addresses(world):
	communication = received("", "A & B <3", '<p>x <b>bold</b> and "quoted"</p>')
	communication.reload()
	assert "<b>bold</b>" in communication.content
	assert communication.subject == "A & B <3"
	assert SENDER in communication.sender


def test_no_calendar_shows_an_event_about_a_hidden_document(world):
	replacements.guard()
	made = {}
	for organization in (world.alpha, world.beta):
		with acting_as("Administrator"):
			event = {"doctype": "Event", "subject": organization, "event_type": "Public"}
			about = {"reference_doctype": "Organization", "reference_docname": organization}
			times = {"starts_on": "2026-11-29 12:00:00", "event_participants": [about]}
			made[organization] = frappe.get_doc({**event, **times}).insert().name
	for user, expected in (
		(world.alice, {made[world.alpha]}),
		(world.bob, {made[world.beta]}),
		(world.manager, {*made.values()}),
	):
		with acting_as(user):
			found = {row.name for row in frappe_methods.get_events("2026-11-01", "2026-12-31")}
		assert found & {*made.values()} == expected
		# as the scheduler asks for the mail about today's
		events = import_module("frappe.desk.doctype.event.event").get_events
		found = {row.name for row in events("2026-11-01", "2026-12-31", user)}
		assert found & {*made.values()} == expected


def test_no_search_finds_the_text_of_a_row_about_a_hidden_document(world, monkeypatch):
	settings = import_module("frappe.desk.doctype.global_search_settings.global_search_settings")
	monkeypatch.setattr(settings, "get_doctypes_for_global_search", lambda: ["ToDo"])
	names = {}
	for organization, user in ((world.alpha, world.alice), (world.beta, world.bob)):
		about = {"reference_type": "Background Job", "reference_name": submit(user, organization).name}
		todo = {"doctype": "ToDo", "description": "canarytext", "allocated_to": world.alice, **about}
		names[organization] = frappe.get_doc(todo).insert().name
	values = [("ToDo", name, "Description : canarytext", 1, "x", "x") for name in names.values()]
	columns = "(`doctype`, `name`, `content`, `published`, `title`, `route`)"
	into = f"insert into `__global_search` {columns} values (%s, %s, %s, %s, %s, %s)"
	frappe.db.sql("delete from `__global_search` where `content` like '%canarytext'")
	for row in values:
		frappe.db.sql(into, row)
	frappe.db.commit()
	try:
		for user, expected in (
			(world.alice, {names[world.alpha]}),
			(world.manager, {*names.values()}),
		):
			with acting_as(user):
				assert {row.name for row in frappe_methods.global_search("canarytext")} == expected
		with acting_as("Guest"):
			assert frappe_methods.web_search("canarytext") == []
	finally:
		frappe.db.rollback()
		frappe.db.sql("delete from `__global_search` where `content` like '%canarytext'")
		frappe.db.delete("ToDo", {"name": ("in", [*names.values()])})
		frappe.db.commit()


def test_the_preview_of_an_import_is_plain(world, monkeypatch):
	replacements.guard()
	importer = import_module("frappe.core.doctype.data_import.importer")
	file = object.__new__(importer.ImportFile)
	column = frappe._dict(df=None, header_title=IMAGE)
	file.columns = [frappe._dict(as_dict=lambda: column)]
	file.header = frappe._dict(columns=file.columns)
	file.data = [frappe._dict(row_number=1, as_list=lambda: [IMAGE, "a < b", 5])]
	warnings = [{"row": 1, "message": f"<b>Value</b> {IMAGE} missing"}]
	monkeypatch.setattr(file, "warnings", warnings, raising=False)
	for one in (*file.columns, *file.data):
		one.warnings = []
	preview = file.get_data_for_import_preview()
	told = json.dumps(preview, default=str)
	assert "<img" not in told
	assert preview.data[0][2:] == ["a < b", 5]
	assert "Value" in told
	assert file.get_warnings()[0]["message"].startswith("Value ")


def test_the_log_of_an_import_is_plain(world):
	row = {"doctype": "Data Import Log", "messages": json.dumps([{"message": IMAGE}]), "exception": IMAGE}
	log = frappe.get_doc(row)
	log.db_insert()
	assert "<img" not in f"{log.messages} {log.exception}"


def test_the_address_of_a_mail_is_no_markup():
	field = frappe._dict(fieldtype="Code", options="Email")
	check = markup.CODES["email"]
	assert check(f'"{IMAGE}" <a@b.cc>')
	assert not check('"Jane Doe" <jane@example.com>, bob@example.com')
	assert log_rows.plain(field, '"Jane" <jane@example.com>') == '"Jane" <jane@example.com>'
	assert "<img" not in log_rows.plain(field, f'"{IMAGE}" <a@b.cc>')
