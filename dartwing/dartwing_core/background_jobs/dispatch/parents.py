"""The jobs that jobs depend on: the rows of Job Dependency. Nothing here commits.

The status of a parent that was deleted is the one that its row has kept; None where no row has.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import frappe

from dartwing.dartwing_core.background_jobs.database import inserts
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.statuses import (
	DEAD_LETTER,
	ENDED_WITHOUT_SUCCESS,
	PENDING,
	UNFINISHED,
)
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob

COLUMNS = (*inserts.OF_EVERY_ROW, "background_job", "depends_on", "any_end")
# the numbers of ids go on for ever, and their texts get longer
IN_ORDER = "cast(substring_index(dependency.depends_on, '-', -1) as unsigned)"
STATUS = "coalesce(parent.status, dependency.last_status)"
_UNFINISHED = ", ".join(f"'{status}'" for status in UNFINISHED)
_WITHOUT_SUCCESS = ", ".join(f"'{status}'" for status in ENDED_WITHOUT_SUCCESS)
# the status of a parent of which nothing is known
_GONE = f"'{DEAD_LETTER}'"


def unfinished_parent(job: str) -> str:
	"""SQL for a parent, if there is any, that has not ended; `job` is SQL for the id of the child.

	The newest parents are looked at first: they are the last to end, so one look finds most often that one is
	unfinished, however many have ended.
	"""
	return f"""(select parent.name from `tabJob Dependency` dependency
		straight_join `tabBackground Job` parent on parent.name = dependency.depends_on
		where dependency.background_job = {job} and parent.status in ({_UNFINISHED})
		order by dependency.depends_on desc limit 1)"""


def failed_parent(job: str) -> str:
	"""As `unfinished_parent`, for one that ended without success, or is gone."""
	return f"""(select dependency.depends_on from `tabJob Dependency` dependency
		left join `tabBackground Job` parent on parent.name = dependency.depends_on
		where dependency.background_job = {job} and dependency.any_end = 0
		and ifnull({STATUS}, {_GONE}) in ({_WITHOUT_SUCCESS})
		order by dependency.depends_on limit 1)"""


class FailedParent(NamedTuple):
	"""A parent that ended without success; `status` is None of one that is gone."""

	name: str
	status: str | None
	error_message: str | None


class ParentState(NamedTuple):
	"""What a parent is, or was when it was deleted."""

	status: str | None
	is_there: bool
	# whether the child waits for it and does not need its success, whatever the child's rule
	any_end: bool = False


def insert(jobs: Sequence[BackgroundJob]) -> None:
	"""Insert the rows of new jobs, which have their names by now."""
	rows = [
		(
			_name(job.name, parent),
			job.owner,
			job.creation,
			job.creation,
			job.owner,
			job.name,
			parent,
			int(parent == job.flags.runs_after),
		)
		for job in jobs
		for parent in names_of(job)
	]
	if rows:
		inserts.insert("Job Dependency", COLUMNS, rows)


def names_of(job: BackgroundJob) -> list[str]:
	"""Ids of the parents of a new job; those that are submitted with it have theirs by now."""
	return [parent if isinstance(parent, str) else parent.name for parent in job.flags.parents or ()]


def _name(job_id: str, parent_id: str) -> str:
	"""One row for each pair."""
	return sha256(json.dumps([job_id, parent_id]).encode()).hexdigest()[:40]


def waiting_children(parent_ids: Sequence[str]) -> list[str]:
	"""Ids of the jobs that depend on one of these and have not been let go on, oldest first."""
	if not parent_ids:
		return []
	return frappe.db.sql(
		"""select distinct child.name from `tabJob Dependency` dependency
		join `tabBackground Job` child on child.name = dependency.background_job
		where dependency.depends_on in %s and child.status = %s and child.ready_at is null
		and child.held_by is null
		order by child.creation, child.name""",
		(tuple(parent_ids), PENDING),
		pluck=True,
	)


def with_children(job_ids: Sequence[str]) -> set[str]:
	"""Those of the jobs that others depend on, committed or not, but for equal jobs that run after them."""
	if not job_ids:
		return set()
	query = "select distinct depends_on from `tabJob Dependency` where depends_on in %s and any_end = 0"
	with uncommitted_reads():
		return set(frappe.db.sql(query, (tuple(job_ids),), pluck=True))


def waiting_in_turn(job_id: str) -> set[str]:
	"""The job, and all that start after it: those that depend on it, and on these in turn.

	The job at the end of a group starts after each of the group's jobs.
	"""
	found, new = {job_id}, [job_id]
	# another submission may make the other half of a circle
	with uncommitted_reads():
		while new:
			rows = frappe.db.sql(
				"""select dependency.background_job from `tabJob Dependency` dependency
				where dependency.depends_on in %(new)s
				union select job_group.on_end_job from `tabBackground Job` job
				join `tabJob Group` job_group on job_group.name = job.job_group
				where job.name in %(new)s and job_group.on_end_job is not null""",
				{"new": tuple(new)},
				pluck=True,
			)
			new = [name for name in rows if name not in found]
			found.update(new)
	return found


def without_unfinished_parents(job_ids: Sequence[str]) -> list[str]:
	"""Those of the jobs whose parents have all ended."""
	if not job_ids:
		return []
	return frappe.db.sql(
		f"""select child.name from `tabBackground Job` child
		where child.name in %s and {unfinished_parent("child.name")} is null""",
		(tuple(job_ids),),
		pluck=True,
	)


def failed_parents(job_ids: Sequence[str], among: Sequence[str] | None = None) -> dict[str, FailedParent]:
	"""A parent that ended without success, or is gone, of each of the jobs that has one.

	`among`: only these parents are looked at.
	"""
	if not job_ids:
		return {}
	only = "and dependency.depends_on in %(among)s" if among is not None else ""
	rows = frappe.db.sql(
		f"""select dependency.background_job, dependency.depends_on, parent.status, parent.error_message
		from `tabJob Dependency` dependency
		left join `tabBackground Job` parent on parent.name = dependency.depends_on
		where dependency.background_job in %(jobs)s and dependency.any_end = 0 {only}
		and ifnull({STATUS}, {_GONE}) in ({_WITHOUT_SUCCESS})
		order by dependency.depends_on desc""",
		{"jobs": tuple(job_ids), "among": tuple(among or ("",))},
	)
	return {job_id: FailedParent(*parent) for job_id, *parent in rows}


def of_jobs(job_ids: Sequence[str]) -> dict[str, dict[str, ParentState]]:
	"""All parents of each of the jobs that has any, by their ids, in the order of their submission."""
	found: dict[str, dict[str, ParentState]] = {}
	if not job_ids:
		return found
	rows = frappe.db.sql(
		f"""select dependency.background_job, dependency.depends_on, {STATUS},
			parent.name is not null, dependency.any_end
		from `tabJob Dependency` dependency
		left join `tabBackground Job` parent on parent.name = dependency.depends_on
		where dependency.background_job in %s order by dependency.background_job, {IN_ORDER}""",
		(tuple(job_ids),),
	)
	for job_id, parent, status, is_there, any_end in rows:
		found.setdefault(job_id, {})[parent] = ParentState(status, bool(is_there), bool(any_end))
	return found
