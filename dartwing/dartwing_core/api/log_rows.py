"""Texts of requests and mails that Frappe stores where no check of a saved document sees whose they are.

Its logs are stored without a hook, or are put off to its scheduler, which inserts them as Administrator; so
are mails that come in. System Managers and Inbox Users list and open them. Nothing is refused here, because
nobody is there to be told: what would run is made plain.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import frappe

from dartwing.dartwing_core.api import markup
from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.api.saved_documents import changed_values, rows_and_stored
from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked

# `override_doctype_class` has the classes of what is stored without a hook from here, by their names
WITHOUT_HOOKS = {
	"AccessLog": "frappe.core.doctype.access_log.access_log",
	"DataImportLog": "frappe.core.doctype.data_import_log.data_import_log",
	"PermissionLog": "frappe.core.doctype.permission_log.permission_log",
}
# what others than its own user look at, whoever stores it
LOGS = ("API Request Log", "Error Log", "Route History", "View Log", "Web Page View")
# what comes from outside by mail: the fields that Desk shows as titles, or as what they say
MAILS = {
	"Communication": ("subject", "sender_full_name", "content"),
	"Contact": ("first_name", "middle_name", "last_name", "full_name"),
	"File": ("file_name",),
	"Unhandled Email": ("reason",),
}
RICH = ("HTML Editor", "Text Editor")
# a flag: while a mail that came in is stored, with all that Frappe makes of it
OF_A_MAIL = "dartwing_of_a_mail"
# quotation marks that end no attribute
QUOTES = str.maketrans({'"': "\u201d", "'": "\u2019"})


def __getattr__(name: str) -> type:
	"""The class, made when Frappe asks for it first: to import its module needs a site."""
	if name not in WITHOUT_HOOKS:
		raise AttributeError(name)
	found = globals()[name] = plain_class(name, getattr(import_module(WITHOUT_HOOKS[name]), name))
	return found


def plain_class(name: str, of_frappe: type) -> type:
	def db_insert(self: Any, *arguments: Any, **named: Any) -> Any:
		make_plain(self, [field.fieldname for field in self.meta.fields])
		return of_frappe.db_insert(self, *arguments, **named)

	# found again by its name, as Frappe's cache does
	return type(name, (of_frappe,), {"db_insert": db_insert, "__module__": __name__})


def before_insert(doc: Any, method: str | None = None) -> None:
	"""Of a log always; of a mail if nobody asks for it here, whom a refusal could tell."""
	if doc.doctype in LOGS:
		# a traceback is code, which is shown as it is written
		make_plain(doc, [field.fieldname for field in doc.meta.fields if field.fieldtype != "Code"])
	elif not is_asked():
		make_plain(doc, MAILS[doc.doctype])


def before_validate(doc: Any, method: str | None = None) -> None:
	"""Of a mail that comes in whenever it is saved, and of all documents that are made or changed by it."""
	if not frappe.local.flags.get(OF_A_MAIL):
		return
	for row, stored in rows_and_stored(doc, doc.get_doc_before_save()):
		changed = changed_values(row, stored)
		# code is shown as it is written, but addresses are not
		shown = [one for one in row.meta.fields if one.fieldtype != "Code" or one.options == "Email"]
		make_plain(row, [field.fieldname for field in shown if field.fieldname in changed])


def of_a_mail(of_frappe: Callable[[Any], Any], mail: Any) -> Any:
	before = frappe.local.flags.get(OF_A_MAIL)
	frappe.local.flags[OF_A_MAIL] = True
	try:
		return of_frappe(mail)
	finally:
		frappe.local.flags[OF_A_MAIL] = before


def change_mails(module: ModuleType) -> None:
	replace(module.InboundMail, "process", of_a_mail)


CHANGES = {"frappe.email.receive": change_mails}


def make_plain(doc: Any, names: Any) -> None:
	for field in doc.meta.fields:
		value = doc.get(field.fieldname)
		if field.fieldname in names and isinstance(value, str):
			doc.set(field.fieldname, plain(field, value))


def plain(field: Any, value: str) -> str:
	"""The text without what runs; what has looks keeps them, where they are all that it has."""
	if not is_harmless(field, value):
		value = texts.inert(value)
	elif field.fieldtype in RICH:
		return value
	return value.translate(QUOTES) if markup.ends_an_attribute(value) else value


def is_harmless(field: Any, value: str) -> bool:
	"""Whether a text may hold `<`: the address of a mailbox, or what Frappe cleans and sees."""
	if field.options == "Email":
		return not markup.reason_against_mailbox(value)
	# what was printed is not cleaned, and neither is JSON
	is_left_raw = field.fieldtype == "HTML Editor" and markup.reason_against_raw(value)
	is_unseen = is_left_raw or markup.reason_against_json(value) or markup.has_hidden_tag(value)
	return field.fieldtype in RICH and not is_unseen
