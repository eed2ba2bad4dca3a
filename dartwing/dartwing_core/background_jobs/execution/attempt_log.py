"""The log of one attempt: lines that its handler says, kept and told beside the handler's transaction.

The first lines of an attempt are kept, and the last ones. A line costs the handler an entry in memory;
what is kept of many is written together, at the pace of progress.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.announcing.masking import NO_SECRETS, Secrets
from dartwing.dartwing_core.background_jobs.announcing.realtime import publish_job_log
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection

# a longer text is made what is kept of it at once, so that it does not stay in memory
LONG_CHARACTERS = 10_000
# a part of so many lines, or characters, is not written anew with further ones
PART_LINES = 50
PART_CHARACTERS = 8_000

# of the lines that an event tells
MAX_TOLD_LINES = 50
MAX_TOLD_CHARACTERS = 10_000

INFO = "INFO"
LEVELS = (INFO, "WARNING", "ERROR", "CRITICAL")


class Line(NamedTuple):
	number: int
	# as `time.monotonic()` shows it
	at: float
	level: str
	text: str
	traceback: str | None
	is_told: bool

	@property
	def characters(self) -> int:
		return len(self.text) + len(self.traceback or "")


# number, time in UTC, level, text: as it is stored
Told = tuple[int, str, str, str]
FIELDS = ("line", "at", "level", "text")


class Part(NamedTuple):
	"""Lines that are one row."""

	first: int
	lines: int
	characters: int


class AttemptLog:
	"""Lines may be added in any thread; `write` is called in one at a time."""

	def __init__(self, control: ControlConnection, secrets: Secrets = NO_SECRETS, attempt: int = 1):
		self._control = control
		self._secrets = secrets
		# a child of the process has a copy of this, and a connection that is not its own
		self._process = os.getpid()
		# a handler's own signal may log while the handler does
		self._lock = threading.RLock()
		self._count = 0
		self._first: list[Line] = []
		self._first_characters = 0
		self._last: deque[Line] = deque()
		self._last_characters = 0
		self._is_closed = False
		self._attempt = attempt
		self._has_written = False
		# lines to be written, in groups, and whether these are of the first lines
		self._waiting: list[tuple[list[Told], bool]] = []
		# what the row has that is written anew, and whether that is of the first lines
		self._open: list[Told] = []
		self._is_of_the_first = True
		# rows of the last lines that are not written anew
		self._parts: deque[Part] = deque()

	def add(self, level: str, text: str, traceback: str | None = None) -> bool:
		"""Note a line; whether it is to be written."""
		if os.getpid() != self._process:
			return False
		is_told = len(text) > LONG_CHARACTERS
		if is_told:
			text = self._secrets.line(text, config.MAX_LOG_LINE)
		if traceback and len(traceback) > LONG_CHARACTERS:
			traceback = texts.shortened(self._secrets.traceback(traceback), config.MAX_LOG_TRACEBACK)
		with self._lock:
			if self._is_closed:
				return False
			self._count += 1
			line = Line(self._count, time.monotonic(), level, text, traceback, is_told)
			if self._count <= config.FIRST_LOG_LINES and self._first_characters < config.FIRST_LOG_CHARACTERS:
				self._first.append(line)
				self._first_characters += line.characters
			else:
				# from here on nothing is one of the first
				self._first_characters = config.FIRST_LOG_CHARACTERS
				self._last.append(line)
				self._last_characters += line.characters
				self._forget_the_oldest()
		return True

	def _forget_the_oldest(self) -> None:
		while len(self._last) > config.LAST_LOG_LINES or (
			self._last_characters > config.LAST_LOG_CHARACTERS and len(self._last) > 1
		):
			self._last_characters -= self._last.popleft().characters

	def close(self) -> None:
		"""Take no further line: the attempt is over."""
		with self._lock:
			self._is_closed = True

	def write(self) -> bool:
		"""Write what was added, and tell the organization; False if nothing was.

		Raises what the connection raises when it is lost: then the lines are written the next time.
		"""
		self._collect()
		written: list[Told] = []
		while self._waiting:
			lines, is_of_the_first = self._waiting[0]
			self._write(lines, is_of_the_first)
			self._waiting.pop(0)
			written += lines
		if written:
			self._tell_the_organization(written)
		return bool(written)

	def give_up(self) -> None:
		"""Forget the lines that wait to be written: the database has refused them."""
		self._waiting.clear()

	def _collect(self) -> None:
		with self._lock:
			first, self._first = self._first, []
			last, self._last, self._last_characters = self._last, deque(), 0
		for lines, is_of_the_first in ((first, True), (last, False)):
			if lines:
				self._waiting.append((list(map(self._told, lines)), is_of_the_first))
		# while nothing can be written, more and more would wait
		del self._waiting[1:-2]

	def _told(self, line: Line) -> Told:
		at = times.utc_now(may_ask=False) - timedelta(seconds=time.monotonic() - line.at)
		text = line.text if line.is_told else self._secrets.line(line.text, config.MAX_LOG_LINE)
		if line.traceback:
			traceback = texts.inert(self._secrets.traceback(line.traceback))
			text = f"{text}\n{texts.shortened(traceback, config.MAX_LOG_TRACEBACK)}"
		return line.number, times.utc_as_text(at) or "", line.level, text

	def _write(self, lines: list[Told], is_of_the_first: bool) -> None:
		"""Write lines, with the open part or as another one."""
		if not self._has_written:
			self._control.forget_log_before(self._attempt - config.LOGGED_ATTEMPTS + 1)
			self._has_written = True
		if self._open and (self._is_of_the_first != is_of_the_first or is_full(self._open)):
			self._close_part()
		part = self._open + lines
		text = texts.inert_json(json.dumps(part, ensure_ascii=False, separators=(",", ":")))
		self._control.write_log_part(self._attempt, part[0][0], part[-1][0], text)
		self._open, self._is_of_the_first = part, is_of_the_first

	def _close_part(self) -> None:
		"""The open part is full; what is not needed of the last lines any more goes."""
		if not self._is_of_the_first:
			self._parts.append(Part(self._open[0][0], len(self._open), characters_of(self._open)))
			while len(self._parts) > 1 and self._is_enough_without_the_oldest():
				self._control.forget_log_part(self._parts[0].first)
				self._parts.popleft()
		self._open = []

	def _is_enough_without_the_oldest(self) -> bool:
		later = list(self._parts)[1:]
		return (
			sum(part.lines for part in later) >= config.LAST_LOG_LINES
			or sum(part.characters for part in later) >= config.LAST_LOG_CHARACTERS
		)

	def _tell_the_organization(self, lines: Sequence[Told]) -> None:
		"""Of many lines the last ones: who follows the job asks for the others."""
		told: list[Told] = []
		characters = 0
		for line in reversed(lines):
			characters += len(line[-1])
			if len(told) == MAX_TOLD_LINES or (told and characters > MAX_TOLD_CHARACTERS):
				break
			told.insert(0, line)
		event = [dict(zip(FIELDS, line, strict=True)) for line in told]
		publish_job_log(self._control.job_id, self._control.organization, self._attempt, event)


def is_full(lines: Sequence[Told]) -> bool:
	return len(lines) >= PART_LINES or characters_of(lines) >= PART_CHARACTERS


def characters_of(lines: Sequence[Told]) -> int:
	return sum(len(text) for _number, _at, _level, text in lines)
