"""How much memory an export needs, measured in the process that runs it."""

import tracemalloc

from dartwing.dartwing_core.background_jobs.executor import claim, perform, settle


def peak_of_export(job_id: str) -> int:
	"""Run a queued job here and return the peak of the memory that Python allocated for it, in bytes."""
	job = claim(job_id)
	tracemalloc.start()
	outcome = perform(job)
	peak = tracemalloc.get_traced_memory()[1]
	tracemalloc.stop()
	settle(job, outcome)
	return peak
