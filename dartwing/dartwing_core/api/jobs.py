"""REST API: `/api/method/dartwing.dartwing_core.api.jobs.<name>`. Parse, call the engine, shape."""

from typing import Annotated

from frappe import _

from dartwing.dartwing_core.api import headers, shapes
from dartwing.dartwing_core.api.arguments import About
from dartwing.dartwing_core.api.call_limits import CallLimit
from dartwing.dartwing_core.api.endpoints import CHANGE, READ, endpoint
from dartwing.dartwing_core.background_jobs import engine, metrics
from dartwing.dartwing_core.background_jobs.groups.rows import STATUSES as GROUP_STATUSES
from dartwing.dartwing_core.background_jobs.insight import groups as groups_seen
from dartwing.dartwing_core.background_jobs.insight import log_lines, queries
from dartwing.dartwing_core.background_jobs.statuses import DEPENDENCY_RULES
from dartwing.dartwing_core.background_jobs.submission.flows import Flow
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter, remade_jobs
from dartwing.dartwing_core.background_jobs.upkeep import groups as groups_changed
from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, STATUSES, BackgroundJob

SUBMIT = CallLimit("submit", 100)
STATUS = CallLimit("status", 600)
LIST = CallLimit("list", 60)
CANCEL = CallLimit("cancel", 30)
METRICS = CallLimit("metrics", 30)

JobId = Annotated[str, About("Id of a job of one of your organizations")]
Organization = Annotated[str | None, About("One organization; without it, all of yours")]
JobType = Annotated[str | None, About("Only jobs of this type")]
Limit = Annotated[int, About("How many jobs", at_least=1, at_most=queries.MAX_PAGE)]
Offset = Annotated[int, About("How many jobs to leave out", at_least=0, at_most=queries.MAX_OFFSET)]
Before = Annotated[str | None, About("Id of the last job of a page: the next page begins after it")]
IdempotencyKey = Annotated[
	str | None,
	About(
		"Your name for this request, also as the header Idempotency-Key (1 to 255 visible ASCII"
		" characters). Sent again with it, the request is answered with the job or the flow that it became"
	),
]
BeginAnew = Annotated[
	bool, About("Whether steps that are done and the last checkpoint are forgotten; by default they are kept")
]
GroupId = Annotated[str, About("Id of a group of one of your organizations")]
JobIds = Annotated[list[str] | None, About("Ids of dead letters")]
Filters = Annotated[
	dict | None, About("All dead letters with these values of `organization`, `job_type`, `error_type`")
]


@endpoint(CHANGE, SUBMIT)
def submit_job(
	job_type: Annotated[str, About("Name of an enabled Job Type")],
	organization: Annotated[str, About("Organization that you are an active member of")],
	parameters: Annotated[dict | None, About("What the job's handler gets, at most 1 MiB of JSON")] = None,
	priority: Annotated[str | None, About("Default: the Job Type's", choices=PRIORITIES)] = None,
	depends_on: Annotated[
		str | list[str] | None, About("Id of the job that must be Completed first, or a list of up to 10,000")
	] = None,
	scheduled_at: Annotated[
		str | None, About("ISO 8601; not before this time (without offset: the site's time)")
	] = None,
	idempotency_key: IdempotencyKey = None,
	dependency_rule: Annotated[
		str | None,
		About("With `end`, it is enough that those jobs ended in any way", choices=DEPENDENCY_RULES),
	] = None,
	expires_at: Annotated[
		str | None,
		About("ISO 8601; a job that has not started by then is Canceled (without offset: the site's time)"),
	] = None,
	dry_run: Annotated[
		bool, About("Run the handler, undo everything, and answer in the result what it would have changed")
	] = False,
) -> shapes.JobAnswer:
	"""Accept a job.

	While an equal job is unfinished and younger than the type's window, the answer is 409 with
	`existing_job_id` and `status`. An `idempotency_key` that came with another request before is
	refused with 422.
	"""
	key = headers.idempotency_key(idempotency_key)
	return _accepted(
		engine.submit_job(
			job_type,
			organization,
			parameters,
			priority,
			depends_on,
			scheduled_at,
			key,
			dependency_rule,
			expires_at,
			dry_run,
		)
	)


@endpoint(CHANGE, SUBMIT)
def submit_jobs(
	jobs: Annotated[list[dict], About("Up to 10,000 objects with the arguments of submit_job")],
) -> list[shapes.JobAnswer]:
	"""Accept many jobs, all or none, in the order given."""
	headers.refuse_idempotency_key(_("submit_jobs takes a key for each job, as jobs[0].idempotency_key"))
	return [_accepted(job) for job in engine.submit_jobs(jobs)]


@endpoint(CHANGE, SUBMIT)
def submit_flow(
	organization: Annotated[str, About("Organization that you are an active member of")],
	title: Annotated[str, About("What people call this piece of work, at most 140 characters")],
	jobs: Annotated[
		list[dict],
		About(
			"Up to 10,000 objects with `job_type`, `parameters`, `priority`, `scheduled_at`, `expires_at`; a"
			" `name` of the job in this flow; `depends_on`, the name or the names of jobs that must be"
			" Completed first; and `dependency_rule`"
		),
	],
	on_end: Annotated[
		dict | None,
		About("A job as these, which starts when all of them have ended, whatever became of them"),
	] = None,
	idempotency_key: IdempotencyKey = None,
) -> shapes.FlowAnswer:
	"""Accept jobs that depend on each other, all or none, with a group of their own.

	A job without `depends_on` is refused as in submit_job while an equal one is unfinished.
	"""
	key = headers.idempotency_key(idempotency_key)
	made = Flow.parse(title, jobs, on_end).submit(organization, key)
	was_accepted = made.jobs[0].flags.is_existing
	return {
		"group_id": made.group_id,
		"message": _("Jobs were accepted before") if was_accepted else _("Jobs accepted"),
		"jobs": [_accepted(job) for job in made.jobs],
		"on_end_job": made.on_end and made.on_end.name,
	}


@endpoint(READ, STATUS)
def get_job_status(job_id: JobId) -> shapes.JobStatus:
	"""State, progress and result of one job."""
	return queries.get_job_status(job_id)


@endpoint(READ, LIST)
def list_jobs(
	organization: Organization = None,
	status: Annotated[str | None, About("Only jobs with this status", choices=STATUSES)] = None,
	job_type: JobType = None,
	limit: Limit = 20,
	offset: Offset = 0,
	before: Before = None,
	group: Annotated[str | None, About("Id of a group: only its jobs")] = None,
) -> shapes.JobPage:
	"""A page of jobs, newest first.

	Pages by `offset` shift when jobs are submitted meanwhile; pages by `before` do not.
	"""
	return queries.list_jobs(organization, status, job_type, limit, offset, before, group)


@endpoint(CHANGE, CANCEL)
def cancel_job(job_id: JobId) -> shapes.JobAnswer:
	"""Cancel a job that has not ended, as its owner or as an admin of its organization."""
	return _answer(engine.cancel_job(job_id), _("Job canceled"))


@endpoint(CHANGE)
def retry_job(
	job_id: JobId,
	begin_anew: BeginAnew = False,
	parameters: Annotated[
		dict | None, About("Other parameters: a new job is made with them, and the dead letter is discarded")
	] = None,
) -> shapes.JobAnswer:
	"""Give a dead letter a fresh set of attempts, as an admin of its organization.

	With `parameters`, the answer is that of a new job of yours, whose `retry_of` names the dead letter.
	"""
	if parameters is not None:
		return _accepted(remade_jobs.retry_with_parameters(job_id, parameters))
	return _answer(dead_letter.retry_job(job_id, begin_anew), _("Job will be tried again"))


@endpoint(CHANGE, SUBMIT)
def run_for_real(job_id: JobId) -> shapes.JobAnswer:
	"""Accept the job that a dry run of yours has rehearsed, with the same parameters."""
	return _accepted(remade_jobs.run_for_real(job_id))


@endpoint(READ, STATUS)
def get_job_history(job_id: JobId) -> shapes.JobHistory:
	"""Every transition of one job, oldest first."""
	return queries.get_job_history(job_id)


@endpoint(READ, STATUS)
def get_job_steps(job_id: JobId) -> shapes.JobSteps:
	"""The steps of one job that are done or under way, in the order in which they began."""
	return queries.get_job_steps(job_id)


@endpoint(READ, STATUS)
def get_job_log(
	job_id: JobId,
	attempt: Annotated[int | None, About("Only lines of this attempt, from 1", at_least=1)] = None,
	after: Annotated[str | None, About("`after` of an answer: only the lines behind those in it")] = None,
	limit: Annotated[int, About("How many lines", at_least=1, at_most=log_lines.MAX_LINES)] = 200,
) -> shapes.JobLog:
	"""What one job has logged, oldest first."""
	return log_lines.get_job_log(job_id, attempt, after, limit)


@endpoint(READ, METRICS)
def get_job_metrics(organization: Organization = None) -> shapes.JobMetrics:
	"""Counts, queue depths, processing times and failure rates."""
	return metrics.get_metrics(organization)


@endpoint(READ, LIST)
def list_dead_letters(
	organization: Organization = None,
	job_type: JobType = None,
	limit: Limit = 20,
	offset: Offset = 0,
	before: Before = None,
) -> shapes.DeadLetterPage:
	"""A page of the dead letters that you may retry or discard, newest first, with their tracebacks."""
	return queries.list_dead_letters(organization, job_type, limit, offset, before)


@endpoint(CHANGE)
def retry_jobs(
	job_ids: JobIds = None, filters: Filters = None, begin_anew: BeginAnew = False
) -> shapes.BulkAnswer:
	"""Retry many dead letters, by their ids or by a filter; says of each that was refused why."""
	return dead_letter.retry_jobs(job_ids, filters, begin_anew)


@endpoint(CHANGE)
def discard_jobs(
	reason: Annotated[str, About("Why nobody needs these jobs any more; it is kept in their history")],
	job_ids: JobIds = None,
	filters: Filters = None,
) -> shapes.BulkAnswer:
	"""Cancel many dead letters for good, by their ids or by a filter."""
	return dead_letter.discard_jobs(reason, job_ids, filters)


@endpoint(READ, STATUS)
def get_group(
	group_id: GroupId,
	limit: Limit = 20,
	offset: Offset = 0,
	status: Annotated[str | None, About("Only jobs with this status", choices=STATUSES)] = None,
) -> shapes.JobGroup:
	"""One group: how many of its jobs are how far, and a page of them, newest first."""
	return groups_seen.get_group(group_id, limit, offset, status)


@endpoint(READ, LIST)
def list_groups(
	organization: Organization = None,
	status: Annotated[str | None, About("Only groups with this status", choices=GROUP_STATUSES)] = None,
	limit: Annotated[int, About("How many groups", at_least=1, at_most=queries.MAX_PAGE)] = 20,
	offset: Annotated[int, About("How many groups to leave out", at_least=0, at_most=queries.MAX_OFFSET)] = 0,
) -> shapes.GroupPage:
	"""A page of groups, newest first."""
	return groups_seen.list_groups(organization, status, limit, offset)


@endpoint(CHANGE, CANCEL)
def cancel_group(group_id: GroupId) -> shapes.BulkAnswer:
	"""Cancel the jobs of a group that have not ended, as its owner or as an admin of its organization."""
	return groups_changed.cancel_group(group_id)


@endpoint(CHANGE)
def retry_group(group_id: GroupId, begin_anew: BeginAnew = False) -> shapes.BulkAnswer:
	"""Retry the dead letters of a group, as an admin of its organization; the group is Running again."""
	return groups_changed.retry_group(group_id, begin_anew)


@endpoint(CHANGE)
def discard_group(
	group_id: GroupId,
	reason: Annotated[str, About("Why nobody needs these jobs any more; it is kept in their history")],
) -> shapes.BulkAnswer:
	"""Cancel the dead letters of a group for good, as an admin of its organization."""
	return groups_changed.discard_group(group_id, reason)


def _accepted(job: BackgroundJob) -> shapes.JobAnswer:
	if job.flags.is_existing:
		return {**_answer(job, _("Job was accepted before")), "is_existing": True}
	return _answer(job, _("Job accepted"))


def _answer(job: BackgroundJob, message: str) -> shapes.JobAnswer:
	return {"job_id": job.name, "status": job.status, "message": message}
