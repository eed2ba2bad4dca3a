"""File helpers older than the File DocType's own methods."""

import base64
import os

import frappe

URL_PREFIXES = ("http://", "https://")


def safe_b64decode(binary: bytes) -> bytes:
	"""Decode base64 whose padding may be missing."""
	return base64.b64decode(binary + b"===")


def is_safe_path(path: str) -> bool:
	"""Whether a path stays below the site's folder; URLs pass."""
	if path.startswith(URL_PREFIXES):
		return True
	base = os.path.abspath(frappe.get_site_path())
	return os.path.commonpath((base, os.path.abspath(path))) == base


def save_file(fname, content, dt, dn, folder=None, decode=False, is_private=0, df=None):
	"""Insert a File attached to a document, whoever asks. Returns it."""
	file = frappe.get_doc(
		doctype="File",
		file_name=fname,
		content=content,
		decode=decode,
		attached_to_doctype=dt,
		attached_to_name=dn,
		attached_to_field=df,
		folder=folder,
		is_private=is_private,
	)
	return file.insert(ignore_permissions=True)
