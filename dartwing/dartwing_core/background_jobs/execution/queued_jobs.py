"""Which Queued jobs there are for a worker, and in which order: the queries of a claim and of the drain."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import frappe

from dartwing.dartwing_core.background_jobs.database import database_clock
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.dispatch import parents, starting_limits
from dartwing.dartwing_core.background_jobs.dispatch.wake_ups import QUEUE_BY_PRIORITY
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PRIORITIES,
	QUEUED,
	BackgroundJob,
	of_row,
)
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues

# what a claim, the handler's context and the outcomes read of a job
FIELDS = (
	"name",
	"job_type",
	"organization",
	"owner_user",
	"status",
	"priority",
	"depends_on",
	"dependency_rule",
	"job_group",
	"is_dry_run",
	"input_parameters",
	"checkpoint",
	"timeout_seconds",
	"retry_count",
	"max_retries",
	"worker_deaths",
	"deduplication_key",
	"attempt_count",
	"attempt_id",
	"rq_job_id",
	"worker_name",
	"error_message",
	"expires_at_utc",
	"limit_key",
	"traceparent",
	"queued_at",
	"started_at",
	"creation",
	"modified",
)
# What the start of a job depends on, as it is now; null where a row is gone. These are subqueries, and no
# joins, because a locking read would lock the joined rows as well.
STANDING = {
	"organization_status": "select status from `tabOrganization` where name = job.organization",
	"enabled": "select enabled from `tabUser` where name = job.owner_user",
	"is_member": f"""select exists (select 1 from {access.MEMBERSHIPS}
		where user.name = job.owner_user and member.organization = job.organization)""",
	"is_paused": "select is_paused from `tabJob Type` where name = job.job_type",
	"requires_permission": "select requires_permission from `tabJob Type` where name = job.job_type",
	"kind": "select kind from `tabJob Type` where name = job.job_type",
	"handler_method": "select handler_method from `tabJob Type` where name = job.job_type",
	# of a schema that came from the handler
	"schema_digest": """select if(schema_from_handler, sha2(parameters_schema, 256), null)
		from `tabJob Type` where name = job.job_type""",
	"equal_jobs": "select equal_jobs from `tabJob Type` where name = job.job_type",
	"limits": "select limits from `tabJob Type` where name = job.job_type",
	"running": starting_limits.RUNNING_NOW,
	"unfinished_parent": f"if(job.depends_on is null, null, {parents.unfinished_parent('job.name')})",
	"failed_parent": f"if(job.depends_on is null, null, {parents.failed_parent('job.name')})",
	"settings": "select json_objectagg(field, value) from `tabSingles` where doctype = 'Job Engine Settings'",
}
# how many jobs of one organization are looked at, at once
LOOK_AHEAD = 20


def read_queued(job_id: str, skip_locked: bool) -> BackgroundJob | None:
	"""The job, if it is Queued, with its `standing`: a dict of what its start depends on (`STANDING`).

	With `skip_locked`, its row is locked; None if another transaction has locked it.
	"""
	columns = [*(f"job.{field}" for field in FIELDS), f"{UTC_NOW} utc_now"]
	columns += [f"({query}) `{name}`" for name, query in STANDING.items()]
	rows = frappe.db.sql(
		(ignoring_snapshot() if skip_locked else "")
		+ f"select {', '.join(columns)} from `tabBackground Job` job"
		+ " where job.name = %(name)s and job.status = %(status)s"
		+ (" for update skip locked" if skip_locked else ""),
		{"name": job_id, "status": QUEUED, "today": access.today()},
		as_dict=True,
	)
	if not rows:
		return None
	row = rows[0]
	database_clock.note(row.utc_now)
	job = of_row({field: row[field] for field in FIELDS})
	job.standing = frappe._dict({name: row[name] for name in STANDING})
	job.standing.settings = frappe.parse_json(row.settings)
	job.standing.is_expired = bool(job.expires_at_utc and job.expires_at_utc <= row.utc_now)
	return job


def is_locked_now(job: BackgroundJob) -> bool:
	"""Lock the row of a running job; False if another transaction has locked it, or ended the attempt."""
	return records.is_held_by(job.name, job.attempt_id, skip_locked=True)


def next_in_order(
	queues: Sequence[str], longest_timeout: float, served_before: Sequence[str]
) -> list[frappe._dict]:
	"""Queued jobs in the order in which they should start: `name`, `organization`, `rq_job_id`.

	They are of the first queue that has any, and of its highest priority. Organizations come in turns: first
	those that are not among `served_before`, then in its order; the jobs of each come by age. Jobs with a
	longer timeout than the given one are left out, and so are those of a queue that is paused.
	"""
	if is_held():
		return []
	for priority, organizations in _waiting_organizations(queues):
		organizations.sort(key=lambda name: served_before.index(name) if name in served_before else -1)
		of_each = [_oldest(priority, organization, longest_timeout) for organization in organizations]
		rounds = zip_longest(*of_each)
		in_order = [job for one_of_each in rounds for job in one_of_each if job]
		if in_order:
			return in_order
	return []


def _waiting_organizations(queues: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
	"""Priorities with Queued jobs, in the order of their queues, the highest first, with organizations."""
	groups = frappe.db.sql(
		"select priority, organization from `tabBackground Job` where status = %s"
		" group by organization, priority",
		(QUEUED,),
	)
	closed = paused_queues()
	for queue in queues:
		for priority in reversed(PRIORITIES):
			organizations = [organization for of, organization in groups if of == priority]
			if QUEUE_BY_PRIORITY[priority] == queue and queue not in closed and organizations:
				yield priority, organizations


def _oldest(priority: str, organization: str, longest_timeout: float) -> list[frappe._dict]:
	return frappe.db.sql(
		"""select name, organization, rq_job_id from `tabBackground Job`
		where status = %s and priority = %s and organization = %s and timeout_seconds <= %s
		order by queued_at, name limit %s""",
		(QUEUED, priority, organization, longest_timeout, LOOK_AHEAD),
		as_dict=True,
	)
