"""The clock as a process: it does what a tick would do, while none comes.

No scheduler runs here. What is waited for would wait for ever without the clock.
"""

import json
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import frappe
import pytest
from driven import make_due
from factories import (
	MARKER,
	RETRIED,
	people_written,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from processes import Processes, horse_of, kill
from runtimes.base import free_port
from watching import has, is_at_work, log_is_in_order

from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import drivers, times
from dartwing.dartwing_core.background_jobs.dispatch import wake_ups
from dartwing.dartwing_core.background_jobs.upkeep import holding

WRITES = {"mode": "write_people", "marker": MARKER, "people": 2}


def ticks(count: int = 1) -> Callable[[], bool]:
	return lambda: len(signs.ages()) == count


@pytest.fixture(autouse=True)
def _no_clock_before(clocks_forgotten) -> None:
	"""No test sees those of the one before."""


@pytest.fixture
def clock(processes: Processes) -> Iterator[object]:
	started = processes.clock()
	wait_until(ticks(), "the clock ticks")
	yield started
	assert started.poll() in (None, 0), "it ended by itself"


def due_in(seconds: float) -> str:
	return f"{(times.utc_now() + timedelta(seconds=seconds)).isoformat()}Z"


def lose_the_push(**parameters: object) -> str:
	push, wake_ups.push_all = wake_ups.push_all, lambda _jobs: None
	try:
		return submit(**parameters).name
	finally:
		wake_ups.push_all = push


def errors_of_the_clock() -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Error Log", {"method": ("like", "dartwing: clock%")}, pluck="name")


# --- what is due


def test_a_scheduled_job_starts_at_its_time(world, processes, clock):
	processes.worker()
	job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(3))
	assert state(job.name)["status"] == "Pending"
	wait_until(has(job.name, "Completed"), "it starts without a tick")
	started, due = frappe.db.get_value("Background Job", job.name, ["started_at", "scheduled_at"])
	assert started >= due


def test_a_retry_that_is_due_runs(world, processes, clock):
	processes.worker()
	job = submit(mode="checkpoint_and_raise")
	wait_until(has(job.name, "Failed"), "it failed")
	make_due(job.name)
	wait_until(has(job.name, "Completed"), "it runs again without a tick")
	assert transitions(job.name) == RETRIED


def test_what_was_due_before_the_clock_began_starts(world, processes):
	job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(0.5))
	wait_until(lambda: times.utc_now() > job.ready_at, "it is due")
	processes.clock()
	wait_until(lambda: queued_wake_ups("default", job.name), "it is handed over")


# --- what was lost


def test_a_job_whose_horse_was_killed_runs_again(world, processes, clock):
	worker = processes.worker()
	job = submit(**{**WRITES, "mode": "write_people_and_sleep_once", "seconds": 600})
	wait_until(is_at_work(job.name), "the handler is at work")
	kill(horse_of(worker))
	wait_until(has(job.name, "Completed"), "it runs again without a tick", 60)
	assert people_written() == 2
	assert transitions(job.name) == RETRIED


def test_a_wake_up_that_was_lost_is_pushed_again(world, processes, clock):
	processes.worker()
	job = lose_the_push(mode="succeed")
	wait_until(has(job, "Completed"), "it is found without a tick", 60)


# --- more than one


def test_two_clocks_do_nothing_twice(world, processes):
	jobs = [lose_the_push(**WRITES, n=n) for n in range(4)]
	retried = submit(mode="checkpoint_and_raise").name
	due = due_in(6)
	later = [
		submit_as(world.alice, "obliging_job", world.alpha, {**WRITES, "later": n}, scheduled_at=due).name
		for n in range(12)
	]
	processes.worker()
	wait_until(has(retried, "Failed"), "it failed")
	for _ in range(2):
		processes.clock()
	wait_until(ticks(2), "both tick")
	make_due(retried)
	everyone = [*jobs, *later, retried]
	wait_until(lambda: all(state(job)["status"] == "Completed" for job in everyone), "all end", 60)
	assert transitions(retried) == RETRIED
	assert all(log_is_in_order(job) for job in everyone)
	assert {len(transitions(job)) for job in later} == {4}
	assert people_written() == 2 * (len(jobs) + len(later))
	assert errors_of_the_clock() == []


# --- what goes wrong


def test_a_step_that_fails_is_recorded_and_keeps_no_other_from_being_done(world, runtime, processes):
	processes.script("failing_clock.py", runtime.site)
	wait_until(ticks(), "it ticks")
	for _ in range(3):
		job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(1))
		wait_until(lambda id=job.name: queued_wake_ups("default", id), "it is handed over")
	recorded = errors_of_the_clock()
	assert len(recorded) == 1, "once a minute"
	frappe.db.delete("Error Log", {"name": ("in", recorded)})
	frappe.db.commit()


def test_the_database_goes_and_comes_back(world, runtime, processes, clock, tmp_path):
	lost = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(600))
	try:
		runtime.crash("mariadb")
		wait_until(lambda: says(processes, "cannot be looked at"), "it is missed")
	finally:
		runtime.revive("mariadb")
		frappe.db.close()
		frappe.db.connect()
	wait_until(lambda: says(processes, "is back"), "it is found again")
	make_due(lost.name)
	wait_until(lambda: queued_wake_ups("default", lost.name), "it is handed over")
	assert clock.poll() is None
	assert says(processes, "cannot be looked at") == says(processes, "is back") == 1


def test_the_queues_go_and_come_back(world, runtime, processes, clock):
	job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(2))
	try:
		runtime.crash("redis_queue")
		wait_until(has(job.name, "Queued"), "it is handed over to nobody")
	finally:
		runtime.revive("redis_queue")
	wait_until(lambda: queued_wake_ups("default", job.name), "its wake-up is pushed again", 60)
	assert clock.poll() is None


def test_without_the_redis_of_the_cache_jobs_start_all_the_same(world, runtime, processes):
	with runtime.site_config(redis_cache=f"redis://127.0.0.1:{free_port()}"):
		clock = processes.clock()
		job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(4))
		wait_until(lambda: queued_wake_ups("default", job.name), "it is handed over")
	assert signs.ages() == []
	assert clock.poll() is None


def test_a_site_in_maintenance_mode_is_left_alone(world, runtime, processes, clock):
	job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(600))
	with runtime.site_config(maintenance_mode=1):
		make_due(job.name)
		seen_at = datetime.now()
		# it has looked since
		wait_until(lambda: datetime.now() - seen_at > timedelta(seconds=8) and signs.ages(), "it looks")
		assert state(job.name)["status"] == "Pending"
	wait_until(lambda: queued_wake_ups("default", job.name), "it is handed over after that", 60)


def test_a_pause_keeps_what_is_due_until_it_ends(world, processes, clock):
	job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(600))
	holding.pause()
	frappe.db.commit()
	try:
		lost = lose_the_push(mode="succeed")
		make_due(job.name)
	finally:
		holding.resume()
		frappe.db.commit()
	wait_until(lambda: queued_wake_ups("default", job.name), "it is handed over")
	wait_until(lambda: queued_wake_ups("default", lost), "the other one too", 60)


# --- a server that takes connections and says nothing: it is stopped, or its machine is full


@contextmanager
def silent_server(greeting: bytes = b"") -> Iterator[int]:
	"""The port of one that says no more than its greeting."""
	with socket.socket() as listener, ExitStack() as taken:
		listener.bind(("127.0.0.1", 0))
		listener.listen(50)

		def take() -> None:
			with suppress(OSError):
				while True:
					connection = taken.enter_context(listener.accept()[0])
					connection.sendall(greeting)

		thread = threading.Thread(target=take)
		thread.start()
		try:
			yield listener.getsockname()[1]
		finally:
			listener.shutdown(socket.SHUT_RDWR)
			thread.join()


def greeting_of_the_database() -> bytes:
	with socket.create_connection((frappe.conf.db_host or "127.0.0.1", frappe.conf.db_port or 3306)) as real:
		return real.recv(4096)


@contextmanager
def another_site(runtime, **values: object) -> Iterator[str]:
	"""One that is looked at before the tests' own: with its configuration, and these values."""
	name = "a-silent-one.localhost"
	of_the_tests = json.loads((runtime.sites_path / runtime.site / "site_config.json").read_text())
	(runtime.sites_path / name).mkdir()
	try:
		(runtime.sites_path / name / "site_config.json").write_text(json.dumps({**of_the_tests, **values}))
		yield name
	finally:
		shutil.rmtree(runtime.sites_path / name)


def silent_database(port: int) -> dict[str, object]:
	return {"db_host": "127.0.0.1", "db_port": port, "db_socket": None}


@pytest.mark.parametrize(
	("greeting", "configured"),
	[
		(bytes, silent_database),
		(greeting_of_the_database, silent_database),
		(bytes, lambda port: {"redis_cache": f"redis://127.0.0.1:{port}"}),
		(bytes, lambda port: {"redis_queue": f"redis://127.0.0.1:{port}"}),
	],
	ids=["database", "database that greets", "cache", "queues"],
)
def test_a_site_whose_server_says_nothing_keeps_no_other_waiting(
	world, runtime, processes, tmp_path, greeting, configured
):
	log = tmp_path / "all.log"
	with silent_server(greeting()) as port, another_site(runtime, **configured(port)) as silent:
		clock = processes._keep(runtime.spawn("dartwing-clock", log=log))
		wait_until(ticks(), "it ticks")
		for _ in range(3):
			soon = due_in(2)
			job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=soon)
			wait_until(lambda id=job.name: queued_wake_ups("default", id), "it is handed over")
		assert log.read_text().count(f"{silent}: cannot be looked at") == 1
		os.kill(clock.pid, signal.SIGTERM)
		clock.wait(20)


def test_a_connection_of_a_step_and_those_beside_it_wait_for_no_silent_server_for_ever(world):
	database = drivers.beside(frappe.local.db)
	with silent_server() as port:
		database.host, database.port, database.socket = "127.0.0.1", port, None
		drivers.limit_silence(database, 1)
		for one in (database, drivers.beside(database)):
			with pytest.raises(drivers.MAY_BE_LOST):
				one.sql("select 1")


# --- its end


def test_a_signal_ends_it_although_a_step_does_not_end(runtime, processes):
	clock = processes.script("failing_clock.py", runtime.site, "for ever")
	wait_until(lambda: says(processes, "a step goes on for ever"), "it is at the step")
	os.kill(clock.pid, signal.SIGTERM)
	assert clock.wait(20) == -signal.SIGALRM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(clock, number):
	os.kill(clock.pid, number)
	assert clock.wait(20) == 0


def test_a_site_that_is_not_there_is_refused(runtime, tmp_path: Path):
	log = tmp_path / "refused.log"
	process = runtime.spawn("--site", "nowhere.localhost", "dartwing-clock", log=log)
	assert process.wait(60) != 0
	assert "nowhere.localhost" in log.read_text()


def test_all_sites_of_the_bench_are_looked_at(world, runtime, processes, tmp_path):
	"""Without --site; one that is no site is skipped."""
	broken = runtime.sites_path / "broken.localhost"
	broken.mkdir()
	(broken / "site_config.json").write_text(json.dumps({"db_name": "nobody", "db_password": "nothing"}))
	try:
		processes._keep(runtime.spawn("dartwing-clock", log=tmp_path / "all.log"))
		wait_until(ticks(), "it ticks")
		assert "broken.localhost: cannot be looked at" in (tmp_path / "all.log").read_text()
		job = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, scheduled_at=due_in(1))
		wait_until(lambda: queued_wake_ups("default", job.name), "it is handed over")
	finally:
		(broken / "site_config.json").unlink()
		broken.rmdir()


def says(processes: Processes, text: str) -> int:
	return processes.output().count(text)
