"""What is wrong with parameters, and where: `parameters.people[3].e_mail`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs.config import MAX_PARAMETERS_BYTES

Place = tuple[str | int, ...]
# further places that an error names
MOST_OTHERS = 5


class ParametersError(Exception):
	"""The parameters are not what the contract says; `place` leads to the value that is wrong."""

	def __init__(self, place: Place, reason: str) -> None:
		super().__init__(f"parameters{path_of(place)}: {reason}")
		self.place = place
		self.reason = reason


class ContractError(Exception):
	"""What a handler, or a person, says of parameters cannot be used."""


@dataclass(frozen=True)
class Hiding:
	"""What no error may say: the values of parameters with masked names, and texts that repeat them."""

	is_masked: Callable[[str], bool]
	hide: Callable[[str], str]

	def error(
		self, place: Place, reason: str, others: Sequence[Place] = (), is_of_value: bool = True
	) -> ParametersError:
		"""The error as it may be told: what is wrong with the value of a masked parameter is not.

		`others` are further places that are wrong, of which it names some.
		"""
		if is_of_value and any(isinstance(name, str) and self.is_masked(name) for name in place):
			reason = _("is not valid; its value is masked")
		others = [other for other in dict.fromkeys(others) if other != place]
		named = [path_of(other).removeprefix(".") for other in others[:MOST_OTHERS]]
		# names may be of the sender's own making
		named = [name for name in named if self.hide(name) == name]
		return ParametersError(place, self.hide(reason) + also_wrong(named, len(others)))


def also_wrong(named: Sequence[str], count: int) -> str:
	if not named:
		return ""
	said = ", ".join(named)
	if count > len(named):
		said = _("{0} and {1} more").format(said, count - len(named))
	return _("; also wrong: {0}").format(said)


def too_large(size: int) -> str | None:
	"""Why parameters of so many bytes of JSON are refused; None if they are not."""
	if size <= MAX_PARAMETERS_BYTES:
		return None
	return _("{0} bytes of JSON, at most {1} are allowed; put large data in a File").format(
		size, MAX_PARAMETERS_BYTES
	)


def path_of(place: Sequence[str | int]) -> str:
	return "".join(
		f".{part}" if isinstance(part, str) and part.isidentifier() else f"[{json.dumps(part)}]"
		for part in place
	)


def place_in(given: Any, location: Sequence[Any], is_missing: bool) -> Place:
	"""Where in the given parameters an error of pydantic is: its locations also name branches of unions."""
	place: list[str | int] = []
	for number, part in enumerate(location):
		is_there = part in given if isinstance(given, dict) else _is_index(given, part)
		if is_there:
			place.append(part)
			given = given[part]
		elif is_missing and number == len(location) - 1 and isinstance(part, str):
			place.append(part)
	return tuple(place)


def _is_index(given: Any, part: Any) -> bool:
	return isinstance(given, list) and isinstance(part, int) and part < len(given)
