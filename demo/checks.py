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
	exported = [file for file in files if file.job.plan.is_export]
	merged = [file for file in files if not file.job.plan.is_export]
	return [
		ended_as_planned(jobs),
		rows_are_complete(jobs, exported),
		scans_are_read(jobs, merged),
		walls_hold(jobs, clients),
	]


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


def scans_are_read(jobs: list[Job], files: list[Written]) -> Check:
	"""Of a scan with an empty page, that page is a dead letter, and so is the job that would merge it."""
	read = [job for job in jobs if not job.is_listed and job.status == "Completed"]
	failed = [job for job in jobs if not job.is_listed and job.status == "Failed"]
	says = "each scan has the text of all its pages in their order; one with an empty page says which it is"
	left = [job.state["count_by_status"] for job in failed]
	holds = len(read) == len(files) and all(file.is_whole for file in files)
	return Check(says, holds and all(one.get("Dead Letter") == 2 for one in left))


def walls_hold(jobs: list[Job], clients: dict[str, Client]) -> Check:
	"""To another organization's admin a job answers like one that does not exist."""
	foreign = next(job.job_id for job in jobs if job.plan.organization is ALPINE and job.is_listed)
	outsider = clients[HARBOUR.admin]
	answers = [status_answer(outsider, job_id).replace(job_id, "…") for job_id in (foreign, UNKNOWN_JOB)]
	says = f"to {HARBOUR.name}, {foreign} of {ALPINE.name} does not exist (HTTP {NOT_FOUND})"
	return Check(says, answers[0] == answers[1] and answers[0].startswith(str(NOT_FOUND)))


def status_answer(client: Client, job_id: str) -> str:
	try:
		return f"200 {client.get_job_status(job_id)}"
	except ApiError as error:
		return f"{error.status} {error.reason}"
