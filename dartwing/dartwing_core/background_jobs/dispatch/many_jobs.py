"""What actions on many jobs have in common: batches, and what is answered of those that are refused."""

from collections.abc import Iterator, Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob

# why a job is refused, and the error if it was the only one asked for
Refusals = dict[str, tuple[str, type[Exception]]]


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
	size = int(config.get("batch_size"))
	return (items[start : start + size] for start in range(0, len(items), size))


def unknown(job_id: str) -> tuple[str, type[Exception]]:
	"""Why a job is refused that there is not, or that the user may not see."""
	return _("no job {0}").format(repr(job_id)), frappe.DoesNotExistError


def the_only_one(job_id: str, done: Sequence[BackgroundJob], refused: Refusals) -> BackgroundJob:
	"""The job, if it was the only one asked for; raises the error of its refusal."""
	if job_id in refused:
		refuse_argument("job_id", *refused[job_id])
	return done[0]


def answer(done: Sequence[BackgroundJob], refused: Refusals) -> dict[str, Any]:
	"""`{"done": [ids], "refused": {id: why}}`."""
	reasons = {job_id: f"job_id: {reason}" for job_id, (reason, _error) in refused.items()}
	return {"done": [job.name for job in done], "refused": reasons}
