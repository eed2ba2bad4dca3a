"""Looking at jobs: one, a page of them, what happened to one, and those that need a person."""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.insight import durations, pages, starts, waiting
from dartwing.dartwing_core.background_jobs.insight.pages import Scope
from dartwing.dartwing_core.background_jobs.statuses import SUCCESS
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import shown
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	STATUSES,
	WAITING_FOR_RETRY,
)

STATUS_FIELDS = (
	"job_type",
	"organization",
	"job_group",
	"job_schedule",
	"retry_of",
	"is_dry_run",
	"real_job",
	"status",
	"priority",
	"progress",
	"progress_message",
	"created_at",
	"scheduled_at",
	"expires_at",
	"started_at",
	"completed_at",
	"retry_count",
	"max_retries",
	"next_retry_at",
	"output_reference",
	"result",
	"error_message",
	"error_type",
)
TIMES = ("created_at", "scheduled_at", "expires_at", "started_at", "completed_at", "next_retry_at")
# fields that are read as well: the instants of times which the site's clock may show twice, and of parents
# whether there are any
READ_AS_WELL = ("scheduled_at_utc", "ready_at", "queued_at", "held_by", "depends_on", "dependency_rule")
HISTORY_FIELDS = ("from_status", "to_status", "timestamp", "actor", "message", "retry_attempt")
STEP_FIELDS = ("step", "is_done", "attempt", "started_at", "seconds", "items_done", "items_total")
MAX_PAGE = 100
MAX_OFFSET = 1_000_000


def get_job_status(job_id: str) -> dict[str, Any]:
	"""`{job_id, job_type, organization, status, priority, progress, …}`, times in UTC, result parsed.

	`usual_seconds`, `p95_seconds`, `seconds_left` and `expected_start` are None where nobody knows; that of a
	job which waits for its turn is told here, and not in lists. So are, to its owner, the documents of a dry
	run.
	Raises DoesNotExistError for a job that does not exist or is none of the user's organizations.
	"""
	name = access.check_visible(job_id).name
	fields = ["name", *STATUS_FIELDS, *READ_AS_WELL, "owner_user", "dry_run_documents"]
	job = frappe.db.get_value("Background Job", name, fields, as_dict=True)
	(shaped,) = _shaped([job])
	if job.dry_run_documents and job.owner_user == frappe.session.user:
		for kind, documents in json_objects.from_json(job.dry_run_documents).items():
			shaped["result"][kind]["documents"] = documents
	turn = None if shaped["expected_start"] else starts.expected(job)
	return {**shaped, "expected_start": shaped["expected_start"] or times.utc_as_text(turn)}


def get_jobs(job_ids: Sequence[str]) -> list[dict[str, Any]]:
	"""Those of these jobs that the user may see, each as `get_job_status` has it; in no order."""
	check_ids(job_ids, "job_ids")
	visible = visible_organizations(None)
	filters: dict[str, Any] = {"name": ("in", list(job_ids) or [""])}
	if visible is not None:
		filters["organization"] = ("in", visible or [""])
	fields = ["name", *STATUS_FIELDS, *READ_AS_WELL]
	return _shaped(frappe.get_all("Background Job", filters=filters, fields=fields))


def list_jobs(
	organization: str | None = None,
	status: str | None = None,
	job_type: str | None = None,
	limit: int = 20,
	offset: int = 0,
	before: str | None = None,
	group: str | None = None,
) -> dict[str, Any]:
	"""`{jobs: [as get_job_status], total, limit, offset}` of the user's organizations, newest first.

	`limit` is 1 to 100. Pages by `offset` shift when jobs are submitted meanwhile; `before`, the id of
	the last job of a page, makes the next page begin after it whatever arrives. `group` takes the jobs of
	one group. Raises ValidationError that names a wrong argument, PermissionError for an organization that
	the user is no active member of, DoesNotExistError for a group as `get_group`.
	"""
	if status and status not in STATUSES:
		refuse_argument("status", _("{0} is none of {1}").format(repr(status), ", ".join(STATUSES)))
	scope = Scope(
		visible_organizations(organization),
		status,
		job_type and _as_stored("Job Type", job_type),
		group and access.check_visible_group(group, "group").name,
	)
	return _page(scope, STATUS_FIELDS, limit, offset, before)


def list_lone_jobs(
	organization: str | None = None, limit: int = 20, before: str | None = None
) -> dict[str, Any]:
	"""As `list_jobs`, the jobs of no group; `total` is None when they are more than can be counted."""
	check_bounds(limit, 0)
	scope = Scope(visible_organizations(organization), is_lone=True)
	last = access.check_visible(before, "before") if before else None
	jobs = _shaped(pages.page(scope, (*STATUS_FIELDS, *READ_AS_WELL), limit, last=last))
	return {"jobs": jobs, "total": pages.count_lone(scope), "limit": limit}


def list_members(group_id: str, limit: int = 20, after: str | None = None) -> dict[str, Any]:
	"""`{jobs: [as get_job_status], total, limit}`: the jobs of a group in the order of their submission.

	`after` is the id of the last job of a page. Errors as for `list_jobs`.
	"""
	check_bounds(limit, 0)
	scope = Scope(group=access.check_visible_group(group_id).name)
	last = access.check_visible(after, "after") if after else None
	fields = (*STATUS_FIELDS, *READ_AS_WELL)
	jobs = _shaped(pages.page(scope, fields, limit, last=last, order=pages.OLDEST_FIRST))
	return {"jobs": jobs, "total": pages.count(scope), "limit": limit}


def list_dead_letters(
	organization: str | None = None,
	job_type: str | None = None,
	limit: int = 20,
	offset: int = 0,
	before: str | None = None,
) -> dict[str, Any]:
	"""As `list_jobs`, with `error_traceback`: the dead letters that the user may retry or discard.

	Raises PermissionError for an organization that is not theirs to administer.
	"""
	organizations = _administered_organizations(organization)
	scope = Scope(organizations, DEAD_LETTER, job_type and _as_stored("Job Type", job_type))
	return _page(scope, (*STATUS_FIELDS, "error_traceback"), limit, offset, before)


def get_job_history(job_id: str) -> dict[str, Any]:
	"""`{job_id, history: [...]}`, one entry for each transition, oldest first.

	An entry is `{from_status, to_status, timestamp, actor, message, retry_attempt}`.
	Raises DoesNotExistError as `get_job_status` does.
	"""
	name = access.check_visible(job_id).name
	history = frappe.get_all(
		"Job Execution Log",
		filters={"background_job": name},
		fields=list(HISTORY_FIELDS),
		order_by="timestamp asc",
	)
	for row in history:
		row.timestamp = times.to_utc(row.timestamp)
	return {"job_id": name, "history": history}


def get_job_steps(job_id: str) -> dict[str, Any]:
	"""`{job_id, steps: [...]}`, the kept steps in the order in which they began, without their results.

	A step is `{step, is_done, attempt, started_at, seconds, items_done, items_total}`.
	Raises DoesNotExistError as `get_job_status` does.
	"""
	name = access.check_visible(job_id).name
	return {"job_id": name, "steps": steps_of(name)}


def steps_of(job_id: str) -> list[dict[str, Any]]:
	"""Those of `get_job_steps`, of a job that the user may see."""
	steps = []
	for record in records.of_job(job_id).values():
		step = {field: getattr(record, field) for field in STEP_FIELDS}
		steps.append({**step, "started_at": times.to_utc(record.started_at)})
	return steps


def visible_organizations(organization: str | None) -> list[str] | None:
	if organization:
		access.check_member(organization)
		return _only(organization)
	return None if access.is_system_manager() else access.organizations_of()


def _administered_organizations(organization: str | None) -> list[str] | None:
	if organization:
		access.check_admin(organization)
		return _only(organization)
	return None if access.is_system_manager() else access.administered_organizations()


def _only(organization: str) -> list[str]:
	"""A job that a member sees was found by its exact name; for a System Manager any spelling is taken."""
	return [_as_stored("Organization", organization) if access.is_system_manager() else organization]


def _as_stored(doctype: str, name: str) -> str:
	"""The name as it is stored: names that differ in case or accents are equal to the database only."""
	return frappe.db.get_value(doctype, name) or name


def _page(
	scope: Scope, fields: tuple[str, ...], limit: int, offset: int, before: str | None
) -> dict[str, Any]:
	check_bounds(limit, offset)
	last = access.check_visible(before, "before") if before else None
	return {
		"jobs": _shaped(pages.page(scope, (*fields, *READ_AS_WELL), limit, offset, last), fields),
		"total": pages.count(scope),
		"limit": limit,
		"offset": offset,
	}


def check_ids(ids: Sequence[Any], argument: str) -> None:
	for place, one in enumerate(ids):
		# the lists of Frappe v16 would make a list among these a part of their SQL
		if not isinstance(one, str):
			refuse_argument(f"{argument}[{place}]", _("must be a text, not {0}").format(shown(one)))


def check_bounds(limit: int, offset: int) -> None:
	if not 1 <= limit <= MAX_PAGE:
		refuse_argument("limit", _("{0} is not between 1 and {1}").format(limit, MAX_PAGE))
	if not 0 <= offset <= MAX_OFFSET:
		refuse_argument("offset", _("{0} is not between 0 and {1}").format(offset, MAX_OFFSET))


def _shaped(jobs: Sequence[frappe._dict], fields: tuple[str, ...] = STATUS_FIELDS) -> list[dict[str, Any]]:
	parents_of = parents.of_jobs([job.name for job in jobs if job.depends_on])
	paces: waiting.Paces = {}
	shaped = [_shape(job, fields, list(parents_of.get(job.name, ())), paces) for job in jobs]
	durations.add_to(list(zip(jobs, shaped, strict=True)))
	return shaped


def _shape(
	job: frappe._dict, fields: tuple[str, ...], depends_on: list[str], paces: waiting.Paces
) -> dict[str, Any]:
	shaped = {"job_id": job.name, **{field: job[field] for field in fields}}
	shaped["is_dry_run"] = bool(job.is_dry_run)
	shaped["depends_on"] = depends_on
	shaped["dependency_rule"] = job.dependency_rule or SUCCESS
	for field in TIMES:
		shaped[field] = times.to_utc(job[field])
	# the instants themselves, if there are any: a job from before an upgrade may have none
	if job.scheduled_at_utc:
		shaped["scheduled_at"] = times.utc_as_text(job.scheduled_at_utc)
	if job.ready_at and job.status in WAITING_FOR_RETRY:
		shaped["next_retry_at"] = times.utc_as_text(job.ready_at)
	shaped["waits_for"] = waiting.reason_of(job)
	waits_until = waiting.until(job, paces)
	shaped["waits_until"] = shaped["expected_start"] = times.utc_as_text(waits_until)
	shaped["result"] = framework.answerable(json_objects.from_json(job.result))
	return shaped
