"""The log of one attempt in memory: what of it is written and told, and when."""

import json
import logging
import threading

import frappe
import pytest

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.drivers import ERRORS, MAY_BE_LOST
from dartwing.dartwing_core.background_jobs.execution import attempt_log
from dartwing.dartwing_core.background_jobs.execution.attempt_log import AttemptLog
from dartwing.dartwing_core.background_jobs.execution.captured_logging import captured
from dartwing.dartwing_core.background_jobs.execution.context import ProgressReporter

SOON = 10


class RecordingControl:
	"""Stands where the control connection is; keeps what would be written."""

	job_id, organization = "JOB-1", "Alpha"

	def __init__(self):
		self.parts: dict[int, list[int]] = {}
		self.statements: list[str] = []
		self.fails_with: Exception | None = None
		self.wrote = threading.Event()

	def forget_log_before(self, attempt: int) -> None:
		assert attempt < 1

	def write_log_part(self, attempt: int, first: int, last: int, lines: str) -> None:
		self._sent("write", None)
		numbers = [number for number, *_told in json.loads(lines)]
		assert (numbers[0], numbers[-1]) == (first, last)
		self.parts[first] = numbers
		self.wrote.set()

	def forget_log_part(self, first: int) -> None:
		self._sent("forget", self.parts.pop(first))

	def _sent(self, what: str, answer):
		if self.fails_with:
			raise self.fails_with
		self.statements.append(what)
		return answer

	@property
	def lines(self) -> list[int]:
		return [number for first in sorted(self.parts) for number in self.parts[first]]


@pytest.fixture
def control():
	return RecordingControl()


@pytest.fixture
def events(monkeypatch):
	told = []
	monkeypatch.setattr(attempt_log, "publish_job_log", lambda *event: told.append(event))
	return told


def add(log: AttemptLog, lines: int) -> None:
	for _number in range(lines):
		log.add("INFO", "x")


def test_few_lines_are_one_row_that_is_written_anew(control, events):
	log = AttemptLog(control)
	for _number in range(5):
		add(log, 2)
		assert log.write()
	assert control.parts == {1: list(range(1, 11))}
	assert control.statements == ["write"] * 5
	assert [[line["line"] for line in event[3]] for event in events] == [[n, n + 1] for n in (1, 3, 5, 7, 9)]


def test_nothing_is_written_where_nothing_was_added(control, events):
	assert not AttemptLog(control).write()
	assert (control.statements, events) == ([], [])


def test_a_flood_is_bounded_however_long_it_goes_on(control, events):
	log = AttemptLog(control)
	for _number in range(50):
		add(log, 5_000)
		log.write()
		assert len(control.lines) <= config.FIRST_LOG_LINES + 3 * config.LAST_LOG_LINES
	assert control.lines[: config.FIRST_LOG_LINES] == list(range(1, config.FIRST_LOG_LINES + 1))
	assert control.lines[-config.LAST_LOG_LINES :] == list(range(250_001 - config.LAST_LOG_LINES, 250_001))
	assert len(control.statements) < 50 * 4
	assert all(len(event[3]) <= attempt_log.MAX_TOLD_LINES for event in events)


def test_a_trickle_is_bounded_too(control, events):
	log = AttemptLog(control)
	for _number in range(3_000):
		add(log, 1)
		log.write()
	assert len(control.lines) <= config.FIRST_LOG_LINES + config.LAST_LOG_LINES + 3 * attempt_log.PART_LINES
	assert control.lines[-config.LAST_LOG_LINES :] == list(range(3_001 - config.LAST_LOG_LINES, 3_001))
	assert len(control.parts) < 50


def test_an_event_tells_the_last_lines_within_its_characters(control, events):
	log = AttemptLog(control)
	for _number in range(30):
		log.add("INFO", "y" * 1000)
	log.write()
	told = events[-1][3]
	assert [line["line"] for line in told] == list(range(21, 31))


def test_lines_that_could_not_be_written_are_written_later(control, events):
	log = AttemptLog(control)
	add(log, 3)
	control.fails_with = MAY_BE_LOST[0](2013, "Lost connection")
	for _number in range(20):
		with pytest.raises(MAY_BE_LOST):
			log.write()
		add(log, 2_000)
	control.fails_with = None
	assert log.write()
	assert control.lines[:3] == [1, 2, 3]
	assert control.lines[-1] == 40_003
	assert len(control.lines) <= config.FIRST_LOG_LINES + 3 * config.LAST_LOG_LINES


def test_a_log_that_the_database_refuses_fails_nothing(control, events):
	reporter = ProgressReporter(control, 3600, log=(log := AttemptLog(control)))
	add(log, 3)
	control.fails_with = ERRORS[0](1146, "no such table")
	reporter.close()
	control.fails_with = None
	add(log, 1)
	reporter.close()
	assert control.lines == [4]


def test_lines_are_written_an_interval_after_the_first_one_without_another(control, events):
	reporter = ProgressReporter(control, 0.05, log=(log := AttemptLog(control)))
	add(log, 1)
	reporter.write_soon()
	assert control.wrote.wait(SOON)
	assert control.lines == [1]


def test_who_logs_does_not_wait_for_what_is_written(control, events):
	reporter = ProgressReporter(control, 0.01, log=(log := AttemptLog(control)))
	is_writing, may_go_on = threading.Event(), threading.Event()
	write = control.write_log_part

	def slowly(*part) -> None:
		is_writing.set()
		assert may_go_on.wait(SOON)
		write(*part)

	control.write_log_part = slowly
	add(log, 1)
	reporter.write_soon()
	assert is_writing.wait(SOON)
	# this would wait for ever
	add(log, 500)
	reporter.write_soon()
	may_go_on.set()
	reporter.close()
	assert control.lines == list(range(1, 502))


def test_after_its_end_nothing_is_added(control, events):
	log = AttemptLog(control)
	log.close()
	assert not log.add("INFO", "late")
	assert not log.write()


def test_what_went_nowhere_before_goes_nowhere_else(control):
	"""The root's level is lowered for us, and for nobody else."""
	heard, noted = [], []

	class Other(logging.Handler):
		def emit(self, record):
			heard.append(record.getMessage())

	other, quiet, loud = Other(), logging.getLogger("of_a_library"), logging.getLogger("of_a_loud_library")
	before = logging.root.level
	logging.root.setLevel(logging.WARNING)
	logging.root.addHandler(other)
	loud.setLevel(logging.DEBUG)
	try:
		with captured(lambda level, text, traceback: noted.append((level, text))):
			quiet.info("quiet")
			quiet.warning("warned")
			loud.debug("debugged")
			loud.info("loud")
		quiet.info("after it")
	finally:
		logging.root.removeHandler(other)
		logging.root.setLevel(before)
		loud.setLevel(logging.NOTSET)
	assert heard == ["warned", "debugged", "loud"]
	assert noted == [("INFO", "quiet"), ("WARNING", "warned"), ("INFO", "loud")]


def test_what_somebody_put_around_it_meanwhile_goes_on_working(control):
	noted, passed = [], []
	before = logging.Logger.callHandlers
	try:
		with captured(lambda level, text, traceback: noted.append(text)):
			inner = logging.Logger.callHandlers

			def around(logger, record):
				passed.append(record.getMessage())
				inner(logger, record)

			logging.Logger.callHandlers = around
			logging.getLogger("of_a_library").warning("within")
		logging.getLogger("of_a_library").warning("behind")
	finally:
		logging.Logger.callHandlers = before
	assert noted == ["within"]
	assert passed == ["within", "behind"]


@pytest.fixture(autouse=True)
def _site(world):
	assert frappe.local.site
