"""Unfinished → Canceled: taken out of RQ where it waits, told where it runs."""

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.dispatch import consequences, wake_ups
from dartwing.dartwing_core.background_jobs.errors import JobStateError, refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	DEAD_LETTER,
	UNFINISHED,
	BackgroundJob,
	locked,
)


def cancel_job(job_id: str) -> BackgroundJob:
	"""Cancel a job that has not ended: at once for everyone who looks; nothing it writes later is kept.

	A waiting job's RQ job goes too. A running handler is told at its next checkpoint, and stopped by
	force after the grace period. Raises DoesNotExistError for a job that the user cannot see,
	PermissionError for one that is neither theirs nor theirs to administer, JobStateError for an ended one.
	"""
	if not access.can_cancel(access.check_visible(job_id)):
		refuse_argument("job_id", _("only its owner or an admin may cancel it"), frappe.PermissionError)
	job = _cancel_unfinished(job_id)
	wake_ups.withdraw_after_commit(job)
	consequences.follow_end(job)
	return job


def _cancel_unfinished(job_id: str) -> BackgroundJob:
	found = locked([job_id])
	if not found:
		# deleted since it was seen
		refuse_argument("job_id", _("no job {0}").format(repr(job_id)), frappe.DoesNotExistError)
	job = found[0]
	if job.status not in UNFINISHED:
		reason = _("{0} is {1}").format(job_id, _(job.status))
		if job.status == DEAD_LETTER:
			reason = _("{0}; an admin may discard it").format(reason)
		refuse_argument("job_id", reason, JobStateError)
	job.transition_to(CANCELED, message=_("canceled"), canceled_by=frappe.session.user)
	return job
