import contextvars
import threading

import frappe
import pytest
from contract_doctypes import ITEM, item


@pytest.fixture
def rows() -> list[str]:
	names = [item(f"Item {number}").name for number in range(3)]
	frappe.db.commit()
	return names


@pytest.fixture
def locked(other, rows) -> str:
	"""The first of the rows, locked by the other connection."""
	other.sql(f"select name from `tab{ITEM}` where name = %s for update", rows[0])
	frappe.db.sql("set session innodb_lock_wait_timeout = 1")
	yield rows[0]
	frappe.db.sql("set session innodb_lock_wait_timeout = default")


def test_a_plain_read_does_not_wait_for_a_lock(locked):
	assert frappe.db.get_value(ITEM, locked, "title") == "Item 0"


def test_a_lock_that_cannot_be_had_in_time_raises_query_timeout_error(locked):
	with pytest.raises(frappe.QueryTimeoutError):
		frappe.db.get_value(ITEM, locked, "title", for_update=True)


def test_a_write_that_waits_too_long_raises_and_the_transaction_goes_on(locked, rows):
	frappe.db.set_value(ITEM, rows[1], "note", "kept")
	with pytest.raises(frappe.QueryTimeoutError):
		frappe.db.set_value(ITEM, locked, "note", "lost")
	frappe.db.commit()
	assert frappe.db.get_value(ITEM, rows[1], "note") == "kept"


def test_without_waiting_a_locked_row_raises_at_once_what_is_timedout_does_not_know(locked):
	with pytest.raises(frappe.QueryTimeoutError) as raised:
		frappe.db.get_value(ITEM, locked, "title", for_update=True, wait=False)
	assert not frappe.db.is_timedout(raised.value)


def test_a_lock_wait_error_of_the_driver_is_known_as_timed_out(locked):
	with pytest.raises(frappe.QueryTimeoutError) as raised:
		frappe.db.get_value(ITEM, locked, "title", for_update=True)
	assert frappe.db.is_timedout(raised.value.__cause__ or raised.value.args[0])


def test_locked_rows_can_be_skipped(locked, rows):
	found = frappe.db.get_values(
		ITEM, {"name": ("in", rows)}, "name", for_update=True, skip_locked=True, pluck=True
	)
	assert sorted(found) == sorted(rows[1:])


def test_the_query_builder_skips_locked_rows(locked, rows):
	table = frappe.qb.DocType(ITEM)
	query = frappe.qb.from_(table).select(table.name).for_update(skip_locked=True)
	assert sorted(query.run(pluck=True)) == sorted(rows[1:])


def test_the_query_builder_does_not_wait(locked):
	table = frappe.qb.DocType(ITEM)
	query = frappe.qb.from_(table).select(table.name).where(table.name == locked).for_update(nowait=True)
	with pytest.raises(frappe.QueryTimeoutError):
		query.run()


def test_get_doc_can_lock_its_row(other, rows):
	frappe.get_doc(ITEM, rows[0], for_update=True)
	other.sql("set session innodb_lock_wait_timeout = 1")
	with pytest.raises(frappe.QueryTimeoutError):
		other.sql(f"update `tab{ITEM}` set note = 'x' where name = %s", rows[0])


def test_a_rollback_gives_up_the_locks(other, rows):
	frappe.db.get_value(ITEM, rows[0], "title", for_update=True)
	frappe.db.rollback()
	other.sql("set session innodb_lock_wait_timeout = 1")
	other.sql(f"update `tab{ITEM}` set note = 'x' where name = %s", rows[0])
	other.rollback()


def test_of_two_transactions_in_a_deadlock_one_raises_query_deadlock_error(other, rows):
	"""Each locks one row and then wants the other's."""
	frappe.db.sql(f"update `tab{ITEM}` set note = 'mine' where name = %s", rows[0])
	other.sql(f"update `tab{ITEM}` set note = 'theirs' where name = %s", rows[1])
	errors: list[Exception] = []

	def write(connection, name: str) -> None:
		try:
			connection.sql(f"update `tab{ITEM}` set note = 'both' where name = %s", name)
		except Exception as error:
			errors.append(error)
			connection.rollback()

	thread = threading.Thread(target=contextvars.copy_context().run, args=[write, other, rows[0]])
	thread.start()
	write(frappe.db, rows[1])
	frappe.db.rollback()
	thread.join(60)
	other.rollback()
	assert [type(error) for error in errors] == [frappe.QueryDeadlockError]
	assert frappe.db.is_deadlocked(errors[0].__cause__ or errors[0].args[0])


def test_an_insert_waits_for_another_uncommitted_one_with_the_same_unique_value(other):
	other.sql(f"insert into `tab{ITEM}` (name, code) values ('theirs', 'A')")
	frappe.db.sql("set session innodb_lock_wait_timeout = 1")
	try:
		with pytest.raises(frappe.QueryTimeoutError):
			item("Mine", code="A")
		frappe.db.rollback()
		other.rollback()
		item("Mine", code="A")
	finally:
		frappe.db.sql("set session innodb_lock_wait_timeout = default")
