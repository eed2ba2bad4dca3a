"""Methods of documents: which of them a request runs, on which document, with which arguments.

Frappe runs them on a stored document, or on one as it is sent, whatever is stored under its name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

import frappe
from werkzeug.wrappers import Request

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import is_doctype

# of version 1 of the API, and of version 2
RUNNING = ("frappe.handler.run_doc_method", "frappe.api.v2.run_doc_method")
# where version 1 takes it in the address of a document, and where version 2 does
RUN_METHOD = "run_method"
METHOD = "method"


@dataclass(frozen=True)
class Call:
	"""One method that a request has a document run."""

	doctype: str
	# the name of a stored one, or empty
	name: str
	# a document that is only sent, or None
	sent: dict | None
	method: str
	arguments: Any

	def function(self) -> Callable | None:
		found = getattr(type(frappe.get_doc({"doctype": self.doctype})), self.method, None)
		return found if callable(found) else None

	def named_arguments(self) -> dict[str, Any]:
		"""What is no object becomes the first argument."""
		if isinstance(self.arguments, dict):
			return self.arguments
		function = self.function() if self.arguments not in (None, "") else None
		taken = [name for name in signature(function).parameters if name != "self"] if function else []
		return {taken[0]: self.arguments} if taken else {}


def call_of(request: Request, method: str, form: dict) -> Call | None:
	"""What the request has run, or None; Frappe itself says what is wrong with what cannot be."""
	called = _called_by_method(form) if method in RUNNING else _called_by_address(request, form)
	return called if called and is_doctype(called.doctype) else None


def _called_by_method(form: dict) -> Call | None:
	arguments = parsed(form.get("args") or form.get("arg") or form.get("kwargs"))
	method = str(form.get("method") or "")
	if form.get("dt"):
		doctype = form["dt"]
		name = str(form.get("dn") or doctype)
		return Call(doctype, name, None, method, arguments) if isinstance(doctype, str) else None
	sent = parsed(form.get("docs") or form.get("document"))
	doctype = sent.get("doctype") if isinstance(sent, dict) else None
	return Call(doctype, "", sent, method, arguments) if isinstance(doctype, str) else None


def _called_by_address(request: Request, form: dict) -> Call | None:
	parts = request.path.strip("/").split("/")
	for kind in ("resource", "document"):
		if parts[0] == "api" and kind in parts[1:3]:
			doctype, *rest = [*parts[parts.index(kind) + 1 :], ""]
			if METHOD in rest[1:]:
				place = len(rest) - 1 - rest[::-1].index(METHOD)
				return Call(doctype, "/".join(rest[:place]), None, "/".join(rest[place + 1 : -1]), form)
			if form.get(RUN_METHOD):
				return Call(doctype, "/".join(rest[:-1]), None, str(form[RUN_METHOD]), form)
	return None
