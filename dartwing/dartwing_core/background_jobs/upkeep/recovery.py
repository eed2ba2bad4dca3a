"""The database against RQ: lost wake-ups, dead workers, jobs that got stuck.

The row is the truth. A Queued job whose wake-up is gone is pushed again; a Running one whose worker
is gone becomes Failed ("worker died") and is due again.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils.background_jobs import create_job_id
from redis.exceptions import RedisError

from dartwing.dartwing_core.background_jobs import config, error_log
from dartwing.dartwing_core.background_jobs.database import queue_redis, times
from dartwing.dartwing_core.background_jobs.database.named_locks import held, lock_name
from dartwing.dartwing_core.background_jobs.database.queue_redis import ALIVE, ENDED, UNKNOWN
from dartwing.dartwing_core.background_jobs.dispatch import wake_ups
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_end
from dartwing.dartwing_core.background_jobs.dispatch.retry_queue import schedule_retry
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.background_jobs.execution.outcomes import TimedOut, base_delay_of
from dartwing.dartwing_core.background_jobs.execution.retry_decision import calculate_backoff
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	FAILED,
	QUEUED,
	RUNNING,
	BackgroundJob,
	locked,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# what is looked at of a job before it is judged
FIELDS = (
	"name",
	"priority",
	"timeout_seconds",
	"rq_job_id",
	"attempt_id",
	"worker_name",
	"heartbeat_at",
	"modified",
)


def recover() -> dict[str, int]:
	"""Find and mend what was lost; `{"pushed": …, "rescued": …}`. Commits each job.

	Does nothing while Redis cannot be reached: without it nobody can tell a lost wake-up from a late one.
	"""
	if not queue_redis.answers():
		return {"pushed": 0, "rescued": 0}
	return {"pushed": push_lost(), "rescued": rescue_orphans()}


def push_lost() -> int:
	"""Push again the wake-ups of Queued jobs that RQ does not have; returns how many. Commits each batch.

	Of two schedulers at once one does it: the other would see new ids before their wake-ups.
	"""
	with held([lock_name("lost wake-ups")], wait_seconds=0) as is_ours:
		return _push_lost() if is_ours else 0


def _push_lost() -> int:
	# what another scheduler has done before it let go of the lock
	frappe.db.rollback()
	waiting, pushed = waiting_wake_ups(), 0
	for batch in batches_in(QUEUED, "queued_at"):
		lost = [job for job in without_wake_up(batch, waiting) if wake_ups.renew_wake_up(job)]
		# a wake-up must find the id that the row names
		frappe.db.commit()
		wake_ups.push(lost)
		pushed += len(lost)
	return pushed


def waiting_wake_ups() -> set[str]:
	"""Full ids of all RQ jobs that wait in the queues of the engine."""
	return queue_redis.waiting_ids(set(wake_ups.QUEUE_BY_PRIORITY.values()))


def without_wake_up(jobs: Sequence[frappe._dict], waiting: set[str]) -> list[frappe._dict]:
	"""Those of the Queued jobs that neither wait in RQ nor are with a worker that lives."""
	return [
		job
		for job in jobs
		if create_job_id(job.rq_job_id) not in waiting and queue_redis.state_of(job.rq_job_id) is not ALIVE
	]


def rescue_orphans() -> int:
	"""Settle Running jobs whose worker is gone; returns how many."""
	return sum(try_to_rescue(job) for batch in batches_in(RUNNING, "started_at") for job in batch)


def try_to_rescue(job: frappe._dict) -> bool:
	"""Rescue it if it looks orphaned; one that cannot be settled is recorded, and keeps no other from it."""
	try:
		return looks_orphaned(job) and rescue(job)
	except RedisError:
		# nobody can tell who is orphaned
		raise
	except Exception:
		frappe.db.rollback()
		error_log.record_now_and_then(f"{job.name} could not be rescued")
		frappe.db.commit()
		return False


def looks_orphaned(job: frappe._dict) -> bool:
	"""Whether RQ knows that the attempt has ended; or RQ cannot tell, and its last heartbeat is too old."""
	state = queue_redis.state_of(job.rq_job_id, job.worker_name)
	return state is ENDED or (state is UNKNOWN and is_silent(job))


def batches_in(status: str, since: str) -> Iterator[list[frappe._dict]]:
	"""All jobs that have been in a status for a while, longest first, in batches of what is asked here."""
	settled_before = times.site_now() - timedelta(seconds=config.get("recovery_age_seconds"))
	job = frappe.qb.DocType("Background Job")
	query = (
		frappe.qb.from_(job)
		.select(*(job[field] for field in FIELDS))
		.where((job.status == status) & (job[since] < settled_before))
		.orderby(job.modified)
		.orderby(job.name)
		.limit(int(config.get("batch_size")))
	)
	batch = query.run(as_dict=True)
	while batch:
		yield batch
		last = batch[-1]
		follows = (job.modified > last.modified) | ((job.modified == last.modified) & (job.name > last.name))
		batch = query.where(follows).run(as_dict=True)


def is_silent(job: frappe._dict) -> bool:
	"""Whether the attempt has not shown for longer than a heartbeat is believed."""
	lifetime = timedelta(seconds=config.get("heartbeat_lifetime_seconds"))
	return not job.heartbeat_at or job.heartbeat_at + lifetime < times.site_now()


def rescue(seen: frappe._dict) -> bool:
	"""Record what became of a job whose worker is gone, and commit; False when it moved on meanwhile.

	A job whose row another transaction has locked is left to the next tick: a machine that died in its commit
	holds the row until the database gives its connection up.
	"""
	was = (RUNNING, seen.attempt_id, seen.heartbeat_at)
	found = [
		job
		for job in locked([seen.name], skip_locked=True)
		if (job.status, job.attempt_id, job.heartbeat_at) == was
	]
	if not found:
		frappe.db.rollback()
		return False
	job = found[0]
	if killed_for_its_timeout(job):
		TimedOut(job.timeout_seconds, _("The handler did not stop and was killed by its worker.")).record(job)
	else:
		worker_died(job)
	follow_end(job)
	# one job's rescue must not be undone by what happens to the next
	frappe.db.commit()
	return True


def killed_for_its_timeout(job: BackgroundJob) -> bool:
	"""Whether its horse ended after the job's timeout: the handler swallowed the interruption.

	The horse may have begun long before, with other jobs.
	"""
	found = queue_redis.fetch(job.rq_job_id)
	if not found or not found.ended_at or not job.started_at:
		return False
	# by the worker's own clock, which may be off: it was alive when it last showed so, and is not now
	ended_at = max(times.from_utc(found.ended_at), job.heartbeat_at or job.started_at)
	ended_at = min(ended_at, times.site_now())
	return (ended_at - job.started_at).total_seconds() >= job.timeout_seconds


def worker_died(job: BackgroundJob) -> None:
	"""Not the job's fault: due at once after the first death, by the backoff after the next, no retry used.

	A job whose workers died as often as the poison pill limit allows, without a new checkpoint in between,
	is a dead letter.
	"""
	deaths, limit = job.worker_deaths + 1, setting("poison_pill_limit")
	details: dict[str, Any] = {"error_message": _("worker died"), "worker_deaths": deaths}
	if limit and deaths >= limit:
		reason = _("poison pill: {0} workers died while they ran it").format(deaths)
		job.transition_to(FAILED, message=_("worker died"), actor="Recovery", **details)
		job.transition_to(
			DEAD_LETTER, message=reason, actor="Recovery", error_type=PERMANENT, error_message=reason
		)
		return
	delay = 0.0 if deaths == 1 else calculate_backoff(deaths - 2, base_delay_of(job), random.random)
	schedule_retry(job, FAILED, delay, "Recovery", {**details, "error_type": None})
