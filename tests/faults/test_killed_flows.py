"""kill -9 while a flow is submitted, by a user or by a running job, and while it goes from job to job.

Either all its jobs are there or none, each runs once, and the last one is given what its parents left.
"""

import frappe
import pytest
from factories import (
	MARKER,
	OBLIGING,
	people_written,
	queued_wake_ups,
	state,
	submit,
	transitions,
	wait_until,
)
from grouped import status_of, submit_flow
from processes import kill, let_rqs_patience_run_out, ticking

from dartwing.dartwing_core.background_jobs import Flow, Job
from dartwing.dartwing_core.background_jobs.groups import settling

PAGES = 3
FANS_OUT = {"mode": "fan_out", "count": PAGES, "marker": MARKER}
PAGE = {"mode": "write_people", "people": 1, "marker": MARKER}
DEATHS = ["kill_horse", "kill_worker_and_horse"]

# in the transaction of a handler that submits jobs one by one
BEFORE_THE_COMMIT = {
	"between two submissions": "after submission.acceptance.accept 2",
	"between the handler's return and its record": "before executor.settle",
	"between the record and the commit": "before execution.settlement.as_own_connection",
}
AFTER_THE_COMMIT = {
	"before the new jobs are looked at": "before database.named_locks.let_go_and_read",
	"before the push": "before dispatch.wake_ups.push_all",
}
OF_A_SUBMITTER_BEFORE = {
	"before the jobs are inserted": "before submission.acceptance.insert",
	"between the jobs and their group": "before groups.rows.create",
	"before the commit": "after submission.flows.submit_flow",
}
OF_A_SUBMITTER_AFTER = {
	"before the new jobs are announced": "before announcing.realtime.publish_all",
	"before they are dispatched": "before dispatch.dispatcher.dispatch",
	"before the push": "before dispatch.wake_ups.push_all",
}
# in what follows when a parent of several jobs, or one of several parents, has ended
BETWEEN_TWO_JOBS = {
	"before the children are looked at": "before dispatch.dependencies.parents_ended",
	"before the children are released": "before dispatch.dependencies._release",
	"before their release is committed": "after dispatch.dependencies._release",
	"before the last child is released": "before dispatch.dependencies._release 2",
	"before they are dispatched": "before dispatch.dispatcher.dispatch",
}

pytestmark = pytest.mark.usefixtures("impatient")


def points(of: dict[str, str]):
	return pytest.mark.parametrize("point", of.values(), ids=of.keys())


def jobs() -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Background Job", pluck="name", order_by="name asc")


def is_completed(job_id: str):
	return lambda: state(job_id)["status"] == "Completed"


def runs(job_id: str) -> int:
	return transitions(job_id).count(("Running", "Completed"))


def result_of(job_id: str) -> object:
	return state(job_id)["result"]


def another_worker(processes, job_id: str, death: str) -> None:
	if death == "kill_worker_and_horse":
		let_rqs_patience_run_out(job_id)
		processes.worker()


def assert_each_page_was_read_once(pages: list[str], merge: str) -> None:
	assert len(pages) == PAGES
	assert [runs(job) for job in (*pages, merge)] == [1] * (PAGES + 1)
	assert people_written() == PAGES
	assert [told[0] for told in result_of(merge)] == pages


# --- a running job submits others


@points(BEFORE_THE_COMMIT)
@pytest.mark.parametrize("death", DEATHS)
def test_what_a_job_submitted_before_its_worker_died_never_was(world, processes, tick, death, point):
	worker = processes.stopped_worker(point)
	job = submit(**FANS_OUT)
	getattr(worker, death)()
	assert jobs() == [job.name]
	another_worker(processes, job.name, death)
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	*pages, merge = result_of(job.name)
	wait_until(ticking(is_completed(merge), tick), "what it submitted runs")
	assert jobs() == [job.name, *pages, merge]
	assert_each_page_was_read_once(pages, merge)


@points(AFTER_THE_COMMIT)
@pytest.mark.parametrize("death", DEATHS)
def test_what_a_job_submitted_runs_although_its_worker_died_after_the_commit(
	world, processes, tick, death, point
):
	worker = processes.stopped_worker(point)
	job = submit(**FANS_OUT)
	getattr(worker, death)()
	assert state(job.name)["status"] == "Completed"
	*pages, merge = result_of(job.name)
	assert jobs() == [job.name, *pages, merge]
	assert [queued_wake_ups("default", page) for page in pages] == [[]] * PAGES
	another_worker(processes, job.name, death)
	wait_until(ticking(is_completed(merge), tick), "what it submitted runs")
	assert runs(job.name) == 1
	assert_each_page_was_read_once(pages, merge)


@points(BEFORE_THE_COMMIT)
def test_a_group_does_not_end_before_what_a_killed_member_submits_again(world, processes, tick, point):
	worker = processes.stopped_worker(point)
	made = submit_flow(Flow("Scan", Job(OBLIGING, FANS_OUT), on_end=Job(OBLIGING, {"mode": "succeed"})))
	worker.kill_horse()
	assert status_of(made.group_id) == "Running"
	wait_until(ticking(lambda: status_of(made.group_id) == "Completed", tick), "the group ends")
	wait_until(ticking(is_completed(made.on_end.name), tick), "its job at the end runs")
	*pages, merge = result_of(made.jobs[0].name)
	assert frappe.db.count("Background Job", {"job_group": made.group_id}) == PAGES + 2
	assert_each_page_was_read_once(pages, merge)
	assert runs(made.on_end.name) == 1


# --- a flow is submitted


def said() -> list:
	pages = [
		{"job_type": OBLIGING, "name": f"page {n}", "parameters": {**PAGE, "page": n}, "depends_on": "split"}
		for n in range(PAGES)
	]
	split = {"job_type": OBLIGING, "name": "split", "parameters": {"mode": "succeed"}}
	names = [page["name"] for page in pages]
	merge = {"job_type": OBLIGING, "parameters": {"mode": "tell_of_parents"}, "depends_on": names}
	return ["Scan", [split, *pages, merge], {"job_type": OBLIGING, "parameters": {"mode": "succeed"}}]


@points(OF_A_SUBMITTER_BEFORE)
def test_of_a_flow_whose_submitter_died_before_its_commit_nothing_is_left(world, processes, tick, point):
	dependencies = frappe.db.count("Job Dependency")
	submitter = processes.stopped_flow(point, world.alice, world.alpha, *said())
	kill(submitter.pid)
	tick()
	assert jobs() == []
	assert frappe.db.count("Job Group") == 0
	assert frappe.db.count("Job Dependency") == dependencies
	assert queued_wake_ups("default") == []


@points(OF_A_SUBMITTER_AFTER)
def test_a_flow_whose_submitter_died_after_its_commit_runs(world, processes, tick, point):
	submitter = processes.stopped_flow(point, world.alice, world.alpha, *said())
	kill(submitter.pid)
	assert queued_wake_ups("default") == []
	processes.worker()
	assert_runs_to_its_end(tick)


# --- it goes from job to job


@points(BETWEEN_TWO_JOBS)
@pytest.mark.parametrize("death", DEATHS)
def test_a_flow_goes_on_after_the_death_of_who_ended_a_parent(world, processes, tick, death, point):
	worker = processes.stopped_worker(point)
	made = submit_flow(Flow.parse(*said()))
	getattr(worker, death)()
	assert status_of(made.group_id) == "Running"
	if death == "kill_worker_and_horse":
		for job in made.jobs:
			let_rqs_patience_run_out(job.name)
		processes.worker()
	assert_runs_to_its_end(tick)


def assert_runs_to_its_end(tick) -> None:
	frappe.db.rollback()
	group, on_end = frappe.db.get_value("Job Group", {}, ["name", "on_end_job"])
	wait_until(ticking(is_completed(on_end), tick), "the job at the end runs")
	members = frappe.get_all("Background Job", {"job_group": group}, pluck="name", order_by="name asc")
	_split, *pages, merge = members
	assert_each_page_was_read_once(pages, merge)
	assert runs(on_end) == 1
	assert status_of(group) == "Completed"
	assert settling.overlooked(10) == []
