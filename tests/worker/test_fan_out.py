"""Running jobs that submit others, with real workers."""

import frappe
import pytest
from factories import MARKER, OBLIGING, acting_as, changed, people_written, state, submit, submit_as
from grouped import status_of, submit_flow

from dartwing.dartwing_core.background_jobs import Flow, Job, get_job_status
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher


def result_of(world, name: str) -> object:
	with acting_as(world.alice):
		return get_job_status(name)["result"]


def jobs_of(group: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Background Job", {"job_group": group}, pluck="name", order_by="name asc")


def test_what_a_running_job_submits_runs_after_its_commit(world, work):
	job = submit(mode="fan_out", count=3, marker=MARKER)
	work()
	*pages, merge = result_of(world, job.name)
	assert people_written() == 3
	assert [state(name)["status"] for name in (*pages, merge)] == ["Completed"] * 4
	assert [told[0] for told in result_of(world, merge)] == pages


@pytest.mark.parametrize("then", ["raise_permanent", "raise_unknown", "leave_the_process"])
def test_of_an_attempt_that_fails_no_job_is_left(world, work, then):
	job = submit(mode="fan_out", count=3, marker=MARKER, then=then)
	work()
	assert state(job.name)["status"] != "Completed"
	assert frappe.db.count("Background Job") == 1
	assert people_written() == 0


def test_a_job_that_submits_others_waits_while_its_organization_is_suspended(world, work):
	with changed("Organization", world.alpha, status="Active"):
		job = submit(mode="fan_out_after_a_suspension")
		work()
		end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Failed", "Transient")
	assert (
		end["error_message"]
		== f"organization: '{world.alpha}' is Suspended; jobs are accepted only while it is Active"
	)


def test_the_jobs_of_a_member_are_members_and_the_group_ends_after_them(world, work):
	split = Job(OBLIGING, {"mode": "fan_out", "count": 3, "marker": MARKER})
	made = submit_flow(Flow("Scan", split, on_end=Job(OBLIGING, {"mode": "succeed"})))
	work()
	assert len(jobs_of(made.group_id)) == 5
	assert status_of(made.group_id) == "Completed"
	assert state(made.on_end.name)["status"] == "Completed"
	ended_at = frappe.db.get_value("Job Group", made.group_id, "ended_at")
	last = max(frappe.get_all("Background Job", {"job_group": made.group_id}, pluck="completed_at"))
	started_at = frappe.db.get_value("Background Job", made.on_end.name, "started_at")
	assert last <= ended_at <= started_at


def test_the_flow_of_a_member_joins_its_group(world, work):
	made = submit_flow(Flow("Scan", Job(OBLIGING, {"mode": "fan_out_a_flow"})))
	work()
	group, names = result_of(world, made.jobs[0].name)
	assert group == made.group_id
	assert set(jobs_of(group)) == {made.jobs[0].name, *names}
	assert status_of(group) == "Completed"


def test_the_flow_of_a_job_without_a_group_makes_one(world, work):
	job = submit(mode="fan_out_a_flow")
	work()
	group, names = result_of(world, job.name)
	assert sorted(names) == jobs_of(group)
	assert frappe.db.get_value("Job Group", group, ["title", "status"]) == ("pages", "Completed")
	assert len(result_of(world, names[-1])) == 3


def test_what_a_step_submits_is_submitted_once(world, work):
	job = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "fan_out_in_a_step"})
	work()
	frappe.db.sql("update `tabBackground Job` set ready_at = '2020-01-01' where name = %s", (job.name,))
	frappe.db.commit()
	dispatcher.dispatch_ready()
	work()
	submitted = result_of(world, job.name)
	assert state(submitted)["status"] == "Completed"
	assert frappe.db.count("Background Job") == 2


def test_a_job_is_not_submitted_in_another_thread(world, work):
	job = submit(mode="fan_out_in_a_thread")
	work()
	assert state(job.name)["status"] == "Dead Letter"
	assert "in the thread and on the connection of the handler" in state(job.name)["error_message"]
	assert frappe.db.count("Background Job") == 1


@pytest.mark.parametrize(
	"after", ["the end", "a job after the end", "the end of a group of a job after the end"]
)
def test_a_member_waits_for_nothing_that_waits_for_its_group(world, work, after):
	split = Job(OBLIGING, {"mode": "submit_after_what_is_named"})
	made = submit_flow(Flow("Scan", split, on_end=Job(OBLIGING, {"mode": "succeed"})))
	last = made.on_end
	if after != "the end":
		last = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=last.name)
	if after.startswith("the end of a group"):
		other = submit_flow(Flow("other", Job(OBLIGING, {"n": 1}), on_end=Job(OBLIGING, {"n": 2})))
		frappe.db.set_value("Background Job", last.name, "job_group", other.group_id)
		last = other.on_end
	parameters = frappe.as_json({"mode": "submit_after_what_is_named", "parent": last.name})
	frappe.db.set_value("Background Job", made.jobs[0].name, "input_parameters", parameters)
	frappe.db.commit()
	work()
	assert state(made.jobs[0].name)["status"] == "Dead Letter"
	assert "starts after the end of" in state(made.jobs[0].name)["error_message"]
	assert status_of(made.group_id) == "Failed"


def test_a_job_that_was_canceled_submits_nothing_more(world, work):
	made = submit_flow(Flow("Scan", Job(OBLIGING, {"mode": "submit_after_a_cancel"})))
	work()
	assert [status_of(made.group_id), jobs_of(made.group_id)] == ["Canceled", [made.jobs[0].name]]


def test_a_job_that_has_ended_submits_nothing_more(world, work):
	made = submit_flow(Flow("Scan", Job(OBLIGING, {"mode": "submit_after_the_commit"})))
	work()
	assert [status_of(made.group_id), jobs_of(made.group_id)] == ["Completed", [made.jobs[0].name]]
