"""A page of jobs, and how many there are in all, at a cost that does not grow with what is not shown.

The newest jobs are found on an index alone, for each organization by itself, and only the jobs of the page
are read. How many have ended is summed up by Job Tally; the others are few, and are counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.statuses import FINISHED, STATUSES, UNFINISHED
from dartwing.dartwing_core.doctype.job_tally.job_tally import finished_jobs

# the fields that are compared, and the index that has the jobs of such a condition in order of creation
IN_ORDER = {
	(): ("creation",),
	("status",): ("status", "creation"),
	("job_type",): ("job_type", "creation"),
	("organization",): ("organization", "creation"),
	("organization", "status"): ("organization", "status", "creation"),
	("organization", "job_type"): ("job_type", "organization", "creation"),
}
NEWEST_FIRST = "order by creation desc, name desc"


@dataclass(frozen=True)
class Scope:
	"""Which jobs: of some organizations (None: of all), of one status, type and group (None: of any)."""

	organizations: Sequence[str] | None = None
	status: str | None = None
	job_type: str | None = None
	group: str | None = None


def count(scope: Scope) -> int:
	"""How many jobs there are, exactly as this transaction sees them."""
	if scope.organizations is not None and not scope.organizations:
		return 0
	if scope.group:
		# Job Tally knows of no groups; the members are counted on their index
		return _count(scope, STATUSES)
	finished = unfinished = 0
	if scope.status is None or scope.status in FINISHED:
		finished = finished_jobs(scope.organizations, scope.status, scope.job_type)
	if scope.status is None or scope.status in UNFINISHED:
		unfinished = _count(scope, UNFINISHED)
	return finished + unfinished


def _count(scope: Scope, any_of: Sequence[str]) -> int:
	job = frappe.qb.DocType("Background Job")
	statuses = [scope.status] if scope.status else list(any_of)
	query = frappe.qb.from_(job).select(frappe.qb.functions("COUNT", "*")).where(job.status.isin(statuses))
	if scope.organizations is not None:
		query = query.where(job.organization.isin(list(scope.organizations)))
	if scope.job_type:
		query = query.where(job.job_type == scope.job_type)
	if scope.group:
		query = query.where(job.job_group == scope.group)
	return query.run()[0][0]


def page(
	scope: Scope, fields: Sequence[str], limit: int, offset: int = 0, before: frappe._dict | None = None
) -> list[frappe._dict]:
	"""`name` and the fields of these jobs, newest first; with `before`, of those older than that job."""
	names = _names(scope, limit, offset, before)
	if not names:
		return []
	job = frappe.qb.DocType("Background Job")
	rows = (
		frappe.qb.from_(job).select(job.name, *(job[field] for field in fields)).where(job.name.isin(names))
	)
	by_name = {row.name: row for row in rows.run(as_dict=True)}
	return [by_name[name] for name in names]


def _names(scope: Scope, limit: int, offset: int, before: frappe._dict | None) -> list[str]:
	parts, values = [], []
	for conditions, wanted in _conditions(scope, before):
		where = f"where {' and '.join(conditions)}" if conditions else ""
		jobs = f"`tabBackground Job` {_index_of(scope)}"
		parts.append(f"select name, creation from {jobs} {where} {NEWEST_FIRST}")
		values += wanted
	if not parts:
		return []
	# both limits are integers
	window = f"limit {int(limit)} offset {int(offset)}"
	if len(parts) == 1:
		query = f"{parts[0]} {window}"
	else:
		newest = " union all ".join(f"({part} limit {int(limit) + int(offset)})" for part in parts)
		query = f"select name from ({newest}) newest {NEWEST_FIRST} {window}"
	return [name for name, *_creation in frappe.db.sql(query, tuple(values))]


def _index_of(scope: Scope) -> str:
	"""The index that has just the scope's jobs, in the order wanted, if there is one.

	By its estimates MariaDB may choose another index, and read past the jobs of every other status.
	"""
	if scope.group:
		return f"force index (`{frappe.db.get_index_name(('job_group', 'status'))}`)"
	wanted = {
		"organization": scope.organizations is not None,
		"status": scope.status,
		"job_type": scope.job_type,
	}
	fields = tuple(field for field, value in wanted.items() if value)
	in_order = IN_ORDER.get(fields)
	return f"force index (`{frappe.db.get_index_name(in_order)}`)" if in_order else ""


def _conditions(scope: Scope, before: frappe._dict | None) -> Iterator[tuple[list[str], list[Any]]]:
	"""The conditions of each organization by itself: for several at once, no index is in order."""
	for organization in scope.organizations if scope.organizations is not None else [None]:
		wanted = {
			"organization": organization,
			"status": scope.status,
			"job_type": scope.job_type,
			"job_group": scope.group,
		}
		conditions = [f"{field} = %s" for field, value in wanted.items() if value]
		values = [value for value in wanted.values() if value]
		if before:
			conditions.append("creation <= %s and (creation < %s or name < %s)")
			values += [before.creation, before.creation, before.name]
		yield conditions, values
