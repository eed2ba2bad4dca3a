"""Automation and apps are told how jobs and groups ended: after the commit, once, whatever one raises."""

import sys

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	acting_as,
	counted_round_trips,
	counted_statements,
	end,
	people_written,
	submit,
)
from frappe.utils.background_jobs import get_queue

from dartwing.dartwing_core.background_jobs import cancel_job, submit_job
from dartwing.dartwing_core.background_jobs.announcing import automation
from dartwing.dartwing_core.background_jobs.announcing.automation import FIELD, JOB, SETTINGS, TELL
from dartwing.dartwing_core.background_jobs.dispatch.automation import tell
from dartwing.tests import handlers

RAISING = "dartwing.tests.handlers.raise_at_the_end"
HOOKED = "dartwing.tests.handlers.note_the_end"


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture
def hooked(monkeypatch):
	"""An app that wants to be told; `hooked` is what it was told."""
	ended = []
	get_hooks = frappe.get_hooks

	def hooks(name=None, *arguments, **named):
		return [RAISING, HOOKED] if name == automation.HOOK else get_hooks(name, *arguments, **named)

	monkeypatch.setattr(frappe, "get_hooks", hooks)
	monkeypatch.setattr(handlers, "ended", ended)
	automation.note_configuration()
	frappe.db.commit()
	yield ended
	monkeypatch.undo()
	automation.note_configuration()
	frappe.db.delete("Error Log", {"method": ("like", "%raise_at_the_end%")})
	frappe.db.commit()


def statuses(ended) -> list[tuple[str, str]]:
	return [(job.name, job.status) for job in ended]


@pytest.mark.parametrize(("mode", "status"), [("succeed", "Completed"), ("raise_permanent", "Dead Letter")])
def test_an_app_is_told_once_of_an_end_with_the_document(world, hooked, dartwing_jobs, mode, status):
	job = submit(mode=mode)
	dartwing_jobs.drain()
	dartwing_jobs.drain()
	assert statuses(hooked) == [(job.name, status)]
	assert hooked[0].doctype == "Background Job"
	assert hooked[0].owner_user == world.alice


def test_an_end_that_comes_from_a_person_is_told(world, hooked, dartwing_jobs):
	job = submit()
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	dartwing_jobs.drain()
	assert statuses(hooked) == [(job.name, "Canceled")]


def test_failures_that_are_tried_again_are_no_ends(world, hooked, dartwing_jobs):
	submit(mode="raise_unknown")
	dartwing_jobs.drain()
	assert hooked == []
	job = dartwing_jobs.drain(until=100_000)[0]
	assert statuses(hooked) == [(job.name, "Dead Letter")]


def test_what_is_rolled_back_is_not_told(world, hooked, dartwing_jobs):
	job = submit()
	with acting_as(world.alice):
		frappe.db.savepoint("before_the_cancel")
		cancel_job(job.name)
		frappe.db.rollback(save_point="before_the_cancel")
		frappe.db.commit()
	dartwing_jobs.drain()
	assert statuses(hooked) == [(job.name, "Completed")]


def test_one_that_raises_harms_neither_the_job_nor_the_others(world, hooked, dartwing_jobs):
	"""The one that raises comes first, and has written a person by then."""
	job = submit()
	assert dartwing_jobs.drain()[0].status == "Completed"
	assert statuses(hooked) == [(job.name, "Completed")]
	assert people_written() == 0
	frappe.db.rollback()
	(recorded,) = frappe.get_all("Error Log", {"method": ("like", f"%about {job.name}")}, pluck="method")
	assert "raise_at_the_end" in recorded


def test_one_that_leaves_the_process_keeps_nothing_from_the_others(world, hooked, dartwing_jobs, monkeypatch):
	def leave(_job) -> None:
		sys.exit(3)

	monkeypatch.setattr(handlers, "raise_at_the_end", leave)
	job = submit()
	dartwing_jobs.drain()
	assert statuses(hooked) == [(job.name, "Completed")]


def test_an_end_that_has_moved_on_is_not_told(world, hooked):
	job = submit(mode="succeed")
	end(job.name, "Dead Letter")
	tell([[JOB, job.name, "Running", "Completed"]])
	tell([[JOB, "JOB-1999-00001", "Running", "Completed"]])
	assert hooked == []


def test_many_ends_of_a_transaction_are_told_together(world, hooked, dartwing_jobs):
	jobs = [submit(n=number) for number in range(3)]
	with acting_as(world.alice):
		for job in jobs:
			cancel_job(job.name)
		frappe.db.commit()
	dartwing_jobs.drain()
	assert statuses(hooked) == [(job.name, "Canceled") for job in jobs]


def told_in_queue(job_id: str) -> list[list[str]]:
	"""The ends of the job of which an RQ job is to tell, that waits."""
	waiting = [job.kwargs for job in get_queue(automation.QUEUE).get_jobs()]
	telling = [kwargs["kwargs"]["ends"] for kwargs in waiting if TELL in str(kwargs.get("method"))]
	return [end for ends in telling for end in ends if end[1] == job_id]


def test_a_worker_pushes_and_another_job_tells(world, hooked, runtime, work):
	"""Workers of the queues in which jobs wait; the one that tells waits in another."""
	job = submit()
	runtime.run("worker", "--queue", "default", "--burst")
	assert told_in_queue(job.name) == [[JOB, job.name, "Running", "Completed"]]
	work()
	assert told_in_queue(job.name) == []


def test_nothing_is_asked_or_pushed_where_nobody_wants_to_be_told(world, dartwing_jobs):
	assert not frappe.db.get_single_value(SETTINGS, FIELD)
	job = submit()
	with acting_as(world.alice), counted_statements() as statements, counted_round_trips() as sent:
		cancel_job(job.name)
		frappe.db.commit()
	assert not [one for one in statements if "Notification`" in one or "Webhook" in one]
	assert not [one for one in sent if "dispatch.automation" in one]


def test_the_field_says_who_wants_to_be_told(world, hooked):
	assert frappe.db.get_single_value(SETTINGS, FIELD) == JOB


# --- how owners are told


@pytest.mark.parametrize(("by", "bells", "mails"), [("Bell", 1, 0), ("E-Mail", 0, 1), ("Both", 1, 1)])
def test_owners_are_told_by_bell_by_mail_or_by_both(world, dartwing_jobs, monkeypatch, by, bells, mails):
	sent = []
	monkeypatch.setitem(vars(frappe), "sendmail", lambda **mail: sent.append(mail))
	job_type = frappe.get_doc("Job Type", OBLIGING).update({"notify_owner": "Always", "notify_owner_by": by})
	job_type.save()
	frappe.db.commit()
	try:
		with acting_as(world.alice):
			submit_job(OBLIGING, world.alpha, {"mode": "raise_validation"})
		dartwing_jobs.drain()
		logs = frappe.get_all("Notification Log", {"for_user": world.alice})
		assert (len(logs), len(sent)) == (bells, mails)
		for mail in sent:
			assert mail["recipients"] == [world.alice]
			assert "Dead Letter" in mail["subject"]
			assert "<script" not in mail["message"]
	finally:
		job_type.reload()
		job_type.update({"notify_owner": "Never", "notify_owner_by": "Bell"}).save()
		frappe.db.commit()


def test_a_mail_that_cannot_be_sent_leaves_the_bell(world, dartwing_jobs, monkeypatch):
	def fail(**_mail):
		raise frappe.ValidationError("no account for outgoing mail")

	monkeypatch.setitem(vars(frappe), "sendmail", fail)
	job_type = frappe.get_doc("Job Type", OBLIGING)
	job_type.update({"notify_owner": "Always", "notify_owner_by": "Both"}).save()
	frappe.db.commit()
	try:
		submit()
		assert dartwing_jobs.drain()[0].status == "Completed"
		assert frappe.db.count("Notification Log", {"for_user": World.alice}) == 1
	finally:
		job_type.reload()
		job_type.update({"notify_owner": "Never", "notify_owner_by": "Bell"}).save()
		frappe.db.commit()
