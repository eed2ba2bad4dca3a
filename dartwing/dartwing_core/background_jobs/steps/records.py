"""The rows of Job Step: what is kept of the steps of one job. Nothing here commits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.database import inserts, times
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.statuses import RUNNING

COLUMNS = (
	*inserts.OF_EVERY_ROW,
	"background_job",
	"step",
	"position",
	"is_done",
	"attempt",
	"started_at",
	"seconds",
	"items_done",
	"items_total",
	"last_key",
	"result",
)
# what a step that goes on changes of its row
CHANGED = ("modified", "is_done", "attempt", "seconds", "items_done", "items_total", "last_key", "result")


@dataclass
class Record:
	"""One step: `seconds` is how long it ran, in all attempts together; `last_key` and `result` are JSON.

	`items_total` is 0 where nobody knows how many there are. `position` counts the steps of the job from 1,
	in the order in which they began.
	"""

	step: str
	position: int
	attempt: int
	started_at: datetime
	seconds: float = 0.0
	is_done: bool = False
	items_done: int = 0
	items_total: int = 0
	last_key: str | None = None
	result: str | None = None


def of_job(job_id: str) -> dict[str, Record]:
	"""The kept steps of a job by their names, in the order in which they began; without their results."""
	rows = frappe.db.sql(
		"""select step, position, attempt, started_at, seconds, is_done, items_done, items_total, last_key
		from `tabJob Step` where background_job = %s order by position""",
		(job_id,),
		as_dict=True,
	)
	return {row.step: Record(**{**row, "is_done": bool(row.is_done)}) for row in rows}


def result_of(job_id: str, step: str) -> str | None:
	"""The kept result as JSON; None if there is none."""
	found = frappe.db.sql("select result from `tabJob Step` where name = %s", (_name(job_id, step),))
	return found[0][0] if found else None


def is_held_by(job_id: str, attempt_id: str | None, skip_locked: bool = False) -> bool:
	"""Lock the job's row; whether it is still this attempt's to change.

	With `skip_locked`, it is not if another transaction has locked it, which is not waited for.
	"""
	query = f"""select name from `tabBackground Job`
		where name = %s and status = %s and attempt_id = %s
		for update{" skip locked" if skip_locked else ""}"""
	return bool(frappe.db.sql(ignoring_snapshot() + query, (job_id, RUNNING, attempt_id)))


def note_progress(job_id: str) -> None:
	"""A job that gets on is no poison pill: deaths of workers are counted from zero again."""
	query = "update `tabBackground Job` set worker_deaths = 0 where name = %s"
	frappe.db.sql(ignoring_snapshot() + query, (job_id,))


def keep(job_id: str, record: Record) -> None:
	"""Write the row of the step, or what has changed of it."""
	now, user = times.site_now(may_ask=False), frappe.session.user
	first: tuple[Any, ...] = (_name(job_id, record.step), user, now, now, user, job_id)
	values = (*first, *(getattr(record, column) for column in COLUMNS[len(first) :]))
	changes = ", ".join(f"`{column}` = values(`{column}`)" for column in CHANGED)
	frappe.db.sql(
		f"""{ignoring_snapshot()}insert into `tabJob Step` ({", ".join(f"`{column}`" for column in COLUMNS)})
		values ({", ".join(["%s"] * len(COLUMNS))}) on duplicate key update {changes}""",
		values,
	)


def forget(job_ids: Sequence[str]) -> None:
	"""Jobs that begin anew have done nothing yet."""
	query = "delete from `tabJob Step` where background_job in %s"
	frappe.db.sql(ignoring_snapshot() + query, (tuple(job_ids),))


def _name(job_id: str, step: str) -> str:
	"""One row for each step of a job; names that differ in case only are two, which a collation denies."""
	return sha256(json.dumps([job_id, step]).encode()).hexdigest()[:40]
