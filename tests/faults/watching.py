"""What the tests of faults wait for, and look at afterwards, of a job."""

import itertools
from collections.abc import Callable, Sequence

import frappe
from factories import state, transitions


def has(job_id: str, status: str) -> Callable[[], bool]:
	return lambda: state(job_id)["status"] == status


def is_at_work(job_id: str) -> Callable[[], bool]:
	"""Whether the handler has reached the middle of its work, where it stays."""
	return lambda: state(job_id)["progress"] == 50


def horses(job_ids: Sequence[str]) -> list[str]:
	"""The RQ jobs in whose horses the jobs ran."""
	frappe.db.rollback()
	return [frappe.db.get_value("Background Job", job_id, "rq_job_id") for job_id in job_ids]


def log_is_in_order(job_id: str) -> bool:
	"""Whether each transition begins where the one before ended, in the order of their times."""
	steps = transitions(job_id)
	times = frappe.get_all("Job Execution Log", {"background_job": job_id}, pluck="timestamp")
	return len(set(times)) == len(times) and all(
		before[1] == after[0] for before, after in itertools.pairwise(steps)
	)
