"""Waiting → Queued → RQ: priority, fairness between organizations, pause; the only caller of frappe.enqueue.

The row is moved first, in a transaction of its own, and pushed after that commit. A push that is
lost leaves a Queued row without an RQ job, which `recovery` finds within a minute.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha1

import frappe
from frappe import _
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import config, queue_redis
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.limits import window_of
from dartwing.dartwing_core.background_jobs.transactions import after_commit, separate_transaction
from dartwing.dartwing_core.doctype.background_job.background_job import (
	ACTIVE,
	PENDING,
	PRIORITIES,
	QUEUED,
	WAITING,
	BackgroundJob,
	rows_changed,
	transition_all,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import (
	is_held,
	paused_queues,
	setting,
)

EXECUTE_JOB = "dartwing.dartwing_core.background_jobs.executor.execute_job"

QUEUE_BY_PRIORITY = {"Critical": "short", "High": "short", "Normal": "default", "Low": "long"}


# what is read of a job to hand it over
FIELDS = (
	"name",
	"job_type",
	"organization",
	"owner_user",
	"status",
	"priority",
	"timeout_seconds",
	"retry_count",
	"error_type",
	"error_message",
	"attempt_id",
	"rq_job_id",
	"modified",
)


def dispatch(organizations: Sequence[str]) -> int:
	"""Fill the windows of these organizations, in turns; returns how many jobs were handed over.

	Commits each turn, in transactions of its own. Two processes never dispatch for the same
	organization at once: the second leaves it to the first, which looks again after it let go of the
	lock. What the second came for is committed by then.
	"""
	handed_over = 0
	with separate_transaction():
		taking_turns = [] if is_held() else list(organizations)
		while taking_turns:
			handed_over += sum(take_turn(organization) for organization in taking_turns)
			taking_turns = [organization for organization in taking_turns if has_another_turn(organization)]
	return handed_over


def take_turn(organization: str) -> int:
	"""Move at most one turn's number of the organization's ready jobs to Queued, commit and push them."""
	lock = _lock_name(organization)
	if not frappe.db.sql("select get_lock(%s, 0)", (lock,))[0][0]:
		return 0
	try:
		# a new snapshot: who held the lock before may have filled the window since
		frappe.db.rollback()
		turn = min(free_slots(organization), int(config.get("dispatch_turn")))
		queued = queue_jobs(ready_jobs(organization, turn))
		after_commit(partial(push, queued))
		# one turn is one transaction; the push follows its commit
		frappe.db.commit()
		return len(queued)
	finally:
		frappe.db.sql("select release_lock(%s)", (lock,))


def has_another_turn(organization: str) -> bool:
	"""Whether jobs and room for them are left, and nobody else is dispatching for this organization."""
	# a new snapshot: others may have committed since the turn
	frappe.db.rollback()
	if not ready_jobs(organization, min(free_slots(organization), 1)):
		return False
	return bool(frappe.db.sql("select is_free_lock(%s)", (_lock_name(organization),))[0][0])


def free_slots(organization: str) -> int:
	query = "select count(*) from `tabBackground Job` where organization = %s and status in %s"
	return max(0, window_of(organization) - frappe.db.sql(query, (organization, ACTIVE))[0][0])


def ready_jobs(organization: str, wanted: int) -> list[BackgroundJob]:
	"""At most so many jobs that may start now: highest priority first, oldest first."""
	if not wanted or not is_active(organization):
		return []
	paused_types = frappe.db.sql("select name from `tabJob Type` where is_paused = 1", pluck=True)
	closed = paused_queues()
	rows: list[frappe._dict] = []
	for priority in reversed(PRIORITIES):
		if len(rows) < wanted and QUEUE_BY_PRIORITY[priority] not in closed:
			rows += _ready_rows(organization, priority, paused_types, wanted - len(rows))
	return [frappe.get_doc({"doctype": "Background Job", **row}) for row in rows]


def is_active(organization: str) -> bool:
	query = "select 1 from `tabOrganization` where name = %s and status = 'Active'"
	return bool(frappe.db.sql(query, (organization,)))


def _ready_rows(organization: str, priority: str, paused_types: list[str], limit: int) -> list[frappe._dict]:
	return frappe.db.sql(
		f"""select {", ".join(FIELDS)} from `tabBackground Job`
		where organization = %s and priority = %s and ready_at <= %s and status in %s and job_type not in %s
		order by ready_at limit %s""",
		(organization, priority, now_datetime(), WAITING, paused_types or [""], limit),
		as_dict=True,
	)


def dispatch_ready() -> int:
	"""Dispatch for every organization with a job that is ready; returns how many were handed over."""
	with separate_transaction():
		job = frappe.qb.DocType("Background Job")
		query = frappe.qb.from_(job).select(job.organization).distinct().where(job.ready_at <= now_datetime())
		return dispatch(query.run(pluck=True))


def queue_jobs(jobs: Sequence[BackgroundJob]) -> list[BackgroundJob]:
	"""Move waiting jobs to Queued in the current transaction; the caller pushes them after the commit.

	Returns those that are, in their order: others moved on, or are being moved, meanwhile.
	"""
	new = {job.name for job in jobs if job.status == PENDING}
	queued = _queue_new([job for job in jobs if job.name in new])
	return [job for job in jobs if (job.name in queued if job.name in new else _queue_retry(job))]


def _queue_new(jobs: Sequence[BackgroundJob]) -> set[str]:
	"""All in one; the names of those that were still Pending and that nobody else is at."""
	if not jobs:
		return set()
	# over another index, gaps would be locked, and new jobs would have to wait
	table = "`tabBackground Job` force index (primary)"
	names = frappe.db.sql(
		f"select name from {table} where name in %s and status = %s for update skip locked",
		([job.name for job in jobs], PENDING),
		pluck=True,
	)
	if names:
		still, suffix = [job for job in jobs if job.name in names], frappe.generate_hash(length=8)
		query = f"update {table} set rq_job_id = concat(name, '-', %s) where name in %s"
		frappe.db.sql(query, (suffix, names))
		for job in still:
			job.rq_job_id = f"{job.name}-{suffix}"
		transition_all(still, QUEUED, actor="Dispatcher", attempt_id=None, next_retry_at=None)
	return set(names)


def _queue_retry(job: BackgroundJob) -> bool:
	"""False when the job moved on meanwhile. It has used up a retry, unless its worker had died."""
	retries = 1 if job.error_type else 0
	try:
		job.transition_to(
			QUEUED,
			message=_("retry is due"),
			actor="Dispatcher",
			attempt_id=None,
			rq_job_id=new_rq_job_id(job),
			retry_count=job.retry_count + retries,
			next_retry_at=None,
		)
	except StaleJobError:
		return False
	return True


def renew_wake_up(job: frappe._dict) -> bool:
	"""Give a Queued job another RQ id, in the current transaction; False when it moved on meanwhile.

	So that of two who find it lost one pushes it, and a late wake-up of the old id is told from the new one.
	"""
	rq_job_id = new_rq_job_id(job)
	table = frappe.qb.DocType("Background Job")
	query = frappe.qb.update(table).set(table.rq_job_id, rq_job_id)
	query.where(
		(table.name == job.name) & (table.status == QUEUED) & (table.rq_job_id == job.rq_job_id)
	).run()
	job.rq_job_id = rq_job_id
	return bool(rows_changed())


def new_rq_job_id(job: BackgroundJob | frappe._dict) -> str:
	return f"{job.name}-{frappe.generate_hash(length=8)}"


def push(jobs: Sequence[BackgroundJob | frappe._dict]) -> None:
	"""Put the wake-ups of Queued jobs on their RQ queues, in the order of the jobs.

	Critical ones go before all that wait. What cannot be pushed is left to `recovery`, and keeps the
	others from nothing as long as Redis answers.
	"""
	if not jobs or not queue_redis.answers():
		return
	urgent = [job for job in jobs if job.priority == "Critical"]
	# each goes to the front: the last one pushed is the first
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


def withdraw_after_commit(job: BackgroundJob) -> None:
	"""Take the job's wake-up off its queue once the current transaction is committed.

	One that is not found, or cannot be reached, will find nothing to claim.
	"""
	if job.rq_job_id:
		after_commit(partial(withdraw, QUEUE_BY_PRIORITY[job.priority], [job.rq_job_id]))


def withdraw(queue: str, rq_job_ids: Sequence[str]) -> None:
	if queue_redis.answers():
		queue_redis.take_off(queue, rq_job_ids)


def _lock_name(organization: str) -> str:
	"""Names of locks are the server's, not the site's, and at most 64 characters long."""
	return (
		"dartwing:" + sha1(f"{frappe.local.site}:{organization}".encode(), usedforsecurity=False).hexdigest()
	)
