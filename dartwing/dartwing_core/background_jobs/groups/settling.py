"""The status of a group, read from the rows of its members just before a transaction that moved one commits.

So a group ends in the transaction in which its last member ends. Each such transaction locks the group's row,
one after the other, and sees what those before it have committed. A member that another transaction has ended
and not committed counts as unfinished: that transaction comes to the lock later, or is rolled back.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.announcing.automation import GROUP, End, tell_of_ends
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.after_commit import one_closing
from dartwing.dartwing_core.background_jobs.database.row_by_row import take_one
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import (
	committed_reads,
	uncommitted_reads,
)
from dartwing.dartwing_core.background_jobs.groups import rows
from dartwing.dartwing_core.background_jobs.statuses import (
	CANCELED,
	COMPLETED,
	DEAD_LETTER,
	FAILED,
	PENDING,
	RUNNING,
	UNFINISHED,
)

# ended groups that one tick looks at: those that ended last
LOOKED_AT_BY_A_TICK = 1000


def settle_before_commit(jobs: Sequence[Any]) -> None:
	"""Settle the groups of jobs that this transaction has moved into FINISHED, or out of it."""
	members = [job for job in jobs if job.get("job_group")]
	if members:
		one_closing(Settlement).add(members)


class Settlement:
	"""The groups whose members one transaction has moved, and these members."""

	def __init__(self) -> None:
		self._moved: dict[str, set[str]] = defaultdict(set)

	def add(self, members: Sequence[Any]) -> None:
		for job in members:
			self._moved[job.get("job_group")].add(job.name)

	def __call__(self) -> None:
		settle(self._moved)


def settle(moved: Mapping[str, Collection[str]]) -> None:
	"""Give these groups the status that their members have, of whom this transaction has moved some.

	What was undone to a savepoint does no harm, because the rows are asked. If somebody holds the row of a
	group, as a machine that died in its commit, the jobs end all the same, and a tick settles the group.
	"""
	try:
		groups = {group.name: group for group in rows.locked(sorted(moved))}
	except frappe.QueryTimeoutError:
		# a server may undo the whole transaction then (innodb_rollback_on_timeout)
		if not frappe.db.sql("select @@in_transaction")[0][0]:
			raise
		frappe.logger("dartwing").warning(f"{', '.join(sorted(moved))}: locked, left to the next tick")
		return
	if not groups:
		return
	going_on = _with_unfinished(list(groups))
	reopened = [name for name in going_on if groups[name].status != RUNNING]
	if reopened:
		rows.write_status(reopened, RUNNING, times.site_now())
	for name in groups.keys() - going_on:
		_end(groups[name], moved[name])


def _with_unfinished(names: Sequence[str]) -> set[str]:
	"""Those with a member that is unfinished, whoever wrote that, committed or not."""
	# with a limit, and for one group at a time, MariaDB reads no more than one member
	of_one = """select %s where exists (
		select 1 from `tabBackground Job` where job_group = %s and status in %s limit 1
	)"""
	values = [value for name in names for value in (name, name, UNFINISHED)]
	with uncommitted_reads():
		return set(frappe.db.sql(" union all ".join([of_one] * len(names)), values, pluck=True))


def _end(group: frappe._dict, moved: Collection[str]) -> None:
	"""End the group, unless a member is unfinished for everybody but the transaction that has ended it."""
	with committed_reads():
		members = _counts(group.name, "not in", moved)
	if any(members[status] for status in UNFINISHED):
		return
	# nobody else can have written to the rows of those that this transaction has moved
	with uncommitted_reads():
		members += _counts(group.name, "in", moved)
	# when all jobs of a group were deleted, it is what it was
	status = status_of(members) if members or group.status == RUNNING else group.status
	if group.status != status:
		rows.write_status([group.name], status, times.site_now())
		tell_of_ends([End(GROUP, group.name, group.status, status)])
	if group.on_end_job:
		_release(group.on_end_job)


def status_of(members: Mapping[str, int]) -> str:
	"""The status of a group whose members have all ended, by how many there are of each status."""
	if members.get(DEAD_LETTER):
		return FAILED
	return CANCELED if members.get(CANCELED) else COMPLETED


def _counts(group: str, which: str, moved: Collection[str]) -> Counter[str]:
	"""How many members are of which status, of those that are `in` or `not in` these."""
	query = f"""select status, count(*) from `tabBackground Job`
		where job_group = %s and name {which} %s group by status"""
	return Counter(dict(frappe.db.sql(query, (group, [*moved, ""]))))


def _release(on_end_job: str) -> None:
	"""Let it go on, now or from its own time on, unless it has. If somebody has locked it, a tick does."""
	waits = frappe.db.sql(
		f"""{ignoring_snapshot()}select name from `tabBackground Job`
		where name = %s and status = %s and ready_at is null and held_by is null for update skip locked""",
		(on_end_job, PENDING),
	)
	if waits:
		frappe.db.sql(
			f"""{ignoring_snapshot()}update `tabBackground Job`
			set ready_at = greatest(coalesce(scheduled_at_utc, %(now)s), %(now)s) where name = %(name)s""",
			{"now": times.utc_now(), "name": on_end_job},
		)


def settle_overlooked() -> int:
	"""Settle groups whose status is not what their members say; returns how many were looked at.

	The safety net: rows that were restored or written by hand, an end that was read while somebody retried a
	member and gave up. Commits each one, so that a row which somebody holds, or that cannot be settled, keeps
	no other group waiting.
	"""
	seen: set[str] = set()
	while batch := set(overlooked(int(config.get("batch_size")))) - seen:
		for name in sorted(batch):
			take_one(name, partial(_settle_and_commit, name), "settled")
		seen |= batch
	return len(seen)


def _settle_and_commit(name: str) -> None:
	settle({name: ()})
	frappe.db.commit()


def overlooked(limit: int) -> list[str]:
	"""Some groups that are Running without an unfinished member, or ended otherwise than their members."""
	return [*left_open(limit), *_ended_wrongly(limit)]


def left_open(limit: int) -> list[str]:
	return frappe.db.sql(
		"""select name from `tabJob Group` job_group where status = %s and not exists (
			select 1 from `tabBackground Job` where job_group = job_group.name and status in %s limit 1
		) limit %s""",
		(RUNNING, UNFINISHED, limit),
		pluck=True,
	)


def _ended_wrongly(limit: int) -> list[str]:
	"""Groups that ended with an unfinished member, without having let their `on_end_job` go on, or in another
	status than their members, as when the row was held while a dead letter was discarded.
	"""
	of_group = "select 1 from `tabBackground Job` where job_group = job_group.name"
	return frappe.db.sql(
		f"""select name from (
			select name, status, on_end_job from `tabJob Group` where ended_at is not null
			order by ended_at desc limit %(looked_at)s
		) job_group
		where exists ({of_group} and status in %(unfinished)s limit 1)
		or exists ({of_group} and status = %(dead)s limit 1) and job_group.status != %(failed)s
		or job_group.status = %(failed)s and exists ({of_group} limit 1)
			and not exists ({of_group} and status = %(dead)s limit 1)
		or exists (
			select 1 from `tabBackground Job` on_end
			where on_end.name = job_group.on_end_job and on_end.status = %(pending)s
				and on_end.ready_at is null and on_end.held_by is null
		) limit %(limit)s""",
		{
			"looked_at": LOOKED_AT_BY_A_TICK,
			"unfinished": UNFINISHED,
			"dead": DEAD_LETTER,
			"failed": FAILED,
			"pending": PENDING,
			"limit": limit,
		},
		pluck=True,
	)
