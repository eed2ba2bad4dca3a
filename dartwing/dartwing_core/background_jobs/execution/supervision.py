"""A thread beside the handler, for what the handler cannot or will not do itself.

It shows that the attempt is alive, runs the errands that the horse has put off, notices that the job was
canceled or given to another attempt, and stops a handler that does not stop by itself: first by an
exception in the main thread, which also ends sleeps and socket reads; then by ending the statement that it
waits for, where the driver of the database hears no signals; then by killing this process and those that
the handler has started.
What it cannot do: run while the handler holds the interpreter's lock in foreign code. Then RQ's parent
process kills the horse a minute after the wake-up's time.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.errors import JobCanceledError
from dartwing.dartwing_core.background_jobs.execution.control_connection import ControlConnection
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.fresh_context import for_another_thread
from dartwing.dartwing_core.background_jobs.execution.offspring import Offspring
from dartwing.dartwing_core.background_jobs.execution.surroundings import OF_THE_ENGINE
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit

STOP_SIGNAL = signal.SIGUSR2
# seconds that the main thread may take to hear a signal, unless it waits where it hears none
HEARING_SECONDS = 0.1


class Supervisor:
	"""Watches one attempt. `on_overrun` is called, in the thread, before the process is killed."""

	def __init__(
		self,
		control: ControlConnection,
		limit: TimeLimit,
		on_overrun: Callable[[], None],
		errands: Errands,
		offspring: Offspring,
		cancel_grace_seconds: float,
	):
		self._control = control
		self._offspring = offspring
		self._errands = errands
		self._on_overrun = on_overrun
		self._interval = config.get("supervision_interval_seconds")
		self._heartbeat_interval = config.get("heartbeat_interval_seconds")
		self._cancel_grace = cancel_grace_seconds
		self._timeout_grace = config.get("timeout_grace_seconds")
		self._timeout_at = time.monotonic() + limit.seconds
		self._deadline = self._timeout_at + self._timeout_grace
		self._limit = limit
		self._stop_was_heard = threading.Event()
		self._ending_a_statement = threading.Lock()
		self._ended = threading.Event()
		self._lost_at: float | None = None
		self._last_heartbeat = time.monotonic()

	@contextmanager
	def watching(self) -> Iterator[None]:
		"""Watch the block; a stop by force is raised in it as JobCanceledError."""
		before = signal.signal(STOP_SIGNAL, self._raise_canceled)
		watch = for_another_thread(self._watch)
		# most handlers have ended before the first look
		look = threading.Thread(target=lambda: self._ended.wait(self._interval) or watch(), daemon=True)
		look.name = f"{OF_THE_ENGINE}supervisor"
		look.start()
		try:
			yield
		finally:
			self._ended.set()
			signal.signal(STOP_SIGNAL, before)
			# the statement that is ended must be the handler's, not the next one on its connection
			with self._ending_a_statement:
				pass

	def _watch(self) -> None:
		while not self._ended.is_set():
			now = time.monotonic()
			if self._lost_at is None and not self._is_ours(now):
				self._lost_at = now
			if self._lost_at is not None:
				self._stop_lost(now - self._lost_at)
			elif now > self._deadline:
				self._end_overrun()
			elif now > self._timeout_at and not self._limit.has_interrupted:
				self._end_statement()
			self._run_errands()
			self._ended.wait(self._interval)

	def _run_errands(self) -> None:
		"""Do the horse's errands: whatever waits for them must not wait until this handler ends."""
		try:
			if self._errands.are_due:
				self._errands.run()
		except Exception:
			frappe.logger("dartwing").exception(f"{self._control.job_id}: errands are left to the cron")

	def _end_overrun(self) -> None:
		"""Record that the handler overran, and kill the process in any case; `recovery` does what is left."""
		try:
			self._on_overrun()
			self._errands.run()
		except Exception:
			frappe.logger("dartwing").exception(f"{self._control.job_id}: its timeout could not be recorded")
		finally:
			self._offspring.end_with_this_process()

	def _is_ours(self, now: float) -> bool:
		"""Whether the job is still this attempt's; shows from time to time that the attempt is alive.

		While the database does not answer, it is taken for ours: fencing keeps an old attempt from writing
		anything.
		"""
		try:
			if now - self._last_heartbeat < self._heartbeat_interval:
				return self._control.is_running()
			self._last_heartbeat = now
			return self._control.write_heartbeat()
		except Exception:
			frappe.logger("dartwing").exception(f"{self._control.job_id} could not be looked at")
			return True

	def _stop_lost(self, seconds: float) -> None:
		if seconds >= self._cancel_grace + self._timeout_grace:
			self._offspring.end_with_this_process()
		elif is_time_to_stop(seconds, self._interval, self._cancel_grace):
			self._stop_was_heard.clear()
			os.kill(os.getpid(), STOP_SIGNAL)
			if not self._stop_was_heard.wait(HEARING_SECONDS):
				self._end_statement()

	def _end_statement(self) -> None:
		"""End the statement that the handler waits for; then the exception that waits is raised in it."""
		try:
			with self._ending_a_statement:
				if not self._ended.is_set():
					self._control.end_statement()
		except Exception:
			frappe.logger("dartwing").exception(f"{self._control.job_id}: its statement could not be ended")

	def _raise_canceled(self, _signal: int, _frame: FrameType | None) -> None:
		self._stop_was_heard.set()
		if not self._ended.is_set():
			self._offspring.must_end = True
			raise JobCanceledError(_("{0} was canceled").format(self._control.job_id))


def is_time_to_stop(seconds: float, interval: float, grace_seconds: float) -> bool:
	"""Whether to use force, so many seconds after the cancel was noticed.

	The cancel may be an interval older than that, and the next look is an interval away: the worker has to be
	free within the grace period.
	"""
	return seconds + 2 * interval > grace_seconds
