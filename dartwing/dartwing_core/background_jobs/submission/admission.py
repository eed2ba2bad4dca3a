"""Rate limits and queue limits, which no number of simultaneous submitters can exceed.

Rows count as they are now, also those of transactions that are still open: nobody waits for these, and what
they roll back counts no more. Submitters of the same limit take turns only while little room is left, from
their count until their rows are inserted.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.looks import Look, ask, own_or_default
from dartwing.dartwing_core.background_jobs.database.named_locks import held, lock_name
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.errors import (
	QueueFullError,
	RateLimitExceededError,
	SubmissionTimeoutError,
)
from dartwing.dartwing_core.doctype.background_job.background_job import PENDING
from dartwing.dartwing_core.doctype.job_type.job_type import JobType

# While at least so many further submissions of the same size would fit under the limit, submitters take no
# turns. Far fewer connections than these can insert between one submitter's count and its insert.
ENOUGH_WITHOUT_TURNS = 1000
TURN_SECONDS = 10
IN_WINDOW = "job_type = %s and organization = %s and creation > %s"


@dataclass(frozen=True)
class Demand(ABC):
	"""So many new jobs of an organization that ask for room under one of its limits."""

	organization: str
	new_jobs: int

	def is_scarce(self, used: int, limit: int) -> bool:
		"""Whether submitters must take turns for the room that is left. Raises if the new jobs do not fit.

		The arguments are the answers to `looks`.
		"""
		if used + self.new_jobs > limit:
			self._refuse(used, limit)
		return used + self.new_jobs * ENOUGH_WITHOUT_TURNS > limit

	@abstractmethod
	def looks(self) -> list[Look]:
		"""How much of the room is used, and how much there is."""

	@abstractmethod
	def turn(self) -> str:
		"""The name of the lock with which those who ask for the same room take turns."""

	@abstractmethod
	def _refuse(self, used: int, limit: int) -> None: ...


@dataclass(frozen=True)
class QueueDemand(Demand):
	"""Room among the jobs of the organization that are Pending, as many as its own limit or the default."""

	default_limit: int

	def turn(self) -> str:
		return lock_name("queue limit", self.organization)

	def looks(self) -> list[Look]:
		pending = "select count(*) from `tabBackground Job` where organization = %s and status = %s"
		return [
			Look(f"({pending})", (self.organization, PENDING)),
			own_or_default("queue_limit", self.organization, self.default_limit),
		]

	def _refuse(self, used: int, limit: int) -> None:
		frappe.throw(
			_("Queue full: {0} jobs of {1} wait and at most {2} may; try again when some have run").format(
				used, repr(self.organization), limit
			),
			QueueFullError,
		)


@dataclass(frozen=True)
class RateDemand(Demand):
	"""Room among the jobs of a type that the organization submitted in the type's window."""

	job_type: JobType

	def turn(self) -> str:
		return lock_name("rate limit", self.job_type.name, self.organization)

	def looks(self) -> list[Look]:
		submitted = f"select count(*) from `tabBackground Job` where {IN_WINDOW}"
		return [
			Look(f"({submitted})", self._window(times.site_now())),
			Look("%s", (self.job_type.rate_limit,)),
		]

	def _window(self, now: datetime) -> tuple[str, str, datetime]:
		begins = now - timedelta(seconds=self.job_type.rate_limit_window)
		return self.job_type.name, self.organization, begins

	def _refuse(self, used: int, limit: int) -> None:
		reason = _(
			"Rate limit: {0} allows {1} jobs of one organization in {2} seconds, {3} has submitted {4}"
		).format(
			repr(self.job_type.name), limit, self.job_type.rate_limit_window, repr(self.organization), used
		)
		raise RateLimitExceededError(reason, self._seconds_until_room(limit))

	def _seconds_until_room(self, limit: int) -> int:
		"""Seconds until enough submissions have left the window; all of it for more than ever fit."""
		now = times.site_now()
		query = f"""select creation from `tabBackground Job` where {IN_WINDOW}
			order by creation desc limit 1 offset %s"""
		with uncommitted_reads():
			values = (*self._window(now), max(0, limit - self.new_jobs))
			newest_to_leave = frappe.db.sql(query, values, pluck=True)
		if self.new_jobs > limit or not newest_to_leave:
			return self.job_type.rate_limit_window
		age = (now - newest_to_leave[0]).total_seconds()
		return max(1, ceil(self.job_type.rate_limit_window - age))


def looks_of(demands: Sequence[Demand]) -> list[Look]:
	"""What to ask for `scarce_of`."""
	return [look for demand in demands for look in demand.looks()]


def scarce_of(demands: Sequence[Demand], answers: Sequence[Any]) -> list[Demand]:
	"""The demands for which little room is left. Raises if the new jobs do not fit."""
	answered = zip(demands, answers[0::2], answers[1::2], strict=True)
	return [demand for demand, used, limit in answered if demand.is_scarce(used, limit)]


@contextmanager
def in_turn(scarce: Sequence[Demand]) -> Iterator[None]:
	"""Keep others from taking the room that is asked for until the block has inserted its rows.

	Raises if the new jobs do not fit any more, SubmissionTimeoutError when others take too long.
	"""
	if not scarce:
		yield
		return
	with held(sorted(demand.turn() for demand in scarce), TURN_SECONDS) as is_our_turn:
		if not is_our_turn:
			frappe.throw(_("Too many jobs are being submitted at once; try again"), SubmissionTimeoutError)
		with uncommitted_reads():
			answers = ask(looks_of(scarce))
		scarce_of(scarce, answers)
		yield
