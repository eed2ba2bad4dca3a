"""What Frappe's stock worker does with a job; it forks for each."""

import frappe
import pytest
from contract_doctypes import titles
from contract_jobs_on_queues import MODULE, wait_for_end, wait_for_status
from factories import acting_as, wait_until
from framework import since
from frappe.utils.background_jobs import get_job
from rq.command import send_stop_job_command

from dartwing.tests import contract_jobs

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def mark() -> str:
	"""The name under which a job leaves what it saw."""
	name = frappe.generate_hash(length=10)
	yield name
	frappe.cache.delete_value(contract_jobs.key_of(name))


def left(mark: str):
	frappe.local.cache.clear()
	return frappe.cache.get_value(contract_jobs.key_of(mark))


def errors_of(function: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Error Log", {"method": ("like", f"{MODULE}.{function}%")}, pluck="error")


@pytest.fixture(autouse=True)
def _errors():
	yield
	frappe.db.delete("Error Log", {"method": ("like", f"{MODULE}.%")})
	frappe.db.commit()


def test_a_job_runs_on_its_site_as_the_user_who_enqueued_it(doctypes, jobs, mark):
	with acting_as(doctypes.alice):
		job = jobs.run("describe", mark=mark, number=1)
	seen = left(mark)
	assert job.get_status() == "finished"
	assert (seen["site"], seen["user"]) == (frappe.local.site, doctypes.alice)
	assert (seen["kwargs"], seen["method"]) == ({"number": 1}, f"{MODULE}.describe")
	assert (seen["rq_job"], seen["has_request"]) == (job.id, False)


def test_a_job_runs_in_the_main_thread_of_a_process_of_its_own(jobs, mark):
	processes = []
	for _ in range(2):
		jobs.run("describe", mark=mark)
		assert left(mark)["in_main_thread"]
		processes.append(left(mark)["process"])
	assert processes[0] != processes[1]


def test_what_a_job_puts_into_frappe_flags_does_not_reach_the_next(jobs, mark):
	jobs.run("set_flag", mark=mark)
	assert left(mark)["flags"] == mark
	jobs.run("describe", mark=mark)
	assert left(mark)["flags"] is None


def test_the_returned_value_is_kept_as_the_result(jobs, mark):
	job = jobs.run("describe", mark=mark)
	assert job.return_value(refresh=True)["user"] == "Administrator"


def test_what_a_job_wrote_is_committed_when_it_returns(jobs):
	assert jobs.run("write", title="Written").get_status() == "finished"
	assert titles() == ["Written"]


def test_what_a_job_wrote_is_undone_when_it_raises_and_the_error_is_logged(jobs):
	job = jobs.run("write_and_raise", title="Undone")
	assert job.get_status() == "failed"
	assert "ZeroDivisionError: Undone" in job.latest_result().exc_string
	assert titles() == []
	assert any("ZeroDivisionError: Undone" in error for error in errors_of("write_and_raise"))


def test_what_a_job_committed_itself_stays_when_it_raises(jobs):
	jobs.run("write_commit_and_raise", title="Item")
	assert titles() == ["Item kept"]


@pytest.mark.parametrize("function", ["write_and_wait", "wait_in_python", "wait_for_socket"])
def test_a_timeout_stops_a_job_wherever_it_is_and_undoes_what_it_wrote(jobs, mark, function):
	job = jobs.run(function, timeout=1, title="Undone", mark=mark, seconds=40)
	assert job.get_status() == "failed"
	assert "JobTimeoutException" in job.latest_result().exc_string
	assert titles() == []


def test_the_failure_callback_runs_after_an_error_and_a_timeout(jobs, mark):
	failed = jobs.run("write_and_raise", title="Undone", on_failure=contract_jobs.when_failed)
	late = jobs.run(
		"write_and_wait",
		title="Undone",
		timeout=1,
		mark=mark,
		seconds=40,
		on_failure=contract_jobs.when_failed,
	)
	assert failed.connection.get(f"{failed.id}:failed") == b"ZeroDivisionError"
	assert late.connection.get(f"{late.id}:failed") == b"JobTimeoutException"


def test_the_success_callback_runs_after_a_return(jobs, mark):
	job = jobs.run("describe", mark=mark, on_success=contract_jobs.when_done)
	assert job.connection.get(f"{job.id}:done") == b"yes"


def test_a_killed_horse_leaves_a_failed_job_and_calls_no_failure_callback(jobs, mark):
	job = jobs.run("kill_horse", mark=mark, on_failure=contract_jobs.when_failed)
	assert left(mark) == "started"
	assert job.get_status() == "failed"
	assert "unexpectedly" in job.latest_result().exc_string
	assert job.connection.get(f"{job.id}:failed") is None


def test_a_running_job_can_be_stopped_and_what_it_wrote_is_undone(jobs, mark):
	job = jobs.enqueue("write_and_wait", title="Undone", mark=mark, seconds=60)
	wait_until(lambda: left(mark) == "started", "the job has started")
	send_stop_job_command(job.connection, job.id)
	wait_for_status(job, "stopped")
	assert titles() == []


def test_a_job_that_asks_for_a_retry_runs_again_in_place_as_administrator(doctypes, jobs, mark):
	with acting_as(doctypes.alice):
		jobs.run("raise_once_for_retry", mark=mark, title="Written")
	assert left(mark) == [doctypes.alice, "Administrator"]
	assert titles() == ["Written"]


def test_a_job_retried_in_place_counts_as_failed_though_its_retry_was_committed(jobs, mark):
	job = jobs.run("raise_once_for_retry", mark=mark, title="Written")
	assert job.get_status() == "failed"
	# on v15.90 the callbacks of the job are gone when the retry has ended, on v15.41 all of Frappe's locals
	lost = "AttributeError: job" if since(15, 90) else "object is not bound"
	assert lost in job.latest_result().exc_string
	assert titles() == ["Written"]


def test_the_worker_goes_on_after_failures(jobs, mark):
	jobs.run("write_and_raise", title="Undone")
	jobs.run("kill_horse", mark=mark)
	assert jobs.run("write", title="Written").get_status() == "finished"


def test_a_job_enqueued_after_commit_finds_what_was_committed(jobs):
	frappe.enqueue(
		f"{MODULE}.write",
		title="By the job",
		queue="short",
		job_id="contract-write",
		enqueue_after_commit=True,
	)
	frappe.db.commit()
	wait_for_end(jobs.keep(get_job("contract-write")))
	assert titles() == ["By the job"]


def test_a_method_that_is_not_there_fails(jobs):
	job = wait_for_end(jobs.enqueue("no_such_function"))
	assert job.get_status() == "failed"
	assert "no_such_function" in job.latest_result().exc_string


def test_a_method_of_an_app_that_is_not_installed_fails(jobs):
	job = wait_for_end(jobs.keep(frappe.enqueue("os.getcwd", queue="short")))
	assert job.get_status() == "failed"
	assert "AppNotInstalledError" in job.latest_result().exc_string
