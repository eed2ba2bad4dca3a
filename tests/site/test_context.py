import threading

import pytest

from dartwing.dartwing_core.background_jobs.database.drivers import MAY_BE_LOST
from dartwing.dartwing_core.background_jobs.errors import JobCanceledError
from dartwing.dartwing_core.background_jobs.execution import context
from dartwing.dartwing_core.background_jobs.execution.context import ProgressReporter


class RecordingControl:
	"""Stands where the control connection is; keeps what would be written."""

	job_id, organization = "JOB-1", "Alpha"

	def __init__(self, is_mine: bool = True):
		self.written: list[tuple[float, str | None]] = []
		self.is_mine = is_mine
		self.wrote = threading.Event()

	def write_progress(self, percent, message, now):
		self.written.append((percent, message))
		self.wrote.set()
		return self.is_mine


@pytest.fixture
def events(monkeypatch):
	published = []
	monkeypatch.setattr(context, "publish_job_progress", lambda *event: published.append(event))
	monkeypatch.setattr(context.times, "site_now", lambda may_ask: None)
	return published


def test_the_first_value_is_written_at_once_and_a_flood_only_once_more_at_the_end(events):
	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=3600)
	for percent in range(101):
		reporter.report(percent, None)
	assert control.written == [(0.0, None)]
	reporter.close()
	assert control.written == [(0.0, None), (100.0, None)]
	assert len(events) == 2


def test_a_value_that_was_held_back_is_written_without_another_report(events):
	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=0.05)
	reporter.report(1, "first")
	control.wrote.clear()
	reporter.report(2, "second")
	assert control.wrote.wait(5)
	assert control.written == [(1.0, "first"), (2.0, "second")]


def test_percent_is_kept_within_its_range(events):
	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=0)
	reporter.report(-5, None)
	reporter.report(250, None)
	assert control.written == [(0.0, None), (100.0, None)]


def test_long_messages_are_cut(events):
	control = RecordingControl()
	ProgressReporter(control, interval_seconds=0).report(1, "x" * 1000)
	assert control.written == [(1.0, "x" * 254 + "…")]


def test_progress_that_the_database_cannot_be_told_is_told_with_the_next(events, monkeypatch):
	def fail(*_values):
		raise MAY_BE_LOST[0](2013, "Lost connection")

	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=0)
	with monkeypatch.context() as patched:
		patched.setattr(control, "write_progress", fail)
		reporter.report(1, "while it is away")
		reporter.close()
	assert control.written == []
	reporter.close()
	assert control.written == [(1.0, "while it is away")]


@pytest.mark.parametrize(
	("percent", "written"),
	[("7", 7.0), (float("nan"), 3.0), ("many", 3.0), (None, 3.0), (10**400, 3.0), (object(), 3.0), (-1, 0.0)],
)
def test_a_percentage_that_is_no_number_is_the_last_one(events, percent, written):
	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=0)
	reporter.report(3, None)
	reporter.report(percent, None)
	assert control.written == [(3.0, None), (written, None)]


def test_a_report_about_a_lost_job_raises_and_publishes_nothing(events):
	reporter = ProgressReporter(RecordingControl(is_mine=False), interval_seconds=0)
	with pytest.raises(JobCanceledError):
		reporter.report(1, None)
	assert events == []


def test_closing_twice_writes_once(events):
	control = RecordingControl()
	reporter = ProgressReporter(control, interval_seconds=3600)
	reporter.report(1, None)
	reporter.report(2, None)
	reporter.close()
	reporter.close()
	assert control.written == [(1.0, None), (2.0, None)]
