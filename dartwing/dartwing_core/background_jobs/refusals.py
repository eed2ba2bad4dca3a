"""Why a Queued job does not start: it is sent back to wait, or to the dead letter queue."""

import frappe
from frappe import _
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import access
from dartwing.dartwing_core.background_jobs.dispatcher import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	COMPLETED,
	DEAD_LETTER,
	PENDING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues


def refuse_to_start(job: BackgroundJob) -> bool:
	"""Check what may have changed since the submission; moves the job, in this transaction, if so."""
	reason = why_never(job)
	if reason:
		job.transition_to(
			DEAD_LETTER, message=reason, actor="Executor", error_type=PERMANENT, error_message=reason
		)
		return True
	reason = why_not_now(job)
	if reason:
		ready_at = None if is_waiting_for_parent(job) else now_datetime()
		job.transition_to(PENDING, message=reason, actor="Executor", rq_job_id=None, ready_at=ready_at)
		return True
	return False


def why_never(job: BackgroundJob) -> str | None:
	if not frappe.db.exists("Organization", job.organization):
		return _("Organization not found")
	if not owner_may_run(job):
		return _("Permission denied")
	parent = parent_status(job)
	if parent in (DEAD_LETTER, CANCELED):
		return _("parent {0} is {1}").format(job.depends_on, _(parent))
	return None


def why_not_now(job: BackgroundJob) -> str | None:
	status = frappe.db.get_value("Organization", job.organization, "status")
	if status != "Active":
		return _("organization is {0}").format(_(status))
	if is_waiting_for_parent(job):
		return _("parent {0} is not Completed").format(job.depends_on)
	if is_held() or QUEUE_BY_PRIORITY[job.priority] in paused_queues():
		return _("paused")
	if frappe.db.get_value("Job Type", job.job_type, "is_paused"):
		return _("Job Type {0} is paused").format(job.job_type)
	return None


def is_waiting_for_parent(job: BackgroundJob) -> bool:
	"""A parent that is gone was Completed when this job was released, and cleaned up since."""
	return parent_status(job) not in (None, COMPLETED)


def owner_may_run(job: BackgroundJob) -> bool:
	"""The owner's login is enabled, still a member, and may still create what the Job Type requires."""
	user = job.owner_user
	if not frappe.db.get_value("User", user, "enabled") or not access.is_member(job.organization, user):
		return False
	required = frappe.db.get_value("Job Type", job.job_type, "requires_permission")
	return not required or bool(frappe.has_permission(required, "create", user=user))


def parent_status(job: BackgroundJob) -> str | None:
	return frappe.db.get_value("Background Job", job.depends_on, "status") if job.depends_on else None
