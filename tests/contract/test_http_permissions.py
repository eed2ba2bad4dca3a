"""What Frappe's own methods and /api/resource let users read and write."""

import json

import frappe
import frappe.client
import pytest
from contract_doctypes import GROUP, ITEM, LINE, OWNED, group, item
from factories import World, acting_as
from framework import since
from frappe.permissions import add_user_permission
from http_client import Client
from requests import Response

OF_ITEM = f"/api/resource/{ITEM}"


@pytest.fixture
def one() -> str:
	group("North")
	name = item("First", internal="secret", group="North", lines=[{"text": "line"}]).name
	frappe.db.commit()
	return name


def of(name: str, doctype: str = ITEM) -> str:
	return f"/api/resource/{doctype}/{name}"


# /api/resource


def test_a_document_is_read_with_its_child_rows(alice, one):
	data = alice.get(of(one)).json()["data"]
	assert (data["title"], data["lines"][0]["text"]) == ("First", "line")


def test_fields_of_levels_that_are_not_given_are_left_out(alice, manager, one):
	assert not alice.get(of(one)).json()["data"].get("internal")
	assert manager.get(of(one)).json()["data"]["internal"] == "secret"


def test_a_document_that_may_not_be_read_is_forbidden(alice, owned):
	answer = alice.get(of(owned[World.bob], OWNED))
	assert (answer.status_code, answer.json()["exc_type"]) == (403, "PermissionError")
	assert alice.get(of(owned[World.alice], OWNED)).status_code == 200


def test_a_document_that_is_not_there_is_not_found(alice):
	answer = alice.get(of("none"))
	assert (answer.status_code, answer.json()["exc_type"]) == (404, "DoesNotExistError")


def test_a_doctype_that_is_not_there_is_not_found_or_not_allowed(alice):
	"""On v15.41 it is not found; on v15.90 nobody may read it."""
	assert alice.get("/api/resource/Contract None").status_code == (403 if since(15, 90) else 404)


def test_guests_read_nothing(guest, one):
	assert guest.get(of(one)).status_code == 403
	assert guest.get(OF_ITEM).status_code == 403


def test_a_list_has_names_of_what_may_be_read(alice, owned):
	assert alice.get(f"/api/resource/{OWNED}").json() == {"data": [{"name": owned[World.alice]}]}


def test_a_list_has_20_rows_unless_told_otherwise(alice):
	for number in range(21):
		item(f"Item {number:02d}")
	frappe.db.commit()
	assert len(alice.get(OF_ITEM).json()["data"]) == 20
	assert len(alice.get(OF_ITEM, params={"limit_page_length": 0}).json()["data"]) == 21
	page = alice.get(
		OF_ITEM,
		params={
			"fields": json.dumps(["title"]),
			"order_by": "title asc",
			"limit_start": 19,
			"limit_page_length": 5,
		},
	)
	assert page.json() == {"data": [{"title": "Item 19"}, {"title": "Item 20"}]}


def test_a_list_takes_filters(alice, one):
	answer = alice.get(OF_ITEM, params={"filters": json.dumps({"title": "First"})})
	assert answer.json() == {"data": [{"name": one}]}
	assert alice.get(OF_ITEM, params={"filters": json.dumps([["title", "=", "None"]])}).json() == {"data": []}


def test_filters_by_the_id_of_a_hidden_row_find_nothing(alice, owned):
	for filters in ({"name": owned[World.bob]}, [["name", "in", list(owned.values())]]):
		data = alice.get(f"/api/resource/{OWNED}", params={"filters": json.dumps(filters)}).json()["data"]
		assert owned[World.bob] not in str(data)


def test_or_filters_do_not_reach_hidden_rows(alice, owned):
	answer = alice.get(
		f"/api/resource/{OWNED}", params={"or_filters": json.dumps({"name": owned[World.bob]})}
	)
	assert owned[World.bob] not in answer.text


def test_a_document_is_created_and_changed_and_deleted(manager):
	made = manager.post(OF_ITEM, json={"title": "By REST"})
	assert made.status_code == 200
	name = made.json()["data"]["name"]
	assert manager.put(of(name), json={"note": "changed"}).json()["data"]["note"] == "changed"
	assert manager.delete(of(name)).status_code == 202
	assert manager.get(of(name)).status_code == 404


def test_creating_without_the_right_is_forbidden(alice):
	assert alice.post(f"/api/resource/{GROUP}", json={"group_name": "North"}).status_code == 403
	frappe.db.rollback()
	assert not frappe.db.exists(GROUP, "North")


def test_changing_what_may_not_be_read_is_forbidden(alice, owned):
	name = owned[World.bob]
	assert alice.put(of(name, OWNED), json={"title": "mine"}).status_code == 403
	assert alice.delete(of(name, OWNED)).status_code == 403
	frappe.db.rollback()
	assert frappe.db.get_value(OWNED, name, "title") == World.bob


@pytest.mark.parametrize(
	("values", "code", "error"),
	[
		({"title": ""}, 417, "MandatoryError"),
		({"title": "x", "group": "Nowhere"}, 417, "LinkValidationError"),
		({"title": "x", "status": "Half open"}, 417, "ValidationError"),
		({"title": "x" * 141}, 417, "CharacterLengthExceededError"),
		({"title": "x", "code": "taken"}, 417, "UniqueValidationError"),
	],
)
def test_a_refused_document_says_why(alice, values, code, error):
	item("Taken", code="taken")
	frappe.db.commit()
	answer = alice.post(OF_ITEM, json=values)
	assert (answer.status_code, answer.json()["exc_type"]) == (code, error)


def test_a_name_that_exists_is_a_conflict(manager, one):
	answer = manager.post(f"/api/resource/{GROUP}", json={"group_name": "North"})
	assert (answer.status_code, answer.json()["exc_type"]) == (409, "DuplicateEntryError")


def test_the_owner_cannot_be_chosen_by_the_client(alice):
	name = alice.post(OF_ITEM, json={"title": "x", "owner": World.bob}).json()["data"]["name"]
	frappe.db.rollback()
	assert frappe.db.get_value(ITEM, name, "owner") == World.alice


# frappe.client


def test_client_get_checks_the_document(alice, owned):
	assert alice.ask("frappe.client.get", doctype=OWNED, name=owned[World.alice]).status_code == 200
	assert alice.ask("frappe.client.get", doctype=OWNED, name=owned[World.bob]).status_code == 403


def test_client_get_list_has_only_what_may_be_read(alice, owned):
	answer = alice.ask("frappe.client.get_list", doctype=OWNED, fields=json.dumps(["name", "title"]))
	assert [row["title"] for row in answer.json()["message"]] == [World.alice]


def test_client_get_value_finds_nothing_hidden(alice, owned):
	answer = alice.ask(
		"frappe.client.get_value",
		doctype=OWNED,
		fieldname="title",
		filters=json.dumps({"name": owned[World.bob]}),
	)
	assert World.bob not in answer.text


def test_client_get_count_counts_also_what_may_not_be_read_on_some_versions(owned):
	"""On v15; on v16 it counts what the list would have. Over HTTP the app's own method answers."""
	with acting_as(World.alice):
		assert frappe.client.get_count(OWNED) == (1 if since(16) else 2)


def test_client_set_value_and_delete_check_the_document(alice, owned):
	name = owned[World.bob]
	changed = alice.call("frappe.client.set_value", doctype=OWNED, name=name, fieldname="title", value="x")
	deleted = alice.call("frappe.client.delete", doctype=OWNED, name=name)
	assert (changed.status_code, deleted.status_code) == (403, 403)


def test_client_insert_checks_the_right(alice):
	answer = alice.call("frappe.client.insert", doc={"doctype": GROUP, "group_name": "North"})
	assert answer.status_code == 403


def test_child_rows_are_read_only_through_a_parent_that_may_be_read(alice, guest, one):
	refused = alice.ask("frappe.client.get_list", doctype=LINE, fields=json.dumps(["text"]))
	assert refused.status_code == 403
	allowed = alice.ask("frappe.client.get_list", doctype=LINE, parent=ITEM, fields=json.dumps(["text"]))
	assert allowed.json()["message"] == [{"text": "line"}]
	assert guest.ask("frappe.client.get_list", doctype=LINE, parent=ITEM).status_code == 403


@pytest.mark.parametrize("field", ["version(name)", "concat(name)"])
def test_fields_take_no_sql(manager, one, field):
	"""Some functions are refused on v15; on v16 all that are sent as a text. Members are refused by us."""
	answer = manager.ask("frappe.client.get_list", doctype=ITEM, fields=json.dumps([field]))
	error = "ValidationError" if since(16) else "DataError"
	assert (answer.status_code, answer.json()["exc_type"]) == (417, error)


@pytest.mark.parametrize(
	("field", "refused"),
	[({"COUNT": "name", "as": "total"}, False), ({"SLEEP": "name", "as": "total"}, True)],
)
def test_functions_can_be_sent_as_dicts_on_some_versions(alice, one, field, refused):
	"""On v16, those that it knows. On v15 a field is a text."""
	answer = alice.ask("frappe.client.get_list", doctype=ITEM, fields=json.dumps([field]))
	if since(16) and not refused:
		assert answer.json() == {"message": [{"total": 1}]}
	else:
		assert answer.status_code >= 400


def test_methods_of_documents_must_be_whitelisted(alice, one):
	answer = alice.post(
		"/api/method/run_doc_method", json={"dt": ITEM, "dn": one, "method": "db_set", "args": "{}"}
	)
	assert answer.status_code == 403


# Desk's own methods


def test_link_search_finds_only_what_may_be_read(alice, owned):
	answer = alice.ask("frappe.desk.search.search_link", doctype=OWNED, txt="")
	assert [row["value"] for row in answer.json()["message"]] == [owned[World.alice]]


def test_the_list_view_has_only_what_may_be_read(alice, owned):
	fields = json.dumps([f"`tab{OWNED}`.`title`"])
	body = alice.ask("frappe.desk.reportview.get", doctype=OWNED, fields=fields).json()["message"]
	assert body["values"] == [[World.alice]]
	count = alice.ask("frappe.desk.reportview.get_count", doctype=OWNED, fields=fields)
	assert count.json()["message"] == 1


def export(client: Client, doctype: str, field: str) -> Response:
	return client.call(
		"frappe.desk.reportview.export_query",
		doctype=doctype,
		title=doctype,
		file_format_type="CSV",
		fields=json.dumps([f"`tab{doctype}`.`{field}`"]),
		filters=json.dumps([]),
	)


def test_an_export_has_only_what_may_be_read(alice, one):
	group("South")
	add_user_permission(GROUP, "North", World.alice)
	frappe.db.commit()
	answer = export(alice, GROUP, "group_name")
	assert answer.status_code == 200
	assert "North" in answer.text
	assert "South" not in answer.text


def test_a_right_to_export_that_only_owners_have_counts_on_some_versions(alice, owned):
	"""On v15.41 it does not count; on v15.90 it does, for the rows that are one's own."""
	answer = export(alice, OWNED, "name")
	assert answer.status_code == (200 if since(15, 90) else 403)
	assert (owned[World.alice] in answer.text) is since(15, 90)
	assert owned[World.bob] not in answer.text


def test_an_export_without_the_right_is_forbidden(alice, one):
	assert export(alice, ITEM, "title").status_code == 403


def test_subscribing_is_checked_like_reading(alice, guest, owned):
	"""The Socket.IO server asks with these methods for whom it has."""
	assert may_subscribe(alice, owned[World.alice]) == 200
	assert may_subscribe(alice, owned[World.bob]) == 403
	assert may_subscribe(guest, owned[World.bob]) == 403


def may_subscribe(client: Client, name: str) -> int:
	if since(16):
		return client.ask("frappe.realtime.has_permission", doctype=OWNED, name=name).status_code
	return client.ask("frappe.realtime.can_subscribe_doc", doctype=OWNED, docname=name).status_code
