"""A dry run: the handler runs, and its transaction is undone; the result says what it would have changed.

Listed are documents that are written as such (`insert`, `save`, `db_set`, `frappe.db.set_value`,
`delete_doc`). Other statements that write are counted. What leaves the site by ways of its own, as a request
to another server, is not held back: a handler asks `context.is_dry_run`.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import frappe
from frappe import _
from frappe.database.database import Database
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import connections, drivers
from dartwing.dartwing_core.background_jobs.database.after_commit import FollowUp
from dartwing.dartwing_core.background_jobs.database.handlers_database import (
	codes_of,
	refuse_half_a_transaction,
)
from dartwing.dartwing_core.background_jobs.errors import DryRunError, JobCanceledError, JobTimeoutError
from dartwing.dartwing_core.background_jobs.execution.held_back import held_back
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.groups import rows as groups
from dartwing.dartwing_core.background_jobs.submission import acceptance, json_objects

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
KINDS = (CREATED, CHANGED, DELETED)
# what the result names of each kind, and the fields of one document
MAX_DOCUMENTS = 50
MAX_FIELDS = 20
# what Frappe writes about documents beside them
FRAPPES_OWN = ("Version", "Deleted Document", "Activity Log")
UNSAID = ("name", "owner", "creation", "modified", "modified_by", "idx", "docstatus", "parent")
COMMENTS = r"(?:\s|/\*(?:[^*]|\*(?!/))*\*/|(?:--\s|#)[^\n]*\n)*"
WRITES = re.compile(COMMENTS + r"(insert|update|delete|replace|load)\b", re.IGNORECASE)
# refused before they do harm; whatever else ends the transaction is noticed behind it, by its savepoint
ENDS = re.compile(
	COMMENTS
	+ r"(commit|start|begin|(?:create|drop)(?!\s+temporary)|alter|truncate|rename|lock|grant|revoke)\b",
	re.IGNORECASE,
)
SAVEPOINT = "dartwing_dry_run"
SAVEPOINT_IS_GONE = 1305
# with these the job is another attempt's, or its connection may be in the middle of a statement
INTERRUPTIONS = (JobCanceledError, JobTimeoutError)

Names = tuple[str, str]


def rehearse(handler: Callable[[Any], Any], context: Any) -> Completed:
	"""Run the handler in the current transaction, which the caller undoes; the outcome is what it would do.

	Raises what the handler raises, and DryRunError for one that commits, however it does so.
	"""
	rehearsal = Rehearsal(context.owner)
	with held_back() as counted, rehearsal.listening():
		with rehearsal.in_one_transaction():
			returned = Completed.of(handler(context))
		counted["callbacks"] += _callbacks()
		counts, documents = rehearsal.counts(), rehearsal.documents()
	result = {**counts, "held_back": dict(counted), "result": json.loads(returned.result or "null")}
	return Completed(None, _bounded(result), _bounded_documents(documents))


def _callbacks() -> int:
	"""What the handler, and Frappe for it, has put off to behind the commit; the engine's own is left out."""
	waiting = frappe.db.after_commit._functions
	return sum(not isinstance(getattr(one, "__self__", None), FollowUp) for one in waiting)


def _bounded(result: dict[str, Any]) -> str:
	"""The result as JSON, without what the handler returned if that makes it too large."""
	text = json_objects.to_json(result, "result")
	if len(text.encode()) > config.MAX_RESULT_BYTES:
		text = json_objects.to_json({**result, "result": None}, "result")
	return text


def _bounded_documents(documents: dict[str, list[dict[str, Any]]]) -> str:
	"""The documents as JSON: fewer are named if it would be too large."""
	text = json_objects.to_json(documents, "documents")
	while len(text.encode()) > config.MAX_RESULT_BYTES:
		documents = {kind: named[: len(named) // 2] for kind, named in documents.items()}
		text = json_objects.to_json(documents, "documents")
	return text


class Rehearsal:
	"""What a handler does to documents, as it is told while it `listens`."""

	def __init__(self, owner: str) -> None:
		self._refused: str | None = None
		self._owner = owner
		self._database = frappe.local.db
		self._is_rolling_back = False
		self._clear()
		# statements of documents that are told of are no others
		self._depth = 0
		self._is_rolling_back = False

	def _clear(self) -> None:
		self._told: dict[str, dict[Names, list[str]]] = {kind: {} for kind in KINDS}
		# of deleted documents: whether the owner could read them
		self._was_readable: dict[Names, bool] = {}
		self._statements = 0
		self._submitted = 0

	def counts(self) -> dict[str, Any]:
		"""`{created, changed, deleted: {count}, other_statements, submitted}`: everybody may know these."""
		counts: dict[str, Any] = {kind: {"count": len(told)} for kind, told in self._told.items()}
		return {"other_statements": self._statements, "submitted": self._submitted, **counts}

	def documents(self) -> dict[str, list[dict[str, Any]]]:
		"""`{created, changed, deleted: [{doctype, name, fields}]}`: those that the owner may read now."""
		answer: dict[str, list[dict[str, Any]]] = {}
		for kind, told in self._told.items():
			named = answer[kind] = []
			for (doctype, name), fields in told.items():
				if len(named) == MAX_DOCUMENTS:
					break
				if self._may_name(kind, (doctype, name)):
					named.append({"doctype": doctype, "name": name, "fields": sorted(fields)[:MAX_FIELDS]})
		return answer

	def _may_name(self, kind: str, names: Names) -> bool:
		return self._was_readable.get(names, False) if kind == DELETED else self._is_readable(names)

	def _is_readable(self, names: Names) -> bool:
		with suppress(frappe.PermissionError, frappe.DoesNotExistError):
			return bool(frappe.has_permission(names[0], "read", doc=names[1], user=self._owner))
		return False

	@contextmanager
	def listening(self) -> Iterator[None]:
		"""Within the block, note what is done to documents, and refuse what would end the transaction."""
		database = self._database
		undo = [
			_wrap(Document, "db_insert", self._of_row(self._inserted)),
			_wrap(Document, "db_update", self._of_row(self._updated)),
			_wrap(Document, "update_single", self._of_row(self._updated)),
			_wrap(Document, "run_method", self._of_row(self._event)),
			*(_wrap(Document, name, self._of_row(self._beside)) for name in ("insert", "save", "delete")),
			_wrap(frappe, "delete_doc", self._of_row(self._beside)),
			_wrap(acceptance, "insert", self._of_row(self._accepted)),
			_wrap(groups, "create", self._of_row(self._beside)),
			# of whatever connection the handler commits on
			_wrap(Database, "commit", self._of_row(self._commit)),
			# of the handler's own connection
			_wrap(database, "set_value", self._set),
			_wrap(database, "sql", self._sql),
			_wrap(database, "rollback", self._rollback),
		]
		setattr(frappe.local, LISTENER, self)
		try:
			yield
		finally:
			# a handler may have taken all locals away
			with suppress(AttributeError):
				delattr(frappe.local, LISTENER)
			for put_back in reversed(undo):
				put_back()

	@contextmanager
	def in_one_transaction(self) -> Iterator[None]:
		"""Raise DryRunError behind the block if it has ended the transaction or left another connection.

		The database is asked, not the statements: a savepoint that was set before is gone then.
		"""
		self._database.savepoint(SAVEPOINT)
		try:
			yield
		except INTERRUPTIONS:
			raise
		except Exception as error:
			if self._has_ended():
				raise DryRunError(_told_of_end()) from error
			raise
		if self._refused:
			raise DryRunError(self._refused)
		refuse_half_a_transaction()
		if self._has_ended():
			raise DryRunError(_told_of_end())
		if frappe.local.db is not self._database or getattr(frappe.local, LISTENER, None) is not self:
			raise DryRunError(
				_("the handler has opened a connection of its own: what it committed there stays")
			)

	def _has_ended(self) -> bool:
		"""Whether the transaction was ended, by whatever statement; takes the savepoint away."""
		if getattr(self._database, "undone_by", None):
			# the server has undone it, and nothing stays
			return False
		try:
			self._database.release_savepoint(SAVEPOINT)
		except drivers.ERRORS as error:
			return SAVEPOINT_IS_GONE in codes_of(error)
		return False

	def _of_row(self, told: Callable[..., Any]) -> Callable[..., Any]:
		"""Tell it of what is done in the handler's own context only."""

		def called(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
			if getattr(frappe.local, LISTENER, None) is not self:
				return original(*arguments, **named)
			return told(original, *arguments, **named)

		return called

	@contextmanager
	def _quietly(self) -> Iterator[None]:
		self._depth += 1
		try:
			yield
		finally:
			self._depth -= 1

	# --- what is told

	def _inserted(self, original: Callable, document: Document, *arguments: Any, **named: Any) -> Any:
		with self._quietly():
			answer = original(document, *arguments, **named)
		fields = [field for field in _columns(document) if document.get(field) not in (None, "", 0)]
		self._note(CREATED, document, fields)
		return answer

	def _updated(self, original: Callable, document: Document, *arguments: Any, **named: Any) -> Any:
		with self._quietly():
			stored = frappe.db.get_value(document.doctype, document.name, "*", as_dict=True) or {}
			answer = original(document, *arguments, **named)
		changed = [field for field in _columns(document) if _differ(stored.get(field), document.get(field))]
		if changed:
			self._note(CHANGED, document, changed)
		return answer

	def _event(
		self, original: Callable, document: Document, method: str, *arguments: Any, **named: Any
	) -> Any:
		if method == "on_trash" and _is_told(document.doctype):
			names = (document.doctype, str(document.name))
			with self._quietly():
				self._was_readable[names] = len(self._was_readable) < 2 * MAX_DOCUMENTS and self._is_readable(
					names
				)
			is_new = self._told[CREATED].pop(names, None) is not None
			self._told[CHANGED].pop(names, None)
			if not is_new:
				self._told[DELETED][names] = []
		return original(document, method, *arguments, **named)

	def _beside(self, original: Callable, *arguments: Any, **named: Any) -> Any:
		"""What Frappe writes beside a document is a part of that."""
		with self._quietly():
			return original(*arguments, **named)

	def _accepted(self, original: Callable, *arguments: Any, **named: Any) -> Any:
		"""Jobs that the handler submits; one that is answered with another's is none."""
		with self._quietly():
			answer = original(*arguments, **named)
		self._submitted += sum(not job.flags.is_existing for job in answer)
		return answer

	def _set(
		self, original: Callable, doctype: str, name: Any, field: Any, *arguments: Any, **named: Any
	) -> Any:
		with self._quietly():
			if isinstance(name, str | int):
				self._note_values(doctype, str(name), field, arguments[0] if arguments else named.get("val"))
			elif name is not None:
				for one in frappe.get_all(doctype, filters=name, pluck="name", limit=MAX_DOCUMENTS + 1):
					fields = field if isinstance(field, dict) else [field]
					self._merge(CHANGED, (doctype, str(one)), list(fields))
			return original(doctype, name, field, *arguments, **named)

	def _note_values(self, doctype: str, name: str, field: Any, value: Any) -> None:
		wanted = field if isinstance(field, dict) else {field: value}
		stored = frappe.db.get_value(doctype, name, "*", as_dict=True) or {}
		changed = [one for one, new in wanted.items() if one not in UNSAID and _differ(stored.get(one), new)]
		if changed:
			self._merge(CHANGED, (doctype, name), changed)

	def _note(self, kind: str, document: Document, fields: list[str]) -> None:
		if document.doctype == "Comment" and document.comment_type != "Comment":
			# what Frappe says of a document in its timeline
			return
		if document.get("parenttype") and document.get("parent"):
			# rows of a table are a part of their document
			names = (document.parenttype, str(document.parent))
			self._merge(CHANGED, names, [document.parentfield or document.doctype])
		else:
			self._merge(kind, (document.doctype, str(document.name)), fields)

	def _merge(self, kind: str, names: Names, fields: list[str]) -> None:
		if not _is_told(names[0]):
			return
		known = CREATED if names in self._told[CREATED] else kind
		kept = self._told[known].setdefault(names, [])
		kept += [field for field in fields if field not in kept]

	# --- what would end the transaction

	def _sql(self, original: Callable, query: Any, *arguments: Any, **named: Any) -> Any:
		text = str(query)
		ends = ENDS.match(text)
		if ends and not self._is_rolling_back:
			self._refuse(ends[1])
		if not self._depth and WRITES.match(text):
			self._statements += 1
		return original(query, *arguments, **named)

	def _commit(self, original: Callable, database: Database, *arguments: Any, **named: Any) -> Any:
		if not vars(database).get(connections.IS_OWN):
			self._refuse("commit")
		return original(database, *arguments, **named)

	def _rollback(self, original: Callable, *arguments: Any, **named: Any) -> Any:
		"""It is allowed: what was written before is forgotten, and Frappe begins another transaction."""
		if named.get("save_point"):
			return original(*arguments, **named)
		if self._has_ended():
			self._refused = _told_of_end()
		self._clear()
		self._is_rolling_back = True
		try:
			return original(*arguments, **named)
		finally:
			self._is_rolling_back = False
			self._database.savepoint(SAVEPOINT)

	def _refuse(self, what: str) -> None:
		self._refused = _("a dry run commits nothing, and its handler does: {0}").format(what.lower())
		raise DryRunError(self._refused)


def _told_of_end() -> str:
	return _("the handler has ended its transaction, which a dry run undoes: what it wrote before may stay")


LISTENER = "dartwing_rehearsal"


def _is_told(doctype: str) -> bool:
	return doctype not in FRAPPES_OWN


def _columns(document: Document) -> list[str]:
	return [field for field in document.meta.get_valid_columns() if field not in UNSAID]


def _differ(stored: Any, new: Any) -> bool:
	return _plain(stored) != _plain(new)


def _plain(value: Any) -> str:
	"""As text, by which what the database answers and what a document holds are compared."""
	if value in (None, "", 0):
		return ""
	if isinstance(value, bool | int | float):
		return repr(float(value))
	return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)


def _wrap(owner: Any, name: str, told: Callable[..., Any]) -> Callable[[], None]:
	is_own, original = name in vars(owner), getattr(owner, name)

	@wraps(original)
	def called(*arguments: Any, **named: Any) -> Any:
		return told(original, *arguments, **named)

	setattr(owner, name, called)
	return (lambda: setattr(owner, name, original)) if is_own else (lambda: delattr(owner, name))
