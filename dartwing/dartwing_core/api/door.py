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
from dartwing.dartwing_core.api.stand_ins import Replacement, drawn_digits
from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.tenancy import access, access_hooks

OURS = "dartwing.dartwing_core.api."
# Frappe's methods under our name: what overrides them
NOT_OURS = f"{OURS}frappe_methods"
TRACEBACK = ("exc", "_exc_source")
# what a browser would run scripts of, for whoever opens the file
ACTIVE = re.compile("html|xml")
# what is no page that shows its arguments
NO_PAGES = ("/files/", "/private/")
STORING = ("POST", "PUT", "PATCH")


class Part(NamedTuple):
	"""What of a request is looked at for names: the arguments, and what `Places` has to know of them."""

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
	read_body(request, form)
	sent = method_of(request)
	method = allowed.canonical(sent) if sent else ""
	if is_ours(method):
		return
	for argument, value in form.items():
		json_texts.refuse_deep(value, argument)
	is_page = conditions_by_name.is_page(method, request.path)
	if conditions_by_name.DESK.match(request.path):
		json_texts.refuse_markup(form)
	elif is_page and not request.path.startswith(NO_PAGES):
		markup.refuse_in_address(form)
	allowed.check_alias(sent, method)
	allowed.check(method, form)
	plain_arguments.check(method, form)
	conditions_by_name.check(method, form, request.path)
	if method and "System Manager" not in frappe.get_roles():
		refuse_files(request, form)
	if mentions.is_suspect(request.path) or mentions.is_suspect(form):
		hide_names(request, form, method)
		if not stored_doctype(request):
			questions.check(method, form, listed_doctype(request))
	elif method in questions.BY_DOCUMENT:
		questions.check(method, form, None)
	permission_first.check(method, form)
	linked_columns.check(form, request.path)
	sql_in_arguments.check(method or counting_method(request), form, stored_doctype(request))
	questions.narrow_assignments(method, form)


def read_body(request: Request, form: dict) -> None:
	"""A document as JSON, whatever its Content-Type says it is: Frappe reads it so, where it stores one."""
	if "data" in form or request.is_json or request.method not in STORING:
		return
	try:
		body = request.get_data(as_text=True)
	except UnicodeDecodeError:
		return
	if isinstance(json_texts.parsed(body), dict) and stored_doctype(request):
		form["data"] = body


def hide_names(request: Request, form: dict, method: str) -> None:
	# from a System Manager nothing is hidden
	if access.is_system_manager():
		return
	own_words = OWN_WORDS.get(method, ())
	given = name_places.given(method, form)
	asked = {name: value for name, value in given.items() if name not in own_words}
	is_foreign = bool(method) and "." in method and not method.startswith(("frappe.", NOT_OURS))
	named = {*mentions.doctypes_in_path(request.path), *mentions.doctypes_in(asked, is_foreign=is_foreign)}
	if not named:
		return
	if mentions.has_no_text_as_name(asked):
		raise frappe.DoesNotExistError
	address = None if method else name_places.doctype_in_address(request.path)
	part = Part(asked, frozenset(named), address, is_foreign)
	hidden = hidden_names(named, request, part)
	if hidden:
		replace(frozenset(hidden), request, form, part)


def refuse_files(request: Request, form: dict) -> None:
	"""What the user may not read is no file: neither an address of it, nor its name."""
	file_arguments.refuse_foreign_addresses(form)
	part = Part(form, frozenset(), None, is_anywhere=True)
	foreign = file_arguments.foreign_names(list(texts_in(request, part)))
	if foreign:
		replace(frozenset(foreign), request, form, part)


def restore_names(response: Response | None, request: Request) -> None:
	"""After each request: what it names is named as it was sent.

	No text is taken from an answer unless this very request had something replaced: all else that an answer
	says was looked at as it stands.
	"""
	if response is None:
		return
	if request.path.startswith("/private/files/") and ACTIVE.search(response.mimetype or ""):
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


def method_of(request: Request) -> str:
	"""The dotted path of the method that Frappe will run: of `cmd`, which goes first, or of the address."""
	form = frappe.local.form_dict or {}
	if form.get("cmd"):
		return str(form["cmd"])
	start, is_method, rest = request.path.partition("/method/")
	if not is_method or not request.path.startswith("/api/"):
		return ""
	first, _slash, second = rest.strip("/").partition("/")
	# version 2 takes the DocType whose module has the method
	return allowed.of_doctype(first, second) if second and start == "/api/v2" else first


def is_ours(method: str) -> bool:
	"""Whether it is one of this app's own, which ask for themselves who may see what."""
	return method.startswith(OURS) and not method.startswith(NOT_OURS)


def counting_method(request: Request) -> str:
	"""The method that an address of REST v2 counts with, which Desk's list is counted with, too."""
	is_count = request.path.startswith("/api/v2/doctype/") and request.path.rstrip("/").endswith("/count")
	return "frappe.desk.reportview.get_count" if is_count else ""


def stored_doctype(request: Request) -> str | None:
	"""The DocType of which the request stores a document with its arguments as fields (REST)."""
	parts = request.path.strip("/").split("/")
	for kind in ("resource", "document"):
		if parts[0] == "api" and kind in parts[1:3] and request.method in STORING:
			rest = parts[parts.index(kind) + 1 :]
			is_call = "method" in rest[2:] or (request.method == "POST" and len(rest) > 1)
			return rest[0] if rest and not is_call and mentions.is_doctype(rest[0]) else None
	return None


def listed_doctype(request: Request) -> str | None:
	"""The guarded DocType whose documents the request lists or counts (REST)."""
	return next(mentions.doctypes_in_path(request.path), None) if request.path.startswith("/api/") else None


# --- what it names


def hidden_names(named: set[str], request: Request, part: Part) -> set[str]:
	"""What in the request is the name of a document, of one of these DocTypes, that the user may not see."""
	asked = texts_in(request, part)
	return {name for doctype in named for name in access_hooks.hidden_among(doctype, list(asked))}


def texts_in(request: Request, part: Part) -> dict[str, None]:
	"""All texts in the request that may be a name."""
	asked: dict[str, None] = {}

	def note(text: str, keeps_nobodys: bool = False) -> str:
		if text and mentions.may_be_a_name(text) and texts.is_storable(text):
			asked[text] = None
		return text

	changed_form(request, part, note)
	for _start, _end, name in mentions.names_in_path(request.path):
		note(name)
	return asked


def changed_form(request: Request, part: Part, change: mentions.Change) -> dict:
	places = name_places.Places(change, part.around, part.address, part.is_anywhere)
	return places.changed_form(part.form, stored_doctype(request))


# --- what becomes of it


def replace(hidden: frozenset[str], request: Request, form: dict, part: Part) -> None:
	earlier = frappe.local.flags.dartwing_replacement or Replacement(frozenset(), drawn_digits())
	frappe.local.flags.dartwing_replacement = Replacement(hidden | earlier.hidden, earlier.digits)
	replacement = Replacement(hidden, earlier.digits)
	after = changed_form(request, part, replacement.of)
	if stored_doctype(request) and after != part.form and "data" not in form:
		# Frappe reads the body anew, unless it is told of another
		after["data"] = json.dumps(after)
	form.update(after)
	path = mentions.changed_path(request.path, replacement.of)
	if path != request.path:
		readdress(request, path)


def readdress(request: Request, path: str) -> None:
	"""Give the request another path, for all that was worked out from the one before, too."""
	request.environ["PATH_INFO"] = path.encode().decode("latin-1")
	request.path = path
	for derived in ("base_url", "full_path", "url"):
		request.__dict__.pop(derived, None)
