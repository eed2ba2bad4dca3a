"""The acceptance of jobs: checked, and inserted with their log, within the limits, without duplicates."""

from collections.abc import Sequence

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.database import drivers, inserts
from dartwing.dartwing_core.background_jobs.database.looks import ask
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import cancellation, consequences, dispatcher, parents
from dartwing.dartwing_core.background_jobs.errors import (
	DuplicateJobError,
	SubmissionTimeoutError,
	refuse_argument,
)
from dartwing.dartwing_core.background_jobs.submission import (
	admission,
	deduplication,
	direct_dispatch,
	equal_submissions,
)
from dartwing.dartwing_core.background_jobs.submission.admission import Demand
from dartwing.dartwing_core.background_jobs.submission.checks import (
	COLUMNS,
	JobRequest,
	SubmissionChecks,
	stamp,
)
from dartwing.dartwing_core.background_jobs.submission.equal_submissions import Met
from dartwing.dartwing_core.background_jobs.submission.idempotency import Keyed
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PENDING,
	BackgroundJob,
	of_row,
)
from dartwing.dartwing_core.doctype.job_execution_log import job_execution_log
from dartwing.dartwing_core.doctype.job_execution_log.job_execution_log import Entry


def accept(
	requests: Sequence[JobRequest],
	places: Sequence[str],
	keys: Sequence[Keyed | None] = (),
	group: str | None = None,
	schedule: str | None = None,
	retry_of: str | None = None,
) -> list[BackgroundJob]:
	"""Check the requests, insert their jobs in the current transaction, all or none, and see to what follows.

	Each place is put before the names of arguments in errors; `keys` are the requests' idempotency keys. With
	`group`, the jobs become members of that Job Group; with `schedule`, they are jobs of that Job Schedule;
	with `retry_of`, they are made of that dead letter or dry run.
	"""
	checks = SubmissionChecks(requests)
	jobs = [checks.check(request, place) for request, place in zip(requests, places, strict=True)]
	for job, key in zip(jobs, keys, strict=False):
		job.update(key.fields() if key else {})
	for job, place in zip(jobs, places, strict=True):
		job.job_group, job.job_schedule, job.retry_of = group, schedule, retry_of
		if after_the_end := _parents_after_the_end(job):
			reason = _("{0} starts after the end of {1}, to which this job would belong")
			refuse_argument(f"{place}depends_on", reason.format(repr(after_the_end[0]), group))
	stands = equal_submissions.collapse(jobs)
	kept = sorted(set(stands))
	answers = dict(zip(kept, insert([jobs[position] for position in kept], checks), strict=True))
	return [
		answers[stand] if stand == position else _answered_with(answers[stand])
		for position, stand in enumerate(stands)
	]


def _answered_with(job: BackgroundJob) -> BackgroundJob:
	"""The answer to a request for which an equal job of the same bulk stands."""
	existing = of_row({field: value for field, value in job.as_dict().items() if field != "doctype"})
	existing.flags.is_existing = True
	return existing


def _parents_after_the_end(job: BackgroundJob) -> list[str]:
	"""Those of a new job's parents that start after the end of its group, which would wait for it in turn."""
	if not job.job_group or not job.flags.parents:
		return []
	on_end = frappe.db.get_value("Job Group", job.job_group, "on_end_job")
	return sorted(parents.waiting_in_turn(on_end).intersection(parents.names_of(job))) if on_end else []


def insert(jobs: list[BackgroundJob], checks: SubmissionChecks) -> list[BackgroundJob]:
	"""Insert jobs that were checked, and see to what follows the commit; returns them.

	Where an equal job exists, that one is returned in the place of the new one. Equal submissions that are
	not committed yet are waited for first: their locks, limits and free slots are asked in one statement.
	"""
	if not jobs:
		return []
	demands = checks.demands(jobs)
	limits, slots = admission.looks_of(demands), direct_dispatch.looks(jobs)
	turns, refusing = deduplication.keys_of(jobs), deduplication.refusing_keys(jobs)
	looks = [deduplication.look_for_holder(deduplication.all_keys(jobs)), *limits, *slots]
	hold, (is_taken, *answers) = deduplication.await_equals(turns, refusing, looks)
	with hold:
		met = equal_submissions.meet(jobs) if is_taken else Met()
		new = [job for job in jobs if met.answer(job) is job]
		for job in new:
			if job.flags.runs_after and job.flags.runs_after in _parents_after_the_end(job):
				# the equal job cannot go first, and keeps its place
				raise DuplicateJobError(job.flags.runs_after, PENDING)
		of_limits = answers[: len(limits)]
		if met.existing or met.leaving:
			demands = checks.demands(new, met.leaving)
			with uncommitted_reads():
				of_limits = ask(admission.looks_of(demands)) if demands else []
		if new:
			scarce = admission.scarce_of(demands, of_limits)
			# a job that waits for others below does not go straight to the queue: slots are counted before
			has_slot = not (scarce or is_taken) and direct_dispatch.has_slot(answers[len(limits) :])
			log, events = _insert_in_turn(new, refusing, scarce, is_taken, has_slot)
			consequences.follow_acceptance(new, [entry.line for entry in log], events)
		elif not met.has_written:
			# who waits for an equal submission does not wait for one that is answered
			hold.let_go()
	return [met.answer(job) for job in jobs]


def _insert_in_turn(
	jobs: list[BackgroundJob], keys: Sequence[str], scarce: Sequence[Demand], is_taken: bool, has_slot: bool
) -> tuple[list[Entry], list[realtime.Message]]:
	with admission.in_turn(scarce):
		if is_taken:
			deduplication.refuse_holders(keys)
		stamp(jobs)
		log = _acceptances(jobs)
		events = realtime.status_messages(jobs, None)
		if has_slot:
			log += dispatcher.queue_before_insert(jobs[0])
			events += realtime.status_messages(jobs, PENDING)
		_insert(jobs, log, keys)
	return log, events


def _acceptances(jobs: Sequence[BackgroundJob]) -> list[Entry]:
	plain = [job for job in jobs if not job.flags.replaces]
	log = job_execution_log.entries(plain, None, jobs[0].creation, message=_("accepted"))
	for job in jobs:
		if job.flags.replaces:
			message = _("accepted; replaces {0}").format(", ".join(job.flags.replaces))
			log += job_execution_log.entries([job], None, job.creation, message=message)
	return log


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
			# its turn was lost with the connection that held it
			frappe.throw(_("An equal job is being submitted; try again"), SubmissionTimeoutError)


def _insert_all(jobs: Sequence[BackgroundJob], log: Sequence[Entry]) -> None:
	columns = [column for column in COLUMNS if any(job.get(column) is not None for job in jobs)]
	# of two bulks with equal jobs one waits for the other, instead of each for the other
	in_order = sorted(jobs, key=lambda job: job.deduplication_key or "")
	rows = [[job.get(column) for column in columns] for job in in_order]
	with inserts.all_or_nothing():
		for job in in_order:
			if job.flags.replaces:
				cancellation.give_way(job.flags.replaces, to=job.name)
		inserts.insert("Background Job", columns, rows)
		parents.insert(in_order)
		job_execution_log.insert(log)
