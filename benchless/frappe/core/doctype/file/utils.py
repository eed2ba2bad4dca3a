"""Names, hashes and disk content of files."""

import base64
import hashlib
import os

import frappe
from frappe import _
from frappe.utils import get_files_path


def make_home_folder() -> None:
	"""Insert the folders Home and Home/Attachments unless they are there."""
	frappe.get_doc(doctype="File", is_folder=1, is_home_folder=1, file_name="Home").insert(
		ignore_if_duplicate=True
	)
	frappe.get_doc(
		doctype="File", folder="Home", is_folder=1, is_attachments_folder=1, file_name="Attachments"
	).insert(ignore_if_duplicate=True)


def get_content_hash(content: bytes | str) -> str:
	content = content.encode() if isinstance(content, str) else content
	return hashlib.md5(content, usedforsecurity=False).hexdigest()


def generate_file_name(name: str, suffix: str | None = None, is_private: bool = False) -> str:
	"""`name` if it is free on disk, else with the suffix before its extension, else with a random one."""
	candidate = name
	while os.path.exists(get_files_path(candidate, is_private=is_private)):
		candidate = get_file_name(name, suffix)
		suffix = None
	return candidate


def get_file_name(fname: str, optional_suffix: str | None = None) -> str:
	stem, extension = os.path.splitext(str(fname))
	return f"{stem}{optional_suffix or frappe.generate_hash(length=6)}{extension}"


def decode_file_content(content: bytes | str) -> bytes:
	"""The bytes of base64 text, with or without the head of a data URL."""
	content = content.encode() if isinstance(content, str) else content
	# padding may be missing
	return base64.b64decode((content.split(b",")[1] if b"," in content else content) + b"===")


def is_safe_path(path: str) -> bool:
	"""Whether a path stays below the site's folder; URLs pass."""
	if path.startswith(("http://", "https://")):
		return True
	base = os.path.abspath(frappe.get_site_path())
	return os.path.commonpath((base, os.path.abspath(path))) == base


def delete_file(path: str) -> None:
	"""Remove the file of a file URL from disk; nothing happens if it is gone."""
	if not path:
		return
	if ".." in path.split("/"):
		frappe.throw(
			_("It is risky to delete this file: {0}. Please contact your System Manager.").format(path)
		)
	folder, name = os.path.split(path.strip("/"))
	full_path = get_files_path(name, is_private=folder != "files")
	if os.path.exists(full_path):
		os.remove(full_path)


def find_file_by_url(path: str, name: str | None = None):
	"""A File with this URL that the user may read: one is enough, the content is the same."""
	filters = {"file_url": str(path), **({"name": str(name)} if name else {})}
	for row in frappe.get_all("File", filters=filters, fields="*"):
		file = frappe.get_doc(doctype="File", **row)
		if file.is_downloadable():
			return file
	return None
