"""Queued → Running: one job of a wake-up, or the one whose turn it is."""

from collections.abc import Iterator, Sequence

import frappe
from frappe import _
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.dispatcher import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.horse import Horse
from dartwing.dartwing_core.background_jobs.refusals import refuse_to_start
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PRIORITIES,
	QUEUED,
	RUNNING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues

# jobs of one organization that are looked at in its turn: others may take the first ones meanwhile
LOOK_AHEAD = 8


def claim(job_id: str, horse: Horse | None = None, skip_locked: bool = False) -> BackgroundJob | None:
	"""Make a Queued job Running under a fresh attempt id and commit; None when it is not to be run now.

	The row names the RQ job in whose horse it runs. With `skip_locked`, a job that somebody else is
	at is left to them.
	"""
	job = lock_queued(job_id, skip_locked)
	if not job:
		frappe.db.rollback()
		return None
	try:
		refused = refuse_to_start(job)
		if refused:
			follow_end(job)
		else:
			start(job, horse)
	except StaleJobError:
		frappe.db.rollback()
		return None
	# the claim must be seen by everyone before the handler starts
	frappe.db.commit()
	return None if refused else job


def lock_queued(job_id: str, skip_locked: bool) -> BackgroundJob | None:
	job = frappe.qb.DocType("Background Job")
	query = frappe.qb.from_(job).select(job.star).where((job.name == job_id) & (job.status == QUEUED))
	rows = query.for_update(skip_locked=skip_locked).run(as_dict=True)
	return frappe.get_doc({"doctype": "Background Job", **rows[0]}) if rows else None


def start(job: BackgroundJob, horse: Horse | None) -> None:
	worker_name = horse.worker_name if horse else None
	job.transition_to(
		RUNNING,
		message=_("attempt {0}").format(job.retry_count + 1),
		actor=worker_name,
		attempt_id=frappe.generate_hash(length=32),
		rq_job_id=horse.rq_job_id if horse else job.rq_job_id,
		worker_name=worker_name,
		heartbeat_at=now_datetime(),
		progress=0.0,
		progress_message=None,
	)


def candidates(
	queues: Sequence[str], longest_timeout: float, served_before: Sequence[str]
) -> Iterator[frappe._dict]:
	"""Queued jobs in the order in which they should start: `name`, `organization`, `rq_job_id`.

	By queue, then by priority, then organizations in turns (those first that are not among
	`served_before`, then its order), then by age. Only jobs whose timeout is not longer than the given
	one, and nothing of a queue that is paused.
	"""
	if is_held():
		return
	closed = paused_queues()
	for queue in queues:
		for priority in reversed(PRIORITIES):
			if QUEUE_BY_PRIORITY[priority] == queue and queue not in closed:
				yield from _of_priority(priority, longest_timeout, served_before)


def _of_priority(
	priority: str, longest_timeout: float, served_before: Sequence[str]
) -> Iterator[frappe._dict]:
	job = frappe.qb.DocType("Background Job")
	queued = frappe.qb.from_(job).where((job.status == QUEUED) & (job.priority == priority))
	organizations = queued.select(job.organization).groupby(job.organization).run(pluck=True)
	turns = {organization: turn for turn, organization in enumerate(served_before, 1)}
	for organization in sorted(organizations, key=lambda name: turns.get(name, 0)):
		query = (
			queued.select(job.name, job.organization, job.rq_job_id)
			.where((job.organization == organization) & (job.timeout_seconds <= longest_timeout))
			.orderby(job.queued_at)
			.limit(LOOK_AHEAD)
		)
		yield from query.run(as_dict=True)
