"""The rows of Job Group. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime

import frappe

from dartwing.dartwing_core.background_jobs.database import inserts, sequences, times
from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.statuses import CANCELED, COMPLETED, FAILED, RUNNING

# Running while a member is unfinished; Failed with a dead letter among its members
STATUSES = (RUNNING, COMPLETED, FAILED, CANCELED)
ENDED = (COMPLETED, FAILED, CANCELED)
COLUMNS = (
	*inserts.OF_EVERY_ROW,
	"title",
	"organization",
	"owner_user",
	"status",
	"on_end_job",
	"created_at",
)


def new_id() -> str:
	"""The id of a group that is yet to be inserted."""
	return sequences.new_ids("Job Group", "GRP", 1)[0]


def create(name: str, title: str, organization: str, owner: str, on_end_job: str | None = None) -> None:
	"""Insert a group of a new id, in the transaction that inserts its members.

	`on_end_job` is a Pending job without `ready_at`, of no group: the end of the group lets it go on. The
	caller has checked everything.
	"""
	now = times.site_now()
	row = (name, owner, now, now, owner, title, organization, owner, RUNNING, on_end_job, now)
	inserts.insert("Job Group", COLUMNS, [row])


def locked(names: Sequence[str]) -> list[frappe._dict]:
	"""The rows of these groups as they are now, locked in the order of their names.

	They are the last that a transaction locks, after all rows of jobs: so nobody waits in a circle. They are
	held for the moment of a commit; raises QueryTimeoutError where that takes `LOCK_WAIT_SECONDS`.
	"""
	return frappe.db.sql(
		f"""{ignoring_snapshot()}select name, status, on_end_job from `tabJob Group`
		where name in %s order by name for update wait {LOCK_WAIT_SECONDS}""",
		(list(names),),
		as_dict=True,
	)


def write_status(names: Sequence[str], status: str, now: datetime) -> None:
	"""Of groups whose rows are locked. A group that had ended before keeps the time."""
	ended_at = "null" if status == RUNNING else "coalesce(ended_at, %(now)s)"
	frappe.db.sql(
		f"""{ignoring_snapshot()}update `tabJob Group` set status = %(status)s, ended_at = {ended_at},
		modified = %(now)s where name in %(names)s""",
		{"status": status, "now": now, "names": list(names)},
	)
