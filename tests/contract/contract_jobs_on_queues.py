"""Enqueue functions of the contract's tests and wait for what a worker does with them."""

from typing import Any

import frappe
from factories import wait_until
from framework import id_in_rq
from frappe.utils.background_jobs import get_queue
from rq.job import Job

MODULE = "dartwing.tests.contract_jobs"
QUEUES = ("short", "default", "long")
ENDED = ("finished", "failed", "stopped", "canceled")


class Jobs:
	"""RQ jobs of one test."""

	def __init__(self) -> None:
		self._jobs: list[Job] = []

	def enqueue(self, function: str, **options: Any) -> Job:
		"""Push a call of a function of dartwing.tests.contract_jobs; before what Frappe itself enqueues."""
		options.setdefault("queue", "short")
		return self.keep(frappe.enqueue(f"{MODULE}.{function}", **options))

	def keep(self, job: Job) -> Job:
		self._jobs.append(job)
		return job

	def run(self, function: str, **options: Any) -> Job:
		"""Push a call and wait for its end; needs the worker."""
		return wait_for_end(self.enqueue(function, **options))

	def waiting(self, queue: str, job_id: str) -> list[Job]:
		"""Jobs of this id on a queue; they are removed with the others."""
		found = [job for job in get_queue(queue).get_jobs() if job.id == id_in_rq(job_id)]
		self._jobs.extend(found)
		return found

	def remove(self) -> None:
		for job in self._jobs:
			if Job.exists(job.id, connection=job.connection):
				job.delete()


def wait_for_end(job: Job) -> Job:
	wait_for_status(job, *ENDED)
	frappe.db.rollback()
	return job


def wait_for_status(job: Job, *statuses: str) -> None:
	wait_until(lambda: job.get_status(refresh=True) in statuses, f"{job.id} is {' or '.join(statuses)}", 60)


def jobs_of_site() -> dict[str, Job]:
	"""What waits for a worker, by id."""
	jobs = [job for queue in QUEUES for job in get_queue(queue).get_jobs()]
	return {job.id: job for job in jobs if job.id.startswith(id_in_rq(""))}
