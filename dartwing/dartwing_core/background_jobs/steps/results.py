"""What a step returns, as JSON and back: the types are those of the function's own return annotation."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_type_hints

from frappe import _
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, ValidationError

from dartwing.dartwing_core.background_jobs import config, framework
from dartwing.dartwing_core.background_jobs.errors import PermanentError
from dartwing.dartwing_core.background_jobs.submission import json_objects


class ResultType:
	"""The type of what a function returns: any value of JSON, if the function does not say.

	Dataclasses, pydantic models, dates, Decimals, tuples, sets and what else pydantic knows come back as
	what they were. What the function does not declare comes back as its JSON: a tuple as a list, a date as a
	text.
	"""

	def __init__(self, step: str, function: Callable[..., Any]):
		"""Raises PermanentError for an annotation that cannot be read, or that JSON has no form for."""
		self._step = step
		try:
			self._adapter: TypeAdapter[Any] = TypeAdapter(_return_annotation(function))
		except (NameError, TypeError, PydanticUserError) as error:
			raise self._refusal(error) from error

	def kept(self, value: Any) -> tuple[str, Any]:
		"""The value as JSON, and as it comes back from that.

		Raises PermanentError for what is not of the type, cannot be stored, or is larger than 1 MiB.
		"""
		try:
			plain = self._adapter.dump_python(framework.plain(value), mode="json", warnings=False)
			text = json_objects.to_json(plain, "result")
			returned = self.from_json(text)
		except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
			raise self._refusal(error) from error
		size = len(text.encode())
		if size > config.MAX_STEP_RESULT_BYTES:
			reason = _("{0} bytes of JSON, at most {1} are kept").format(size, config.MAX_STEP_RESULT_BYTES)
			raise self._refusal(reason)
		return text, returned

	def from_json(self, text: str) -> Any:
		"""Raises PermanentError for a kept result that does not fit the type, which has changed since."""
		try:
			return self._adapter.validate_json(text)
		except ValidationError as error:
			raise self._refusal(error) from error

	def _refusal(self, reason: object) -> PermanentError:
		return PermanentError(_("step {0}: its result cannot be kept: {1}").format(repr(self._step), reason))


def _return_annotation(function: Callable[..., Any]) -> Any:
	while isinstance(function, partial):
		function = function.func
	if not hasattr(function, "__annotations__"):
		function = type(function).__call__
	annotations = getattr(function, "__annotations__", {})
	return get_type_hints(function, include_extras=True)["return"] if "return" in annotations else Any
