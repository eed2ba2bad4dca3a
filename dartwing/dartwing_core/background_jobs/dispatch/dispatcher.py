"""Waiting → Queued: priority, fairness between organizations, pause.

The row is moved first, in a transaction of its own, and pushed after that commit. A push that is
lost leaves a Queued row without an RQ job, which `recovery` finds at the next tick.
"""

from collections.abc import Collection, Sequence
from functools import partial

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.after_commit import tell_after_commit
from dartwing.dartwing_core.background_jobs.database.connections import end_snapshot, own_connection
from dartwing.dartwing_core.background_jobs.database.looks import ask
from dartwing.dartwing_core.background_jobs.database.named_locks import held, is_free, lock_name
from dartwing.dartwing_core.background_jobs.database.row_by_row import take_all, take_one
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import starting_limits, windows
from dartwing.dartwing_core.background_jobs.dispatch.waiting_jobs import (
	locked_while_waiting,
	organizations_with_ready_jobs,
	ready_jobs,
)
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import new_rq_job_id, push
from dartwing.dartwing_core.doctype.background_job.background_job import (
	QUEUED,
	WAITING,
	WAITING_FOR_RETRY,
	BackgroundJob,
	enter_before_insert,
	transition_all,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import (
	is_held,
)
from dartwing.dartwing_core.doctype.job_execution_log.job_execution_log import Entry

# how many jobs of one organization may be skipped because other transactions have locked their rows
MAX_PASSED_OVER = 100


def dispatch(organizations: Sequence[str]) -> int:
	"""Fill the windows of these organizations, in turns; returns how many jobs were handed over.

	Commits each turn, in transactions of its own. Two processes never dispatch for the same organization at
	once: the second one leaves its jobs, which are committed by then, to the first, which looks once more
	after it has let go of the lock.

	Jobs whose rows another transaction has locked, for example one that cancels them, are skipped: at most a
	hundred of one organization. The next tick tries these jobs again, and those that stand behind them in the
	order. A job whose row cannot be moved is recorded and skipped as well, and so is an organization in which
	nothing can be handed over.
	"""
	handed_over = 0
	taking_turns = {} if is_held() else {organization: Turns(organization) for organization in organizations}
	with own_connection():
		while taking_turns:
			counts = {
				name: take_one(name, turns.take, "dispatched for") for name, turns in taking_turns.items()
			}
			handed_over += sum(count or 0 for count in counts.values())
			taking_turns = {
				name: turns
				for name, turns in taking_turns.items()
				if counts[name] is not None and take_one(name, turns.has_another, "dispatched for")
			}
			if taking_turns:
				# the next turn must see what others have done since
				frappe.db.rollback()
	return handed_over


class Turns:
	"""The turns of one organization while its window is being filled."""

	def __init__(self, organization: str):
		self._organization = organization
		self._lock = lock_name("dispatch", organization)
		self._jobs_of_a_turn = int(config.get("dispatch_turn"))
		self._was_full = False
		# jobs that seemed ready, but another transaction has locked their rows, or they cannot be moved
		self._passed_over: set[str] = set()

	def take(self) -> int:
		"""Move at most one turn's number of ready jobs to Queued, commit and push them; returns how many.

		Call it before anything is read in the current transaction. The process that had the lock until now
		may have filled the window, and an older snapshot would not show that.
		"""
		self._was_full = False
		with held([self._lock], wait_seconds=0) as is_ours:
			if not is_ours:
				return 0
			ready, kept_back = self._ready_jobs(self._jobs_of_a_turn)
			if not (ready or kept_back):
				# a dispatcher that came meanwhile has left its jobs to this one, which must see them
				end_snapshot()
				return 0
			tried = ready[: self._free_slots()]
			moved = set(take_all([*tried, *kept_back], partial(_move, set(kept_back)), "handed over"))
			self._passed_over.update({*tried, *kept_back} - moved)
			handed_over = len(moved - set(kept_back))
			self._was_full = handed_over == self._jobs_of_a_turn or bool(kept_back)
			return handed_over

	def has_another(self) -> bool:
		"""Whether jobs and room for them are left, and nobody else is dispatching for this organization.

		After a full turn, the next one asks all that for itself.
		"""
		if self._was_full:
			return True
		if len(self._passed_over) >= MAX_PASSED_OVER:
			return False
		return bool(any(self._ready_jobs(1)) and is_free(self._lock) and self._free_slots())

	def _ready_jobs(self, limit: int) -> tuple[list[str], list[str]]:
		return ready_jobs(self._organization, limit, self._passed_over)

	def _free_slots(self) -> int:
		"""Slots of the window that no job has taken, nor one of a transaction that is still open."""
		default_size = windows.default_size()
		with uncommitted_reads():
			return windows.Window(*ask(windows.looks(self._organization, default_size))).free


def _move(kept_back: Collection[str], names: Sequence[str]) -> list[str]:
	"""Queue the jobs, or hold back those that are kept back; commit and push. Returns those that moved."""
	queued = queue_jobs([name for name in names if name not in kept_back])
	held_back = hold_back([name for name in names if name in kept_back])
	tell_after_commit(partial(push, queued))
	# one turn is one transaction; the push follows its commit
	frappe.db.commit()
	return [*(job.name for job in queued), *held_back]


def dispatch_ready() -> int:
	"""Dispatch for every organization with a job that is ready; returns how many were handed over."""
	with own_connection():
		return dispatch(organizations_with_ready_jobs())


def dispatch_held() -> int:
	"""As `dispatch_ready`, for organizations with jobs that limits of their types hold back."""
	with own_connection():
		return dispatch(starting_limits.organizations_with_held_jobs())


def queue_jobs(names: Sequence[str]) -> list[BackgroundJob]:
	"""Move waiting jobs to Queued in the current transaction; the caller pushes them after the commit.

	Returns the jobs that were moved, in their order; the others have moved on, or another transaction has
	locked their rows. A retry counts as used, unless the job runs again because its worker had died.
	"""
	jobs = locked_while_waiting(names)
	for job in jobs:
		job.rq_job_id = new_rq_job_id(job)
		job.retry_count += 1 if job.status in WAITING_FOR_RETRY and job.error_type else 0
	for status in WAITING:
		transition_all(
			[job for job in jobs if job.status == status],
			QUEUED,
			message=_("retry is due") if status in WAITING_FOR_RETRY else None,
			actor="Dispatcher",
			own=("rq_job_id", "retry_count"),
			attempt_id=None,
			next_retry_at=None,
		)
	return jobs


def hold_back(names: Sequence[str]) -> list[str]:
	"""Let waiting jobs wait for the limits of their types, in the current transaction.

	Returns those that were held back; of the others, another transaction has locked the rows.
	"""
	free = [job.name for job in locked_while_waiting(names)]
	starting_limits.hold_back(free)
	return free


def queue_before_insert(job: BackgroundJob) -> list[Entry]:
	"""Pending → Queued of a job whose row the caller inserts now, and pushes after the commit."""
	rq_job_id = new_rq_job_id(job)
	return enter_before_insert(job, QUEUED, actor="Dispatcher", rq_job_id=rq_job_id)
