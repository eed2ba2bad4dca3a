"""What must be true after the run: the demo succeeds only if all of it is."""

from dataclasses import dataclass

from demo.client import ApiError, Client
from demo.files import Written
from demo.jobs import Job
from demo.scenario import ALPINE, HARBOUR

NOT_FOUND = 404
UNKNOWN_JOB = "JOB-1999-00000"


@dataclass
class Check:
	"""A sentence and whether it holds."""

	says: str
	holds: bool


def all_checks(jobs: list[Job], files: list[Written], clients: dict[str, Client]) -> list[Check]:
	return [ended_as_planned(jobs), rows_are_complete(jobs, files), walls_hold(jobs, clients)]


def ended_as_planned(jobs: list[Job]) -> Check:
	wrong = [f"{job.job_id} is {job.status}" for job in jobs if job.status != job.plan.ends_as]
	says = f"{len(jobs)} jobs ended as planned" + (f", but for: {', '.join(wrong)}" if wrong else "")
	return Check(says, not wrong)


def rows_are_complete(jobs: list[Job], files: list[Written]) -> Check:
	exports = sum(job.plan.is_export for job in jobs)
	wrong = [
		f"{file.path.name} has {file.rows}, not {file.expected_rows}" for file in files if not file.is_whole
	]
	says = "each file has one row for each person of the organization that asked, and no other"
	return Check(
		says + (f", but for: {', '.join(wrong)}" if wrong else ""), not wrong and len(files) == exports
	)


def walls_hold(jobs: list[Job], clients: dict[str, Client]) -> Check:
	"""To another organization's admin a job answers like one that does not exist."""
	foreign = next(job.job_id for job in jobs if job.plan.organization is ALPINE)
	outsider = clients[HARBOUR.admin]
	answers = [status_answer(outsider, job_id).replace(job_id, "…") for job_id in (foreign, UNKNOWN_JOB)]
	says = f"to {HARBOUR.name}, {foreign} of {ALPINE.name} does not exist (HTTP {NOT_FOUND})"
	return Check(says, answers[0] == answers[1] and answers[0].startswith(str(NOT_FOUND)))


def status_answer(client: Client, job_id: str) -> str:
	try:
		return f"200 {client.get_job_status(job_id)}"
	except ApiError as error:
		return f"{error.status} {error.reason}"
