import frappe
import pytest
from contract_doctypes import item, titles


def test_rolling_back_to_a_savepoint_undoes_only_what_followed_it():
	item("Before")
	frappe.db.savepoint("here")
	item("After")
	frappe.db.rollback(save_point="here")
	frappe.db.commit()
	assert titles() == ["Before"]


def test_a_savepoint_can_be_rolled_back_to_twice():
	frappe.db.savepoint("here")
	for number in range(2):
		item(f"Number {number}")
		frappe.db.rollback(save_point="here")
	assert titles() == []


def test_a_released_savepoint_is_gone_and_its_writes_stay():
	frappe.db.savepoint("here")
	item("Kept")
	frappe.db.release_savepoint("here")
	with pytest.raises(frappe.db.OperationalError):
		frappe.db.rollback(save_point="here")
	assert titles() == ["Kept"]


def test_a_commit_ends_all_savepoints():
	frappe.db.savepoint("here")
	frappe.db.commit()
	with pytest.raises(frappe.db.OperationalError):
		frappe.db.rollback(save_point="here")


def test_an_inner_savepoint_is_undone_with_the_outer_one():
	frappe.db.savepoint("first")
	item("One")
	frappe.db.savepoint("second")
	item("Two")
	frappe.db.rollback(save_point="first")
	assert titles() == []
	with pytest.raises(frappe.db.OperationalError):
		frappe.db.rollback(save_point="second")


def test_an_insert_that_met_a_duplicate_can_be_undone_alone():
	item("Before")
	item("First", code="A")
	frappe.db.savepoint("here")
	with pytest.raises(frappe.UniqueValidationError):
		item("Second", code="A")
	frappe.db.rollback(save_point="here")
	item("Third", code="B")
	frappe.db.commit()
	assert titles() == ["Before", "First", "Third"]
