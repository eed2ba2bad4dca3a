"""The jobs of one test: what it submitted, run in this process, at the time that the test says."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import frappe

from dartwing.dartwing_core.background_jobs.announcing import automation as announcing_automation
from dartwing.dartwing_core.background_jobs.announcing.automation import End
from dartwing.dartwing_core.background_jobs.database import database_clock, times
from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.dartwing_core.background_jobs.dispatch import automation, consequences, dispatcher, wake_ups
from dartwing.dartwing_core.background_jobs.executor import execute_job
from dartwing.dartwing_core.background_jobs.statuses import PRIORITIES, QUEUED, UNFINISHED, WAITING
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob, of_row
from dartwing.dartwing_core.doctype.background_job.deletion import delete_traces

# `drain(until=FOREVER)`: until no job waits for a time
FOREVER = math.inf
# attempts of one `drain`, after which it is taken for endless
MOST_RUNS = 1000
# what the engine keeps of a job in rows of its own
ROWS_OF_JOBS = ("Job Step", "Job Log Part", "Job Dependency", "Job Start", "Job Execution Log")


class JobKit:
	"""A block in which a test's jobs stay in this process: no worker is woken for them.

	It knows the jobs that this process submits while it is open, through `submit_job`, flows, running
	handlers or anything else. At the end the clock is as it was, and those of the jobs that were committed
	are deleted with all that the engine kept of them. What handlers wrote is the test's own to delete.
	"""

	def __init__(self) -> None:
		self._names: list[str] = []
		self._ends: list[End] = []
		self._seconds = 0.0
		self._has_drained = False
		self._open = ExitStack()

	def __enter__(self) -> "JobKit":
		self._open.enter_context(noting_jobs(self._names))
		self._open.enter_context(no_wake_ups_of(self._names))
		self._open.enter_context(noting_ends(self._ends))
		self._open.callback(self._leave)
		return self

	def __exit__(self, *_error: object) -> None:
		self._open.close()

	def _leave(self) -> None:
		self.travel(-self._seconds)
		if self._has_drained:
			# what is open may have locked the rows that go
			frappe.db.rollback()
		if self._names:
			with separate_transaction():
				# a plain read: the rows of a transaction that is still open would be waited for
				remove_jobs(frappe.get_all("Background Job", _in(self._names), pluck="name"))

	# --- what was submitted

	def submitted(
		self,
		job_type: str | None = None,
		organization: str | None = None,
		parameters: Mapping[str, Any] | None = None,
	) -> list[BackgroundJob]:
		"""The jobs as the current transaction sees them, in the order of their submission.

		What was rolled back is not among them. Of `parameters`, only those that are named must be equal.
		"""
		return [
			job
			for job in self._jobs()
			if job_type in (None, job.job_type)
			and organization in (None, job.organization)
			and _has(job, parameters or {})
		]

	def assert_submitted(
		self,
		job_type: str,
		organization: str | None = None,
		parameters: Mapping[str, Any] | None = None,
		count: int = 1,
	) -> list[BackgroundJob]:
		"""Fail unless exactly `count` such jobs were submitted; returns them."""
		found = self.submitted(job_type, organization, parameters)
		if len(found) != count:
			seen = [f"{job.job_type} {job.input_parameters}" for job in self._jobs()]
			raise AssertionError(
				f"{len(found)} jobs {job_type} with {dict(parameters or {})} were submitted, not {count};"
				f" submitted: {', '.join(seen) or 'nothing'}"
			)
		return found

	def assert_nothing_submitted(self, job_type: str | None = None) -> None:
		found = self.submitted(job_type)
		if found:
			raise AssertionError(f"submitted: {', '.join(f'{job.name} ({job.job_type})' for job in found)}")

	def _jobs(self, statuses: Sequence[str] = ()) -> list[BackgroundJob]:
		if not self._names:
			return []
		filters = {"name": ("in", self._names), **({"status": ("in", statuses)} if statuses else {})}
		rows = frappe.get_all("Background Job", filters, ["*"], order_by=None)
		return [of_row(row) for row in sorted(rows, key=lambda row: self._names.index(row.name))]

	# --- running it

	def drain(self, until: float = 0) -> list[BackgroundJob]:
		"""Commit, and run the test's jobs here until none is left that could start; returns all of them.

		Retries, children, groups and jobs that jobs submit run as well. `until` is a number of seconds:
		the clock is moved to each time within them at which a job becomes due; `FOREVER` sets no end. Each
		attempt is what a worker makes of it: the job's owner in a transaction of its own, which is
		committed. Fails if the clock moves and an organization has jobs of others, which would start early.
		"""
		self._has_drained = True
		frappe.db.commit()
		if until or self._seconds:
			self._refuse_jobs_of_others()
		end = times.utc_now().timestamp() + until
		for _run in range(MOST_RUNS):
			self._tell_of_ends()
			if self._run_next():
				continue
			due = self._next_due()
			if due is None or due.timestamp() > end:
				return self._jobs()
			# a microsecond more: the server rounds
			self.travel((due - times.utc_now()).total_seconds() + 0.001)
		raise AssertionError(f"after {MOST_RUNS} attempts and moves of the clock there are still jobs to run")

	def _refuse_jobs_of_others(self) -> None:
		organizations = sorted({job.organization for job in self._jobs()})
		others = {"name": ("not in", [*self._names, ""]), "status": ("in", UNFINISHED)}
		of_them = {**others, "organization": ("in", [*organizations, ""])}
		found = frappe.get_all("Background Job", of_them, ["name", "organization"], limit=1)
		if found:
			raise AssertionError(
				f"{found[0].organization} has a job of others, {found[0].name}, which a moved clock would"
				" start early: use an organization that is made for the test"
			)

	def _run_next(self) -> bool:
		"""One attempt; False if no job can start now."""
		dispatcher.dispatch(sorted({job.organization for job in self._jobs(UNFINISHED)}))
		frappe.db.rollback()
		queued = self._jobs([QUEUED])
		for job in sorted(queued, key=lambda job: -PRIORITIES.index(job.priority)):
			execute_job(job.name)
			# what another connection has committed
			frappe.db.rollback()
			if frappe.db.get_value("Background Job", job.name, "modified") != job.modified:
				return True
		return False

	def _tell_of_ends(self) -> None:
		"""What an RQ job would do: automation, and the hooks of apps."""
		ends, self._ends[:] = list(self._ends), []
		if ends:
			user = frappe.session.user
			automation.tell(ends)
			frappe.set_user(user)

	def _next_due(self) -> Any:
		now, waiting = times.utc_now(), self._jobs(WAITING)
		due = [job.ready_at for job in waiting if job.ready_at and job.ready_at > now]
		if any(job.held_by for job in waiting):
			# a pace lets one go on when an earlier start has ceased to count
			later = {"counts_until": (">", now)}
			due += frappe.get_all("Job Start", later, pluck="counts_until", order_by="counts_until", limit=1)
		return min(due, default=None)

	def travel(self, seconds: float) -> None:
		"""Move the engine's clock in this process, forward or back; Frappe's and Python's clocks stay."""
		database_clock.travel(seconds)
		self._seconds += seconds


def _has(job: BackgroundJob, parameters: Mapping[str, Any]) -> bool:
	wanted = json_objects.from_json(json_objects.serialize_parameters(dict(parameters)))
	given = json_objects.from_json(job.input_parameters) or {}
	return all(name in given and given[name] == value for name, value in wanted.items())


@contextmanager
def noting_jobs(names: list[str]) -> Iterator[None]:
	"""Add to the names those of all jobs that this process submits in the block."""
	follow = consequences.follow_acceptance

	def noted(jobs: Sequence[BackgroundJob], *arguments: Any) -> None:
		names.extend(job.name for job in jobs)
		follow(jobs, *arguments)

	with patch.object(consequences, "follow_acceptance", noted):
		yield


@contextmanager
def noting_ends(ends: list[End]) -> Iterator[None]:
	"""Keep the ends of which automation would be told in an RQ job."""
	with patch.object(announcing_automation, "push", ends.extend):
		yield


@contextmanager
def no_wake_ups_of(names: list[str]) -> Iterator[None]:
	"""Push no wake-ups of these jobs in the block."""
	push_all = wake_ups.push_all

	def push_others(jobs: Sequence[Any]) -> None:
		push_all([job for job in jobs if job.name not in names])

	with patch.object(wake_ups, "push_all", push_others):
		yield


def remove_jobs(names: Sequence[str]) -> None:
	"""Delete jobs in any status, in the current transaction, with groups and all that was kept of them."""
	if not names:
		return
	groups = {name for name in frappe.get_all("Background Job", _in(names), pluck="job_group") if name}
	delete_traces(names)
	for doctype in ROWS_OF_JOBS:
		frappe.db.delete(doctype, {"background_job": ("in", list(names))})
	frappe.db.delete("Notification Log", {"document_name": ("in", [*names, *groups])})
	frappe.db.delete("Background Job", _in(names))
	for group in groups:
		if not frappe.db.exists("Background Job", {"job_group": group}):
			frappe.db.delete("Job Group", {"name": group})


def _in(names: Sequence[str]) -> dict[str, Any]:
	return {"name": ("in", list(names))}
