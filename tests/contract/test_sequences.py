import frappe
import pytest
from frappe.database.sequence import create_sequence, get_next_val

NAME = "Contract Sequence"


@pytest.fixture(autouse=True)
def _sequence():
	drop()
	yield
	drop()


def drop() -> None:
	frappe.db.sql_ddl("drop sequence if exists `contract_sequence_id_seq`")


def test_values_rise_from_the_start_value():
	create_sequence(NAME, start_value=7)
	assert [get_next_val(NAME) for _ in range(3)] == [7, 8, 9]


def test_a_rollback_does_not_give_a_value_back():
	create_sequence(NAME)
	first = get_next_val(NAME)
	frappe.db.rollback()
	assert get_next_val(NAME) == first + 1


def test_two_open_transactions_do_not_wait_for_each_other(other):
	create_sequence(NAME)
	other.sql("set session innodb_lock_wait_timeout = 1")
	first = get_next_val(NAME)
	second = other.sql("select nextval(`contract_sequence_id_seq`)")[0][0]
	assert first != second


def test_creating_it_again_is_an_error_unless_told_to_check():
	create_sequence(NAME, start_value=3)
	with pytest.raises(frappe.db.OperationalError):
		create_sequence(NAME)
	create_sequence(NAME, check_not_exists=True)
	assert get_next_val(NAME) == 3


def test_a_sequence_that_is_not_there_raises():
	with pytest.raises(frappe.db.OperationalError):
		get_next_val(NAME)
