"""What a horse puts off for a moment, to do it once for many jobs."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.connections import as_own_connection
from dartwing.dartwing_core.background_jobs.dispatch import consequences, wake_ups
from dartwing.dartwing_core.background_jobs.execution.fresh_context import run_on_site
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob
from dartwing.dartwing_core.doctype.job_type.job_type import keep_schema_of

# the fields that the consequences of an end depend on
FIELDS = (
	"name",
	"status",
	"job_type",
	"organization",
	"depends_on",
	"job_group",
	"deduplication_key",
	"limit_key",
)


class Errands:
	"""What a horse does later, for several of its jobs at once: consequences of ends, needless wake-ups, and
	schemas of handlers that have changed.

	If the horse dies first, no harm is done: the cron finds what follows from an end, and a needless wake-up
	finds nothing to claim. May be used from any thread.
	"""

	def __init__(self, site: str):
		self._site = site
		self._seconds = config.get("errands_interval_seconds")
		self._lock = threading.Lock()
		self._is_running = threading.Lock()
		self._clear()

	def _clear(self) -> None:
		self._ended: list[frappe._dict] = []
		self._wake_ups: dict[str, list[str]] = defaultdict(list)
		self._job_types: set[str] = set()
		self._since: float | None = None

	def note_end(self, job: BackgroundJob) -> None:
		"""Note a job that has left its worker, which is committed."""
		ended = frappe._dict({field: job.get(field) for field in FIELDS})
		ended.equal_jobs = job.standing.equal_jobs
		with self._lock:
			self._ended.append(ended)
			self._since = self._since or time.monotonic()

	def take_off(self, queue: str, rq_job_id: str) -> None:
		with self._lock:
			self._wake_ups[queue].append(rq_job_id)
			self._since = self._since or time.monotonic()

	def keep_schema(self, job_type: str) -> None:
		"""Note a Job Type whose handler takes other parameters than its schema says."""
		with self._lock:
			self._job_types.add(job_type)
			self._since = self._since or time.monotonic()

	@property
	def are_due(self) -> bool:
		"""Whether an errand has waited for as long as errands may."""
		since = self._since
		return since is not None and time.monotonic() - since >= self._seconds

	def run(self) -> bool:
		"""Do all errands, in a context of their own; False when there was none.

		If another thread is doing errands, it waits until that is done: the horse must not end in the middle
		of it.
		"""
		return self._run(partial(run_on_site, self._site))

	def run_here(self) -> bool:
		"""As `run`, in the current context, whose connection is the engine's own."""
		return self._run(lambda errands: errands())

	def _run(self, in_its_context: Callable[[Callable[[], None]], object]) -> bool:
		with self._is_running:
			with self._lock:
				ended, needless, is_empty = self._ended, self._wake_ups, not self._since
				job_types = self._job_types
				self._clear()
			if not is_empty:
				in_its_context(partial(do, ended, needless, job_types))
		return not is_empty


def do(ended: list[frappe._dict], needless: dict[str, list[str]], job_types: set[str]) -> None:
	for queue, rq_job_ids in needless.items():
		wake_ups.withdraw(queue, rq_job_ids)
	with as_own_connection():
		consequences.take_consequences(ended)
		for job_type in job_types:
			keep_schema_of(job_type)
		# commits the keys that were freed; the dispatcher has committed for itself
		frappe.db.commit()
