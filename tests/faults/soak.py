"""Jobs of random kinds while something random is killed every few seconds; all must end, effects count once.

`make soak JOBS=5000`; with BENCH and SITE in the environment on that site. It prints what it did and found,
and fails when a promise was broken.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any

import frappe
from factories import World, acting_as, make_job_type
from frappe.utils.background_jobs import get_redis_conn
from processes import Processes, family_of, kill, let_rqs_patience_run_out_for_all, shortened
from runtimes.base import Runtime
from runtimes.chosen import chosen_runtime

from dartwing.dartwing_core.background_jobs import submit_jobs
from dartwing.dartwing_core.doctype.job_tally import job_tally
from dartwing.dartwing_core.doctype.job_tally.arithmetic import TOTAL

JOB_TYPE = "soaked_job"
MARKER = "written by a test"
# parts of a hundred
KINDS = {"write": 70, "flaky": 8, "fail": 5, "sleep": 6, "time_out": 1, "parent": 5, "child": 5}
IMPATIENT = {
	"recovery_age_seconds": 5,
	"supervision_interval_seconds": 0.5,
	"heartbeat_interval_seconds": 2,
	"heartbeat_lifetime_seconds": 15,
	"timeout_grace_seconds": 2,
}
UNFINISHED = ("Pending", "Queued", "Running", "Failed", "Timed Out")


@dataclass
class Soak:
	"""One run: `jobs` jobs, `workers` workers, one kill about each `seconds_between_kills`."""

	runtime: Runtime
	world: World
	folder: Path
	jobs: int
	seed: int = 1
	workers: int = 2
	seconds_between_kills: float = 4
	# whether RQ takes its 90 s to give up a worker that died with its horse
	waits_for_rq: bool = True
	limit_seconds: float = 3600
	killed: Counter = field(default_factory=Counter)
	accepted: dict[str, str] = field(default_factory=dict)

	def run(self) -> dict[str, Any]:
		"""Numbers of the run; raises AssertionError for a promise that was broken."""
		began = time.monotonic()
		with ExitStack() as stack:
			stack.enter_context(shortened(self.runtime, **IMPATIENT))
			self.processes = Processes(self.runtime, self.folder)
			stack.callback(self.processes.end)
			self.dice = random.Random(self.seed)
			self._make_job_type()
			self._submit_all()
			self._start()
			self._kill_until_all_have_ended()
		return {**self._check(), "killed": dict(self.killed), "seconds": round(time.monotonic() - began)}

	def _make_job_type(self) -> None:
		make_job_type(JOB_TYPE, default_timeout=2, max_retries=3, retry_base_delay=1)
		settings = frappe.get_doc("Job Engine Settings")
		# what is killed here at random is not a job's fault, however often it meets the same one
		settings.poison_pill_limit = 0
		settings.save()
		frappe.db.commit()

	def _submit_all(self) -> None:
		kinds = self.dice.choices(list(KINDS), list(KINDS.values()), k=self.jobs)
		for start in range(0, self.jobs, 500):
			part = list(enumerate(kinds[start : start + 500], start))
			parents: list[str] = []
			for organization, user in (
				(self.world.alpha, self.world.alice),
				(self.world.beta, self.world.bob),
			):
				mine = [(n, kind) for n, kind in part if n % 2 == (organization == self.world.beta)]
				parents = self._submit(user, organization, [one for one in mine if one[1] != "child"])
				self._submit(user, organization, [one for one in mine if one[1] == "child"], parents)

	def _submit(
		self, user: str, organization: str, numbered: list, parents: list[str] | None = None
	) -> list[str]:
		with acting_as(user):
			jobs = submit_jobs(
				[
					{
						"job_type": JOB_TYPE,
						"organization": organization,
						"parameters": {"mode": "soak", "kind": kind, "n": number},
						**({"depends_on": self.dice.choice(parents)} if parents else {}),
					}
					for number, kind in numbered
				]
			)
			frappe.db.commit()
		self.accepted.update((job.name, kind) for job, (_n, kind) in zip(jobs, numbered, strict=True))
		return [job.name for job, (_n, kind) in zip(jobs, numbered, strict=True) if kind == "parent"]

	def _start(self) -> None:
		self._workers = [self.processes.worker() for _ in range(self.workers)]
		self._scheduler = self._start_scheduler()

	def _start_scheduler(self) -> Popen:
		return self.processes.script("scheduler_loop.py", self.runtime.site, "2")

	def _kill_until_all_have_ended(self) -> None:
		end = time.monotonic() + self.limit_seconds
		next_kill = time.monotonic() + self.seconds_between_kills
		while self._unfinished():
			assert time.monotonic() < end, f"{self._unfinished()} jobs are unfinished"
			if time.monotonic() > next_kill:
				self._kill_something()
				next_kill = time.monotonic() + self.dice.uniform(0.5, 1.5) * self.seconds_between_kills
			self._replace_the_dead()
			time.sleep(0.2)

	def _unfinished(self) -> int:
		frappe.db.rollback()
		both = ("in", self.world.organizations)
		return frappe.db.count("Background Job", {"organization": both, "status": ("in", UNFINISHED)})

	def _kill_something(self) -> None:
		faults = {
			"horse": 5,
			"worker and horse": 3,
			"scheduler": 1,
			"connection": 1,
			"redis restart": 1,
			"redis flush": 1,
		}
		fault = self.dice.choices(list(faults), list(faults.values()))[0]
		worker = self.dice.choice(self._workers)
		if fault == "horse":
			for horse in family_of(worker.pid)[:-1]:
				kill(horse)
		elif fault == "worker and horse":
			horses = family_of(worker.pid)[:-1]
			kill(worker.pid)
			for horse in horses:
				kill(horse)
			if not self.waits_for_rq:
				let_rqs_patience_run_out_for_all()
		elif fault == "scheduler":
			kill(self._scheduler.pid)
		elif fault == "connection":
			self._cut_a_connection()
		elif fault == "redis flush":
			get_redis_conn().flushall()
		else:
			self.runtime.crash("redis_queue")
			self.runtime.revive("redis_queue")
		self.killed[fault] += 1

	def _cut_a_connection(self) -> None:
		mine = frappe.db.sql("select connection_id()")[0][0]
		others = [row[0] for row in frappe.db.sql("show processlist") if row[0] != mine]
		if others:
			try:
				frappe.db.sql(f"kill connection {self.dice.choice(others)}")
			except Exception as error:
				print(f"it was gone already: {error}")

	def _replace_the_dead(self) -> None:
		"""As whoever keeps the processes of a bench running does."""
		for number, worker in enumerate(self._workers):
			if worker.poll() is not None:
				self._workers[number] = self.processes.worker()
		if self._scheduler.poll() is not None:
			self._scheduler = self._start_scheduler()

	def _check(self) -> dict[str, Any]:
		frappe.db.rollback()
		both = ("in", self.world.organizations)
		rows = {
			row.name: row
			for row in frappe.get_all(
				"Background Job",
				{"organization": both},
				["name", "status", "error_message", "worker_deaths", "retry_count"],
			)
		}
		assert set(rows) == set(self.accepted), "jobs were lost"
		effects = Counter(
			frappe.get_all("Person", {"first_name": ("like", f"{MARKER}%")}, pluck="first_name")
		)
		completed = {f"{MARKER} {name}" for name, row in rows.items() if row.status == "Completed"}
		assert effects == Counter(completed), "effects are not those of the completed jobs, once each"
		for name, row in rows.items():
			assert row.status in ("Completed", "Dead Letter"), f"{name} is {row.status}"
			assert row.status == "Completed" or row.error_message, f"{name} died without an explanation"
			assert (row.status == "Dead Letter") <= (self.accepted[name] != "write"), f"{name}: {row}"
		self._check_metrics(Counter(row.status for row in rows.values()))
		return {
			"jobs": len(rows),
			"ended": dict(Counter(row.status for row in rows.values())),
			"effects": sum(effects.values()),
			"deaths of workers": sum(row.worker_deaths for row in rows.values()),
			"retries": sum(row.retry_count for row in rows.values()),
		}

	def _check_metrics(self, statuses: Counter) -> None:
		"""Each job was submitted once and ended once, in the sums and in the rows of the log."""
		for _counted in range(2):
			uncounted = job_tally.uncounted_events(self.world.organizations)
			totals: Counter = Counter()
			for key, (jobs, _seconds) in job_tally.sums(TOTAL, self.world.organizations, uncounted).items():
				totals[key.event] += jobs
			starts = totals.pop("Running", 0)
			assert starts >= statuses["Completed"], "each job was started before it was Completed"
			assert totals == {"Pending": len(self.accepted), **statuses}, "metrics are not those of the jobs"
			for status, jobs in statuses.items():
				assert job_tally.finished_jobs(self.world.organizations, status) == jobs, status
			job_tally.count_new()


@contextmanager
def connected(runtime: Runtime) -> Iterator[None]:
	os.chdir(runtime.sites_path)
	frappe.init(site=runtime.site, sites_path=".")
	frappe.connect()
	try:
		yield
	finally:
		frappe.destroy()


@contextmanager
def soaked(world: World) -> Iterator[None]:
	"""Put back afterwards what a soak changes beside jobs."""
	try:
		yield
	finally:
		frappe.db.rollback()
		settings = frappe.get_doc("Job Engine Settings")
		settings.poison_pill_limit = 3
		settings.save()
		frappe.db.commit()
		world.clear()


def main(jobs: int) -> None:
	runtime = chosen_runtime()
	runtime.start()
	try:
		with connected(runtime), TemporaryDirectory() as folder:
			world = World()
			world.create()
			try:
				with soaked(world):
					print(Soak(runtime, world, Path(folder), jobs).run(), flush=True)
			finally:
				world.remove()
	finally:
		runtime.stop()


if __name__ == "__main__":
	main(int(sys.argv[1]))
