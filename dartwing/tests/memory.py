"""How much memory an export needs, measured in the process that runs it."""

import tracemalloc

import frappe

from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.surroundings import Surroundings
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.background_jobs.executor import claim, perform, settle


def peak_of_export(job_id: str) -> int:
	"""Run a queued job here and return the peak of the memory that Python allocated for it, in bytes."""
	job = claim(job_id)
	tracemalloc.start()
	limit, errands = TimeLimit(job.timeout_seconds), Errands(frappe.local.site)
	outcome = perform(job, limit, errands, Surroundings())
	peak = tracemalloc.get_traced_memory()[1]
	tracemalloc.stop()
	settle(job, outcome, limit, errands)
	errands.run()
	return peak
