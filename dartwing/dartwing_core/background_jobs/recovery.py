"""The database against RQ: lost pushes, dead workers, jobs that got stuck.

The row is the truth. A Queued job whose wake-up is gone is pushed again; a Running one whose worker
is gone becomes Failed ("worker died") and is due again.
"""

from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime
from frappe.utils.background_jobs import create_job_id

from dartwing.dartwing_core.background_jobs import config, dispatcher, queue_redis, retry
from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import PERMANENT, StaleJobError
from dartwing.dartwing_core.background_jobs.outcomes import TimedOut, base_delay_of
from dartwing.dartwing_core.background_jobs.queue_redis import ALIVE, ENDED, UNKNOWN
from dartwing.dartwing_core.background_jobs.retry_queue import schedule_retry
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	FAILED,
	QUEUED,
	RUNNING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting


def recover() -> dict[str, int]:
	"""Find and mend what was lost; `{"pushed": …, "rescued": …}`. Commits each job.

	Does nothing while Redis cannot be reached: without it nobody can tell a lost wake-up from a late one.
	"""
	if not queue_redis.answers():
		return {"pushed": 0, "rescued": 0}
	return {"pushed": push_lost(), "rescued": rescue_orphans()}


def push_lost() -> int:
	"""Push again the wake-ups of Queued jobs that RQ does not have; returns how many."""
	jobs = jobs_in(QUEUED, "queued_at")
	waiting = queue_redis.waiting_ids(set(dispatcher.QUEUE_BY_PRIORITY.values())) if jobs else set()
	lost = [
		job
		for job in jobs
		if create_job_id(job.rq_job_id) not in waiting and queue_redis.state_of(job.rq_job_id) is not ALIVE
	]
	dispatcher.push(lost)
	return len(lost)


def rescue_orphans() -> int:
	"""Settle Running jobs whose worker is gone; returns how many."""
	rescued = 0
	for job in jobs_in(RUNNING, "started_at"):
		state = queue_redis.state_of(job.rq_job_id)
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
	found = queue_redis.fetch(job.rq_job_id)
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
