"""A horse goes on with other jobs that wait: to fork and to import Frappe again costs more than most jobs."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import Any

import frappe
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.execution.claims import ClaimAlong, claim
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.fresh_context import EngineContext, HandlerContexts
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.queued_jobs import next_in_order
from dartwing.dartwing_core.background_jobs.execution.surroundings import is_spoiled
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# seconds for which an order that was read is used; a more urgent job that arrives meanwhile waits until then
ORDER_LASTS_SECONDS = 0.1
# seconds for which an answer of the worker's Redis is used, whether another job may be taken
ANSWER_LASTS_SECONDS = 0.1

Run = Callable[[BackgroundJob, Errands, HandlerContexts, ClaimAlong], None]


class Drain:
	"""Takes one job after the other, while the budget lasts."""

	def __init__(self, horse: Horse, errands: Errands, run: Run):
		self._horse = horse
		self._errands = errands
		self._run = run
		self._note_budget(setting)
		self._jobs_run = 0
		self._grace_seconds = config.get("timeout_grace_seconds")
		# organizations that had a turn; the one that had the last one stands at the end
		self._served: dict[str, None] = {}
		# ids of jobs, and the wake-up of each
		self._order: deque[str] = deque()
		self._wake_ups: dict[str, str] = {}
		self._order_is_old_at = 0.0
		self._answer_is_old_at = 0.0
		# claimed when the job before it ended
		self._claimed: BackgroundJob | None = None

	def go_on(self, first: BackgroundJob | None) -> None:
		"""Run jobs until none comes for this horse, the budget is used up, or others wait.

		`first` is the one that has just run in the wake-up itself.
		"""
		if first:
			self._note_turn(first.organization)
		# the engine's context has a connection of its own
		frappe.db.close()
		with closing(EngineContext(self._horse.site)) as engine:
			while self._claimed or self._may_take_another():
				is_idle = not engine.run(self._run_next)
				# an errand may make jobs ready
				if is_idle and not engine.run(lambda _contexts: self._errands.run_here()):
					# to wait in a transaction would keep the server from forgetting old rows
					engine.run(lambda _contexts: frappe.db.rollback())
					if not self._linger():
						return
				if self._errands.are_due:
					engine.run(lambda _contexts: self._errands.run_here())

	def _linger(self) -> bool:
		"""Wait for another job; False when none came."""
		return self._may_go_on and self._horse.linger(self._seconds - self._horse.age_seconds)

	def _may_take_another(self) -> bool:
		if not self._may_go_on:
			return False
		if time.monotonic() < self._answer_is_old_at:
			return True
		may_take = self._horse.may_take_another()
		self._answer_is_old_at = time.monotonic() + ANSWER_LASTS_SECONDS if may_take else 0.0
		return may_take

	def _run_next(self, contexts: HandlerContexts) -> bool:
		"""Run the job whose turn it is; False when there is none that can be had now."""
		job, self._claimed = self._claimed or self._claim_next(), None
		if not job:
			return False
		self._jobs_run += 1
		self._note_budget(job.standing.settings.get)
		self._note_turn(job.organization)
		self._errands.take_off(QUEUE_BY_PRIORITY[job.priority], self._wake_ups[job.name])
		next_claim = ClaimAlong(self._next_in_line, self._horse)
		self._run(job, self._errands, contexts, next_claim)
		self._claimed = next_claim.claimed()
		return True

	def _claim_next(self) -> BackgroundJob | None:
		job = self._claim_in_order()
		if job:
			return job
		# end the transaction, to see what others have done since it began
		frappe.db.rollback()
		longest = self._horse.seconds_left - self._grace_seconds
		in_order = next_in_order(self._horse.queues, longest, list(self._served))
		self._order = deque(job.name for job in in_order)
		self._wake_ups = {job.name: job.rq_job_id for job in in_order}
		self._order_is_old_at = time.monotonic() + ORDER_LASTS_SECONDS
		return self._claim_in_order()

	def _claim_in_order(self) -> BackgroundJob | None:
		"""The first job of the order that can be had, as long as the order holds."""
		while time.monotonic() < self._order_is_old_at and self._order:
			job = claim(self._order.popleft(), self._horse, skip_locked=True)
			if job:
				return job
		return None

	def _next_in_line(self) -> str | None:
		"""The id of the job to claim when another ends; None if something else has to come first."""
		now = time.monotonic()
		is_order_fresh = self._order and now < self._order_is_old_at
		is_answer_fresh = now < self._answer_is_old_at
		if not (is_order_fresh and is_answer_fresh and self._may_go_on):
			return None
		return None if self._errands.are_due else self._order.popleft()

	@property
	def _may_go_on(self) -> bool:
		"""Whether the budget lasts, and no handler has spoiled the process."""
		has_budget = self._jobs_run < self._jobs and self._horse.age_seconds < self._seconds
		return has_budget and not is_spoiled()

	def _note_budget(self, value_of: Callable[[str], Any]) -> None:
		self._seconds = cint(value_of("drain_budget_seconds"))
		self._jobs = cint(value_of("drain_budget_jobs"))

	def _note_turn(self, organization: str) -> None:
		self._served.pop(organization, None)
		self._served[organization] = None
