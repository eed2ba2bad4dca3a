"""What Frappe is going to run for a request, by Frappe's own rules: all doors ask here.

Frappe runs the method that `cmd` names, wherever the address points; else what its map of the API's addresses
says; else a file or a page. A door that reads an address in another way guards another document than the one
that is asked for. So nothing but this module reads addresses and `cmd`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import frappe
from frappe import _
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.wrappers import Request

from dartwing.dartwing_core.background_jobs.errors import refuse_argument

METHOD, LIST, COUNT, META = "method", "list", "count", "meta"
INSERT, READ, UPDATE, DELETE, CALL = "insert", "read", "update", "delete", "call"
FILE, PAGE, NOTHING = "file", "page", "nothing"

# the functions of the API's map, which are called alike in both versions
KINDS = {
	"copy_doc": READ,
	"count": COUNT,
	"create_doc": INSERT,
	"delete_doc": DELETE,
	"document_list": LIST,
	"execute_doc_method": CALL,
	"get_meta": META,
	"handle_rpc_call": METHOD,
	"read_doc": READ,
	"update_doc": UPDATE,
}
STORING = (INSERT, UPDATE)
# what version 1 reads in another way than version 2
VERSION_1 = "frappe.api.v1"
# by which version 1 has a document run one of its methods
RUN_METHOD = "run_method"
NAME = re.compile(r"<(\w+:)?name>")
# Frappe leaves it out of the address of a page
PAGE_END = ".html"
# where Frappe v15 and v16 have Desk, which asks by its methods; what only begins so is a page, as any other
DESK = re.compile("/(app|desk)(/|$)")
PRIVATE_FILES = "/private/files/"
# what shows none of its arguments
FILES = ("/files/", "/private/")


@dataclass(frozen=True)
class Route:
	"""What is run: a method by its name, or what an address says of a list, of a document, of a page.

	`doctype` and `name` are as Frappe takes them, whole and decoded. `place` is the number of segments of the
	address before the name.
	"""

	kind: str
	path: str
	method: str = ""
	doctype: str = ""
	name: str = ""
	place: int = 0
	is_version_1: bool = False

	@property
	def called(self) -> str:
		"""The method that is called by its name, as it was sent; empty if none is."""
		return self.method if self.kind == METHOD else ""

	@property
	def is_desk(self) -> bool:
		return self.kind == PAGE and bool(DESK.match(self.path))

	@property
	def is_page(self) -> bool:
		"""Whether a page may take the arguments for conditions."""
		return self.kind == PAGE and not self.is_desk

	@property
	def shows_its_arguments(self) -> bool:
		return self.is_page and not self.path.startswith(FILES)

	def segments(self) -> list[str]:
		"""What in the address of a page stands between slashes, as Frappe reads it."""
		return self._as_read().split("/") if self.kind == PAGE else []

	def doctypes(self) -> list[str]:
		"""What in the address Frappe may take for a DocType."""
		return [self.doctype] if self.doctype else self.segments()

	def with_name(self, name: str) -> str:
		"""The address of the document under another name."""
		before = "".join(f"{segment}/" for segment in self.path.split("/")[: self.place])
		return before + name + self.path[len(before) + len(self.name) :]

	def with_segments(self, segments: list[str]) -> str:
		"""The address of the page, of other segments."""
		return "/".join(segments) + self.path[len(self._as_read()) :]

	def _as_read(self) -> str:
		return self.path.rstrip("/ ").removesuffix(PAGE_END)


def route_of(request: Request) -> Route:
	command = arguments_of_request().get("cmd")
	return Route(METHOD, request.path, str(command)) if command else addressed_by(request)


def arguments_of_request() -> dict[str, Any]:
	"""Those that Frappe reads; there are none yet in a request that is refused early."""
	return frappe.local.form_dict or {}


def refuse_contradiction(request: Request) -> None:
	"""Raise ValidationError for `cmd` beside the address of something else that the API runs.

	Frappe would run what `cmd` says, and nobody who means the address sends one.
	"""
	command = arguments_of_request().get("cmd")
	if not command:
		return
	if not isinstance(command, str):
		refuse_argument("cmd", _("must be one value"))
	if addressed_by(request).kind not in (METHOD, NOTHING, FILE, PAGE):
		refuse_argument("cmd", _("is not sent to the address of a document or a list"))


def addressed_by(request: Request) -> Route:
	"""What the address says by itself, without `cmd`."""
	path = request.path
	if request.method == "OPTIONS":
		return Route(NOTHING, path)
	if path.startswith("/api/"):
		return addressed_by_api(request)
	return Route(FILE if path.startswith(PRIVATE_FILES) else PAGE, path)


def addressed_by_api(request: Request) -> Route:
	try:
		# whoever serves requests has imported it; to others it is much
		adapter = import_module("frappe.api").API_URL_MAP.bind_to_environ(request.environ)
		rule, arguments = adapter.match(return_rule=True)
	except HTTPException:
		# Frappe answers that there is no such address, or no such verb
		return Route(NOTHING, request.path)
	kind = kind_of(rule.endpoint, arguments)
	method = method_of(rule, arguments) if kind == METHOD else str(arguments.get("method") or "")
	is_version_1 = rule.endpoint.__module__ == VERSION_1
	form = arguments_of_request()
	if kind == CALL and not method:
		method = str(form.get(RUN_METHOD) or "")
	elif kind == READ and is_version_1 and RUN_METHOD in form:
		kind, method = CALL, str(form[RUN_METHOD])
	return Route(
		kind,
		request.path,
		method,
		arguments.get("doctype", "") if kind != METHOD else "",
		arguments.get("name", ""),
		place_of_name(rule),
		is_version_1,
	)


def kind_of(endpoint: Callable, arguments: dict[str, str]) -> str:
	"""What the function does; one that a newer Frappe brings is known by what the address gives it."""
	named = KINDS.get(endpoint.__name__)
	if named:
		return named
	if "name" in arguments:
		return CALL if "method" in arguments else READ
	return LIST if "doctype" in arguments and "method" not in arguments else METHOD


def method_of(rule: Rule, arguments: dict[str, str]) -> str:
	"""The path of a method: as the address says it, or of the DocType in whose module it is."""
	if "method" not in arguments:
		# one of the few that have addresses of their own
		return rule.rule.rpartition("/")[2]
	# version 1 leaves out what follows
	method = arguments["method"].split("/")[0]
	return of_doctype(arguments["doctype"], method) if "doctype" in arguments else method


def of_doctype(doctype: str, method: str) -> str:
	try:
		module = frappe.get_attr("frappe.modules.utils.load_doctype_module")(doctype)
		return f"{module.__name__}.{method}"
	except Exception:
		# Frappe itself says what is wrong with it
		return f"{doctype}/{method}"


def place_of_name(rule: Rule) -> int:
	segments = rule.rule.split("/")
	return next((place for place, one in enumerate(segments) if NAME.fullmatch(one)), 0)
