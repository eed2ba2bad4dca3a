"""Ctrl-C, SIGTERM and a closed terminal end the demo through its `finally` blocks."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from demo.errors import Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_received: list[int] = []
_holds: list[None] = []


def stop_on_signals() -> None:
	for number in STOPPING:
		signal.signal(number, _interrupt)


def ignore_signals() -> None:
	"""For the way out, whose every step has a time limit."""
	for number in STOPPING:
		signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_held() -> Iterator[None]:
	"""Put off the interruption, for what must not be half done: starting a process, drawing."""
	had_received = bool(_received)
	_holds.append(None)
	try:
		yield
	finally:
		_holds.pop()
	if _received and not had_received and not _holds:
		raise Interrupted(_received[0])


def _interrupt(number: int, _frame: object) -> None:
	"""Only the first signal counts: a second one must not interrupt the way out."""
	_received.append(number)
	if len(_received) == 1 and not _holds:
		raise Interrupted(number)
