"""Where in a request the name of a guarded document stands: there alone a hidden name is replaced.

A name has its place where a method looks for a document: in arguments that are called so, beside the DocType
that is guarded, and in the conditions on its name and on links to it. Nothing else is touched. What Frappe
makes of any other text, its length, a file, a mail, a figure, would tell that there is such a name.

Of another app's methods nobody knows which arguments are names: there each text but prose may be one.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import frappe

from dartwing.dartwing_core.api import filter_lists
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import (
	NAME_FIELDS,
	PROSE,
	SAYS_DOCTYPE,
	Change,
	guarded_doctype,
	is_doctype,
)
from dartwing.dartwing_core.api.signatures import taken_by
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

# what holds a name, or several: arguments of methods, and keys of objects in them
NAME = re.compile(
	r"names?|dns?|docs?|items|selected_items|selected_children|old|new|value|parent|amended_from"
	r"|(.*_)?(doc_?|reference_|document_|link_|share_|attached_to_|old_|new_|source_|target_)names?"
)
# arguments that say how Desk shows what it lists: stored as they are sent, and looked up by nobody
KEPT = frozenset(("config", "listview_settings", "report_settings", "user_settings"))
# one that holds some fields of documents of the DocType that is named beside it
FIELDS_OF_DOCUMENT = "data"
# these read the whole request, whatever else they take
READS_ALL = frozenset(
	(
		"frappe.desk.form.assign_to.add",
		"frappe.desk.form.assign_to.add_multiple",
		"frappe.utils.file_manager.add_attachments",
	)
)


def given(method: str, form: dict) -> dict:
	"""Those of the arguments that the method is given: Frappe leaves out what it does not take.

	A method that takes none, or takes any, may read the whole request.
	"""
	taken = None if not method or method in READS_ALL else taken_by(method)
	if not taken or taken.takes_any or not taken.names:
		return form
	return {name: value for name, value in form.items() if name in taken.names}


def doctypes_beside(name: str, level: dict, around: frozenset[str]) -> frozenset[str]:
	"""The DocTypes that a name is of, by what is said beside it; else by what is said around that."""
	prefix = name.rpartition("_")[0]
	of_prefix = (f"{prefix}_doctype", f"{prefix}_type", f"{prefix}_dt") if prefix else ()
	own = ("dt",) if name == "dn" else of_prefix
	others = [key for key in level if SAYS_DOCTYPE.search(str(key))]
	for keys in (own, ("doctype",), ("dt",), others):
		if said := said_in(level, keys):
			return said
	return around


def said_in(level: dict, keys: Iterable[str]) -> frozenset[str]:
	said = [level[key] for key in keys if isinstance(level.get(key), str) and level[key]]
	return frozenset(guarded_doctype(doctype) or doctype for doctype in said)


def has_guarded(doctypes: frozenset[str]) -> bool:
	return any(doctype in GUARDED for doctype in doctypes)


@dataclass(frozen=True)
class Places:
	"""The places of names in a request; each name there goes through `change`.

	`address` is the DocType that an address of REST says, beside which no argument says another. `around`
	are those that are named anywhere, of which a name may be where nothing is said beside it. With
	`is_anywhere` each text but prose is one.
	"""

	change: Change
	around: frozenset[str]
	address: str | None = None
	is_anywhere: bool = False

	def changed_form(self, form: dict, stored: str | None = None) -> dict:
		"""The arguments of a request. `stored` is the DocType of which they are a document's fields."""
		if stored:
			data = parsed(form.get("data"))
			body: dict[str, Any] = self.in_document(stored, form)
			return {**body, "data": self.in_document(stored, data)} if isinstance(data, dict) else body
		if "fieldname" in form and is_doctype(form.get("doctype")):
			return self._in_set_values(form)
		return self.in_object(form, self.around, {"doctype": self.address} if self.address else None)

	def _in_set_values(self, form: dict) -> dict:
		"""Those of `frappe.client.set_value`: a document's fields as JSON, or one of them with its value."""
		doctype, named, rest = form["doctype"], parsed(form["fieldname"]), dict(form)
		rest.pop("fieldname")
		if isinstance(named, dict):
			values: dict[str, Any] = {"fieldname": self.in_document(doctype, named)}
		elif isinstance(named, str) and "value" in rest:
			value = self.in_document(doctype, {named: rest.pop("value")})[named]
			values = {"fieldname": named, "value": value}
		else:
			values = {"fieldname": form["fieldname"]}
		return {**values, **self.in_object({**rest, "doctype": doctype}, self.around)}

	def in_object(self, level: dict, around: frozenset[str], beside: dict | None = None) -> dict:
		return {
			name: self.in_value(value, str(name), doctypes_beside(str(name), beside or level, around))
			for name, value in level.items()
		}

	def in_value(self, value: Any, key: str, doctypes: frozenset[str]) -> Any:
		if key in KEPT:
			return value
		inner = parsed(value)
		if inner is not value:
			after = self.in_value(inner, key, doctypes)
			return value if after == inner else json.dumps(after)
		if filter_lists.ARGUMENT.search(key) and not self.is_anywhere:
			return self.in_conditions(value, doctypes)
		if isinstance(value, dict):
			return self._in_dict(value, key, doctypes)
		if isinstance(value, list):
			return [self.in_value(one, key, doctypes) for one in value]
		return self.change(value) if isinstance(value, str) and self.is_name(key, doctypes) else value

	def _in_dict(self, value: dict, key: str, doctypes: frozenset[str]) -> dict:
		if key == FIELDS_OF_DOCUMENT and has_guarded(doctypes):
			return self.in_document(next(one for one in doctypes if one in GUARDED), value)
		if is_doctype(value.get("doctype")):
			return self.in_document(value["doctype"], value)
		return self.in_object(value, doctypes)

	def is_name(self, key: str, doctypes: frozenset[str]) -> bool:
		if self.is_anywhere:
			return key not in PROSE
		return bool(NAME.fullmatch(key)) and has_guarded(doctypes)

	# --- conditions

	def in_conditions(self, value: Any, doctypes: frozenset[str]) -> Any:
		"""Conditions by field, as lists, or lists of lists; or a name, which some methods take there."""
		inner = parsed(value)
		if inner is not value:
			after = self.in_conditions(inner, doctypes)
			return value if after == inner else json.dumps(after)
		if isinstance(value, dict):
			return {field: self._in_condition(one, str(field), doctypes) for field, one in value.items()}
		if isinstance(value, list):
			return self._in_list(value, doctypes)
		return self.change(value) if isinstance(value, str) and has_guarded(doctypes) else value

	def _in_list(self, value: list, doctypes: frozenset[str]) -> list:
		first = value[0] if value else None
		if not isinstance(first, str) or parsed(first) is not first:
			return [self.in_conditions(one, doctypes) for one in value]
		of, field, start = doctypes, first, 1
		if len(value) > 3:
			of = frozenset([guarded_doctype(first) or first]) if first else doctypes
			field, start = str(value[1]), 2
		return [*value[:start], *(self._in_condition(one, field, of) for one in value[start:])]

	def _in_condition(self, value: Any, field: str, doctypes: frozenset[str]) -> Any:
		return self.in_every_text(value) if is_of_names(field, doctypes) else value

	def in_every_text(self, value: Any) -> Any:
		inner = parsed(value)
		if inner is not value:
			after = self.in_every_text(inner)
			return value if after == inner else json.dumps(after)
		if isinstance(value, dict):
			return {key: self.in_every_text(one) for key, one in value.items()}
		if isinstance(value, list):
			return [self.in_every_text(one) for one in value]
		is_changed = isinstance(value, str) and not filter_lists.is_operator(value)
		return self.change(value) if is_changed else value

	# --- documents

	def in_document(self, doctype: str, document: dict) -> dict:
		"""A document to be stored: of its own fields only those that hold the name of a guarded one."""
		fields = {field.fieldname: field for field in frappe.get_meta(doctype).fields}
		is_guarded = guarded_doctype(doctype) is not None
		after = {}
		for name, value in document.items():
			field = fields.get(name)
			if field and field.fieldtype in frappe.model.table_fields:
				rows = self._in_rows(field.options, parsed(value))
				# in a form they are JSON, and stay what they were
				after[name] = (
					value if rows == parsed(value) else json.dumps(rows) if isinstance(value, str) else rows
				)
			elif field is None:
				after[name] = self.in_every_text(value) if is_guarded and NAME.fullmatch(name) else value
			else:
				after[name] = self._in_field(field, value, document, is_guarded)
		return after

	def _in_rows(self, doctype: str, rows: Any) -> Any:
		if not isinstance(rows, list):
			return rows
		return [self.in_document(doctype, row) if isinstance(row, dict) else row for row in rows]

	def _in_field(self, field: Any, value: Any, document: dict, is_guarded: bool) -> Any:
		if field.fieldtype == "Link" and field.options == "Person" and is_guarded and isinstance(value, str):
			# an admin makes a member of who belongs nowhere yet, and whom he cannot see therefore
			return self.change(value, keeps_nobodys=True)
		return self.in_every_text(value) if _holds_a_name(field, document, is_guarded) else value


def _holds_a_name(field: Any, document: dict, is_guarded: bool) -> bool:
	if field.fieldtype == "Dynamic Link":
		return guarded_doctype(document.get(field.options)) is not None
	if field.fieldtype == "Link":
		return is_guarded and field.options in GUARDED
	return field.fieldname in NAME_FIELDS and any(guarded_doctype(value) for value in document.values())


def is_of_names(condition: str, doctypes: frozenset[str]) -> bool:
	"""Whether a condition is on the name of a guarded document: its own, or in what refers to it.

	A field that is not known is one, if the document itself is guarded.
	"""
	table, dot, field = condition.replace("`", "").rpartition(".")
	doctypes = frozenset([table.removeprefix("tab")]) if dot and table.startswith("tab") else doctypes
	return any(_is_of_names(doctype, field) for doctype in doctypes)


def _is_of_names(doctype: str, name: str) -> bool:
	field = frappe.get_meta(doctype).get_field(name) if is_doctype(doctype) else None
	if field is None:
		return doctype in GUARDED or name in NAME_FIELDS
	return (
		field.fieldtype == "Dynamic Link"
		or (field.fieldtype == "Link" and field.options in GUARDED)
		or name in NAME_FIELDS
	)
