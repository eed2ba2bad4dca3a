"""The dead letter queue: jobs that need a person. Nothing here commits."""

from collections.abc import Callable, Sequence
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime
from frappe.utils.user import get_users_with_role

from dartwing.dartwing_core.background_jobs import access, bulk, dependencies, notifications
from dartwing.dartwing_core.background_jobs.consequences import follow_end
from dartwing.dartwing_core.background_jobs.errors import JobStateError, refuse_argument
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	COMPLETED,
	DEAD_LETTER,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

Filters = dict[str, Any]
FILTERS = ("organization", "job_type", "error_type")


def retry_job(job_id: str) -> BackgroundJob:
	"""Give a dead letter a fresh set of attempts, and with it the children that died of it.

	Raises DoesNotExistError for a job that the user cannot see, PermissionError for one that is not
	theirs to administer, JobStateError when it is no dead letter or its parent is one.
	"""
	job = _dead_letter(job_id)
	dependencies.return_to_waiting(job, _("retried by {0}").format(frappe.session.user), _ready_at(job))
	dependencies.revive_children(job)
	follow_end(job)
	return job


def discard_job(job_id: str, reason: str) -> BackgroundJob:
	"""Cancel a dead letter for good, saying why; errors as for `retry_job`."""
	_check_reason(reason)
	job = _dead_letter(job_id)
	job.transition_to(CANCELED, message=reason, canceled_by=frappe.session.user)
	follow_end(job)
	return job


def retry_jobs(job_ids: Sequence[str] | None = None, filters: Filters | None = None) -> dict[str, Any]:
	"""Retry these dead letters, or all that match the filters: `{"done": [ids], "refused": {id: why}}`."""
	return _each(job_ids, filters, retry_job)


def discard_jobs(
	reason: str, job_ids: Sequence[str] | None = None, filters: Filters | None = None
) -> dict[str, Any]:
	"""Discard these dead letters, or all that match the filters; returns as `retry_jobs`."""
	_check_reason(reason)
	return _each(job_ids, filters, lambda job_id: discard_job(job_id, reason))


def dead_letters(filters: Filters | None = None) -> list[str]:
	"""Ids of the dead letters that the user administers and that match, oldest first."""
	wanted = {**_checked(filters or {}), "status": DEAD_LETTER}
	if not access.is_system_manager():
		mine = access.administered_organizations()
		asked_for = wanted.get("organization")
		wanted["organization"] = ("in", [name for name in mine if asked_for in (None, name)] or [""])
	return frappe.get_all("Background Job", wanted, pluck="name", order_by="creation asc")


def alert_when_many() -> None:
	"""Tell System Managers once when more dead letters wait than the threshold; again after it fell below."""
	threshold = setting("dead_letter_alert_threshold")
	waiting = frappe.db.count("Background Job", {"status": DEAD_LETTER})
	too_many = bool(threshold) and waiting > threshold
	if too_many == bool(setting("dead_letter_alert_sent")):
		return
	frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", int(too_many))
	if too_many:
		for user in get_users_with_role("System Manager") or ["Administrator"]:
			notifications.notify(user, _("{0} dead letters wait for a person").format(waiting))


def _check_reason(reason: str) -> None:
	if not reason or not reason.strip():
		refuse_argument("reason", _("is missing; say why the job is discarded"))


def _checked(filters: Filters) -> Filters:
	for name, value in filters.items():
		if name not in FILTERS:
			refuse_argument(
				f"filters.{name}", _("there is no such filter; there are {0}").format(", ".join(FILTERS))
			)
		if not isinstance(value, str):
			refuse_argument(f"filters.{name}", _("must be a text, not {0}").format(type(value).__name__))
	return filters


def _dead_letter(job_id: str) -> BackgroundJob:
	seen = access.check_visible(job_id)
	if not access.is_admin(seen.organization):
		refuse_argument(
			"job_id", _("only an admin of {0} may do this").format(seen.organization), frappe.PermissionError
		)
	job = frappe.get_doc("Background Job", job_id, for_update=True)
	if job.status != DEAD_LETTER:
		refuse_argument(
			"job_id", _("{0} is {1}, no dead letter").format(job_id, _(job.status)), JobStateError
		)
	return job


def _ready_at(job: BackgroundJob) -> Any:
	"""Now, or None while the parent is unfinished; a dead parent is refused, it must be retried first."""
	reason = dead_parent_of(job)
	if reason:
		refuse_argument("job_id", reason, JobStateError)
	parent = job.depends_on and frappe.db.get_value("Background Job", job.depends_on, "status")
	return now_datetime() if parent in (None, "", COMPLETED) else None


def dead_parent_of(job: BackgroundJob | frappe._dict) -> str | None:
	"""Why a dead letter cannot be retried: a parent that ended without success; None when it can."""
	if not job.depends_on:
		return None
	parent = frappe.db.get_value("Background Job", job.depends_on, "status")
	if parent not in dependencies.DEAD and not (parent is None and job.failed_parent):
		return None
	return _("its parent {0} is {1}; retry the parent, or discard this job").format(
		job.depends_on, _(parent) if parent else _("deleted")
	)


def _each(
	job_ids: Sequence[str] | None, filters: Filters | None, action: Callable[[str], BackgroundJob]
) -> dict[str, Any]:
	if (job_ids is None) == (filters is None):
		refuse_argument("job_ids", _("give either job_ids or filters"))
	for job_id in job_ids or []:
		if not isinstance(job_id, str):
			refuse_argument("job_ids", _("must be a list of texts, not of {0}").format(type(job_id).__name__))
	return bulk.each(job_ids if job_ids is not None else dead_letters(filters), action)
