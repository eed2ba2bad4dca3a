"""A file that somebody may not read is in no argument of a method, and no other File writes to it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from answers import without_ids
from factories import CURIOUS, World, acting_as
from files_of_bob import SECRET, path_of, private_file
from http_client import Client
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import file_arguments
from dartwing.dartwing_core.background_jobs.tenancy import files

PICTURE = base64.b64encode(b"OVERWRITTEN").decode()


def run(client: Client, method: str, args: Any = None, **arguments: Any) -> Any:
	given = {"method": method, "args": args or {}, **arguments}
	return client.post("/api/method/run_doc_method", json=given)


@pytest.fixture
def secret(world: World) -> Iterator[Any]:
	"""A private file of Bob's, whose name says that it is a picture."""
	with private_file(world, "of-bob.png") as file:
		yield file


def in_memory(secret: Any, **values: Any) -> dict[str, Any]:
	"""A File that is only sent, whose content would be written to where another's is."""
	file = {"doctype": "File", "name": "new-file-1", "file_url": "/files/none.png", "is_private": 1}
	new = {"owner": World.alice, "__islocal": 1, "folder": "Home", "content": PICTURE, "decode": 1}
	return {**file, **new, "file_name": secret.file_name, "file_size": 9, **values}


def test_no_file_that_is_only_sent_writes_to_anothers(alice, secret):
	with acting_as(World.alice):
		own = frappe.get_doc(doctype="File", file_name="own.png", content="own", is_private=1).insert()
	frappe.db.commit()
	stored = {"name": own.name, "__islocal": 0, "modified": str(own.modified)}
	kept = {"file_url": own.file_url, "file_name": own.file_name}
	for sent in (
		in_memory(secret),
		in_memory(secret, name=secret.name, __islocal=0),
		in_memory(secret, **stored),
		in_memory(secret, **stored, **kept),
	):
		answer = run(alice, "optimize_file", docs=sent)
		assert answer.status_code in (403, 404), answer.text
		assert path_of(secret.file_url).read_text() == SECRET


def test_no_file_writes_to_anothers_whose_name_it_has(alice, secret):
	with acting_as(World.alice):
		own = frappe.get_doc(doctype="File", file_name="own.png", content="own", is_private=1).insert()
	frappe.db.set_value("File", own.name, "file_name", secret.file_name)
	frappe.db.commit()
	path = f"/api/resource/File/{own.name}"
	for answer in (
		run(alice, "optimize_file", dt="File", dn=own.name),
		alice.post(path, json={"run_method": "optimize_file"}),
		alice.post(path, data={"run_method": "optimize_file"}),
		alice.post(f"/api/v2/document/File/{own.name}/method/optimize_file/"),
	):
		assert answer.status_code == 403 or not is_a_bench(), answer.text
		assert path_of(secret.file_url).read_text() == SECRET


def test_ones_own_file_is_written_to(world):
	with acting_as(world.alice):
		own = frappe.get_doc(doctype="File", file_name="own.png", content="own", is_private=1).insert()
		assert files.may_rewrite(own)
		own.file_name = "another.png"
		assert not files.may_rewrite(own)
	frappe.db.rollback()


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Newsletter")
def test_no_document_that_is_only_sent_mails_a_foreign_file(curious, secret):
	if not frappe.db.exists("DocType", "Newsletter"):
		return
	mail = {"doctype": "Newsletter", "__islocal": 1, "name": "new-newsletter-1", "subject": "x"}
	content = {"content_type": "HTML", "message_html": "<p>x</p>", "sender_email": CURIOUS, "owner": CURIOUS}
	statuses = []
	for url in (secret.file_url, "/private/files/unknown.png"):
		attached = {"attachments": [{"doctype": "Newsletter Attachment", "attachment": url}]}
		sent = {**mail, **content, **attached}
		for docs in (sent, json.dumps(sent)):
			answer = run(curious, "send_test_email", {"email": CURIOUS}, docs=docs)
			statuses.append((answer.status_code, "no file" in answer.text))
	assert statuses == [(404, True)] * 4


ADDRESSES = [
	"/private/files/{0}",
	"private/files/{0}",
	"{1}/private/files/{0}",
	"/private/files/{0}?fid=x",
	"/private//files/{0}",
	"/private%2Ffiles%2F{0}",
	"/files/../private/files/{0}",
	" /private/files/{0} ",
	"/PRIVATE/Files/{0}",
	"/pr\u00edvate/files/{0}",
	"/\u200bprivate/files\uff0f{0}\u0640",
	"%252Fprivate%252Ffiles%252F{0}",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("nested", [False, True])
def test_an_address_in_any_argument_is_of_a_file_that_may_be_read(alice, bob, secret, address, nested):
	method = "frappe.client.get_value" if nested else "frappe.desk.form.load.getdoctype"
	origin = alice.web.origin
	for client, name, is_refused in (
		(alice, "of-bob.png", True),
		(alice, "unknown.png", True),
		(bob, "of-bob.png", ".." in address),
	):
		url = address.format(name, origin)
		given = {"fieldname": json.dumps([{"x": [url]}])} if nested else {"whatever": url}
		answer = client.call(method, doctype="Job Type", **given)
		assert ("no file" in answer.text) == is_refused, (client, answer.text)
		assert (answer.status_code == 404) == is_refused or not is_a_bench()


def test_texts_that_only_speak_of_addresses_are_texts():
	for text in ("", "files", "/app/files", "see /private/files/x.png", "<img src='/private/files/x.png'>"):
		assert not file_arguments.is_address(text)
	assert file_arguments.is_address("/private/files/it's.png")
	form = {"content": "/private/files/x.png", "filters": {"file_url": "/private/files/x.png"}}
	assert list(file_arguments.addresses_in(form)) == []


def test_a_document_that_is_sent_holds_what_it_held(world, secret):
	"""Desk sends the whole document, with the picture that somebody else gave to it."""
	frappe.db.set_value("User", world.alice, "user_image", secret.file_url)
	document = {"doctype": "User", "name": world.alice, "user_image": secret.file_url}
	with requested("/api/method/x", doc=json.dumps(document)):
		file_arguments.refuse_foreign_addresses(frappe.local.form_dict)
		other = {**document, "banner_image": f"{secret.file_url}?fid={secret.name}"}
		for form in ({"doc": json.dumps(other)}, {"doc": {**document, "name": world.bob}}, document):
			with pytest.raises(frappe.DoesNotExistError):
				file_arguments.refuse_foreign_addresses(form)
	frappe.db.rollback()


@pytest.mark.parametrize(
	("method", "arguments"),
	[
		("frappe.core.api.file.unzip_file", {"name": "<name>"}),
		("frappe.core.api.file.move_file", {"file_list": '[{"name": "<name>"}]', "new_parent": "Home"}),
		("frappe.core.api.file.zip_files", {"files": '["<name>"]'}),
		("frappe.handler.download_file", {"file_url": "/private/files/<file>"}),
		("frappe.desk.form.utils.remove_attach", {"fid": "<name>"}),
	],
)
def test_a_foreign_file_in_an_argument_is_an_unknown_one(alice, secret, method, arguments):
	told = []
	unknown = ("0123456789", "unknown.png")
	for name, file in ((secret.name, "of-bob.png"), (secret.name.upper(), "of-bob.png"), unknown):
		given = {key: one.replace("<name>", name).replace("<file>", file) for key, one in arguments.items()}
		answer = alice.post(f"/api/method/{method}", data={**given, "old_parent": "Home"})
		body = {key: one for key, one in answer.json().items() if key not in ("exc", "_exc_source")}
		text = without_ids(json.dumps(body))
		told.append((answer.status_code, text.replace(name, "<name>").replace(file, "<file>")))
	assert len({status for status, _body in told}) == 1, told
	assert told[0][1] == told[2][1]
	assert secret.file_name not in told[1][1]
