from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from factories import running_wake_ups, wait_until
from runtimes.base import Runtime


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture
def work(runtime: Runtime) -> Callable[[], None]:
	"""Run one stock worker until all queues are empty and nothing of this site runs any more."""

	def run_to_the_end() -> None:
		runtime.run("worker", "--queue", "short,default,long", "--burst")
		# another worker of the bench may have taken some of the jobs
		wait_until(lambda: not running_wake_ups(), "the site's jobs have run")

	return run_to_the_end


@pytest.fixture
def worker(runtime: Runtime, tmp_path: Path) -> Iterator[Popen]:
	"""A stock worker beside the test, stopped at its end after the job it is at."""
	process = runtime.spawn("worker", "--queue", "short,default,long", log=tmp_path / "worker.log")
	try:
		yield process
	finally:
		process.terminate()
		process.wait(60)
