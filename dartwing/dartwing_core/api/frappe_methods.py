"""Frappe's own methods where v15 answers without asking who may see a row.

`frappe.client.get_count` counts any DocType's rows by any filter, `get` finds one by any filter and
then says its name, `validate_link` tells whether a name exists, `get_link_title` what its title is,
and a link search can be told to ignore permissions. Where a method takes a name, JSON can carry a
filter instead. What may not be read can still be searched for.
"""

import json
import re
from typing import Any
from urllib.parse import unquote

import frappe
import frappe.client
import frappe.desk.search
from frappe import _
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs.access_hooks import GUARDED
from dartwing.dartwing_core.background_jobs.conditions import fields_of, known_doctype, readable_conditions

# arguments by which Frappe's methods find, sort and group rows
ASKING = ("filters", "or_filters", "current_filters", "order_by", "group_by", "field", "having", "chart")
# what says that a request is about jobs
ABOUT_JOBS = ("Background Job", "Job Execution Log", "dartwing_core.api.desk")
UNSEARCHABLE = re.compile(
	r"\b(input_parameters|job_hash|deduplication_key|idempotency_\w+|request_hash)\b", re.IGNORECASE
)
ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")


def refuse_guesses() -> None:
	"""Before a request: nobody finds out what jobs' parameters are by filtering, sorting or grouping by them.

	Frappe v15 leaves a field that may not be read out of what it selects, not out of conditions.
	"""
	form = frappe.local.form_dict or {}
	asked = " ".join(text_of(form[argument]) for argument in ASKING if form.get(argument))
	about = (
		f"{unquote(frappe.request.path)} {form.get('cmd')} {form.get('doctype')} {form.get('doc')} {asked}"
	)
	if UNSEARCHABLE.search(asked) and any(text in about for text in ABOUT_JOBS):
		frappe.throw(_("Jobs are not searched by their parameters"), frappe.PermissionError)


def text_of(value: Any) -> str:
	"""The value as one text, in which no character is escaped as in JSON."""
	text = value if isinstance(value, str) else json.dumps(value, default=str)
	return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


@frappe.whitelist()
def get(doctype: Any, name: Any = None, filters: Any = None, parent: Any = None) -> Any:
	"""One document: by its name, or the first that the filters find among those the user may read."""
	if doctype in GUARDED and not name:
		found = frappe.get_list(doctype, filters=readable_conditions(doctype, filters), limit_page_length=1)
		if not found:
			raise frappe.DoesNotExistError
		name = found[0].name
	return frappe.client.get(doctype, name, filters, parent)


@frappe.whitelist()
def get_count(doctype: Any, filters: Any = None, debug: Any = False, cache: Any = False) -> int:
	"""How many rows there are; of guarded DocTypes, how many of them the user may read."""
	if doctype not in GUARDED:
		return frappe.client.get_count(doctype, filters, debug, cache)
	wanted = readable_conditions(doctype, filters)
	rows = frappe.client.get_list(doctype, fields=["count(name) as rows_found"], filters=wanted)
	return rows[0].rows_found if rows else 0


@frappe.whitelist()
def validate_link(doctype: str, docname: str, fields: Any = None) -> Any:
	"""The name, as stored, of a document that there is, and the fields wanted of it."""
	if doctype in GUARDED and not is_visible(doctype, docname):
		return frappe._dict(name=None)
	return frappe.client.validate_link(doctype, docname, fields)


@frappe.whitelist()
def get_link_title(doctype: Any, docname: Any) -> Any:
	if doctype in GUARDED and not is_visible(doctype, docname):
		return None
	return frappe.desk.search.get_link_title(doctype, docname)


def is_visible(doctype: str, name: Any) -> bool:
	return bool(frappe.get_list(doctype, filters=[["name", "=", str(name)]], limit_page_length=1))


@frappe.whitelist()
def search(
	doctype: str,
	txt: str,
	searchfield: str,
	start: int,
	page_len: int,
	filters: Any = None,
	as_dict: bool = False,
	reference_doctype: str | None = None,
) -> list:
	"""A link search that always applies permissions: the name, then the fields that describe it."""
	meta = frappe.get_meta(known_doctype(doctype))
	readable = fields_of(doctype)
	described = [name for name in (meta.title_field, *meta.get_search_fields()) if name in readable]
	fields = list(dict.fromkeys(["name", *described]))
	return frappe.get_list(
		doctype,
		fields=fields,
		filters=readable_conditions(doctype, filters),
		or_filters=[[doctype, field, "like", f"%{txt}%"] for field in fields] if txt else None,
		order_by="modified desc",
		limit_start=cint(start),
		limit_page_length=cint(page_len),
		as_list=not as_dict,
	)
