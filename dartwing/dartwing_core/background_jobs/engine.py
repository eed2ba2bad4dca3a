"""Accepting jobs, and canceling them. The caller's transaction is never committed here.

An acceptance, from the call to the worker's queue:

1. a request whose idempotency key was used before is answered with the job that it became;
2. every other request is checked: its arguments, its organization, its Job Type, its parent;
3. equal submissions that are not committed yet are waited for, and what is left of the limits is counted;
4. the jobs are inserted with their log, all of them or none;
5. when the caller commits, they are announced, and dispatched as far as there is room.
"""

from collections.abc import Sequence
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_job
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.submission import acceptance, idempotency
from dartwing.dartwing_core.background_jobs.submission.checks import DependsOn, JobRequest, When
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob

__all__ = ["cancel_job", "submit_job", "submit_jobs"]


def submit_job(
	job_type: str,
	organization: str,
	parameters: dict[str, Any] | None = None,
	priority: str | None = None,
	depends_on: DependsOn = None,
	scheduled_at: When = None,
	idempotency_key: str | None = None,
	dependency_rule: str | None = None,
	expires_at: When = None,
	dry_run: bool = False,
) -> BackgroundJob:
	"""Accept a job. It is enqueued only if the caller's transaction commits.

	`parameters` is a JSON object of at most 1 MiB, dates and Decimals allowed. `priority` defaults to
	the Job Type's. `depends_on` is the id of a job that must be Completed first, or a list of up to 10,000;
	with the `dependency_rule` "end" it is enough that they ended in any way. `scheduled_at` is a time (the
	site's, or with an offset) before which the job does not start; if it has not started by `expires_at`, it
	is Canceled. `idempotency_key` makes the same request safe to send again: for as long as the settings say,
	it is answered with the job that it became, as it is now (`job.flags.is_existing`). The key is the
	session's user's in this organization. With `dry_run` the job's handler runs and everything is undone; the
	job's result says what it would have changed. A dry run equals no other job, and depends on none.

	Raises, before anything is written: PermissionError when the session's user is no active member of
	the organization (an unknown one is answered alike, but to System Managers with DoesNotExistError) or may
	not create what the Job Type requires; DoesNotExistError for an unknown Job Type or parent;
	DuplicateJobError, RateLimitExceededError, QueueFullError, NotActiveError and SubmissionTimeoutError;
	IdempotencyKeyError for a key that came with another request before; ValidationError, naming the argument,
	for everything else.
	"""
	request = JobRequest(
		job_type,
		organization,
		parameters,
		priority,
		depends_on,
		scheduled_at,
		idempotency_key,
		dependency_rule,
		expires_at,
		dry_run,
	)
	return _submit([request], [""])[0]


def submit_jobs(jobs: Sequence[dict[str, Any]]) -> list[BackgroundJob]:
	"""Accept up to 10,000 jobs at once, all or none; each is a dict of the arguments of `submit_job`.

	Errors are those of `submit_job` and name the index of the job that is refused.
	"""
	if not isinstance(jobs, list | tuple):
		refuse_argument("jobs", _("must be a list of objects, not {0}").format(type(jobs).__name__))
	if len(jobs) > config.MAX_BULK_SUBMIT:
		refuse_argument("jobs", _("at most {0} at once, not {1}").format(config.MAX_BULK_SUBMIT, len(jobs)))
	requests = [JobRequest.parse(job, f"jobs[{index}]") for index, job in enumerate(jobs)]
	return _submit(requests, [f"jobs[{index}]." for index in range(len(requests))])


def _submit(requests: Sequence[JobRequest], places: Sequence[str]) -> list[BackgroundJob]:
	"""The jobs of the requests: those that were accepted for their keys before, and new ones."""
	keyed = idempotency.keyed(requests, places)
	if not keyed:
		return acceptance.accept(requests, places)
	with idempotency.take_turn(keyed.values()) as turn:
		jobs = idempotency.find(keyed)
		new = [position for position in range(len(requests)) if position not in jobs]
		accepted = acceptance.accept(
			[requests[position] for position in new],
			[places[position] for position in new],
			[keyed.get(position) for position in new],
		)
		if not new:
			# those that wait with the same keys can be told of their jobs at once
			turn.let_go()
	jobs.update(zip(new, accepted, strict=True))
	return [jobs[position] for position in range(len(requests))]
