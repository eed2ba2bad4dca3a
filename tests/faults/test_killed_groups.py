"""A group ends once, and with its last member, whoever is killed and whoever else commits at that instant."""

import threading

import frappe
import pytest
from factories import acting_as, state, transitions, wait_until
from grouped import row_of, status_of, submit_group
from processes import let_rqs_patience_run_out, ticking

from dartwing.dartwing_core.background_jobs import cancel_group
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_end
from dartwing.dartwing_core.background_jobs.groups import settling

# where the process of a worker dies, in the transaction in which it ends the last member
POINTS = {
	"before the group's row is locked": "before groups.rows.locked 2",
	"with the group's row locked": "after groups.rows.locked 2",
	"before the end is written": "before groups.rows.write_status 1",
	"before the job at the end goes on": "before groups.settling._release 1",
	"before the commit": "after groups.settling._release 1",
}
# ends that several connections bring about at the same instant
ROUNDS, AT_ONCE = 5, 6


def has_ended(group: str, status: str = "Completed"):
	return lambda: status_of(group) == status


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
@pytest.mark.parametrize("death", ["kill_horse", "kill_worker_and_horse"])
def test_a_group_ends_after_the_death_of_who_ended_its_last_member(world, processes, tick, point, death):
	worker = processes.stopped_worker(point)
	group, members, on_end = submit_group(2, with_on_end=True)
	getattr(worker, death)()
	# what was not committed has not happened: neither the end of the member nor that of the group
	assert sorted(state(member)["status"] for member in members) == ["Completed", "Running"]
	assert (row_of(group).status, state(on_end)["status"]) == ("Running", "Pending")
	if death == "kill_worker_and_horse":
		(last,) = [member for member in members if state(member)["status"] == "Running"]
		let_rqs_patience_run_out(last)
		processes.worker()
	wait_until(ticking(has_ended(group), tick), "the group ends")
	wait_until(ticking(lambda: state(on_end)["status"] == "Completed", tick), "its job at the end runs")
	assert transitions(on_end).count(("Queued", "Running")) == 1
	assert settling.overlooked(10) == []


@pytest.mark.usefixtures("impatient")
def test_a_horse_that_died_after_the_commit_has_ended_the_group(world, processes, tick):
	worker = processes.stopped_worker("before groups.progress.tell 1")
	group, _members, on_end = submit_group(2, with_on_end=True)
	worker.kill_horse()
	assert status_of(group) == "Completed"
	processes.worker()
	wait_until(ticking(lambda: state(on_end)["status"] == "Completed", tick), "its job at the end runs")
	assert transitions(on_end).count(("Queued", "Running")) == 1


def test_workers_that_end_members_at_the_same_time_leave_no_group_open(world, processes, window):
	window(50)
	groups = [submit_group(4, with_on_end=True) for _ in range(10)]
	for _ in range(3):
		processes.worker()
	for group, members, on_end in groups:
		wait_until(has_ended(group), "the group ends", 60)
		assert {state(member)["status"] for member in members} == {"Completed"}
		wait_until(lambda on_end=on_end: state(on_end)["status"] == "Completed", "its job at the end runs")
		assert transitions(on_end).count(("Queued", "Running")) == 1
	assert settling.overlooked(10) == []


@pytest.mark.parametrize("ends", ["Completed", "mixed"])
def test_members_that_end_in_the_same_instant_on_many_connections(world, site, ends):
	"""Each thread has a connection of its own, and commits when all have ended a member."""
	for _ in range(ROUNDS):
		group, members, on_end = submit_group(AT_ONCE, with_on_end=True)
		statuses = ["Completed"] * AT_ONCE if ends == "Completed" else ["Completed", "Dead Letter"] * 3
		errors = end_together(site, list(zip(members, statuses, strict=True)))
		assert errors == []
		assert status_of(group) == ("Completed" if ends == "Completed" else "Failed")
		assert state(on_end)["status"] == "Queued"
	assert settling.overlooked(10) == []


def end_together(site: str, ends: list[tuple[str, str]]) -> list[BaseException]:
	"""End these jobs, each in a thread with a context of its own; returns what was raised."""
	together, errors = threading.Barrier(len(ends)), []

	def run(job_id: str, status: str) -> None:
		frappe.init(site=site, sites_path=".")
		frappe.connect()
		try:
			job = frappe.get_doc("Background Job", job_id)
			job.transition_to("Running")
			job.transition_to(status)
			follow_end(job)
			together.wait(30)
			frappe.db.commit()
		except BaseException as error:
			errors.append(error)
		finally:
			frappe.destroy()

	threads = [threading.Thread(target=run, args=one) for one in ends]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join(60)
	return errors


def test_a_group_is_canceled_while_workers_run_it(world, processes, window):
	window(50)
	group, members, on_end = submit_group(30, with_on_end=True, mode="sleep", seconds=0.5)
	for _ in range(2):
		processes.worker()
	wait_until(lambda: "Completed" in [state(member)["status"] for member in members], "some have ended")
	with acting_as(world.alice):
		answer = cancel_group(group)
		frappe.db.commit()
	assert answer["done"]
	wait_until(has_ended(group, "Canceled"), "the group ends")
	assert {state(member)["status"] for member in members} == {"Completed", "Canceled"}
	wait_until(lambda: state(on_end)["status"] == "Completed", "its job at the end runs")
