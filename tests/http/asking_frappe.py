"""Calls of Frappe's whitelisted methods, whose arguments are filled in by their names."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from answers import without_ids
from factories import World
from http_client import Client
from methods_of_frappe import Method
from requests import Response

UNKNOWN = "JOB-1999-12345"

SEARCH_SETTINGS = "frappe.desk.doctype.global_search_settings.global_search_settings"
# not called, as they would end the session that calls, or what they are about is not this site
LEFT_OUT = {
	"frappe.core.doctype.prepared_report.prepared_report.get_reports_in_queued_state": "lists what "
	"other methods of the walk have just made",
	"frappe.handler.logout": "ends the session",
	"frappe.handler.web_logout": "ends the session",
	"frappe.auth.logout": "ends the session",
	"frappe.sessions.clear": "ends the session",
	"frappe.core.doctype.user.user.update_password": "ends the session",
	"frappe.core.doctype.user.user.reset_password": "changes the session's user and sends mail",
	"frappe.core.doctype.user.user.sign_up": "makes users, of whom there may be so many in an hour",
	f"{SEARCH_SETTINGS}.reset_global_search_settings_doctypes": (
		"resets what the whole site searches, for everybody, and keeps a Version of that"
	),
	"frappe.desk.page.setup_wizard.setup_wizard.setup_complete": "sets up the site anew",
	"frappe.printing.page.print_format_builder_beta.print_format_builder_beta.get_google_fonts": (
		"asks another server"
	),
	"frappe.www.login.send_login_link": "sends mail",
	"frappe.www.contact.send_message": "sends mail, so many in an hour",
}
NAMING_DOCTYPE = re.compile(r"(doctype|^dt|document_type|reference_type|ref_dt|parenttype)$")
LISTS = re.compile(r"^(names|docnames|docs|items|docnames|rows|dns)$")
DOCUMENTS = re.compile(r"^(doc|document|docs|source_doc)$")
ARGUMENTS = re.compile(r"^(args|kwargs|data|params)$")
OTHERS = {
	"fields": '["name"]',
	"filters": "[]",
	"or_filters": "[]",
	"fieldname": "status",
	"field": "status",
	"sort_field": "modified",
	"sort_order": "desc",
	"order_by": "modified desc",
	"user": World.alice,
	"users": json.dumps([World.alice]),
	"assign_to": json.dumps([World.alice]),
	"txt": "",
	"tag": "a tag",
	"tags": '["a tag"]',
	"add": "Yes",
	"action": "like",
	"following": "1",
	"content": "a text",
	"comment": "a text",
	"comment_email": World.alice,
	"comment_by": "alice",
	"comment_type": "Comment",
	"description": "a text",
	"subject": "a text",
	"recipients": World.alice,
	"read": "1",
	"start": "0",
	"page_length": "20",
	"limit": "20",
	"prev": "0",
	"method": "ping",
	"cmd": None,
	"print_format": "Standard",
	"format": "Standard",
	"file_url": "/files/nothing.txt",
	"permission_to": "read",
	"perm_type": "read",
	"ptype": "read",
	"value": None,
}


def arguments_for(method: Method, doctype: str, name: str) -> dict[str, Any]:
	"""A value for each parameter, and what methods take that read the request itself."""
	common = {"doctype": doctype, "name": name, "docname": name, "dt": doctype, "dn": name}
	common |= {"reference_doctype": doctype, "reference_name": name}
	return {
		**common,
		**{key: OTHERS[key] for key in ("fields", "assign_to", "description")},
		**{one: argument_for(one, doctype, name, common) for one in method.parameters if one != "cmd"},
	}


def argument_for(parameter: str, doctype: str, name: str, common: dict) -> Any:
	if NAMING_DOCTYPE.search(parameter):
		return doctype
	if DOCUMENTS.match(parameter):
		return json.dumps({"doctype": doctype, "name": name})
	if LISTS.match(parameter):
		return json.dumps([name])
	if ARGUMENTS.match(parameter):
		return json.dumps({**common, "assign_to": [World.alice]})
	value = OTHERS.get(parameter)
	return name if value is None else value


def ask(client: Client, method: Method, doctype: str, name: str) -> Response:
	arguments = arguments_for(method, doctype, name)
	return client.request(method.verb, f"/api/method/{method.path}", data=arguments)


VARYING = (
	(r'"name":"[a-z0-9]{10}"', '"name":"<new>"'),
	(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", "<time>"),
)


def normalized(response: Response, name: str) -> tuple[int, str]:
	as_word = name.lower().replace(" ", "_").replace("-", "_")
	text = without_ids(response.text.replace(name, "<name>").replace(as_word, "<name>"))
	for pattern, replacement in VARYING:
		text = re.sub(pattern, replacement, text)
	return response.status_code, text


def difference(answer: Callable[[Any], Any], *asked: Any) -> tuple | None:
	"""What is answered to both, where that differs.

	Asked once more before it counts: what a first call leaves may change what the second is answered.
	"""
	for _attempt in range(2):
		answers = tuple(answer(one) for one in asked)
		if answers[0] == answers[1]:
			return None
	return answers


@contextmanager
def leaving_nothing() -> Iterator[None]:
	"""What methods make for those who call them, as cards and boards, is taken away again."""
	started = frappe.utils.now()
	yield
	frappe.db.rollback()
	users = (World.alice, World.adam, "Guest")
	for table in frappe.db.get_tables(cached=False):
		doctype = table.removeprefix("tab")
		if doctype != table and {"owner", "creation"} <= set(frappe.db.get_table_columns(doctype)):
			frappe.db.sql(f"delete from `{table}` where creation >= %s and owner in %s", (started, users))
	frappe.db.commit()
