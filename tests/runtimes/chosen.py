import os

from runtimes.base import Runtime
from runtimes.bench import BenchRuntime
from runtimes.benchless import BenchlessRuntime


def chosen_runtime() -> Runtime:
	"""The site that BENCH and SITE name, else benchless in BENCHLESS_HOME or a home of its own."""
	bench, site = os.environ.get("BENCH"), os.environ.get("SITE")
	if bench and site:
		return BenchRuntime(bench, site)
	return BenchlessRuntime(os.environ.get("BENCHLESS_HOME"))
