from pathlib import Path

import frappe
import pytest
from contract_doctypes import ITEM, OWNED, item
from factories import World, acting_as
from framework import since


@pytest.fixture
def file():
	"""Makes files, as Administrator unless told otherwise; they are removed at the end."""
	made = []

	def make(content: bytes | None = None, user: str = "Administrator", **values):
		# files of equal contents share one URL, and with it the permissions of both
		content = content or f"contents {frappe.generate_hash(length=8)}".encode()
		with acting_as(user):
			doc = frappe.get_doc(
				{
					"doctype": "File",
					"file_name": f"contract-{frappe.generate_hash(length=8)}.txt",
					"content": content,
					**{"is_private": 1, **values},
				}
			).insert()
		made.append(doc.name)
		frappe.db.commit()
		doc.was = content
		return doc

	yield make
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for name in made:
		frappe.delete_doc("File", name, ignore_missing=True, force=True)
	frappe.db.commit()


def test_a_private_file_is_below_private_files(file):
	doc = file()
	assert doc.file_url == f"/private/files/{doc.file_name}"
	with open(frappe.get_site_path("private", "files", doc.file_name), "rb") as stored:
		assert stored.read() == doc.was
	assert (doc.file_size, doc.is_private) == (len(doc.was), 1)


def test_a_public_file_is_below_files(file):
	doc = file(is_private=0)
	assert doc.file_url == f"/files/{doc.file_name}"
	with open(frappe.get_site_path("public", "files", doc.file_name), "rb") as stored:
		assert stored.read() == doc.was


def test_the_contents_can_be_read(file):
	"""What is no UTF-8 comes as it is on v15; v16 goes on to read it as windows-1250."""
	no_text = b"\xff\xfe\x00"
	as_read = no_text.decode("windows-1250") if since(16) else no_text
	for content, read in ((b"a text", "a text"), (no_text, as_read)):
		assert frappe.get_doc("File", file(content).name).get_content() == read


def test_files_of_equal_contents_share_one_url(file):
	first, second = file(b"the same"), file(b"the same")
	assert first.file_url == second.file_url


def test_a_deleted_file_is_gone_from_disk(file):
	doc = file()
	path = doc.get_full_path()
	doc.delete()
	frappe.db.commit()
	assert not Path(path).exists()


def test_a_rolled_back_file_is_gone_from_disk():
	doc = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": "contract-undone.txt",
			"content": frappe.generate_hash(),
			"is_private": 1,
		}
	).insert()
	path = doc.get_full_path()
	assert Path(path).exists()
	frappe.db.rollback()
	assert not Path(path).exists()


def test_a_private_file_is_downloaded_by_its_owner_only(file, alice, bob, guest):
	doc = file(user=World.alice)
	assert alice.get(doc.file_url).content == doc.was
	assert bob.get(doc.file_url).status_code == 403
	assert guest.get(doc.file_url).status_code == 403


def test_a_public_file_is_downloaded_by_anyone(file, guest):
	doc = file(is_private=0)
	assert guest.get(doc.file_url).content == doc.was


def test_a_file_that_is_not_there_gives_nothing(alice):
	assert alice.get("/private/files/contract-none.txt").status_code in (403, 404)


def test_who_may_read_a_document_may_download_its_files(file, alice, bob):
	doc = item("First")
	attached = file(attached_to_doctype=ITEM, attached_to_name=doc.name)
	assert bob.get(attached.file_url).content == attached.was
	with acting_as(World.alice):
		owned = frappe.get_doc({"doctype": OWNED, "title": "x"}).insert()
	hidden = file(attached_to_doctype=OWNED, attached_to_name=owned.name)
	assert alice.get(hidden.file_url).content == hidden.was
	assert bob.get(hidden.file_url).status_code == 403


def test_permission_of_a_file_follows_its_document(file, doctypes):
	with acting_as(World.alice):
		owned = frappe.get_doc({"doctype": OWNED, "title": "x"}).insert()
	hidden = file(attached_to_doctype=OWNED, attached_to_name=owned.name)
	assert frappe.has_permission("File", "read", doc=hidden.name, user=World.alice)
	assert not frappe.has_permission("File", "read", doc=hidden.name, user=World.bob)


def test_a_list_of_files_has_only_ones_own(file, doctypes):
	mine, theirs = file(user=World.alice), file(user=World.bob)
	with acting_as(World.alice):
		names = frappe.get_list("File", {"name": ("in", [mine.name, theirs.name])}, pluck="name")
	assert names == [mine.name]


def test_a_path_cannot_leave_the_folder_of_files(alice):
	for path in ("/private/files/../../site_config.json", "/private/files/%2e%2e/%2e%2e/site_config.json"):
		answer = alice.get(path)
		assert answer.status_code in (403, 404)
		assert "db_password" not in answer.text


def test_a_file_whose_url_is_given_needs_its_contents_on_disk():
	with pytest.raises(OSError):  # noqa: PT011
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": "none.txt",
				"file_url": "/private/files/contract-none.txt",
				"is_private": 1,
			}
		).insert()


def test_a_file_uploaded_over_http_belongs_to_who_uploaded_it(alice):
	answer = alice.post(
		"/api/method/upload_file",
		files={"file": ("contract-upload.txt", b"uploaded", "text/plain")},
		data={"is_private": "1"},
	)
	name = answer.json()["message"]["name"]
	frappe.db.rollback()
	try:
		assert frappe.db.get_value("File", name, ["owner", "is_private"]) == (World.alice, 1)
	finally:
		frappe.delete_doc("File", name, force=True)
		frappe.db.commit()
