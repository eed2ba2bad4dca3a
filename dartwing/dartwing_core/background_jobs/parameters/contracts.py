"""The contract of a handler that is typed, as `def import_people(context: JobContext[ImportPeople])`.

One is made for each handler that a process has loaded, and kept as long as that.
"""

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from frappe import _
from frappe.utils.response import json_handler
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.parameters.problems import (
	ContractError,
	Hiding,
	ParametersError,
	Place,
	Problem,
	place_in,
	too_large,
)
from dartwing.dartwing_core.background_jobs.parameters.references import References
from dartwing.dartwing_core.background_jobs.parameters.schemas import names_of, schema_of, text_of

CONTEXT = "JobContext"
# as many handlers as a process may have loaded
CONTRACTS = 1024
# with which pydantic begins most of its sentences: the place stands there
SUBJECT = re.compile(r"^[A-Z][A-Za-z ]* should ")
# each wrong value is described before one can be told; of more only their number is told
MOST_DESCRIBED = 10_000


class Contract:
	"""What a handler says of its parameters: their type, and its JSON Schema."""

	def __init__(self, kind: Any) -> None:
		"""Raises ContractError for a type that parameters cannot have."""
		try:
			self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
		except Exception as error:
			raise ContractError(f"{type(error).__name__}: {error}") from error
		self.schema = schema_of(self._adapter)
		self.schema_text = text_of(self.schema)
		self._names = lru_cache(names_of)

	def normal_form(
		self, parameters: Any, references: References, hiding_of: Callable[[str], Hiding]
	) -> dict[str, Any]:
		"""The parameters as they are stored: with defaults, every value as the type writes it in JSON.

		`hiding_of` says what errors about parameters (JSON) may not say. Raises ParametersError, also for a
		document that the session's user cannot read.
		"""
		try:
			text = to_json(framework.plain({} if parameters is None else parameters), fallback=json_handler)
		except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
			raise ParametersError((), _("cannot be stored as JSON: {0}").format(error)) from error
		reason = too_large(len(text))
		if reason:
			raise ParametersError((), reason)
		hiding = hiding_of(text.decode())
		references.begin()
		typed = self.read(text, hiding, references)
		while references.look():
			typed = self.read(text, hiding, references)
		given = json.loads(text)
		unknown = [
			Problem(place, _("there is no such parameter"), is_of_value=False)
			for place in islice(self._unknown(given, typed, ()), MOST_DESCRIBED)
		]
		if unknown:
			raise hiding.error(unknown[0], unknown[1:])
		return self._stored(typed, hiding)

	def read(self, text: str | bytes, hiding: Hiding, references: References | None = None) -> Any:
		"""The typed object from JSON; raises ParametersError."""
		try:
			return self._adapter.validate_json(text, context=references)
		except ValidationError as error:
			raise _told(error, text, hiding) from None

	def _stored(self, typed: Any, hiding: Hiding) -> dict[str, Any]:
		try:
			text = self._adapter.dump_json(typed, by_alias=True, round_trip=True)
		except PydanticSerializationError as error:
			raise hiding.error(Problem((), _("cannot be stored as JSON: {0}").format(error))) from error
		# what cannot be read back would be of no use to the handler
		self.read(text, hiding)
		stored: dict[str, Any] = json.loads(text)
		return stored

	def _unknown(self, given: Any, typed: Any, place: Place) -> Iterator[Place]:
		"""Where names stand that the type does not know, and would leave out."""
		if isinstance(typed, RootModel):
			yield from self._unknown(given, typed.root, place)
			return
		if isinstance(given, list) and isinstance(typed, list | tuple):
			pairs = [(index, one, of) for index, (one, of) in enumerate(zip(given, typed, strict=False))]
		elif not isinstance(given, dict):
			return
		elif isinstance(typed, dict):
			left_out = [name for name in given if name not in typed] if len(given) > len(typed) else []
			if left_out:
				yield from ((*place, name) for name in left_out)
				return
			# names may have become other values, as dates
			in_order = zip(given.items(), typed.values(), strict=True)
			pairs = [(name, one, typed.get(name, of)) for (name, one), of in in_order]
		elif isinstance(typed, BaseModel) or dataclasses.is_dataclass(typed):
			kind: Any = type(typed)
			names = self._names(kind)
			if names is None:
				return
			yield from ((*place, name) for name in given if name not in names)
			pairs = [
				(name, one, getattr(typed, names[name], None)) for name, one in given.items() if name in names
			]
		else:
			return
		for name, one, of in pairs:
			yield from self._unknown(one, of, (*place, name))


def _told(error: ValidationError, text: str | bytes, hiding: Hiding) -> ParametersError:
	"""The errors in the words of pydantic; these quote no input but where the type's own code does."""
	count = error.error_count()
	if count > MOST_DESCRIBED:
		return ParametersError((), _("{0} values are not valid").format(count))
	errors = error.errors(include_url=False, include_context=False, include_input=False)
	given = json.loads(text)
	first, *others = [_problem_of(one, given) for one in errors]
	# a longer location has branches of unions in it, of which perhaps none was meant
	certain = [
		other for other, one in zip(others, errors[1:], strict=True) if len(other.place) == len(one["loc"])
	]
	return hiding.error(first, certain)


def _problem_of(error: Mapping[str, Any], given: Any) -> Problem:
	is_missing = error["type"] == "missing"
	place = place_in(given, error["loc"], is_missing)
	if is_missing:
		return Problem(place, _("is missing"), is_of_value=False)
	if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
		return Problem(place, _("there is no such parameter"), is_of_value=False)
	return Problem(place, SUBJECT.sub("must ", error["msg"]).replace("Value error, ", ""))


def digest_of(contract: Contract | None) -> str | None:
	"""What the database makes of the kept schema, too (SHA2)."""
	return sha256(contract.schema_text.encode()).hexdigest() if contract else None


@lru_cache(maxsize=CONTRACTS)
def contract_of(handler: Callable) -> Contract | None:
	"""The contract of a handler; None for one that takes any parameters.

	Raises ContractError for a type that parameters cannot have.
	"""
	kind = _kind_of(handler)
	return None if kind in (None, Any) or isinstance(kind, TypeVar) or _is_dict(kind) else Contract(kind)


def _is_dict(kind: Any) -> bool:
	return kind is dict or get_origin(kind) is dict


def _kind_of(handler: Callable) -> Any:
	"""What stands in the brackets of `JobContext[…]`."""
	parameter = next(iter(inspect.signature(handler).parameters.values()))
	annotation = parameter.annotation
	if isinstance(annotation, str):
		if "[" not in annotation:
			return None
		try:
			annotation = get_type_hints(inspect.unwrap(handler), include_extras=True)[parameter.name]
		except Exception as error:
			raise ContractError(f"{annotation}: {type(error).__name__}: {error}") from error
	origin = get_origin(annotation)
	if getattr(origin, "__name__", None) != CONTEXT:
		return None
	return get_args(annotation)[0]
