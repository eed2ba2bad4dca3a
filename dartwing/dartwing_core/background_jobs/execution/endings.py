"""The outcome of an attempt that raised: decided here, and nowhere else, for every kind of exception."""

import signal
from traceback import format_tb, walk_tb
from types import FrameType

import frappe

from dartwing.dartwing_core.background_jobs.errors import (
	JobCanceledError,
	PermanentError,
	Snooze,
	is_a,
	traceback_object_of,
)
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	Abandoned,
	Failed,
	Outcome,
	Snoozed,
	TimedOut,
	asked,
)
from dartwing.dartwing_core.background_jobs.texts import class_name_of

SIGNAL_HANDLERS_OF_RQ = ("request_stop", "request_force_stop")


def outcome_of(error: BaseException, timeout_seconds: int, was_interrupted: bool) -> Outcome:
	"""The outcome of an attempt that raised `error`. Call it in the `except` block that caught the error.

	`was_interrupted`: the attempt's time limit has struck, whatever the handler made of that.
	"""
	if is_a(error, JobCanceledError):
		return Abandoned.of(error, traceback_of(error))
	if was_interrupted:
		return TimedOut(timeout_seconds, traceback_of(error))
	if is_a(error, Snooze):
		try:
			return Snoozed.of(error)
		except PermanentError as refusal:
			return Failed.of(refusal, traceback_of(error))
	return Failed.of(error, traceback_of(error))


def traceback_of(error: BaseException) -> str:
	"""Frappe's text of the error that is being handled; only the lines of code if it cannot be printed."""
	return asked(frappe.get_traceback, "".join(format_tb(traceback_object_of(error))) + class_name_of(error))


def asks_to_stop(outcome: Outcome) -> bool:
	"""Whether the error came from somebody who wants this process to end, and not from the handler.

	That is Ctrl-C where Python raises it (RQ's horses ignore it), and the signals of a worker of RQ that runs
	its jobs in its own process. A handler's own `sys.exit` ends its job and asks for nothing else.
	"""
	if not isinstance(outcome, Failed):
		return False
	if is_a(outcome.error, KeyboardInterrupt):
		return signal.getsignal(signal.SIGINT) is signal.default_int_handler
	frames = [frame for frame, _line in walk_tb(traceback_object_of(outcome.error))]
	# of code that was given globals of its own, their answers are foreign as well
	return bool(frames) and asked(lambda: is_signal_handler_of_rq(frames[-1]), False)


def is_signal_handler_of_rq(frame: FrameType) -> bool:
	module = str(frame.f_globals.get("__name__"))
	return module.startswith("rq.worker") and frame.f_code.co_name in SIGNAL_HANDLERS_OF_RQ
