"""What a form for parameters is drawn from, on the page /jobs and in Desk, and what its links offer."""

import json
from typing import Annotated, Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.arguments import About
from dartwing.dartwing_core.api.call_limits import CallLimit
from dartwing.dartwing_core.api.endpoints import READ, endpoint
from dartwing.dartwing_core.api.jobs import STATUS
from dartwing.dartwing_core.api.page_assets import imports, versioned
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.parameters.references import has_documents, linked_doctypes
from dartwing.dartwing_core.background_jobs.parameters.schemas import parts_of
from dartwing.dartwing_core.background_jobs.submission.checks import usable_job_type
from dartwing.dartwing_core.background_jobs.tenancy import access, files
from dartwing.dartwing_core.background_jobs.tenancy.conditions import fields_of, readable_conditions
from dartwing.dartwing_core.doctype.background_job import kept_texts

Row = dict[str, Any]
# each letter that somebody types may be one
SEARCH = CallLimit("search", 300)
MOST_OFFERED = 20
LONGEST_SEARCH = 140
# What a pattern takes for more than a character, and its wide form, which to the collation of Frappe's
# columns is the same. A backslash before it would not do: Frappe v15 doubles those of a pattern.
WIDE = str.maketrans("%_\\", "\uff05\uff3f\uff3c")
# fields that have a text to search in
SEARCHED = ("Data", "Link", "Read Only", "Select", "Small Text", "Text")


def form_of(job_type: Row) -> Row:
	"""`{description, help, template, schema}` of a row of Job Type.

	The schema is a text: Frappe's answers would sort its keys, whose order is that of the fields.
	"""
	schema = job_type.parameters_schema
	return {
		"description": _(job_type.description) if job_type.description else "",
		"help": _(job_type.parameters_help) if job_type.parameters_help else "",
		"template": frappe.parse_json(job_type.parameters_template or None),
		"schema": with_secrets(schema) if schema else None,
	}


def with_secrets(text: str) -> str:
	"""The schema, in which parameters with masked names are said to be `writeOnly`."""
	schema = json.loads(text)
	for part in parts_of(schema):
		for name, of_name in part.get("properties", {}).items():
			if isinstance(of_name, dict) and kept_texts.is_masked(name):
				of_name["writeOnly"] = True
	return json.dumps(schema, ensure_ascii=False)


def parameter_titles(job_type: str) -> list[tuple[str, str | None]]:
	"""Names of the parameters in the order of the type's schema, with their titles where it has some."""
	schema = json.loads(frappe.get_cached_value("Job Type", job_type, "parameters_schema") or "{}")
	place = schema.get("$ref", "").removeprefix("#/$defs/")
	described = schema.get("$defs", {}).get(place, schema)
	# `true` and `false` are schemas as well
	fields = described.get("properties", {}) if isinstance(described, dict) else {}
	titles = (
		(name, field.get("title") if isinstance(field, dict) else None) for name, field in fields.items()
	)
	return [(name, title if isinstance(title, str) else None) for name, title in titles]


@endpoint(READ, STATUS, is_documented=False)
def get_form(job_type: str) -> Row:
	"""The form of a type that the user may submit, in Desk also when it is not offered on the page /jobs."""
	check_member_of_any()
	return form_of(usable_job_type(job_type, "job_type"))


@endpoint(READ, STATUS, is_documented=False)
def get_retry_form(job_id: str) -> Row:
	"""The form for a job that its reader may retry with other parameters; `parameters` are those that it has.

	They are a text, in which secrets are dots. `form` is None of a type that the user may not submit.
	"""
	job = access.check_visible(job_id)
	access.check_admin(job.organization)
	row = frappe.db.get_value("Background Job", job.name, ["job_type", "input_parameters"], as_dict=True)
	text = row.input_parameters or "{}"
	return {
		"job_type": row.job_type,
		"parameters": kept_texts.masked(text, kept_texts.secrets_of(text)),
		"form": usable_form(row.job_type),
	}


def usable_form(job_type: str) -> Row | None:
	with files.silently():
		try:
			return form_of(usable_job_type(job_type, "job_type"))
		except (frappe.DoesNotExistError, frappe.PermissionError, frappe.ValidationError):
			return None


@endpoint(READ, STATUS, is_documented=False)
def get_assets() -> Row:
	"""Where Desk loads the form and the log from: a module with its `imports`, and a style sheet."""
	return {
		"imports": imports(),
		"module": versioned("desk.js"),
		"style": versioned("parameter_form.css"),
	}


@endpoint(READ, SEARCH, is_documented=False)
def search_links(
	job_type: str,
	doctype: Annotated[str, About("A DocType that a parameter of the type links to")],
	text: Annotated[str, About("What is typed; nothing, for any")] = "",
) -> list[Row]:
	"""Up to 20 documents, `{name, title}`, whose name or text has this in it.

	The user may read them, or select them.
	"""
	check_member_of_any()
	schema = usable_job_type(job_type, "job_type").parameters_schema
	if not schema or doctype not in linked_doctypes(json.loads(schema)):
		reason = _("no parameter of {0} links to {1}").format(repr(job_type), repr(doctype))
		refuse_argument("doctype", reason, frappe.PermissionError)
	with files.silently():
		try:
			return readable_documents(doctype, text.strip()[:LONGEST_SEARCH])
		except (frappe.PermissionError, frappe.DoesNotExistError):
			# as where there are none; Frappe would tell of it
			frappe.flags.error_message = None
			return []


def check_member_of_any() -> None:
	if not access.may_submit_somewhere():
		refuse_argument("job_type", _("you are a member of no organization"), frappe.PermissionError)


def readable_documents(doctype: str, text: str) -> list[Row]:
	if not has_documents(doctype):
		return []
	meta = frappe.get_meta(doctype)
	readable = fields_of(doctype)
	title = meta.title_field if meta.title_field in readable else None
	searched = {title, *meta.get_search_fields()} & set(readable)
	texts = [name for name in searched if meta.get_field(name).fieldtype in SEARCHED]
	wanted = [[name, "like", f"%{as_it_is(text)}%"] for name in ("name", *sorted(texts))] if text else []
	rows = frappe.get_list(
		doctype,
		fields=["name", *([title] if title else [])],
		or_filters=readable_conditions(doctype, wanted, "text"),
		order_by="name asc",
		limit=MOST_OFFERED,
	)
	return [{"name": str(row.name), "title": str((title and row[title]) or row.name)} for row in rows]


def as_it_is(text: str) -> str:
	"""The text in a pattern, in which no character stands for others."""
	return text.translate(WIDE)
