"""Argument checks of whitelisted functions by their type annotations."""

from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import Parameter, isclass, signature
from types import EllipsisType
from typing import Any, ForwardRef, Union

import pydantic
from frappe.exceptions import FrappeTypeError

# what HTTP clients send for a Check
LENIENT_TYPES = {bool: Union[int, bool, float]}  # noqa: UP007 - error messages print it in this form


def validate_argument_types(func: Callable, apply_condition: Callable = lambda: True):
	"""Wrap `func`: where the condition holds, arguments are cast to their annotations, or refused."""

	@wraps(func)
	def wrapper(*args, **kwargs):
		if apply_condition():
			args, kwargs = transform_parameter_types(func, args, kwargs)
		return func(*args, **kwargs)

	return wrapper


def transform_parameter_types(func: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
	"""The arguments cast to the function's annotations.

	Annotations that are strings are skipped; the type of the default is accepted too. Raises
	FrappeTypeError naming the argument.
	"""
	if not (args or kwargs) or not func.__annotations__:
		return args, kwargs
	parameters = signature(func).parameters
	new_args, new_kwargs = list(args), dict(kwargs)
	positions = dict(zip(parameters, range(len(args)), strict=False))
	for name, annotation in func.__annotations__.items():
		if is_unresolved(annotation) or (name not in kwargs and name not in positions):
			continue
		value = kwargs[name] if name in kwargs else args[positions[name]]
		value = cast_argument(name, accepted_type(annotation, parameters[name].default), value)
		if name in kwargs:
			new_kwargs[name] = value
		else:
			new_args[positions[name]] = value
	return new_args, new_kwargs


def is_unresolved(annotation: Any) -> bool:
	inner = getattr(annotation, "__args__", ())
	return any(isinstance(part, ForwardRef | str) for part in (annotation, *inner))


def accepted_type(annotation: Any, default: Any) -> Any:
	accepted = LENIENT_TYPES.get(annotation, annotation) if isclass(annotation) else annotation
	if default is not Parameter.empty and default != annotation:
		accepted = Union[accepted, type(default)]  # noqa: UP007 - `|` fails on annotations that are no types
	return accepted


def cast_argument(name: str, accepted: Any, value: Any) -> Any:
	try:
		result = adapter_of(accepted).validate_python(value)
	except (TypeError, pydantic.ValidationError) as error:
		raise_type_error(name, accepted, value, error)
	if isinstance(result, EllipsisType):
		raise_type_error(name, accepted, value)
	return result


@lru_cache(maxsize=2048)
def adapter_of(accepted: Any) -> pydantic.TypeAdapter:
	return pydantic.TypeAdapter(accepted, config=pydantic.ConfigDict(arbitrary_types_allowed=True))


def raise_type_error(name: str, expected: Any, value: Any, cause: Exception | None = None):
	raise FrappeTypeError(
		f"Argument '{name}' should be of type '{qualified_name(expected)}' but got "
		f"'{qualified_name(value)}' instead."
	) from cause


def qualified_name(thing: Any) -> Any:
	"""Name of a type or of a value's type; a generic or union stands for itself."""
	kind = thing if isclass(thing) else type(thing)
	if kind.__module__ in ("typing", "types"):
		return thing
	return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
