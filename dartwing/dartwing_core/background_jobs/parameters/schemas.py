"""The JSON Schema of a type of parameters, as forms and clients read it: every number in it is exact."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.parameters.problems import ContractError

# keywords that hold schemas by their names
MAPS = ("$defs", "properties", "patternProperties", "dependentSchemas")
# keywords that hold values, not schemas
VALUES = ("default", "examples", "enum", "const")


class ExactSchema(GenerateJsonSchema):
	"""Decimals are texts, and unknown names are refused where a class does not say otherwise."""

	def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
		number: dict[str, Any] = next(iter(super().decimal_schema(schema).get("anyOf", [])), {})
		bounds = {key: value for key, value in number.items() if key.endswith(("imum", "Minimum", "Maximum"))}
		return {"type": "string", "format": "decimal", **bounds}

	def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
		return _closed(schema["cls"], super().model_schema(schema))

	def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
		return _closed(schema["cls"], super().dataclass_schema(schema))


def _closed(cls: type, schema: JsonSchemaValue) -> JsonSchemaValue:
	if is_closed(cls) and "properties" in schema:
		schema.setdefault("additionalProperties", False)
	return schema


def is_closed(cls: type) -> bool:
	"""Whether the class says nothing of names that it does not know."""
	config = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
	return "extra" not in config


def schema_of(adapter: TypeAdapter) -> dict[str, Any]:
	"""Raises ContractError for a type that has no schema, or whose values cannot be stored as they are."""
	try:
		schema = adapter.json_schema(schema_generator=ExactSchema)
	except Exception as error:
		raise ContractError(f"{type(error).__name__}: {error}") from error
	if not (schema.get("type") == "object" or {"$ref", "oneOf", "anyOf"} & schema.keys()):
		raise ContractError("it is no object with named parameters")
	for part in parts_of(schema):
		if part.get("writeOnly"):
			raise ContractError(
				"a SecretStr is stored as dots; use a str with a name that is masked, as in `api_token`"
			)
	return schema


def text_of(schema: Any) -> str:
	"""As a Job Type keeps it: in the order of its author, which is that of a form's fields."""
	# Desk may show it as HTML
	return texts.inert_json(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))


def parts_of(schema: Any) -> list[Mapping[str, Any]]:
	"""The schema and all schemas in it."""
	found, left = [], [schema]
	while left:
		part = left.pop()
		if isinstance(part, list):
			left += part
		elif isinstance(part, Mapping):
			found.append(part)
			for key, value in part.items():
				if key in MAPS and isinstance(value, Mapping):
					left += value.values()
				elif key not in VALUES and isinstance(value, Mapping | list):
					left.append(value)
	return found


def names_of(cls: type) -> dict[str, str] | None:
	"""The names that an object of the class takes, each with its attribute; None where any name will do."""
	if not is_closed(cls):
		return None
	fields = getattr(cls, "model_fields", None) or getattr(cls, "__pydantic_fields__", None)
	if fields is None:
		return {field.name: field.name for field in dataclasses.fields(cls)}
	config = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
	by_name = config.get("populate_by_name") or config.get("validate_by_name")
	names: dict[str, str] = {}
	for name, info in fields.items():
		aliases = _aliases(info.validation_alias)
		names.update(dict.fromkeys([*aliases, *([name] if by_name or not aliases else [])], name))
	return names


def _aliases(alias: Any) -> list[str]:
	if alias is None or isinstance(alias, str):
		return [alias] if alias else []
	choices = getattr(alias, "choices", None)
	if choices is not None:
		return [name for choice in choices for name in _aliases(choice)]
	return [alias.path[0]]
