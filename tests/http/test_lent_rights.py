"""Nobody but a System Manager stores what runs with others' rights: templates, scripts, forms, mails."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import CURIOUS, World, acting_as, purge
from framework import since
from http_client import Client
from requested import queued, requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import hidden_templates, lent

JINJA = "{{ frappe.get_all('Background Job') }}"
PAGE = {"doctype": "Web Page", "title": "lent", "route": "lent", "published": 1}
REPORT = {"doctype": "Auto Email Report", "report": "lent", "email_to": CURIOUS, "format": "CSV"}
FORM = {"doctype": "Web Form", "title": "lent", "route": "lent", "web_form_fields": []}
QUERY = {"doctype": "Report", "report_name": "lent", "ref_doctype": "ToDo", "is_standard": "No"}
CARD = {"doctype": "Number Card", "label": "lent", "type": "Document Type", "document_type": "ToDo"}
CHART = {"doctype": "Dashboard Chart", "chart_name": "lent", "document_type": "ToDo", "type": "Line"}

# what lends rights, and the field by which it does
LENDING: dict[str, tuple[dict[str, Any], str]] = {
	"a page": ({**PAGE, "content_type": "HTML", "main_section_html": JINJA}, "main_section_html"),
	"a page in Markdown": ({**PAGE, "content_type": "Markdown", "main_section_md": JINJA}, "main_section_md"),
	"a page with escapes": (
		{**PAGE, "content_type": "Markdown", "main_section_md": r"\{\{ frappe.get\_all('ToDo') }}"},
		"main_section_md",
	),
	"a page with a comment": ({**PAGE, "main_section": "<!-- jinja -->{% x %}"}, "main_section"),
	"a page that says so": ({**PAGE, "dynamic_template": 1}, "dynamic_template"),
	"a page with a script": ({**PAGE, "context_script": "x = 1"}, "context_script"),
	"a form for memberships": ({**FORM, "doc_type": "Org Member"}, "doc_type"),
	"a form for jobs": ({**FORM, "doc_type": "Background Job"}, "doc_type"),
	"a form for roles": ({**FORM, "doc_type": "Role"}, "doc_type"),
	"a form to choose a comment in": (
		{**FORM, "doc_type": "ToDo", "web_form_fields": [{"fieldname": "x", "options": "Comment"}]},
		"web_form_fields",
	),
	"a form with an expression": ({**FORM, "doc_type": "ToDo", "breadcrumbs": "[7**9]"}, "breadcrumbs"),
	"a page with an expression": ({**PAGE, "breadcrumbs": "[7**9]"}, "breadcrumbs"),
	"a form to choose an organization in": (
		{**FORM, "doc_type": "ToDo", "web_form_fields": [{"fieldname": "x", "options": "Organization"}]},
		"web_form_fields",
	),
	"a report as Administrator": ({**REPORT, "user": "Administrator"}, "user"),
	"a newsletter": ({"doctype": "Newsletter", "subject": "lent", "message": JINJA}, "message"),
	"a repetition": ({"doctype": "Auto Repeat", "reference_doctype": "ToDo", "message": JINJA}, "message"),
	"a block": ({"doctype": "Custom HTML Block", "name": "lent", "html": "x", "script": "x()"}, "script"),
	"a script": ({"doctype": "Server Script", "name": "lent", "script": "x = 1"}, "script"),
	"a card": ({**CARD, "type": "Custom", "method": "frappe.client.delete"}, "type"),
	"a card's filters": ({**CARD, "dynamic_filters_json": '[["a","b","=","x()"]]'}, "dynamic_filters_json"),
	"a chart": ({**CHART, "chart_type": "Custom"}, "chart_type"),
	"a query": ({**QUERY, "report_type": "Query Report"}, "report_type"),
	"a notification": ({"doctype": "Notification", "subject": "x", "message": "x"}, "message"),
	"a print": ({"doctype": "Print Format", "doc_type": "ToDo", "html": JINJA}, "html"),
	"a mail": ({"doctype": "Email Template", "name": "lent", "subject": "x", "response": JINJA}, "response"),
	"a template": ({"doctype": "Web Template", "type": "Section", "template": JINJA}, "template"),
	"a script of forms": ({"doctype": "Client Script", "dt": "ToDo", "script": "x()"}, "script"),
}
# signs of Jinja that are beside each other only in what Markdown, or the sanitizer, makes of the text
HIDDEN = (
	r"\{\{ x }}",
	r"\{{ x }}",
	r"{\% x %}",
	r"<\!-\- jinja -\->",
	"{{x}}",
	"{&#123; x }}",
	"&lcub;&amp;#123; x }}",
	"{</b>{ x }}",
	"{<a title='<'>{ x }}",
	"{\u200b{ x }}",
	"{**{ x }}",
)
# what the same roles go on doing
HARMLESS = {
	"a page": {**PAGE, "content_type": "HTML", "main_section_html": "<p>{ plain }</p>"},
	"a form": {**FORM, "doc_type": "ToDo", "web_form_fields": [{"fieldname": "x", "options": "a\nb"}]},
	"a mail": {"doctype": "Email Template", "subject": "x", "response": "plain"},
	"a newsletter": {"doctype": "Newsletter", "subject": "x", "message": "plain"},
	"a card": {**CARD, "dynamic_filters_json": "[ ]"},
	"a chart": {**CHART, "chart_type": "Count", "dynamic_filters_json": "{}"},
}


class Sent(frappe._dict):
	"""A document as it is sent, of a DocType that this site may not have."""

	def get_doc_before_save(self) -> Any:
		return self.get("before")


@pytest.fixture(params=["in a request", "in Frappe's queue"])
def asking(world: World, request: pytest.FixtureRequest) -> Iterator[None]:
	with requested("/api/resource/x", "PUT") if request.param == "in a request" else queued():
		yield


@pytest.mark.parametrize("what", LENDING)
def test_what_lends_rights_is_refused_by_its_field(asking, what):
	document, field = LENDING[what]
	before = [(Sent(document), None), (Sent(doctype=document["doctype"]), frappe._dict(document))]
	for sent, stored in before:
		with pytest.raises(frappe.PermissionError, match=f"^{field}: "):
			lent.refuse_lent(Sent(sent, before=stored, user=sent.get("user") or World.alice))


@pytest.mark.parametrize("text", HIDDEN)
def test_a_template_is_found_in_what_becomes_of_the_text(text):
	assert hidden_templates.has_template(text)


@pytest.mark.parametrize("text", ["dartwing/hooks.py", "templates/includes/x.html", "see it.txt"])
def test_the_path_of_a_template_is_one(text):
	"""Frappe reads the file; the last one it does not find."""
	assert hidden_templates.has_template(text)


@pytest.mark.parametrize(
	"text",
	[
		"a.b",
		"see it.txt.",
		"py",
		"first.txt\nsecond",
		"",
		"{ x }",
		"a { color: red } b { }",
		"f(\\{x\\})",
		"100% {x}",
		"{x} {y}",
	],
)
def test_single_signs_are_only_signs(text):
	assert not hidden_templates.has_template(text)


@pytest.mark.skipif(not is_a_bench(), reason="benchless sanitizes nothing, and has no Newsletter")
def test_what_the_sanitizer_makes_a_template_is_not_stored(curious):
	"""Text in a table that is in no cell is moved together, before the table."""
	hidden = "<table>{<tr><td>x</td></tr>{ frappe.get_all('Background Job') }}</table>"
	mail = {"subject": "lent", "sender_name": "x", "sender_email": CURIOUS, "content_type": "Rich Text"}
	if not frappe.db.exists("DocType", "Newsletter"):
		return
	with acting_as("Administrator"):
		group = frappe.get_doc(doctype="Email Group", title="lent").insert().name
	frappe.db.commit()
	try:
		sent = {**mail, "email_group": [{"email_group": group}], "message": hidden}
		answer = curious.post("/api/resource/Newsletter", json=sent)
		assert answer.status_code == 403, answer.text
		assert "message: " in answer.text
		frappe.db.rollback()
		assert not frappe.db.exists("Newsletter", {"subject": "lent"})
	finally:
		purge("Email Group", group)
		frappe.db.commit()


@pytest.mark.parametrize("what", HARMLESS)
def test_what_lends_none_is_stored(asking, what):
	if HARMLESS[what].get("doc_type") and not frappe.db.exists("DocType", HARMLESS[what]["doc_type"]):
		pytest.skip("benchless has no ToDo, which Frappe v15 and v16 have")
	lent.refuse_lent(Sent(HARMLESS[what]))


def test_a_report_that_is_mailed_runs_as_who_wrote_it(asking):
	# without the report that it mails: benchless has no reports whose kind could be asked for
	lent.refuse_lent(Sent(REPORT, user=World.alice, report=None))


def test_a_system_manager_lends_what_they_like(world):
	with requested("/api/resource/x", "PUT"):
		frappe.set_user(World.manager)
		for document, _field in LENDING.values():
			lent.refuse_lent(Sent(document))


@pytest.mark.parametrize("what", LENDING)
def test_no_role_but_one_stores_it(curious: Client, what):
	document, _field = LENDING[what]
	answer = curious.post(f"/api/resource/{document['doctype']}", json=document)
	# benchless has none of these DocTypes; v16 looks at other fields first
	assert answer.status_code in (403, 417) or not frappe.db.exists("DocType", document["doctype"])
	assert "data" not in answer.json()


def test_a_document_that_is_only_sent_is_looked_at_too(curious):
	"""Frappe runs the methods of a document as it is sent."""
	document = {"doctype": "Newsletter", "__islocal": 1, "subject": "x", "message": JINJA}
	for docs in (json.dumps(document), document):
		sent = {"docs": docs, "method": "send_test_email", "args": json.dumps({"email": CURIOUS})}
		answer = curious.post("/api/method/run_doc_method", json=sent)
		assert answer.status_code == 403, answer.text


def test_no_method_renders_what_it_is_sent(curious):
	method = next(iter(lent.RENDERING))
	sent = {"reference_dt": "User", "reference_doc": CURIOUS, "message": JINJA, "subject": "x"}
	answer = curious.post(f"/api/method/{method}", data=sent)
	assert answer.status_code in ((403,) if is_a_bench() else (403, 404, 417, 500)), answer.text


@pytest.mark.skipif(not since(16, 0), reason="Frappe v15 renders no mail that it is sent")
def test_no_mail_is_a_template(curious):
	method = "frappe.core.doctype.communication.email.make"
	sent = {"recipients": CURIOUS, "subject": "lent", "content": JINJA, "send_email": 1}
	for told in (1, "0", "x"):
		answer = curious.call(method, **sent, raw_html=told)
		assert answer.status_code == 403, answer.text
		assert "content" in answer.text
	assert not frappe.db.exists("Communication", {"subject": "lent"})
	# otherwise, it is only a text
	with requested(f"/api/method/{method}", **{**sent, "raw_html": ""}):
		lent.refuse_asked()


def test_a_report_that_runs_as_another_is_not_downloaded(world):
	for user, may in ((World.alice, False), (World.manager, True), (World.bob, True)):
		report = Sent(doctype="Auto Email Report", name="lent", user=World.bob)
		assert (lent.has_mailed_report_permission(report, "read", user) is not False) == may
