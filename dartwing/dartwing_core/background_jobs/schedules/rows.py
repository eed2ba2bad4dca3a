"""The rows of Job Schedule, as they are now, and the timetable that each of them says."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.errors import JobBusyError
from dartwing.dartwing_core.background_jobs.schedules.slots import Timetable

CRON, INTERVAL = KINDS = ("Cron", "Interval")
SKIP, QUEUE, REPLACE = OVERLAPS = ("Skip", "Queue", "Replace")
NONE, LAST, ALL = CATCH_UPS = ("None", "Last", "All")
MAX_CAUGHT_UP = 100
DEFAULT_CAUGHT_UP = 10
# what people choose, and what the engine writes; it also keeps what an idempotency key says
CHOSEN = (
	"title",
	"organization",
	"job_type",
	"parameters",
	"priority",
	"run_as",
	"is_paused",
	"overlap",
	"kind",
	"cron",
	"interval_seconds",
	"time_zone",
	"starts_at",
	"ends_at",
	"catch_up",
	"catch_up_limit",
)
KEYED = ("idempotency_hash", "request_hash")
WRITTEN = ("next_slot_utc", "last_slot_utc", "last_job", "last_error", "anchor_utc", "ends_at_utc")


def locked(name: str, skip_locked: bool = False) -> frappe._dict | None:
	"""The row as it is now, locked until the current transaction ends; None if there is none.

	It is the first that a transaction locks: before those of jobs and of groups. With `skip_locked`, also
	None when another transaction has locked it; that one is waited for otherwise, and JobBusyError is raised
	after `LOCK_WAIT_SECONDS`.
	"""
	columns = ", ".join(f"`{column}`" for column in ("name", "owner", "creation", *CHOSEN, *WRITTEN, *KEYED))
	patience = "skip locked" if skip_locked else f"wait {LOCK_WAIT_SECONDS}"
	try:
		found = frappe.db.sql(
			f"""{ignoring_snapshot()}select {columns} from `tabJob Schedule` where name = %s
			for update {patience}""",
			(name,),
			as_dict=True,
		)
	except frappe.QueryTimeoutError as error:
		raise JobBusyError([name]) from error
	return found[0] if found else None


def write(name: str, **values: Any) -> None:
	"""Change a row that this transaction has locked. What the engine writes is no edit: `modified` stays."""
	assignments = ", ".join(f"`{column}` = %s" for column in values)
	frappe.db.sql(
		f"{ignoring_snapshot()}update `tabJob Schedule` set {assignments} where name = %s",
		(*values.values(), name),
	)


def timetable_of(row: Any) -> Timetable:
	"""The slots of a schedule that was checked; `row` has `anchor_utc` and `ends_at_utc`."""
	is_cron = row.kind == CRON
	return Timetable(
		anchor=row.anchor_utc,
		interval=None if is_cron else timedelta(seconds=row.interval_seconds),
		cron=row.cron or "",
		zone=ZoneInfo(row.time_zone or times.site_zone().key),
		first=row.anchor_utc if row.starts_at else None,
		last=row.ends_at_utc,
	)
