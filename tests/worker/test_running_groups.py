"""Groups whose jobs a stock worker runs."""

import frappe
from factories import OBLIGING, acting_as, end, state, submit, transitions
from grouped import row_of, status_of, submit_group

from dartwing.dartwing_core.background_jobs import Flow, Job, get_group, get_job_status, retry_group
from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.dispatch import consequences


def completed(*job_ids: str) -> bool:
	return {state(job_id)["status"] for job_id in job_ids} == {"Completed"}


def test_a_group_ends_and_its_job_at_the_end_runs_once(world, work):
	group, members, on_end = submit_group(5, with_on_end=True)
	work()
	assert (status_of(group), completed(*members)) == ("Completed", True)
	# it was dispatched with what followed from the last end
	assert transitions(on_end).count(("Queued", "Running")) == 1
	last = max(state(member)["completed_at"] for member in members)
	assert state(on_end)["started_at"] >= last
	assert row_of(group).ended_at


def test_a_dead_letter_fails_the_group_and_a_retry_completes_it(world, work):
	group, members, on_end = submit_group(2, with_on_end=True, mode="raise_permanent")
	work()
	assert status_of(group) == "Failed"
	for member in members:
		frappe.db.set_value("Background Job", member, "input_parameters", '{"mode": "succeed"}')
	with acting_as(world.adam):
		assert retry_group(group)["done"] == members
		frappe.db.commit()
	assert status_of(group) == "Running"
	work()
	assert (status_of(group), completed(*members)) == ("Completed", True)
	assert transitions(on_end).count(("Queued", "Running")) == 1


def test_a_member_that_waits_for_a_retry_keeps_the_group_open(world, work):
	group, (member,), _on_end = submit_group(1, mode="raise_unknown")
	work()
	assert (status_of(group), state(member)["status"]) == ("Running", "Failed")


def test_a_member_whose_owner_was_removed_is_refused_and_ends_the_group(world, work):
	group, (member,), _on_end = submit_group(1)
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	row = frappe.db.get_value("Org Member", {"person": person, "organization": world.alpha})
	frappe.db.set_value("Org Member", row, "status", "Inactive")
	frappe.db.commit()
	try:
		work()
		assert (status_of(group), state(member)["status"]) == ("Failed", "Dead Letter")
	finally:
		frappe.db.set_value("Org Member", row, "status", "Active")
		frappe.db.commit()


# --- what is told


def told(monkeypatch) -> list:
	messages: list = []
	publish = realtime.publish_all

	def note(event, some):
		if event == "job_group_progress":
			messages.extend(some)
		return publish(event, some)

	monkeypatch.setattr(realtime, "publish_all", note)
	return messages


def test_an_end_tells_how_far_its_group_is(world, monkeypatch):
	group, members, _on_end = submit_group(4, title="Scan")
	messages = told(monkeypatch)
	end(members[0], "Completed")
	((organization, message),) = messages
	assert organization == world.alpha
	assert message.pop("updated_at").endswith("Z")
	assert message == {
		"group_id": group,
		"title": "Scan",
		"organization": world.alpha,
		"status": "Running",
		"job_count": 4,
		"ended": 1,
		"progress": 25.0,
	}
	with acting_as(world.alice):
		assert get_group(group)["progress"] == 25.0


def test_several_ends_are_told_at_once(world, monkeypatch):
	_group, members, _on_end = submit_group(3)
	ended = [frappe.get_doc("Background Job", member) for member in members]
	for job in ended:
		job.transition_to("Canceled")
	frappe.db.commit()
	messages = told(monkeypatch)
	consequences.take_consequences(ended)
	((_organization, message),) = messages
	assert (message["status"], message["ended"], message["progress"]) == ("Canceled", 3, 100.0)


def test_a_job_is_told_of_the_group_that_it_belongs_to_or_ends(world, work):
	member = Job(OBLIGING, {"mode": "tell_of_the_group"})
	with acting_as(world.alice):
		made = Flow("Scan", member, on_end=Job(OBLIGING, {"mode": "tell_of_the_group"})).submit(world.alpha)
		frappe.db.commit()
	lone = submit(mode="tell_of_the_group", number=2)
	work()
	with acting_as(world.alice):
		told = [get_job_status(job.name)["result"] for job in (made.jobs[0], made.on_end, lone)]
	assert told == [[made.group_id, "Scan", "Running"], [made.group_id, "Scan", "Completed"], None]
