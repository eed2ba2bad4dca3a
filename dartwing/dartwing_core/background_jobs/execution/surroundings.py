"""What belongs to the process and not to Frappe's context, put back as soon as a handler is done.

The engine writes its logs and opens its connections in the same process, and the next job runs there.
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
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
LIMITS = sorted(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
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


def blocked_signals() -> set[Any]:
	return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def set_blocked_signals(value: set[Any]) -> None:
	signal.pthread_sigmask(signal.SIG_SETMASK, value)


def limits() -> list[tuple[int, int]]:
	return list(map(resource.getrlimit, LIMITS))


def set_limits(value: list[tuple[int, int]]) -> None:
	for kind, of_kind in zip(LIMITS, value, strict=True):
		# a hard limit that was lowered can be raised by root only
		with suppress(ValueError, OSError):
			resource.setrlimit(kind, of_kind)


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
	(signal_handlers, set_signal_handlers),
	(environment, set_environment),
	(os.getcwd, os.chdir),
	(umask, os.umask),
	(limits, set_limits),
	(streams, set_streams),
	(socket.getdefaulttimeout, socket.setdefaulttimeout),
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
	# last of all: a signal that waited may raise from here
	(
		partial(signal.pthread_sigmask, signal.SIG_BLOCK, ()),
		partial(signal.pthread_sigmask, signal.SIG_SETMASK),
	),
)


@contextmanager
def surroundings_kept() -> Iterator[None]:
	"""Put back what the block changes of the process, however it ends.

	What it leaves in modules, and threads that it started, stay until the process ends.
	"""
	before = [read() for read, _put_back in STATES]
	try:
		yield
	finally:
		for (read, put_back), value in zip(STATES, before, strict=True):
			if read() != value:
				put_back(value)
