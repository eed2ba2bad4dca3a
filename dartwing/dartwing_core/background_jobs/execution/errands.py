"""What a horse puts off for a moment, to do it once for many jobs."""

import threading
import time
from collections import defaultdict
from functools import partial

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.connections import as_own_connection
from dartwing.dartwing_core.background_jobs.dispatch import consequences, wake_ups
from dartwing.dartwing_core.background_jobs.execution.fresh_context import run_on_site
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob

# the fields that the consequences of an end depend on
FIELDS = ("name", "status", "organization", "depends_on", "deduplication_key")


class Errands:
	"""What a horse does later, for several of its jobs at once: consequences of ends, needless wake-ups.

	If the horse dies first, no harm is done: the cron finds what follows from an end, and a needless wake-up
	finds nothing to claim. May be used from any thread.
	"""

	def __init__(self, site: str):
		self._site = site
		self._at_once = int(config.get("dispatch_turn"))
		self._seconds = config.get("errands_interval_seconds")
		self._lock = threading.Lock()
		self._is_running = threading.Lock()
		self._clear()

	def _clear(self) -> None:
		self._ended: list[frappe._dict] = []
		self._wake_ups: dict[str, list[str]] = defaultdict(list)
		self._since: float | None = None

	def note_end(self, job: BackgroundJob) -> None:
		"""Note a job that has left its worker, which is committed."""
		with self._lock:
			self._ended.append(frappe._dict({field: job.get(field) for field in FIELDS}))
			self._since = self._since or time.monotonic()

	def take_off(self, queue: str, rq_job_id: str) -> None:
		with self._lock:
			self._wake_ups[queue].append(rq_job_id)
			self._since = self._since or time.monotonic()

	def run_if_due(self) -> None:
		"""Do the errands if as many jobs have ended as the dispatcher moves in a turn, or after a while."""
		since = self._since
		if since and (len(self._ended) >= self._at_once or time.monotonic() - since >= self._seconds):
			self.run()

	def run(self) -> bool:
		"""Do all errands, in a context of its own; False when there was none.

		If another thread is doing errands, it waits until that is done: the horse must not end in the middle
		of it.
		"""
		with self._is_running:
			with self._lock:
				ended, needless, is_empty = self._ended, self._wake_ups, not self._since
				self._clear()
			if not is_empty:
				run_on_site(self._site, partial(do, ended, needless))
		return not is_empty


def do(ended: list[frappe._dict], needless: dict[str, list[str]]) -> None:
	for queue, rq_job_ids in needless.items():
		wake_ups.withdraw(queue, rq_job_ids)
	with as_own_connection():
		consequences.take_consequences(ended)
		# commits the keys that were freed; the dispatcher has committed for itself
		frappe.db.commit()
