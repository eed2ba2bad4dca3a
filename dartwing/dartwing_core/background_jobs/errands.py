"""What a horse puts off, to do it once for many jobs."""

import threading
import time
from collections import defaultdict

from dartwing.dartwing_core.background_jobs import config, dispatcher
from dartwing.dartwing_core.background_jobs.fresh_context import run_on_site


class Errands:
	"""Slots that became free, to be filled; wake-ups that are needless, to be taken off their queues.

	Those that are lost with the horse do no harm: the cron fills the slots, and a needless wake-up finds
	nothing to claim. May be used from any thread.
	"""

	def __init__(self, site: str):
		self._site = site
		self._at_once = int(config.get("dispatch_turn"))
		self._seconds = config.get("supervision_interval_seconds")
		self._lock = threading.Lock()
		self._clear()

	def _clear(self) -> None:
		self._organizations: dict[str, None] = {}
		self._wake_ups: dict[str, list[str]] = defaultdict(list)
		self._free_slots = 0
		self._since: float | None = None

	def fill_slot(self, organization: str, is_urgent: bool = False) -> None:
		with self._lock:
			self._organizations[organization] = None
			self._free_slots += self._at_once if is_urgent else 1
			self._since = self._since or time.monotonic()

	def take_off(self, queue: str, rq_job_id: str) -> None:
		with self._lock:
			self._wake_ups[queue].append(rq_job_id)
			self._since = self._since or time.monotonic()

	def run_if_due(self) -> None:
		"""As `run`, once there are as many slots as one turn of the dispatcher fills, or after a while."""
		since = self._since
		if since and (self._free_slots >= self._at_once or time.monotonic() - since >= self._seconds):
			self.run()

	def run(self) -> bool:
		"""Do everything, in a context of its own; False when there was nothing to do."""
		with self._lock:
			organizations, wake_ups, is_empty = list(self._organizations), self._wake_ups, not self._since
			self._clear()

		def do() -> None:
			for queue, rq_job_ids in wake_ups.items():
				dispatcher.withdraw(queue, rq_job_ids)
			dispatcher.dispatch(organizations)

		if not is_empty:
			run_on_site(self._site, do)
		return not is_empty
