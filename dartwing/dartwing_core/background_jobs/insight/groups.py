"""Looking at groups of jobs: one with a page of its jobs, and a page of groups."""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.groups import counts, rows
from dartwing.dartwing_core.background_jobs.insight import queries
from dartwing.dartwing_core.background_jobs.statuses import DEAD_LETTER, UNFINISHED
from dartwing.dartwing_core.background_jobs.tenancy import access

FIELDS = ("title", "organization", "owner_user", "status", "on_end_job", "created_at", "ended_at")
TIMES = ("created_at", "ended_at")
COUNTS = ("job_count", "count_by_status", "progress")
# jobs of a group that a picture shows
MAX_NODES = 200


def get_group(group_id: str, limit: int = 20, offset: int = 0, status: str | None = None) -> dict[str, Any]:
	"""`{group_id, title, …, job_count, count_by_status, progress, jobs, limit, offset}`, times in UTC.

	`jobs` is a page of its jobs, or of those with `status`, newest first, each as `get_job_status` has it.
	Raises DoesNotExistError for a group that does not exist or is none of the user's organizations.
	"""
	name = access.check_visible_group(group_id).name
	page = queries.list_jobs(limit=limit, offset=offset, group=name, status=status)
	group = frappe.db.get_value("Job Group", name, ["name", *FIELDS], as_dict=True)
	(shaped,) = _shaped([group])
	return {**shaped, **{part: page[part] for part in ("jobs", "limit", "offset")}}


def get_graph(group_id: str) -> dict[str, Any]:
	"""`{nodes: [{name, job_type, status, progress}], edges: [[parent, child]], more}`: how its jobs depend.

	Of a group with more jobs than `MAX_NODES`, the oldest ones, and how many more there are. Errors as for
	`get_group`.
	"""
	name = access.check_visible_group(group_id).name
	nodes = frappe.get_all(
		"Background Job",
		{"job_group": name},
		["name", "job_type", "status", "progress"],
		order_by="creation asc",
		limit=MAX_NODES,
	)
	drawn = {node.name for node in nodes}
	edges = [
		[parent, child]
		for child, found in parents.of_jobs(list(drawn)).items()
		for parent in found
		if parent in drawn
	]
	more = (
		frappe.db.count("Background Job", {"job_group": name}) - len(nodes) if len(nodes) == MAX_NODES else 0
	)
	return {"nodes": nodes, "edges": edges, "more": more}


def list_groups(
	organization: str | None = None,
	status: str | None = None,
	limit: int = 20,
	offset: int = 0,
	before: str | None = None,
) -> dict[str, Any]:
	"""`{groups: [as get_group, without jobs], total, limit, offset}` of the user's, newest first.

	`before`, the id of the last group of a page, makes the next page begin after it whatever arrives. Raises
	ValidationError that names a wrong argument, PermissionError for an organization that the user is no
	active member of.
	"""
	if status and status not in rows.STATUSES:
		refuse_argument("status", _("{0} is none of {1}").format(repr(status), ", ".join(rows.STATUSES)))
	queries.check_bounds(limit, offset)
	filters: dict[str, Any] = {"status": status} if status else {}
	organizations = queries.visible_organizations(organization)
	if organizations is not None:
		filters["organization"] = ("in", organizations or [""])
	total = frappe.db.count("Job Group", filters)
	or_filters = None
	if before:
		last = access.check_visible_group(before, "before")
		filters["creation"] = ("<=", last.creation)
		or_filters = {"creation": ("<", last.creation), "name": ("<", last.name)}
	groups = frappe.get_all(
		"Job Group",
		filters=filters,
		or_filters=or_filters,
		fields=["name", *FIELDS],
		order_by="creation desc, name desc",
		limit=limit,
		**framework.rows_passed_over(offset),
	)
	return {"groups": _shaped(groups), "total": total, "limit": limit, "offset": offset}


def get_groups(group_ids: Sequence[str]) -> list[dict[str, Any]]:
	"""Those of these groups that the user may see, each as `list_groups` has it; in no order."""
	queries.check_ids(group_ids, "group_ids")
	filters: dict[str, Any] = {"name": ("in", [*group_ids, ""])}
	visible = queries.visible_organizations(None)
	if visible is not None:
		filters["organization"] = ("in", visible or [""])
	return _shaped(frappe.get_all("Job Group", filters, ["name", *FIELDS]))


def get_dossier(group_id: str) -> dict[str, Any]:
	"""`{group, actions}`: the group as `list_groups` has it, and of how many jobs the user may ask what.

	`actions` is `{cancel, retry, discard}`, as far as the user may do it and there is such a job.
	"""
	visible = access.check_visible_group(group_id)
	group = frappe.db.get_value("Job Group", visible.name, ["name", *FIELDS], as_dict=True)
	(shaped,) = _shaped([group])
	by_status = shaped["count_by_status"]
	unfinished, dead = sum(by_status.get(status, 0) for status in UNFINISHED), by_status.get(DEAD_LETTER, 0)
	is_admin = access.is_admin(group.organization)
	wanted = {
		"cancel": unfinished if access.can_cancel(visible) else 0,
		"retry": dead if is_admin else 0,
		"discard": dead if is_admin else 0,
	}
	return {"group": shaped, "actions": {action: jobs for action, jobs in wanted.items() if jobs}}


def _shaped(groups: list[frappe._dict]) -> list[dict[str, Any]]:
	of_each = counts.of([group.name for group in groups])
	return [
		{
			"group_id": group.name,
			**{field: group[field] for field in FIELDS},
			**{field: times.to_utc(group[field]) for field in TIMES},
			**{field: of_each[group.name][field] for field in COUNTS},
		}
		for group in groups
	]
