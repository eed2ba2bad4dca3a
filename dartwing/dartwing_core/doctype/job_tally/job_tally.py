"""What is summed up instead of counted: how often jobs were submitted and ended, and how long they ran.

A row of the Job Execution Log that the metrics count is uncounted at first. At each tick the new rows are
added up here and marked, in one transaction, so that each counts once whoever dies in between. A reader adds
the uncounted rows to these sums: so figures are never late, and cost what happened since the last tick and not
what ever happened.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.database.named_locks import held, lock_name
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.statuses import COMPLETED, FINISHED
from dartwing.dartwing_core.doctype.job_tally.arithmetic import (
	BOUNDS,
	GRANULARITIES,
	HOUR,
	LEVEL,
	TOTAL,
	WHOLE_SITE,
	Event,
	Key,
	level_changes,
	level_of,
	sums_of,
)

# how many uncounted rows a reader adds up; there are more only while the scheduler does not run
MAX_UNCOUNTED = 50_000
BATCH = 5000
# the index of the durations of one kind of jobs
OF_A_KIND = ["organization", "job_type"]


class JobTally(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		bucket: DF.Int
		event: DF.Data
		granularity: DF.Literal["Level", "Total", "Hour"]
		job_type: DF.Link | None
		jobs: DF.Int
		organization: DF.Link | None
		period: DF.Datetime | None
		priority: DF.Data | None
		seconds: DF.Float
	# end: auto-generated types

	def notify_update(self) -> None:
		"""Nobody follows sums."""


def count_new() -> int:
	"""Add up the uncounted rows of the log; returns how many. Commits each batch.

	Nothing is done while somebody else counts: who asks for sums adds what is uncounted to them.
	"""
	with held([_lock()], wait_seconds=0) as is_ours:
		return _count_new() if is_ours else 0


def _lock() -> str:
	"""Of who writes sums. A machine that died in its commit keeps it, and the rows, until the server notices."""
	return lock_name("sums of jobs")


def _count_new() -> int:
	counted = 0
	while names := _uncounted_names():
		if _mark(names):
			_add(sums_of(_events("name in %(names)s", names=names)))
			counted += len(names)
			# the marks and the sums of a batch belong together, and its locks must not outlive it
			frappe.db.commit()
		else:
			# somebody counted or deleted some of them meanwhile: look again
			frappe.db.rollback()
	_delete_old_hours()
	# whoever reads must not wait for the next step of the scheduler
	frappe.db.commit()
	return counted


def uncounted_events(organizations: Sequence[str] | None = None) -> list[Event]:
	"""Transitions that are not added up yet, of some organizations or of all, as this transaction sees them."""
	condition = "uncounted = 1"
	if organizations is not None:
		condition += " and organization in %(organizations)s"
	first_left_out = _name_beyond(MAX_UNCOUNTED)
	if first_left_out:
		condition += " and name < %(first_left_out)s"
	return _events(condition, organizations=organizations or [""], first_left_out=first_left_out)


def uncounted_since() -> datetime | None:
	"""When the oldest transition was that is not added up yet; None when there is none."""
	return frappe.db.get_value("Job Execution Log", {"uncounted": 1}, "timestamp", order_by="name asc")


def sums(
	granularity: str,
	organizations: Sequence[str] | None,
	uncounted: Sequence[Event],
	since: datetime | None = None,
) -> dict[Key, tuple[int, float]]:
	"""Jobs and seconds of each key: the sums, with `uncounted` added to them.

	`organizations` says which rows: `[WHOLE_SITE]`, or names, of which there may be none; None means each
	organization's own. Hours are those from `since` on.
	"""

	def is_wanted(key: Key) -> bool:
		is_theirs = (
			key.organization != WHOLE_SITE if organizations is None else key.organization in organizations
		)
		return key.granularity == granularity and is_theirs and (not since or key.period >= since)

	if organizations is not None and not organizations:
		return {}
	added_up = _stored(granularity, organizations, since)
	for key, (jobs, seconds) in sums_of(uncounted).items():
		if is_wanted(key):
			before = added_up.get(key, (0, 0.0))
			added_up[key] = (before[0] + jobs, before[1] + seconds)
	return added_up


def _stored(
	granularity: str, organizations: Sequence[str] | None, since: datetime | None
) -> dict[Key, tuple[int, float]]:
	tally = frappe.qb.DocType("Job Tally")
	key = [tally[name] for name in Key._fields]
	query = (
		frappe.qb.from_(tally).select(*key, tally.jobs, tally.seconds).where(tally.granularity == granularity)
	)
	if organizations is None:
		query = query.where(tally.organization != WHOLE_SITE)
	else:
		query = query.where(tally.organization.isin(organizations))
	if since:
		query = query.where(tally.period >= since)
	found: dict[Key, tuple[int, float]] = {}
	for *parts, jobs, seconds in query.run():
		one = Key(*parts)
		before = found.get(one, (0, 0.0))
		found[one] = (before[0] + jobs, before[1] + float(seconds))
	return found


def durations_of(kinds: Collection[tuple[str, str]]) -> dict[tuple[str, str, str], Counter[int]]:
	"""How many jobs of each organization and type were Completed, by the bucket of their duration.

	By granularity, organization and type: all that ever were, and those of the hours that are kept. What is
	not added up yet is left out.
	"""
	if not kinds:
		return {}
	index = frappe.db.get_index_name(OF_A_KIND)
	found: dict[tuple[str, str, str], Counter[int]] = defaultdict(Counter)
	for granularity, organization, job_type, bucket, jobs in frappe.db.sql(
		f"""select granularity, organization, job_type, bucket, cast(sum(jobs) as signed)
		from `tabJob Tally` force index (`{index}`)
		where event = %s and granularity in %s
			and ({" or ".join(["(organization = %s and job_type = %s)"] * len(kinds))})
		group by granularity, organization, job_type, bucket""",
		(COMPLETED, (TOTAL, HOUR), *(name for kind in kinds for name in kind)),
	):
		found[granularity, organization, job_type][bucket] += jobs
	return found


def finished_jobs(
	organizations: Sequence[str] | None = None, status: str | None = None, job_type: str | None = None
) -> int:
	"""How many Completed, Canceled and Dead Letter jobs this transaction sees in the table; None: any."""
	levels = sums(LEVEL, organizations, uncounted_events(organizations))
	return sum(
		jobs
		for key, (jobs, _seconds) in levels.items()
		if status in (None, key.event) and job_type in (None, key.job_type)
	)


def forget(job_ids: Sequence[str]) -> None:
	"""Take jobs that are about to be deleted, in this transaction, out of the levels; what they did stays."""
	# a locking read: a process that is counting these rows finishes first
	query = "select name, uncounted from `tabJob Execution Log` where background_job in %s for update"
	rows = frappe.db.sql(ignoring_snapshot() + query, (list(job_ids),), as_dict=True)
	names = [row.name for row in rows if row.uncounted]
	if names:
		_add(sums_of(_events("name in %(names)s", names=names)))
	there = frappe.get_all(
		"Background Job",
		{"name": ("in", list(job_ids)), "status": ("in", FINISHED)},
		["organization", "job_type", "priority", "status"],
	)
	gone = Counter({level_of(**job): 0 for job in there})
	gone.subtract(level_of(**job) for job in there)
	_add({key: (jobs, 0.0) for key, jobs in gone.items()})


def hand_over(organization: str, to: str, limit: int) -> int:
	"""Add some rows of an organization that is gone to those of another name, in the current transaction.

	Returns how many. What is added to one of them meanwhile stays there for the next time.
	"""
	rows = frappe.db.sql(
		f"""select name, {", ".join(Key._fields)}, jobs, seconds from `tabJob Tally`
		where granularity in %(granularities)s and organization = %(organization)s
			and binary organization = %(organization)s limit %(limit)s""",
		{"granularities": GRANULARITIES, "organization": organization, "limit": limit},
	)
	sums: dict[Key, tuple[int, float]] = {}
	taken: dict[str, tuple[Key, int, float]] = {}
	for name, *parts, jobs, seconds in rows:
		key = Key(*parts)
		new = key._replace(organization=to)
		before = sums.get(new, (0, 0.0))
		sums[new] = (before[0] + jobs, before[1] + float(seconds))
		taken[name] = (key, -jobs, -float(seconds))
	_write({**taken, **{key.name: (key, *added) for key, added in sums.items()}})
	query = "delete from `tabJob Tally` where name in %s and jobs = 0"
	frappe.db.sql(ignoring_snapshot() + query, ([*taken, ""],))
	return len(rows)


def recount() -> None:
	"""Count the ended jobs in the table itself, and correct the levels by that.

	So rows that were inserted or deleted by SQL are counted. Commits. Takes about a second for a million
	jobs; once a day that is cheap. Raises QueryTimeoutError when others count for longer than
	`LOCK_WAIT_SECONDS`.
	"""
	with held([_lock()], LOCK_WAIT_SECONDS) as is_ours:
		if not is_ours:
			raise frappe.QueryTimeoutError(_("The sums of jobs are being counted by another process."))
		_recount()


def _recount() -> None:
	frappe.db.commit()
	# before anything is read: the snapshot that counts must not be older than the lock
	frappe.db.sql(
		ignoring_snapshot() + "select name from `tabJob Tally` where granularity = %s for update", (LEVEL,)
	)
	rows = frappe.db.sql(
		"""select organization, job_type, priority, status, count(*) from `tabBackground Job`
		where status in %s group by organization, job_type, priority, status""",
		(FINISHED,),
	)
	levels = Counter({level_of(*kind): jobs for *kind, jobs in rows})
	for event in uncounted_events():
		levels.subtract(dict(level_changes(event)))
	frappe.db.sql(ignoring_snapshot() + "delete from `tabJob Tally` where granularity = %s", (LEVEL,))
	_add({key: (jobs, 0.0) for key, jobs in levels.items()})
	# everybody who counts waits for this lock
	frappe.db.commit()


def _events(condition: str, **values: Any) -> list[Event]:
	rows = frappe.db.sql(
		f"""select organization, ifnull(job_type, ''), ifnull(priority, ''), from_status, to_status,
			cast(date_format(timestamp, '%%Y-%%m-%%d %%H:00:00') as datetime) as hour,
			interval(seconds, {", ".join(map(str, BOUNDS))}) as bucket,
			count(*), cast(sum(seconds) as double), is_dry_run
		from `tabJob Execution Log` where {condition}
		group by organization, job_type, priority, from_status, to_status, hour, bucket, is_dry_run""",
		values,
	)
	return [Event(*row) for row in rows]


def _name_beyond(limit: int) -> str | None:
	"""The oldest uncounted row after the first `limit` ones; None if there are no more."""
	log = frappe.qb.DocType("Job Execution Log")
	query = frappe.qb.from_(log).select(log.name).where(log.uncounted == 1).orderby(log.name)
	found = query.limit(1).offset(limit).run(pluck=True)
	return found[0] if found else None


def _uncounted_names() -> list[str]:
	log = frappe.qb.DocType("Job Execution Log")
	query = frappe.qb.from_(log).select(log.name).where(log.uncounted == 1).limit(BATCH)
	return query.run(pluck=True)


def _mark(names: Sequence[str]) -> bool:
	"""Mark the rows as counted; False when not all of them were there and uncounted.

	They are found by their names: on the index of what is uncounted, rows of transactions that are still open
	would be in the way.
	"""
	query = """update `tabJob Execution Log` force index (primary)
		set uncounted = 0 where name in %s and uncounted = 1"""
	frappe.db.sql(ignoring_snapshot() + query, (list(names),))
	return frappe.db._cursor.rowcount == len(names)


def _add(sums: dict[Key, tuple[int, float]]) -> None:
	"""Add to the rows of these keys, in the current transaction."""
	_write({key.name: (key, jobs, seconds) for key, (jobs, seconds) in sums.items()})


def _write(added: dict[str, tuple[Key, int, float]]) -> None:
	"""Add jobs and seconds to rows by their names, always in the same order, for the locks."""
	if not added:
		return
	now, user = times.site_now(), frappe.session.user
	rows = [
		(name, now, now, user, user, *key, jobs, seconds)
		for name, (key, jobs, seconds) in sorted(added.items())
	]
	frappe.db.sql(
		f"""{ignoring_snapshot()}insert into `tabJob Tally` (name, creation, modified, owner, modified_by, granularity, period,
			organization, job_type, priority, event, bucket, jobs, seconds)
		values {", ".join(["%s"] * len(rows))}
		on duplicate key update jobs = jobs + values(jobs), seconds = seconds + values(seconds),
			modified = values(modified)""",
		rows,
	)


def _delete_old_hours() -> None:
	keep_from = times.site_now() - timedelta(days=config.get("tally_days"))
	query = "delete from `tabJob Tally` where granularity = %s and period < %s"
	frappe.db.sql(ignoring_snapshot() + query, (HOUR, keep_from))


def on_doctype_update() -> None:
	frappe.db.add_index("Job Tally", ["granularity", "organization", "period"])
	frappe.db.add_index("Job Tally", ["granularity", "period"])
	frappe.db.add_index("Job Tally", OF_A_KIND)
