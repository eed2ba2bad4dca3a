"""What a stranger writes into a mail makes the server put no file of others into it, and ask no address."""

import json
import threading
from collections.abc import Iterator
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import frappe
import pytest
from factories import CURIOUS, World, acting_as
from files_of_bob import SECRET, path_of, private_file
from runtimes.chosen import is_a_bench

pytestmark = pytest.mark.skipif(not is_a_bench(), reason="benchless sends no mails")

CONTACT = "frappe.www.contact.send_message"
PREVIEW = "frappe.email.email_body.get_email_html"
MAKE = "frappe.core.doctype.communication.email.make"
STRANGER = "stranger@attacker.example"
EMBEDDED = "<p>x</p> embed='{0}' embed=\"{0}\" <img embed='{0}'>"
PATHS = (
	"/private/files/{file}",
	"private/files/{file}",
	"{site}/private/files/{file}",
	"/files/../../private/files/{file}",
	"{site}/site_config.json",
	"common_site_config.json",
	"//etc/hostname",
)


@pytest.fixture
def outgoing() -> Iterator[None]:
	"""A site that sends mails; they stay in its queue."""
	forget_mails()
	account = {"doctype": "Email Account", "email_account_name": "Sending", "email_id": "x@site.example"}
	made = frappe.get_doc(
		{**account, "default_outgoing": 1, "enable_outgoing": 1, "smtp_server": "localhost"}
	)
	made.name = "Sending"
	made.db_insert()
	frappe.db.commit()
	frappe.clear_cache()
	yield
	frappe.db.rollback()
	forget_mails()
	frappe.clear_cache()


def forget_mails() -> None:
	frappe.db.delete("Email Account", {"name": "Sending"})
	queued = [*frappe.get_all("Email Queue Recipient", {"recipient": STRANGER}, pluck="parent"), ""]
	frappe.db.delete("Email Queue", {"name": ("in", queued)})
	frappe.db.delete("Email Queue Recipient", {"parent": ("in", queued)})
	for mail in ({"recipients": ("like", f"%{STRANGER}%")}, {"sender": STRANGER}):
		frappe.db.delete("Communication", mail)
	frappe.db.delete("Contact Email", {"email_id": STRANGER})
	frappe.db.delete("Contact", {"email_id": STRANGER})
	frappe.db.commit()


@pytest.fixture
def secret(world: World) -> Iterator[Any]:
	with private_file(world, "of-bob.png") as file:
		yield file


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
	"""The address of a server, and what it was asked for."""
	paths: list[str] = []

	class Noting(BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			paths.append(self.path)
			self.send_response(404)
			self.end_headers()

		def log_message(self, *_arguments: Any) -> None:
			"""Say nothing."""

	with HTTPServer(("127.0.0.1", 0), Noting) as server:
		threading.Thread(target=server.serve_forever, daemon=True).start()
		yield f"http://127.0.0.1:{server.server_port}", paths
		server.shutdown()


def write(client: Any, text: str) -> None:
	"""As a guest by the contact form, which a mail answers; as a user by a mail to a stranger."""
	if client.cookies.get("user_id", "Guest") == "Guest":
		answer = client.call(CONTACT, sender=STRANGER, subject="x", message=text)
	else:
		answer = client.call(MAKE, recipients=STRANGER, subject="x", content=text, send_email=1)
	assert answer.status_code == 200, answer.text
	frappe.db.rollback()


def contents() -> list[bytes]:
	"""Of all parts of the only mail to the stranger."""
	queued = frappe.get_all("Email Queue Recipient", {"recipient": STRANGER}, pluck="parent")
	assert len(queued) == 1
	message = frappe.db.get_value("Email Queue", queued[0], "message")
	parts = message_from_string(message, policy=policy.default).walk()
	return [part.get_payload(decode=True) for part in parts if not part.is_multipart()]


@pytest.fixture(params=["guest", "curious"])
def writer(request: pytest.FixtureRequest, outgoing: None) -> Any:
	return request.getfixturevalue(request.param)


@pytest.mark.parametrize("path", PATHS)
def test_no_mail_has_a_file_that_its_writer_may_not_read(writer, secret, path):
	write(
		writer, EMBEDDED.format(path.format(file=secret.file_url.rpartition("/")[2], site=frappe.local.site))
	)
	found = contents()
	assert len(found) == 2, "a mail has its text, twice"
	secrets = (SECRET.encode(), b"db_password", b"db_name", Path("/etc/hostname").read_bytes().strip())
	assert not any(one in part for one in secrets for part in found)


def test_ones_own_files_and_public_ones_are_in_ones_mails(curious, outgoing, world):
	made = []
	with acting_as(CURIOUS):
		for private in (0, 1):
			content = {"file_name": f"own-{private}.txt", "content": f"own {private}", "is_private": private}
			made.append(frappe.get_doc(doctype="File", **content).insert())
	frappe.db.commit()
	write(curious, " ".join(f"embed='{file.file_url}'" for file in made))
	assert contents()[2:] == [b"own 0", b"own 1"]
	for file in made:
		frappe.delete_doc("File", file.name, force=True)
	frappe.db.commit()


def test_no_style_sheet_of_a_mail_is_read_or_asked_for(guest, curious, outgoing, secret, asked):
	address, paths = asked
	path_of(secret.file_url).write_text("@media print { .canary { color: red } }")
	file = path_of(secret.file_url).resolve()
	sheets = (str(file), f"{frappe.local.site}{secret.file_url}", file.as_uri(), f"{address}/sheet.css")
	links = "".join(
		f'<link rel="stylesheet" href="{one}"><link href="{one}" rel=stylesheet>' for one in sheets
	)
	imports = "".join(f'<style>@import url("{one}");</style>' for one in sheets)
	write(guest, f"<div>{links}{imports}x</div>")
	assert not any(b".canary" in part for part in contents())
	# a member is shown a mail before it is sent
	told = json.dumps({"from": "x", "link": "x", "message": links + imports})
	answer = curious.call(PREVIEW, template="new_message", args=told, subject="x")
	assert answer.status_code == 200, answer.text
	assert ".canary" not in answer.text
	assert paths == []
