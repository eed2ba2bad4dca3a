"""Who is told of an end hears of it at most once, and its job does not suffer, whoever is killed."""

import frappe
import pytest
from factories import people_written, state, submit, transitions
from frappe.utils.background_jobs import get_queue

from dartwing.dartwing_core.background_jobs.announcing.automation import FIELD, JOB, QUEUE, SETTINGS, TELL


@pytest.fixture
def told():
	"""As if somebody had configured automation for jobs."""
	frappe.db.set_single_value(SETTINGS, FIELD, JOB)
	frappe.db.commit()
	yield
	frappe.db.rollback()
	frappe.db.set_single_value(SETTINGS, FIELD, "")
	frappe.db.commit()


def pushed() -> int:
	return sum(TELL in str(job.kwargs) for job in get_queue(QUEUE).get_jobs())


@pytest.mark.usefixtures("impatient", "told")
@pytest.mark.parametrize("death", ["kill_horse", "kill_worker_and_horse"])
def test_after_a_death_between_commit_and_push_nobody_is_told(world, processes, tick, death):
	worker = processes.stopped_worker("before announcing.automation.push")
	job = submit(mode="write_people", people=2, marker="written by a test")
	getattr(worker, death)()
	assert state(job.name)["status"] == "Completed"
	tick()
	assert (people_written(), pushed()) == (2, 0)
	assert transitions(job.name).count(("Running", "Completed")) == 1
