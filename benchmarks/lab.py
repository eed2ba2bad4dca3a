"""A site to measure on, with an organization, its member and Job Types as a user would make them."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import frappe
from factories import World, acting_as, make_doctype, purge, remove_doctype, wait_until
from frappe.utils.background_jobs import get_redis_conn
from rq import Worker
from runtimes.base import Runtime, stop
from runtimes.bench import BenchRuntime
from runtimes.benchless import BenchlessRuntime

from benchmarks.answers import CHECKOUT
from dartwing.dartwing_core.background_jobs import submit_job, submit_jobs
from dartwing.dartwing_core.doctype.background_job.background_job import rows_changed

NOTHING, WRITE, START = "Benchmark Nothing", "Benchmark Write", "Benchmark Start"
SLEEP, REPORT = "Benchmark Sleep", "Benchmark Report"
HANDLERS = {
	NOTHING: "dartwing.tests.benchmarked.nothing_job",
	WRITE: "dartwing.tests.benchmarked.write_job",
	START: "dartwing.tests.benchmarked.start_job",
	SLEEP: "dartwing.tests.benchmarked.sleep_job",
	REPORT: "dartwing.tests.benchmarked.report_job",
}
RECORD = "Benchmark Record"
BACKGROUND_JOB = CHECKOUT / "dartwing/dartwing_core/doctype/background_job/background_job.json"
TABLES = ("Background Job", "Job Execution Log", "Job Group", "Job Tally")


class Bench(BenchRuntime):
	"""With a queue of our own, but straight to MariaDB: a relay would cost what is to be measured."""

	servers = ("redis_queue",)


class Lab:
	"""What a question may use. Everything it makes is gone after `remove`."""

	def __init__(self, runtime: Runtime, folder: Path):
		self.runtime = runtime
		self.folder = folder
		self.organization, self.other_organization = World.alpha, World.beta
		self.member, self.other_member = World.alice, World.bob

	def create(self) -> None:
		self.remove()
		for job_type, handler in HANDLERS.items():
			frappe.get_doc(
				{
					"doctype": "Job Type",
					"type_name": job_type,
					"display_name": job_type,
					"handler_method": handler,
				}
			).insert()
		make_comparable_doctype()

	def remove(self) -> None:
		self.clear()
		for job_type in HANDLERS:
			purge("Job Type", job_type)
		remove_doctype(RECORD)
		frappe.clear_cache()

	def clear(self) -> None:
		"""No jobs, no RQ jobs, nothing that jobs wrote; the queue's Redis is the benchmarks' own."""
		frappe.db.rollback()
		frappe.set_user("Administrator")
		for doctype in TABLES:
			empty(doctype)
		frappe.db.sql(
			"delete from `tabJob Dependency`"
			" where background_job not in (select name from `tabBackground Job`)"
		)
		frappe.db.delete("Person", {"first_name": "written by a test"})
		frappe.db.commit()
		get_redis_conn().flushdb()

	@contextmanager
	def workers(self, number: int, **environment: str) -> Iterator[None]:
		"""So many stock workers of all queues, idle when the block begins."""
		log = self.folder / "workers.log"
		with self.idle(
			[
				self.runtime.spawn("worker", "--queue", "short,default,long", log=log, **environment)
				for _ in range(number)
			]
		):
			yield

	@contextmanager
	def idle(self, processes: list[Popen]) -> Iterator[None]:
		"""These workers, which wait for jobs when the block begins and are stopped when it ends."""
		try:
			wait_until(
				lambda: Worker.count(get_redis_conn()) == len(processes), "the workers wait for jobs", 60
			)
			yield
		finally:
			for process in processes:
				stop(process)

	def submit(self, job_type: str, parameters: dict[str, Any], **arguments: Any) -> Any:
		with acting_as(self.member):
			job = submit_job(job_type, self.organization, parameters, **arguments)
			frappe.db.commit()
		return job

	def submit_many(self, job_type: str, number: int, **parameters: Any) -> list[Any]:
		with acting_as(self.member):
			jobs = submit_jobs(
				[
					{
						"job_type": job_type,
						"organization": self.organization,
						"parameters": {**parameters, "number": n},
					}
					for n in range(number)
				]
			)
			frappe.db.commit()
		return jobs


def empty(doctype: str) -> None:
	"""Delete the organizations' rows: at once where there are no others, else in batches. Commits."""
	ours = tuple(World.organizations)
	if doctype == "Job Tally":
		frappe.db.delete(doctype, {"organization": ("in", ours)})
		frappe.db.commit()
	elif not frappe.db.sql(f"select 1 from `tab{doctype}` where organization not in %s limit 1", (ours,)):
		frappe.db.commit()
		frappe.db.truncate(doctype)
	else:
		delete_in_batches(doctype, ours)


def delete_in_batches(doctype: str, organizations: tuple[str, ...]) -> None:
	"""Commits each batch: no transaction of a million rows."""
	is_over = False
	while not is_over:
		frappe.db.sql(f"delete from `tab{doctype}` where organization in %s limit 10000", (organizations,))
		is_over = not rows_changed()
		frappe.db.commit()


def make_comparable_doctype() -> None:
	"""The fields of Background Job, without its controller, its indexes and its engine."""
	fields = json.loads(BACKGROUND_JOB.read_text())["fields"]
	kept = ("fieldname", "fieldtype", "label", "options", "default", "reqd", "length")
	make_doctype(
		RECORD,
		autoname="hash",
		fields=[{name: field[name] for name in kept if name in field} for field in fields],
		permissions=[{"role": "Dartwing User", "read": 1, "write": 1, "create": 1}],
	)


@contextmanager
def open_lab() -> Iterator[Lab]:
	"""The site that BENCH and SITE name, else benchless in a home of its own; left as it was found."""
	os.environ["DARTWING_TESTS"] = "1"
	bench, site = os.environ.get("BENCH"), os.environ.get("SITE")
	runtime = Bench(bench, site) if bench and site else BenchlessRuntime(CHECKOUT / ".benchless/benchmarks")
	runtime.start()
	before = os.getcwd()
	try:
		os.chdir(runtime.sites_path)
		runtime.restore_site_config()
		# a site that allows tests asks Redis before each statement whether to print it
		with runtime.site_config(allow_tests=False):
			frappe.init(site=runtime.site, sites_path=".")
			frappe.connect()
			with tempfile.TemporaryDirectory(prefix="dartwing-benchmarks-") as folder:
				world, lab = World(), Lab(runtime, Path(folder))
				lab.clear()
				world.create()
				try:
					lab.create()
					yield lab
				finally:
					lab.remove()
					world.remove()
	finally:
		frappe.destroy()
		os.chdir(before)
		runtime.stop()


def seconds_of(work: Callable[[], Any]) -> float:
	began = time.perf_counter()
	work()
	return time.perf_counter() - began


def milliseconds_of(work: Callable[[], Any]) -> float:
	return 1000 * seconds_of(work)


def in_turn(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
	"""Measure A B C A B C …, so that what else the machine does falls on all of them."""
	samples: dict[str, list[float]] = {label: [] for label in contenders}
	for _round in range(rounds):
		for label, measure in contenders.items():
			samples[label].append(measure())
	return samples
