"""Queued → RQ: the wake-ups of jobs, which start a worker's process; nothing else enqueues any.

A wake-up only names a job; the row is the truth. A wake-up that is lost is pushed again by `recovery`, and
one that comes late, or twice, finds nothing to claim.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import queue_redis
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.tenancy.asking import EXECUTE_JOB
from dartwing.dartwing_core.doctype.background_job.background_job import QUEUED, BackgroundJob
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

QUEUE_BY_PRIORITY = {"Critical": "short", "High": "short", "Normal": "default", "Low": "long"}


def new_rq_job_id(job: BackgroundJob | frappe._dict) -> str:
	return f"{job.name}-{frappe.generate_hash(length=8)}"


def renew_wake_up(job: frappe._dict) -> bool:
	"""Give a Queued job another RQ id, in the current transaction; False when it moved on meanwhile.

	So of two processes that find the wake-up lost only one pushes it again. If the old one was only late,
	each has an RQ id of its own, and the second that is run finds nothing to claim. A job whose row another
	transaction has locked is left to the next tick: the others must not wait for it.
	"""
	found = frappe.db.sql(
		f"""{ignoring_snapshot()}select name from `tabBackground Job`
		where name = %s and status = %s and rq_job_id = %s for update skip locked""",
		(job.name, QUEUED, job.rq_job_id),
	)
	if not found:
		return False
	job.rq_job_id = new_rq_job_id(job)
	query = "update `tabBackground Job` set rq_job_id = %s where name = %s"
	frappe.db.sql(ignoring_snapshot() + query, (job.rq_job_id, job.name))
	return True


def push(jobs: Sequence[BackgroundJob | frappe._dict]) -> None:
	"""Put the wake-ups of Queued jobs on their RQ queues, in the order of the jobs, Critical ones in front.

	A wake-up that cannot be pushed is left to `recovery`; the others are pushed as long as Redis answers.
	"""
	if jobs and queue_redis.answers():
		push_all(jobs)


def push_all(jobs: Sequence[BackgroundJob | frappe._dict]) -> None:
	"""As `push`, when `queue_redis.answers()` has just said yes."""
	urgent = [job for job in jobs if job.priority == "Critical"]
	# each goes to the front, so the last one that is pushed stands first
	for job in [*reversed(urgent), *(job for job in jobs if job.priority != "Critical")]:
		try:
			_push_one(job)
		except Exception:
			frappe.logger("dartwing").exception(f"{job.name} could not be pushed")
			if not queue_redis.answers():
				return


def _push_one(job: BackgroundJob | frappe._dict) -> None:
	frappe.enqueue(
		EXECUTE_JOB,
		queue=QUEUE_BY_PRIORITY[job.priority],
		timeout=wake_up_seconds(job),
		at_front=job.priority == "Critical",
		job_id=job.rq_job_id,
		background_job_id=job.name,
	)


def wake_up_seconds(job: BackgroundJob | frappe._dict) -> int:
	"""How long RQ lets the wake-up's horse live: for its own job, and for those that it goes on with.

	Jobs are stopped by an alarm of their own and by their supervisor; RQ is the last resort.
	"""
	spare = config.get("timeout_grace_seconds") + config.get("wake_up_spare_seconds")
	return int(job.timeout_seconds + spare + setting("drain_budget_seconds"))


def withdraw_after_commit(jobs: Sequence[BackgroundJob]) -> None:
	"""Take the jobs' wake-ups off their queues once the current transaction is committed.

	One that cannot be taken off will find nothing to claim.
	"""
	priority_of = {job.rq_job_id: job.priority for job in jobs if job.rq_job_id}
	if priority_of:
		do_after_commit(partial(_withdraw_needless, [job.name for job in jobs], priority_of))


def _withdraw_needless(job_ids: Sequence[str], priority_of: Mapping[str, str]) -> None:
	"""Take the wake-ups off, but those of jobs whose transition was undone to a savepoint: still Queued."""
	needs = "select rq_job_id from `tabBackground Job` where name in %s and status = %s"
	needed = set(frappe.db.sql(needs, (list(job_ids), QUEUED), pluck=True))
	needless: dict[str, list[str]] = defaultdict(list)
	for rq_job_id in priority_of.keys() - needed:
		needless[QUEUE_BY_PRIORITY[priority_of[rq_job_id]]].append(rq_job_id)
	for queue, rq_job_ids in needless.items():
		withdraw(queue, rq_job_ids)


def withdraw(queue: str, rq_job_ids: Sequence[str]) -> None:
	if queue_redis.answers():
		queue_redis.take_off(queue, rq_job_ids)
