"""How many jobs of a type run at once, and how many start in how many seconds.

The claim decides, from rows, while it holds the named lock of the Job Type: nothing is counted up and down
that could leak. The dispatcher hands over no more than may run, and holds back the others: they leave the
order of the jobs that are ready (`ready_at` is empty, `held_by` is their `limit_key`), so that they are in
nobody's way and are not looked at again and again. Whenever the dispatcher looks at their organization, the
next ones of each key go on as far as there is room.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import held_rows, inserts, times
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.looks import Look, ask
from dartwing.dartwing_core.background_jobs.database.named_locks import (
	Hold,
	hold_until_the_end,
	lock_name,
	wait_until_free,
)
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.statuses import ACTIVE, QUEUED, RUNNING
from dartwing.dartwing_core.background_jobs.type_limits import (
	ORGANIZATION,
	SITE,
	TYPE_CHARACTERS,
	VALUE,
	Limits,
	key_of,
	prefix_of,
	scope_key,
)
from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, WAITING

# keys of one organization, each with each of its priorities, of which the dispatcher knows at once
MAX_KEYS = 10_000
# keys whose next jobs are read in one turn
MAX_KEYS_OF_A_TURN = 100
# the longest time in which starts are counted
MAX_SECONDS = 24 * 60 * 60
# how long a claim waits for another one of the same type, which is about to be committed
TURN_SECONDS = 5

# --- the claim

# How many jobs of the type of `job` are Running: on the site, in its organization, of its key; null for a
# type without limits. It reads what is committed, and the claim what is not committed as well: of a job that
# is ending, or being canceled, neither says alone whether it still runs.
_OF_TYPE = (
	f"from `tabBackground Job` other where other.status = '{RUNNING}' and other.job_type = job.job_type"
)
RUNNING_NOW = f"""if((select limits from `tabJob Type` where name = job.job_type) is null, null,
	concat_ws(',',
	(select count(*) {_OF_TYPE}),
	(select count(*) {_OF_TYPE} and other.organization = job.organization),
	(select count(*) {_OF_TYPE} and other.organization = job.organization
		and other.limit_key = job.limit_key)))"""


def why_not_yet(job: Any, wait_seconds: float = 0) -> str | None:
	"""Why a limit of its type lets the job wait, as its `standing` says; None if none does.

	If none does, the lock of the type is held until the transaction ends, so that no other claim counts
	before this one is committed, and the start is noted. If another claim has the lock for longer than
	`wait_seconds`, the job waits, too.
	"""
	limits = Limits.parse(job.standing.limits)
	if not limits:
		return None
	job.limit_key = job.limit_key or key_of(job.job_type, limits, job.input_parameters)
	committed = dict(zip((SITE, ORGANIZATION, VALUE), map(int, job.standing.running.split(",")), strict=True))
	running = limits.running()
	for scope, most in running:
		if committed[scope] >= most:
			return say(limits, scope, job.job_type)
	looks = [_running_look(scope, job) for scope, _most in running]
	if limits.starts:
		looks.append(_starts_look(limits, scope_key(limits.starts_per, job.organization, job.limit_key)))
	hold, counts = _take_turn(lock_name("limits", job.job_type), looks, wait_seconds)
	if not hold:
		return _("another job of {0} is starting").format(job.job_type)
	for (scope, most), count in zip(running, counts, strict=False):
		if count >= most:
			return say(limits, scope, job.job_type)
	if limits.starts and counts[-1] >= limits.starts:
		return say_pace(limits, job.job_type)
	if limits.starts:
		note_start(job, limits)
	return None


def _take_turn(lock: str, looks: Sequence[Look], wait_seconds: float) -> tuple[Hold, list[Any]]:
	give_up_at = time.monotonic() + wait_seconds
	hold, answers = hold_until_the_end([lock], looks)
	while not hold and time.monotonic() < give_up_at:
		with uncommitted_reads():
			wait_until_free(lock, give_up_at - time.monotonic())
		hold, answers = hold_until_the_end([lock], looks)
	return hold, answers


def _running_look(scope: str, job: Any) -> Look:
	where, values = "status = %s and job_type = %s", [RUNNING, job.job_type]
	if scope != SITE:
		where, values = f"{where} and organization = %s", [*values, job.organization]
	if scope == VALUE:
		where, values = f"{where} and limit_key = %s", [*values, job.limit_key]
	return Look(f"(select count(*) from `tabBackground Job` where {where})", tuple(values))


def _starts_look(limits: Limits, key: str) -> Look:
	query = f"""(select count(*) from `tabJob Start`
		where scope_key = %s and started_at > {UTC_NOW} - interval %s second)"""
	return Look(query, (key, limits.seconds))


def note_start(job: Any, limits: Limits) -> None:
	"""Write down, in the transaction of the claim, that a job of a paced type starts."""
	now = times.site_now()
	key = scope_key(limits.starts_per, job.organization, job.limit_key)
	row = (frappe.generate_hash(length=16), "Administrator", now, now, "Administrator")
	columns = (*inserts.OF_EVERY_ROW, "background_job", "scope_key", "started_at", "counts_until")
	started = times.utc_now()
	until = started + timedelta(seconds=limits.seconds)
	inserts.insert("Job Start", columns, [(*row, job.name, key, started, until)])


def room_from(limits: Limits, organization: str, limit_key: str) -> datetime | None:
	"""When the pace of a type leaves room for one of these jobs, in naive UTC; None if it always does."""
	key = scope_key(limits.starts_per, organization, limit_key)
	started = frappe.db.sql(
		"""select started_at from `tabJob Start` where scope_key = %s
		order by started_at desc limit 1 offset %s""",
		(key, limits.starts - 1),
		pluck=True,
	)
	return started[0] + timedelta(seconds=limits.seconds) if started else None


def say(limits: Limits, scope: str, job_type: str) -> str:
	most = dict(limits.running())[scope]
	if scope == SITE:
		return _("{0}: {1} run at once on the site").format(job_type, most)
	if scope == ORGANIZATION:
		return _("{0}: {1} run at once in one organization").format(job_type, most)
	return _("{0}: {1} run at once for one {2}").format(job_type, most, limits.parameter)


def say_pace(limits: Limits, job_type: str) -> str:
	return _("{0}: {1} start in {2} seconds").format(job_type, limits.starts, limits.seconds)


# --- the dispatcher


def of_types() -> dict[str, Limits]:
	"""The limits of the types that have any, by what stands for the type in a key."""
	rows = frappe.db.sql("select name, limits from `tabJob Type` where limits is not null")
	return {prefix_of(name): Limits.of(text) for name, text in rows}


class Room:
	"""What the limits of the types leave for one organization; what is admitted takes it."""

	def __init__(self, organization: str) -> None:
		self._organization = organization
		self._types = of_types()
		self._used: Counter[tuple[str, str]] = Counter()
		self._counted: set[str] = set()
		self._count_active()

	def admits(self, limit_key: str | None) -> bool:
		return limit_key is None or self.free(limit_key) != 0

	def take(self, limit_key: str | None) -> None:
		self._used.update(which for which, _most in self._asked_of(limit_key))

	def free(self, limit_key: str) -> int | None:
		"""How many more jobs of this key are admitted; None for a type that has no limit any more."""
		left = [most - self._used[which] for which, most in self._asked_of(limit_key)]
		return max(0, min(left)) if left else None

	def _asked_of(self, limit_key: str | None) -> list[tuple[tuple[str, str], int]]:
		"""What a job of this key takes room of, and how much there is of each."""
		limits = self._limits_of(limit_key)
		if not limits or not limit_key:
			return []
		asked = [
			((RUNNING, scope_key(scope, self._organization, limit_key)), most)
			for scope, most in limits.running()
		]
		if limits.starts:
			key = scope_key(limits.starts_per, self._organization, limit_key)
			self._count_starts(key, limits)
			asked.append((("starts", key), limits.starts))
		return asked

	def _limits_of(self, limit_key: str | None) -> Limits | None:
		return self._types.get((limit_key or "")[:TYPE_CHARACTERS])

	def _count_active(self) -> None:
		"""Queued and Running jobs take room; of a type that is paced, those that are Queued are to start."""
		rows = frappe.db.sql(
			"""select organization, limit_key, status, count(*) from `tabBackground Job`
			where status in %s and limit_key is not null group by organization, limit_key, status""",
			(ACTIVE,),
		)
		for organization, limit_key, status, count in rows:
			limits = self._limits_of(limit_key)
			for scope, _most in limits.running() if limits else ():
				if scope == SITE or organization == self._organization:
					self._used[RUNNING, scope_key(scope, organization, limit_key)] += count
			if limits and limits.starts and status == QUEUED:
				self._used["starts", scope_key(limits.starts_per, organization, limit_key)] += count

	def _count_starts(self, key: str, limits: Limits) -> None:
		if key not in self._counted:
			self._counted.add(key)
			look = _starts_look(limits, key)
			self._used["starts", key] += frappe.db.sql(f"select {look.expression}", look.values)[0][0]


# keys are hexadecimal
_HELD = """exists (select 1 from `tabBackground Job`
	where organization = %s and held_by > %s and held_by < %s)"""


def held_keys(organization: str) -> list[tuple[str, str]]:
	"""Keys and priorities of jobs held back, the highest priority first; none unless it is Active."""
	rows = frappe.db.sql(
		"""select held_by, priority from `tabBackground Job`
		where organization = %s and held_by > ''
		and exists (select 1 from `tabOrganization` where name = %s and status = 'Active')
		group by held_by, priority limit %s""",
		(organization, organization, MAX_KEYS),
	)
	known = [row for row in rows if row[1] in PRIORITIES]
	return sorted(known, key=lambda row: (-PRIORITIES.index(row[1]), row[0]))


def next_held(organization: str, room: Room, limit: int, but_not: Collection[str]) -> list[frappe._dict]:
	"""The oldest jobs that are held back of each key with room, at most so many of each."""
	queries, values = [], []
	for held_by, priority in held_keys(organization):
		free = room.free(held_by)
		if free == 0:
			continue
		queries.append(
			"""(select name, priority, held_since as ready_at, limit_key from `tabBackground Job`
			where organization = %s and held_by = %s and priority = %s
			and name not in %s and job_type not in (select name from `tabJob Type` where is_paused = 1)
			order by held_since limit %s)"""
		)
		values += [organization, held_by, priority, tuple(but_not) or ("",), min(free or limit, limit)]
		if len(queries) == MAX_KEYS_OF_A_TURN:
			break
	return frappe.db.sql(" union all ".join(queries), values, as_dict=True) if queries else []


def hold_back(job_ids: Sequence[str]) -> None:
	"""Take waiting jobs, whose rows are locked by the caller, out of the order of those that are ready."""
	if job_ids:
		frappe.db.sql(
			f"""{ignoring_snapshot()}update `tabBackground Job` force index (primary)
			set held_by = limit_key, held_since = ready_at, ready_at = null
			where name in %s and status in %s and ready_at is not null and limit_key is not null""",
			(tuple(job_ids), WAITING),
		)


def in_turns(jobs: Sequence[Any]) -> list[str]:
	"""The organizations in which to dispatch after these jobs left their workers, in this order.

	What the whole site shares goes around: the organizations that follow by name come first, if they wait for
	it, and the one that had it last comes last.
	"""
	own = sorted({job.organization for job in jobs})
	limited = {job.limit_key[:TYPE_CHARACTERS] for job in jobs if job.limit_key}
	if not limited:
		return own
	shared = [prefix for prefix, limits in of_types().items() if prefix in limited and limits.is_shared()]
	waiting = set(organizations_with_held_jobs(shared)) - set(own) if shared else set()
	last = jobs[-1].organization
	return sorted(waiting, key=lambda name: (name < last, name)) + own


def forget_old_starts() -> None:
	"""Starts that no type counts any more, but for those that somebody holds."""
	old = frappe.db.sql(
		f"select name from `tabJob Start` where started_at < {UTC_NOW} - interval %s second limit %s",
		(MAX_SECONDS, MAX_KEYS),
		pluck=True,
	)
	held_rows.delete("Job Start", held_rows.take_free("Job Start", old))


def organizations_with_held_jobs(prefixes: Sequence[str] = ("",)) -> list[str]:
	"""Organizations with jobs that are held back; of any type, or of those with these prefixes of keys."""
	organizations = frappe.db.sql("select name from tabOrganization", pluck=True)
	# each is answered from the index; a join would read all that an organization ever had
	looks = [
		Look(_HELD, (organization, prefix, f"{prefix}g"))
		for organization in organizations
		for prefix in prefixes
	]
	answers = iter(ask(looks))
	return [name for name in organizations if any([next(answers) for _prefix in prefixes])]
