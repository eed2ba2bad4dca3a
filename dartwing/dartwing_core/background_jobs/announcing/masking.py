"""Secrets in what people are shown of a job: its parameters, and texts that repeat one of their values."""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.announcing.spellings import Reading, last_reading, readings

MASK = "••••••"
# as it may stand in JSON
SPELLED = (MASK, json.dumps(MASK)[1:-1])
SEPARATORS = re.compile(r"[^a-z0-9]+")
# a shorter value is hidden where its key stands, and nowhere else: "on" or "7" is part of half of all texts,
# which nobody could read any more, and is found by trying anyway
SHORTEST_SECRET = 4
# a key that is the name of a field, and no secret: `user name`, `client_email`
WORDS_ONLY = re.compile(r"(?:[^\W\d]|[-. ]){1,32}")


class Secrets:
	"""The values of a job's masked parameters, to be hidden wherever a text says one of them."""

	def __init__(self, values: Iterable[str] = ()):
		"""Values are what stands under masked keys, in whatever is nested there."""
		said = {text for value in values for text in (value, value.strip(), texts.plain(value))}
		self._numbers = {abs(number) for text in said if (number := _number_of(text)) is not None}
		self._values = {told for text in said for told in (text, last_reading(text)) if _is_told(told)}

	@classmethod
	def of(cls, parameters: str | None, words: Iterable[str]) -> "Secrets":
		"""The secrets among a job's parameters, given as JSON; nothing is looked up."""
		wanted = [letters_and_digits(word) for word in words if letters_and_digits(word)]
		return cls(_secrets_in(json.loads(parameters), wanted) if parameters and wanted else ())

	def __bool__(self) -> bool:
		return bool(self._values)

	def include(self, others: "Secrets") -> None:
		"""Hide the others as well from now on, for everybody who has been given this object."""
		# what reads them in another thread finds the old ones or the new ones
		self._numbers = self._numbers | others._numbers if others._numbers else self._numbers
		if not others._values <= self._values:
			self._values = self._values | others._values

	def hide(self, text: str) -> str:
		"""The text with dots for every value, however each of its characters is spelled; case counts."""
		values = self._values
		if not values:
			return text
		found = [place for reading in readings(text) for place in _places_of(values, reading)]
		parts, done = [], 0
		for begin, end in sorted(found):
			# another value, or another reading, may begin within it
			if begin >= done:
				parts += [text[done:begin], MASK]
			done = max(done, end)
		return "".join(parts) + text[done:] if found else text

	def hide_in(self, value: Any) -> Any:
		"""The JSON value with secrets hidden in its texts and keys, and where a number is one."""
		if isinstance(value, str):
			return self.hide(value)
		if isinstance(value, dict):
			return self._hide_in_object(value)
		if isinstance(value, list):
			return [self.hide_in(item) for item in value]
		return MASK if self._is_secret_number(value) else value

	def _hide_in_object(self, value: dict[str, Any]) -> dict[str, Any]:
		shown: dict[str, Any] = {}
		namesakes: Counter[str] = Counter()
		for key, item in value.items():
			name = hidden = self.hide(key)
			while name in shown:
				namesakes[hidden] += 1
				name = f"{hidden} ({namesakes[hidden] + 1})"
			shown[name] = self.hide_in(item)
		return shown

	def _is_secret_number(self, value: Any) -> bool:
		"""Whether the whole number is a secret: its digits stand in many others."""
		if not self._numbers or isinstance(value, bool) or not isinstance(value, int | float):
			return False
		return abs(value) in self._numbers and _is_told(str(value))

	def hide_in_json(self, serialized: str) -> str:
		"""`hide_in` for JSON as text."""
		if not self:
			return serialized
		value = json.loads(serialized)
		return compact(self._among(compact(value)).hide_in(value))

	def _among(self, text: str) -> "Secrets":
		"""Those that the JSON repeats, so that not each of many is looked for in each of many texts."""
		some = Secrets()
		read_as = [reading.text for reading in readings(text)]
		some._values = {
			value
			for value in self._values
			if compact(value)[1:-1] in text or any(value in one for one in read_as)
		}
		some._numbers = self._numbers
		return some

	def line(self, value: Any, characters: int = texts.MAX_LINE) -> str:
		"""What people are told, made from any value: see `texts.line`."""
		return texts.line(value, characters, self.hide)

	def traceback(self, value: Any) -> str:
		"""A traceback with secrets hidden. Its `<module>` is no tag: it stays, and Desk escapes it."""
		return texts.shortened(self.hide(texts.without_server_paths(texts.storable(value))))

	def result(self, serialized: str) -> str:
		return texts.inert_json(self.hide_in_json(serialized))


def mask_text(text: str, words: Iterable[str]) -> str:
	"""`mask` for JSON as text."""
	return texts.inert_json(compact(mask(json.loads(text), words)))


def compact(value: Any) -> str:
	return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def mask(value: Any, words: Iterable[str]) -> Any:
	"""The value with dots for all that stands under a key which contains one of the words, at any depth.

	Case and separators do not count: `api_key` finds `apiKey` and `X-API-Key`. Empty values stay empty.
	"""
	wanted = [letters_and_digits(word) for word in words if letters_and_digits(word)]
	return _mask(value, wanted) if wanted else value


def place_of_mask(text: str, words: Iterable[str]) -> tuple[str | int, ...] | None:
	"""Where in the JSON dots stand under such a key, in place of the value that they hid."""
	if not any(spelled in text for spelled in SPELLED):
		return None
	wanted = [letters_and_digits(word) for word in words if letters_and_digits(word)]
	return next(_places_of_mask(json.loads(text), wanted, ()), None)


def _places_of_mask(
	value: Any, wanted: list[str], place: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
	pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
	for name, item in pairs:
		if item == MASK and isinstance(name, str) and _is_secret(name, wanted):
			yield (*place, name)
		yield from _places_of_mask(item, wanted, (*place, name))


def letters_and_digits(name: str) -> str:
	"""The letters and digits of a key, without accents and in ordinary width."""
	return SEPARATORS.sub("", unicodedata.normalize("NFKD", name).lower())


def _mask(value: Any, wanted: list[str]) -> Any:
	if isinstance(value, dict):
		return {
			key: MASK if item and _is_secret(key, wanted) else _mask(item, wanted)
			for key, item in value.items()
		}
	if isinstance(value, list):
		return [_mask(item, wanted) for item in value]
	return value


def _is_secret(key: str, wanted: list[str]) -> bool:
	return any(word in letters_and_digits(key) for word in wanted)


def _places_of(values: Iterable[str], reading: Reading) -> Iterator[tuple[int, int]]:
	"""Where the text says one of the values: begin and end."""
	for value in values:
		at = reading.text.find(value)
		while at >= 0:
			end = at + len(value)
			yield reading.begins[at], reading.ends[end - 1]
			at = reading.text.find(value, end)


def _number_of(text: str) -> int | float | None:
	"""The number that a JSON value may have in place of the text."""
	for read in (int, float):
		try:
			number = read(text)
		except ValueError:
			continue
		return number if isinstance(number, int) or math.isfinite(number) else None
	return None


def _is_told(text: str) -> bool:
	"""Whether texts may repeat the value, so that they must be searched for it."""
	return len(text) >= SHORTEST_SECRET


def _secrets_in(value: Any, wanted: list[str]) -> Iterator[str]:
	if isinstance(value, dict):
		for key, item in value.items():
			yield from _leaves(item) if _is_secret(key, wanted) else _secrets_in(item, wanted)
	elif isinstance(value, list):
		for item in value:
			yield from _secrets_in(item, wanted)


def _leaves(value: Any) -> Iterator[str]:
	"""Texts and numbers in the value, and keys in it that are more than words.

	True, false, null and the names of fields are too common to be secrets.
	"""
	if isinstance(value, dict):
		for key, item in value.items():
			if not WORDS_ONLY.fullmatch(key):
				yield key
			yield from _leaves(item)
	elif isinstance(value, list):
		for item in value:
			yield from _leaves(item)
	elif isinstance(value, str):
		yield value
	elif isinstance(value, int | float) and not isinstance(value, bool):
		yield str(value)


NO_SECRETS = Secrets()
