"""Jobs that are made of others: of a dead letter with other parameters, of a dry run for real.

Nothing here commits.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.dispatch.many_jobs import unknown
from dartwing.dartwing_core.background_jobs.errors import JobStateError, refuse_argument
from dartwing.dartwing_core.background_jobs.statuses import COMPLETED
from dartwing.dartwing_core.background_jobs.submission import acceptance, json_objects
from dartwing.dartwing_core.background_jobs.submission.checks import JobRequest
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob, locked

FIELDS = ("job_type", "organization", "owner_user", "status", "priority", "is_dry_run", "input_parameters")


def retry_with_parameters(job_id: str, parameters: dict[str, Any]) -> BackgroundJob:
	"""Submit a job in the place of a dead letter, with other parameters, and discard the dead letter.

	The new job is the session's user's; its `retry_of` names the old one. It depends on the same jobs, but
	for those that are deleted and equal ones that it was only to run after; and it is of no group. Raises
	what `retry_job` and `submit_job` raise.
	"""
	old = dead_letter.administered_dead_letter(job_id)
	found = parents.of_jobs([old.name]).get(old.name, {}) if old.depends_on else {}
	if dead := dead_letter.dead_parent(old, found):
		refuse_argument("job_id", dead, JobStateError)
	request = JobRequest(
		old.job_type,
		old.organization,
		parameters,
		old.priority,
		[parent for parent, state in found.items() if state.is_there and not state.any_end] or None,
		dependency_rule=old.dependency_rule,
	)
	(job,) = acceptance.accept([request], [""], retry_of=old.name)
	dead_letter.discard_job(old.name, _("retried with other parameters as {0}").format(job.name))
	return job


def run_for_real(job_id: str) -> BackgroundJob:
	"""Submit what a dry run has rehearsed, with the same parameters, as the owner of the dry run.

	The new job's `retry_of` names the dry run, whose `real_job` names the new job. That is done once: called
	again, the job that it became is the answer, with `flags.is_existing`.
	Raises DoesNotExistError for a job that the user cannot see, PermissionError for another member's,
	JobStateError for what is no dry run that has ended well, JobBusyError while somebody else holds its row;
	and what `submit_job` raises.
	"""
	access.check_visible(job_id)
	row = frappe.db.get_value("Background Job", job_id, FIELDS, as_dict=True)
	if row.owner_user != frappe.session.user:
		reason = _("only who submitted {0} may run it for real").format(repr(job_id))
		refuse_argument("job_id", reason, frappe.PermissionError)
	if not row.is_dry_run or row.status != COMPLETED:
		reason = _("{0} is no dry run that is Completed").format(repr(job_id))
		refuse_argument("job_id", reason, JobStateError)
	# whoever holds its row is not waited for with the locks of a new job in hand
	rehearsed = locked([job_id])
	if not rehearsed:
		refuse_argument("job_id", *unknown(job_id))
	for job in locked([one.real_job for one in rehearsed if one.real_job]):
		job.flags.is_existing = True
		return job
	parameters = json_objects.from_json(row.input_parameters)
	request = JobRequest(row.job_type, row.organization, parameters, row.priority)
	(job,) = acceptance.accept([request], [""], retry_of=job_id)
	with snapshot_ignored():
		frappe.db.set_value("Background Job", job_id, "real_job", job.name, update_modified=False)
	return job
