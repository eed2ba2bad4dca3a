"""Timeouts and cancels stop a handler that runs in a real horse, also one that does not want to."""

import time

import frappe
import psutil
import pytest
from factories import (
	OBLIGING,
	acting_as,
	make_job_type,
	people_written,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from processes import horse_of, rq_job_of, ticking
from watching import has

from dartwing.dartwing_core.background_jobs import cancel_job, submit_job

MARKER = "written by a test"
WRITES = {"marker": MARKER, "people": 2, "seconds": 600}

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def short_timeout(world):
	"""A Job Type whose handlers may run for a second."""
	make_job_type("hurried_job", default_timeout=1, max_retries=1)
	frappe.db.commit()
	return "hurried_job"


def is_idle(worker):
	return lambda: not psutil.Process(worker.pid).children()


# --- timeouts


@pytest.mark.parametrize("mode", ["loop", "sleep_always", "read_a_silent_socket", "wait_for_the_database"])
def test_a_timeout_stops_the_handler_wherever_it_is(world, short_timeout, processes, mode):
	worker = processes.worker()
	job = submit_as(world.alice, short_timeout, world.alpha, {**WRITES, "mode": mode})
	wait_until(has(job.name, "Timed Out"), "the job timed out")
	wait_until(is_idle(worker), "the worker is free")
	assert rq_job_of(job.name).get_status() == "finished", "the horse was not killed"
	end = state(job.name)
	assert end["error_message"] == "stopped after 1 seconds"
	assert end["next_retry_at"]
	assert people_written() == 0


@pytest.mark.parametrize("mode", ["swallow_everything", "swallow_exceptions_and_commit"])
def test_a_handler_that_swallows_its_timeout_is_killed(world, short_timeout, processes, mode):
	worker = processes.worker()
	job = submit_as(world.alice, short_timeout, world.alpha, {**WRITES, "mode": mode})
	wait_until(has(job.name, "Timed Out"), "the job timed out")
	wait_until(is_idle(worker), "the worker is free")
	assert "killed" in frappe.db.get_value("Background Job", job.name, "error_traceback")
	assert people_written() == 0
	assert frappe.db.count("Background Job", {"organization": world.alpha}) == 1


def test_a_handler_that_swallows_its_timeout_with_its_row_locked_is_killed_all_the_same(
	world, short_timeout, processes, tick
):
	worker = processes.worker()
	job = submit_as(
		world.alice, short_timeout, world.alpha, {**WRITES, "mode": "swallow_everything_with_its_row_locked"}
	)
	wait_until(has(job.name, "Running"), "the job runs")
	# MariaDB would let the record wait for 50 seconds, and RQ the process for a minute
	wait_until(is_idle(worker), "the horse was killed", 30)
	wait_until(ticking(has(job.name, "Timed Out"), tick), "the timeout is recorded")
	assert people_written() == 0


def test_a_timeout_that_the_supervisor_could_not_record_is_recorded_by_recovery(
	world, short_timeout, processes, tick
):
	"""The horse is killed all the same; RQ saw it end after its time."""
	worker = processes.script("broken_supervisor.py")
	job = submit_as(world.alice, short_timeout, world.alpha, {**WRITES, "mode": "swallow_everything"})
	wait_until(has(job.name, "Running"), "the job runs")
	wait_until(is_idle(worker), "the horse was killed")
	wait_until(ticking(has(job.name, "Timed Out"), tick), "the timeout is recorded")
	assert transitions(job.name)[-1] == ("Running", "Timed Out")
	assert people_written() == 0


def test_a_second_timeout_is_a_dead_letter_when_one_retry_is_allowed(world, short_timeout, processes, tick):
	processes.worker()
	job = submit_as(world.alice, short_timeout, world.alpha, {**WRITES, "mode": "sleep_always"})
	wait_until(has(job.name, "Timed Out"), "the job timed out")
	frappe.db.set_value("Background Job", job.name, "ready_at", "2026-01-01")
	frappe.db.commit()
	wait_until(ticking(has(job.name, "Dead Letter"), tick), "it timed out again")
	assert transitions(job.name)[-3:] == [
		("Queued", "Running"),
		("Running", "Timed Out"),
		("Timed Out", "Dead Letter"),
	]
	assert people_written() == 0


def test_a_handler_that_uses_the_alarm_for_itself_has_not_timed_out(world, processes):
	processes.worker()
	job = submit(mode="use_the_alarm")
	wait_until(has(job.name, "Completed"), "the job ends")


def test_what_follows_a_commit_is_done_also_after_a_commit_that_failed(world):
	"""Somebody else's callback failed, and what was left of the transaction was rolled back."""

	def fail() -> None:
		raise ZeroDivisionError("a test's")

	frappe.db.after_commit.add(fail)
	with acting_as(world.alice):
		first = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		with pytest.raises(ZeroDivisionError):
			frappe.db.commit()
	frappe.db.rollback()
	second = submit()
	assert [state(job.name)["status"] for job in (first, second)] == ["Queued", "Queued"]


# --- cancel by force


@pytest.mark.usefixtures("grace_period")
@pytest.mark.parametrize(
	("mode", "horse_ends"),
	[("sleep_always", "finished"), ("wait_for_the_database", "finished"), ("swallow_everything", "failed")],
)
def test_a_canceled_handler_is_stopped_by_force(world, processes, mode, horse_ends):
	"""One that lets itself be interrupted is not killed."""
	worker = processes.worker()
	job = submit(**WRITES, mode=mode)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	horse = psutil.Process(horse_of(worker))
	began = time.monotonic()
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	assert state(job.name)["status"] == "Canceled"
	print(f"canceled after {time.monotonic() - began:.3f} s")
	wait_until(lambda: not horse.is_running(), "the horse is gone")
	print(f"worker free after {time.monotonic() - began:.3f} s, grace period 1 s")
	wait_until(lambda: rq_job_of(job.name).get_status() == horse_ends, f"its wake-up {horse_ends}")
	next_job = submit()
	wait_until(has(next_job.name, "Completed"), "the worker runs another job")
	assert transitions(job.name)[-1] == ("Running", "Canceled")
	assert people_written() == 0


def test_a_cancel_while_the_worker_claims_leaves_one_outcome(world, processes):
	worker = processes.stopped_worker("before execution.claims.start")
	job = submit(**WRITES, mode="write_people")
	worker.pid  # noqa: B018 the claim has begun
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	worker.release()
	following = submit()
	wait_until(has(following.name, "Completed"), "the worker goes on")
	assert transitions(job.name)[-1] == ("Queued", "Canceled")
	assert people_written() == 0


def test_a_cancel_between_the_handlers_return_and_its_commit_keeps_nothing(world, processes):
	worker = processes.stopped_worker("before executor.settle")
	job = submit(**WRITES, mode="write_people")
	worker.pid  # noqa: B018 the handler has returned
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	worker.release()
	following = submit()
	wait_until(has(following.name, "Completed"), "the worker goes on")
	assert transitions(job.name)[-1] == ("Running", "Canceled")
	assert people_written() == 0


# --- what must not keep an outcome from being recorded


@pytest.mark.parametrize(
	("deleted_at", "status"),
	[("before executor.claim", "Failed"), ("before executor.perform", "Completed")],
	ids=["before it starts", "when it has started"],
)
def test_a_job_whose_type_is_deleted_ends_as_it_started(world, processes, deleted_at, status):
	"""The handler is the one that the type named when the job was claimed."""
	make_job_type("doomed_job")
	frappe.db.commit()
	worker = processes.stopped_worker(deleted_at)
	job = submit_as(world.alice, "doomed_job", world.alpha, {"mode": "succeed"})
	worker.pid  # noqa: B018 it is there
	frappe.db.delete("Job Type", {"name": "doomed_job"})
	frappe.db.commit()
	frappe.clear_document_cache("Job Type", "doomed_job")
	worker.release()
	wait_until(has(job.name, status), "the job ended")
	if status == "Failed":
		assert state(job.name)["error_message"] == "Job Type doomed_job does not exist any more"
		assert state(job.name)["next_retry_at"]


def test_an_error_whose_words_are_no_text_is_recorded(world, processes):
	processes.worker()
	job = submit(mode="raise_a_file_name")
	wait_until(has(job.name, "Failed"), "the job failed")
	assert "\\udce9" in state(job.name)["error_message"]


@pytest.mark.parametrize(
	("mode", "message"),
	[
		("raise_exit", "SystemExit: 2"),
		("raise_canceled", "the handler's own idea"),
		("raise_wordless", "WordlessError"),
		("raise_at_length", "‹html>xxx"),
	],
)
def test_whatever_a_handler_raises_is_recorded_at_once(world, processes, mode, message):
	"""In the last case, more than a server takes by default in one statement."""
	processes.worker()
	job = submit(mode=mode, marker=MARKER, people=1, length=30_000_000 if mode == "raise_at_length" else 0)
	wait_until(has(job.name, "Failed"), "the job failed")
	end = state(job.name)
	assert message in end["error_message"]
	assert (end["error_type"], end["next_retry_at"] is None) == ("Transient", False)
	traceback = frappe.db.get_value("Background Job", job.name, "error_traceback")
	assert mode in traceback
	assert len(traceback) < 1_000_000
	assert people_written() == 0


@pytest.mark.parametrize("retry_after", ["inf", "nan", "1e30"])
def test_an_error_that_asks_for_a_nonsensical_wait_is_recorded(world, processes, retry_after):
	processes.worker()
	job = submit(mode="raise_retry_after", retry_after=retry_after)
	wait_until(has(job.name, "Failed"), "the job failed")
	assert state(job.name)["next_retry_at"]


def test_one_job_that_cannot_be_rescued_does_not_keep_the_others_from_it(world, site, tick, monkeypatch):
	from dartwing.dartwing_core.background_jobs.upkeep import recovery

	names = [submit().name for _ in range(3)]
	for rq_job in queued_wake_ups("default"):
		rq_job.delete()
	for name in names:
		frappe.get_doc("Background Job", name).transition_to("Running", attempt_id="x")
	frappe.db.commit()
	worker_died = recovery.worker_died

	def fail_for_the_first(job) -> None:
		if job.name == names[0]:
			raise ZeroDivisionError("a test's")
		worker_died(job)

	monkeypatch.setattr(recovery, "worker_died", fail_for_the_first)
	tick()
	assert [transitions(name)[-1][1] for name in names] == ["Running", "Queued", "Queued"]
	frappe.db.delete("Error Log", {"method": ("like", "%could not be rescued")})
	frappe.db.commit()
