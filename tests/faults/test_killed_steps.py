"""kill -9 at every point of a step: its effects count once, and what is done is not done again."""

import frappe
import psutil
import pytest
from factories import state, stepping_type, submit_stepping, wait_until, written_in_steps
from processes import horse_of, kill, let_rqs_patience_run_out, ticking

from dartwing.dartwing_core.background_jobs import get_job_steps

WRITTEN = {
	"in_three_steps": ["step 0", "step 1", "step 2"],
	"from_item_to_item": ["item 0", "item 1", "item 2"],
}
# at the second commit of the job's steps: what of them is there when the process dies
POINTS = {
	"before the job's row is locked": ("before steps.records.is_held_by 2", 1),
	"before the record": ("before steps.records.keep 2", 1),
	"between the record and the commit": ("after steps.records.keep 2", 1),
	"after the commit": ("before steps.records.is_held_by 3", 2),
}

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(autouse=True)
def _job_type(world, _clean):
	with stepping_type(world):
		yield


def is_completed(job_id: str):
	return lambda: state(job_id)["status"] == "Completed"


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize(("point", "kept"), POINTS.values(), ids=POINTS.keys())
@pytest.mark.parametrize("death", ["kill_horse", "kill_worker_and_horse"])
def test_a_job_whose_worker_died_in_a_step_goes_on_behind_the_last_commit(
	world, processes, tick, how, point, kept, death
):
	worker = processes.stopped_worker(point)
	job = submit_stepping(how)
	getattr(worker, death)()
	assert written_in_steps() == WRITTEN[how][:kept]
	if death == "kill_worker_and_horse":
		let_rqs_patience_run_out(job.name)
		processes.worker()
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert written_in_steps() == WRITTEN[how]
	assert {step["is_done"] for step in get_job_steps(job.name)["steps"]} == {True}


def test_a_horse_killed_between_two_steps_does_not_do_the_first_again(world, processes, tick):
	worker = processes.worker()
	job = submit_stepping("sleep_between_steps")
	wait_until(lambda: written_in_steps() == ["first"], "the first step is done")
	kill(horse_of(worker))
	frappe.db.set_value("Background Job", job.name, "retry_count", 1)
	frappe.db.commit()
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert written_in_steps() == ["first", "second"]


@pytest.mark.parametrize("how", WRITTEN)
def test_a_worker_that_was_taken_for_dead_in_a_step_commits_nothing_of_it(world, processes, tick, how):
	worker = processes.stopped_worker("before steps.records.is_held_by 2")
	job = submit_stepping(how)
	zombie = psutil.Process(worker.pid)
	for process in (psutil.Process(worker.process.pid), zombie):
		process.suspend()
	let_rqs_patience_run_out(job.name)
	processes.worker()
	wait_until(ticking(is_completed(job.name), tick), "another worker does it")
	worker.release()
	for process in (psutil.Process(worker.process.pid), zombie):
		process.resume()
	wait_until(lambda: not zombie.is_running(), "the zombie has ended")
	assert state(job.name)["status"] == "Completed"
	assert written_in_steps() == WRITTEN[how]
