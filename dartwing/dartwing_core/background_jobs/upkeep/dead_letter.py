"""The dead letter queue: jobs that need a person. Nothing here commits."""

from collections.abc import Container, Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, equal_jobs, parents
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_ends
from dartwing.dartwing_core.background_jobs.dispatch.many_jobs import (
	Refusals,
	answer,
	batches,
	the_only_one,
	unknown,
)
from dartwing.dartwing_core.background_jobs.dispatch.parents import ParentState
from dartwing.dartwing_core.background_jobs.errors import JobStateError, refuse_argument
from dartwing.dartwing_core.background_jobs.statuses import (
	END,
	ENDED_WITHOUT_SUCCESS,
	UNFINISHED,
	WAITING_FOR_RETRY,
)
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import shown
from dartwing.dartwing_core.background_jobs.tenancy.conditions import readable_conditions
from dartwing.dartwing_core.doctype.background_job.background_job import (
	CANCELED,
	DEAD_LETTER,
	BackgroundJob,
	locked,
	transition_all,
)

Filters = dict[str, Any]
FILTERS = ("organization", "job_type", "error_type")


def retry_job(job_id: str, begin_anew: bool = False) -> BackgroundJob:
	"""Give a dead letter a fresh set of attempts, and with it the children that died of it.

	It goes on behind the steps that are done, with the checkpoint that it saved, unless it is to begin anew.

	Raises DoesNotExistError for a job that the user cannot see, PermissionError for one that is not
	theirs to administer, JobStateError when it is no dead letter or a parent of it is one.
	"""
	return the_only_one(job_id, *_retry([job_id], begin_anew))


def administered_dead_letter(job_id: str) -> BackgroundJob:
	"""The dead letter, locked; errors as for `retry_job`."""
	jobs, refused = _dead_letters([job_id])
	return the_only_one(job_id, list(jobs.values()), refused)


def discard_job(job_id: str, reason: str) -> BackgroundJob:
	"""Cancel a dead letter for good, saying why; errors as for `retry_job`."""
	reason = _checked_reason(reason)
	return the_only_one(job_id, *_discard([job_id], reason))


def retry_jobs(
	job_ids: Sequence[str] | None = None, filters: Filters | None = None, begin_anew: bool = False
) -> dict[str, Any]:
	"""Retry these dead letters, or all that match the filters; `begin_anew` as for `retry_job`.

	`{"done": [ids], "refused": {id: why}, "left": n}`: one call handles 10,000, of a filter the oldest;
	`left` says how many more match, for which to call again.
	"""
	wanted, left = _wanted(job_ids, filters)
	return {**answer(*_retry(wanted, begin_anew)), "left": left}


def discard_jobs(
	reason: str, job_ids: Sequence[str] | None = None, filters: Filters | None = None
) -> dict[str, Any]:
	"""Discard these dead letters, or all that match the filters; returns as `retry_jobs`."""
	reason = _checked_reason(reason)
	wanted, left = _wanted(job_ids, filters)
	return {**answer(*_discard(wanted, reason)), "left": left}


def dead_letters(filters: Filters | None = None, limit: int = 0) -> list[str]:
	"""Ids of the dead letters that the user administers and that match, oldest first; limit 0 means all."""
	return frappe.get_all(
		"Background Job", _scope(filters), pluck="name", order_by="creation asc", limit=limit
	)


def _retry(job_ids: Sequence[str], begin_anew: bool) -> tuple[list[BackgroundJob], Refusals]:
	jobs, refused = _dead_letters(job_ids)
	for job_id, newer in equal_jobs.newer_equals(list(jobs.values())).items():
		reason = _("{0} stands for it: an equal job with newer parameters; discard this one")
		refused[job_id] = (reason.format(newer), JobStateError)
		del jobs[job_id]
	parents_of = _parents_of(jobs)
	_refuse_children_of_the_dead(jobs, refused, parents_of)
	forgotten = {"checkpoint": None} if begin_anew else {}
	now, message = times.utc_now(), _("retried by {0}").format(frappe.session.user)
	for batch in batches(list(jobs.values())):
		for waits, ready_at in ((False, now), (True, None)):
			some = [job for job in batch if _waits_for_parents(job, jobs, parents_of) is waits]
			dependencies.return_to_waiting(some, message, ready_at, **forgotten)
		if begin_anew:
			records.forget([job.name for job in batch])
	retried = list(jobs.values())
	revived = [child for batch in batches(retried) for child in dependencies.revive_children(batch)]
	follow_ends(retried + revived)
	return retried, refused


def _discard(job_ids: Sequence[str], reason: str) -> tuple[list[BackgroundJob], Refusals]:
	jobs, refused = _dead_letters(job_ids)
	for batch in batches(list(jobs.values())):
		transition_all(batch, CANCELED, message=reason, canceled_by=frappe.session.user)
	follow_ends(list(jobs.values()))
	return list(jobs.values()), refused


def _dead_letters(job_ids: Sequence[str]) -> tuple[dict[str, BackgroundJob], Refusals]:
	"""Those jobs, locked, that are dead letters which the user may change; and why the others are refused."""
	refused: Refusals = {}
	jobs: dict[str, BackgroundJob] = {}
	for batch in batches(list(dict.fromkeys(job_ids))):
		allowed = _administered(batch, refused)
		rows = {job.name: job for job in locked(allowed)}
		for job_id in allowed:
			job = rows.get(job_id)
			if job and job.status == DEAD_LETTER:
				jobs[job_id] = job
			elif job:
				refused[job_id] = (_why_no_dead_letter(job), JobStateError)
			else:
				refused[job_id] = unknown(job_id)
	return jobs, refused


def _why_no_dead_letter(job: BackgroundJob) -> str:
	reason = _("{0} is {1}, no dead letter").format(job.name, _(job.status))
	if job.status in WAITING_FOR_RETRY:
		return f"{reason}: " + _("it is tried again by itself, until its retries are used up")
	return reason


def _administered(job_ids: Sequence[str], refused: Refusals) -> list[str]:
	"""The jobs that the user may change; rows of others are not locked."""
	rows = frappe.get_all("Background Job", {"name": ("in", job_ids)}, ["name", "organization"], as_list=True)
	organization_of = dict(rows)
	organizations = set(organization_of.values())
	visible = {organization for organization in organizations if access.is_member(organization)}
	administered = {organization for organization in visible if access.is_admin(organization)}
	allowed = []
	for job_id in job_ids:
		organization = organization_of.get(job_id)
		if organization not in visible:
			refused[job_id] = unknown(job_id)
		elif organization not in administered:
			reason = _("only an admin of {0} may do this").format(organization)
			refused[job_id] = (reason, frappe.PermissionError)
		else:
			allowed.append(job_id)
	return allowed


# the parents of each job that has any
ParentsOf = dict[str, dict[str, ParentState]]


def _parents_of(jobs: dict[str, BackgroundJob]) -> ParentsOf:
	children = [job.name for job in jobs.values() if job.depends_on]
	return {job_id: found for batch in batches(children) for job_id, found in parents.of_jobs(batch).items()}


def _refuse_children_of_the_dead(
	jobs: dict[str, BackgroundJob], refused: Refusals, parents_of: ParentsOf
) -> None:
	"""Refuse children of parents without success that are not retried as well, and their own children."""
	children: dict[str, list[str]] = {}
	for job_id, found in parents_of.items():
		for parent in found:
			children.setdefault(parent, []).append(job_id)
	doubtful = list(parents_of)
	while doubtful:
		job_id = doubtful.pop()
		dead = dead_parent(jobs[job_id], parents_of[job_id], jobs) if job_id in jobs else None
		if dead:
			refused[job_id] = (dead, JobStateError)
			del jobs[job_id]
			doubtful += children.get(job_id, [])


def dead_parent_of(job: BackgroundJob | frappe._dict) -> str | None:
	"""Why a dead letter cannot be retried: a parent ended without success. None when it can be."""
	return dead_parent(job, parents.of_jobs([job.name]).get(job.name, {})) if job.depends_on else None


def dead_parent(
	job: BackgroundJob | frappe._dict, found: dict[str, ParentState], retried: Container[str] = ()
) -> str | None:
	"""As `dead_parent_of`; `found` are its parents, of which some may be retried as well."""
	if job.dependency_rule == END:
		return None
	for parent, state in found.items():
		if parent in retried or state.any_end:
			continue
		if not state.status or state.status in ENDED_WITHOUT_SUCCESS:
			return _("its parent {0} is {1}; retry the parent, or discard this job").format(
				parent, _(state.status) if state.status and state.is_there else _("deleted")
			)
	return None


def _waits_for_parents(job: BackgroundJob, retried: Container[str], parents_of: ParentsOf) -> bool:
	"""Whether a parent is to end yet, or to end once more."""
	found = parents_of.get(job.name, {})
	return any(parent in retried or state.status in UNFINISHED for parent, state in found.items())


def _checked_reason(reason: Any) -> str:
	"""The reason as it is kept. A reason that is too long is refused, rather than kept in part."""
	if not isinstance(reason, str | None):
		refuse_argument("reason", _("must be a text, not {0}").format(type(reason).__name__))
	kept = texts.line(reason, len(reason)).strip() if reason else ""
	if not kept:
		refuse_argument("reason", _("is missing; say why the job is discarded"))
	if len(kept) > texts.MAX_LINE:
		refuse_argument("reason", _("at most {0} characters, not {1}").format(texts.MAX_LINE, len(kept)))
	return kept


def _wanted(job_ids: Sequence[str] | None, filters: Filters | None) -> tuple[Sequence[str], int]:
	"""The jobs that one call is about, and how many more match."""
	if (job_ids is None) == (filters is None):
		refuse_argument("job_ids", _("give either job_ids or filters"))
	for job_id in job_ids or []:
		if not isinstance(job_id, str):
			refuse_argument("job_ids", _("must be a list of texts, not of {0}").format(type(job_id).__name__))
		if not texts.is_storable(job_id):
			refuse_argument("job_ids", _("is not valid Unicode"))
	most = config.MAX_BULK_CHANGE
	if job_ids is None:
		found = dead_letters(filters, limit=most)
		left = frappe.db.count("Background Job", _scope(filters)) - len(found) if len(found) == most else 0
		return found, left
	if len(job_ids) > most:
		refuse_argument("job_ids", _("at most {0} at once, not {1}").format(most, len(job_ids)))
	return job_ids, 0


def _scope(filters: Filters | None) -> Filters:
	wanted: Filters = {**_checked(filters or {}), "status": DEAD_LETTER}
	if not access.is_system_manager():
		mine = access.administered_organizations()
		asked_for = wanted.get("organization")
		wanted["organization"] = ("in", [name for name in mine if asked_for in (None, name)] or [""])
	return wanted


def _checked(filters: Filters) -> Filters:
	if not isinstance(filters, dict):
		refuse_argument("filters", _("must be a JSON object, not {0}").format(shown(filters)))
	for name, value in filters.items():
		if name not in FILTERS:
			refuse_argument(
				f"filters.{name}", _("there is no such filter; there are {0}").format(", ".join(FILTERS))
			)
		if not isinstance(value, str):
			refuse_argument(f"filters.{name}", _("must be a text, not {0}").format(type(value).__name__))
	readable_conditions("Background Job", filters)
	return filters
