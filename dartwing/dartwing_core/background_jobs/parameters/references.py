"""Parameters that name documents: `Link("Person")` and `Upload`. Who submits must find them in a list."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

import frappe
from frappe import _
from pydantic_core import PydanticCustomError, core_schema

from dartwing.dartwing_core.background_jobs.parameters.problems import ContractError
from dartwing.dartwing_core.background_jobs.parameters.schemas import parts_of
from dartwing.dartwing_core.background_jobs.tenancy import files

FILE = "File"
LINK, UPLOAD = "x-dartwing-link", "x-dartwing-upload"
# a DocType, and whether only a private File will do; and the document's name
Kind = tuple[str, bool]
LOOKED_UP_AT_ONCE = 1000


@dataclass
class References:
	"""The documents that parameters name: those that were met, and those of them that cannot be read."""

	_met: dict[tuple[Kind, str], None] = field(default_factory=dict)
	_missing: set[tuple[Kind, str]] = field(default_factory=set)
	_known: set[tuple[Kind, str]] = field(default_factory=set)

	def begin(self) -> None:
		"""Other parameters come: nothing of theirs was met."""
		self._met = {}

	def note(self, kind: Kind, name: str) -> str | None:
		"""Why the document cannot be named; None if it can, or nobody has looked yet."""
		self._met[kind, name] = None
		if (kind, name) not in self._missing:
			return None
		return _("no {0} {1}").format(_("private file") if kind[1] else _(kind[0]), repr(name))

	def look(self) -> bool:
		"""Look up what was met, in its order; whether the session's user cannot read any of it.

		Of each kind, what comes behind a batch with such a name is not looked up: read the parameters anew,
		look again.
		"""
		names: dict[Kind, list[str]] = {}
		for kind, name in self._met:
			if (kind, name) not in self._known and (kind, name) not in self._missing:
				names.setdefault(kind, []).append(name)
		return any([self._look_until_missing(kind, of_kind) for kind, of_kind in names.items()])

	def _look_until_missing(self, kind: Kind, names: list[str]) -> bool:
		starts = range(0, len(names), LOOKED_UP_AT_ONCE)
		return any(self._look(kind, names[start : start + LOOKED_UP_AT_ONCE]) for start in starts)

	def _look(self, kind: Kind, names: list[str]) -> bool:
		found = set(readable(kind, names))
		self._known |= {(kind, name) for name in found}
		missing = {(kind, name) for name in names if name not in found}
		self._missing |= missing
		return bool(missing)


def readable(kind: Kind, names: list[str]) -> Iterable[str]:
	"""Those of the documents that Frappe lists for the session's user: that they may read, or only select."""
	doctype, is_upload = kind
	named = {"name": ("in", names)}
	if is_upload:
		private = frappe.get_all(FILE, {**named, "is_private": 1, "is_folder": 0}, pluck="name")
		return [name for name in private if files.may_read(name)]
	try:
		if not has_documents(doctype):
			return []
		rows = frappe.get_list(doctype, filters=named, pluck="name", limit=len(names))
	except (frappe.PermissionError, frappe.DoesNotExistError):
		# of a document that may not be read nobody is told that it is there
		frappe.clear_last_message()
		return []
	return map(str, rows)


def has_documents(doctype: str) -> bool:
	"""Whether a parameter can name its documents: a Single, a child table, a virtual DocType has none."""
	meta = frappe.get_meta(doctype)
	return not (meta.issingle or meta.istable or meta.get("is_virtual"))


def linked_doctypes(schema: Any) -> set[str]:
	return {part[LINK] for part in parts_of(schema) if isinstance(part.get(LINK), str)}


def check_links(schema: Any) -> None:
	"""Raises ContractError for a schema that links to what has no documents of its own."""
	for doctype in sorted(linked_doctypes(schema)):
		if not frappe.db.exists("DocType", doctype):
			raise ContractError(_("it links to {0}, and there is no such DocType").format(repr(doctype)))
		if not has_documents(doctype):
			reason = _("it links to {0}, which is a Single, a child table or virtual: it has no documents")
			raise ContractError(reason.format(repr(doctype)))


@dataclass(frozen=True)
class LinkTo:
	"""In `Annotated[str, LinkTo("Person")]`: the name of a document. For type checkers, else use `Link`."""

	doctype: str
	is_upload: bool = False

	def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
		return core_schema.with_info_after_validator_function(self._noted, handler(source))

	def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
		word = {UPLOAD: True} if self.is_upload else {LINK: self.doctype}
		return {**handler(schema), **word}

	def _noted(self, name: str, info: core_schema.ValidationInfo) -> str:
		references = info.context
		reason = references and references.note((self.doctype, self.is_upload), name)
		if reason:
			raise PydanticCustomError("reference", "{reason}", {"reason": reason})
		return name


def Link(doctype: str) -> Any:
	"""The type of a parameter that names a document, which who submits may read or select."""
	return Annotated[str, LinkTo(doctype)]


# the type of a parameter that names a private File, which who submits must be able to read
Upload = Annotated[str, LinkTo(FILE, is_upload=True)]
