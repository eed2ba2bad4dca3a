"""Looking at schedules: one with its next times and its last slots, a page of them, and times beforehand."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.insight import queries
from dartwing.dartwing_core.background_jobs.schedules import rows, saving
from dartwing.dartwing_core.background_jobs.schedules.slots import Timetable
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.submission.checks import When
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job import kept_texts

FIELDS = (*(field for field in rows.CHOSEN if field != "parameters"), *rows.WRITTEN)
NEXT_TIMES = 5
LAST_SLOTS = 10
SLOT_FIELDS = ("slot_utc", "outcome", "job", "reason")


def get_schedule(schedule_id: str) -> dict[str, Any]:
	"""A schedule as `list_schedules` has it, with `parameters`, `next_times` and `last_slots`.

	Values of masked parameters are hidden. `next_times` are the next five, none in a pause; `last_slots` the
	last ten that were due, `{slot, outcome, job, status, reason}`, the newest first. Raises
	DoesNotExistError for a schedule that does not exist or is none of the user's organizations.
	"""
	found = access.check_visible_schedule(schedule_id).name
	row = frappe.db.get_value("Job Schedule", found, ["name", *FIELDS, "parameters"], as_dict=True)
	text = row.parameters or "{}"
	following = rows.timetable_of(row).after(times.utc_now()) if not row.is_paused else ()
	return {
		**_shaped(row),
		"parameters": json_objects.from_json(kept_texts.masked(text, kept_texts.secrets_of(text))),
		"next_times": _as_texts(islice(following, NEXT_TIMES)),
		"last_slots": last_slots(found),
	}


def last_slots(schedule: str) -> list[dict[str, Any]]:
	"""The last slots of a schedule that the caller may see."""
	slots = frappe.get_all(
		"Job Schedule Slot",
		{"schedule": schedule},
		list(SLOT_FIELDS),
		order_by="slot_utc desc",
		limit=LAST_SLOTS,
	)
	return _with_statuses(slots)


def newest_slots(schedules: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
	"""By id, the last slot of each of these schedules, which the caller may see, as `last_slots` has it."""
	last = {one["schedule_id"]: one["last_slot"] for one in schedules if one["last_slot"]}
	if not last:
		return {}
	instants = [times.instant_of(slot) for slot in last.values()]
	found = frappe.get_all(
		"Job Schedule Slot",
		{"schedule": ("in", list(last)), "slot_utc": ("in", instants)},
		["schedule", *SLOT_FIELDS],
	)
	slots = [slot for slot in found if times.utc_as_text(slot.slot_utc) == last[slot.schedule]]
	return dict(zip((slot.schedule for slot in slots), _with_statuses(slots), strict=True))


def _with_statuses(slots: list[frappe._dict]) -> list[dict[str, Any]]:
	jobs = [slot.job for slot in slots if slot.job]
	found = frappe.get_all("Background Job", {"name": ("in", jobs or [""])}, ["name", "status"])
	statuses = {job.name: job.status for job in found}
	return [
		{
			"slot": times.utc_as_text(slot.slot_utc),
			"outcome": slot.outcome,
			"job": slot.job,
			"status": statuses.get(slot.job),
			"reason": slot.reason,
		}
		for slot in slots
	]


def anchor_of(schedule: str) -> str | None:
	"""The instant from which the interval of a schedule that the caller may see is counted, in UTC."""
	return times.utc_as_text(frappe.db.get_value("Job Schedule", schedule, "anchor_utc"))


def list_schedules(organization: str | None = None, limit: int = 20, offset: int = 0) -> dict[str, Any]:
	"""`{schedules, total, limit, offset}` of the user's organizations, the newest first, times in UTC.

	Raises ValidationError that names a wrong argument, PermissionError for an organization that the user is
	no active member of.
	"""
	queries.check_bounds(limit, offset)
	filters: dict[str, Any] = {}
	organizations = queries.visible_organizations(organization)
	if organizations is not None:
		filters["organization"] = ("in", organizations or [""])
	found = frappe.get_all(
		"Job Schedule",
		filters=filters,
		fields=["name", *FIELDS],
		order_by="creation desc, name desc",
		limit=limit,
		**framework.rows_passed_over(offset),
	)
	total = frappe.db.count("Job Schedule", filters)
	return {"schedules": list(map(_shaped, found)), "total": total, "limit": limit, "offset": offset}


def preview_schedule(
	cron: str | None = None,
	interval_seconds: int | None = None,
	time_zone: str | None = None,
	starts_at: When = None,
	ends_at: When = None,
) -> list[str]:
	"""The next five times that a schedule would have, in UTC; checked as `create_schedule` does."""
	if bool(cron) == bool(interval_seconds):
		refuse_argument("cron", _("give cron or interval_seconds, one of them"))
	starts, ends = (
		saving.bound_of(starts_at or None, "starts_at"),
		saving.bound_of(ends_at or None, "ends_at"),
	)
	now = times.utc_now()
	if interval_seconds:
		saving.check_interval(interval_seconds)
	timetable = Timetable(
		anchor=starts or now.replace(microsecond=0),
		interval=timedelta(seconds=interval_seconds) if interval_seconds else None,
		cron=saving.checked_cron(cron) if cron else "",
		zone=ZoneInfo(saving.checked_zone(time_zone)),
		first=starts,
		last=ends,
	)
	return _as_texts(islice(timetable.after(now), NEXT_TIMES))


def _as_texts(slots: Iterable[datetime]) -> list[str]:
	return [str(times.utc_as_text(slot)) for slot in slots]


def _shaped(row: frappe._dict) -> dict[str, Any]:
	return {
		"schedule_id": row.name,
		**{field: row[field] or None for field in rows.CHOSEN if field != "parameters"},
		"is_paused": bool(row.is_paused),
		"starts_at": times.utc_as_text(row.anchor_utc) if row.starts_at else None,
		"ends_at": times.utc_as_text(row.ends_at_utc),
		"next_slot": times.utc_as_text(row.next_slot_utc),
		"last_slot": times.utc_as_text(row.last_slot_utc),
		"last_job": row.last_job,
		"last_error": row.last_error,
	}
