"""The use cases that change a job: submit and cancel. Nothing here commits."""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.database import drivers, inserts
from dartwing.dartwing_core.background_jobs.database.looks import Look
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import consequences, dispatcher
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_job
from dartwing.dartwing_core.background_jobs.errors import (
	SubmissionTimeoutError,
	refuse_argument,
)
from dartwing.dartwing_core.background_jobs.submission import (
	admission,
	deduplication,
	direct_dispatch,
	idempotency,
)
from dartwing.dartwing_core.background_jobs.submission.admission import Demand
from dartwing.dartwing_core.background_jobs.submission.checks import (
	COLUMNS,
	JobRequest,
	SubmissionChecks,
	When,
	stamp,
)
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PENDING,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.job_execution_log import job_execution_log
from dartwing.dartwing_core.doctype.job_execution_log.job_execution_log import Entry

__all__ = ["cancel_job", "submit_job", "submit_jobs"]


def submit_job(
	job_type: str,
	organization: str,
	parameters: dict[str, Any] | None = None,
	priority: str | None = None,
	depends_on: str | None = None,
	scheduled_at: When = None,
	idempotency_key: str | None = None,
) -> BackgroundJob:
	"""Accept a job. It is enqueued only if the caller's transaction commits.

	`parameters` is a JSON object of at most 1 MiB, dates and Decimals allowed. `priority` defaults to
	the Job Type's. `depends_on` is a job that must be Completed first, `scheduled_at` a time (the site's,
	or with an offset) before which the job does not start. `idempotency_key` makes the same request safe to
	send again: for as long as the settings say, it is answered with the job that it became, as it is now
	(`job.flags.is_existing`). The key is the session's user's in this organization.

	Raises, before anything is written: PermissionError when the session's user is no active member of
	the organization or may not create what the Job Type requires; DoesNotExistError for an unknown
	organization, Job Type or parent; IdempotencyKeyError for a key that came with another request before;
	ValidationError, naming the argument, for everything else.
	"""
	request = JobRequest(
		job_type, organization, parameters, priority, depends_on, scheduled_at, idempotency_key
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
		return _submit_new(requests, places)
	with idempotency.take_turn(keyed.values()) as hold:
		jobs = idempotency.find(keyed)
		new = [position for position in range(len(requests)) if position not in jobs]
		accepted = _submit_new(
			[requests[position] for position in new],
			[places[position] for position in new],
			[keyed.get(position) for position in new],
		)
		if not new:
			# whoever waits can be told at once
			hold.let_go()
	jobs.update(zip(new, accepted, strict=True))
	return [jobs[position] for position in range(len(requests))]


def _submit_new(
	requests: Sequence[JobRequest], places: Sequence[str], keys: Sequence[idempotency.Keyed | None] = ()
) -> list[BackgroundJob]:
	checks = SubmissionChecks(requests)
	jobs = [checks.check(*one) for one in zip(requests, places, strict=True)]
	for job, key in zip(jobs, keys, strict=False):
		job.update(key.fields() if key else {})
	return _accept(jobs, checks)


def _accept(jobs: list[BackgroundJob], checks: SubmissionChecks) -> list[BackgroundJob]:
	if jobs:
		keys, demands = deduplication.keys_of(jobs), checks.demands(jobs)
		slots = direct_dispatch.looks(jobs)
		with deduplication.await_equals(keys):
			log, events = _insert_within_limits(jobs, keys, demands, slots)
		consequences.follow_acceptance(jobs, [entry.line for entry in log], events)
	return jobs


def _insert_within_limits(
	jobs: list[BackgroundJob], keys: Sequence[str], demands: Sequence[Demand], slots: Sequence[Look]
) -> tuple[list[Entry], list[realtime.Message]]:
	"""Insert them, the only one with these keys; what their log and their events are to say."""
	with uncommitted_reads():
		scarce, (is_taken, *window) = admission.look(demands, deduplication.look_for_holder(keys), *slots)
	# not what was seen before others were waited for
	has_slot = not (scarce or is_taken) and direct_dispatch.has_slot(window)
	with admission.in_turn(scarce):
		if is_taken:
			deduplication.refuse_holders(keys)
		stamp(jobs)
		log = job_execution_log.entries(jobs, None, jobs[0].creation, message=_("accepted"))
		events = realtime.status_messages(jobs, None)
		if has_slot:
			log += dispatcher.queue_before_insert(jobs[0])
			events += realtime.status_messages(jobs, PENDING)
		_insert(jobs, log, keys)
	return log, events


def _insert(jobs: Sequence[BackgroundJob], log: Sequence[Entry], keys: Sequence[str]) -> None:
	"""Insert the jobs with their log, or none: an equal job that won the race is named."""
	try:
		_insert_all(jobs, log)
	except drivers.INTEGRITY_ERRORS as error:
		if not frappe.db.is_duplicate_entry(error):
			raise
		deduplication.refuse_holders(keys)
		try:
			_insert_all(jobs, log)
		except drivers.INTEGRITY_ERRORS:
			# of a large bulk, not every key is waited for
			frappe.throw(_("An equal job is being submitted; try again"), SubmissionTimeoutError)


def _insert_all(jobs: Sequence[BackgroundJob], log: Sequence[Entry]) -> None:
	columns = [column for column in COLUMNS if any(job.get(column) is not None for job in jobs)]
	# of two bulks with equal jobs one waits for the other, instead of each for the other
	in_order = sorted(jobs, key=lambda job: job.deduplication_key or "")
	rows = [[job.get(column) for column in columns] for job in in_order]
	with inserts.all_or_nothing():
		inserts.insert("Background Job", columns, rows)
		job_execution_log.insert(log)
