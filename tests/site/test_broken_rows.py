"""A row that cannot be taken, as one that was restored or written by hand, keeps no other from its turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import frappe
import pytest
from driven import make_due, settle
from factories import OBLIGING, World, acting_as, make_job_type, purge, queued_wake_ups, state, submit_as
from grouped import status_of, submit_group

from dartwing.dartwing_core.background_jobs import error_log, executor, scheduler, submit_job
from dartwing.dartwing_core.background_jobs.clock import steps
from dartwing.dartwing_core.background_jobs.database import queue_redis, row_by_row
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, dispatcher, expiry, retry_queue
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.groups import settling
from dartwing.dartwing_core.background_jobs.insight import diagnosis
from dartwing.dartwing_core.background_jobs.upkeep import recovery

FAR = "9999-12-31 23:59:59.999999"
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _nothing_is_left_out(clean: World) -> Iterator[None]:
	row_by_row.left_out.forget()
	error_log.recorded.forget()
	frappe.db.delete("Error Log", {"method": ("like", "dartwing%")})
	frappe.db.commit()
	yield
	frappe.db.rollback()
	row_by_row.left_out.forget()
	frappe.db.delete("Error Log", {"method": ("like", "dartwing%")})
	frappe.db.commit()


@contextmanager
def refused(doctype: str, *names: str) -> Iterator[None]:
	"""The database takes no change of these rows."""
	frappe.db.commit()
	frappe.db.sql(
		f"""create trigger broken_rows before update on `tab{doctype}` for each row
		begin
			if old.name in ({", ".join(map(frappe.db.escape, names))}) then
				signal sqlstate '45000' set message_text = 'broken';
			end if;
		end"""
	)
	try:
		yield
	finally:
		frappe.db.rollback()
		frappe.db.sql("drop trigger broken_rows")


def waiting(user: str, organization: str, job_type: str = OBLIGING, **arguments: Any) -> str:
	"""A job whose time has not come."""
	job = submit_as(user, job_type, organization, {"mode": "succeed"}, scheduled_at=LATER, **arguments)
	return job.name


def three(world: World, **arguments: Any) -> tuple[str, str, str]:
	"""Of one organization the one that is to be broken and another, and one of another organization."""
	return (
		waiting(world.alice, world.alpha, **arguments),
		waiting(world.alice, world.alpha, **arguments),
		waiting(world.bob, world.beta, **arguments),
	)


def write(name: str, **values: Any) -> None:
	assignments = ", ".join(f"`{field}` = %s" for field in values)
	frappe.db.sql(f"update `tabBackground Job` set {assignments} where name = %s", (*values.values(), name))
	frappe.db.commit()


def statuses(*names: str) -> list[str]:
	frappe.db.rollback()
	return [state(name)["status"] for name in names]


def recorded() -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Error Log", {"method": ("like", "dartwing%")}, pluck="method")


def expire(name: str) -> None:
	write(name, expires_at_utc="2026-01-01")


def fail(name: str) -> None:
	write(name, status="Failed", error_type="Transient", error_message="no answer", ready_at="2026-01-01")


# --- a row that takes no change


@pytest.mark.parametrize(
	("prepare", "dispatch"),
	[
		(make_due, dispatcher.dispatch_ready),
		(fail, dispatcher.dispatch_ready),
		(fail, retry_queue.process_retry_queue),
	],
)
def test_the_others_are_handed_over(world, prepare, dispatch):
	broken, *others = three(world)
	for name in (broken, *others):
		prepare(name)
	with refused("Background Job", broken):
		assert dispatch() == 2
		dispatch()
	assert statuses(*others) == ["Queued", "Queued"]
	assert statuses(broken) != ["Queued"]
	assert all(queued_wake_ups("default", name) for name in others)
	assert recorded() == [f"dartwing: {broken} could not be handed over"], "once a minute"


def test_the_others_expire(world):
	broken, *others = three(world)
	for name in (broken, *others):
		expire(name)
	with refused("Background Job", broken):
		assert expiry.cancel_expired() == 2
		assert expiry.cancel_expired() == 0
	assert statuses(broken, *others) == ["Pending", "Canceled", "Canceled"]
	assert recorded() == [f"dartwing: {broken} could not be canceled in time"]


def children(world: World, parent: str, count: int) -> list[str]:
	with acting_as(world.alice):
		names = [
			submit_job(OBLIGING, world.alpha, {"mode": "succeed", "n": n}, depends_on=parent).name
			for n in range(count)
		]
		frappe.db.commit()
	return names


@pytest.mark.parametrize(
	("end", "becomes", "is_ready"), [("Completed", "Pending", True), ("Dead Letter", "Dead Letter", False)]
)
def test_the_other_children_go_on(world, end, becomes, is_ready):
	parent = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}).name
	broken, *others = children(world, parent, 4)
	write(parent, status=end, ready_at=None)
	with refused("Background Job", broken):
		dependencies.process_dependent_jobs()
	assert statuses(broken, *others) == ["Pending", *[becomes] * 3]
	assert all(bool(frappe.db.get_value("Background Job", name, "ready_at")) == is_ready for name in others)
	assert recorded() == [f"dartwing: {broken} could not be let go on after its parents"]


def test_a_broken_child_keeps_nothing_that_follows_an_end_from_being_done(world):
	parent = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}).name
	broken, other = children(world, parent, 2)
	unrelated = waiting(world.alice, world.alpha)
	make_due(unrelated)
	attempt = executor.claim(parent)
	with refused("Background Job", broken):
		settle(attempt, Completed(None, None))
	assert statuses(parent, broken, other, unrelated) == ["Completed", "Pending", "Queued", "Queued"]
	assert recorded() == [f"dartwing: {broken} could not be let go on after its parents"]


def test_a_broken_job_does_not_keep_a_new_one_from_starting(world):
	broken, *_others = three(world)
	make_due(broken)
	with refused("Background Job", broken):
		new = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}).name
	assert statuses(broken, new) == ["Pending", "Queued"]


def test_the_other_groups_are_settled(world):
	people = [(world.alice, world.alpha), (world.alice, world.alpha), (world.bob, world.beta)]
	groups = [submit_group(1, user, organization) for user, organization in people]
	for _name, members, _on_end in groups:
		write(members[0], status="Completed", ready_at=None)
	names = [name for name, *_more in groups]
	with refused("Job Group", names[0]):
		settling.settle_overlooked()
	assert [status_of(name) for name in names] == ["Running", "Completed", "Completed"]
	assert recorded() == [f"dartwing: {names[0]} could not be settled"]


def test_jobs_that_a_limit_held_back_go_on_beside_broken_ones(world):
	make_job_type("limited_job", max_running_in_organization=5)
	try:
		refusing, *others = three(world, job_type="limited_job")
		unknown = waiting(world.alice, world.alpha, job_type="limited_job")
		for name in (refusing, unknown, *others):
			key = frappe.db.get_value("Background Job", name, "limit_key")
			write(name, held_by=key, held_since="2026-01-01", ready_at=None)
		write(unknown, priority=None)
		with refused("Background Job", refusing):
			assert dispatcher.dispatch_held() == 2
		assert statuses(*others) == ["Queued", "Queued"]
	finally:
		world.clear()
		purge("Job Type", "limited_job")


def test_what_fails_once_is_taken_and_not_left_out(world):
	tried: list[list[str]] = []

	def take(names: list[str]) -> list[str]:
		tried.append(names)
		if len(tried) == 1:
			raise ValueError("of the moment")
		return names

	assert row_by_row.take_all(["a"], take, "tried") == ["a"]
	assert tried == [["a"], ["a"]]
	assert not row_by_row.left_out.values()
	assert not frappe.db.exists("Error Log", {"method": ("like", "dartwing%")})


def test_when_no_row_can_be_taken_the_step_says_so(world, monkeypatch):
	monkeypatch.setattr(row_by_row, "MOST_BROKEN", 2)
	names = [waiting(world.alice, world.alpha) for _n in range(4)]
	for name in names:
		expire(name)
	with refused("Background Job", *names):
		error_log.run_step(expiry.cancel_expired)
	assert recorded().count("dartwing: cancel_expired") == 1
	assert len(recorded()) == 3


# --- what is in a column

BROKEN_COLUMNS = {
	"far": {"modified": FAR},
	"retried too often": {"status": "Failed", "error_type": "Transient", "retry_count": 2147483647},
	"no priority": {"priority": None},
	"unknown priority": {"priority": "Urgent"},
	"no owner": {"owner_user": None},
	"unknown type": {"job_type": "nothing"},
}
STEPS: tuple[Callable[[], object], ...] = (
	*scheduler.EACH_TICK,
	*(one.step for one in steps.DUE),
	*steps.MENDING,
)


@pytest.mark.parametrize("values", BROKEN_COLUMNS.values(), ids=BROKEN_COLUMNS)
def test_a_tick_and_a_clock_do_all_for_the_others(world, values):
	broken, *due = three(world)
	to_expire = [waiting(world.alice, world.alpha), waiting(world.bob, world.beta)]
	for name in (broken, *due):
		make_due(name)
	for name in (broken, *to_expire):
		expire(name)
	write(broken, **values)
	for step in STEPS:
		error_log.run_step(step)
	assert statuses(*due) == ["Queued", "Queued"]
	assert statuses(*to_expire) == ["Canceled", "Canceled"]
	assert all(broken in title for title in recorded())


@pytest.mark.parametrize("priority", [None, "Urgent"])
def test_the_doctor_names_jobs_that_no_queue_takes(world, priority):
	broken, other, _of_beta = three(world)
	assert diagnosis.oldest_waiting().status == "ok"
	write(broken, priority=priority)
	found = diagnosis.oldest_waiting()
	assert found.status == "warning"
	assert broken in found.message
	assert other not in found.message


def test_a_time_of_the_far_future_stops_no_transition(world):
	job = waiting(world.alice, world.alpha)
	make_due(job)
	write(job, modified=FAR)
	dispatcher.dispatch_ready()
	assert statuses(job) == ["Queued"]
	assert frappe.db.get_value("Background Job", job, "queued_at").year < 9999


# --- Error Log, Redis


def test_a_step_that_fails_where_nothing_can_be_recorded_keeps_no_other_from_being_done(world, monkeypatch):
	def fails(*_arguments: object, **_more: object) -> None:
		raise RuntimeError("no such table")

	_broken, *due = three(world)
	for name in due:
		make_due(name)
	monkeypatch.setattr(frappe, "log_error", fails)
	monkeypatch.setattr(scheduler, "EACH_TICK", (fails, dispatcher.dispatch_ready))
	scheduler.tick()
	assert statuses(*due) == ["Queued", "Queued"]


@pytest.mark.parametrize("how", ["a field", "a type"])
def test_a_wake_up_that_cannot_be_read_is_lost(world, monkeypatch, how):
	monkeypatch.setitem(frappe.conf, "dartwing_recovery_age_seconds", 0)
	jobs = [submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed", "n": n}) for n in range(2)]
	connection = queue_redis.get_redis_conn()
	keys = []
	for job in jobs:
		(wake_up,) = queued_wake_ups("default", job.name)
		keys.append(wake_up.key)
		connection.lrem(queue_redis.get_queue("default").key, 0, wake_up.id)
	if how == "a field":
		connection.hset(keys[0], "created_at", "nonsense")
	else:
		connection.delete(keys[0])
		connection.set(keys[0], "nonsense")
	connection.delete(keys[1])
	try:
		assert recovery.push_lost() == 2
		assert all(queued_wake_ups("default", job.name) for job in jobs)
	finally:
		connection.delete(keys[0])


def test_a_heartbeat_of_the_far_future_keeps_no_other_from_being_rescued(world, monkeypatch):
	monkeypatch.setitem(frappe.conf, "dartwing_recovery_age_seconds", 0)
	jobs = [submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed", "n": n}).name for n in range(2)]
	for name, heartbeat in zip(jobs, (FAR, "2026-01-01"), strict=True):
		executor.claim(name)
		frappe.db.commit()
		write(name, heartbeat_at=heartbeat, started_at="2026-01-01")
	assert recovery.rescue_orphans() == 1
	assert statuses(*jobs)[0] == "Running"
	assert recorded() == [f"dartwing: {jobs[0]} could not be rescued"]
