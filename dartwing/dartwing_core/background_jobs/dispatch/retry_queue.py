"""Failed, Timed Out → Queued when the retry is due; → Dead Letter when none is left."""

from datetime import timedelta
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.dispatch.waiting_jobs import organizations_with_due_retries
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	BackgroundJob,
)


def schedule_retry(
	job: BackgroundJob, status: str, delay_seconds: float | None, actor: str | None, details: dict[str, Any]
) -> None:
	"""Move a Running job to Failed or Timed Out until its retry is due; without a delay, to Dead Letter.

	`details` are fields that explain the failure. In the current transaction.
	"""
	reason = details["error_message"]
	if delay_seconds is None:
		job.transition_to(status, message=reason, actor=actor, **details)
		said = _("a dry run is not tried again") if job.is_dry_run else _("retries exhausted")
		job.transition_to(DEAD_LETTER, message=said, actor=actor)
		return
	due = times.utc_now() + timedelta(seconds=delay_seconds)
	times_of = {"next_retry_at": times.from_utc(due), "ready_at": due}
	job.transition_to(status, message=reason, actor=actor, **times_of, **details)


def process_retry_queue() -> int:
	"""Hand over the retries that are due, as far as their organizations' windows allow; returns how many."""
	return dispatcher.dispatch(organizations_with_due_retries())
