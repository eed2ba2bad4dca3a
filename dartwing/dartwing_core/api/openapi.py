"""The REST API as an OpenAPI 3.1 document, made from the endpoints' own types and docstrings."""

import json
from inspect import getdoc, signature
from typing import Any

from pydantic import TypeAdapter
from werkzeug.wrappers import Response

import dartwing
from dartwing.dartwing_core.api import jobs, parameter_schemas, schedules, shapes
from dartwing.dartwing_core.api.arguments import MISSING, Argument, TextOrTexts
from dartwing.dartwing_core.api.endpoints import ENDPOINTS, READ, Endpoint, endpoint

MODULES = (jobs, schedules)
JSON_TYPES: dict[type, Any] = {
	str: "string",
	int: "integer",
	bool: "boolean",
	dict: "object",
	list: "array",
	TextOrTexts: ["string", "array"],
}
REFERENCE = "#/components/schemas/{model}"
ERRORS = {
	400: "The body is no JSON",
	401: "The API key is none",
	403: "Not logged in, or not allowed",
	404: "There is no such job, group, schedule or Job Type, or it is another organization's",
	409: "The job's state does not allow it, or an equal job is unfinished",
	417: "An argument is wrong; the sentence begins with its name",
	422: "The idempotency key came with another request before",
	429: "Too many calls or jobs; the header Retry-After says in how many seconds to try again",
	503: "Others submit or change it at the same time; Retry-After says in how many seconds to try again",
}


@endpoint(("GET",), is_documented=False)
def get_document() -> Response:
	"""The document itself, not wrapped in `message`, with the parameters of what its reader may submit."""
	made = document()
	parameter_schemas.add_to(made, f"/api/method/{jobs.__name__}.submit_job")
	return Response(json.dumps(made, indent=1), mimetype="application/json")


def document() -> dict[str, Any]:
	return {
		"openapi": "3.1.0",
		"info": {
			"title": "Dartwing jobs",
			"version": dartwing.__version__,
			"description": "Submit background jobs and follow them.",
		},
		"servers": [{"url": "/"}],
		"security": [{"session": []}, {"key": []}],
		"paths": {
			f"/api/method/{module.__name__}.{name}": operations(one)
			for module in MODULES
			for name, one in ENDPOINTS.items()
			if one.function.__module__ == module.__name__
		},
		"components": {
			"schemas": {
				**definitions(),
				"Error": schema_of(shapes.Error),
				"Duplicate": schema_of(shapes.Duplicate),
				"Refused": schema_of(shapes.Refused),
				"Problem": schema_of(shapes.Problem),
			},
			"securitySchemes": {
				"session": {"type": "apiKey", "in": "cookie", "name": "sid"},
				"key": {
					"type": "apiKey",
					"in": "header",
					"name": "Authorization",
					"description": "`token <API key>:<API secret>`",
				},
			},
		},
	}


def operations(endpoint: Endpoint) -> dict[str, Any]:
	"""By GET where an endpoint takes it, else by POST."""
	summary, _blank, description = (getdoc(endpoint.function) or "").partition("\n\n")
	operation = {
		"operationId": endpoint.name,
		"summary": summary,
		"responses": {"200": success(endpoint), **{str(code): failure(code) for code in ERRORS}},
	}
	if description:
		operation["description"] = description
	if endpoint.methods == READ:
		return {"get": {**operation, "parameters": [parameter(one) for one in endpoint.arguments]}}
	return {"post": {**operation, "requestBody": body(endpoint)}}


def parameter(argument: Argument) -> dict[str, Any]:
	"""As a part of the query, which has no null: what is left out has no value there."""
	schema = {key: value for key, value in argument_schema(argument).items() if value is not None}
	if argument.about.choices:
		schema["enum"] = list(argument.about.choices)
	return {
		"name": argument.name,
		"in": "query",
		"required": argument.default is MISSING,
		"description": argument.about.description,
		"schema": {**schema, "type": JSON_TYPES[argument.type]},
	}


def body(endpoint: Endpoint) -> dict[str, Any]:
	schema = {
		"type": "object",
		"properties": {one.name: argument_schema(one) for one in endpoint.arguments},
		"required": [one.name for one in endpoint.arguments if one.default is MISSING],
		"additionalProperties": False,
	}
	return {"required": True, "content": {"application/json": {"schema": schema}}}


def argument_schema(argument: Argument) -> dict[str, Any]:
	kind = JSON_TYPES[argument.type]
	kinds = kind if isinstance(kind, list) else [kind]
	schema: dict[str, Any] = {"type": [*kinds, "null"] if argument.is_optional else kind}
	about = argument.about
	limits = {"minimum": about.at_least, "maximum": about.at_most, "description": about.description or None}
	schema.update({key: value for key, value in limits.items() if value is not None})
	if about.choices:
		schema["enum"] = [*about.choices, *([None] if argument.is_optional else [])]
	if argument.type is str and argument.default is MISSING:
		schema["minLength"] = 1
	if argument.type in (list, TextOrTexts):
		schema["items"] = {"type": JSON_TYPES[argument.item_type]}
	if argument.default is not MISSING:
		schema["default"] = argument.default
	return schema


def success(endpoint: Endpoint) -> dict[str, Any]:
	returned = schema_of(signature(endpoint.function).return_annotation)
	wrapped = {"type": "object", "properties": {"message": returned}, "required": ["message"]}
	return {"description": "Done", "content": {"application/json": {"schema": wrapped}}}


def failure(code: int) -> dict[str, Any]:
	model = {409: "Duplicate", 417: "Refused"}.get(code, "Error")
	answer: dict[str, Any] = {
		"description": ERRORS[code],
		"content": {"application/json": {"schema": {"$ref": REFERENCE.format(model=model)}}},
	}
	if code in (429, 503):
		answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
	return answer


def schema_of(kind: Any) -> dict[str, Any]:
	schema = TypeAdapter(kind).json_schema(ref_template=REFERENCE)
	schema.pop("$defs", None)
	return schema


def definitions() -> dict[str, Any]:
	"""The types that the endpoints' return types are made of."""
	found: dict[str, Any] = {}
	for one in ENDPOINTS.values():
		returned = signature(one.function).return_annotation
		found.update(TypeAdapter(returned).json_schema(ref_template=REFERENCE).get("$defs", {}))
	return found
