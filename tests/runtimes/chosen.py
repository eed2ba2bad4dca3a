import os

from runtimes.base import Runtime
from runtimes.bench import BenchRuntime
from runtimes.benchless import CHECKOUT, BenchlessRuntime


def chosen_runtime() -> Runtime:
	"""The site that BENCH and SITE name, else benchless in BENCHLESS_HOME or a home of its own."""
	if is_a_bench():
		assert not worker_of_xdist(), "the tests of a site of a bench run in one process: leave out -n"
		return BenchRuntime(os.environ["BENCH"], os.environ["SITE"])
	return BenchlessRuntime(home_of_this_process())


def home_of_this_process() -> str:
	"""BENCHLESS_HOME, else a home of the tests' own; one for each process that pytest-xdist runs them in."""
	home = os.environ.get("BENCHLESS_HOME") or str(CHECKOUT / ".benchless" / "test")
	return f"{home}-{worker_of_xdist()}" if worker_of_xdist() else home


def worker_of_xdist() -> str | None:
	"""The name of this one of several processes; None if there is one."""
	return os.environ.get("PYTEST_XDIST_WORKER")


def is_a_bench() -> bool:
	"""Whether this run is of real Frappe, which has parts that benchless leaves out."""
	return bool(os.environ.get("BENCH") and os.environ.get("SITE"))
