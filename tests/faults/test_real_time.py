"""How long recovery takes with nothing shortened: stock workers, stock scheduler, the engine's defaults.

They take five minutes and are left out unless asked for: `PYTEST_ARGS="-m real_time -s"`.
"""

import time

import frappe
import pytest
from factories import people_written, state, submit, wait_until
from frappe.utils.background_jobs import get_redis_conn
from processes import kill
from psutil import Process
from rq import Worker

from dartwing.dartwing_core.background_jobs.dispatch import wake_ups

MARKER = "written by a test"

pytestmark = pytest.mark.real_time


@pytest.fixture
def stock_bench(runtime, processes, site):
	"""Two workers and the scheduler, as a bench runs them."""
	was_enabled = frappe.db.get_single_value("System Settings", "enable_scheduler")
	runtime.run(*runtime.on_site("enable-scheduler"))
	# else Frappe runs the cron once a day only, because nobody logs in to the test's site
	with runtime.site_config(developer_mode=1):
		processes.scheduler()
		yield [processes.worker() for _ in range(2)]
	if not was_enabled:
		runtime.run(*runtime.on_site("disable-scheduler"))


def process_of(worker_name: str) -> Process:
	(worker,) = [worker for worker in Worker.all(get_redis_conn()) if worker.name == worker_name]
	return Process(worker.pid)


@pytest.mark.parametrize("dies", ["horse", "worker and horse"])
def test_a_job_whose_worker_died_runs_again(world, stock_bench, dies):
	job = submit(mode="write_people_and_sleep_once", marker=MARKER, people=2, seconds=600)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	worker = process_of(frappe.db.get_value("Background Job", job.name, "worker_name"))
	(horse,) = worker.children()
	if dies == "worker and horse":
		kill(worker.pid)
	kill(horse.pid)
	began = time.monotonic()
	wait_until(lambda: state(job.name)["status"] != "Running", "the death is noticed", 300)
	noticed = time.monotonic() - began
	wait_until(lambda: state(job.name)["status"] == "Completed", "the job runs again", 60)
	print(f"{dies} killed: noticed after {noticed:.0f} s, Completed after {time.monotonic() - began:.0f} s")
	assert people_written() == 2


def test_a_push_that_was_lost_is_found(world, stock_bench):
	job = submit(mode="write_people_and_sleep_once", marker=MARKER, people=2, seconds=0)
	wait_until(lambda: state(job.name)["status"] == "Completed", "workers and scheduler are up", 60)
	with_lost_push = lose_the_push()
	began = time.monotonic()
	wait_until(lambda: state(with_lost_push)["status"] == "Completed", "the job runs", 200)
	print(f"push lost: Completed after {time.monotonic() - began:.0f} s")


def lose_the_push() -> str:
	push, wake_ups.push_all = wake_ups.push_all, lambda _jobs: None
	try:
		return submit(mode="succeed").name
	finally:
		wake_ups.push_all = push
