"""What a handler logs with Python's `logging`, as lines of its job's log, at INFO and above.

Records are looked at on their way to the handlers of loggers, and go on as if nobody looked: handlers that
are installed or removed meanwhile change nothing of that, and nothing stays when the block has ended.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs import texts

# level, text, traceback
Note = Callable[[str, str, str | None], object]

# of the engine; Frappe adds the site's name to what it is asked for
LOGGERS_OF_THE_ENGINE = {"dartwing", "dartwing.clock", "dartwing.jobs"}
# of which those below are not the handler's either
LOGGERS_OF_OTHERS = {"frappe", "rq"}
LEVELS = ((logging.CRITICAL, "CRITICAL"), (logging.ERROR, "ERROR"), (logging.WARNING, "WARNING"))
FORMATTER = logging.Formatter()

_is_unheard: ContextVar[bool] = ContextVar("is_unheard", default=False)


@contextmanager
def unheard() -> Iterator[None]:
	"""What the block logs is not the handler's."""
	before = _is_unheard.set(True)
	try:
		yield
	finally:
		_is_unheard.reset(before)


@contextmanager
def captured(note: Note) -> Iterator[None]:
	"""Note what is logged during the block in this thread, and in those that are started meanwhile."""
	capture = Capture(note)
	capture.begin()
	try:
		yield
	finally:
		capture.end()


class Capture:
	def __init__(self, note: Note):
		self._note = note
		# of another job whose handler has left them, or of the engine; kept, so that no id is used twice
		self._others = {id(thread): thread for thread in threading.enumerate()}
		del self._others[id(threading.current_thread())]
		self._process = os.getpid()
		self._level_before = logging.root.level
		self._goes_on = False

	def begin(self) -> None:
		self._goes_on = True
		self._handle = logging.Logger.callHandlers
		self._hear: Any = lambda logger, record: self._pass(logger, record)
		logging.Logger.callHandlers = self._hear  # type: ignore[method-assign]
		if self._is_deaf_to_info():
			logging.root.setLevel(logging.INFO)

	def end(self) -> None:
		self._goes_on = False
		# somebody else may have put something around it, which would lose its way
		if logging.Logger.callHandlers is self._hear:
			logging.Logger.callHandlers = self._handle  # type: ignore[method-assign]
		if self._is_deaf_to_info() and logging.root.level == logging.INFO:
			logging.root.setLevel(self._level_before)

	def _is_deaf_to_info(self) -> bool:
		return self._level_before > logging.INFO

	def _pass(self, logger: logging.Logger, record: logging.LogRecord) -> None:
		if self._goes_on and self._is_the_handlers(logger, record):
			self._note(level_of(record), text_of(record), traceback_of(record))
		if not (self._goes_on and self._is_heard_of_us_only(logger, record)):
			self._handle(logger, record)

	def _is_the_handlers(self, logger: logging.Logger, record: logging.LogRecord) -> bool:
		return (
			record.levelno >= logging.INFO
			and not _is_unheard.get()
			and id(threading.current_thread()) not in self._others
			and not is_named_otherwise(logger.name)
			and is_told_to_the_root(logger)
			and os.getpid() == self._process
		)

	def _is_heard_of_us_only(self, logger: logging.Logger, record: logging.LogRecord) -> bool:
		"""Whether there is a record only because the root's level was lowered."""
		return (
			record.levelno < self._level_before
			and logging.root.level == logging.INFO
			and whose_level_counts(logger) is logging.root
		)


@lru_cache(1024)
def is_named_otherwise(name: str) -> bool:
	"""Whether it is the name of a logger of the engine, of Frappe or of RQ."""
	return name.partition("-")[0] in LOGGERS_OF_THE_ENGINE or name.partition(".")[0] in LOGGERS_OF_OTHERS


def is_told_to_the_root(logger: logging.Logger) -> bool:
	one: logging.Logger | None = logger
	while one and one is not logging.root:
		one = one.parent if one.propagate else None
	return one is not None


def whose_level_counts(logger: logging.Logger) -> logging.Logger:
	while not logger.level and logger.parent:
		logger = logger.parent
	return logger


def level_of(record: logging.LogRecord) -> str:
	return next((name for level, name in LEVELS if record.levelno >= level), "INFO")


def text_of(record: logging.LogRecord) -> str:
	"""The message; as it was given where its arguments do not fit."""
	try:
		return texts.text_of(record.getMessage())
	except BaseTimeoutException:
		raise
	except Exception:
		return texts.text_of(record.msg)


def traceback_of(record: logging.LogRecord) -> str | None:
	if not record.exc_info:
		return None
	try:
		return FORMATTER.formatException(record.exc_info)
	except BaseTimeoutException:
		raise
	except Exception:
		return None
