"""A file that somebody may not read does not exist to them, and nobody shares one with strangers."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import World
from files_of_bob import SECRET, path_of, private_file
from http_client import Client
from runtimes.chosen import is_a_bench

UNKNOWN = "0123456789"


@pytest.fixture
def secret(world: World) -> Iterator[Any]:
	"""A private file of Bob's; what others make of it is taken away, too."""
	with private_file(world, "of-bob.txt") as file:
		yield file


def upload(client: Client, content: str = SECRET, **values: Any) -> dict:
	file = {"file_name": "of-alice.txt", "content": content, "is_private": 1, **values}
	answer = client.post("/api/resource/File", json=file)
	assert answer.status_code == 200, answer.text
	return answer.json()["data"]


def now(file: Any) -> dict:
	frappe.db.rollback()
	return frappe.db.get_value("File", file.name, ["file_url", "is_private"], as_dict=True)


def test_equal_content_has_an_address_of_its_own(alice, bob, secret):
	mine = upload(alice)
	assert mine["file_url"] != secret.file_url
	assert alice.get(mine["file_url"]).text == SECRET
	assert alice.get(secret.file_url).status_code == 403
	assert bob.get(secret.file_url).text == SECRET


def test_ones_own_equal_file_is_shared_as_ever(alice, secret):
	first, second = upload(alice), upload(alice)
	assert first["file_url"] == second["file_url"]
	copied = alice.post("/api/resource/File", json={"file_url": first["file_url"]}).json()["data"]
	assert copied["file_url"] == first["file_url"]
	for name in (first["name"], second["name"]):
		assert alice.delete(f"/api/resource/File/{name}").status_code == 202
		assert path_of(first["file_url"]).exists()
	assert alice.delete(f"/api/resource/File/{copied['name']}").status_code == 202
	assert not path_of(first["file_url"]).exists()


def test_nothing_that_becomes_of_an_equal_file_becomes_of_anothers(alice, bob, secret):
	mine = upload(alice)
	# benchless moves no file between the private and the public ones
	if is_a_bench():
		answer = alice.put(f"/api/resource/File/{mine['name']}", json={"is_private": 0})
		assert answer.status_code == 200, answer.text
	assert now(secret) == {"file_url": secret.file_url, "is_private": 1}
	assert alice.delete(f"/api/resource/File/{mine['name']}").status_code == 202
	assert bob.get(secret.file_url).text == SECRET


@pytest.mark.parametrize("is_stored_alike", [False, True])
def test_a_file_is_moved_without_equal_ones_at_other_addresses(alice, bob, secret, is_stored_alike):
	"""The public one of equal content, and private ones of sites that are older than hashes of one's own."""
	if is_stored_alike:
		mine = upload(alice)
		equal = frappe.db.get_value("File", secret.name, "content_hash")
		frappe.db.set_value("File", mine["name"], "content_hash", equal, update_modified=False)
		frappe.db.commit()
	else:
		mine = upload(alice, is_private=0)
	copied = alice.post("/api/resource/File", json={"file_url": mine["file_url"]}).json()["data"]
	if is_a_bench():
		change = {"is_private": int(not mine["is_private"])}
		moved = alice.put(f"/api/resource/File/{mine['name']}", json=change).json()["data"]
		assert now(frappe._dict(copied)) == {"file_url": moved["file_url"], **change}
	assert now(secret) == {"file_url": secret.file_url, "is_private": 1}
	assert bob.get(secret.file_url).text == SECRET


def test_the_content_goes_with_the_last_file_that_has_its_address(alice, bob, secret):
	mine = upload(alice)
	assert bob.delete(f"/api/resource/File/{secret.name}").status_code == 202
	assert not path_of(secret.file_url).exists()
	assert alice.get(mine["file_url"]).text == SECRET


@pytest.mark.parametrize("change", [{"content_hash": "x"}, {"file_url": "/private/files/of-bob.txt"}])
def test_no_file_is_said_to_be_another(alice, secret, change):
	mine = upload(alice, "of alice")
	if "content_hash" in change:
		change = {"content_hash": frappe.db.get_value("File", secret.name, "content_hash")}
	alice.put(f"/api/resource/File/{mine['name']}", json=change)
	frappe.db.rollback()
	stored = frappe.db.get_value("File", mine["name"], ["file_url", "content_hash"], as_dict=True)
	assert stored.file_url == mine["file_url"]
	assert stored.content_hash == mine["content_hash"]


def test_no_search_finds_a_foreign_file(alice, bob, secret):
	for client, found in ((alice, False), (bob, True)):
		for ignored in (0, 1):
			search = {"doctype": "File", "txt": secret.name, "ignore_user_permissions": ignored}
			answer = client.ask("frappe.desk.search.search_link", **search)
			assert answer.status_code == 200, answer.text
			assert (secret.name in answer.text) == found, (ignored, answer.text)


# --- the same answer as for one that there is not


def by_name(client: Client, name: str) -> Iterator[Any]:
	path = f"/api/resource/File/{name}"
	yield client.get(path)
	yield client.put(path, json={"is_private": 0})
	yield client.put(path, json={"attached_to_doctype": "User", "attached_to_name": World.alice})
	yield client.delete(path)
	yield client.call("frappe.client.get", doctype="File", name=name)
	yield client.call("frappe.client.set_value", doctype="File", name=name, fieldname="folder", value="Home")
	yield client.call("upload_file", library_file_name=name)
	sent = {"doctype": "User", "name": World.alice, "attachments": json.dumps([name])}
	yield client.post("/api/method/frappe.utils.file_manager.add_attachments", data=sent)


def test_the_name_of_a_foreign_file_is_answered_as_an_unknown_one(alice, secret):
	answers = zip(by_name(alice, secret.name), by_name(alice, UNKNOWN), strict=True)
	for place, (foreign, unknown) in enumerate(answers):
		assert foreign.status_code == unknown.status_code >= 400, (place, foreign.text, unknown.text)
		assert told(foreign, secret.name) == told(unknown, UNKNOWN), place
	assert now(secret) == {"file_url": secret.file_url, "is_private": 1}


def told(answer: Any, name: str) -> dict:
	"""Without the traceback, which says where in the code it was refused."""
	body = answer.json()
	kept = {key: value for key, value in body.items() if key not in ("exc", "_exc_source", "exception")}
	kept = json.loads(json.dumps(kept).replace(name, "<name>"))
	messages = json.loads(kept.pop("_server_messages", "[]"))
	# each has an id of its own
	return {**kept, "messages": [json.loads(one)["message"] for one in messages]}


ADDRESSES = ["/private/files/{0}", "/files/../../private/files/{0}", "/private/files/x/../{0}"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_address_of_a_foreign_file_is_answered_as_an_unknown_one(alice, secret, address):
	told_of = []
	for name in ("of-bob.txt", "unknown.txt"):
		url = address.format(name)
		answers = [
			alice.post("/api/resource/File", json={"file_url": url}),
			alice.post("/api/resource/File", json={"file_url": f"{alice.web.origin}{url}"}),
			alice.call("upload_file", file_url=url),
			alice.put(f"/api/resource/User/{World.alice}", json={"user_image": url}),
		]
		told_of.append([(one.status_code, told(one, name)) for one in answers])
	assert told_of[0] == told_of[1]
	assert all(status >= 400 for status, _told in told_of[0])
	frappe.db.rollback()
	assert not frappe.db.exists("File", {"owner": World.alice, "file_url": ("like", "%of-bob%")})


def test_a_file_has_an_address_or_content(alice, secret):
	"""Frappe reads one without an address by its name."""
	for name in ("of-bob.txt", "unknown.txt"):
		answer = alice.post("/api/resource/File", json={"file_name": name, "is_private": 1})
		assert answer.status_code == 417, answer.text
		assert "file_url" in answer.text
