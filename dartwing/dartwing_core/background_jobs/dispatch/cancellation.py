"""Unfinished → Canceled: taken out of RQ where it waits, told where it runs."""

from collections.abc import Iterable, Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.dispatch import consequences, equal_jobs, wake_ups
from dartwing.dartwing_core.background_jobs.dispatch.many_jobs import (
	Refusals,
	batches,
	the_only_one,
	unknown,
)
from dartwing.dartwing_core.background_jobs.errors import JobStateError
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	DEAD_LETTER,
	UNFINISHED,
	BackgroundJob,
	locked,
	transition_all,
)


def cancel_job(job_id: str) -> BackgroundJob:
	"""Cancel a job that has not ended: at once for everyone who looks; nothing it writes later is kept.

	A waiting job's RQ job goes too. A running handler is told at its next checkpoint, and stopped by
	force after the grace period. Raises DoesNotExistError for a job that the user cannot see,
	PermissionError for one that is neither theirs nor theirs to administer, JobStateError for an ended one.
	"""
	return the_only_one(job_id, *cancel_jobs([job_id]))


def cancel_jobs(job_ids: Sequence[str]) -> tuple[list[BackgroundJob], Refusals]:
	"""Cancel those of these jobs that the user may cancel and that have not ended; why not the others.

	The statements are as many for each batch as for one job.
	"""
	visible = access.visible_jobs(job_ids)
	# asked once for all jobs of one owner in one organization
	kinds = {(job.organization, job.owner_user): job for job in visible.values()}
	may_cancel = {kind: access.can_cancel(job) for kind, job in kinds.items()}
	refused: Refusals = {}
	allowed = []
	for job_id in dict.fromkeys(job_ids):
		job = visible.get(job_id)
		if not job:
			refused[job_id] = unknown(job_id)
		elif not may_cancel[job.organization, job.owner_user]:
			refused[job_id] = (_("only its owner or an admin may cancel it"), frappe.PermissionError)
		else:
			allowed.append(job_id)
	done, ended = cancel_allowed(allowed)
	return done, {**refused, **ended}


def cancel_allowed(
	job_ids: Sequence[str], wait_seconds: int = LOCK_WAIT_SECONDS
) -> tuple[list[BackgroundJob], Refusals]:
	"""As `cancel_jobs`, when the caller knows that the user may cancel each of these jobs.

	`wait_seconds`: how long each that somebody holds is waited for; then JobBusyError is raised.
	"""
	done: list[BackgroundJob] = []
	refused: Refusals = {}
	for batch in batches(job_ids):
		rows = {job.name: job for job in locked(batch, wait_seconds=wait_seconds)}
		refused.update((name, unknown(name)) for name in batch if name not in rows)
		refused.update(
			(name, (_ended(job), JobStateError)) for name, job in rows.items() if job.status not in UNFINISHED
		)
		done += cancel_unfinished(rows.values(), _("canceled"), canceled_by=frappe.session.user)
	wake_ups.withdraw_after_commit(done)
	consequences.follow_ends(done)
	return done, refused


def give_way(job_ids: Sequence[str], to: str) -> None:
	"""Cancel waiting jobs, whose rows the caller has locked, and free their keys for the equal job `to`."""
	message = _("replaced by {0}").format(to)
	done = cancel_unfinished(locked(job_ids), message, canceled_by=frappe.session.user)
	equal_jobs.release(job_ids)
	wake_ups.withdraw_after_commit(done)
	consequences.follow_ends(done)


def cancel_unfinished(jobs: Iterable[BackgroundJob], message: str, **details: Any) -> list[BackgroundJob]:
	"""Cancel those that are unfinished, in one statement for all of one status; their rows are locked."""
	of_status = {status: [job for job in jobs if job.status == status] for status in UNFINISHED}
	for some in of_status.values():
		transition_all(some, CANCELED, message=message, **details)
	return [job for some in of_status.values() for job in some]


def _ended(job: BackgroundJob) -> str:
	reason = _("{0} is {1}").format(job.name, _(job.status))
	return _("{0}; an admin may discard it").format(reason) if job.status == DEAD_LETTER else reason
