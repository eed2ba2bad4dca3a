import os

from runtimes.base import Runtime
from runtimes.bench import BenchRuntime
from runtimes.benchless import BenchlessRuntime


def chosen_runtime() -> Runtime:
	"""The site that BENCH and SITE name, else benchless in BENCHLESS_HOME or a home of its own."""
	if is_a_bench():
		return BenchRuntime(os.environ["BENCH"], os.environ["SITE"])
	return BenchlessRuntime(os.environ.get("BENCHLESS_HOME"))


def is_a_bench() -> bool:
	"""Whether this run is of real Frappe, which has parts that benchless leaves out."""
	return bool(os.environ.get("BENCH") and os.environ.get("SITE"))
