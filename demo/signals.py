"""Ctrl-C, SIGTERM and a closed terminal end the demo through its `finally` blocks."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from demo.errors import Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_received: list[int] = []
_holds: list[object] = []


def stop_on_signals() -> None:
	for number in STOPPING:
		signal.signal(number, _interrupt)


def ignore_signals() -> None:
	"""For the way out, whose every step has a time limit."""
	for number in STOPPING:
		signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_held() -> Iterator[None]:
	"""Put off the interruption, so that no process starts without being written down."""
	hold = object()
	_holds.append(hold)
	try:
		yield
	finally:
		_holds.remove(hold)
	if _received and not _holds:
		raise Interrupted(_received[0])


def _interrupt(number: int, _frame: object) -> None:
	_received.append(number)
	if not _holds:
		raise Interrupted(number)
