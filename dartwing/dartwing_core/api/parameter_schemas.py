"""The schemas of parameters in the OpenAPI document: of the Job Types that its reader may submit."""

import json
import re
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.submission.checks import may_use
from dartwing.dartwing_core.background_jobs.tenancy import access

COMPONENTS = "#/components/schemas/"
NO_NAME = re.compile(r"[^A-Za-z0-9._-]")


def add_to(document: dict[str, Any], submission: str) -> None:
	"""Add the schemas, and say in the body of the submission's path which Job Type takes which."""
	body = document["paths"][submission]["post"]["requestBody"]["content"]["application/json"]["schema"]
	components, rules = document["components"]["schemas"], []
	for job_type, schema in schemas():
		name = _free_name(job_type, components)
		components[name] = _moved(schema, f"{COMPONENTS}{name}")
		of_type = {"properties": {"job_type": {"const": job_type}}, "required": ["job_type"]}
		rules.append({"if": of_type, "then": {"properties": {"parameters": {"$ref": f"{COMPONENTS}{name}"}}}})
	if rules:
		body["allOf"] = rules


def schemas() -> list[tuple[str, dict[str, Any]]]:
	"""Job Types with a schema that the session's user may submit, by their names."""
	if not access.may_submit_somewhere():
		return []
	fields = ["name", "requires_permission", "parameters_schema"]
	filters = {"is_enabled": 1, "parameters_schema": ("is", "set")}
	rows = frappe.get_all("Job Type", filters, fields, order_by="name asc")
	return [(row.name, json.loads(row.parameters_schema)) for row in rows if may_use(row)]


def _free_name(job_type: str, taken: dict[str, Any]) -> str:
	name = f"Parameters_{NO_NAME.sub('_', job_type)}"
	while name in taken:
		name += "_"
	return name


def _moved(part: Any, root: str) -> Any:
	"""A part of a schema whose root is there: what refers to it by `#` refers to that place."""
	if isinstance(part, list):
		return [_moved(one, root) for one in part]
	if not isinstance(part, dict):
		return part
	moved = {key: _moved(value, root) for key, value in part.items()}
	reference = moved.get("$ref")
	if isinstance(reference, str) and reference.startswith("#"):
		moved["$ref"] = root + reference[1:]
	return moved
