"""Files and addresses that a text names, and that become a part of a mail or a PDF which is made of it.

Whoever writes to the contact form, comments, or prints a document writes such a text. Frappe and its
libraries read what it names with the rights of the process: `embed="…"` in a mail, a style sheet, an option
of the program that makes PDFs. So it is asked where a file is read. What may not be read is left out, as if
it did not exist, and the mail goes on.
"""

import posixpath
from collections.abc import Callable
from types import ModuleType
from typing import Any

import frappe

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.database.job_files import PRIVATE
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_in_a_request
from dartwing.dartwing_core.background_jobs.tenancy.files import is_readable, may_use

PUBLIC = "/files/"
ASSETS = "/assets/"
# an address that leads to the server's disk
LOCAL = "file:"
# a flag: as whom the pictures of a PDF are read, where that is not the session's user
READER = "dartwing_reader_of_pictures"


# --- mails


def content_at(of_frappe: Callable[[str], Any], path: str) -> Any:
	return of_frappe(path) if may_be_embedded(path) else None


def may_be_embedded(path: str) -> bool:
	"""Whether a mail may hold the file: it is there for everybody, or the session's user may read it."""
	address = "/" + str(path or "").removeprefix("/")
	if "\0" in address or posixpath.normpath(address) != address:
		return False
	if address.startswith(ASSETS):
		return True
	if address.startswith(PUBLIC):
		return may_use(address)
	return address.startswith(PRIVATE) and is_theirs(address)


def is_theirs(address: str) -> bool:
	"""Whether one of the Files with this address is for the session's user to send.

	To a System Manager all are readable, but the text may be somebody else's, as may its recipients: of them,
	and only where they ask themselves, it is a file of their own.
	"""
	user = frappe.session.user
	rows = frappe.get_all("File", {"file_url": address, "is_folder": 0}, ["name", "file_url", "owner"])
	# to the database, addresses are equal that differ in case
	rows = [row for row in rows if row.file_url == address]
	if access.is_system_manager(user):
		return is_in_a_request() and any(row.owner == user for row in rows)
	return any(is_readable(frappe.get_doc("File", row.name), user) for row in rows)


# --- style sheets


def style_sheet(of_library: Callable[..., str], page: Any, address: Any) -> str:
	"""Frappe's own, which it names beside the text, and none that the text names."""
	return of_library(page, address) if address in (page.external_styles or ()) else ""


def imported_sheet(_of_library: Callable[..., Any], _address: Any) -> None:
	"""Nothing: what one style sheet imports is no part of what is made of it, but is asked for."""


# --- PDFs


def options_in_text(_of_library: Callable[..., Any], *_arguments: Any) -> dict[str, str]:
	"""None: they say which files of the server may be read."""
	return {}


def not_from_disk(of_library: Callable[..., Any], url: str, *arguments: Any, **named: Any) -> Any:
	if str(url).strip().lower().startswith(LOCAL):
		raise ValueError("a file of the server is no part of a document")
	return of_library(url, *arguments, **named)


def pictures_of_owner(of_frappe: Callable[..., Any], sending: Any, message: str) -> Any:
	"""The scheduler prints what is attached to a mail as Administrator: it is read as by the mail's owner."""
	before = frappe.local.flags.get(READER)
	frappe.local.flags[READER] = sending.queue_doc.owner
	try:
		return of_frappe(sending, message)
	finally:
		frappe.local.flags[READER] = before


def picture(of_frappe: Callable[..., Any], path: str, name: str | None = None) -> Any:
	"""The private File whose content is put into a PDF in the place of its address."""
	file = of_frappe(path, name=name)
	reader = frappe.local.flags.get(READER)
	return None if file and reader and not is_readable(file, reader) else file


# --- where they stand


def change_mails(module: ModuleType) -> None:
	replace(module, "get_filecontent_from_path", content_at)


def change_style_sheets(module: ModuleType) -> None:
	replace(module.Premailer, "_load_external", style_sheet)


def change_imports_of_sheets(module: ModuleType) -> None:
	replace(module, "_defaultFetcher", imported_sheet)


def change_options(module: ModuleType) -> None:
	replace(module.PDFKit, "_find_options_in_meta", options_in_text)


def change_prints_of_queue(module: ModuleType) -> None:
	replace(module.SendMailContext, "include_attachments", pictures_of_owner)


def change_pictures(module: ModuleType) -> None:
	replace(module, "find_file_by_url", picture)


def change_addresses(module: ModuleType) -> None:
	replace(module, "default_url_fetcher", not_from_disk)


CHANGES = {
	"frappe.email.doctype.email_queue.email_queue": change_prints_of_queue,
	"frappe.email.email_body": change_mails,
	"frappe.utils.pdf": change_pictures,
	"premailer.premailer": change_style_sheets,
	"cssutils.util": change_imports_of_sheets,
	"pdfkit.pdfkit": change_options,
	"weasyprint.urls": change_addresses,
}
