"""The door that every request to Frappe's own methods passes: what a user may not see is not there.

Frappe has some hundred methods that take a DocType and a name, and not all ask who may see the document:
some write a like or a comment, some answer in another way than for an unknown name. So, before any of
them runs, each name of a guarded document that the user may not see is replaced by a name that does not
exist, and in the answer it is put back. Frappe then does and says, word for word, what it does
for an unknown name, whatever that is.
"""

import json
import re
from typing import NamedTuple

import frappe
from werkzeug.wrappers import Request, Response

from dartwing.dartwing_core.api import (
	allowed,
	conditions_by_name,
	expanded_links,
	file_arguments,
	json_texts,
	linked_columns,
	markup,
	mentions,
	name_places,
	permission_first,
	plain_arguments,
	questions,
	sql_in_arguments,
)
from dartwing.dartwing_core.api.routes import (
	COUNT,
	FILE,
	LIST,
	STORING,
	Route,
	refuse_contradiction,
	route_of,
)
from dartwing.dartwing_core.api.stand_ins import Replacement, drawn_digits
from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy import access, access_hooks

OURS = "dartwing.dartwing_core.api."
# Frappe's methods under our name: what overrides them
NOT_OURS = f"{OURS}frappe_methods"
TRACEBACK = ("exc", "_exc_source")
# what a browser would run scripts of, for whoever opens the file
ACTIVE = re.compile("html|xml")


class Part(NamedTuple):
	"""What of a request is looked at for names: where it goes, its arguments, what `Places` has to know."""

	route: Route
	form: dict
	around: frozenset[str]
	address: str | None
	is_anywhere: bool


# arguments by which the user names something new, beside a guarded DocType
OWN_WORDS = {
	"frappe.desk.doctype.kanban_board.kanban_board.quick_kanban_board": ("board_name",),
	"frappe.desk.doctype.tag.tag.add_tag": ("tag",),
	"frappe.desk.doctype.tag.tag.add_tags": ("tags",),
	"frappe.desk.reportview.save_report": ("name",),
}


def check_request() -> None:
	"""Before a request, once its user is known (`auth_hooks`): refuse or replace what they may not ask."""
	request = frappe.local.request
	# the one that Frappe reads, also when it is empty yet
	form = {} if frappe.local.form_dict is None else frappe.local.form_dict
	refuse_contradiction(request)
	route = route_of(request)
	read_body(request, form, route)
	method = allowed.canonical(route.called) if route.called else ""
	if is_ours(method):
		return
	for argument, value in form.items():
		json_texts.refuse_deep(value, argument)
	if route.is_desk:
		json_texts.refuse_markup(form)
	elif route.shows_its_arguments:
		markup.refuse_in_address(form)
	elif route.kind == FILE:
		access_hooks.name_nothing()
	allowed.check_alias(route.called, method)
	allowed.check(method, form)
	plain_arguments.check(method, form)
	conditions_by_name.check(method, form, route)
	if method and "System Manager" not in frappe.get_roles():
		refuse_files(request, form, route)
	stored = stored_doctype(route)
	if mentions.is_suspect(route.path) or mentions.is_suspect(form):
		hide_names(request, form, method, route)
		if not stored:
			questions.check(method, form, listed_doctype(route))
	elif method in questions.BY_DOCUMENT:
		questions.check(method, form, None)
	expanded_links.check(form, route, method)
	permission_first.check(method, form)
	linked_columns.check(form, route)
	sql_in_arguments.check(method or counting_method(route), form, stored)
	questions.narrow_assignments(method, form)


def read_body(request: Request, form: dict, route: Route) -> None:
	"""A document as JSON, whatever its Content-Type says: version 1 reads it so, where it stores one."""
	if form.get("data") is None:
		# to Frappe a document that is null is none, and it reads the body anew
		form.pop("data", None)
	if "data" in form or request.is_json or not (route.is_version_1 and stored_doctype(route)):
		return
	try:
		body = request.get_data(as_text=True)
	except UnicodeDecodeError:
		return
	if isinstance(json_texts.parsed(body), dict):
		form["data"] = body


def hide_names(request: Request, form: dict, method: str, route: Route) -> None:
	# from a System Manager nothing is hidden
	if access.is_system_manager():
		return
	own_words = OWN_WORDS.get(method, ())
	given = name_places.given(method, form)
	asked = {name: value for name, value in given.items() if name not in own_words}
	is_foreign = bool(method) and "." in method and not method.startswith(("frappe.", NOT_OURS))
	named = {*mentions.doctypes_in_address(route), *mentions.doctypes_in(asked, is_foreign=is_foreign)}
	if not named:
		return
	if mentions.has_no_text_as_name(asked):
		raise frappe.DoesNotExistError
	part = Part(route, asked, frozenset(named), route.doctype or None, is_foreign)
	hidden = hidden_names(named, part)
	if hidden:
		replace(frozenset(hidden), request, form, part)


def refuse_files(request: Request, form: dict, route: Route) -> None:
	"""What the user may not read is no file: neither an address of it, nor its name."""
	file_arguments.refuse_foreign_addresses(form)
	part = Part(route, form, frozenset(), None, is_anywhere=True)
	foreign = file_arguments.foreign_names(list(texts_in(part)))
	if foreign:
		replace(frozenset(foreign), request, form, part)


def restore_names(response: Response | None, request: Request) -> None:
	"""After each request: what it names is named as it was sent.

	No text is taken from an answer unless this very request had something replaced: all else that an answer
	says was looked at as it stands.
	"""
	if response is None:
		return
	if route_of(request).kind == FILE and ACTIVE.search(response.mimetype or ""):
		response.headers["Content-Security-Policy"] = "sandbox"
	if not response.is_streamed and response.status_code == frappe.LinkValidationError.http_status_code:
		hide_who_refused(response)
	replacement = frappe.local.flags.dartwing_replacement
	if not replacement:
		return
	for header, value in list(response.headers.items()):
		if replacement.digits in value:
			response.headers[header] = replacement.undone(value)
	body = b"" if response.is_streamed else response.get_data()
	if replacement.digits.encode() in body:
		# what is no text has it in places where it is one
		text = body.decode(errors="surrogateescape")
		response.set_data(replacement.undone(text).encode(errors="surrogateescape"))


def hide_who_refused(response: Response) -> None:
	"""Drop the traceback: it shows whether Frappe (unknown name) or this app (hidden name) has refused."""
	body = response.get_data()
	if b"LinkValidationError" in body and response.mimetype == "application/json":
		told = json.loads(body)
		kept = {key: value for key, value in told.items() if key not in TRACEBACK}
		response.set_data(json.dumps(kept, separators=(",", ":")))


# --- what a request is


def is_ours(method: str) -> bool:
	"""Whether it is one of this app's own, which ask for themselves who may see what."""
	return method.startswith(OURS) and not method.startswith(NOT_OURS)


def counting_method(route: Route) -> str:
	"""The method that an address of REST v2 counts with, which Desk's list is counted with, too."""
	return "frappe.desk.reportview.get_count" if route.kind == COUNT else ""


def stored_doctype(route: Route) -> str | None:
	"""The DocType of which the request stores a document with its arguments as fields (REST)."""
	return route.doctype if route.kind in STORING and mentions.is_doctype(route.doctype) else None


def listed_doctype(route: Route) -> str | None:
	"""The DocType of ours whose documents the request lists or counts (REST)."""
	return next(mentions.asked_in_address(route), None) if route.kind in (COUNT, LIST) else None


# --- what it names


def hidden_names(named: set[str], part: Part) -> set[str]:
	"""What in the request is the name of a document, of one of these DocTypes, that the user may not see."""
	asked = texts_in(part)
	return {name for doctype in named for name in access_hooks.hidden_among(doctype, list(asked))}


def texts_in(part: Part) -> dict[str, None]:
	"""All texts in the request that may be a name."""
	asked: dict[str, None] = {}

	def note(text: str, keeps_nobodys: bool = False) -> str:
		if text and mentions.may_be_a_name(text) and texts.is_storable(text):
			asked[text] = None
		return text

	changed_form(part, note)
	for name in mentions.names_in_address(part.route):
		note(name)
	return asked


def changed_form(part: Part, change: mentions.Change) -> dict:
	places = name_places.Places(change, part.around, part.address, part.is_anywhere)
	return places.changed_form(part.form, stored_doctype(part.route))


# --- what becomes of it


def replace(hidden: frozenset[str], request: Request, form: dict, part: Part) -> None:
	earlier = frappe.local.flags.dartwing_replacement or Replacement(frozenset(), drawn_digits())
	frappe.local.flags.dartwing_replacement = Replacement(hidden | earlier.hidden, earlier.digits)
	replacement = Replacement(hidden, earlier.digits)
	after = changed_form(part, replacement.of)
	if stored_doctype(part.route) and after != part.form and "data" not in form:
		# Frappe reads the body anew, unless it is told of another
		after["data"] = json.dumps(after)
	form.update(after)
	path = mentions.changed_address(part.route, replacement.of)
	if path != request.path:
		readdress(request, path)


def readdress(request: Request, path: str) -> None:
	"""Give the request another path, for all that was worked out from the one before, too."""
	request.environ["PATH_INFO"] = path.encode().decode("latin-1")
	request.path = path
	for derived in ("base_url", "full_path", "url"):
		request.__dict__.pop(derived, None)
