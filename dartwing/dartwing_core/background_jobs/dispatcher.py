"""Pending → Queued → RQ: the only caller of frappe.enqueue.

The row is moved first, in a transaction of its own, and pushed after that commit. A push that
is lost leaves a Queued row without an RQ job.
"""

from collections.abc import Sequence
from functools import partial

import frappe
from frappe.utils import now_datetime
from redis.exceptions import RedisError

from dartwing.dartwing_core.background_jobs import config, realtime
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.transactions import after_commit, separate_transaction
from dartwing.dartwing_core.doctype.background_job.background_job import (
	COMPLETED,
	PENDING,
	PRIORITIES,
	QUEUED,
	BackgroundJob,
)

EXECUTE_JOB = "dartwing.dartwing_core.background_jobs.executor.execute_job"

QUEUE_BY_PRIORITY = {"Critical": "short", "High": "short", "Normal": "default", "Low": "long"}


def dispatch_after_commit(jobs: Sequence[BackgroundJob]) -> None:
	"""Announce new jobs and hand those that are ready to their queues, after the caller's commit.

	On a connection of its own: the caller's next read must not see the time before the dispatch.
	"""
	job_ids, events = [job.name for job in jobs], realtime.status_events(jobs, None)

	def dispatch() -> None:
		with separate_transaction():
			realtime.send_status_events(events)
			queue_jobs(ready_jobs(job_ids))

	after_commit(dispatch)


def dispatch_ready() -> int:
	"""Move one batch of ready jobs to Queued and return how many; the push follows the commit."""
	jobs = ready_jobs()
	queue_jobs(jobs)
	return len(jobs)


def ready_jobs(job_ids: Sequence[str] | None = None) -> list[BackgroundJob]:
	"""Pending jobs that are due and whose parent is Completed, highest priority first, oldest first."""
	job, parent = frappe.qb.DocType("Background Job"), frappe.qb.DocType("Background Job").as_("parent")
	query = (
		frappe.qb.from_(job)
		.left_join(parent)
		.on(parent.name == job.depends_on)
		.select(job.star)
		.where(job.status == PENDING)
		.where(job.scheduled_at.isnull() | (job.scheduled_at <= now_datetime()))
		.where(job.depends_on.isnull() | (parent.status == COMPLETED))
		.orderby(job.creation)
		.limit(int(config.get("dispatch_batch_size")))
	)
	if job_ids is not None:
		query = query.where(job.name.isin(list(job_ids)))
	rows = query.run(as_dict=True)
	rows.sort(key=lambda row: -PRIORITIES.index(row.priority))
	return [frappe.get_doc({"doctype": "Background Job", **row}) for row in rows]


def queue_jobs(jobs: Sequence[BackgroundJob]) -> None:
	for job in jobs:
		try:
			queue_job(job)
		except StaleJobError:
			continue


def queue_job(job: BackgroundJob, message: str | None = None, **changes: object) -> None:
	"""Move one job to Queued in the current transaction and push it once that is committed."""
	job.transition_to(
		QUEUED,
		message=message,
		actor="Dispatcher",
		attempt_id=None,
		rq_job_id=f"{job.name}-{frappe.generate_hash(length=8)}",
		**changes,
	)
	after_commit(partial(push, job))


def push(job: BackgroundJob) -> None:
	"""Put the wake-up for a Queued job on its RQ queue; without Redis it is logged and left for later."""
	try:
		frappe.enqueue(
			EXECUTE_JOB,
			queue=QUEUE_BY_PRIORITY[job.priority],
			timeout=job.timeout_seconds,
			at_front=job.priority == "Critical",
			job_id=job.rq_job_id,
			background_job_id=job.name,
		)
	except RedisError as error:
		frappe.logger("dartwing").warning(f"{job.name} could not be pushed to its queue yet: {error}")
