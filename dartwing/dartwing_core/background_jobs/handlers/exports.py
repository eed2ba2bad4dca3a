"""data_export: the rows of a DocType that the job's owner may read, as a private CSV or XLSX file."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import frappe
from frappe import _
from pydantic import BaseModel, BeforeValidator, Field, StrictBool

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.database.job_files import PRIVATE
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.execution.context import JobContext
from dartwing.dartwing_core.background_jobs.handlers.export_files import FORMATS, ExportFile
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import shown
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	fields_of,
	known_doctype,
	readable_conditions,
	readable_fields,
)
from dartwing.dartwing_core.background_jobs.tenancy.files import own_hash

PAGE_SIZE = 1000
PARAMETERS = ("doctype", "filters", "fields", "file_format")


def _upper(file_format: Any) -> Any:
	"""In any case; an empty one is a CSV."""
	return "CSV" if file_format in (None, "") else str(file_format).upper()


def _parsed(value: Any) -> Any:
	"""Desk and Frappe's own clients send them as JSON."""
	try:
		return json.loads(value) if isinstance(value, str) else value
	except (ValueError, RecursionError):
		return value


class DataExport(BaseModel):
	doctype: str = Field(min_length=1, title="DocType", description="Whose rows are exported.")
	filters: Annotated[dict[str, Any] | list[Any] | None, BeforeValidator(_parsed)] = Field(
		None, title="Filters", description="As of a list: an object, or a list of conditions."
	)
	fields: Annotated[list[str] | None, BeforeValidator(_parsed)] = Field(
		None, title="Fields", description="Without them: the name, and every field that you may read."
	)
	file_format: Annotated[Literal["CSV", "XLSX"], BeforeValidator(_upper)] = Field(
		"CSV", title="File Format"
	)
	inert_texts: StrictBool | None = Field(
		None,
		title="Inert Texts",
		description="Of a CSV, by default: a spreadsheet takes no text of it for a formula.",
	)
	byte_order_mark: StrictBool | None = Field(
		None,
		title="Byte Order Mark",
		description="Of a CSV, by default: Excel knows by it that the file is UTF-8.",
	)

	def given(self) -> dict[str, Any]:
		"""The parameters that were given, by their names."""
		named = {name: getattr(self, name) for name in type(self).model_fields}
		return {name: value for name, value in named.items() if value is not None}


def data_export(context: JobContext[DataExport]) -> dict:
	"""Export to a private File of the job's owner; `output_reference` is its URL.

	What the owner may read is checked here (`readable_conditions`), as it is when the job runs. The result is
	`{rows, file_size, file_format, changed_cells}`; the last says in how many cells the file differs from
	the database, and how (`export_cells`). Only one page of rows is in memory at a time. A CSV that was
	interrupted goes on behind its last checkpoint, an XLSX starts again.
	"""
	request = ExportRequest(context.parameters.given())
	total = request.count()
	export = FORMATS[request.file_format](context.job_id, request.fields, **request.options)
	export.start(context.checkpoint)
	try:
		for rows in request.pages(after=export.last_name):
			export.write(rows)
			if export.is_resumable:
				context.save_checkpoint(export.checkpoint())
			done = _("{0} of {1} rows").format(export.rows, max(total, export.rows))
			context.update_progress(100 * export.rows / max(total, export.rows), done)
		return publish(export, request)
	finally:
		export.close()


class ExportRequest:
	"""The checked parameters of one export; reads with the permissions of the session's user."""

	def __init__(self, parameters: dict[str, Any]):
		self.doctype = _exportable(parameters.get("doctype"))
		self.fields = _wanted_fields(self.doctype, parameters.get("fields"))
		self.filters = readable_conditions(self.doctype, parameters.get("filters"), "parameters.filters")
		self.file_format = _known_format(parameters.get("file_format"))
		self.options = _options(parameters, self.file_format)

	def count(self) -> int:
		return framework.count_readable(self.doctype, self.filters)

	def pages(self, after: str | None) -> Iterator[list[frappe._dict]]:
		"""Rows in the order of their names, a page at a time, so that no page depends on an offset."""
		while True:
			filters = [*self.filters, ["name", ">", after]] if after is not None else self.filters
			rows = frappe.get_list(
				self.doctype,
				filters=filters,
				fields=list(dict.fromkeys(["name", *self.fields])),
				order_by="name asc",
				limit=PAGE_SIZE,
			)
			if rows:
				yield rows
				after = rows[-1].name
			if len(rows) < PAGE_SIZE:
				return


def publish(export: ExportFile, request: ExportRequest) -> dict:
	"""Make the finished file a private File of the job's owner; a rollback of the job removes it again.

	It is not attached to the job: who may read the job would be allowed to read the file, which may
	hold rows that only its owner may read.
	"""
	file_name = f"{frappe.scrub(request.doctype)}-{export.token}.{export.extension}"
	path = frappe.get_site_path("private", "files", file_name)
	export.finish(path)
	# File.insert() would read the whole file into memory (Frappe v15)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"file_url": f"{PRIVATE}{file_name}",
			"is_private": 1,
			"file_size": export.size,
			"content_hash": own_hash(export.content_hash),
			"file_type": request.file_format,
			"folder": "Home",
		}
	)
	file.set_user_and_timestamp()
	file.name = frappe.generate_hash(length=10)
	file.db_insert()
	return {
		"output_reference": file.file_url,
		"result": {
			"rows": export.rows,
			"file_size": export.size,
			"file_format": request.file_format,
			"changed_cells": dict(export.cells.changed),
		},
	}


def _options(parameters: dict[str, Any], file_format: str) -> dict[str, bool]:
	"""The switches that were given; refuses every parameter that an export of this format does not have."""
	known = (*PARAMETERS, *FORMATS[file_format].switches)
	for name in parameters:
		if name not in known:
			reason = _("an export as {0} has no such parameter; there are {1}")
			refuse_argument(f"parameters.{name}", reason.format(file_format, ", ".join(known)))
	options = {name: parameters[name] for name in FORMATS[file_format].switches if name in parameters}
	for name, value in options.items():
		if not isinstance(value, bool):
			refuse_argument(f"parameters.{name}", _("must be true or false, not {0}").format(repr(value)))
	return options


def _exportable(doctype: Any) -> str:
	doctype = known_doctype(doctype, "parameters.doctype")
	meta = frappe.get_meta(doctype)
	if meta.istable or meta.issingle or meta.get("is_virtual"):
		refuse_argument("parameters.doctype", _("{0} has no rows of its own").format(repr(doctype)))
	for right in ("read", "export"):
		if not frappe.has_permission(doctype, right):
			refuse_argument(
				"parameters.doctype",
				_("you have no permission to {0} {1}").format(right, _(doctype)),
				frappe.PermissionError,
			)
	return doctype


def _wanted_fields(doctype: str, fields: Any) -> list[str]:
	if fields is None or fields == []:
		return ["name", *fields_of(doctype)]
	return readable_fields(doctype, fields, "parameters.fields")


def _known_format(file_format: Any) -> str:
	if file_format in (None, ""):
		return "CSV"
	wanted = file_format.upper() if isinstance(file_format, str) else ""
	if wanted not in FORMATS:
		reason = _("{0} is none of {1}").format(shown(file_format), ", ".join(FORMATS))
		refuse_argument("parameters.file_format", reason)
	return wanted
