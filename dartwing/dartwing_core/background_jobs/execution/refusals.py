"""Why a Queued job does not start: it is sent back to wait, or to the dead letter queue."""

from collections.abc import Collection

import frappe
from frappe import _
from frappe.permissions import AUTOMATIC_ROLES as FRAPPES_AUTOMATIC_ROLES
from redis.exceptions import RedisError
from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs.database import drivers, times
from dartwing.dartwing_core.background_jobs.dispatch import expiry, parents, starting_limits
from dartwing.dartwing_core.background_jobs.dispatch.dependencies import without_success
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.background_jobs.execution.outcomes import describe
from dartwing.dartwing_core.background_jobs.statuses import END
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	DEAD_LETTER,
	PENDING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import (
	is_held,
	look_again,
	paused_queues,
)

# what every user has, or gets without a row
AUTOMATIC_ROLES = set(FRAPPES_AUTOMATIC_ROLES)
# errors of the moment, which say nothing about the job: its next wake-up checks again
PASSING = (
	*drivers.ERRORS,
	frappe.QueryDeadlockError,
	frappe.QueryTimeoutError,
	RedisError,
	BaseTimeoutException,
)


def may_start(job: BackgroundJob) -> bool:
	"""Whether nothing speaks against the job's start now."""
	if job.standing.is_expired or why_never(job) or why_not_now(job):
		return False
	return not starting_limits.why_not_yet(job)


def refuse_to_start(job: BackgroundJob) -> bool:
	"""Check what may have changed since the submission; True if the job must not start now, or never.

	Then it is moved to where it belongs, in the current transaction.
	"""
	if job.standing.is_expired:
		job.transition_to(CANCELED, message=expiry.said(), actor="Executor")
		return True
	reason = why_never(job)
	if reason:
		job.transition_to(
			DEAD_LETTER, message=reason, actor="Executor", error_type=PERMANENT, error_message=reason
		)
		return True
	reason = why_not_now(job)
	if reason:
		ready_at = None if job.standing.unfinished_parent else times.utc_now()
		job.transition_to(PENDING, message=reason, actor="Executor", rq_job_id=None, ready_at=ready_at)
		# If `resume` was called meanwhile, it found this job Queued and did nothing about it. So the
		# dispatcher, which runs after this commit, must read the settings anew: by those that this process
		# remembers, it would leave the job waiting.
		look_again()
		return True
	reason = starting_limits.why_not_yet(job, starting_limits.TURN_SECONDS)
	if reason:
		held = {"held_by": job.limit_key, "held_since": times.utc_now(), "limit_key": job.limit_key}
		job.transition_to(PENDING, message=reason, actor="Executor", rq_job_id=None, ready_at=None, **held)
		return True
	return False


def why_never(job: BackgroundJob) -> str | None:
	standing = job.standing
	if standing.organization_status is None:
		return _("Organization not found")
	if not (standing.enabled and (standing.is_member or has_role_now(job.owner_user, ["System Manager"]))):
		return _("Permission denied")
	if standing.requires_permission and (reason := why_not_permitted(job, standing.requires_permission)):
		return reason
	if standing.failed_parent and job.dependency_rule != END:
		return without_success(parents.failed_parents([job.name])[job.name])
	return None


def why_not_now(job: BackgroundJob) -> str | None:
	standing, value_of = job.standing, job.standing.settings.get
	if standing.organization_status != "Active":
		return _("organization is {0}").format(_(standing.organization_status))
	if standing.unfinished_parent:
		return _("parent {0} has not ended").format(standing.unfinished_parent)
	if is_held(value_of) or QUEUE_BY_PRIORITY[job.priority] in paused_queues(value_of):
		return _("paused")
	if standing.is_paused:
		return _("Job Type {0} is paused").format(job.job_type)
	return None


def has_role_now(user: str, roles: Collection[str]) -> bool:
	"""Whether the user has one of the roles as the database has it now.

	Frappe remembers roles. Whoever asks it for them between a change and its commit has it remember the old
	ones for everybody, and a drain would ask with each job.
	"""
	if user == "Administrator" or AUTOMATIC_ROLES & set(roles):
		return True
	row = {"parenttype": "User", "parent": user, "role": ("in", list(roles) or [""])}
	return bool(frappe.db.exists("Has Role", row))


def roles_that_create(doctype: str) -> list[str]:
	rows = frappe.get_meta(doctype).permissions
	return [row.role for row in rows if row.create and not row.permlevel]


def why_not_permitted(job: BackgroundJob, required: str) -> str | None:
	"""Why the owner may not create what the Job Type requires; an error of the check is a reason, too.

	The DocType may be gone, or a hook of another app be broken: the next wake-up would not fare better.
	"""
	try:
		has_role = has_role_now(job.owner_user, roles_that_create(required))
		is_permitted = has_role and frappe.has_permission(required, "create", user=job.owner_user)
	except PASSING:
		raise
	except Exception as error:
		return _("Permission denied: {0}").format(describe(error))
	return None if is_permitted else _("Permission denied")
