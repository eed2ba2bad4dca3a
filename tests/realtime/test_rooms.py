"""Who is sent what about jobs, over real Socket.IO."""

import re
import time
from datetime import datetime

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	acting_as,
	end,
	make_member,
	make_user,
	remove_member,
	submit,
	wait_until,
)
from following import follow, of_jobs, settle
from frappe.permissions import add_user_permission
from frappe.utils import add_days, nowdate

from dartwing.dartwing_core.background_jobs import cancel_job, retry_job, submit_job
from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.dispatch import consequences

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
# a stock worker on a busy machine may need this long to start
PATIENCE = 120
LEAVER = "leaver@alpha.example"


@pytest.fixture
def leaver(world):
	"""A member of Alpha whom a test removes."""
	make_user(LEAVER, ["Dartwing User"])
	member = make_member(LEAVER, world.alpha)
	frappe.db.commit()
	yield member
	for permission in frappe.get_all("User Permission", {"user": LEAVER}, pluck="name"):
		frappe.delete_doc("User Permission", permission)
	frappe.db.commit()
	remove_member(LEAVER)


def test_members_are_sent_the_transitions_of_a_job(connect, world):
	socket = follow(connect(world.alice), world.alpha)
	job = submit()
	end(job.name, "Completed", output_reference="/private/files/x.csv")
	last = socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Completed")
	assert re.fullmatch(UTC, last.pop("updated_at"))
	assert last == {
		"job_id": job.name,
		"job_type": OBLIGING,
		"from_status": "Running",
		"to_status": "Completed",
		"output_reference": "/private/files/x.csv",
	}
	steps = [(event["from_status"], event["to_status"]) for event in socket.named("job_status_changed")]
	assert steps == [
		(None, "Pending"),
		("Pending", "Queued"),
		("Queued", "Running"),
		("Running", "Completed"),
	]


def test_what_a_handler_logs_reaches_members_and_nobody_else(connect, world, worker):
	socket, stranger = follow(connect(world.alice), world.alpha), follow(connect(world.bob), world.beta)
	job = submit(mode="log_lines", how="one_now_and_then", lines=5, seconds=0.6)
	heard: list[dict] = []

	def arrived() -> bool:
		heard[:] = [
			{**line, "attempt": event["attempt"]}
			for event in socket.named("job_log")
			if event["job_id"] == job.name
			for line in event["lines"]
		]
		return len(heard) == 5

	wait_until(arrived, "five lines", timeout_seconds=PATIENCE)
	assert [(line["attempt"], line["line"], line["text"]) for line in heard] == [
		(1, number, f"line {number}") for number in range(1, 6)
	]
	assert all(re.fullmatch(UTC, line["at"]) and line["level"] == "INFO" for line in heard)
	assert of_jobs(stranger) == []


def test_progress_of_a_worker_reaches_the_client_in_time(connect, world, worker):
	socket = follow(connect(world.alice), world.alpha)
	job = submit(mode="report_and_wait", seconds=3)
	delays = {}

	def arrived() -> bool:
		for event in socket.named("job_progress"):
			delays.setdefault(event["progress"], event)
		return 42 in delays

	wait_until(arrived, "both reports", timeout_seconds=PATIENCE)
	first = delays[1]
	assert set(first) == {"job_id", "status", "progress", "progress_message", "updated_at"}
	assert (first["job_id"], first["status"], first["progress_message"]) == (job.name, "Running", "first")
	assert re.fullmatch(UTC, first["updated_at"])


def test_the_way_of_progress_is_measured(connect, world, worker, capsys):
	"""From the moment that a report was written to the moment that the client has it."""
	socket, latencies = follow(connect(world.alice), world.alpha), []
	submit(mode="hurry", seconds=4)

	def look() -> bool:
		events = socket.named("job_progress")
		latencies.extend(seconds_since(event["updated_at"]) for event in events[len(latencies) :])
		return any(event["progress"] == 99 for event in events)

	wait_until(look, "the last report", timeout_seconds=PATIENCE)
	with capsys.disabled():
		print(f"\nprogress reaches the client after {[f'{one * 1000:.0f} ms' for one in latencies]}")
	assert max(latencies) < 2


def seconds_since(utc: str) -> float:
	return time.time() - datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()


def test_an_organization_is_sent_nothing_of_another(connect, world):
	alice, bob = follow(connect(world.alice), world.alpha), follow(connect(world.bob), world.beta)
	end(submit().name, "Completed")
	of_bob = submit(world.bob, world.beta).name
	end(of_bob, "Completed")
	assert of_bob not in str(of_jobs(alice))
	assert {event[1]["job_id"] for event in of_jobs(bob)} == {of_bob}


@pytest.mark.parametrize("user", [World.bob, World.nobody])
def test_who_is_no_member_follows_nothing(connect, world, user):
	member, outsider = connect(world.alice), connect(user)
	for name in (
		world.alpha,
		world.alpha.lower(),
		f"{world.alpha} ",
		f"{world.alpha}/",
		[world.alpha],
		"%",
		None,
	):
		outsider.emit("doc_subscribe", "Organization", name)
		outsider.emit("doc_open", "Organization", name)
	# the server answers one after the other's questions: who asks last is let in last
	follow(member, world.alpha)
	end(submit().name, "Completed")
	assert len(of_jobs(member)) == 4
	assert of_jobs(outsider) == []


def test_no_other_room_carries_anything_of_a_job(connect, world):
	"""Rooms that Frappe v15 lets everybody join, and names of rooms in the place of ids."""
	job = submit()
	outsider = connect(world.bob)
	rooms = (f"org:{world.alpha}", f"doc:Organization/{world.alpha}", world.alpha, job.name, OBLIGING)
	for name in rooms:
		for event in ("task_subscribe", "progress_subscribe", "org_subscribe", "subscribe", "join"):
			outsider.emit(event, name)
	for doctype in ("Background Job", "Job Execution Log", "Job Group", "Job Schedule", "Organization"):
		outsider.emit("doctype_subscribe", doctype)
	outsider.emit("doc_subscribe", "Background Job", job.name)
	outsider.emit("doc_open", "Background Job", job.name)
	member = follow(connect(world.alice), world.alpha)
	settle(outsider)
	end(job.name, "Completed", output_reference="/private/files/secret.csv")
	assert len(of_jobs(member)) == 2
	settle(outsider)
	assert job.name not in str(outsider.events)
	assert world.alpha not in str(outsider.events)


def test_the_rooms_of_doctypes_tell_nothing_of_other_organizations(connect, world):
	"""Who may read any document of a DocType may join its room, where Frappe tells of each that is saved."""
	outsider = connect(world.bob)
	for doctype in ("Organization", "Person", "Org Member"):
		outsider.emit("doctype_subscribe", doctype)
	# a socket is let into rooms in the order in which it asks
	follow(outsider, world.beta)
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	member = frappe.db.get_value("Org Member", {"person": person})
	for doctype, name in (("Organization", world.alpha), ("Person", person), ("Org Member", member)):
		frappe.get_doc(doctype, name).save()
	guest = frappe.get_doc({"doctype": "Person", "first_name": "New"}).insert()
	frappe.db.commit()
	guest.delete()
	frappe.db.commit()
	settle(outsider)
	told = str(outsider.events)
	assert not any(name in told for name in (world.alpha, person, member, guest.name)), told


def test_who_unsubscribes_is_sent_nothing_more(connect, world):
	socket, other = follow(connect(world.alice), world.alpha), follow(connect(world.manager), world.alpha)
	socket.emit("doc_unsubscribe", "Organization", world.alpha)

	def is_out() -> bool:
		socket.events.clear()
		frappe.publish_realtime("test_probe", {"n": 1}, doctype="Organization", docname=world.alpha)
		settle(socket)
		return not socket.named("test_probe")

	wait_until(is_out, "the socket left")
	end(submit().name, "Completed")
	assert len(of_jobs(other)) == 4
	assert of_jobs(socket) == []


def test_a_removed_member_follows_nothing_after_reconnecting(connect, web, world, leaver):
	client = web.login(LEAVER)
	follow(connect(LEAVER, client), world.alpha).disconnect()
	with acting_as("Administrator"):
		frappe.delete_doc("Org Member", leaver.name)
		frappe.db.commit()
	again, member = connect(LEAVER, client), connect(world.alice)
	again.emit("doc_subscribe", "Organization", world.alpha)
	follow(member, world.alpha)
	end(submit().name, "Completed")
	assert len(of_jobs(member)) == 4
	assert of_jobs(again) == []


@pytest.mark.parametrize("lapse", ["end_date", "start_date", "person", "user permission"])
def test_who_is_no_member_today_follows_nothing(connect, web, world, leaver, lapse):
	client = web.login(LEAVER)
	with acting_as("Administrator"):
		if lapse == "person":
			frappe.get_doc("Person", leaver.person).update({"status": "Inactive"}).save()
		elif lapse == "user permission":
			add_user_permission("Organization", world.beta, LEAVER)
		else:
			leaver.update({lapse: add_days(nowdate(), -1 if lapse == "end_date" else 1)}).save()
		frappe.db.commit()
	outsider, member = connect(LEAVER, client), connect(world.alice)
	outsider.emit("doc_subscribe", "Organization", world.alpha)
	follow(member, world.alpha)
	end(submit().name, "Completed")
	assert len(of_jobs(member)) == 4
	assert of_jobs(outsider) == []


def test_nothing_is_sent_of_the_jobs_of_an_organization_that_was_deleted(connect, world):
	"""Who was let in before it was deleted is still in its room."""
	organization = {"doctype": "Organization", "org_name": world.short_lived, "org_type": "Company"}
	frappe.get_doc(organization).insert()
	frappe.db.commit()
	socket = follow(connect(world.manager), world.short_lived)
	submit("Administrator", world.short_lived)
	socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Queued")
	settle(socket)
	socket.events.clear()
	frappe.delete_doc("Organization", world.short_lived)
	frappe.db.commit()
	assert of_jobs(socket) == []


def test_nothing_is_sent_of_what_was_rolled_back(connect, world):
	socket = follow(connect(world.alice), world.alpha)
	job = submit()
	doc = frappe.get_doc("Background Job", job.name)
	socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Queued")
	doc.reload()
	doc.transition_to("Running")
	frappe.db.rollback()
	settle(socket)
	assert "Running" not in [event["to_status"] for event in socket.named("job_status_changed")]


def test_nothing_is_sent_of_what_was_undone_to_a_savepoint(connect, world):
	socket = follow(connect(world.alice), world.alpha)
	kept, canceled = submit(), submit()
	with acting_as(world.alice):
		frappe.db.savepoint("here")
		cancel_job(kept.name)
		frappe.db.rollback(save_point="here")
		cancel_job(canceled.name)
		frappe.db.commit()
	socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Canceled")
	settle(socket)
	ends = [
		event["job_id"] for event in socket.named("job_status_changed") if event["to_status"] == "Canceled"
	]
	assert ends == [canceled.name]


def test_a_job_that_is_canceled_by_who_submits_it_is_announced_before(connect, world, window):
	window(10)
	socket = follow(connect(world.alice), world.alpha)
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {})
		cancel_job(job.name)
		frappe.db.commit()
	socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Canceled")
	settle(socket)
	seen = [event["to_status"] for event in socket.named("job_status_changed") if event["job_id"] == job.name]
	assert seen == ["Pending", "Canceled"]


def test_jobs_of_one_transaction_are_announced_before_they_are_handed_over(connect, world, window):
	window(10)
	socket = follow(connect(world.alice), world.alpha)
	with acting_as(world.alice):
		jobs = [submit_job(OBLIGING, world.alpha, {"n": n}).name for n in range(3)]
		frappe.db.commit()
	for job in jobs:
		end(job, "Dead Letter")
	for job in jobs:
		retry_job(job)
	frappe.db.commit()
	settle(socket)
	once = ["Pending", "Queued", "Running", "Dead Letter", "Queued", "Pending", "Queued"]
	events = socket.named("job_status_changed")
	for job in jobs:
		assert [event["to_status"] for event in events if event["job_id"] == job] == once


def test_nothing_is_sent_of_a_job_to_an_organization_that_is_not_its_own(connect, world):
	socket = follow(connect(world.alice), world.alpha)
	foreign = submit(world.bob, world.beta)
	foreign.organization = world.alpha
	consequences.follow_acceptance([foreign], [], realtime.status_messages([foreign], None))
	frappe.db.commit()
	assert foreign.name not in str(of_jobs(socket))
