"""Rows of Frappe's logs, which are stored without saving a document: no hook sees what a request put there.

Frappe inserts them as they are, or hands them to its scheduler, which inserts them as Administrator. System
Managers list and open them. `override_doctype_class` in `hooks.py` has their classes from here: each is the
class of Frappe's, whose rows are plain.
"""

from importlib import import_module
from typing import Any

from dartwing.dartwing_core.api import markup
from dartwing.dartwing_core.background_jobs import texts

# by the name of the class, where Frappe has it; not every version has all of them
LOGS = {
	"AccessLog": "frappe.core.doctype.access_log.access_log",
	"APIRequestLog": "frappe.core.doctype.api_request_log.api_request_log",
	"PermissionLog": "frappe.core.doctype.permission_log.permission_log",
	"RouteHistory": "frappe.desk.doctype.route_history.route_history",
	"ViewLog": "frappe.core.doctype.view_log.view_log",
	"WebPageView": "frappe.website.doctype.web_page_view.web_page_view",
}
# quotation marks that end no attribute
QUOTES = str.maketrans({'"': "\u201d", "'": "\u2019"})


def __getattr__(name: str) -> type:
	"""The class, made when Frappe asks for it first: to import its module needs a site."""
	if name not in LOGS:
		raise AttributeError(name)
	found = globals()[name] = plain_class(name, getattr(import_module(LOGS[name]), name))
	return found


def plain_class(name: str, of_frappe: type) -> type:
	def db_insert(self: Any, *arguments: Any, **named: Any) -> Any:
		make_plain(self)
		return of_frappe.db_insert(self, *arguments, **named)

	# found again by its name, as Frappe's cache does
	return type(name, (of_frappe,), {"db_insert": db_insert, "__module__": __name__})


def make_plain(doc: Any) -> None:
	for field in doc.meta.fields:
		value = doc.get(field.fieldname)
		if isinstance(value, str):
			doc.set(field.fieldname, plain(field.fieldtype, value))


def plain(fieldtype: str, value: str) -> str:
	"""The text without what runs; what was printed keeps its looks."""
	if fieldtype == "HTML Editor" and not markup.reason_against_raw(value):
		return value
	value = texts.inert(value)
	return value.translate(QUOTES) if markup.ends_an_attribute(value) else value
