"""Limits of running jobs and of starts while workers die: they are kept, and nothing is held for ever."""

import frappe
import pytest
from factories import World, make_job_type, state, submit_as, transitions, wait_until
from processes import let_rqs_patience_run_out_for_all, ticking

LIMITED = "limited_job"
# where the process of a worker dies
POINTS = {
	"before it counts": "before dispatch.starting_limits.why_not_yet 1",
	"when it has counted": "after dispatch.starting_limits.why_not_yet 1",
	"in the handler": "before execution.attempt.run_to_its_end 1",
	"when the job has ended": "before dispatch.consequences.take_consequences 1",
	"before the next one is handed over": "before dispatch.dispatcher.queue_jobs 1",
}
EACH = {"max_running_in_organization": 1, "start_limit": 1000, "start_limit_window": 60}


def all_completed(jobs):
	return lambda: {state(job.name)["status"] for job in jobs} == {"Completed"}


def held_jobs() -> list[str]:
	return frappe.get_all("Background Job", {"held_by": ("is", "set")}, pluck="name")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
@pytest.mark.parametrize("death", ["kill_horse", "kill_worker_and_horse"])
def test_all_jobs_end_whoever_dies_where(world, processes, tick, point, death):
	make_job_type(LIMITED, **EACH)
	frappe.db.commit()
	worker = processes.stopped_worker(point)
	jobs = [submit_as(World.alice, LIMITED, World.alpha, {"mode": "succeed", "n": n}) for n in range(3)]
	getattr(worker, death)()
	if death == "kill_worker_and_horse":
		let_rqs_patience_run_out_for_all()
		processes.worker()
	wait_until(ticking(all_completed(jobs), tick), "the jobs have ended", 60)
	assert held_jobs() == []
	running = [transitions(job.name).count(("Running", "Completed")) for job in jobs]
	assert running == [1, 1, 1]


def test_no_two_jobs_of_a_customer_run_at_once(world, processes, tmp_path, tick):
	make_job_type(LIMITED, max_running_per_value=1, limited_parameter="customer")
	frappe.db.commit()
	work = {"mode": "be_alone_for_a_customer", "folder": str(tmp_path)}
	jobs = [
		submit_as(World.alice, LIMITED, World.alpha, {**work, "customer": f"customer-{n % 7}", "n": n})
		for n in range(140)
	]
	for _ in range(3):
		processes.worker()
	wait_until(all_completed(jobs), "the jobs have ended", 120)
	assert len(list(tmp_path.glob("*.running"))) == 7
	assert list(tmp_path.glob("*.overlap")) == []
	assert held_jobs() == []
