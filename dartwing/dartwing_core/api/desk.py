"""What Desk asks beside the REST API: cards, charts, one job's dossier, bulk actions, pause and resume."""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.endpoints import CHANGE, READ, endpoint
from dartwing.dartwing_core.background_jobs import metrics
from dartwing.dartwing_core.background_jobs.insight import charts, dossier, groups
from dartwing.dartwing_core.background_jobs.upkeep import holding, selection
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	PENDING,
	QUEUED,
	RUNNING,
)

# --- number cards; what Frappe calls passes the card's filters


@endpoint(READ, is_documented=False)
def waiting_jobs(filters: object = None) -> dict[str, Any]:
	depths = metrics.get_metrics()["queue_depth_by_priority"]
	return _card(sum(depths.values()), [PENDING, QUEUED])


@endpoint(READ, is_documented=False)
def running_jobs(filters: object = None) -> dict[str, Any]:
	return _card(metrics.get_metrics()["job_count_by_status"][RUNNING], [RUNNING])


@endpoint(READ, is_documented=False)
def dead_letters(filters: object = None) -> dict[str, Any]:
	return _card(metrics.get_metrics()["job_count_by_status"][DEAD_LETTER], [DEAD_LETTER])


@endpoint(READ, is_documented=False)
def failure_rate(filters: object = None) -> dict[str, Any]:
	"""Of the last day, in percent."""
	card = _card(round(100 * (metrics.get_failure_rate() or 0), 1), [DEAD_LETTER])
	return {**card, "fieldtype": "Percent"}


def _card(value: float, statuses: list[str]) -> dict[str, Any]:
	"""A number, and the list of the jobs that it counts."""
	return {
		"value": value,
		"fieldtype": "Int",
		"route": ["List", "Background Job", "List"],
		"route_options": {"status": ["in", statuses]},
	}


# --- charts; Frappe passes what its own charts take


@frappe.whitelist()
def jobs_per_hour(**_unused: Any) -> dict[str, Any]:
	rows = charts.ended_by_hour()
	return _chart([f"{row['hour']:%H}" for row in rows], rows)


@frappe.whitelist()
def jobs_by_type(**_unused: Any) -> dict[str, Any]:
	rows = charts.ended_by_type()
	return _chart([row["job_type"] for row in rows], rows)


def _chart(labels: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
	return {
		"labels": labels,
		"datasets": [
			{"name": _("Completed"), "values": [row["completed"] for row in rows]},
			{"name": _("Dead Letter"), "values": [row["failed"] for row in rows]},
		],
	}


# --- one job, one group, one Job Type


@endpoint(READ, is_documented=False)
def get_dossier(job_id: str) -> dict[str, Any]:
	return dossier.get_dossier(job_id)


@endpoint(READ, is_documented=False)
def get_group_dossier(group_id: str) -> dict[str, Any]:
	return groups.get_dossier(group_id)


@endpoint(READ, is_documented=False)
def get_group_graph(group_id: str) -> dict[str, Any]:
	return groups.get_graph(group_id)


@endpoint(READ, is_documented=False)
def get_job_type_figures(job_type: str) -> dict[str, Any]:
	"""`{waiting, running}` now; of the last day `completed, failed, failure_rate` and durations."""
	frappe.get_doc("Job Type", job_type).check_permission("read")
	return charts.figures_of_type(job_type)


# --- the buttons


@endpoint(READ, is_documented=False)
def count_by_status() -> dict[str, int]:
	return metrics.get_metrics()["job_count_by_status"]


@endpoint(CHANGE, is_documented=False)
def act_on_jobs(action: str, job_ids: list, reason: str | None = None) -> dict[str, Any]:
	"""Cancel, retry or discard up to 100 jobs."""
	return selection.act(action, job_ids, reason)


@endpoint(CHANGE, is_documented=False)
def count_matching(action: str, filters: list) -> dict[str, Any]:
	return selection.count(action, filters)


@endpoint(CHANGE, is_documented=False)
def act_on_matching(
	action: str, filters: list, until: str, after: list | None = None, reason: str | None = None
) -> dict[str, Any]:
	"""Cancel, retry or discard the next 100 jobs that a list's filters match."""
	return selection.act_on_next(action, filters, until, after, reason)


@endpoint(CHANGE, is_documented=False)
def pause(queue: str | None = None, job_type: str | None = None) -> None:
	holding.pause(queue, job_type)


@endpoint(CHANGE, is_documented=False)
def resume(queue: str | None = None, job_type: str | None = None) -> None:
	holding.resume(queue, job_type)
