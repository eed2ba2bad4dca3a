"""What do the guarantees cost? The same no-op on other job systems, in their usual local set-up."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from commands import run_to_end
from frappe.utils.background_jobs import get_redis_conn

from benchmarks.answers import CHECKOUT, Answer, Comparison
from benchmarks.lab import NOTHING, Lab, in_turn
from benchmarks.postgres import folder_of_postgres, own_postgres
from benchmarks.throughput import Ours, Plain, rate_of
from dartwing.warm_start import SWITCH

# made by `make bench-report` from benchmarks/requirements.txt
VENV = CHECKOUT / ".benchless/benchmarks-venv/bin/python"
# the packages of others; RQ is measured in the version that Frappe has
SYSTEMS = {
	"with_rq": ("RQ alone: 1 worker, forks for each job", Path(sys.executable), 300),
	"with_huey": ("Huey: 1 thread", VENV, 2000),
	"with_celery": ("Celery: prefork, 1 process per core, results kept", VENV, 2000),
	"with_dramatiq": ("Dramatiq: 1 process per core, 8 threads each", VENV, 4000),
	"with_procrastinate": ("Procrastinate on PostgreSQL: 1 worker, 1 job at a time", VENV, 400),
}
SIZES = {
	"full": {"rounds": 3, "seconds": (6, 12), "share": 1.0, "systems": tuple(SYSTEMS)},
	"quick": {"rounds": 1, "seconds": (5, 8), "share": 0.3, "systems": tuple(SYSTEMS)},
	"tiny": {"rounds": 1, "seconds": (20, 20), "share": 0.01, "systems": ("with_rq",)},
}
OURS, PLAIN = "Dartwing: 1 stock worker", "frappe.enqueue: 1 stock worker"


def measure(
	lab: Lab, rounds: int, seconds: tuple[float, float], share: float, systems: tuple[str, ...]
) -> list[Answer]:
	with ExitStack() as servers:
		environment = {"BENCHMARK_REDIS": redis_address()}
		left_out = []
		if "with_procrastinate" in systems:
			if folder_of_postgres():
				environment["BENCHMARK_POSTGRES"] = servers.enter_context(own_postgres())
			else:
				systems = tuple(system for system in systems if system != "with_procrastinate")
				left_out.append("Procrastinate is left out: there is no PostgreSQL on the machine.")
		contenders = {
			PLAIN: rate_of(
				lab,
				1,
				seconds[0],
				Plain("dartwing.tests.benchmarked.do_nothing", max(3, int(400 * share))),
				**{SWITCH: "0"},
			),
			OURS: rate_of(lab, 1, seconds[1], Ours(lab, NOTHING, max(3, int(3000 * share)))),
			**{SYSTEMS[system][0]: driving(lab, system, share, environment) for system in systems},
		}
		samples = in_turn(contenders, rounds)
	return [
		Answer(
			"No-op jobs on other systems",
			"jobs/s",
			samples,
			[Comparison(label, OURS) for label in samples if label != OURS],
			notes=[
				"Of the others: from the first one sent to the last one ended, the workers idle and warm at "
				"first, on the same Redis server. None of them keeps a row for each job, checks permissions, "
				"duplicates and limits, or logs transitions; what each loses when something dies differs.",
				*left_out,
			],
		)
	]


def redis_address() -> str:
	"""Of the queue's server, in a database of it that nobody else uses."""
	options = get_redis_conn().connection_pool.connection_kwargs
	return f"redis://{options['host']}:{options['port']}/9"


def driving(lab: Lab, system: str, share: float, environment: dict[str, str]) -> Callable[[], float]:
	_label, python, jobs = SYSTEMS[system]

	def measured() -> float:
		done = run_to_end(
			[str(python), "-m", "benchmarks.others.drive", system, str(max(3, int(jobs * share)))],
			cwd=CHECKOUT,
			env={**os.environ, **environment, "PYTHONPATH": str(CHECKOUT)},
			timeout=120,
		)
		return json.loads(done.stdout)["ended"]

	return measured


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("systems")
