"""Schedules: each slot once, as whom, what is caught up, and what a change does."""

from datetime import datetime, timedelta, timezone
from unittest.mock import Mock

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	acting_as,
	changed,
	counted_statements,
	end,
	make_job_type,
	make_member,
	make_user,
	remove_member,
	second_connection,
	state,
)
from scheduled import HOUR, jobs_of, make_schedule, row_of, set_due, slots_of, start_due

from dartwing.dartwing_core.background_jobs import (
	backfill_schedule,
	create_schedule,
	delete_schedule,
	get_schedule,
	list_schedules,
	pause_schedule,
	preview_schedule,
	resume_schedule,
	scheduler,
	update_schedule,
)
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs
from dartwing.dartwing_core.background_jobs.errors import IdempotencyKeyError, SubmissionTimeoutError
from dartwing.dartwing_core.background_jobs.schedules import due, rows
from dartwing.dartwing_core.background_jobs.submission import acceptance
from dartwing.dartwing_core.background_jobs.upkeep import former_organizations

SECOND = timedelta(seconds=1)
NOW = datetime.now(timezone.utc)
PASSING_MEMBER = "passing@alpha.example"


def change(name: str, user: str = World.adam, **changes):
	with acting_as(user):
		update_schedule(name, **changes)
		frappe.db.commit()


# --- a slot that is due


def test_a_slot_that_is_due_becomes_a_job_of_who_made_the_schedule(world):
	name = make_schedule(priority="High")
	assert start_due() == 0
	slot = set_due(name)
	assert start_due() == 1
	(job,) = jobs_of(name)
	assert (job.owner_user, job.organization) == (world.adam, world.alpha)
	assert state(job.name)["job_schedule"] == name
	assert state(job.name)["priority"] == "High"
	assert [tuple(one.values()) for one in slots_of(name)] == [(slot, "submitted", job.name, None)]
	row = row_of(name)
	assert (row.last_slot_utc, row.last_job, row.last_error) == (slot, job.name, None)
	assert row.next_slot_utc == slot + HOUR
	assert start_due() == 0


def test_a_tick_starts_what_is_due(world):
	name = make_schedule()
	set_due(name)
	scheduler.tick()
	assert len(jobs_of(name)) == 1


def test_the_session_is_who_it_was(world):
	set_due(make_schedule())
	session = frappe.local.session
	start_due()
	assert frappe.local.session is session
	assert frappe.session.user == "Administrator"


def test_where_nothing_is_due_one_statement_asks(world):
	make_schedule()
	start_due()
	with counted_statements() as statements:
		due.start_due()
	asked = [text for text in statements if not text.lower().startswith(("commit", "rollback", "start"))]
	assert len(asked) == 1
	assert "tabJob Schedule" in asked[0]


def test_a_slot_that_was_made_is_not_made_again_when_clocks_go_back(world):
	name = make_schedule()
	slot = set_due(name)
	start_due()
	# as if the change of the row had been made by a clock that was ahead
	frappe.db.set_value("Job Schedule", name, "next_slot_utc", slot)
	frappe.db.commit()
	assert start_due() == 1
	assert len(jobs_of(name)) == 1
	assert row_of(name).next_slot_utc == slot + HOUR


def test_what_another_transaction_holds_does_not_keep_others_waiting(world):
	held, free = make_schedule(), make_schedule()
	set_due(held, timedelta(seconds=5))
	set_due(free)
	with second_connection():
		assert rows.locked(held)
		mine = frappe.local.db
		with second_connection():
			assert frappe.local.db is not mine
			assert due.start_due() == 1
	assert (len(jobs_of(held)), len(jobs_of(free))) == (0, 1)
	assert start_due() == 1
	assert len(jobs_of(held)) == 1


def test_one_that_fails_does_not_keep_others_waiting(world, monkeypatch):
	broken, sound = make_schedule(), make_schedule()
	set_due(broken, timedelta(seconds=5))
	set_due(sound)
	submit = due.submit_unless_busy

	def fail(row):
		if row.name == broken:
			raise ZeroDivisionError("nobody expected it")
		return submit(row)

	monkeypatch.setattr(due, "submit_unless_busy", fail)
	assert start_due() == 2
	assert len(jobs_of(sound)) == 1
	assert [one.outcome for one in slots_of(broken)] == ["refused"]
	assert "Error Log" in row_of(broken).last_error
	recorded = {"method": ("like", f"%{broken}%")}
	assert frappe.db.exists("Error Log", recorded)
	frappe.db.delete("Error Log", recorded)
	frappe.db.commit()


# --- what a submission is refused


def test_a_slot_that_is_refused_says_why_and_the_next_one_comes(world):
	name = make_schedule()
	slot = set_due(name, timedelta(seconds=20))
	with changed("Organization", world.alpha, status="Suspended"):
		assert start_due() == 1
		row = row_of(name)
		assert "Suspended" in row.last_error
		assert row.next_slot_utc == slot + HOUR
		assert [(one.outcome, one.job) for one in slots_of(name)] == [("refused", None)]
	set_due(name)
	start_due()
	assert row_of(name).last_error is None
	assert len(jobs_of(name)) == 1


def test_a_queue_that_is_full_and_an_equal_job_refuse_a_slot(world):
	name = make_schedule(overlap="Queue")
	set_due(name, timedelta(seconds=40))
	with changed("Organization", world.alpha, override_queue_limit=1, queue_limit=0):
		start_due()
	assert "Queue full" in row_of(name).last_error
	with changed("Job Type", OBLIGING, deduplication_window=3600):
		set_due(name, timedelta(seconds=30))
		start_due()
		set_due(name, timedelta(seconds=20))
		start_due()
	assert "An equal job is already" in row_of(name).last_error
	assert [one.outcome for one in slots_of(name)].count("submitted") == 1


@pytest.fixture
def passing_member(world):
	remove_member(PASSING_MEMBER)
	make_user(PASSING_MEMBER, ["Dartwing User", "Dartwing Admin"])
	make_member(PASSING_MEMBER, world.alpha)
	frappe.db.commit()
	yield PASSING_MEMBER
	remove_member(PASSING_MEMBER)


def test_who_is_no_member_any_more_runs_nothing_until_it_is_mended(world, passing_member):
	name = make_schedule(passing_member)
	set_due(name, timedelta(seconds=40))
	frappe.db.set_value("User", passing_member, "enabled", 0)
	frappe.db.commit()
	start_due()
	assert "no active member" in row_of(name).last_error
	remove_member(passing_member)
	set_due(name, timedelta(seconds=30))
	start_due()
	assert jobs_of(name) == []
	assert passing_member in row_of(name).last_error
	change(name, run_as=world.adam)
	set_due(name, timedelta(seconds=20))
	start_due()
	assert [job.owner_user for job in jobs_of(name)] == [world.adam]


# --- jobs that have not ended


def test_skip_leaves_out_a_slot_while_a_job_has_not_ended(world):
	name = make_schedule()
	set_due(name, timedelta(seconds=20))
	start_due()
	set_due(name, timedelta(seconds=10))
	start_due()
	(job,) = jobs_of(name)
	assert [(one.outcome, one.job) for one in slots_of(name)] == [("submitted", job.name), ("skipped", None)]
	assert job.name in slots_of(name)[-1].reason
	end(job.name, "Completed")
	set_due(name, timedelta(0))
	start_due()
	assert len(jobs_of(name)) == 2


def test_queue_submits_all_the_same(world):
	name = make_schedule(overlap="Queue")
	for seconds in (20, 10):
		set_due(name, timedelta(seconds=seconds))
		start_due()
	assert [job.status for job in jobs_of(name)] == ["Queued", "Queued"]


def test_replace_cancels_what_waits_and_not_what_runs(world):
	name = make_schedule(overlap="Replace")
	for seconds in (30, 20):
		set_due(name, timedelta(seconds=seconds))
		start_due()
	assert [job.status for job in jobs_of(name)] == ["Canceled", "Queued"]
	frappe.get_doc("Background Job", jobs_of(name)[-1].name).transition_to("Running")
	frappe.db.commit()
	set_due(name)
	start_due()
	assert [job.status for job in jobs_of(name)] == ["Canceled", "Running", "Queued"]


def test_replace_cancels_nothing_for_a_job_that_is_refused(world):
	name = make_schedule(overlap="Replace")
	set_due(name, timedelta(seconds=20))
	start_due()
	set_due(name)
	with changed("Job Type", OBLIGING, is_enabled=0):
		start_due()
	assert [job.status for job in jobs_of(name)] == ["Queued"]
	assert "disabled" in row_of(name).last_error


@pytest.fixture
def older_holder(world):
	"""A schedule of which a slot is due, and a job of its that holds the key of the next one."""
	with changed("Job Type", OBLIGING, deduplication_window=300):
		name = make_schedule(overlap="Replace")
		set_due(name, timedelta(seconds=30))
		start_due()
		yield name, jobs_of(name)[0].name
	frappe.db.delete("Error Log", {"method": ("like", f"%{name}%")})
	frappe.db.commit()


def fail_before_the_insert(monkeypatch, error: Exception) -> None:
	"""Start what is due; the submission fails when equal jobs have been looked at."""
	with monkeypatch.context() as patched:
		patched.setattr(acceptance, "stamp", Mock(side_effect=error))
		due.start_due()
	frappe.db.rollback()


def test_what_passes_leaves_the_slot_due_and_what_it_would_replace(older_holder, monkeypatch):
	name, first = older_holder
	slot = set_due(name)
	waits = frappe.db.sql("select @@innodb_lock_wait_timeout")
	fail_before_the_insert(monkeypatch, frappe.QueryDeadlockError("it passes"))
	assert frappe.db.sql("select @@innodb_lock_wait_timeout") == waits
	assert [(job.name, job.status) for job in jobs_of(name)] == [(first, "Queued")]
	assert [one.job for one in slots_of(name)] == [first]
	assert row_of(name).next_slot_utc == slot
	assert start_due() == 1
	assert [job.status for job in jobs_of(name)] == ["Canceled", "Queued"]
	assert [one.outcome for one in slots_of(name)] == ["submitted", "submitted"]


def test_what_is_refused_after_equal_jobs_were_looked_at_says_why(older_holder, monkeypatch):
	name, first = older_holder
	set_due(name)
	fail_before_the_insert(monkeypatch, frappe.ValidationError("refused by a test"))
	assert [(job.name, job.status) for job in jobs_of(name)] == [(first, "Queued")]
	assert [one.outcome for one in slots_of(name)] == ["submitted", "refused"]
	assert row_of(name).last_error == "refused by a test"


def test_while_equal_jobs_are_looked_at_the_schedule_stays_locked(older_holder, monkeypatch):
	name, _first = older_holder
	set_due(name)
	stamp, seen = acceptance.stamp, []

	def look(jobs):
		with second_connection():
			seen.append((rows.locked(name, skip_locked=True), len(frappe.get_all("Job Schedule Slot"))))
		stamp(jobs)

	monkeypatch.setattr(acceptance, "stamp", look)
	assert start_due() == 1
	assert seen == [(None, 1)]


def test_a_slot_whose_equal_job_is_older_than_the_window_is_made_or_stays_due(world, monkeypatch):
	with changed("Job Type", OBLIGING, deduplication_window=300):
		name = make_schedule(overlap="Queue")
		set_due(name, timedelta(seconds=30))
		start_due()
		(first,) = jobs_of(name)
		frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
		frappe.db.commit()
		set_due(name)
		fail_before_the_insert(monkeypatch, frappe.QueryDeadlockError("it passes"))
		assert len(slots_of(name)) == 1
		assert start_due() == 1
		assert len(jobs_of(name)) == 2
	frappe.db.delete("Error Log", {"method": ("like", f"%{name}%")})
	frappe.db.commit()


# --- after an outage


@pytest.mark.parametrize(
	("catch_up", "late", "slots"),
	[
		("None", timedelta(minutes=30), []),
		("Last", timedelta(minutes=30), [0]),
		("All", timedelta(minutes=30), [2, 1, 0]),
		# the newest is in time
		("None", timedelta(minutes=1), [0]),
		("Last", timedelta(minutes=1), [0]),
		("All", timedelta(minutes=1), [3, 2, 1, 0]),
	],
)
def test_after_a_week_without_a_clock(world, catch_up, late, slots):
	name = make_schedule(overlap="Queue", catch_up=catch_up, catch_up_limit=3)
	newest = set_due(name, timedelta(days=7) + late) + timedelta(days=7)
	start_due()
	assert [one.slot_utc for one in slots_of(name)] == [newest - hours * HOUR for hours in slots]
	assert len(jobs_of(name)) == len(slots)
	assert row_of(name).next_slot_utc == newest + HOUR


def test_who_catches_up_waits_for_others_that_are_due(world):
	behind, others = make_schedule(overlap="Queue", catch_up="All", catch_up_limit=100), make_schedule()
	set_due(behind, timedelta(days=7))
	set_due(others)
	assert start_due(limit=10) == 10
	assert len(jobs_of(others)) == 1
	assert len(jobs_of(behind)) == 9


# --- changes


def test_a_change_of_when_counts_from_now_on(world):
	name = make_schedule()
	set_due(name, timedelta(minutes=2))
	change(name, cron="*/10 * * * *", time_zone="Europe/Berlin")
	assert start_due() == 0
	row = row_of(name)
	assert (row.kind, row.interval_seconds) == ("Cron", 0)
	assert timedelta(0) < row.next_slot_utc - times.utc_now() <= timedelta(minutes=10)


def test_a_change_of_something_else_leaves_the_next_slot(world):
	name = make_schedule()
	slot = set_due(name, timedelta(minutes=2))
	change(name, title="Other", parameters={"mode": "fail"})
	assert row_of(name).next_slot_utc == slot
	assert start_due() == 1


def test_what_the_engine_writes_is_taken_from_no_form(world):
	name = make_schedule()
	form = frappe.get_doc("Job Schedule", name)
	set_due(name)
	start_due()
	before = row_of(name)
	form.update({"title": "From a form", "last_job": None, "next_slot_utc": "2001-01-01"})
	form.save()
	frappe.db.commit()
	after = row_of(name)
	assert after.title == "From a form"
	assert [after[field] for field in rows.WRITTEN] == [before[field] for field in rows.WRITTEN]


def test_slots_in_a_pause_are_left_out(world):
	name = make_schedule(catch_up="All")
	with acting_as(world.adam):
		pause_schedule(name)
		frappe.db.commit()
	assert row_of(name).next_slot_utc is None
	frappe.db.set_value("Job Schedule", name, "anchor_utc", times.utc_now() - timedelta(days=7))
	frappe.db.commit()
	assert start_due() == 0
	with acting_as(world.adam):
		resume_schedule(name)
		frappe.db.commit()
	assert start_due() == 0
	assert row_of(name).next_slot_utc > times.utc_now()


def test_a_schedule_that_is_over_has_no_next_slot(world):
	tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
	name = make_schedule(ends_at=tomorrow.isoformat())
	with acting_as(world.adam):
		seen = get_schedule(name)
	assert len(seen["next_times"]) == 5
	assert seen["ends_at"][:16] == tomorrow.isoformat()[:16]
	change(name, ends_at=(tomorrow - timedelta(days=2)).isoformat())
	assert row_of(name).next_slot_utc is None


def test_a_start_is_the_first_slot_of_an_interval(world):
	starts = (datetime.now(timezone.utc) + timedelta(days=3)).replace(microsecond=0)
	name = make_schedule(starts_at=starts.isoformat())
	assert row_of(name).next_slot_utc == starts.replace(tzinfo=None)


def test_a_deleted_schedule_leaves_its_jobs(world):
	name = make_schedule()
	set_due(name)
	start_due()
	with acting_as(world.adam):
		delete_schedule(name)
		frappe.db.commit()
	assert not frappe.db.exists("Job Schedule", name)
	assert slots_of(name) == []
	assert len(jobs_of(name)) == 1


# --- backfill


def test_a_backfill_makes_each_slot_once(world):
	name = make_schedule()
	now = times.utc_now().replace(microsecond=0)
	set_due(name, 5 * HOUR)
	with acting_as(world.adam):
		first = backfill_schedule(name, _utc(now - 3.5 * HOUR), _utc(now))
		frappe.db.commit()
		again = backfill_schedule(name, _utc(now - 5.5 * HOUR), _utc(now))
		frappe.db.commit()
	assert len(first["submitted"]) == 4
	assert again["there"] == first["submitted"]
	assert len(again["submitted"]) == 2
	start_due()
	assert len(jobs_of(name)) == 6
	assert {job.owner_user for job in jobs_of(name)} == {world.adam}


def test_a_backfill_tries_again_what_was_refused(world):
	name = make_schedule()
	slot = set_due(name)
	with changed("Organization", world.alpha, status="Suspended"):
		start_due()
		with acting_as(world.adam):
			answer = backfill_schedule(name, _utc(slot), _utc(slot))
			frappe.db.commit()
	assert "Suspended" in answer["refused"][0]["reason"]
	with acting_as(world.adam):
		assert len(backfill_schedule(name, _utc(slot), _utc(slot))["submitted"]) == 1
		frappe.db.commit()
	assert [one.outcome for one in slots_of(name)] == ["submitted"]


def test_a_backfill_is_of_the_past_and_not_of_too_much(world):
	name = make_schedule()
	now = times.utc_now()
	with acting_as(world.adam):
		with pytest.raises(frappe.ValidationError, match=r"^end: "):
			backfill_schedule(name, _utc(now), _utc(now + HOUR))
		with pytest.raises(frappe.ValidationError, match=r"^end: at most 100"):
			backfill_schedule(name, _utc(now - timedelta(days=7)), _utc(now))
		with pytest.raises(frappe.ValidationError, match=r"^start: "):
			backfill_schedule(name, "2001-01-01", _utc(now))


def _utc(instant: datetime) -> str:
	return f"{instant.isoformat()}Z"


def test_a_deleted_organization_leaves_no_schedule(world):
	frappe.get_doc({"doctype": "Organization", "org_name": world.short_lived, "org_type": "Company"}).insert()
	name = make_schedule("Administrator", world.short_lived)
	set_due(name)
	start_due()
	assert len(slots_of(name)) == 1
	frappe.delete_doc("Organization", world.short_lived)
	frappe.db.commit()
	assert row_of(name) is None
	assert slots_of(name) == []
	scheduler.tick()
	assert {job.organization for job in jobs_of(name)} == {
		former_organizations.name_of_former(world.short_lived)
	}


# --- whose it is


def test_only_admins_of_the_organization_make_and_change_schedules(world):
	name = make_schedule()
	for user in (world.alice, world.bob, world.nobody, "Guest"):
		with acting_as(user), pytest.raises(frappe.PermissionError):
			create_schedule("No", world.alpha, OBLIGING, cron="0 * * * *")
	with acting_as(world.alice):
		assert get_schedule(name)["schedule_id"] == name
		for do in (update_schedule, pause_schedule, resume_schedule, delete_schedule):
			with pytest.raises(frappe.PermissionError):
				do(name)
		with pytest.raises(frappe.PermissionError):
			backfill_schedule(name, "2026-01-01", "2026-01-01")
	with acting_as(world.bob):
		for do in (get_schedule, update_schedule, pause_schedule, resume_schedule, delete_schedule):
			with pytest.raises(frappe.DoesNotExistError):
				do(name)
		assert list_schedules()["total"] == 0


@pytest.mark.parametrize(
	"do",
	[
		update_schedule,
		pause_schedule,
		resume_schedule,
		delete_schedule,
		lambda name: backfill_schedule(name, NOW, NOW),
	],
)
def test_a_schedule_that_is_deleted_meanwhile_is_answered_as_an_unknown_one(world, monkeypatch, do):
	name = make_schedule()
	locked = rows.locked

	def deleted_before(name: str, *more):
		with second_connection():
			frappe.db.delete("Job Schedule", name)
			frappe.db.commit()
		return locked(name, *more)

	monkeypatch.setattr(rows, "locked", deleted_before)
	with (
		acting_as(world.adam),
		pytest.raises(frappe.DoesNotExistError, match=r"^schedule_id: no schedule 'SCH-"),
	):
		do(name)


def test_nobody_has_jobs_run_with_more_rights_than_one_has(world):
	for other in (world.alice, world.manager, "Administrator"):
		with acting_as(world.adam), pytest.raises(frappe.PermissionError, match=r"^run_as: "):
			create_schedule("No", world.alpha, OBLIGING, cron="0 * * * *", run_as=other)
	with acting_as(world.manager):
		with pytest.raises(frappe.PermissionError, match=r"^run_as: "):
			create_schedule("No", world.alpha, OBLIGING, cron="0 * * * *", run_as="Administrator")
		with pytest.raises(frappe.ValidationError, match=r"^run_as: "):
			create_schedule("No", world.alpha, OBLIGING, cron="0 * * * *", run_as=world.bob)
	name = make_schedule(world.manager, run_as=world.alice)
	# whose jobs they are has chosen what they do
	with acting_as(world.adam), pytest.raises(frappe.PermissionError, match=r"^run_as: "):
		update_schedule(name, parameters={"mode": "fail"}, run_as=world.alice)
	change(name, is_paused=True)
	change(name, is_paused=False)
	change(name, parameters={"mode": "fail"}, run_as=world.adam)
	assert row_of(name).run_as == world.adam


def test_what_a_type_requires_is_asked_of_whose_jobs_they_are(world):
	make_job_type("needs_role_job", requires_permission="Role")
	frappe.db.commit()
	with acting_as(world.manager), pytest.raises(frappe.PermissionError, match=r"^job_type: "):
		create_schedule("No", world.alpha, "needs_role_job", cron="0 * * * *", run_as=world.alice)
	with acting_as(world.manager):
		create_schedule("Yes", world.alpha, "needs_role_job", cron="0 * * * *", run_as=world.manager)


@pytest.mark.parametrize(
	("argument", "arguments"),
	[
		("cron", {"cron": "* * * * * *"}),
		("cron", {}),
		("time_zone", {"cron": "0 * * * *", "time_zone": "Mars/Olympus"}),
		("time_zone", {"cron": "0 * * * *", "time_zone": "localtime"}),
		("time_zone", {"cron": "0 * * * *", "time_zone": "Factory"}),
		("interval_seconds", {"interval_seconds": 59}),
		("parameters", {"cron": "0 * * * *", "parameters": [1]}),
		("priority", {"cron": "0 * * * *", "priority": "Urgent"}),
		("overlap", {"cron": "0 * * * *", "overlap": "Hope"}),
		("catch_up", {"cron": "0 * * * *", "catch_up": "Most"}),
		("catch_up_limit", {"cron": "0 * * * *", "catch_up_limit": 101}),
		("starts_at", {"cron": "0 * * * *", "starts_at": "soon"}),
		("ends_at", {"cron": "0 * * * *", "starts_at": "2030-01-02", "ends_at": "2030-01-01"}),
		("colour", {"cron": "0 * * * *", "colour": "red"}),
	],
)
def test_what_is_wrong_is_refused_by_name(world, argument, arguments):
	with acting_as(world.adam), pytest.raises(frappe.ValidationError, match=rf"^{argument}: "):
		create_schedule("No", world.alpha, OBLIGING, **arguments)


def test_a_preview_tells_the_next_five_times(world):
	found = preview_schedule(cron="0 12 * * *", time_zone="Asia/Kolkata")
	assert len(found) == 5
	assert all(one.endswith("T06:30:00.000000Z") for one in found)
	assert len(preview_schedule(interval_seconds=60)) == 5
	with pytest.raises(frappe.ValidationError, match=r"^cron: "):
		preview_schedule()


def test_secrets_among_the_parameters_are_shown_to_nobody(world):
	name = make_schedule(parameters={"mode": "succeed", "password": "correct horse"})
	with acting_as(world.adam):
		assert get_schedule(name)["parameters"] == {"mode": "succeed", "password": MASK}
	doc = frappe.get_doc("Job Schedule", name)
	doc.apply_fieldlevel_read_permissions()
	assert "correct horse" not in doc.parameters
	# a form that was shown it masked leaves it as it is
	doc.title = "Other"
	doc.save()
	frappe.db.commit()
	assert "correct horse" in row_of(name).parameters
	doc.new_parameters = '{"mode": "fail"}'
	doc.save()
	frappe.db.commit()
	assert row_of(name).parameters == '{"mode":"fail"}'
	assert row_of(name).new_parameters is None


def test_a_slot_that_was_made_since_this_transaction_began_is_there(world):
	"""MariaDB with snapshot isolation refuses the row of such a slot in words of its own."""
	name = make_schedule()
	slot = set_due(name)
	frappe.db.commit()
	assert frappe.db.count("Job Schedule Slot", {"schedule": name}) == 0
	with second_connection():
		assert due.claim(name, slot)
		frappe.db.commit()
	assert not due.claim(name, slot)
	frappe.db.rollback()


@pytest.mark.parametrize("title", ["", " \n", "\u200b", "\u202e \u2060"])
def test_no_title_is_invisible(world, title):
	with (
		acting_as(world.adam),
		pytest.raises(frappe.ValidationError, match=r"^title: must be plain text of 1"),
	):
		create_schedule(title, world.alpha, OBLIGING, interval_seconds=60)


def test_no_title_holds_a_secret_of_the_parameters(world):
	name = make_schedule(parameters={"mode": "succeed", "password": "correct horse"})
	secret = {"password": "correct horse"}
	words = r"^title: holds the value of a masked parameter"
	with acting_as(world.adam):
		with pytest.raises(frappe.ValidationError, match=words):
			update_schedule(name, title="of the correct horse")
		with pytest.raises(frappe.ValidationError, match=words):
			create_schedule("correct horse", world.alpha, OBLIGING, parameters=secret, interval_seconds=60)
	frappe.db.rollback()


def test_old_slots_are_forgotten(world):
	name = make_schedule()
	slot = set_due(name)
	start_due()
	assert due.claim(name, slot - due.KEPT - HOUR)
	frappe.db.commit()
	due.forget_old_slots()
	assert [one.slot_utc for one in slots_of(name)] == [slot]


# --- sent again


def keyed(world, key: str = "a-key", **chosen):
	values = {"interval_seconds": 3600, "parameters": {"mode": "succeed", "password": "geheim-1"}, **chosen}
	with acting_as(world.adam):
		made = create_schedule("Keyed", world.alpha, OBLIGING, idempotency_key=key, **values)
		frappe.db.commit()
	return made


def test_the_same_request_with_its_key_is_answered_with_the_schedule_that_it_became(world):
	made = keyed(world)
	again = keyed(world)
	assert (again.name, again.flags.is_existing, made.flags.is_existing) == (made.name, True, None)
	assert "geheim-1" not in again.parameters
	assert keyed(world, "another").name != made.name


def test_a_key_with_another_request_is_refused(world):
	made = keyed(world)
	with pytest.raises(IdempotencyKeyError, match=f"which became {made.name}"):
		keyed(world, interval_seconds=7200)
	with pytest.raises(frappe.ValidationError, match="idempotency_key: must be 1 to 255"):
		keyed(world, "")


def test_a_key_whose_time_is_over_is_a_new_one(world):
	made = keyed(world)
	frappe.db.set_value("Job Schedule", made.name, "creation", "2026-01-01", update_modified=False)
	frappe.db.commit()
	again = keyed(world)
	assert again.name != made.name
	assert keyed(world).name == again.name


def test_the_same_request_that_is_not_committed_yet_is_waited_for(world, monkeypatch):
	monkeypatch.setattr(equal_jobs, "WAIT_SECONDS", 0)
	values = {"interval_seconds": 3600, "parameters": {"mode": "succeed", "password": "geheim-1"}}
	with acting_as(world.adam):
		made = create_schedule("Keyed", world.alpha, OBLIGING, idempotency_key="a-key", **values)
		with second_connection(), pytest.raises(SubmissionTimeoutError):
			keyed(world)
		frappe.db.commit()
	assert keyed(world).name == made.name


def test_nobody_sets_a_key_with_a_document(world):
	name = make_schedule()
	schedule = frappe.get_doc("Job Schedule", name)
	schedule.update({"idempotency_hash": "x", "title": "Other"}).save()
	frappe.db.commit()
	assert row_of(name).idempotency_hash is None


# --- its type


def test_a_job_type_that_schedules_name_is_not_deleted(world):
	make_job_type("a_type_on_schedule")
	frappe.db.commit()
	name = make_schedule(job_type="a_type_on_schedule")
	with pytest.raises(frappe.LinkExistsError, match=f"{name}. Delete them or give them another Job Type"):
		frappe.delete_doc("Job Type", "a_type_on_schedule")
	frappe.db.rollback()
	change(name, job_type=OBLIGING)
	frappe.delete_doc("Job Type", "a_type_on_schedule")
	frappe.db.commit()


def test_who_changes_the_title_of_another_ones_schedule_finds_no_secret_by_trying(world):
	name = make_schedule(parameters={"mode": "succeed", "password": "7391"})
	with acting_as("Administrator"):
		assert update_schedule(name, title="7390 7391 7392").title == "7390 7391 7392"
	frappe.db.rollback()
