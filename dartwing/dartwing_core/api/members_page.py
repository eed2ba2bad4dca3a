"""What the page /jobs asks beside the REST API: rows with what their reader may do, and its form."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Annotated, Any

import frappe
from frappe import _
from frappe.utils import get_fullname

from dartwing.dartwing_core.api.arguments import About
from dartwing.dartwing_core.api.endpoints import CHANGE, READ, endpoint
from dartwing.dartwing_core.api.jobs import LIST, STATUS, SUBMIT
from dartwing.dartwing_core.api.parameter_forms import parameter_titles
from dartwing.dartwing_core.background_jobs import engine
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.insight import groups, queries, schedules
from dartwing.dartwing_core.background_jobs.insight.dossier import children_of
from dartwing.dartwing_core.background_jobs.insight.dry_runs import in_words
from dartwing.dartwing_core.background_jobs.insight.outputs import urls_of
from dartwing.dartwing_core.background_jobs.statuses import FINISHED
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job import kept_texts

Row = dict[str, Any]
FIELDS = ("name", "owner_user")
# of the names of the engine's parts, for example "Dependencies"; RQ's names of workers are longer
LONGEST_PART = 20
# characters of JSON: details are read again whenever something happens to the job
LONGEST_PARAMETERS = 20_000


@endpoint(READ, LIST, is_documented=False)
def list_rows(
	organization: str | None = None,
	status: str | None = None,
	job_type: str | None = None,
	limit: int = 20,
	before: str | None = None,
) -> Row:
	"""As `list_jobs`, each job as a row of the page."""
	page = queries.list_jobs(organization, status, job_type, limit, before=before)
	return {"jobs": as_rows(page["jobs"]), "total": page["total"]}


@endpoint(READ, LIST, is_documented=False)
def list_lone_rows(organization: str | None = None, limit: int = 20, before: str | None = None) -> Row:
	"""The jobs of no group as rows of the page, newest first; `total` is None when they are very many."""
	page = queries.list_lone_jobs(organization, limit, before)
	return {"jobs": as_rows(page["jobs"]), "total": page["total"]}


@endpoint(READ, STATUS, is_documented=False)
def list_member_rows(group_id: str, limit: int = 20, after: str | None = None) -> Row:
	"""The jobs of one group as rows of the page, in their order."""
	page = queries.list_members(group_id, limit, after)
	return {"jobs": as_rows(page["jobs"]), "total": page["total"]}


@endpoint(READ, LIST, is_documented=False)
def list_groups(organization: str | None = None, limit: int = 20, before: str | None = None) -> Row:
	"""Groups as rows of the page, newest first."""
	page = groups.list_groups(organization, limit=limit, before=before)
	return {"groups": as_group_rows(page["groups"]), "total": page["total"]}


@endpoint(READ, STATUS, is_documented=False)
def get_groups(group_ids: Annotated[list[str], About("Up to 100 ids")]) -> list[Row]:
	"""These groups as rows of the page, without those that the user cannot see."""
	check_number(group_ids, "group_ids")
	return as_group_rows(groups.get_groups(group_ids))


@endpoint(READ, LIST, is_documented=False)
def list_schedules(organization: str | None = None, limit: int = 20, offset: int = 0) -> Row:
	"""Schedules as rows of the page, newest first, each with what became of its last slot."""
	page = schedules.list_schedules(organization, limit, offset)
	last = schedules.newest_slots(page["schedules"])
	administered = administered_organizations()
	rows = [
		{
			**schedule,
			"may_administer": may_administer(schedule["organization"], administered),
			"last_outcome": last.get(schedule["schedule_id"]),
		}
		for schedule in page["schedules"]
	]
	return {"schedules": rows, "total": page["total"]}


@endpoint(READ, STATUS, is_documented=False)
def get_schedule(schedule_id: str) -> Row:
	"""One schedule for the page's form.

	`counted_from` is where its interval begins; `is_taken_over` says that a change makes its jobs the user's;
	`parameter_titles` are what forms call its parameters, in their order.
	"""
	schedule = schedules.get_schedule(schedule_id)
	is_mine = schedule["run_as"] == frappe.session.user
	return {
		**schedule,
		"parameter_titles": parameter_titles(schedule["job_type"]),
		"counted_from": schedules.anchor_of(schedule["schedule_id"]),
		"is_taken_over": not is_mine and not access.is_system_manager(),
	}


@endpoint(READ, STATUS, is_documented=False)
def get_rows(job_ids: Annotated[list[str], About("Up to 100 ids")]) -> list[Row]:
	"""These jobs as rows of the page, without those that the user cannot see."""
	check_number(job_ids, "job_ids")
	return as_rows(queries.get_jobs(job_ids))


@endpoint(READ, STATUS, is_documented=False)
def get_details(job_id: str) -> Row:
	"""One row with its history, its steps, its children, whether the user may download its output, and what a
	dry run would do in words.

	`parameters` are JSON as text, whose numbers are exact and whose secrets are dots, or None where they are
	too long for a page; `parameter_titles` are what forms call them, in their order.
	"""
	status = queries.get_job_status(job_id)
	(row,) = as_rows([status], ("input_parameters",))
	text = row.pop("input_parameters") or "{}"
	history = queries.get_job_history(job_id)["history"]
	name_actors(history)
	steps, children = queries.steps_of(row["job_id"]), children_of(row["job_id"])["children"]
	return {
		**row,
		"parameters": shown_parameters(text),
		"parameter_titles": parameter_titles(row["job_type"]),
		"history": history,
		"steps": steps,
		"children": children,
		"would_do": in_words(status),
	}


def shown_parameters(text: str) -> str | None:
	if len(text) > LONGEST_PARAMETERS:
		return None
	return kept_texts.masked(text, kept_texts.secrets_of(text))


@endpoint(CHANGE, SUBMIT, is_documented=False)
def submit(
	job_type: str,
	organization: str,
	parameters: dict | None = None,
	idempotency_key: str | None = None,
	dry_run: bool = False,
) -> Row:
	"""Submit a job of a type that is offered on the page; returns its row."""
	access.check_member(organization)
	if not frappe.db.get_value("Job Type", job_type, "allow_web_submission"):
		reason = _("{0} is not offered on this page").format(repr(job_type))
		refuse_argument("job_type", reason, frappe.PermissionError)
	job = engine.submit_job(
		job_type, organization, parameters, idempotency_key=idempotency_key, dry_run=dry_run
	)
	# one that there was may have been committed after this request's snapshot
	with separate_transaction() if job.flags.is_existing else nullcontext():
		return as_rows([queries.get_job_status(job.name)])[0]


def check_number(ids: list[str], argument: str) -> None:
	if len(ids) > queries.MAX_PAGE:
		refuse_argument(argument, _("at most {0} at once").format(queries.MAX_PAGE))


def name_actors(history: list[frappe._dict]) -> None:
	"""Users have names; of workers, members learn only that it was one."""
	actors = [entry.actor for entry in history]
	users = frappe.get_all("User", filters={"name": ("in", actors)}, pluck="name")
	for entry in history:
		if entry.actor in users:
			entry.actor_name = get_fullname(entry.actor)
		elif "@" in entry.actor:
			# a user that there is no more
			entry.actor_name = entry.actor
		else:
			entry.actor_name = _("Worker") if len(entry.actor) > LONGEST_PART else _(entry.actor)


def as_rows(jobs: list[Row], further: Sequence[str] = ()) -> list[Row]:
	"""Jobs that the user may see, each also with its submitter, its output and what the user may do to it.

	`further` names fields of Background Job that are read as well, as they are.
	"""
	named = {"name": ("in", [job["job_id"] for job in jobs] or [""])}
	more = {
		row.name: row for row in frappe.get_all("Background Job", filters=named, fields=[*FIELDS, *further])
	}
	administered = administered_organizations()
	urls = urls_of(job["output_reference"] for job in jobs)
	titles = titles_of({job["job_group"] for job in jobs if job["job_group"]})
	# a job that was deleted since the first query is none any more
	return [
		{
			**job,
			**rights(job["organization"], more[job["job_id"]].owner_user, administered),
			"likely_end": likely_end(job["seconds_left"]),
			"group_title": titles.get(job["job_group"]),
			"output": output_of(job["output_reference"], urls),
			**{field: more[job["job_id"]][field] for field in further},
		}
		for job in jobs
		if job["job_id"] in more
	]


def likely_end(seconds_left: float | None) -> str | None:
	if seconds_left is None:
		return None
	return times.utc_as_text(times.utc_now(may_ask=False) + timedelta(seconds=seconds_left))


def as_group_rows(found: list[Row]) -> list[Row]:
	"""Groups that the user may see, each also with its submitter and what the user may do to it."""
	administered = administered_organizations()
	return [
		{
			**group,
			**rights(group["organization"], group["owner_user"], administered),
			"ended": sum(group["count_by_status"].get(status, 0) for status in FINISHED),
		}
		for group in found
	]


def administered_organizations() -> set[str] | None:
	return None if access.is_system_manager() else set(access.administered_organizations())


def rights(organization: str, owner: str, administered: set[str] | None) -> Row:
	is_admin = may_administer(organization, administered)
	is_mine = owner == frappe.session.user
	return {
		"owner_name": get_fullname(owner),
		"is_mine": is_mine,
		"may_cancel": is_admin or is_mine,
		"may_administer": is_admin,
	}


def may_administer(organization: str, administered: set[str] | None) -> bool:
	return administered is None or organization in administered


def titles_of(names: set[str]) -> dict[str, str]:
	if not names:
		return {}
	found = frappe.get_all("Job Group", {"name": ("in", list(names))}, ["name", "title"])
	return {group.name: group.title for group in found}


def output_of(reference: str | None, urls: dict[str, str]) -> Row | None:
	"""`{text, url}` of what a job produced; `url` is None for what is nothing that the user may load."""
	if not reference:
		return None
	url = urls.get(reference)
	return {"text": reference.rpartition("/")[2] if url else reference, "url": url}
