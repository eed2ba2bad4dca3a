"""The process that RQ forked for a wake-up: what it is called, how long it may live, who else waits."""

import os
import sys
import time

import frappe
from frappe.utils.background_jobs import generate_qname
from redis.exceptions import RedisError
from rq import Queue, Worker, get_current_job
from rq.job import Job
from rq.suspension import WORKERS_SUSPENDED

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.queue_redis import id_within_site, wake_up_prefix
from dartwing.dartwing_core.background_jobs.execution.time_limit import seconds_to_alarm
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import QUEUES

# how often a horse that lingers looks for a wake-up
LOOK_SECONDS = 0.01
# a worker that was started with this word ends as soon as nothing waits
BURST = "--burst"
QUEUE_OPTION = "--queue"


class Horse:
	"""The process of a worker. Made when the process begins, it uses nothing of Frappe's context later."""

	def __init__(self, rq_job: Job, worker_name: str):
		self.site: str = frappe.local.site
		self.rq_job_id: str = id_within_site(rq_job.id)
		self._wake_up_prefix = wake_up_prefix()
		self.worker_name = worker_name
		self._began = time.monotonic()
		seconds = seconds_to_alarm()
		self._ends_at = self._began + seconds if seconds else self._began
		self._slice_seconds = config.get("drain_slice_seconds")
		self._linger_seconds = 0.0 if BURST in sys.argv else config.get("drain_linger_seconds")
		self._connection = rq_job.connection
		self._worker_key = f"{Worker.redis_worker_namespace_prefix}{worker_name}"
		self._own_queue: str = rq_job.origin
		names = {generate_qname(name): name for name in QUEUES}
		served, pid = self._worker()
		served = served or queues_of_command() or [self._own_queue]
		# the worker may have died while this process was being set up
		self._worker_pid = pid or os.getppid()
		# the queues by the engine's names, in the order in which the worker serves them
		self.queues: list[str] = [names[name] for name in served if name in names]
		self._lists = {name: Queue(name, connection=self._connection).key for name in served}

	@classmethod
	def of_this_process(cls) -> "Horse | None":
		"""The horse that this process is; None if no worker of RQ called, as in a console or a test."""
		rq_job = get_current_job()
		return cls(rq_job, rq_job.worker_name) if rq_job and rq_job.worker_name else None

	def _worker(self) -> tuple[list[str], int | None]:
		"""The worker's queues in its order, and its process id; nothing when Redis does not know it.

		RQ tells Redis once, when the worker starts: a Redis that was flushed since does not know.
		"""
		try:
			names, pid = self._connection.hmget(self._worker_key, "queues", "pid")
		except RedisError:
			return [], None
		return (names.decode().split(",") if names else []), (int(pid) if pid else None)

	@property
	def age_seconds(self) -> float:
		return time.monotonic() - self._began

	@property
	def seconds_left(self) -> float:
		"""Seconds until RQ interrupts the wake-up."""
		return self._ends_at - time.monotonic()

	def may_take_another(self) -> bool:
		"""Whether the worker lives, was not asked to stop, and keeps nobody waiting for it too long.

		RQ jobs that are no wake-ups of this site may wait for the worker. The horse makes way at once for
		those in a queue that the worker serves before the queue of this wake-up, and for those in any other
		queue after a slice of its time (`drain_slice_seconds`). If Redis does not answer, the horse takes
		nothing more.
		"""
		first = self._first_in_each_queue()
		return first is not None and not self._keeps_others_waiting(first)

	def linger(self, at_most_seconds: float) -> bool:
		"""Wait for a wake-up of this site, for `drain_linger_seconds` at most; False if none comes.

		The next job of a quiet site then starts without a fork. It gives up waiting at once when anything
		else waits for the worker. A wake-up that is there from the beginning counts as that, too: this horse
		has just looked, and found no job for it.
		"""
		began = time.monotonic()
		seconds = min(self._linger_seconds, at_most_seconds)
		has_waited = False
		while time.monotonic() - began < seconds:
			first = self._first_in_each_queue()
			if first is None:
				return False
			waiting = [rq_job_id for rq_job_id in first if rq_job_id]
			if waiting:
				return has_waited and all(map(self._is_wake_up, waiting))
			has_waited = True
			time.sleep(LOOK_SECONDS)
		return False

	def _first_in_each_queue(self) -> list[bytes | None] | None:
		"""RQ's ids of what stands first in the worker's queues; None if the worker takes no more jobs."""
		if os.getppid() != self._worker_pid:
			return None
		try:
			with self._connection.pipeline(transaction=False) as pipeline:
				pipeline.hget(self._worker_key, "shutdown_requested_date")
				pipeline.exists(WORKERS_SUSPENDED)
				for key in self._lists.values():
					pipeline.lindex(key, 0)
				shutdown, suspended, *first = pipeline.execute()
		except RedisError:
			return None
		return None if shutdown or suspended else first

	def _is_wake_up(self, rq_job_id: bytes) -> bool:
		"""Whether it is one of this site's."""
		return rq_job_id.decode().startswith(self._wake_up_prefix)

	def _keeps_others_waiting(self, first_in_each_queue: list[bytes | None]) -> bool:
		is_before = True
		for name, first in zip(self._lists, first_in_each_queue, strict=True):
			is_before = is_before and name != self._own_queue
			if first and not self._is_wake_up(first):
				return is_before or self.age_seconds > self._slice_seconds
		return False


def queues_of_command() -> list[str]:
	"""RQ's names of the queues that the command of this worker names, in its order; none if it names none."""
	words = [word for argument in sys.argv for word in argument.split("=", 1)]
	if QUEUE_OPTION not in words[:-1]:
		return []
	return [generate_qname(name) for name in words[words.index(QUEUE_OPTION) + 1].split(",") if name]
