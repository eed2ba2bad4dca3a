import frappe
import pytest
from contract_doctypes import ITEM, count_over, item


@pytest.fixture
def calls():
	return []


def note(calls: list, name: str):
	return lambda: calls.append(name)


def test_callbacks_surround_the_commit_in_the_order_they_were_added(calls, other):
	frappe.db.after_commit.add(lambda: calls.append(("after", count_over(other))))
	frappe.db.before_commit.add(lambda: calls.append(("before", count_over(other))))
	frappe.db.after_commit.add(note(calls, "after again"))
	item()
	frappe.db.commit()
	assert [name for name, *_ in calls[:2]] == ["before", "after"]
	assert calls[2] == "after again"


def test_what_a_before_commit_callback_writes_is_committed():
	frappe.db.before_commit.add(lambda: item("By the callback"))
	frappe.db.commit()
	frappe.db.rollback()
	assert frappe.db.count(ITEM) == 1


def test_an_after_commit_callback_runs_in_the_next_transaction():
	frappe.db.after_commit.add(lambda: item("By the callback"))
	frappe.db.commit()
	frappe.db.rollback()
	assert frappe.db.count(ITEM) == 0


def test_commit_callbacks_run_once(calls):
	frappe.db.after_commit.add(note(calls, "after"))
	frappe.db.commit()
	frappe.db.commit()
	assert calls == ["after"]


def test_a_callback_added_by_a_callback_runs_in_the_same_commit(calls):
	frappe.db.after_commit.add(lambda: frappe.db.after_commit.add(note(calls, "inner")))
	frappe.db.commit()
	assert calls == ["inner"]


def test_a_callback_is_found_among_those_that_wait_until_it_is_called(calls):
	def is_waiting() -> None:
		calls.append(is_waiting in frappe.db.before_commit._functions)

	frappe.db.before_commit.add(is_waiting)
	assert is_waiting in frappe.db.before_commit._functions
	frappe.db.commit()
	frappe.db.before_commit.add(is_waiting)
	frappe.db.rollback()
	assert is_waiting not in frappe.db.before_commit._functions
	assert calls == [False]


def test_a_rollback_forgets_commit_callbacks_and_runs_rollback_callbacks(calls):
	for moment in ("before_commit", "after_commit", "before_rollback", "after_rollback"):
		getattr(frappe.db, moment).add(note(calls, moment))
	frappe.db.rollback()
	frappe.db.commit()
	assert calls == ["before_rollback", "after_rollback"]


def test_a_commit_forgets_rollback_callbacks(calls):
	frappe.db.before_rollback.add(note(calls, "before_rollback"))
	frappe.db.after_rollback.add(note(calls, "after_rollback"))
	frappe.db.commit()
	frappe.db.rollback()
	assert calls == []


def test_rolling_back_to_a_savepoint_keeps_commit_callbacks_and_runs_none(calls):
	frappe.db.savepoint("here")
	for moment in ("before_commit", "after_commit", "before_rollback", "after_rollback"):
		getattr(frappe.db, moment).add(note(calls, moment))
	frappe.db.rollback(save_point="here")
	assert calls == []
	frappe.db.commit()
	assert calls == ["before_commit", "after_commit"]


def test_an_after_commit_callback_that_raises_escapes_and_the_rest_run_at_the_next_commit(calls):
	def fail() -> None:
		raise ZeroDivisionError

	item()
	frappe.db.after_commit.add(fail)
	frappe.db.after_commit.add(note(calls, "rest"))
	with pytest.raises(ZeroDivisionError):
		frappe.db.commit()
	frappe.db._cursor.connection.rollback()
	assert frappe.db.count(ITEM) == 1
	assert calls == []
	frappe.db.commit()
	assert calls == ["rest"]


def test_a_before_commit_callback_that_raises_prevents_the_commit(other):
	def fail() -> None:
		raise ZeroDivisionError

	item()
	frappe.db.before_commit.add(fail)
	with pytest.raises(ZeroDivisionError):
		frappe.db.commit()
	assert count_over(other) == 0


def test_each_connection_has_its_own_callbacks(calls, other):
	frappe.db.after_commit.add(note(calls, "mine"))
	other.after_commit.add(note(calls, "other"))
	other.commit()
	assert calls == ["other"]
