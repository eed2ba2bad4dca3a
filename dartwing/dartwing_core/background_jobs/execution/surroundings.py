"""What belongs to the process and not to Frappe's context, put back as soon as a handler is done.

The engine writes its logs and opens its connections in the same process, and the next job runs there. A
process in which something cannot be put back takes no other job.
"""

import gc
import locale
import logging
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
LIMITS = sorted(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
TIMERS = (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
STREAMS = ("stdin", "stdout", "stderr")


def environment() -> dict[str, str]:
	return dict(os.environ)


def set_environment(value: dict[str, str]) -> None:
	os.environ.clear()
	os.environ.update(value)
	# the time zone is read from the environment
	time.tzset()


def umask() -> int:
	value = os.umask(0)
	os.umask(value)
	return value


def signal_handlers() -> list[Any]:
	return list(map(signal.getsignal, SIGNALS))


def set_signal_handlers(value: list[Any]) -> None:
	for number, handler in zip(SIGNALS, value, strict=True):
		# None means: set by foreign code, and Python cannot put it back
		if handler is not None and signal.getsignal(number) is not handler:
			signal.signal(number, handler)


def limits() -> list[tuple[int, int]]:
	return list(map(resource.getrlimit, LIMITS))


def set_limits(value: list[tuple[int, int]]) -> None:
	for kind, of_kind in zip(LIMITS, value, strict=True):
		# a hard limit that was lowered can be raised by root only
		if resource.getrlimit(kind) != of_kind:
			resource.setrlimit(kind, of_kind)


def timers() -> list[bool]:
	"""Whether each timer runs, but the one of which the job's own time limit is made."""
	return [signal.getitimer(timer) != (0, 0) for timer in TIMERS]


def stop_timers(value: list[bool]) -> None:
	for timer, was_running in zip(TIMERS, value, strict=True):
		if not was_running:
			signal.setitimer(timer, 0)


def niceness() -> int:
	return os.nice(0)


def set_niceness(value: int) -> None:
	os.nice(value - niceness())


def garbage_collection() -> tuple[bool, tuple[int, int, int]]:
	return gc.isenabled(), gc.get_threshold()


def set_garbage_collection(value: tuple[bool, tuple[int, int, int]]) -> None:
	is_enabled, thresholds = value
	gc.set_threshold(*thresholds)
	(gc.enable if is_enabled else gc.disable)()


def streams() -> list[Any]:
	return [getattr(sys, name) for name in STREAMS]


def set_streams(value: list[Any]) -> None:
	for name, stream in zip(STREAMS, value, strict=True):
		setattr(sys, name, stream)


def set_warning_filters(value: list[Any]) -> None:
	warnings.filters[:] = value  # type: ignore[index]


# how each thing that a process has one of is read, and set
STATES: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
	# before the handlers of their signals
	(timers, stop_timers),
	(signal_handlers, set_signal_handlers),
	(environment, set_environment),
	(os.getcwd, os.chdir),
	(umask, os.umask),
	(limits, set_limits),
	(niceness, set_niceness),
	(streams, set_streams),
	(socket.getdefaulttimeout, socket.setdefaulttimeout),
	(lambda: sys.excepthook, partial(setattr, sys, "excepthook")),
	(lambda: threading.excepthook, partial(setattr, threading, "excepthook")),
	(sys.getswitchinterval, sys.setswitchinterval),
	(sys.getrecursionlimit, sys.setrecursionlimit),
	(lambda: list(sys.path), partial(setattr, sys, "path")),
	(sys.gettrace, sys.settrace),
	(sys.getprofile, sys.setprofile),
	(threading.gettrace, threading.settrace),
	(threading.getprofile, threading.setprofile),
	(garbage_collection, set_garbage_collection),
	(partial(locale.setlocale, locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL)),
	(lambda: list(warnings.filters), set_warning_filters),
	(lambda: logging.root.manager.disable, logging.disable),
	(random.getstate, random.setstate),
)
# what is raised by what cannot be read, or put back
IMPOSSIBLE = (OSError, ValueError, TypeError, locale.Error)
UNKNOWN = object()

_is_spoiled = False


def is_spoiled() -> bool:
	"""Whether a handler has left something in this process that could not be put back."""
	return _is_spoiled


@contextmanager
def surroundings_kept() -> Iterator[None]:
	"""Put back what the block changes of the process, however it ends.

	What it leaves in modules, and threads that it started, stay until the process ends.
	"""
	before = [read_or_unknown(read) for read, _put_back in STATES]
	blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
	try:
		yield
	finally:
		for (read, put_back), value in zip(STATES, before, strict=True):
			if value is not UNKNOWN and read_or_unknown(read) != value:
				put_back_or_spoil(read, put_back, value)
		# last of all: a signal that waited may raise from here
		signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def read_or_unknown(read: Callable[[], Any]) -> Any:
	try:
		return read()
	except IMPOSSIBLE:
		# as the working folder is when it has been removed
		return UNKNOWN


def put_back_or_spoil(read: Callable[[], Any], put_back: Callable[[Any], Any], value: Any) -> None:
	global _is_spoiled
	try:
		put_back(value)
	except IMPOSSIBLE:
		_is_spoiled = True
	if read_or_unknown(read) != value:
		_is_spoiled = True
