"""Jobs that are driven to their ends without a worker, as a worker and the clock would do it."""

from collections.abc import Callable
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs import executor
from dartwing.dartwing_core.background_jobs.clock.steps import MENDING
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed, Outcome
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.background_jobs.statuses import UNFINISHED


def settle(attempt: Any, outcome: Outcome) -> None:
	"""The attempt of a job ends, with all that follows from it. One that a test has looked up was not claimed
	here, and is given what the claim reads of its type."""
	if not attempt.get("standing"):
		rule = frappe.db.get_value("Job Type", attempt.job_type, "equal_jobs")
		attempt.standing = frappe._dict(equal_jobs=rule)
	errands = Errands(frappe.local.site)
	executor.settle(attempt, outcome, TimeLimit(60), errands)
	errands.run()
	frappe.db.commit()


def let_time_come() -> None:
	"""All that waits for its time is due, and no start counts against a pace any more."""
	frappe.db.rollback()
	make_due()
	frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 1 day")
	frappe.db.commit()


def make_due(job_id: str | None = None, seconds_ago: int = 0) -> None:
	"""The job that waits for its time has waited long enough; without an id, all that do."""
	frappe.db.sql(
		"""update `tabBackground Job` set ready_at = utc_timestamp(6) - interval %(ago)s second
		where ready_at is not null and (%(job)s is null or name = %(job)s)""",
		{"job": job_id, "ago": seconds_ago},
	)
	frappe.db.commit()


def unfinished(job_type: str) -> list[str]:
	frappe.db.rollback()
	found = {"job_type": job_type, "status": ("in", UNFINISHED)}
	return frappe.get_all("Background Job", found, pluck="name", order_by="creation")


def drive_to_the_end(job_type: str, started: Callable[[Any], object] = lambda _attempt: None) -> None:
	"""Have all jobs of the type succeed; fails for those that nothing lets go on.

	`started` is called with each attempt. One that runs already is the attempt of a worker that goes on.
	"""
	for _round in range(4 * len(unfinished(job_type)) + 10):
		left = unfinished(job_type)
		if not left:
			return
		for name in left:
			running = frappe.get_doc("Background Job", name)
			if running.status == "Running":
				settle(running, Completed(None, None))
		let_time_come()
		for step in MENDING:
			step()
		for name in left:
			attempt = executor.claim(name)
			if attempt:
				started(attempt)
				settle(attempt, Completed(None, None))
	raise AssertionError(f"these wait for ever: {unfinished(job_type)}")
