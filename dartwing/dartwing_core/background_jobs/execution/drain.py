"""A horse goes on with other jobs that wait: to fork and to import Frappe again costs more than most jobs."""

import time
from collections import deque
from collections.abc import Callable

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.execution import claims
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.fresh_context import run_as_frappe_job
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.queued_jobs import next_in_order
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# seconds for which an order of jobs is used; a job that comes later and should start sooner waits so long
ORDER_LASTS_SECONDS = 0.1


class Drain:
	"""Takes one job after the other, each in a Frappe context of its own, while the budget lasts."""

	def __init__(self, horse: Horse, errands: Errands, run: Callable[[BackgroundJob, Errands], None]):
		self._horse = horse
		self._errands = errands
		self._run = run
		self._seconds = setting("drain_budget_seconds") or 0
		self._jobs_left = setting("drain_budget_jobs") or 0
		self._grace_seconds = config.get("timeout_grace_seconds")
		# organizations that had a turn; the one that had the last one stands at the end
		self._served: dict[str, None] = {}
		self._order: deque[frappe._dict] = deque()
		self._order_is_old_at = 0.0

	def go_on(self, first: BackgroundJob | None) -> None:
		"""Run jobs until none is left for this horse, the budget is used up, or others wait.

		`first` is the one that has just run in the wake-up itself.
		"""
		if first:
			self._note_turn(first.organization)
		while self._may_take_another():
			# a closed connection forgets all that the first job has left on it; it is opened again when it is
			# used
			frappe.db.close()
			if run_as_frappe_job(self._horse.site, self.run_next):
				self._jobs_left -= 1
				self._errands.run_if_due()
			elif not self._errands.run():
				# there was no job, and no errand that could have made one ready
				return

	def _may_take_another(self) -> bool:
		if self._jobs_left <= 0 or self._horse.age_seconds >= self._seconds:
			return False
		return self._horse.may_take_another()

	def run_next(self) -> bool:
		"""Claim the job whose turn it is and run it; False when there is none that can be had now."""
		if time.monotonic() < self._order_is_old_at and self._run_first_that_can_be_had():
			return True
		# end the transaction, to see what others have done since it began
		frappe.db.rollback()
		longest = self._horse.seconds_left - self._grace_seconds
		self._order = deque(next_in_order(self._horse.queues, longest, list(self._served)))
		self._order_is_old_at = time.monotonic() + ORDER_LASTS_SECONDS
		return self._run_first_that_can_be_had()

	def _run_first_that_can_be_had(self) -> bool:
		while self._order:
			candidate = self._order.popleft()
			job = claims.claim(candidate.name, self._horse, skip_locked=True)
			if job:
				self._note_turn(job.organization)
				self._errands.take_off(QUEUE_BY_PRIORITY[job.priority], candidate.rq_job_id)
				self._run(job, self._errands)
				return True
		return False

	def _note_turn(self, organization: str) -> None:
		self._served.pop(organization, None)
		self._served[organization] = None
