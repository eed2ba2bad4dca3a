"""Methods of documents: which of them a request runs, on which document, with which arguments.

Frappe runs them on a stored document, or on one as it is sent, whatever is stored under its name.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any

import frappe

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.api.routes import CALL, Route

# of version 1 of the API, and of version 2
RUNNING = ("frappe.handler.run_doc_method", "frappe.api.v2.run_doc_method")
# where the versions take a document that is sent, and arguments
DOCUMENTS = ("docs", "document")
ARGUMENTS = ("args", "arg", "kwargs")


@dataclass(frozen=True)
class Call:
	"""One method that a request has a document run."""

	doctype: str
	# the name of a stored one, or empty
	name: str
	# a document that is only sent, or None
	sent: dict | None
	method: str
	# objects, of which each may be the one that Frappe takes, or one thing that is none
	arguments: tuple[Any, ...]

	def function(self) -> Callable | None:
		found = getattr(type(frappe.get_doc({"doctype": self.doctype})), self.method, None)
		return found if callable(found) else None

	def named_arguments(self) -> dict[str, Any]:
		"""What is no object becomes the first argument."""
		named: dict[str, Any] = {}
		for one in self.arguments:
			named |= one if isinstance(one, dict) else self._first_argument(one)
		return named

	def _first_argument(self, value: Any) -> dict[str, Any]:
		function = self.function()
		taken = [name for name in signature(function).parameters if name != "self"] if function else []
		return {taken[0]: value} if taken else {}


def calls_of(route: Route, method: str, form: dict) -> list[Call]:
	"""What the request may have run; Frappe itself says what is wrong with what cannot be.

	Which of several arguments counts differs between the versions of the API.
	"""
	calls = called_by_method(form) if method in RUNNING else called_by_address(route, form)
	return [call for call in calls if is_doctype(call.doctype)]


def called_by_method(form: dict) -> Iterator[Call]:
	given = tuple(read(form[one]) for one in ARGUMENTS if form.get(one))
	arguments = tuple(one for one in given if one is not None)
	method = str(form.get("method") or "")
	doctype = form.get("dt")
	if isinstance(doctype, str) and doctype:
		yield Call(doctype, str(form.get("dn") or doctype), None, method, arguments)
	for sent in (doctype, *(parsed(form.get(one)) for one in DOCUMENTS)):
		if isinstance(sent, dict) and isinstance(sent.get("doctype"), str):
			yield Call(sent["doctype"], "", sent, method, arguments)


def read(value: Any) -> Any:
	"""An argument as Frappe reads it: JSON of any kind, or a text."""
	try:
		return json.loads(value) if isinstance(value, str) else value
	except ValueError:
		return value


def called_by_address(route: Route, form: dict) -> Iterator[Call]:
	if route.kind == CALL:
		yield Call(route.doctype, route.name, None, route.method, (form,))
