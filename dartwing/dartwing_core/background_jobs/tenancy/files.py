"""Files: what somebody may not read does not exist to them, and nobody shares a File with strangers.

Frappe takes Files of equal content for one: a new one gets the address of an old one, and both are moved,
made public or removed together, whoever's they are. It compares them by their field `content_hash`. So a File
whose content equals one that its maker may not read gets an address of its own, and a hash that no other has.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database.job_files import PRIVATE, remove_if_nobodys
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access, references
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import refuse_request, refusing
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

REMOTE = ("http://", "https://")
IS_PRIVATE = re.compile(r"^/?private\b|/private/files/")
DEEPEST_ENCODING = 3
# a letter that lengthens another, and that the database ignores when it compares
PASSED_OVER = "\N{ARABIC TATWEEL}"
# the fields that say where the content of a File is, or what it is; with each, the value that says nothing
IDENTITY = {"file_url": "", "file_name": "", "is_private": 0, "is_folder": 0, "content": ""}
# methods of a File that write, to the place that its name says
WRITING = ("optimize_file",)


def own_hash(content_hash: str) -> str:
	"""What stands for the content at one address, and for equal content nowhere else."""
	return f"{content_hash}:{frappe.generate_hash(length=20)}"


def of_frappe(name: str) -> Any:
	"""A function of Frappe's File, whose module takes long to be imported, and on v16 needs a site for it."""
	return frappe.get_attr(f"frappe.core.doctype.file.{name}")


# --- who may read


def may_read(name: str, user: str | None = None) -> bool:
	"""Whether there is a File of that name that the user may read; says nothing about why not."""
	return bool(frappe.db.exists("File", name)) and is_readable(frappe.get_doc("File", name), user)


def is_readable(file: Any, user: str | None = None) -> bool:
	user = user or frappe.session.user
	if access.is_system_manager(user):
		return True
	with silently():
		try:
			is_theirs = of_frappe("file.has_permission")(file, "read", user=user)
			return bool(is_theirs or is_shared(file, user)) and is_about_nothing_hidden(file, user)
		except (frappe.DoesNotExistError, frappe.PermissionError):
			return False


def is_about_nothing_hidden(file: Any, user: str) -> bool:
	return references.has_permission(file, "read", user) is not False


def is_shared(file: Any, user: str) -> bool:
	if not frappe.db.exists("DocType", "DocShare", cache=True):
		return False
	shares = {"share_doctype": "File", "share_name": file.name, "read": 1}
	return bool(frappe.get_all("DocShare", shares, or_filters={"user": user, "everyone": 1}, limit=1))


@contextmanager
def silently() -> Iterator[None]:
	"""Nothing that is said during the block becomes a part of an answer."""
	before = list(frappe.local.message_log)
	try:
		yield
	finally:
		frappe.local.message_log = before


def address_of(file_url: Any) -> str:
	"""The path on this site, of a private file too; empty for what is none."""
	url = unquote(str(file_url or "")).removeprefix(frappe.utils.get_url()).partition("?")[0]
	return "" if url.startswith(REMOTE) else url


def addresses_of(file_url: Any) -> list[str]:
	"""All that Frappe may take it for."""
	found = {}
	for url in as_compared(str(file_url or "")):
		found.update(dict.fromkeys((address_of(url), address_of(url.partition("?")[0]))))
	return [re.sub("/+", "/", address) for address in found]


def as_compared(text: str) -> list[str]:
	"""A text as it may be read: Frappe decodes an address each time that it is saved, and to the database
	letters are equal that differ in case and accents, and what cannot be seen is not there."""
	found: dict[str, None] = {}
	for _depth in range(DEEPEST_ENCODING):
		seen = "".join(seen_letters(unicodedata.normalize("NFKD", text).casefold()))
		found.update(dict.fromkeys((text.strip(), seen.strip())))
		text = unquote(text)
	return list(found)


def seen_letters(text: str) -> Iterator[str]:
	return (one for one in text if unicodedata.category(one)[0] not in "CM" and one not in PASSED_OVER)


def may_use(file_url: Any, user: str | None = None) -> bool:
	"""Whether a File of that address may be read; to who may not, that is as if there were none.

	What is not private is there for everybody, unless it is a file of a document that may not be seen.
	"""
	if access.is_system_manager(user):
		return True
	addresses = addresses_of(file_url)
	if any(".." in address.split("/") for address in addresses):
		return False
	is_private = any(map(IS_PRIVATE.search, addresses))
	# Frappe asks for its last part, whatever stands before
	last = {f"{PRIVATE}{one.rpartition('/')[2]}" for one in addresses if IS_PRIVATE.search(one)}
	found = _names_by_address({*last, *filter(None, addresses)})
	if not all(any(may_read(name, user) for name in names) for names in found.values()):
		return False
	return bool(found) or not is_private


def _names_by_address(addresses: set[str]) -> dict[str, list[str]]:
	here = {"file_url": ("in", sorted(addresses)), "is_folder": 0}
	found: dict[str, list[str]] = {}
	for row in frappe.get_all("File", here, ["name", "file_url"]) if addresses else ():
		found.setdefault(row.file_url, []).append(row.name)
	return found


# --- hooks


@refusing
def has_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""The maker of a File must be able to see what it is attached to, and to read what its address is of.

	Frappe v15 attaches to any document, and copies any private file whose address a new File has.
	"""
	if access.is_system_manager(user):
		return True
	is_stored = doc.get("name") and not doc.get("__islocal")
	stored = frappe.db.exists("File", doc.name) if is_stored else None
	if stored and not may_read(stored, user):
		return refuse_request(doc, ptype)
	if ptype not in ("create", "write"):
		return True
	if is_asked():
		check_address(doc, user)
	return may_use(doc.file_url, user) and _may_attach(doc, user)


def check_address(doc: Any, user: str | None = None) -> None:
	"""Raise for an address that is unknown to the user, or for none at all, where Frappe goes by the name."""
	if doc.get("is_folder") or doc.get("content"):
		return
	if not doc.file_url:
		refuse_argument("file_url", _("is missing"))
	if not may_use(doc.file_url, user):
		refuse_argument("file_url", _("no file {0}").format(repr(doc.file_url)), frappe.DoesNotExistError)


def _may_attach(doc: Any, user: str | None) -> bool:
	if doc.attached_to_doctype not in GUARDED or not doc.attached_to_name:
		return True
	named = [["name", "=", str(doc.attached_to_name)]]
	return bool(frappe.get_list(doc.attached_to_doctype, filters=named, user=user, limit=1))


def before_insert(doc: Any, method: str | None = None) -> None:
	"""Frappe has stored the content, or found an equal one, which may be somebody else's."""
	if doc.is_folder or doc.is_remote_file:
		doc.content_hash = None
		return
	here = others_at(doc)
	if here and all(map(is_readable, here)):
		# made from that address, or from equal content
		doc.content_hash = here[0].content_hash
		return
	content = getattr(doc, "_content", None) or b""
	content_hash = of_frappe("utils.get_content_hash")(content)
	equal = next(filter(is_readable, files_of(content_hash, doc)), None)
	if equal:
		written, doc.file_url, doc.content_hash = doc.file_url, equal.file_url, equal.content_hash
		remove_if_nobodys(written)
	elif here:
		doc.save_file(content=content, ignore_existing_file_check=True)
		doc.content_hash = own_hash(content_hash)
	elif not content:
		doc.content_hash = own_hash(content_hash)


def files_of(content_hash: str, doc: Any) -> list[Any]:
	"""Files of that content with addresses of their own, as public or private as the new one."""
	like = {"content_hash": ("like", f"{content_hash}:%"), "is_private": int(doc.is_private or 0)}
	files = [frappe.get_doc("File", name) for name in frappe.get_all("File", like, pluck="name")]
	return [file for file in files if file.exists_on_disk()]


def before_validate(doc: Any, method: str | None = None) -> None:
	"""Refuse to move what is also somebody else's, and for who asked to give a File another address."""
	stored = doc.get_doc_before_save()
	if not stored or doc.is_folder:
		return
	is_moved = frappe.utils.cint(doc.is_private) != stored.is_private
	if is_asked():
		doc.content_hash = stored.content_hash
		if not access.is_system_manager():
			refuse_to_move(doc, stored, is_moved)
	if is_moved and stored.content_hash:
		part_from_equals(doc, stored)


def refuse_to_move(doc: Any, stored: Any, is_moved: bool) -> None:
	if address_of(doc.file_url) != address_of(stored.file_url):
		refuse_argument("file_url", _("cannot be changed"))
	if is_moved and not all(map(may_write, others_at(stored))):
		refuse_argument("is_private", _("others have this file too"))


def part_from_equals(doc: Any, stored: Any) -> None:
	"""Frappe moves all Files of one hash: only those at this address have it from now on.

	Equal content has another address where it is public and private, and where an older version of this
	app exported it.
	"""
	doc.content_hash = own_hash(stored.content_hash.partition(":")[0])
	# to the database, addresses are equal that differ in case
	here = [file.name for file in others_at(stored) if file.file_url == stored.file_url]
	if here:
		with snapshot_ignored():
			frappe.db.set_value(
				"File", {"name": ("in", here)}, "content_hash", doc.content_hash, update_modified=False
			)


def may_write(file: Any) -> bool:
	with silently():
		try:
			return bool(frappe.has_permission("File", "write", doc=file))
		except (frappe.DoesNotExistError, frappe.PermissionError):
			return False


def may_rewrite(file: Any) -> bool:
	"""Whether who writes to the File writes to none that they may not write to: Frappe goes by its name."""
	is_its_name = address_of(file.file_url).rpartition("/")[2] == file.file_name
	return is_its_name and all(map(may_write, [file, *others_at(file)]))


def after_delete(doc: Any, method: str | None = None) -> None:
	"""Frappe keeps the content where a File of equal content has another address."""
	address = address_of(doc.file_url)
	if not doc.is_folder and address.startswith(("/files/", PRIVATE)):
		frappe.db.after_commit.add(lambda: remove_if_nobodys(address))


def others_at(doc: Any) -> list[Any]:
	found = frappe.get_all("File", {"file_url": doc.file_url, "name": ("!=", doc.name or "")}, pluck="name")
	return [frappe.get_doc("File", name) for name in found]
