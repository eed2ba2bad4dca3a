import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs.announcing import transition_log
from dartwing.dartwing_core.background_jobs.announcing.transition_log import Line
from dartwing.dartwing_core.background_jobs.database import inserts, times
from dartwing.dartwing_core.background_jobs.statuses import ENTERED_AT, FINISHED, RUNNING
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument

FIELDS = [
	*inserts.OF_EVERY_ROW,
	"background_job",
	"organization",
	"from_status",
	"to_status",
	"timestamp",
	"actor",
	"message",
	"retry_attempt",
	"job_type",
	"priority",
	"seconds",
	"uncounted",
	"is_dry_run",
]


class JobExecutionLog(HiddenDocument):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		actor: DF.Data | None
		background_job: DF.Link
		from_status: DF.Data | None
		is_dry_run: DF.Check
		job_type: DF.Link | None
		message: DF.SmallText | None
		organization: DF.Link
		priority: DF.Data | None
		retry_attempt: DF.Int
		seconds: DF.Float
		timestamp: DF.Datetime
		to_status: DF.Data
		uncounted: DF.Check
	# end: auto-generated types

	def validate(self) -> None:
		frappe.throw(_("Job Execution Log is append-only: only the job engine writes it"))

	def on_trash(self) -> None:
		if frappe.db.exists("Background Job", self.background_job):
			frappe.throw(_("Job Execution Log is append-only: its rows go when their job goes"))


class Entry(NamedTuple):
	"""What is written about one transition: a row (the values of `FIELDS`), and a line of the log file."""

	row: tuple[Any, ...]
	line: Line


def insert(new: Sequence[Entry]) -> None:
	"""Write the rows in the current transaction; the lines are for the log file, once they are committed."""
	inserts.insert("Job Execution Log", FIELDS, [entry.row for entry in new])


def entries(
	jobs: Sequence[Document],
	from_status: str | None,
	timestamp: datetime,
	message: str | None = None,
	actor: str | None = None,
	since: Mapping[str, datetime | None] | None = None,
) -> list[Entry]:
	"""An entry for each job, which has just become its `status`.

	`since` says when each job (by its id) became `from_status`. It counts for statuses whose beginning no field
	of the job keeps, as Pending.
	Rows of finished jobs are marked as not counted yet: Job Tally adds them up later.
	"""
	user = frappe.session.user
	by = transition_log.origin()
	new = []
	for job, name in zip(jobs, new_names(timestamp, len(jobs)), strict=True):
		row = (
			name,
			user,
			timestamp,
			timestamp,
			user,
			job.name,
			job.organization,
			from_status,
			job.status,
			timestamp,
			actor or user,
			message,
			job.retry_count or 0,
			job.job_type,
			job.priority,
			seconds_in(job, from_status, timestamp, since.get(job.name) if since else None),
			int(is_counted(from_status, job.status)),
			int(job.get("is_dry_run") or 0),
		)
		new.append(Entry(row, (row[0], _line(job, dict(zip(FIELDS, row, strict=True)), by))))
	return new


def _line(job: Document, row: dict[str, Any], by: dict[str, str | None]) -> dict[str, Any]:
	"""What the log file says of a transition; the names of its keys are documented."""
	return {
		"time": times.to_utc(row["timestamp"]),
		"job": job.name,
		"type": job.job_type,
		"organization": job.organization,
		"priority": job.priority,
		"attempt": job.get("attempt_count") or 0,
		"from": row["from_status"],
		"to": row["to_status"],
		"seconds": round(row["seconds"], 6),
		"actor": row["actor"],
		"message": row["message"],
		"worker": job.worker_name,
		"rq_job_id": transition_log.full_rq_job_id(job.rq_job_id),
		**by,
	}


def new_names(timestamp: datetime, count: int) -> list[str]:
	"""Names of rows of one moment, no two equal: they begin at random, and are counted from there.

	They grow with time, so that new rows are appended to the table and not spread over all of it.
	"""
	microseconds, first = int(timestamp.timestamp() * 1_000_000), secrets.randbits(32)
	return [f"{microseconds:014x}{(first + n) % 2**32:08x}" for n in range(count)]


def seconds_in(job: Document, from_status: str | None, timestamp: datetime, since: datetime | None) -> float:
	"""How many seconds the job had the status that it has just left; 0 for a new one."""
	entered = get_datetime(job.get(ENTERED_AT.get(from_status, "")) or since) if from_status else None
	return max(0.0, (timestamp - entered).total_seconds()) if entered else 0.0


def is_counted(from_status: str | None, to_status: str) -> bool:
	"""Whether the transition changes a figure that is summed up instead of counted in the table."""
	return from_status is None or from_status in FINISHED or to_status in (*FINISHED, RUNNING)


def on_doctype_update() -> None:
	frappe.db.add_index("Job Execution Log", ["background_job", "timestamp"])
	frappe.db.add_index("Job Execution Log", ["uncounted"])
