"""A text that becomes a mail or a PDF makes the server read no file that its writer may not read."""

from collections.abc import Iterator
from email.mime.multipart import MIMEMultipart
from importlib import import_module
from pathlib import Path
from typing import Any

import frappe
import pytest
from factories import World, acting_as
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import named_in_texts, replacements

NEVER = [
	"",
	"/",
	"//etc/hostname",
	"/etc/hostname",
	"common_site_config.json",
	"{site}/site_config.json",
	"/assets/../common_site_config.json",
	"assets/../{site}/private/files/{file}",
	"/files/../../private/files/{file}",
	"files/../site_config.json",
	"private/files/../../site_config.json",
	"./private/files/{file}",
	"/private/files//{file}",
	"/PRIVATE/files/{file}",
	"/private/files/{file}\0",
	"private/backups/x.sql.gz",
	"../apps/frappe/frappe/hooks.py",
	"file:///etc/hostname",
]


@pytest.fixture
def files(world: World) -> Iterator[dict[bool, Any]]:
	"""Files of Alice's, by whether they are private."""
	made = {}
	with acting_as(world.alice):
		for private in (True, False):
			content = {"file_name": f"named-{private}.txt", "content": f"content {private}"}
			made[private] = frappe.get_doc(doctype="File", is_private=int(private), **content).insert()
	frappe.db.commit()
	yield made
	frappe.db.rollback()
	for file in made.values():
		frappe.delete_doc("File", file.name, force=True)
	frappe.db.commit()


@pytest.mark.parametrize("path", NEVER)
def test_what_is_no_file_of_the_site_is_in_no_mail(world, files, path):
	path = path.format(site=frappe.local.site, file=files[True].file_url.rpartition("/")[2])
	for user in (world.alice, "Administrator", world.manager):
		with requested("/api/method/x"), acting_as(user):
			assert not named_in_texts.may_be_embedded(path)


@pytest.mark.parametrize("start", ["/", ""])
def test_a_private_file_is_in_the_mails_of_who_may_read_it(world, files, start):
	paths = {private: start + file.file_url.removeprefix("/") for private, file in files.items()}
	for user in (world.alice, world.bob, world.manager, "Administrator", "Guest"):
		with requested("/api/method/x"), acting_as(user):
			assert named_in_texts.may_be_embedded(paths[False])
			assert named_in_texts.may_be_embedded(start + "assets/frappe/images/frappe-favicon.svg")
			assert named_in_texts.may_be_embedded(paths[True]) == (user == world.alice), user


def test_a_mail_that_nobody_asked_for_holds_no_private_file(world, files):
	"""The scheduler makes it as Administrator, of texts that anybody wrote."""
	frappe.db.set_value("File", files[True].name, "owner", "Administrator")
	with acting_as("Administrator"):
		assert not named_in_texts.may_be_embedded(files[True].file_url)
		with requested("/api/method/x"), acting_as("Administrator"):
			assert named_in_texts.may_be_embedded(files[True].file_url)


# --- where it is asked

bench = pytest.mark.skipif(not is_a_bench(), reason="benchless makes neither mails nor PDFs")


@bench
def test_the_site_reads_what_it_may_and_nothing_else(world, files):
	replacements.guard()
	mails = import_module("frappe.email.email_body")
	with requested("/api/method/x"):
		assert mails.get_filecontent_from_path(files[True].file_url) == b"content True"
		assert mails.get_filecontent_from_path("//etc/hostname") is None
		with acting_as(world.bob):
			assert mails.get_filecontent_from_path(files[True].file_url) is None
			text = f'<p embed="{files[True].file_url}">x <img embed="{files[False].file_url}"></p>'
			message, images = mails.replace_filename_with_cid(text)
	assert [image["filecontent"] for image in images] == [b"content False"]
	assert "embed" not in message


@bench
def test_a_style_sheet_is_frappes_own(world, tmp_path: Path):
	replacements.guard()
	sheet = tmp_path / "sheet.css"
	sheet.write_text("@media print { .secret { color: red } } b { color: blue }")
	inline = import_module("frappe.email.email_body").inline_style_in_html
	linked = f'<link rel="stylesheet" href="{sheet}"><link rel="stylesheet">'
	imported = f'<style>@import url("{sheet.as_uri()}"); i {{ color: green }}</style>'
	html = inline(f"<html><head>{linked}{imported}</head><body><b>x</b><i>y</i></body></html>")
	assert "secret" not in html
	assert "blue" not in html
	assert "green" in html
	import_module("frappe.utils.pdf")
	parsed = import_module("cssutils").parseString(f'@import url("{sheet.as_uri()}");')
	assert b"secret" not in parsed.cssText


@bench
def test_a_pdf_has_no_options_of_its_text(world):
	replacements.guard()
	import_module("frappe.utils.pdf")
	text = '<meta name="pdfkit-allow" content="/etc"><meta name="pdfkit-enable-local-file-access" content="">'
	kit = import_module("pdfkit.pdfkit").PDFKit
	configuration = frappe._dict(meta_tag_prefix="pdfkit-")
	assert kit._find_options_in_meta(frappe._dict(configuration=configuration), text) == {}


@bench
def test_a_print_of_a_page_reads_nothing_from_disk(world, tmp_path: Path):
	replacements.guard()
	fetch = import_module("weasyprint").default_url_fetcher
	file = tmp_path / "file.txt"
	file.write_text("x")
	for address in (file.as_uri(), file.as_uri().upper()):
		with pytest.raises(ValueError, match="a file of the server"):
			fetch(address)
	assert fetch("data:text/plain,x")


@bench
def test_a_print_that_a_mail_takes_with_it_shows_what_its_owner_may_read(world, monkeypatch):
	"""The scheduler makes it, as Administrator, of a text in which any picture is named."""
	replacements.guard()
	pdf = import_module("frappe.utils.pdf")
	queue = import_module("frappe.email.doctype.email_queue.email_queue")
	with acting_as(world.alice):
		content = {"file_name": "named.png", "content": b"\x89PNG\x81", "is_private": 1}
		file = frappe.get_doc(doctype="File", **content).insert()
	shown = {}

	def attach_print(**asked: Any) -> dict[str, Any]:
		shown[asked["name"]] = pdf._get_base64_image(file.file_url)
		return {"fname": "x.txt", "fcontent": "x"}

	monkeypatch.setattr(frappe, "attach_print", attach_print)
	for owner in (world.alice, world.bob, "Guest", "Administrator"):
		attached = [{"print_format_attachment": 1, "doctype": "ToDo", "name": owner}]
		mail = frappe._dict(owner=owner, recipients=[], attachments_list=attached)
		queue.SendMailContext(mail).include_attachments(MIMEMultipart().as_string())
	assert {owner for owner, picture in shown.items() if picture} == {world.alice, "Administrator"}
	frappe.delete_doc("File", file.name, force=True)
	frappe.db.commit()
