"""A document of any DocType that is linked with a guarded one tells nothing of that."""

import json
import re
from collections.abc import Iterator

import frappe
import pytest
from factories import World, make_doctype, remove_doctype, submit
from runtimes.chosen import is_a_bench

IMPORT = "Strange Import"


@pytest.fixture(scope="module")
def linked(world: World) -> Iterator[str]:
	"""A DocType of another app, everybody's, with Links to a job and to an organization."""
	fields = [
		{"fieldname": "note", "label": "Note", "fieldtype": "Data"},
		{"fieldname": "import_job", "label": "Job", "fieldtype": "Link", "options": "Background Job"},
		{"fieldname": "club", "label": "Club", "fieldtype": "Link", "options": "Organization"},
		{"fieldname": "of_user", "label": "User", "fieldtype": "Link", "options": "User"},
	]
	permissions = [{"role": "All", "read": 1, "write": 1, "create": 1}]
	remove_doctype(IMPORT)
	make_doctype(IMPORT, autoname="hash", fields=fields, permissions=permissions)
	yield IMPORT
	frappe.db.rollback()
	remove_doctype(IMPORT)


@pytest.fixture
def beta_job(world: World, linked: str) -> Iterator[str]:
	"""A job of Beta that a document names which everybody may read."""
	job = submit(world.bob, world.beta).name
	document = {"doctype": linked, "import_job": job, "club": world.beta}
	frappe.get_doc(document).insert(ignore_permissions=True, ignore_links=True)
	frappe.db.commit()
	yield job
	frappe.db.rollback()
	frappe.db.delete(linked)
	frappe.db.commit()


COLUMNS = [
	["name", "import_job.owner_user"],
	["name", "`import_job`.`result`"],
	["name", "import_job . status"],
	["club.org_type as x"],
	["`tabStrange Import`.import_job.status"],
	["max(import_job.creation)"],
	[{"import_job": ["status", "owner_user"]}],
]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
@pytest.mark.parametrize("address", ["/api/resource/Strange Import", "/api/v2/document/Strange Import"])
def test_no_field_of_a_linked_document_is_listed(curious, beta_job, columns, address):
	answer = curious.get(address, params={"fields": json.dumps(columns)})
	assert answer.status_code == 417, answer.text
	assert "fields: asks for a field of a linked document" in answer.text


@pytest.mark.parametrize(
	("method", "asked"),
	[
		("frappe.client.get_list", {"fields": ["import_job.status"]}),
		("frappe.client.get_list", {"fields": ["name"], "order_by": "import_job.owner_user"}),
		("frappe.client.get_list", {"fields": ["name"], "group_by": "import_job.owner_user"}),
		("frappe.client.get_list", {"fields": ["name"], "filters": {"import_job.owner_user": "x"}}),
		("frappe.client.get_value", {"fieldname": ["name", "import_job.status"], "filters": {"note": ""}}),
		("frappe.desk.reportview.get", {"fields": ["import_job.status"]}),
	],
)
def test_nor_by_a_method(curious, beta_job, method, asked):
	answer = curious.call(method, doctype=IMPORT, **asked)
	assert answer.status_code == 417, answer.text
	assert "asks for a field of a linked document" in answer.text


def test_what_is_linked_otherwise_is_listed_as_before(curious, linked, world):
	for fields in (["name", "note"], ["`tabStrange Import`.`import_job`"], ["name", "of_user.name"]):
		answer = curious.call("frappe.client.get_list", doctype=linked, fields=fields)
		assert "asks for a field" not in answer.text
		if is_a_bench():
			assert answer.status_code == 200, answer.text


def test_a_link_to_a_hidden_document_is_one_to_none(curious, beta_job, linked, world):
	hidden = {"import_job": beta_job, "club": world.beta}
	for fieldname, name in hidden.items():
		answers = [
			curious.call("frappe.client.insert", doc={"doctype": linked, fieldname: linked_name})
			for linked_name in (name, "there is none")
		]
		assert [answer.status_code for answer in answers] == [417, 417]
		told = [re.sub(f"{name}|there is none|[0-9a-f]{{56}}", "", answer.text) for answer in answers]
		assert told[0] == told[1]
	assert frappe.db.count(linked) == 1


def test_a_link_to_ones_own_is_saved(alice, linked, world):
	job = submit().name
	answer = alice.call(
		"frappe.client.insert", doc={"doctype": linked, "import_job": job, "club": world.alpha}
	)
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()
	frappe.db.delete(linked)
	frappe.db.commit()


def test_members_are_listed_with_the_names_of_people(alice, linked, world):
	"""As Desk asks; and as no DocType of another app may."""
	fields = ["name", "person.first_name as person_first_name"]
	answer = alice.call("frappe.client.get_list", doctype="Org Member", fields=fields)
	assert "asks for a field" not in answer.text
	if is_a_bench():
		assert answer.status_code == 200, answer.text
	answer = alice.get(
		f"/api/resource/{linked}", params={"fields": '["club.org_type"]', "doctype": "Org Member"}
	)
	assert answer.status_code == 417, answer.text


COPY = "Strange Copy"


@pytest.fixture(scope="module")
def copying(world: World) -> Iterator[str]:
	"""A DocType of another app, everybody's, with a Link to a job and a field that is fetched from it."""
	fields = [
		{"fieldname": "note", "label": "Note", "fieldtype": "Data"},
		{"fieldname": "job", "label": "Job", "fieldtype": "Link", "options": "Background Job"},
		{"fieldname": "state", "label": "State", "fieldtype": "Data", "fetch_from": "job.status"},
	]
	permissions = [{"role": "All", "read": 1, "write": 1, "create": 1}]
	remove_doctype(COPY)
	make_doctype(COPY, autoname="hash", fields=fields, permissions=permissions)
	yield COPY
	frappe.db.rollback()
	remove_doctype(COPY)


def test_no_field_is_fetched_from_a_hidden_job(alice, world, copying):
	"""Not even if it was named before there was such a job, or while its user was a member."""
	address = f"/api/resource/{copying}"
	hidden, unknown = submit(world.bob, world.beta).name, "JOB-2999-00001"
	told = []
	for name in (hidden, unknown):
		answer = alice.post(address, json={"job": name})
		told.append((answer.status_code, name in answer.text, "Could not find" in answer.text))
	assert told == [(417, True, True)] * 2
	planted = frappe.get_doc({"doctype": copying, "job": hidden})
	planted.name, planted.owner = frappe.generate_hash(length=10), world.alice
	planted.db_insert()
	frappe.db.commit()
	answer = alice.put(f"{address}/{planted.name}", json={"note": "x"})
	assert answer.status_code == 417, answer.text
	assert "Queued" not in answer.text
	frappe.db.rollback()
	assert not frappe.db.get_value(copying, planted.name, "state")
	answer = alice.put(f"{address}/{planted.name}", json={"note": "x", "job": submit().name})
	assert answer.status_code == 200, answer.text
	assert answer.json()["data"]["state"]
