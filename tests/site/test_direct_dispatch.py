"""A job that nothing keeps waiting is Queued in the transaction that submits it."""

import gc
from collections import Counter
from contextlib import contextmanager

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	end,
	queued_wake_ups,
	second_connection,
	state,
	submit,
	transitions,
)
from frappe.utils import add_to_date, now_datetime

from dartwing.dartwing_core.background_jobs import cancel_job, submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.database import after_commit, readers, times
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.upkeep import holding


@contextmanager
def resumed_afterwards(**what):
	try:
		yield
	finally:
		holding.resume(**what)
		frappe.db.commit()


def submit_uncommitted(world, number: int = 1, **arguments) -> list[str]:
	"""Statuses as they are in the transaction that is still open."""
	with acting_as(world.alice):
		jobs = [submit_job(OBLIGING, world.alpha, {"n": n}, **arguments) for n in range(number)]
	return [frappe.db.get_value("Background Job", job.name, "status") for job in jobs]


def statuses(world) -> dict[str, int]:
	frappe.db.rollback()
	return Counter(frappe.get_all("Background Job", {"organization": world.alpha}, pluck="status"))


def test_the_row_is_queued_before_the_commit_and_its_wake_up_comes_after(world):
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {})
	row = frappe.db.get_value("Background Job", job.name, ["status", "ready_at", "rq_job_id"], as_dict=True)
	assert (job.status, row.status, row.ready_at) == ("Queued", "Queued", None)
	assert queued_wake_ups("default") == []
	frappe.db.commit()
	(wake_up,) = queued_wake_ups("default", job.name)
	assert wake_up.id.endswith(row.rq_job_id)
	assert transitions(job.name) == [(None, "Pending"), ("Pending", "Queued")]


def test_the_log_is_in_order_to_the_microsecond(world):
	job = submit()
	accepted, queued = frappe.get_all(
		"Job Execution Log", {"background_job": job.name}, ["timestamp", "actor"], order_by="timestamp asc"
	)
	assert (accepted.actor, queued.actor) == (world.alice, "Dispatcher")
	row = frappe.get_doc("Background Job", job.name)
	assert row.created_at == accepted.timestamp < queued.timestamp == row.queued_at


def test_what_is_rolled_back_is_not_pushed(world):
	assert submit_uncommitted(world) == ["Queued"]
	frappe.db.rollback()
	frappe.db.commit()
	assert (statuses(world), queued_wake_ups("default")) == ({}, [])


def test_what_is_undone_to_a_savepoint_is_not_pushed(world):
	frappe.db.savepoint("before_it")
	assert submit_uncommitted(world) == ["Queued"]
	frappe.db.rollback(save_point="before_it")
	frappe.db.commit()
	assert (statuses(world), queued_wake_ups("default")) == ({}, [])


def test_what_is_canceled_in_the_same_transaction_leaves_no_wake_up(world):
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {})
		cancel_job(job.name)
		frappe.db.commit()
	assert (state(job.name)["status"], queued_wake_ups("default")) == ("Canceled", [])


def test_what_waits_for_its_time_or_its_parent_is_pending(world):
	parent = submit(mode="parent")
	assert submit_uncommitted(world, scheduled_at=add_to_date(now_datetime(), hours=1)) == ["Pending"]
	assert submit_uncommitted(world, depends_on=parent.name) == ["Pending"]
	assert submit_uncommitted(world, scheduled_at=add_to_date(now_datetime(), hours=-1)) == ["Queued"]


@pytest.mark.parametrize("what", [{}, {"queue": "default"}, {"job_type": OBLIGING}])
def test_what_is_paused_is_pending(world, what):
	holding.pause(**what)
	frappe.db.commit()
	with resumed_afterwards(**what):
		assert submit_uncommitted(world) == ["Pending"]
		frappe.db.commit()
		assert statuses(world) == {"Pending": 1}
	assert statuses(world) == {"Queued": 1}


@pytest.mark.parametrize(("size", "directly"), [(0, 0), (50, 0), (53, 3), (12, 0), (100, 50), (120, 55)])
def test_at_most_half_of_a_window_is_taken_before_the_commit_and_fifty_slots_are_left(
	world, window, size, directly
):
	window(size)
	assert submit_uncommitted(world, 55) == ["Queued"] * directly + ["Pending"] * (55 - directly)
	frappe.db.commit()
	assert statuses(world).get("Queued", 0) == min(size, 55)


def test_nobody_overtakes_one_who_is_ready_and_waits(world, window):
	window(0)
	submit(n=1)
	window(100)
	end(submit(n=2).name, "Completed")
	assert "Pending" not in statuses(world)
	job = frappe.qb.DocType("Background Job")
	# as a job is whose dispatcher died
	waiting = submit(n=3)
	changes = {job.status: "Pending", job.ready_at: times.utc_now()}
	query = frappe.qb.update(job).where(job.name == waiting.name)
	for field, value in changes.items():
		query = query.set(field, value)
	query.run()
	frappe.db.commit()
	assert submit_uncommitted(world, priority="Critical") == ["Pending"]
	frappe.db.commit()
	assert "Pending" not in statuses(world)


def submit_bulk(world, number: int) -> list[str]:
	with acting_as(world.alice):
		jobs = submit_jobs([{"job_type": OBLIGING, "organization": world.alpha}] * number)
		frappe.db.commit()
	return [job.name for job in jobs]


def test_slots_of_an_open_transaction_are_not_given_away(world):
	with second_connection():
		assert submit_uncommitted(world, 40) == ["Queued"] * 40
		with second_connection():
			submit_bulk(world, 80)
			assert statuses(world) == {"Queued": 60, "Pending": 20}
		frappe.db.commit()
	assert statuses(world) == {"Queued": 100, "Pending": 20}


def test_slots_of_a_transaction_that_was_rolled_back_are_filled_at_the_next_end(world):
	with second_connection():
		assert submit_uncommitted(world, 40) == ["Queued"] * 40
		with second_connection():
			first = submit_bulk(world, 110)[0]
			assert statuses(world) == {"Queued": 60, "Pending": 50}
		frappe.db.rollback()
	end(first, "Completed")
	assert statuses(world) == {"Completed": 1, "Queued": 100, "Pending": 9}


@pytest.mark.parametrize("is_pending", [False, True])
def test_the_connection_beside_the_transaction_may_be_lost(world, window, is_pending):
	if is_pending:
		window(10)
	names = []
	for n in range(2):
		with acting_as(world.alice):
			names.append(submit_job(OBLIGING, world.alpha, {"n": n}).name)
		beside = readers.reader_of(frappe.local.db).database
		frappe.db.sql(f"kill {beside._conn.thread_id()}")
	frappe.db.commit()
	assert statuses(world) == {"Queued": 2}
	assert [len(queued_wake_ups("default", name)) for name in names] == [1, 1]


@pytest.mark.parametrize("is_pending", [False, True])
@pytest.mark.parametrize("ending", ["rollback", "commit"])
def test_what_an_after_commit_callback_submits_follows_its_own_commit(world, window, is_pending, ending):
	if is_pending:
		window(10)
	frappe.db.after_commit.add(lambda: submit_uncommitted(world))
	frappe.db.commit()
	assert queued_wake_ups("default") == []
	getattr(frappe.db, ending)()
	assert statuses(world) == ({"Queued": 1} if ending == "commit" else {})
	assert len(queued_wake_ups("default")) == (1 if ending == "commit" else 0)


@pytest.mark.parametrize("fails_first", [False, True])
def test_what_was_to_follow_a_commit_that_failed_is_forgotten_with_its_transaction(world, fails_first):
	sent = []
	if fails_first:
		frappe.db.before_commit.add(lambda: 1 / 0)
	submit_uncommitted(world)
	after_commit.tell_after_commit(lambda: sent.append("of what was rolled back"))
	frappe.db.before_commit.add(lambda: 1 / 0)
	with pytest.raises(ZeroDivisionError):
		frappe.db.commit()
	frappe.db.rollback()
	after_commit.tell_after_commit(lambda: sent.append("of what was committed"))
	frappe.db.commit()
	assert (sent, queued_wake_ups("default")) == (["of what was committed"], [])


def test_a_document_that_is_changed_after_the_submission_changes_nothing_of_the_push(world):
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {})
		job.update({"priority": "Low", "rq_job_id": "another"})
		frappe.db.commit()
	assert len(queued_wake_ups("default", job.name)) == 1


def test_the_critical_jobs_of_a_transaction_keep_their_order(world):
	with acting_as(world.alice):
		names = [submit_job(OBLIGING, world.alpha, {"n": n}, priority="Critical").name for n in range(3)]
		frappe.db.commit()
	pushed = [rq_job.kwargs["kwargs"]["background_job_id"] for rq_job in queued_wake_ups("short")]
	assert pushed == names


def test_a_dispatcher_that_found_nothing_sees_who_left_it_to_it(world, monkeypatch):
	ready_jobs, came = dispatcher.ready_jobs, []

	def another_comes_after_the_first_look(*arguments):
		found = ready_jobs(*arguments)
		if not came:
			came.append("here")
			with second_connection():
				submit_bulk(world, 2)
				assert statuses(world) == {"Pending": 2}
		return found

	monkeypatch.setattr(dispatcher, "ready_jobs", another_comes_after_the_first_look)
	dispatcher.dispatch([world.alpha])
	assert statuses(world) == {"Queued": 2}


def test_a_follow_up_that_outlives_a_rollback_is_not_the_next_transactions(world):
	kept = []

	def keep() -> None:
		with uncommitted_reads():
			pass
		# as an error does whose traceback holds the frame in which Frappe works off its callbacks
		kept.extend(thing for thing in gc.get_objects() if isinstance(thing, after_commit.FollowUp))

	after_commit.tell_after_commit(keep)
	frappe.db.commit()
	frappe.db.rollback()
	submit_uncommitted(world)
	frappe.db.commit()
	assert kept
	assert len(queued_wake_ups("default")) == 1
