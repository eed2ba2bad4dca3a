"""A group ends in the transaction in which the last of its members ends, as these have ended."""

import frappe
import pytest
from driven import settle
from explain import all_statements
from factories import (
	acting_as,
	counted_statements,
	end,
	held_elsewhere,
	second_connection,
	submit,
	transitions,
)
from grouped import add_member, row_of, status_of, submit_group

from dartwing.dartwing_core.background_jobs import cancel_job, discard_job, executor, retry_job, scheduler
from dartwing.dartwing_core.background_jobs.database import readers
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.groups import rows, settling
from dartwing.dartwing_core.background_jobs.steps.steps import Steps


def is_let_go(on_end):
	frappe.db.rollback()
	job = frappe.db.get_value("Background Job", on_end, ["status", "ready_at"], as_dict=True)
	return job.status != "Pending" or bool(job.ready_at)


def status_of_job(job_id):
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", job_id, "status")


def move(job_id, status="Completed"):
	"""Bring a Queued job to its end, in the transaction that is open."""
	job = frappe.get_doc("Background Job", job_id)
	if job.status == "Queued":
		job.transition_to("Running")
	job.transition_to(status)


@pytest.mark.parametrize(
	("ends", "expected"),
	[
		(("Completed", "Completed"), "Completed"),
		(("Completed", "Dead Letter"), "Failed"),
		(("Dead Letter", "Completed"), "Failed"),
		(("Canceled", "Completed"), "Canceled"),
		(("Canceled", "Dead Letter"), "Failed"),
		(("Canceled", "Canceled"), "Canceled"),
	],
	ids=" ".join,
)
def test_a_group_has_the_status_that_its_members_have(world, ends, expected):
	group, members, _on_end = submit_group()
	end(members[0], ends[0])
	assert (status_of(group), row_of(group).ended_at) == ("Running", None)
	end(members[1], ends[1])
	assert status_of(group) == expected
	assert row_of(group).ended_at


@pytest.mark.parametrize("status", ["Failed", "Timed Out"])
def test_a_member_that_waits_for_another_attempt_is_unfinished(world, status):
	group, members, _on_end = submit_group(1)
	end(members[0], status)
	assert status_of(group) == "Running"


def test_the_end_of_group_and_member_is_one_commit(world):
	group, (member,), _on_end = submit_group(1)
	move(member)
	with second_connection():
		assert frappe.db.get_value("Job Group", group, "status") == "Running"
	frappe.db.commit()
	with second_connection():
		seen = frappe.db.sql(
			"""select job.status, job_group.status from `tabBackground Job` job
			join `tabJob Group` job_group on job_group.name = job.job_group where job.name = %s""",
			(member,),
		)
	assert seen == (("Completed", "Completed"),)


def test_a_rollback_undoes_both(world):
	group, (member,), _on_end = submit_group(1)
	move(member)
	frappe.db.rollback()
	frappe.db.commit()
	assert (status_of(group), status_of_job(member)) == ("Running", "Queued")


def test_an_end_that_is_undone_to_a_savepoint_ends_no_group(world):
	group, (member,), on_end = submit_group(1, with_on_end=True)
	frappe.db.savepoint("one_member")
	move(member)
	frappe.db.rollback(save_point="one_member")
	frappe.db.commit()
	assert (status_of(group), status_of_job(member), is_let_go(on_end)) == ("Running", "Queued", False)


def test_an_end_is_undone_to_a_savepoint_and_the_others_are_not(world):
	group, members, _on_end = submit_group(2)
	move(members[0])
	frappe.db.savepoint("one_member")
	move(members[1], "Dead Letter")
	frappe.db.rollback(save_point="one_member")
	move(members[1])
	frappe.db.commit()
	assert status_of(group) == "Completed"


def test_all_members_end_in_one_transaction(world):
	group, members, on_end = submit_group(3, with_on_end=True)
	for member in members:
		move(member)
	frappe.db.commit()
	assert status_of(group) == "Completed"
	assert is_let_go(on_end)


def test_members_of_several_groups_end_in_one_transaction(world):
	first, second = submit_group(1), submit_group(2)
	for member in (second[1][0], first[1][0]):
		move(member)
	frappe.db.commit()
	assert [status_of(first[0]), status_of(second[0])] == ["Completed", "Running"]


# --- what people do to members


def test_the_last_member_is_canceled(world):
	group, members, _on_end = submit_group()
	end(members[0], "Completed")
	with acting_as(world.alice):
		cancel_job(members[1])
		frappe.db.commit()
	assert status_of(group) == "Canceled"


def test_a_retry_opens_the_group_again_and_its_job_at_the_end_starts_once(world):
	group, (member,), on_end = submit_group(1, with_on_end=True)
	end(member, "Dead Letter")
	assert status_of(group) == "Failed"
	# it was dispatched with what followed from the end
	assert status_of_job(on_end) == "Queued"
	end(on_end, "Completed")
	with acting_as(world.adam):
		retry_job(member)
		frappe.db.commit()
	assert (status_of(group), row_of(group).ended_at) == ("Running", None)
	end(member, "Completed")
	assert status_of(group) == "Completed"
	ran = [to for _from, to in transitions(on_end)].count("Running")
	assert (status_of_job(on_end), ran) == ("Completed", 1)


def test_a_discarded_dead_letter_makes_the_status_be_read_anew(world):
	group, members, _on_end = submit_group()
	end(members[0], "Completed")
	end(members[1], "Dead Letter")
	ended_at = row_of(group).ended_at
	with acting_as(world.adam):
		discard_job(members[1], "nobody needs it")
		frappe.db.commit()
	assert (status_of(group), row_of(group).ended_at) == ("Canceled", ended_at)


def test_a_retry_that_is_rolled_back_leaves_the_group_ended(world):
	group, (member,), _on_end = submit_group(1)
	end(member, "Dead Letter")
	with acting_as(world.adam):
		retry_job(member)
		frappe.db.rollback()
	assert status_of(group) == "Failed"


def test_a_title_is_plain(world):
	group, _members, _on_end = submit_group(1, title="<b>Scan</b>\n of May")
	assert frappe.db.get_value("Job Group", group, "title") == "Scan of May"


# --- what comes just before a commit


def test_a_closing_that_raises_prevents_the_commit_and_is_done_by_the_next(world, monkeypatch):
	group, (member,), _on_end = submit_group(1)
	move(member)
	with monkeypatch.context() as patched:
		patched.setattr(rows, "write_status", raising)
		with pytest.raises(ZeroDivisionError):
			frappe.db.commit()
	with second_connection():
		assert frappe.db.get_value("Background Job", member, "status") == "Queued"
	frappe.db.commit()
	assert (status_of(group), status_of_job(member)) == ("Completed", "Completed")


def test_a_closing_that_raises_leaves_nothing_after_a_rollback(world, monkeypatch):
	group, (member,), _on_end = submit_group(1)
	move(member)
	with monkeypatch.context() as patched:
		patched.setattr(rows, "write_status", raising)
		with pytest.raises(ZeroDivisionError):
			frappe.db.commit()
	frappe.db.rollback()
	assert readers.reader_of(frappe.local.db) is None
	end(member, "Completed")
	assert status_of(group) == "Completed"


def raising(*_arguments):
	raise ZeroDivisionError


# --- two at once


@pytest.mark.parametrize("first_ends", ["commit", "rollback"])
@pytest.mark.parametrize("second_ends", ["commit", "rollback"])
@pytest.mark.parametrize("is_reversed", [False, True], ids=["first settles first", "second settles first"])
def test_two_last_members_end_at_the_same_time(world, first_ends, second_ends, is_reversed):
	group, members, on_end = submit_group(2, with_on_end=True)
	first = frappe.local.db
	move(members[0])
	with second_connection():
		second = frappe.local.db
		move(members[1])
		order = [(first, first_ends), (second, second_ends)]
		for connection, how in reversed(order) if is_reversed else order:
			frappe.local.db = connection
			getattr(frappe.db, how)()
		frappe.local.db = second
	both = first_ends == second_ends == "commit"
	assert status_of(group) == ("Completed" if both else "Running")
	assert is_let_go(on_end) is both
	unfinished = [member for member in members if status_of_job(member) == "Queued"]
	for member in unfinished:
		end(member, "Completed")
	assert status_of(group) == "Completed"
	assert settling.overlooked(10) == []


def test_a_member_ends_while_another_is_retried_and_that_is_given_up(world):
	group, members, on_end = submit_group(2, with_on_end=True)
	end(members[0], "Dead Letter")
	with acting_as(world.adam):
		retry_job(members[0])
	with second_connection():
		move(members[1])
		frappe.db.commit()
	frappe.db.rollback()
	# nothing in the database tells the end from one while the retry was yet to be committed
	assert status_of(group) == "Running"
	scheduler.tick()
	assert status_of(group) == "Failed"
	assert is_let_go(on_end)


def test_a_group_that_was_held_while_its_dead_letters_were_discarded_is_canceled_by_a_tick(world):
	group, members, _on_end = submit_group(2)
	for member in members:
		end(member, "Dead Letter")
	assert status_of(group) == "Failed"
	with held_elsewhere("Job Group", group):
		for member in members:
			end(member, "Canceled")
		assert status_of(group) == "Failed"
	assert settling.overlooked(10) == [group]
	scheduler.tick()
	assert status_of(group) == "Canceled"
	assert settling.overlooked(10) == []


def test_a_member_ends_while_another_is_retried(world):
	group, members, _on_end = submit_group(2)
	end(members[0], "Dead Letter")
	with acting_as(world.adam):
		retry_job(members[0])
	with second_connection():
		move(members[1])
		frappe.db.commit()
	frappe.db.commit()
	assert status_of(group) == "Running"
	assert settling.overlooked(10) == []


def test_a_member_ends_while_somebody_holds_the_row_of_its_group(world, monkeypatch):
	"""As a machine that died in its commit, until MariaDB gives its connection up."""
	monkeypatch.setattr(rows, "LOCK_WAIT_SECONDS", 1)
	group, (member,), on_end = submit_group(1, with_on_end=True)
	first = frappe.local.db
	with second_connection():
		rows.locked([group])
		second, frappe.local.db = frappe.local.db, first
		end(member, "Completed")
		scheduler.tick()
		assert (status_of(group), status_of_job(member)) == ("Running", "Completed")
		frappe.local.db = second
	scheduler.tick()
	assert status_of(group) == "Completed"
	assert is_let_go(on_end)


# --- the safety net


def test_a_tick_leaves_a_job_that_waits_for_the_end_of_its_group(world):
	group, _members, on_end = submit_group(1, with_on_end=True)
	scheduler.tick()
	assert (status_of(group), status_of_job(on_end), is_let_go(on_end)) == ("Running", "Pending", False)


def test_a_tick_ends_a_group_that_was_left_open(world):
	group, (member,), on_end = submit_group(1, with_on_end=True)
	frappe.db.set_value("Background Job", member, "status", "Completed")
	frappe.db.commit()
	scheduler.tick()
	assert status_of(group) == "Completed"
	assert is_let_go(on_end)


def test_a_tick_opens_a_group_that_has_an_unfinished_member(world):
	group, (member,), _on_end = submit_group(1)
	end(member, "Completed")
	add_member(group)
	scheduler.tick()
	assert (status_of(group), row_of(group).ended_at) == ("Running", None)


def test_a_tick_lets_a_job_go_that_somebody_had_locked_when_its_group_ended(world):
	group, (member,), on_end = submit_group(1, with_on_end=True)
	first = frappe.local.db
	with second_connection():
		frappe.db.sql("select name from `tabBackground Job` where name = %s for update", (on_end,))
		second, frappe.local.db = frappe.local.db, first
		end(member, "Completed")
		frappe.local.db = second
	assert (status_of(group), is_let_go(on_end)) == ("Completed", False)
	scheduler.tick()
	assert is_let_go(on_end)


# --- what it costs


def statements_of_an_end(job_id):
	move(job_id, "Dead Letter")
	with counted_statements() as of_commit:
		frappe.db.commit()
	return of_commit


def test_the_end_of_a_member_costs_two_statements_more_than_that_of_a_lone_job(world):
	lone = submit()
	_group, members, _on_end = submit_group(3)
	# the reading connection is there
	end(members[0], "Completed")
	of_lone, of_member = statements_of_an_end(lone.name), statements_of_an_end(members[1])
	about_groups = [text for text in of_member if "tabJob Group" in text or "job_group = " in text]
	assert len(about_groups) == 2, about_groups
	assert len(of_member) == len(of_lone) + 2, (of_lone, of_member)
	assert [text for text in of_lone if "Job Group" in text] == []


def test_a_member_that_has_ended_another_locks_its_own_row_before_that_of_the_group(world):
	"""Who cancels the member at the same time takes them in this order; the other way round is a deadlock."""
	_group, (first, second), _on_end = submit_group(2)
	attempt = executor.claim(first)
	with acting_as(world.alice):
		cancel_job(second)
	with all_statements() as statements:
		settle(attempt, Completed(None, None))
	ends = [n for n, text in enumerate(statements) if "update `tabBackground Job`" in text and first in text]
	locking = ("from `tabJob Group`", "for update")
	groups = [n for n, text in enumerate(statements) if all(part in text for part in locking)]
	assert ends[0] < groups[0]
	assert len(groups) == 1
	found = [frappe.db.get_value("Background Job", name, "status") for name in (first, second)]
	assert found == ["Completed", "Canceled"]


def test_a_step_that_has_ended_another_member_locks_its_own_job_before_the_group(world):
	_group, (first, second), _on_end = submit_group(2)
	steps = Steps(executor.claim(first), 1, check_time=lambda: None)

	def cancel_the_other() -> None:
		cancel_job(second)

	with acting_as(world.alice), all_statements() as statements:
		steps.run("cancel", cancel_the_other)
	locks = [text for text in statements if "for update" in text]
	own = [n for n, text in enumerate(locks) if "`tabBackground Job`" in text and first in text]
	groups = [n for n, text in enumerate(locks) if "`tabJob Group`" in text]
	assert own[0] < groups[0]
	assert len(groups) == 1
	assert [status_of_job(name) for name in (first, second)] == ["Running", "Canceled"]
