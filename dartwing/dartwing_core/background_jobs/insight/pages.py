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
OLDEST_FIRST = "order by creation asc, name asc"
# jobs of no group are counted so far: Job Tally knows of no groups
MAX_COUNTED = 500


@dataclass(frozen=True)
class Scope:
	"""Which jobs: of some organizations (None: of all), of one status, type and group (None: of any).

	`is_lone` takes those of no group.
	"""

	organizations: Sequence[str] | None = None
	status: str | None = None
	job_type: str | None = None
	group: str | None = None
	is_lone: bool = False


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


def count_lone(scope: Scope) -> int | None:
	"""How many jobs of no group there are; None when there are more than MAX_COUNTED."""
	parts, values = _parts(scope, "1")
	if not parts:
		return 0
	limit = f"limit {MAX_COUNTED + 1}"
	# one in parentheses, or a count of them, would be written into a table first
	query = parts[0] if len(parts) == 1 else " union all ".join(f"({part} {limit})" for part in parts)
	counted = len(frappe.db.sql(f"{query} {limit}", tuple(values)))
	return counted if counted <= MAX_COUNTED else None


def page(
	scope: Scope,
	fields: Sequence[str],
	limit: int,
	offset: int = 0,
	last: frappe._dict | None = None,
	order: str = NEWEST_FIRST,
) -> list[frappe._dict]:
	"""`name` and the fields of these jobs in this order; with `last`, of those that come after that job."""
	names = _names(scope, limit, offset, last, order)
	if not names:
		return []
	job = frappe.qb.DocType("Background Job")
	rows = (
		frappe.qb.from_(job).select(job.name, *(job[field] for field in fields)).where(job.name.isin(names))
	)
	by_name = {row.name: row for row in rows.run(as_dict=True)}
	return [by_name[name] for name in names]


def _names(scope: Scope, limit: int, offset: int, last: frappe._dict | None, order: str) -> list[str]:
	parts, values = _parts(scope, "name, creation", last, order)
	if not parts:
		return []
	# both limits are integers
	window = f"limit {int(limit)} offset {int(offset)}"
	if len(parts) == 1:
		query = f"{parts[0]} {window}"
	else:
		first = " union all ".join(f"({part} limit {int(limit) + int(offset)})" for part in parts)
		query = f"select name from ({first}) first {order} {window}"
	return [name for name, *_creation in frappe.db.sql(query, tuple(values))]


def _parts(
	scope: Scope, columns: str, last: frappe._dict | None = None, order: str = ""
) -> tuple[list[str], list[Any]]:
	"""A query for the jobs of each organization, and the values of all of them."""
	parts, values = [], []
	for conditions, wanted in _conditions(scope, last, order):
		where = f"where {' and '.join(conditions)}" if conditions else ""
		jobs = f"`tabBackground Job` {_index_of(scope)}"
		parts.append(f"select {columns} from {jobs} {where} {order}")
		values += wanted
	return parts, values


def _index_of(scope: Scope) -> str:
	"""The index that has just the scope's jobs, in the order wanted, if there is one.

	By its estimates MariaDB may choose another index, and read past the jobs of every other status.
	"""
	if scope.group and scope.status:
		return _forced("job_group", "status")
	if scope.group:
		return _forced("job_group", "creation")
	if scope.is_lone:
		return _forced(*("organization",) * (scope.organizations is not None), "job_group", "creation")
	wanted = {
		"organization": scope.organizations is not None,
		"status": scope.status,
		"job_type": scope.job_type,
	}
	fields = tuple(field for field, value in wanted.items() if value)
	in_order = IN_ORDER.get(fields)
	return _forced(*in_order) if in_order else ""


def _forced(*fields: str) -> str:
	return f"force index (`{frappe.db.get_index_name(fields)}`)"


def _conditions(scope: Scope, last: frappe._dict | None, order: str) -> Iterator[tuple[list[str], list[Any]]]:
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
		if scope.is_lone:
			conditions.append("job_group is null")
		if last:
			after = ">" if order == OLDEST_FIRST else "<"
			conditions.append(f"creation {after}= %s and (creation {after} %s or name {after} %s)")
			values += [last.creation, last.creation, last.name]
		yield conditions, values
