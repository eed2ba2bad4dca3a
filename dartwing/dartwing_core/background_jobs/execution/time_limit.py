"""Each job's own alarm, inside the one that RQ has set for the whole wake-up."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

from dartwing.dartwing_core.background_jobs.errors import JobTimeoutError

# an alarm may strike so much before its time
EARLY_SECONDS = 0.1


class TimeLimit:
	"""Seconds that begin now; `enforced` interrupts its block once when they are over.

	`has_interrupted` stays true whatever the block made of the interruption. A process has one alarm only: a
	block that sets it for a purpose of its own (a handler that calls `signal.alarm`) is not interrupted.
	"""

	def __init__(self, seconds: float):
		self.has_interrupted = False
		self.seconds = seconds
		self._ends_at = time.monotonic() + seconds
		self._is_in_force = False

	@contextmanager
	def enforced(self) -> Iterator[None]:
		"""Raise JobTimeoutError in the block, which must run in the main thread.

		It also ends sleeps and socket reads. The alarm that was set before goes on afterwards.
		"""
		interrupt_before = signal.signal(signal.SIGALRM, self._interrupt) or signal.SIG_DFL
		began = time.monotonic()
		self._is_in_force = True
		seconds_before, _interval = signal.setitimer(signal.ITIMER_REAL, at_least(self._ends_at - began))
		try:
			try:
				yield
			finally:
				self._is_in_force = False
		finally:
			signal.setitimer(signal.ITIMER_REAL, 0)
			# also turns off an alarm that the signal mask still holds back
			signal.signal(signal.SIGALRM, signal.SIG_IGN)
			signal.signal(signal.SIGALRM, interrupt_before)
			if seconds_before:
				left = at_least(seconds_before - (time.monotonic() - began))
				signal.setitimer(signal.ITIMER_REAL, left)

	def check(self) -> None:
		"""Raise JobTimeoutError if the block was interrupted before, and has caught the interruption."""
		if self.has_interrupted:
			raise self._error()

	def _error(self) -> JobTimeoutError:
		return JobTimeoutError(f"over its time limit of {self.seconds} seconds")

	def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
		if not self._is_in_force:
			return
		left = self._ends_at - time.monotonic()
		if left > EARLY_SECONDS:
			# somebody else's alarm, which may have taken the place of this one
			signal.setitimer(signal.ITIMER_REAL, left)
		else:
			self.has_interrupted = True
			raise self._error()


def at_most(seconds: float) -> AbstractContextManager[None]:
	"""Interrupt the block after this many seconds; no other thread than the main one is interrupted."""
	is_main = threading.current_thread() is threading.main_thread()
	return TimeLimit(seconds).enforced() if is_main else nullcontext()


def at_least(seconds: float) -> float:
	"""A time to which an alarm can be set; 0 would turn it off."""
	return max(seconds, 0.001)


def seconds_to_alarm() -> float:
	"""Seconds until the alarm that is set now; 0 when none is."""
	return signal.getitimer(signal.ITIMER_REAL)[0]
