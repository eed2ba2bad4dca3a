"""What follows, after the commit, when jobs are accepted or leave their worker or their queue.

If the process dies before all of it is done, the next tick of the cron finds and does the rest.
"""

from collections.abc import Sequence
from functools import partial

import frappe

from dartwing.dartwing_core.background_jobs.announcing import realtime, transition_log
from dartwing.dartwing_core.background_jobs.announcing.transition_log import Line
from dartwing.dartwing_core.background_jobs.database import named_locks
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit, one_message
from dartwing.dartwing_core.background_jobs.dispatch import (
	dependencies,
	dispatcher,
	equal_jobs,
	starting_limits,
	wake_ups,
)
from dartwing.dartwing_core.background_jobs.groups import progress
from dartwing.dartwing_core.doctype.background_job.background_job import (
	FINISHED,
	QUEUED,
	WAITING,
	BackgroundJob,
)

# what is needed of a new job after the commit, whatever its submitter does with the document
FIELDS = ("name", "organization", "status", "priority", "timeout_seconds", "rq_job_id")


def follow_acceptance(
	jobs: Sequence[BackgroundJob], lines: Sequence[Line], events: Sequence[realtime.Message]
) -> None:
	"""Once they are committed, announce new jobs, write their log lines, and have those that are ready run.

	A caller's rollback to a savepoint, which tells nobody, may have undone them.
	"""
	new = [frappe._dict({field: job.get(field) for field in FIELDS}) for job in jobs]
	one_message(Accepted, is_first=True).add(new, lines, events)
	if any(job.status != QUEUED for job in new):
		# parents that are new as well have not ended
		children = [
			job.name for job in jobs if any(isinstance(parent, str) for parent in job.flags.parents or ())
		]
		before = [job.flags.runs_after for job in jobs if job.flags.runs_after]
		do_after_commit(partial(_dispatch, sorted({job.organization for job in new}), children, before))


class Accepted:
	"""The new jobs of one transaction: announced together, and then those pushed that are Queued already."""

	def __init__(self) -> None:
		self._jobs: list[frappe._dict] = []
		self._lines: list[Line] = []
		self._events: list[realtime.Message] = []

	def add(
		self, jobs: Sequence[frappe._dict], lines: Sequence[Line], events: Sequence[realtime.Message]
	) -> None:
		self._jobs.extend(jobs)
		self._lines.extend(lines)
		self._events.extend(events)

	def __call__(self) -> None:
		query = "select name, organization from `tabBackground Job` where name in %s"
		names = tuple(job.name for job in self._jobs)
		# equal submissions wait for this one: they are let go on before anything is told
		organization_of = dict(named_locks.let_go_and_read(query, (names,), columns=2))
		transition_log.write([line for line in self._lines if line[1]["job"] in organization_of])
		events = [event for event in self._events if organization_of.get(event[1]["job_id"]) == event[0]]
		if realtime.publish_all("job_status_changed", events):
			queued = [job for job in self._jobs if job.status == QUEUED and job.name in organization_of]
			wake_ups.push_all(queued)


def _dispatch(organizations: Sequence[str], children: Sequence[str], before: Sequence[str]) -> None:
	# an equal job that ran when a new one was put behind it may have failed meanwhile
	if equal_jobs.step_aside(before):
		frappe.db.commit()
	dependencies.release_or_fail(children)
	dispatcher.dispatch(organizations)


def _may_be_replaced(job: BackgroundJob | frappe._dict) -> bool:
	return bool(
		job.status in WAITING
		and job.deduplication_key
		and (job.get("equal_jobs") or equal_jobs.rule_of(job.job_type)) == equal_jobs.REPLACE
	)


def follow_end(job: BackgroundJob) -> None:
	"""Once its transition is committed: let equal jobs in, release or fail its children, fill its slot."""
	follow_ends([job])


def follow_ends(jobs: Sequence[BackgroundJob]) -> None:
	"""As `follow_end`, for many jobs.

	Jobs that are Pending again come here, too: those of a refused claim (`claims.claim`), and dead letters
	that are retried. One that waits for a parent is released, or fails, if the parent has ended meanwhile.
	"""
	if jobs:
		do_after_commit(partial(take_consequences, jobs))


def take_consequences(jobs: Sequence[BackgroundJob | frappe._dict]) -> None:
	"""Now, not after a commit. The jobs may be any objects with the fields that an end depends on: `name`,
	`status`, `job_type`, `organization`, `depends_on`, `job_group`, `deduplication_key`, `limit_key`; and
	`equal_jobs` of their type, where that is known, so that nobody asks for it.

	Call it on a connection of the engine's own: the dispatcher commits on it before it begins.
	"""
	ended = [job for job in jobs if job.status in FINISHED]
	if replaced := equal_jobs.step_aside([job.name for job in jobs if _may_be_replaced(job)]):
		# it is not undone by what fails below
		frappe.db.commit()
		ended += replaced
	children = [job.name for job in jobs if job.status not in FINISHED and job.depends_on]
	if ended:
		dependencies.parents_ended([job.name for job in ended])
	dependencies.release_or_fail(children)
	dispatcher.dispatch(starting_limits.in_turns(jobs))
	progress.tell(sorted({job.job_group for job in jobs if job.job_group}))
	# The keys are freed last, because that may have to wait for a submitter. The statuses are asked for once
	# more, because a rollback to a savepoint may have undone an end.
	equal_jobs.release([job.name for job in ended if job.deduplication_key], FINISHED)
