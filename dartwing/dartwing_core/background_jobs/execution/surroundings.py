"""Process-wide state (signals, environment, working folder, …): put back as soon as a handler is done.

The engine writes its logs and opens its connections in the same process, and the next job runs there. A
process in which something cannot be put back, as a thread that goes on, takes no other job.
"""

import asyncio
import faulthandler
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
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
LIMITS = sorted(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
TIMERS = (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
STREAMS = ("stdin", "stdout", "stderr")
# objects that Python or the interpreter calls
HOOKS = ("excepthook", "unraisablehook", "displayhook", "breakpointhook")
# since Python 3.12, for debuggers, profilers and the like
MONITORING: Any = getattr(sys, "monitoring", None)
MONITORING_TOOLS = 6
LISTS = ("path", "argv", "meta_path", "path_hooks")
# what makes a record and hands it on
OF_LOGGERS = [name for name, value in vars(logging.Logger).items() if callable(value)]


class Same:
	"""Equal if it is the same object. What is put in its place may say that it is equal to anything."""

	def __init__(self, value: Any):
		self.value = value

	def __eq__(self, other: object) -> bool:
		return isinstance(other, Same) and other.value is self.value

	__hash__ = None  # type: ignore[assignment]


def objects(of: Any, names: Sequence[str]) -> dict[str, Same]:
	return {name: Same(getattr(of, name)) for name in names}


def set_objects(of: Any, value: dict[str, Same]) -> None:
	for name, same in value.items():
		setattr(of, name, same.value)


def lists() -> dict[str, list[Same]]:
	"""The members of each; of what is no list, as a handler may have put there, the thing itself."""
	values = {name: getattr(sys, name) for name in LISTS}
	return {
		name: list(map(Same, value)) if type(value) is list else [Same(value)]
		for name, value in values.items()
	}


def set_lists(value: dict[str, list[Same]]) -> None:
	for name, members in value.items():
		setattr(sys, name, [same.value for same in members])


def environment() -> tuple[Same, dict[str, str]]:
	return Same(os.environ), dict(os.environ)


def set_environment(value: tuple[Same, dict[str, str]]) -> None:
	same, variables = value
	os.environ = same.value  # noqa: B003 whatever a handler has put there
	os.environ.clear()
	os.environ.update(variables)
	# the time zone is read from the environment
	time.tzset()


def umask() -> int:
	value = os.umask(0)
	os.umask(value)
	return value


def signal_handlers() -> list[Same]:
	return [Same(signal.getsignal(number)) for number in SIGNALS]


def set_signal_handlers(value: list[Same]) -> None:
	for number, handler in zip(SIGNALS, value, strict=True):
		# None means: set by foreign code, and Python cannot put it back
		if handler.value is not None and signal.getsignal(number) is not handler.value:
			signal.signal(number, handler.value)


def wakeup_descriptor() -> int:
	descriptor = signal.set_wakeup_fd(-1)
	signal.set_wakeup_fd(descriptor)
	return descriptor


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


def stack_size() -> int:
	# to ask for it sets it to the default
	size = threading.stack_size()
	threading.stack_size(size)
	return size


def rights() -> tuple[Any, ...]:
	return os.getresuid(), os.getresgid(), os.getgroups()


def set_rights(value: tuple[Any, ...]) -> None:
	users, groups, further = value
	# first of all: who is not root may not set groups
	os.setresuid(*users)
	os.setresgid(*groups)
	os.setgroups(further)


def garbage_collection() -> tuple[bool, tuple[int, int, int], int, list[Same]]:
	return gc.isenabled(), gc.get_threshold(), gc.get_debug(), list(map(Same, gc.callbacks))


def set_garbage_collection(value: tuple[bool, tuple[int, int, int], int, list[Same]]) -> None:
	is_enabled, thresholds, flags, callbacks = value
	gc.callbacks[:] = [same.value for same in callbacks]
	gc.set_debug(flags)
	gc.set_threshold(*thresholds)
	(gc.enable if is_enabled else gc.disable)()


def descriptors() -> list[tuple[int, int] | None]:
	"""What the standard streams lead to; None for one that is closed."""
	return [identity(number) for number in range(len(STREAMS))]


def identity(descriptor: int) -> tuple[int, int] | None:
	try:
		status = os.fstat(descriptor)
	except OSError:
		return None
	return status.st_dev, status.st_ino


def closed_streams() -> list[bool]:
	return [bool(getattr(getattr(sys, name), "closed", False)) for name in STREAMS]


def generator_hooks() -> list[Same]:
	return list(map(Same, sys.get_asyncgen_hooks()))


def set_generator_hooks(value: list[Same]) -> None:
	sys.set_asyncgen_hooks(*(same.value for same in value))


def monitoring_tools() -> list[tuple[str | None, int]]:
	"""What watches the interpreter: the name of each tool, and the events that it is told of."""
	found = [MONITORING.get_tool(number) for number in range(MONITORING_TOOLS)]
	return [(name, MONITORING.get_events(number) if name else 0) for number, name in enumerate(found)]


def set_monitoring_tools(value: list[tuple[str | None, int]]) -> None:
	for number, (name, events) in enumerate(value):
		if MONITORING.get_tool(number):
			MONITORING.set_events(number, events)
		if name is None:
			MONITORING.free_tool_id(number)


def event_loop() -> Same:
	"""The loop that the next one who asks for it runs: tasks that wait in it would go on there.

	Python's own question for it would make one.
	"""
	policy = getattr(asyncio.events, "_event_loop_policy", None)
	return Same(getattr(getattr(policy, "_local", None), "_loop", None))


def cannot_be_put_back(value: Any) -> None:
	"""The process takes no other job, which costs less than to keep what would be needed."""


def set_tracing_of_memory(value: bool) -> None:
	if value:
		tracemalloc.start()
	else:
		tracemalloc.stop()


def set_warning_filters(value: list[Any]) -> None:
	warnings.filters[:] = value  # type: ignore[index]


State = tuple[Callable[[], Any], Callable[[Any], Any]]
# what not every system and not every Python has, by a function that it needs
SOMETIMES: dict[str, State] = {
	"getresuid": (rights, set_rights),
	"sched_getaffinity": (lambda: os.sched_getaffinity(0), lambda value: os.sched_setaffinity(0, value)),
	"sched_getscheduler": (
		lambda: (os.sched_getscheduler(0), os.sched_getparam(0).sched_priority),
		lambda value: os.sched_setscheduler(0, value[0], os.sched_param(value[1])),
	),
	"monitoring": (monitoring_tools, set_monitoring_tools),
	"get_int_max_str_digits": (
		lambda: sys.get_int_max_str_digits(),
		lambda value: sys.set_int_max_str_digits(value),
	),
}
# how each thing that a process has one of is read, and set
STATES: tuple[State, ...] = (
	# first the rights: what follows may need them
	*(state for needed, state in SOMETIMES.items() if hasattr(os, needed) or hasattr(sys, needed)),
	# before the handlers of their signals
	(timers, stop_timers),
	(signal_handlers, set_signal_handlers),
	(wakeup_descriptor, signal.set_wakeup_fd),
	(environment, set_environment),
	(os.getcwd, os.chdir),
	(umask, os.umask),
	(limits, set_limits),
	(niceness, set_niceness),
	(partial(os.getpgid, 0), partial(os.setpgid, 0)),
	(partial(objects, sys, STREAMS), partial(set_objects, sys)),
	(closed_streams, cannot_be_put_back),
	(descriptors, cannot_be_put_back),
	(socket.getdefaulttimeout, socket.setdefaulttimeout),
	(partial(objects, sys, HOOKS), partial(set_objects, sys)),
	(partial(objects, threading, ["excepthook"]), partial(set_objects, threading)),
	(stack_size, threading.stack_size),
	(sys.getswitchinterval, sys.setswitchinterval),
	(sys.getrecursionlimit, sys.setrecursionlimit),
	(lists, set_lists),
	(sys.gettrace, sys.settrace),
	(sys.getprofile, sys.setprofile),
	(threading.gettrace, threading.settrace),
	(threading.getprofile, threading.setprofile),
	(garbage_collection, set_garbage_collection),
	(tracemalloc.is_tracing, set_tracing_of_memory),
	(generator_hooks, set_generator_hooks),
	(sys.get_coroutine_origin_tracking_depth, sys.set_coroutine_origin_tracking_depth),
	(event_loop, cannot_be_put_back),
	(lambda: Same(asyncio._get_running_loop()), lambda loop: asyncio._set_running_loop(loop.value)),
	(partial(locale.setlocale, locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL)),
	(lambda: list(warnings.filters), set_warning_filters),
	(lambda: logging.root.manager.disable, logging.disable),
	(partial(objects, logging.Logger, OF_LOGGERS), partial(set_objects, logging.Logger)),
	(lambda: Same(logging.getLogRecordFactory()), lambda same: logging.setLogRecordFactory(same.value)),
	(random.getstate, random.setstate),
)
UNKNOWN = object()
# what the names of the engine's own threads begin with: they end by themselves
OF_THE_ENGINE = "dartwing "

_is_spoiled = False


def is_spoiled() -> bool:
	"""Whether a handler has left something in this process that could not be put back."""
	return _is_spoiled


def spoil() -> None:
	global _is_spoiled
	_is_spoiled = True


class Surroundings:
	"""What the process has one of, as it is when this is made.

	What is in modules, and what only the kernel knows of a process, is not looked at: what a handler leaves
	there stays until the process ends.
	"""

	def __init__(self) -> None:
		self._before = [read_or_spoil(read) for read, _put_back in STATES]
		# kept, so that no id is used twice
		self._threads = {id(thread): thread for thread in threading.enumerate()}
		self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())

	def put_back(self) -> None:
		"""Put back what is not as it was; where that cannot be done, the process is spoiled."""
		# nobody can ask whether a handler has left one running
		faulthandler.cancel_dump_traceback_later()
		for (read, put_back), value in zip(STATES, self._before, strict=True):
			if not is_still(read, value):
				put_back_or_spoil(read, put_back, value)
		if any(map(self._was_left, threading.enumerate())):
			spoil()
		# last of all: a signal that waited may raise from here
		signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)

	def _was_left(self, thread: threading.Thread) -> bool:
		"""Whether it goes on beside the next job: what it logs or starts would be taken for that one's."""
		return id(thread) not in self._threads and not thread.name.startswith(OF_THE_ENGINE)

	@contextmanager
	def kept(self) -> Iterator[None]:
		"""Put back what the block changes of the process, however it ends."""
		try:
			yield
		finally:
			self.put_back()


def read_or_spoil(read: Callable[[], Any]) -> Any:
	"""The state; unknown if it cannot be read, as the working folder that has been removed."""
	try:
		return read()
	except Exception:
		spoil()
		return UNKNOWN


def is_still(read: Callable[[], Any], value: Any) -> bool:
	try:
		return value is UNKNOWN or read() == value
	except Exception:
		return False


def put_back_or_spoil(read: Callable[[], Any], put_back: Callable[[Any], Any], value: Any) -> None:
	with suppress(Exception):
		put_back(value)
	if not is_still(read, value):
		spoil()
