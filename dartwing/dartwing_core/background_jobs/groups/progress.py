"""Telling the organizations how far their groups are."""

from collections.abc import Sequence
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.groups import counts


def tell(names: Sequence[str]) -> None:
	"""Send `job_group_progress` of these groups, as they are now.

	`{group_id, title, organization, status, job_count, ended, progress, updated_at}`
	"""
	if not names:
		return
	groups = frappe.get_all(
		"Job Group", {"name": ("in", list(names))}, ["name", "title", "organization", "status"]
	)
	of_each, now = counts.of(names), times.to_utc(times.site_now())
	messages = [(group.organization, _message(group, of_each[group.name], now)) for group in groups]
	realtime.publish_all("job_group_progress", messages)


def _message(group: frappe._dict, counted: dict[str, Any], now: str | None) -> dict[str, Any]:
	return {
		"group_id": group.name,
		"title": group.title,
		"organization": group.organization,
		"status": group.status,
		**{field: counted[field] for field in ("job_count", "ended", "progress")},
		"updated_at": now,
	}
