"""The ids of jobs: `JOB-2026-00042` and on."""

from dartwing.dartwing_core.background_jobs.database import sequences


def new_job_ids(count: int) -> list[str]:
	return sequences.new_ids("Background Job", "JOB", count)
