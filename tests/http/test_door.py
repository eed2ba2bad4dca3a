"""Whatever method of Frappe is told a name of another organization answers as for a name that there is not.

All of them are asked, as Frappe's source has them: the arguments are filled in by their names.
"""

import json
import re
from typing import Any

import frappe
import pytest
from factories import World, end, submit
from http_client import Client
from methods_of_frappe import Method, whitelisted_methods
from requests import Response

SECRET = "known to Beta only"
UNKNOWN = "JOB-1999-12345"

# not called, as they would end the session that calls, or what they are about is not this site
LEFT_OUT = {
	"frappe.handler.logout": "ends the session",
	"frappe.handler.web_logout": "ends the session",
	"frappe.auth.logout": "ends the session",
	"frappe.sessions.clear": "ends the session",
	"frappe.core.doctype.user.user.update_password": "ends the session",
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
	(r'(__frappe_exc_id\\*": \\*")\w+', r"\1"),
	(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", "<time>"),
)


def normalized(response: Response, name: str) -> tuple[int, str]:
	text = response.text.replace(name, "<name>")
	for pattern, replacement in VARYING:
		text = re.sub(pattern, replacement, text)
	return response.status_code, text


# tables that each request writes to, whatever it asks
OF_EACH_REQUEST = {
	"tabActivity Log": "logins",
	"tabError Log": "what failed, which System Managers read",
	"tabRoute History": "what Desk's user opened",
	"tabSessions": "when each session was last used",
	"tabUser": "when each user was last seen",
}


def fingerprint() -> dict[str, Any]:
	frappe.db.rollback()
	tables = [table for table in frappe.db.get_tables(cached=False) if table.startswith("tab")]
	names = ", ".join(f"`{table}`" for table in tables if table not in OF_EACH_REQUEST)
	return dict(frappe.db.sql(f"checksum table {names}"))


def written(before: dict, after: dict) -> list[str]:
	return [table for table, checksum in after.items() if before.get(table) != checksum]


@pytest.fixture
def foreign(world: World) -> dict[str, str]:
	"""A document of Beta for each guarded DocType."""
	job = submit(world.bob, world.beta, secret=SECRET)
	end(job.name, "Dead Letter", error_message=SECRET)
	person = frappe.db.get_value("Person", {"frappe_user": world.bob})
	return {
		"Background Job": job.name,
		"Job Execution Log": frappe.db.get_value("Job Execution Log", {"background_job": job.name}),
		"Organization": world.beta,
		"Person": person,
		"Org Member": frappe.db.get_value("Org Member", {"person": person}),
	}


GUARDED = ("Background Job", "Job Execution Log", "Organization", "Org Member", "Person")


@pytest.mark.parametrize("doctype", GUARDED)
def test_no_method_of_frappe_tells_a_foreign_name_from_an_unknown_one(alice, foreign, doctype):
	methods = [method for method in whitelisted_methods() if method.path not in LEFT_OUT]
	assert len(methods) > 20
	told, wrote = {}, {}
	for method in methods:
		unknown = normalized(ask(alice, method, doctype, UNKNOWN), UNKNOWN)
		before = fingerprint()
		answer = normalized(ask(alice, method, doctype, foreign[doctype]), foreign[doctype])
		if answer != unknown:
			told[method.path] = (answer, unknown)
		if tables := written(before, fingerprint()):
			wrote[method.path] = tables
	assert wrote == {}
	assert told == {}
