"""What a text reads like once the spellings of its characters are taken back.

A program that repeats a value writes each of its characters as it likes: `'` is `%27` in an address, `&#39;`
or `&apos;` in HTML, `\\u0027` in JSON, `\\'` in Python, `''` in SQL, and one text may have several of them.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from dartwing.dartwing_core.background_jobs import texts

# a text may be spelled by a program that was given a spelled one
MOST_TIMES = 4
_HEX = "[0-9a-fA-F]"
_MORE = f"[89abAB]{_HEX}"


def _bytes_of_a_character(prefix: str) -> str:
	"""A character in UTF-8, whose bytes stand behind such a prefix each."""
	return (
		f"{prefix}[c-dC-D]{_HEX}{prefix}{_MORE}|{prefix}[eE]{_HEX}(?:{prefix}{_MORE}){{2}}"
		f"|{prefix}[fF][0-4](?:{prefix}{_MORE}){{3}}"
	)


SPELLED = re.compile(
	"|".join(
		(
			# addresses; a doubled `%` in formats of Python and SQL
			_bytes_of_a_character("%"),
			f"%[0-7]{_HEX}|%u{_HEX}{{4}}|%%",
			texts.ENTITY.pattern,
			# what is escaped in JSON, JavaScript, Python and SQL
			rf"\\U{_HEX}{{8}}|\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|\\u\{{{_HEX}{{1,6}}\}}|\\u{_HEX}{{4}}",
			_bytes_of_a_character(r"\\x"),
			rf"\\x{_HEX}{{2}}|\\.",
			# quotes in a shell's words, and those that are doubled in SQL and CSV
			"'\"'\"'|''|\"\"",
		)
	),
	re.DOTALL,
)
_ESCAPED = dict(zip("0abfnrtv", "\0\a\b\f\n\r\t\v", strict=True))


class Reading(NamedTuple):
	"""A text, and where each of its characters begins and ends in the one that was read."""

	text: str
	begins: list[int] | range
	ends: list[int] | range


def readings(text: str) -> Iterator[Reading]:
	"""The text itself, then with its spellings taken back once, twice …, as long as that changes it.

	The last one has `+` for blanks, too, as forms in addresses do.
	"""
	reading = Reading(text, range(len(text)), range(1, len(text) + 1))
	yield reading
	for _time in range(MOST_TIMES):
		if not SPELLED.search(reading.text):
			break
		reading = _taken_back(reading)
		yield reading
	if (alike := _alike(reading.text)) != reading.text:
		yield reading._replace(text=alike)


def last_reading(text: str) -> str:
	"""In which all spellings of a value are the same."""
	*_earlier, last = readings(text)
	return _alike(last.text)


def _alike(text: str) -> str:
	"""With one character for another, which leaves all in its place."""
	return text.replace("+", " ").replace(texts.HARMLESS_OPENING, "<")


def _taken_back(reading: Reading) -> Reading:
	parts: list[str] = []
	begins: list[int] = []
	ends: list[int] = []
	done = 0
	for match in SPELLED.finditer(reading.text):
		said = _said(match[0])
		parts += [reading.text[done : match.start()], said]
		begins += reading.begins[done : match.start()]
		ends += reading.ends[done : match.start()]
		begins += [reading.begins[match.start()]] * len(said)
		ends += [reading.ends[match.end() - 1]] * len(said)
		done = match.end()
	parts.append(reading.text[done:])
	begins += reading.begins[done:]
	ends += reading.ends[done:]
	return Reading("".join(parts), begins, ends)


def _said(spelled: str) -> str:
	"""The character that is spelled so."""
	kind, rest = spelled[0], spelled[1:]
	if kind == "&":
		return html.unescape(spelled)
	if kind == "%":
		return rest if rest == "%" else chr(int(rest[1:], 16)) if rest[0] == "u" else unquote(spelled)
	if kind != "\\":
		# one of several quotes
		return kind
	if rest[0] in "uU" and rest[1:]:
		return _of_code(rest)
	if rest[0] == "x" and rest[1:]:
		return (
			bytes.fromhex(spelled.replace("\\x", "")).decode(errors="replace")
			if rest[3:]
			else chr(int(rest[1:], 16))
		)
	return _ESCAPED.get(rest, rest)


def _of_code(escape: str) -> str:
	"""`u0027`, `U00000027`, `u{27}`, or the two halves of a character that has two: `ud83d\\ude00`."""
	first, _half, second = escape.partition("\\u")
	if second:
		return bytes.fromhex(first[1:] + second).decode("utf-16-be")
	code = int(first[1:].strip("{}"), 16)
	return chr(code) if code <= 0x10FFFF else escape
