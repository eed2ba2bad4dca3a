"""JSON Schemas that somebody wrote by hand for a handler that says nothing of its parameters.

The library is loaded with the first of them: most sites have none.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs.parameters.problems import (
	ContractError,
	Hiding,
	ParametersError,
	Place,
)
from dartwing.dartwing_core.background_jobs.parameters.references import FILE, LINK, UPLOAD, References
from dartwing.dartwing_core.background_jobs.parameters.schemas import parts_of

REFERENCES = ("$ref", "$dynamicRef")
SCHEMAS = 256
# errors of which the one is told that says most
MOST_COMPARED = 1000
# words of which it is not certain what was meant
WEAK = ("anyOf", "oneOf")


def checked_schema(written: Any) -> dict[str, Any]:
	"""The schema, which may be given as text; raises ContractError for what is none."""
	try:
		schema = json.loads(written) if isinstance(written, str) else written
	except ValueError as error:
		raise ContractError(_("is no valid JSON: {0}").format(error)) from error
	if not isinstance(schema, dict):
		raise ContractError(_("must be a JSON object"))
	library = import_module("jsonschema")
	try:
		library.Draft202012Validator.check_schema(schema)
	except library.SchemaError as error:
		raise ContractError(f"{error.json_path}: {error.message}") from error
	for part in parts_of(schema):
		for word in REFERENCES:
			if not str(part.get(word, "#")).startswith("#"):
				reason = _("{0} must begin with #: nothing is fetched from elsewhere")
				raise ContractError(reason.format(f"{word} {part[word]!r}"))
	return schema


class WrittenContract:
	"""A schema that was written by hand. Parameters are stored as they are given."""

	def __init__(self, schema: dict[str, Any]) -> None:
		self._library = import_module("jsonschema")
		known = import_module("referencing.jsonschema").EMPTY_REGISTRY
		self._known, self._schema = known, schema
		self._formats = self._library.FormatChecker(formats=())
		for name, read in FORMATS.items():
			self._formats.checks(name, raises=(ValueError, ArithmeticError))(_reads(read))

	def check(self, parameters: Any, references: References, hiding: Hiding) -> None:
		"""Raises ParametersError for the first thing that is wrong; `parameters` are plain JSON."""
		references.begin()
		self._check(parameters, references, hiding)
		while references.look():
			self._check(parameters, references, hiding)

	def _check(self, parameters: Any, references: References, hiding: Hiding) -> None:
		library = self._library
		words = {
			LINK: lambda _v, doctype, name, _s: _noted(library, references, (doctype, False), name),
			UPLOAD: lambda _v, is_upload, name, _s: (
				_noted(library, references, (FILE, True), name) if is_upload else ()
			),
		}
		kind = library.validators.extend(library.Draft202012Validator, words)
		validator = kind(self._schema, registry=self._known, format_checker=self._formats)
		try:
			errors = list(islice(validator.iter_errors(parameters), MOST_COMPARED))
		except RecursionError:
			raise ParametersError((), _("the schema refers to itself without end")) from None
		if errors:
			# of those on the highest level the first
			first = min(errors, key=lambda error: (len(error.absolute_path), error.validator in WEAK))
			place, reason = _told(library.exceptions.best_match([first]))
			raise hiding.error(place, reason)


def _noted(library: Any, references: References, kind: tuple[str, bool], name: Any) -> Iterator[Any]:
	reason = references.note(kind, name) if isinstance(name, str) else None
	if reason:
		yield library.ValidationError(reason)


def _told(error: Any) -> tuple[Place, str]:
	"""Where the error is, and its words without the value, which those of the library quote."""
	place, word, wanted = tuple(error.absolute_path), error.validator, error.validator_value
	if word in (LINK, UPLOAD):
		return place, error.message
	if word == "required":
		missing = next(name for name in wanted if name not in error.instance)
		return (*place, missing), _("is missing")
	if word == "additionalProperties" and wanted is False:
		known = error.schema.get("properties", {})
		unknown = next((name for name in error.instance if name not in known), None)
		return ((*place, unknown) if unknown is not None else place), _("there is no such parameter")
	said = json.dumps(wanted, ensure_ascii=False)
	return place, _("does not fulfil {0}: {1}").format(word, said if len(said) <= 80 else f"{said[:80]}…")


def _reads(read: Any) -> Any:
	return lambda value: not isinstance(value, str) or read(value) is not None


def _moment(text: str) -> datetime:
	# Python 3.10 does not know the Z
	return datetime.fromisoformat(text.replace("Z", "+00:00"))


FORMATS = {
	"date": date.fromisoformat,
	"date-time": _moment,
	"time": lambda text: time.fromisoformat(text.replace("Z", "+00:00")),
	"decimal": Decimal,
}


@lru_cache(maxsize=SCHEMAS)
def written_contract(text: str) -> WrittenContract:
	"""The contract of a schema as a Job Type keeps it."""
	return WrittenContract(json.loads(text))
