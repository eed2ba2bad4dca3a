"""The database against RQ: lost pushes, dead workers, jobs that got stuck.

The row is the truth. A Queued job whose wake-up is gone is pushed again; a Running one whose worker
is gone becomes Failed ("worker died") and is due again.
"""

from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime
from frappe.utils.background_jobs import create_job_id, get_queue, get_redis_conn
from redis.exceptions import RedisError
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry

from dartwing.dartwing_core.background_jobs import config, dispatcher, retry
from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import PERMANENT, StaleJobError
from dartwing.dartwing_core.background_jobs.outcomes import TimedOut, base_delay_of
from dartwing.dartwing_core.background_jobs.retry_queue import schedule_retry
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	FAILED,
	QUEUED,
	RUNNING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

ALIVE, ENDED, UNKNOWN = "alive", "ended", "unknown"
ENDED_STATUSES = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)


def recover() -> dict[str, int]:
	"""Find and mend what was lost; `{"pushed": …, "rescued": …}`. Commits each job.

	Does nothing while Redis cannot be reached: without it nobody can tell a lost wake-up from a late one.
	"""
	try:
		return {"pushed": push_lost(), "rescued": rescue_orphans()}
	except RedisError as error:
		frappe.logger("dartwing").warning(f"recovery waits for Redis: {error}")
		return {"pushed": 0, "rescued": 0}


def push_lost() -> int:
	"""Push again the wake-ups of Queued jobs that RQ does not have; returns how many."""
	jobs = jobs_in(QUEUED, "queued_at")
	waiting = waiting_wake_ups() if jobs else set()
	lost = [
		job
		for job in jobs
		if create_job_id(job.rq_job_id) not in waiting and rq_state(job.rq_job_id) is not ALIVE
	]
	for job in lost:
		dispatcher.push(job)
	return len(lost)


def waiting_wake_ups() -> set[str]:
	"""Ids of all RQ jobs that wait in a queue of ours."""
	queues = set(dispatcher.QUEUE_BY_PRIORITY.values())
	return {rq_job_id for queue in queues for rq_job_id in get_queue(queue).get_job_ids()}


def rescue_orphans() -> int:
	"""Settle Running jobs whose worker is gone; returns how many."""
	rescued = 0
	for job in jobs_in(RUNNING, "started_at"):
		state = rq_state(job.rq_job_id)
		if state is ENDED or (state is UNKNOWN and is_silent(job)):
			rescued += rescue(job)
	return rescued


def jobs_in(status: str, since: str) -> list[BackgroundJob]:
	"""One batch of the jobs that have been in a status for a while, longest first."""
	settled_before = now_datetime() - timedelta(seconds=config.get("recovery_age_seconds"))
	names = frappe.get_all(
		"Background Job",
		{"status": status, since: ("<", settled_before)},
		order_by="modified asc",
		limit_page_length=int(config.get("batch_size")),
		pluck="name",
	)
	return [frappe.get_doc("Background Job", name) for name in names]


def rq_state(rq_job_id: str | None) -> str:
	"""What RQ knows of a wake-up: its horse is alive, it ended, or nothing that can be relied on."""
	found = fetch(rq_job_id)
	status = found.get_status(refresh=False) if found else None
	if status in ENDED_STATUSES:
		return ENDED
	if not found or status != JobStatus.STARTED:
		return UNKNOWN
	registry = StartedJobRegistry(found.origin, connection=get_redis_conn())
	lapses_at = get_redis_conn().zscore(registry.key, found.id)
	return ALIVE if lapses_at and lapses_at > _redis_time() else UNKNOWN


def fetch(rq_job_id: str | None) -> Job | None:
	return Job.fetch_many([create_job_id(rq_job_id or "")], connection=get_redis_conn())[0]


def _redis_time() -> float:
	seconds, microseconds = get_redis_conn().time()
	return seconds + microseconds / 1_000_000


def is_silent(job: BackgroundJob) -> bool:
	"""Whether the attempt has not shown for longer than a heartbeat is believed."""
	lifetime = timedelta(seconds=config.get("heartbeat_lifetime_seconds"))
	return not job.heartbeat_at or job.heartbeat_at + lifetime < now_datetime()


def rescue(job: BackgroundJob) -> bool:
	"""Record what became of a job whose worker is gone, and commit; False when it moved on meanwhile."""
	try:
		if killed_for_its_timeout(job):
			TimedOut(job.timeout_seconds, _("The handler did not stop and was killed by its worker.")).record(
				job
			)
		else:
			worker_died(job)
	except StaleJobError:
		frappe.db.rollback()
		return False
	follow_end(job)
	# one job's rescue must not be undone by what happens to the next
	frappe.db.commit()
	return True


def killed_for_its_timeout(job: BackgroundJob) -> bool:
	"""Whether RQ ended the job after its timeout: the handler swallowed the interruption."""
	found = fetch(job.rq_job_id)
	if not found or not found.ended_at or not found.started_at:
		return False
	return (found.ended_at - found.started_at).total_seconds() >= job.timeout_seconds


def worker_died(job: BackgroundJob) -> None:
	"""Not the job's fault: due at once after the first death, by the backoff after the next, no retry used.

	A job whose workers died as often as the poison pill limit allows is a dead letter.
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
	delay = 0.0 if deaths == 1 else retry.calculate_backoff(deaths - 2, base_delay_of(job))
	schedule_retry(job, FAILED, delay, "Recovery", {**details, "error_type": None})
