"""JSON Schemas that somebody wrote by hand for a handler that says nothing of its parameters.

The library is loaded with the first of them: most sites have none.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from itertools import chain, islice
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs.errors import fault_of_json
from dartwing.dartwing_core.background_jobs.parameters.problems import (
	ContractError,
	Hiding,
	ParametersError,
	Problem,
)
from dartwing.dartwing_core.background_jobs.parameters.references import FILE, LINK, UPLOAD, References
from dartwing.dartwing_core.background_jobs.parameters.schemas import parts_of
from dartwing.dartwing_core.background_jobs.texts import cut

REFERENCES = ("$ref", "$dynamicRef")
SCHEMAS = 256
# errors of which the one is told that says most
MOST_COMPARED = 1000
# steps that the library may take for the parameters of one job; a step takes it microseconds
MOST_STEPS = 500_000
# words for which the library compares each item of a list, or name, with all that others have checked
QUADRATIC = ("unevaluatedItems", "unevaluatedProperties")
# values that an error names, and its characters
MOST_NAMED = 10
LONGEST_REASON = 200
# words of which it is not certain what was meant
WEAK = ("anyOf", "oneOf")
# Python reads more as a Decimal: what is no number, any digits, and exponents that make a number of gigabytes
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def checked_schema(written: Any) -> dict[str, Any]:
	"""The schema, which may be given as text; raises ContractError for what is none."""
	try:
		schema = json.loads(written) if isinstance(written, str) else written
	except (ValueError, RecursionError) as error:
		raise ContractError(fault_of_json(error)) from error
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
		"""Raises ParametersError for what is wrong; `parameters` are plain JSON."""
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
			"uniqueItems": lambda _v, is_wanted, items, _s: (
				_unique(library, items) if is_wanted and isinstance(items, list) else ()
			),
			"multipleOf": lambda _v, unit, number, _s: (
				() if _is_multiple(number, unit) else [library.ValidationError("")]
			),
		}
		kind = library.validators.extend(library.Draft202012Validator, words)
		kind = library.validators.extend(kind, _counted(kind.VALIDATORS))
		validator = kind(self._schema, registry=self._known, format_checker=self._formats)
		try:
			errors = list(islice(validator.iter_errors(parameters), MOST_COMPARED))
		except RecursionError:
			raise ParametersError((), _("the schema refers to itself without end")) from None
		if errors:
			# of those on the highest level the first
			first = min(errors, key=lambda error: (len(error.absolute_path), error.validator in WEAK))
			in_order = [first, *(error for error in errors if error is not first)]
			told = chain.from_iterable(_told(library.exceptions.best_match([error])) for error in in_order)
			raise hiding.error(next(told), told)


def _counted(words: Mapping[str, Any]) -> dict[str, Any]:
	"""The words of schemas, which end in a ParametersError when they ask for more than MOST_STEPS.

	Schemas that refer to themselves, and lists of many choices, may ask for any number of steps.
	"""
	left = MOST_STEPS

	def counted(word: str, check: Any) -> Any:
		def step(validator: Any, wanted: Any, given: Any, schema: Any) -> Any:
			nonlocal left
			left -= _steps(word, wanted, given)
			if left < 0:
				reason = _(
					"to check them by their schema takes more than {0} steps; put large data in a File"
				)
				raise ParametersError((), reason.format(MOST_STEPS))
			return check(validator, wanted, given, schema)

		return step

	return {word: counted(word, check) for word, check in words.items()}


def _steps(word: str, wanted: Any, given: Any) -> int:
	steps = 1 + (len(wanted) // 10 if isinstance(wanted, list | dict) else 0)
	if word in QUADRATIC and isinstance(given, list | dict):
		steps += len(given) ** 2 // 100
	return steps


def _is_multiple(number: Any, unit: int | float) -> bool:
	"""As the numbers are written: to the library, 0.3 is no multiple of 0.1."""
	if isinstance(number, bool) or not isinstance(number, int | float):
		return True
	exact = [Fraction(one if isinstance(one, int) else repr(one)) for one in (number, unit)]
	return exact[0] % exact[1] == 0


def _unique(library: Any, items: list[Any]) -> Iterator[Any]:
	"""The library compares each two items."""
	seen = set()
	for item in items:
		same = identity(item)
		if same in seen:
			yield library.ValidationError("")
			return
		seen.add(same)


def identity(item: Any) -> str:
	"""A text that is the same for what is equal in JSON: 1 and 1.0 are, and objects in any order."""
	return json.dumps(_exact(item), sort_keys=True, separators=(",", ":"))


def _exact(value: Any) -> Any:
	if isinstance(value, dict):
		return {name: _exact(one) for name, one in value.items()}
	if isinstance(value, list):
		return list(map(_exact, value))
	return int(value) if isinstance(value, float) and value.is_integer() else value


def _noted(library: Any, references: References, kind: tuple[str, bool], name: Any) -> Iterator[Any]:
	reason = references.note(kind, name) if isinstance(name, str) else None
	if reason:
		yield library.ValidationError(reason)


def _told(error: Any) -> list[Problem]:
	"""Where the error is, and its words without the value, which those of the library quote.

	Of what is missing or unknown in an object the library has one error, or one for each, without the name.
	"""
	place, word, wanted = tuple(error.absolute_path), error.validator, error.validator_value
	if word in (LINK, UPLOAD):
		return [Problem(place, error.message)]
	if word == "required":
		missing = [name for name in dict.fromkeys(wanted) if name not in error.instance]
		return [Problem((*place, name), _("is missing"), is_of_value=False) for name in missing]
	if word == "additionalProperties" and wanted is False:
		known = error.schema.get("properties", {})
		unknown = [(*place, name) for name in error.instance if name not in known] or [place]
		return [Problem(one, _("there is no such parameter"), is_of_value=False) for one in unknown]
	if word in WORDS:
		said = WORDS[word](wanted)
	else:
		said = _("does not fulfil {0}: {1}").format(word, json.dumps(wanted, ensure_ascii=False))
	return [Problem(place, cut(said, LONGEST_REASON))]


def _one_of(values: list[Any]) -> str:
	"""As pydantic says it: `'A4', 'A5' or 'A6'`."""
	said = [repr(value) if isinstance(value, str) else json.dumps(value) for value in values[:MOST_NAMED]]
	if len(values) > MOST_NAMED:
		return _("must be one of {0}").format(", ".join([*said, "…"]))
	return _("must be {0}").format(_(" or ").join(filter(None, [", ".join(said[:-1]), *said[-1:]])))


def _at_least(count: int, one: str, many: str) -> str:
	return _("must have at least {0} {1}").format(count, one if count == 1 else many)


def _at_most(count: int, one: str, many: str) -> str:
	return _("must have at most {0} {1}").format(count, one if count == 1 else many)


def _of_type(types: Any) -> str:
	known = {"array": _("list"), "null": _("null")}
	types = [known.get(one, _(one)) for one in ([types] if isinstance(types, str) else types)]
	return _("must be a valid {0}").format(_(" or ").join(types))


def _as_written(number: float) -> str:
	"""Pydantic 2.7, of Frappe v15, writes a whole bound of a float as 0.0 into the schema."""
	return str(int(number) if isinstance(number, float) and number.is_integer() else number)


FORMAT_NAMES = {"date-time": "datetime"}
# the words of pydantic for what typed handlers refuse, so that people read the same of both
WORDS: dict[str, Callable[[Any], str]] = {
	"type": _of_type,
	"enum": _one_of,
	"const": lambda value: _one_of([value]),
	"minLength": lambda count: _at_least(count, _("character"), _("characters")),
	"maxLength": lambda count: _at_most(count, _("character"), _("characters")),
	"minItems": lambda count: _at_least(count, _("item"), _("items")),
	"maxItems": lambda count: _at_most(count, _("item"), _("items")),
	"minProperties": lambda count: _at_least(count, _("item"), _("items")),
	"maxProperties": lambda count: _at_most(count, _("item"), _("items")),
	"minimum": lambda bound: _("must be greater than or equal to {0}").format(_as_written(bound)),
	"maximum": lambda bound: _("must be less than or equal to {0}").format(_as_written(bound)),
	"exclusiveMinimum": lambda bound: _("must be greater than {0}").format(_as_written(bound)),
	"exclusiveMaximum": lambda bound: _("must be less than {0}").format(_as_written(bound)),
	"multipleOf": lambda number: _("must be a multiple of {0}").format(_as_written(number)),
	"pattern": lambda pattern: _("must match pattern {0}").format(repr(pattern)),
	"format": lambda name: _("must be a valid {0}").format(_(FORMAT_NAMES.get(name, name))),
	"uniqueItems": lambda _is_wanted: _("must have no two equal items"),
}


def _reads(read: Any) -> Any:
	return lambda value: not isinstance(value, str) or read(value) is not None


def _moment(text: str) -> datetime:
	# Python 3.10 does not know the Z
	return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _decimal(text: str) -> Decimal:
	if not DECIMAL.fullmatch(text):
		raise ValueError(text)
	return Decimal(text)


FORMATS = {
	"date": date.fromisoformat,
	"date-time": _moment,
	"time": lambda text: time.fromisoformat(text.replace("Z", "+00:00")),
	"decimal": _decimal,
}


@lru_cache(maxsize=SCHEMAS)
def written_contract(text: str) -> WrittenContract:
	"""The contract of a schema as a Job Type keeps it."""
	return WrittenContract(json.loads(text))
