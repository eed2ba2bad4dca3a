"""What is wrong with parameters, and where: `parameters.people[3].e_mail`."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs.config import MAX_PARAMETERS_BYTES

Place = tuple[str | int, ...]
# values of which an error says what is wrong with them
MOST_PROBLEMS = 10


@dataclass(frozen=True)
class Problem:
	"""What is wrong with the value at `place`; `is_of_value` where that tells something of the value."""

	place: Place
	reason: str
	is_of_value: bool = True


class ParametersError(Exception):
	"""The parameters are not what the contract says; `place` leads to the value that is wrong.

	`others` are further values that are wrong, and there are `left` that it does not name.
	"""

	def __init__(self, place: Place, reason: str, others: Sequence[Problem] = (), left: int = 0) -> None:
		self.problems = (Problem(place, reason), *others)
		self.reason = reason + also_wrong(others, left)
		self.place = place
		super().__init__(f"parameters{path_of(place)}: {self.reason}")


class ContractError(Exception):
	"""What a handler, or a person, says of parameters cannot be used."""


@dataclass(frozen=True)
class Hiding:
	"""What no error may say: the values of parameters with masked names, and texts that repeat them."""

	is_masked: Callable[[str], bool]
	hide: Callable[[str], str]

	def error(self, first: Problem, others: Iterable[Problem] = ()) -> ParametersError:
		"""The error as it may be told: what is wrong with the value of a masked parameter is not.

		It names one problem of each place, and of many places some.
		"""
		by_place = {first.place: first}
		for other in others:
			by_place.setdefault(other.place, other)
		further = list(by_place.values())[1:]
		told = [self._told(other) for other in further[: MOST_PROBLEMS - 1]]
		# names may be of the sender's own making
		named = [one for one in told if self.hide(path_of(one.place)) == path_of(one.place)]
		place = first.place
		while self.hide(path_of(place)) != path_of(place):
			place = place[:-1]
		return ParametersError(place, self._told(first).reason, named, len(further) - len(named))

	def _told(self, problem: Problem) -> Problem:
		names = [name for name in problem.place if isinstance(name, str)]
		if problem.is_of_value and any(map(self.is_masked, names)):
			return Problem(problem.place, _("is not valid; its value is masked"))
		return Problem(problem.place, self.hide(problem.reason))


def also_wrong(others: Sequence[Problem], left: int) -> str:
	if not others:
		return ""
	said = [f"{path_of(one.place).removeprefix('.')}: {one.reason}" for one in others]
	more = [_("{0} more").format(left)] if left else []
	return _("; also wrong: {0}").format("; ".join([*said, *more]))


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
