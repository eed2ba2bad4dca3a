"""Processes that a test starts, stops at a point and kills, always by their ids."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import frappe
import psutil
from factories import wait_until
from frappe.utils.background_jobs import create_job_id, get_queue, get_redis_conn
from rq.job import Job
from rq.registry import StartedJobRegistry
from runtimes.base import Runtime

HERE = Path(__file__).parent


class Processes:
	"""Starts workers and submitters of the runtime; all that are left are killed by `end`."""

	def __init__(self, runtime: Runtime, folder: Path):
		self._runtime = runtime
		self._folder = folder
		self._started: list[Popen] = []

	def worker(self) -> Popen:
		"""A stock worker of all queues."""
		number = len(self._started)
		log = self._folder / f"worker-{number}.log"
		return self._keep(self._runtime.spawn("worker", "--queue", "short,default,long", log=log))

	def scheduler(self) -> Popen:
		"""The stock scheduler, which has stock workers run the cron."""
		return self._keep(self._runtime.spawn(self._runtime.scheduler, log=self._folder / "scheduler.log"))

	def clock(self) -> Popen:
		"""A clock of the runtime's site."""
		log = self._folder / f"clock-{len(self._started)}.log"
		return self._keep(self._runtime.spawn(*self._runtime.on_site("dartwing-clock"), log=log))

	def stopped_worker(self, stop_at: str) -> "Stopped":
		"""A worker whose horse stops at a point, see `stopping.stop_as_told`, and is not there yet."""
		return self._stopped("stopped_worker.py", stop_at)

	def stopped_submitter(self, stop_at: str, user: str, organization: str, **parameters: Any) -> "Stopped":
		arguments = (self._runtime.site, user, organization, json.dumps(parameters))
		return self._stopped("stopped_submitter.py", stop_at, *arguments)

	def stopped_flow(self, stop_at: str, user: str, organization: str, *said: Any) -> "Stopped":
		"""A submitter of a flow, as `Flow.parse` takes it."""
		arguments = (self._runtime.site, user, organization, json.dumps(said))
		return self._stopped("stopped_flow.py", stop_at, *arguments)

	def script(self, name: str, *arguments: str, **environment: str) -> Popen:
		log = self._folder / f"{Path(name).stem}-{len(self._started)}.log"
		return self._keep(self._runtime.spawn_script(HERE / name, *arguments, log=log, **environment))

	def end(self) -> None:
		for process in self._started:
			if process.poll() is None:
				# a worker whose horse is killed would start another one
				process.send_signal(signal.SIGSTOP)
			for left in family_of(process.pid):
				kill(left)
			process.wait(10)

	def output(self) -> str:
		return "\n".join(log.read_text() for log in sorted(self._folder.glob("*.log")))

	def _stopped(self, script: str, stop_at: str, *arguments: str) -> "Stopped":
		marker = self._folder / f"stopped-{len(self._started)}"
		process = self.script(script, *arguments, STOP_AT=stop_at, STOP_MARKER=str(marker))
		return Stopped(process, marker)

	def _keep(self, process: Popen) -> Popen:
		self._started.append(process)
		return process


class Stopped:
	"""A process started to stop at a point; `pid` is the process that stopped there, itself or its horse."""

	def __init__(self, process: Popen, marker: Path):
		self.process = process
		self._marker = marker

	@property
	def pid(self) -> int:
		wait_until(self._marker.exists, "the process is at its point")
		return int(self._marker.read_text())

	def release(self) -> None:
		self._marker.unlink()

	def kill_horse(self) -> None:
		kill(self.pid)

	def kill_worker_and_horse(self) -> None:
		"""As when the machine goes: the worker first, so that it cannot tell anybody of its horse."""
		horse = self.pid
		os.kill(self.process.pid, signal.SIGSTOP)
		kill(horse)
		kill(self.process.pid)


def family_of(pid: int) -> list[int]:
	"""The process and its descendants, those first."""
	try:
		children = psutil.Process(pid).children(recursive=True)
	except psutil.NoSuchProcess:
		return []
	return [*(child.pid for child in children), pid]


def horse_of(worker: Popen) -> int:
	"""The process in which a busy worker runs its job."""
	return wait_until(lambda: psutil.Process(worker.pid).children(), "the worker has a horse")[0].pid


def kill(pid: int) -> None:
	"""kill -9, and wait until the process is gone or a zombie."""
	try:
		process = psutil.Process(pid)
		process.kill()
		wait_until(lambda: is_over(process), f"process {pid} is gone", 10)
	except psutil.NoSuchProcess:
		return


def is_over(process: psutil.Process) -> bool:
	try:
		return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
	except psutil.NoSuchProcess:
		return True


def rq_job_of(job_id: str) -> Job | None:
	"""The RQ job that the row names, as Redis has it now."""
	frappe.db.rollback()
	rq_job_id = frappe.db.get_value("Background Job", job_id, "rq_job_id")
	return Job.fetch_many([create_job_id(rq_job_id or "")], connection=get_redis_conn())[0]


def let_rqs_patience_run_out(job_id: str) -> None:
	"""RQ believes a worker for about 90 s after its last heartbeat; make that be over now."""
	rq_job = rq_job_of(job_id)
	if rq_job:
		_let_lapse(StartedJobRegistry(rq_job.origin, connection=get_redis_conn()), rq_job.id)


def _let_lapse(registry: StartedJobRegistry, beginning: str = "") -> None:
	"""Entries that begin so: with the id of an RQ job, where RQ 2 has the execution behind it."""
	for entry in get_redis_conn().zrange(registry.key, 0, -1):
		if entry.decode().startswith(beginning):
			get_redis_conn().zadd(registry.key, {entry: 1}, xx=True)


def let_rqs_patience_run_out_for_all() -> None:
	"""The same for all jobs: those that are alive are believed because of their own heartbeats."""
	for name in ("short", "default", "long"):
		_let_lapse(StartedJobRegistry(queue=get_queue(name)))


def forget_running_wake_ups() -> None:
	"""Take what workers that are dead were running out of RQ's registries."""
	for name in ("short", "default", "long"):
		registry = StartedJobRegistry(queue=get_queue(name))
		for rq_job_id in get_redis_conn().zrange(registry.key, 0, -1):
			if rq_job_id.decode().startswith(create_job_id("JOB-")):
				get_redis_conn().zrem(registry.key, rq_job_id)


def clean_rqs_registry(job_id: str) -> None:
	"""What RQ's maintenance does every quarter of an hour: a job whose worker is silent is called failed."""
	StartedJobRegistry(rq_job_of(job_id).origin, connection=get_redis_conn()).cleanup()


@contextmanager
def shortened(runtime: Runtime, **values: float) -> Iterator[None]:
	"""Values of `config` for this process and for those that start meanwhile."""
	prefixed = {f"dartwing_{name}": value for name, value in values.items()}
	before = dict(frappe.conf)
	with runtime.site_config(**prefixed):
		frappe.conf.update(prefixed)
		try:
			yield
		finally:
			frappe.conf.clear()
			frappe.conf.update(before)


def ticking(condition: Callable[[], Any], tick: Callable[[], None]) -> Callable[[], Any]:
	"""The condition, with one tick of the scheduler before each look."""

	def look() -> Any:
		tick()
		return condition()

	return look
