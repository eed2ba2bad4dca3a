"""What stands for a hidden name in a request, and how the answer is made to say what was sent.

The name that stands in for a hidden one is the name that was sent, with digits added at its end. Frappe
escapes the letters of the sent name in its answer as it would those of any unknown name, and digits are
written alike in JSON, HTML and addresses, so that they can be found there and taken away.

They are drawn anew for each request, and taken away from its answer alone: whoever knew the digits of other
requests could send markup with digits in it, of which no door sees that it is some, and be answered markup.
"""

import json
import re
import secrets
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from dartwing.dartwing_core.api import mentions
from dartwing.dartwing_core.background_jobs.tenancy import access_hooks

DIGITS = 20
PLAIN = re.compile(f"[A-Za-z0-9]{{{DIGITS}}}")
# an answer may hold messages as JSON, of which each is JSON, and holds what is
DEEPEST_JSON = 4


@dataclass(frozen=True)
class Replacement:
	"""What a request's hidden names were replaced by, and how the answer is made to say what was sent."""

	hidden: frozenset[str]
	digits: str

	def of(self, name: str, keeps_nobodys: bool = False) -> str:
		"""A name that does not exist: the given one and the digits, which replace a part of a long name.

		With `keeps_nobodys`, people who are in no organization keep their names.
		"""
		if name not in self.hidden or (keeps_nobodys and not access_hooks.members_of_others([name])):
			return name
		return name + self.digits if len(name) + DIGITS <= mentions.LONGEST_NAME else self._cut(name)

	def _cut(self, name: str) -> str:
		"""The digits stand where the name has letters that every answer writes as they are, if it has."""
		plain = PLAIN.search(name)
		start = plain.start() if plain else len(name) - DIGITS
		return name[:start] + self.digits + name[start + DIGITS :]

	def undone(self, text: str) -> str:
		"""The text of an answer, in which the names that were sent stand again for their replacements."""
		for name in self.hidden:
			if self.of(name) == self._cut(name):
				for cut, whole in zip(as_answered(self._cut(name)), as_answered(name), strict=True):
					text = text.replace(cut, whole)
		return text.replace(self.digits, "")


def as_answered(text: str) -> list[str]:
	"""All that an answer may write for a text: in an address, in HTML or not, in JSON however deep."""
	written = []
	for as_ascii in (True, False):
		for one in (text, escape(text, quote=False), escape(text)):
			for _depth in range(DEEPEST_JSON + 1):
				written.append(one)
				one = json.dumps(one, ensure_ascii=as_ascii)[1:-1]
	return [*written, quote(text)]


def drawn_digits() -> str:
	"""Digits that nobody knows before the request that they are drawn for is answered."""
	return "".join(secrets.choice("0123456789") for _digit in range(DIGITS))
