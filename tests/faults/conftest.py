from collections.abc import Callable, Iterator
from pathlib import Path

import frappe
import pytest
from processes import Processes, forget_running_wake_ups, shortened
from runtimes.base import Runtime

from dartwing.dartwing_core.background_jobs import scheduler
from dartwing.dartwing_core.background_jobs.clock import signs

# the engine's patience, see config.py; its defaults would make each of these tests take minutes
IMPATIENT = {
	"recovery_age_seconds": 0,
	"supervision_interval_seconds": 0.1,
	"heartbeat_interval_seconds": 0.3,
	"heartbeat_lifetime_seconds": 1.5,
	"timeout_grace_seconds": 1,
}


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture
def impatient(runtime: Runtime, site: str) -> Iterator[None]:
	with shortened(runtime, **IMPATIENT):
		yield


@pytest.fixture
def processes(runtime: Runtime, clean, tmp_path: Path) -> Iterator[Processes]:
	started = Processes(runtime, tmp_path)
	try:
		yield started
	finally:
		started.end()
		# the next test need not wait until RQ gives up the workers that were killed
		forget_running_wake_ups()
		print(started.output())


@pytest.fixture
def clocks_forgotten(clean) -> Iterator[Callable[[], None]]:
	"""Forget the clocks that were killed, which are believed for a while; now, and whenever it is called."""
	connection, key = signs._connection(frappe.conf.redis_cache), signs._key()

	def forget() -> None:
		connection.delete(key)

	forget()
	yield forget
	forget()


@pytest.fixture
def work(runtime: Runtime) -> Callable[[], None]:
	"""Run one stock worker until all queues are empty."""
	return lambda: runtime.run("worker", "--queue", "short,default,long", "--burst")


@pytest.fixture
def tick(site: str) -> Callable[[], None]:
	"""What the scheduler does each minute, now and in this process."""

	def run() -> None:
		frappe.db.rollback()
		scheduler.tick()

	return run


@pytest.fixture
def grace_period(site):
	"""One second between a cancel and the force."""
	set_grace_period(1)
	yield
	set_grace_period(10)


def set_grace_period(seconds: int) -> None:
	settings = frappe.get_doc("Job Engine Settings")
	settings.cancel_grace_period = seconds
	settings.save()
	frappe.db.commit()
