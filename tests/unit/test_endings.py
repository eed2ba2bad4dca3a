"""What becomes of an error that left a handler, and who asked for it."""

import signal
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from framework import since
from rq import Worker

from dartwing.dartwing_core.background_jobs.errors import JobCanceledError, JobTimeoutError
from dartwing.dartwing_core.background_jobs.execution.endings import asks_to_stop, outcome_of
from dartwing.dartwing_core.background_jobs.execution.outcomes import Abandoned, Failed, TimedOut


def ended_by(error: BaseException, was_interrupted: bool = False):
	try:
		raise error
	except BaseException as caught:
		return outcome_of(caught, 7, was_interrupted)


@pytest.mark.parametrize(
	("error", "was_interrupted", "expected"),
	[
		(ValueError("x"), False, Failed),
		(KeyboardInterrupt(), False, Failed),
		(JobCanceledError("x"), False, Abandoned),
		(JobTimeoutError("x"), True, TimedOut),
		# whatever the handler made of the interruption
		(SystemExit(3), True, TimedOut),
		(JobCanceledError("x"), True, Abandoned),
	],
)
def test_one_place_decides_how_an_attempt_ended(error, was_interrupted, expected):
	outcome = ended_by(error, was_interrupted)
	assert type(outcome) is expected
	assert type(error).__name__ in outcome.traceback


def test_ctrl_c_is_obeyed_where_python_raises_it(monkeypatch):
	monkeypatch.setattr(signal, "getsignal", lambda number: signal.default_int_handler)
	assert asks_to_stop(ended_by(KeyboardInterrupt()))


def test_a_handler_of_a_horse_that_raises_ctrl_c_itself_asks_for_nothing(monkeypatch):
	monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
	assert not asks_to_stop(ended_by(KeyboardInterrupt()))


def test_a_handlers_own_exit_asks_for_nothing():
	assert not asks_to_stop(ended_by(SystemExit(0)))


def test_an_attempt_without_an_error_asks_for_nothing():
	assert not asks_to_stop(TimedOut(7, ""))


def test_the_second_sigterm_of_a_worker_that_runs_its_jobs_itself_is_obeyed():
	asked = datetime(2026, 1, 1, tzinfo=timezone.utc)
	worker = SimpleNamespace(
		name="worker",
		# RQ 1, which v15 brings, reckons without time zones
		_shutdown_requested_date=asked if since(16) else asked.replace(tzinfo=None),
		log=SimpleNamespace(warning=lambda *words: None, debug=lambda *words: None),
		horse_pid=0,
	)
	with pytest.raises(SystemExit) as raised:
		Worker.request_force_stop(worker, signal.SIGTERM, None)
	assert asks_to_stop(outcome_of(raised.value, 7, False))
