"""What a person who looks at one job wants to know: attempts, family, output, what can be done."""

from collections.abc import Sequence
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.insight import dry_runs, queries
from dartwing.dartwing_core.background_jobs.insight.outputs import urls_of
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	RUNNING,
	UNFINISHED,
)

MAX_CHILDREN = 20


def get_dossier(job_id: str) -> dict[str, Any]:
	"""`{job, would_do, actions, obstacle, history, attempts, steps, …}`, with its family and its output.

	`would_do` is a dry run in words, `job` is as `get_job_status` has it, `history` as `get_job_history`,
	`steps` as `get_job_steps`; times are in UTC.
	Raises DoesNotExistError for a job that does not exist or is none of the user's organizations.
	"""
	name = access.check_visible(job_id).name
	fields = [
		"name",
		"organization",
		"owner_user",
		"status",
		"depends_on",
		"dependency_rule",
		"output_reference",
	]
	job = frappe.db.get_value("Background Job", name, fields, as_dict=True)
	history = queries.get_job_history(name)["history"]
	obstacle = dead_letter.dead_parent_of(job) if job.status == DEAD_LETTER else None
	status = queries.get_job_status(name)
	return {
		"job": status,
		"would_do": dry_runs.in_words(status),
		"actions": allowed_actions(job, obstacle),
		"obstacle": obstacle,
		"history": history,
		"attempts": attempts_of(history),
		"steps": queries.steps_of(name),
		"parents": parents_of(job),
		**children_of(name),
		"output": output_of(job),
	}


def allowed_actions(job: frappe._dict, obstacle: str | None) -> list[str]:
	"""Which of `cancel`, `retry` and `discard` the session's user may do now."""
	if job.status in UNFINISHED and access.can_cancel(job):
		return ["cancel"]
	if job.status == DEAD_LETTER and access.is_admin(job.organization):
		return ["discard"] if obstacle else ["retry", "discard"]
	return []


def attempts_of(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
	"""One entry for each time a worker ran the job, oldest first, from its transitions in their order.

	`{number, worker, started_at, ended_at, outcome, error}`; what is not over has no end and no outcome.
	`error` is the worker's message where the attempt did not succeed.
	"""
	attempts: list[dict[str, Any]] = []
	for row in history:
		if row["from_status"] == RUNNING:
			attempts[-1].update(
				ended_at=row["timestamp"], outcome=row["to_status"], error=row["message"] or None
			)
		if row["to_status"] == RUNNING:
			attempts.append(
				{
					"number": len(attempts) + 1,
					"worker": row["actor"],
					"started_at": row["timestamp"],
					"ended_at": None,
					"outcome": None,
					"error": None,
				}
			)
	return attempts


def parents_of(job: frappe._dict) -> list[dict[str, Any]]:
	"""`{name, job_type, status}` of the jobs that this one waits or waited for; type None when deleted."""
	if not job.depends_on:
		return []
	found = parents.of_jobs([job.name]).get(job.name, {})
	rows = frappe.get_all("Background Job", {"name": ("in", [*found, ""])}, ["name", "job_type"])
	type_of = {row.name: row.job_type for row in rows}
	return [
		{"name": parent, "job_type": type_of.get(parent), "status": state.status}
		for parent, state in found.items()
	]


def children_of(job_id: str) -> dict[str, Any]:
	"""`{children, more_children}`: the first ones, and how many more depend on this job."""
	children = frappe.db.sql(
		"""select child.name, child.job_type, child.status from `tabJob Dependency` dependency
		join `tabBackground Job` child on child.name = dependency.background_job
		where dependency.depends_on = %s order by child.creation limit %s""",
		(job_id, MAX_CHILDREN),
		as_dict=True,
	)
	is_all = len(children) < MAX_CHILDREN
	more = 0 if is_all else frappe.db.count("Job Dependency", {"depends_on": job_id}) - len(children)
	return {"children": children, "more_children": more}


def output_of(job: frappe._dict) -> dict[str, Any] | None:
	"""`{label, url}` of what the job produced; without `url` where it is no address or not for this user.

	A reference is the URL of a file of this site, or an address on the web.
	"""
	reference = job.output_reference
	if not reference:
		return None
	return {"label": reference, "url": urls_of([reference]).get(reference)}
