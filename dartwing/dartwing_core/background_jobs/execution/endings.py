"""The outcome of an attempt that raised: decided here, and nowhere else, for every kind of exception."""

import signal
from traceback import format_tb, walk_tb
from types import FrameType

import frappe

from dartwing.dartwing_core.background_jobs.errors import JobCanceledError
from dartwing.dartwing_core.background_jobs.execution.offspring import children_end_here
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	LAST_WORDS_SECONDS,
	Abandoned,
	Failed,
	Outcome,
	TimedOut,
)
from dartwing.dartwing_core.background_jobs.execution.time_limit import at_most

SIGNAL_HANDLERS_OF_RQ = ("request_stop", "request_force_stop")


def outcome_of(error: BaseException, timeout_seconds: int, was_interrupted: bool) -> Outcome:
	"""The outcome of an attempt that raised `error`. Call it in the `except` block that caught the error.

	`was_interrupted`: the attempt's time limit has struck, whatever the handler made of that.
	"""
	if isinstance(error, JobCanceledError):
		return Abandoned.of(error, traceback_of(error))
	if was_interrupted:
		return TimedOut(timeout_seconds, traceback_of(error))
	return Failed.of(error, traceback_of(error))


def traceback_of(error: BaseException) -> str:
	"""Frappe's text of the error that is being handled; only the lines of code if it cannot be printed."""
	try:
		with at_most(LAST_WORDS_SECONDS), children_end_here():
			return frappe.get_traceback()
	except (Exception, SystemExit, GeneratorExit):
		return "".join(format_tb(error.__traceback__)) + type(error).__name__


def asks_to_stop(outcome: Outcome) -> bool:
	"""Whether the error came from somebody who wants this process to end, and not from the handler.

	That is Ctrl-C where Python raises it (RQ's horses ignore it), and the signals of a worker of RQ that runs
	its jobs in its own process. A handler's own `sys.exit` ends its job and asks for nothing else.
	"""
	error = outcome.error if isinstance(outcome, Failed) else None
	if isinstance(error, KeyboardInterrupt):
		return signal.getsignal(signal.SIGINT) is signal.default_int_handler
	frames = [frame for frame, _line in walk_tb(error.__traceback__)] if error else []
	return bool(frames) and is_signal_handler_of_rq(frames[-1])


def is_signal_handler_of_rq(frame: FrameType) -> bool:
	module = str(frame.f_globals.get("__name__"))
	return module.startswith("rq.worker") and frame.f_code.co_name in SIGNAL_HANDLERS_OF_RQ
