"""Whatever leaves a handler is recorded at once, says what it was, and is an ordinary retry."""

import signal
import sys

import frappe
import pytest
from factories import acting_as, people_written, state, submit, transitions

from dartwing.dartwing_core.background_jobs import list_jobs
from dartwing.dartwing_core.background_jobs.executor import execute_job

MARKER = "written by a test"
WRITES = {"marker": MARKER, "people": 2}
FAILED_ONCE = [(None, "Pending"), ("Pending", "Queued"), ("Queued", "Running"), ("Running", "Failed")]


@pytest.mark.parametrize(
	("error", "message"),
	[
		("CancelledError", "CancelledError"),
		("KeyboardInterrupt", "KeyboardInterrupt"),
		("GeneratorExit", "GeneratorExit"),
		("StopIteration", "StopIteration: 5"),
		("StopAsyncIteration", "StopAsyncIteration"),
		("SystemExit", "SystemExit"),
		("SystemExit 0", "SystemExit: 0"),
		("SystemExit 3", "SystemExit: 3"),
		("SystemExit 401", "SystemExit: 401"),
		("KeyError", "KeyError: 'x'"),
		("empty", "ValueError"),
		("blank", "ValueError"),
		("number", "ValueError: 3"),
		("WordlessError", "WordlessError"),
		("NumberedError", "NumberedError"),
		("QuittingError", "QuittingError"),
		("LockedError", "LockedError"),
		("LeavingError", "LeavingError"),
		("SlowError", "SlowError"),
		("ClassHider", "ClassHider: x"),
		("SlowClassHider", "SlowClassHider"),
		("NamelessError", "NamelessError: x"),
		("SlowlyNamedError", "SlowlyNamedError"),
		("SilentError", "SilentError"),
		("UntouchableError", "UntouchableError"),
		("PlacelessError", "PlacelessError"),
		("NeverError", "not for a long time"),
		("RecursionError", "maximum recursion depth exceeded"),
		("MemoryError", "MemoryError"),
	],
)
def test_whatever_leaves_a_handler_is_recorded_at_once_as_an_ordinary_retry(world, work, error, message):
	job = submit(mode="raise_what_is_named", error=error, **WRITES)
	work()
	assert transitions(job.name) == FAILED_ONCE
	row = row_of(job.name)
	assert (row.error_type, row.error_message, row.worker_deaths) == ("Transient", message, 0)
	assert row.next_retry_at
	assert "raise_what_is_named" in row.error_traceback
	assert people_written() == 0


def row_of(job_id: str) -> frappe._dict:
	frappe.db.rollback()
	fields = ["error_type", "error_message", "error_traceback", "worker_deaths", "next_retry_at"]
	return frappe.db.get_value("Background Job", job_id, fields, as_dict=True)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python has no groups of errors yet")
@pytest.mark.parametrize(
	("error", "told"),
	[
		("group", ["KeyError: 'x'", "the line is cut"]),
		("group of a cancel", ["CancelledError", "later"]),
	],
)
def test_a_group_of_errors_is_recorded_with_what_each_of_them_says(world, work, error, told):
	job = submit(mode="raise_what_is_named", error=error, **WRITES)
	work()
	assert transitions(job.name) == FAILED_ONCE
	row = row_of(job.name)
	assert row.error_message.startswith("two tasks failed")
	assert all(words in row.error_message for words in told)


def test_an_error_over_a_broken_connection_is_recorded_although_the_rollback_raises_too(world, work):
	job = submit(mode="raise_in_a_broken_transaction", **WRITES)
	work()
	assert transitions(job.name) == FAILED_ONCE
	assert row_of(job.name).error_message == "CancelledError"
	assert people_written() == 0


def test_what_a_callback_of_the_commit_raises_is_recorded_and_undoes_the_handlers_writes(world, work):
	job = submit(mode="raise_before_commit", **WRITES)
	work()
	assert transitions(job.name) == FAILED_ONCE
	assert row_of(job.name).error_message == "SystemExit: 3"
	assert people_written() == 0


def test_a_process_that_a_handler_forks_and_that_comes_back_ends_nothing_but_itself(world, work):
	job = submit(mode="fork_and_come_back", **WRITES)
	work()
	assert transitions(job.name)[-1] == ("Running", "Completed")
	assert state(job.name)["result"] == {"exit": 1}
	assert people_written() == 2


@pytest.mark.usefixtures("short_grace")
def test_a_callback_of_the_rollback_that_never_returns_keeps_no_worker(world, work):
	job = submit(mode="raise_while_a_callback_of_the_rollback_sleeps", **WRITES)
	work()
	assert transitions(job.name) == FAILED_ONCE
	assert row_of(job.name).error_message == "and it is undone for ever"
	assert people_written() == 0


@pytest.fixture
def short_grace(runtime):
	with runtime.site_config(dartwing_timeout_grace_seconds=1):
		yield


def test_a_number_of_any_size_is_kept_as_it_is(world, work):
	number = 2**70
	job = submit(mode="return_a_large_number", number=number)
	work()
	result = {"huge": 10**400, "next": number + 1}
	assert state(job.name)["result"] == result
	with acting_as(world.alice):
		assert job.name in [one["job_id"] for one in list_jobs(world.alpha)["jobs"]]


def test_the_horse_goes_on_after_an_error_that_nobody_catches(world, work):
	first = submit(mode="raise_what_is_named", error="KeyboardInterrupt", **WRITES)
	second = submit()
	work()
	assert transitions(first.name) == FAILED_ONCE
	assert state(second.name)["status"] == "Completed"
	names = (first.name, second.name)
	workers = frappe.get_all("Background Job", {"name": ("in", names)}, ["rq_job_id"], pluck="rq_job_id")
	assert len(set(workers)) == 1


@pytest.fixture
def ctrl_c(site):
	"""As in a console; a shell's background processes, which tests may be, ignore it."""
	before = signal.signal(signal.SIGINT, signal.default_int_handler)
	yield
	signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_a_console_is_recorded_and_still_ends_what_runs_there(world):
	job = submit(mode="raise_what_is_named", error="KeyboardInterrupt", **WRITES)
	with pytest.raises(KeyboardInterrupt):
		execute_job(job.name)
	assert transitions(job.name) == FAILED_ONCE
	assert row_of(job.name).error_message == "KeyboardInterrupt"
	assert people_written() == 0


def test_the_connection_of_a_handler_that_was_interrupted_is_not_used_again(world):
	job = submit(mode="sleep", seconds=30)
	frappe.db.set_value("Background Job", job.name, "timeout_seconds", 1)
	frappe.db.commit()
	before = connection_id()
	execute_job(job.name)
	assert state(job.name)["status"] == "Timed Out"
	assert connection_id() != before


def connection_id() -> int:
	return frappe.db.sql("select connection_id()")[0][0]
