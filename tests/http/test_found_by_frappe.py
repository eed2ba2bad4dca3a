"""What Frappe finds by queries and tables of its own has no row that a list would hide from who asks."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import CURIOUS, purge, submit
from runtimes.chosen import is_a_bench

pytestmark = pytest.mark.skipif(not is_a_bench(), reason="benchless has neither a search nor a calendar")

WORD = "canaryword"
SEARCHED = ("ToDo", "Event", "Contact")
DAYS = {"start": "2026-11-01", "end": "2026-12-31"}


@pytest.fixture
def pairs(world, curious) -> Iterator[dict[str, tuple[Any, Any]]]:
	"""By DocType, a row about a document of Beta, and one about nothing."""
	job = submit(world.bob, world.beta).name
	person = frappe.db.get_value("Person", {"frappe_user": world.bob})
	todo = {"description": WORD, "_user_tags": f",{WORD}", "allocated_to": CURIOUS}
	event = {"subject": WORD, "description": WORD}
	event |= {"event_type": "Public", "starts_on": "2026-11-15 10:00:00", "send_reminder": 1}
	participant = {"reference_doctype": "Person", "reference_docname": person}
	link = {"link_doctype": "Organization", "link_name": world.beta}
	found = {
		"ToDo": (todo, {"reference_type": "Background Job", "reference_name": job}),
		"Event": (event, {"event_participants": [participant]}),
		"Contact": ({"first_name": WORD}, {"links": [link]}),
	}
	made = {
		doctype: tuple(insert(doctype, said, about) for about in (more, {}))
		for doctype, (said, more) in found.items()
	}
	own = {"link_doctype": "Contact", "link_name": made["Contact"][1].name}
	address = {"address_title": WORD, "address_line1": "x", "city": "x", "country": "Germany"}
	made["Address"] = (
		insert("Address", address, {"links": [own, link], "is_primary_address": 1}),
		insert("Address", address, {"links": [own]}),
	)
	keep_for_the_search(made)
	yield made
	frappe.db.rollback()
	for doctype, rows in made.items():
		for row in rows:
			for child in row.get_all_children():
				purge(child.doctype, child.name)
			purge(doctype, row.name)
	frappe.db.sql("delete from `__global_search` where title = %s", WORD)
	frappe.db.delete("Global Search DocType", {"name": ("like", f"{WORD}%")})
	frappe.db.commit()
	frappe.cache.delete_value("global_search")


def insert(doctype: str, said: dict, about: dict) -> Any:
	row = frappe.get_doc({"doctype": doctype, **said, **about}).insert(ignore_permissions=True)
	tags = {"owner": CURIOUS, "_user_tags": said.get("_user_tags")}
	row.db_set(tags if doctype == "ToDo" else {"owner": CURIOUS}, update_modified=False)
	return row


def keep_for_the_search(made: dict) -> None:
	"""As Frappe's scheduler does; a word that most rows have is not found by it."""
	kept = [(doctype, row.name, WORD) for doctype in SEARCHED for row in made[doctype]]
	kept += [("Note", f"filler {number}", "something else") for number in range(20)]
	for doctype, name, content in kept:
		frappe.db.sql(
			"replace into `__global_search` (doctype, name, title, content, route, published)"
			" values (%s, %s, %s, %s, 'x', 1)",
			(doctype, name, WORD, content),
		)
	for doctype in SEARCHED:
		row = frappe.new_doc("Global Search DocType", document_type=doctype, parent="Global Search Settings")
		row.update({"parenttype": "Global Search Settings", "parentfield": "allowed_in_global_search"})
		row.name = f"{WORD} {doctype}"
		row.db_insert()
	frappe.db.commit()
	frappe.cache.delete_value("global_search")


# by method: what it is asked, and of which DocTypes it finds rows
FINDING = {
	"frappe.utils.global_search.search": ({"text": WORD}, SEARCHED),
	"frappe.utils.global_search.web_search": ({"text": WORD}, SEARCHED),
	"frappe.desk.doctype.event.event.get_events": (DAYS, ("Event",)),
	"frappe.desk.doctype.tag.tag.get_tagged_docs": ({"doctype": "ToDo", "tag": f"%{WORD}%"}, ("ToDo",)),
	"frappe.contacts.doctype.contact.contact.address_query": ({}, ("Address",)),
}


def found(client: Any, method: str, pairs: dict) -> tuple[Any, tuple[str, ...]]:
	asked, doctypes = FINDING[method]
	links = [{"link_doctype": "Contact", "link_name": pairs["Contact"][1].name}]
	return client.call(method, **(asked or {"links": json.dumps(links)})), doctypes


@pytest.mark.parametrize("method", FINDING)
def test_only_what_a_list_would_have_is_found(curious, pairs, method):
	answer, doctypes = found(curious, method, pairs)
	assert answer.status_code == 200, answer.text
	for doctype in doctypes:
		hidden, own = (row.name for row in pairs[doctype])
		assert f'"{hidden}"' not in answer.text, (doctype, answer.text)
		assert own in answer.text, (doctype, answer.text)


def test_the_default_address_of_a_contact_is_none_that_is_hidden(curious, pairs):
	asked = {"doctype": "Contact", "name": pairs["Contact"][1].name}
	answer = curious.call("frappe.contacts.doctype.address.address.get_default_address", **asked)
	assert answer.status_code == 200, answer.text
	assert answer.json().get("message") in (None, pairs["Address"][1].name)


@pytest.mark.parametrize("more", [{"limit": 1}, {"start": 1, "limit": 1}, {"doctype": "ToDo", "limit": 1}])
def test_hidden_rows_are_not_counted_by_what_is_missing(curious, pairs, more):
	answer = curious.call("frappe.utils.global_search.search", text=WORD, **more)
	assert len(answer.json()["message"]) == 1, answer.text
	assert "rank" not in answer.json()["message"][0]


@pytest.mark.parametrize("method", FINDING)
def test_a_system_manager_finds_all(manager, pairs, method):
	answer, doctypes = found(manager, method, pairs)
	for doctype in doctypes:
		assert all(row.name in answer.text for row in pairs[doctype]), answer.text
