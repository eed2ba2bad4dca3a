"""REST API: `/api/method/dartwing.dartwing_core.api.jobs.<name>`. Parse, call the engine, shape."""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import engine
from dartwing.dartwing_core.background_jobs.errors import refuse_argument


@frappe.whitelist(methods=["POST"])
def submit_job(
	job_type: str,
	organization: str,
	parameters: dict | str | None = None,
	priority: str | None = None,
	depends_on: str | None = None,
	scheduled_at: str | None = None,
) -> dict[str, Any]:
	"""Accept a job: `{job_id, status, message}`. `parameters` is a JSON object or its text."""
	job = engine.submit_job(
		job_type,
		organization,
		parameters=_json(parameters, "parameters"),
		priority=priority,
		depends_on=depends_on,
		scheduled_at=scheduled_at,
	)
	return _accepted(job)


@frappe.whitelist(methods=["POST"])
def submit_jobs(jobs: list | str) -> list[dict[str, Any]]:
	"""Accept many jobs, all or none: `[{job_id, status, message}]` in the order given."""
	return [_accepted(job) for job in engine.submit_jobs(_json(jobs, "jobs"))]


@frappe.whitelist(methods=["GET", "POST"])
def get_job_status(job_id: str) -> dict[str, Any]:
	"""State, progress and result of one job; times are ISO 8601 in UTC."""
	return engine.get_job_status(job_id)


@frappe.whitelist(methods=["GET", "POST"])
def list_jobs(
	organization: str | None = None,
	status: str | None = None,
	job_type: str | None = None,
	limit: int | str = 20,
	offset: int | str = 0,
) -> dict[str, Any]:
	"""`{jobs: [...], total, limit, offset}` of the user's organizations, newest first."""
	return engine.list_jobs(organization, status, job_type, _int(limit, "limit"), _int(offset, "offset"))


@frappe.whitelist(methods=["GET", "POST"])
def get_job_history(job_id: str) -> dict[str, Any]:
	"""Every transition of one job, oldest first."""
	return engine.get_job_history(job_id)


def _accepted(job: Any) -> dict[str, Any]:
	return {"job_id": job.name, "status": job.status, "message": _("Job accepted")}


def _json(value: Any, argument: str) -> Any:
	if not isinstance(value, str):
		return value
	try:
		return frappe.parse_json(value)
	except ValueError as error:
		refuse_argument(argument, _("is no valid JSON: {0}").format(error))


def _int(value: int | str, argument: str) -> int:
	try:
		return int(value)
	except ValueError:
		refuse_argument(argument, _("{0} is no whole number").format(repr(value)))
