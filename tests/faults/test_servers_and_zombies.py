"""Servers that go away, workers that come back from the dead, clocks that go back."""

import os
import signal
from datetime import timedelta

import frappe
import psutil
import pytest
from driven import make_due
from factories import (
	acting_as,
	people_written,
	queued_wake_ups,
	running_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from frappe.utils.background_jobs import get_redis_conn
from processes import HERE, horse_of, let_rqs_patience_run_out, rq_job_of, ticking
from watching import has, is_at_work, log_is_in_order

from dartwing.dartwing_core.background_jobs import cancel_job
from dartwing.dartwing_core.background_jobs.database import queue_redis, times
from dartwing.dartwing_core.background_jobs.upkeep import recovery

MARKER = "written by a test"
ONCE = {"marker": MARKER, "people": 2, "seconds": 600, "mode": "write_people_and_sleep_once"}

pytestmark = pytest.mark.usefixtures("impatient")


# --- zombies


def test_a_worker_that_was_stopped_past_its_rescue_and_goes_on_changes_nothing(world, processes, tick):
	worker = processes.stopped_worker("before executor.settle")
	job = submit(mode="write_people", marker=MARKER, people=2)
	zombie = worker.pid
	for pid in (worker.process.pid, zombie):
		os.kill(pid, signal.SIGSTOP)
	let_rqs_patience_run_out(job.name)
	other = processes.worker()
	wait_until(ticking(has(job.name, "Completed"), tick), "another worker runs the job")
	before = frappe.get_doc("Background Job", job.name).as_dict(), transitions(job.name)
	worker.release()
	for pid in (worker.process.pid, zombie):
		os.kill(pid, signal.SIGCONT)
	gone = psutil.Process(zombie)
	wait_until(lambda: not gone.is_running(), "the zombie has ended")
	frappe.db.rollback()
	assert (frappe.get_doc("Background Job", job.name).as_dict(), transitions(job.name)) == before
	assert people_written() == 2
	assert other.poll() is None


def test_a_zombie_in_its_handler_is_stopped_when_it_goes_on(world, processes, tick):
	"""The zombie's handler would sleep for ten minutes: it is told that the job is not its own any more."""
	settings = frappe.get_doc("Job Engine Settings")
	settings.cancel_grace_period = 1
	settings.save()
	frappe.db.commit()
	try:
		worker = processes.worker()
		job = submit(**ONCE)
		wait_until(is_at_work(job.name), "the handler is at work")
		zombie = psutil.Process(horse_of(worker))
		for process in (psutil.Process(worker.pid), zombie):
			process.suspend()
		let_rqs_patience_run_out(job.name)
		processes.worker()
		wait_until(ticking(has(job.name, "Completed"), tick), "another worker runs the job")
		for process in (psutil.Process(worker.pid), zombie):
			process.resume()
		wait_until(lambda: not zombie.is_running(), "the zombie was stopped")
	finally:
		settings.reload()
		settings.cancel_grace_period = 10
		settings.save()
		frappe.db.commit()
	assert state(job.name)["status"] == "Completed"
	assert people_written() == 2


# --- Redis


def test_jobs_that_wait_when_redis_is_flushed_are_pushed_again(world, tick, work):
	names = [submit(mode="write_people", marker=MARKER, people=1, n=n).name for n in range(5)]
	get_redis_conn().flushall()
	assert queued_wake_ups("default") == []
	tick()
	assert len(queued_wake_ups("default")) == 5
	work()
	assert {state(name)["status"] for name in names} == {"Completed"}
	assert people_written() == 5


def test_a_commit_does_not_wait_for_a_redis_that_is_silent(world, tick):
	connection = get_redis_conn()
	connection.execute_command("CLIENT", "PAUSE", 20_000)
	wait_until(lambda: not queue_redis.answers(), "its silence is noticed")
	job = submit()
	is_still_silent = not queue_redis.answers()
	# which ends with the pause
	connection.ping()
	assert is_still_silent
	assert queued_wake_ups("default", job.name) == []
	wait_until(ticking(lambda: queued_wake_ups("default", job.name), tick), "the lost wake-up is found")


def test_a_worker_that_a_flushed_redis_has_forgotten_drains_as_before(world, processes, tick):
	processes.worker()
	first = submit()
	wait_until(has(first.name, "Completed"), "the worker is at work")
	wait_until(lambda: not running_wake_ups(), "the worker is idle")
	get_redis_conn().flushall()
	names = [submit(n=n).name for n in range(20)]
	wait_until(ticking(lambda: all(has(name, "Completed")() for name in names), tick), "all jobs run")
	wake_ups = frappe.get_all("Background Job", {"name": ("in", names)}, pluck="rq_job_id")
	assert len(set(wake_ups)) < 10


def test_a_job_that_runs_when_redis_is_flushed_is_left_alone(world, processes, tick):
	processes.worker()
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=4)
	wait_until(is_at_work(job.name), "the handler is at work")
	get_redis_conn().flushall()
	wait_until(ticking(has(job.name, "Completed"), tick), "the handler ends")
	assert transitions(job.name)[2:] == [("Queued", "Running"), ("Running", "Completed")]
	assert people_written() == 2


def test_a_job_that_died_with_all_that_redis_knew_of_it_runs_again(world, processes, tick):
	worker = processes.stopped_worker("before executor.settle")
	job = submit(mode="write_people", marker=MARKER, people=2)
	worker.kill_worker_and_horse()
	get_redis_conn().flushall()
	processes.worker()
	wait_until(ticking(has(job.name, "Completed"), tick), "the job runs again")
	assert transitions(job.name)[3] == ("Running", "Failed")
	assert people_written() == 2


def test_the_rest_of_an_rq_job_is_not_taken_for_one(world):
	job = submit()
	rq_job = rq_job_of(job.name)
	get_redis_conn().delete(rq_job.key)
	get_redis_conn().hset(rq_job.key, "last_heartbeat", "2026-01-01T00:00:00.000000Z")
	assert queue_redis.state_of(frappe.db.get_value("Background Job", job.name, "rq_job_id")) == "unknown"
	get_redis_conn().delete(rq_job.key)


def test_jobs_submitted_while_redis_is_down_run_when_it_is_back(world, runtime, tick, work):
	waiting = submit(mode="write_people", marker=MARKER, people=1)
	runtime.crash("redis_queue")
	try:
		meanwhile = submit(mode="write_people", marker=MARKER, people=1, n=2)
		canceled = submit()
		with acting_as(world.alice):
			cancel_job(canceled.name)
			frappe.db.commit()
		assert recovery.recover() == {"pushed": 0, "rescued": 0}
	finally:
		runtime.revive("redis_queue")
	tick()
	work()
	assert {state(job.name)["status"] for job in (waiting, meanwhile)} == {"Completed"}
	assert state(canceled.name)["status"] == "Canceled"
	assert people_written() == 2


def test_a_job_that_runs_while_redis_restarts_ends(world, runtime, processes, tick):
	processes.worker()
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=3)
	wait_until(is_at_work(job.name), "the handler is at work")
	runtime.crash("redis_queue")
	runtime.revive("redis_queue")
	wait_until(ticking(has(job.name, "Completed"), tick), "the job ends")
	assert people_written() == 2
	assert transitions(job.name)[2:] == [("Queued", "Running"), ("Running", "Completed")]


# --- MariaDB


def connections_of_handlers() -> list[int]:
	"""Connections that asked the database what only the handler of these tests asks."""
	rows = frappe.db.sql("show processlist", as_dict=True)
	frappe.db.rollback()
	return [row.Id for row in rows if row.Info == "select 'the handler asks', sleep(0.5)"]


def test_a_job_whose_connection_is_cut_fails_and_runs_again(world, processes, tick):
	processes.worker()
	job = submit(mode="query_the_database_once", marker=MARKER, people=2, seconds=600)
	wait_until(is_at_work(job.name), "the handler is at work")
	(connection,) = wait_until(connections_of_handlers, "the handler asks")
	frappe.db.sql(f"kill connection {connection}")
	wait_until(has(job.name, "Failed"), "the job failed")
	end = state(job.name)
	assert end["error_type"] == "Transient"
	assert end["next_retry_at"]
	assert people_written() == 0
	frappe.db.set_value("Background Job", job.name, "ready_at", "2026-01-01")
	frappe.db.commit()
	wait_until(ticking(has(job.name, "Completed"), tick), "the job runs again")
	assert people_written() == 2


def test_a_job_that_runs_while_mariadb_is_killed_and_restarted_ends(world, runtime, processes, tick):
	processes.worker()
	job = submit(**{**ONCE, "seconds": 4})
	wait_until(is_at_work(job.name), "the handler is at work")
	runtime.crash("mariadb")
	runtime.revive("mariadb")
	frappe.db.close()
	frappe.db.connect()

	def retry_without_delay() -> None:
		frappe.db.rollback()
		make_due(job.name)
		tick()

	wait_until(ticking(has(job.name, "Completed"), retry_without_delay), "the job runs again")
	assert transitions(job.name)[2:4] == [("Queued", "Running"), ("Running", "Failed")]
	assert people_written() == 2
	assert log_is_in_order(job.name)


def test_a_job_that_ends_while_mariadb_is_away_is_recovered(world, runtime, processes, tick):
	worker = processes.stopped_worker("before executor.settle")
	job = submit(mode="write_people", marker=MARKER, people=2)
	worker.pid  # noqa: B018 the handler has returned
	runtime.crash("mariadb")
	try:
		worker.release()
		wait_until(lambda: not psutil.Process(worker.process.pid).children(), "the horse has ended")
	finally:
		runtime.revive("mariadb")
		frappe.db.close()
		frappe.db.connect()
	assert state(job.name)["status"] == "Running"
	wait_until(ticking(has(job.name, "Completed"), tick), "the job runs again")
	assert transitions(job.name)[3:5] == [("Running", "Failed"), ("Failed", "Queued")]
	assert people_written() == 2


# --- clocks


def test_a_clock_that_goes_back_loses_nothing_and_the_log_stays_in_order(world, tick, work, monkeypatch):
	job = submit(mode="write_people_and_raise", marker=MARKER, people=1)
	work()
	assert state(job.name)["status"] == "Failed"
	ready = submit(mode="succeed")
	early = times.utc_now() - timedelta(hours=1)
	monkeypatch.setattr(times, "utc_now", lambda may_ask=True: early)
	tick()
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	assert transitions(job.name)[-2:] == [("Running", "Failed"), ("Failed", "Canceled")]
	assert log_is_in_order(job.name)
	assert state(ready.name)["status"] == "Queued"
	monkeypatch.undo()
	work()
	assert state(ready.name)["status"] == "Completed"


def test_a_worker_whose_clock_is_an_hour_behind_runs_jobs_and_is_not_taken_for_dead(world, processes, tick):
	"""RQ believes what the worker's clock says; its heartbeats tell the time of the database."""
	processes.script("off_clock.py", "-3600", str(HERE / "host_worker.py"))
	parent = submit(mode="sleep_always", marker=MARKER, people=2, seconds=3)
	child = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, depends_on=parent.name)
	wait_until(ticking(has(parent.name, "Completed"), tick), "the job ends")
	wait_until(ticking(has(child.name, "Completed"), tick), "its child ends")
	assert transitions(parent.name)[2:] == [("Queued", "Running"), ("Running", "Completed")]
	assert log_is_in_order(parent.name)
	assert log_is_in_order(child.name)
	assert people_written() == 2
