import contextvars
import threading

import frappe
import pytest
from contract_doctypes import ITEM, item


@pytest.fixture
def row() -> str:
	name = item("First", note="old").name
	frappe.db.commit()
	return name


def note_of(row: str, **options) -> str:
	return frappe.db.get_value(ITEM, row, "note", **options)


def change(other, row: str, note: str = "new") -> None:
	other.sql(f"update `tab{ITEM}` set note = %s where name = %s", (note, row))
	other.commit()


def test_transactions_are_repeatable_read():
	assert frappe.db.sql("select @@tx_isolation")[0][0] == "REPEATABLE-READ"


def test_a_transaction_that_has_read_does_not_see_what_others_commit(other, row):
	assert note_of(row) == "old"
	change(other, row)
	assert note_of(row) == "old"
	frappe.db.commit()
	assert note_of(row) == "new"


def test_the_snapshot_is_taken_at_the_first_read_of_any_table(other, row):
	frappe.db.sql("select count(*) from `tabDocType`")
	change(other, row)
	assert note_of(row) == "old"


def test_a_locking_read_sees_what_others_committed(other, row):
	assert note_of(row) == "old"
	change(other, row)
	assert note_of(row, for_update=True) == "new"
	assert note_of(row) == "old"


def test_an_update_finds_rows_as_they_are_now_not_as_the_snapshot_has_them(other, row):
	assert note_of(row) == "old"
	change(other, row)
	table = frappe.qb.DocType(ITEM)
	frappe.qb.update(table).set(table.note, "mine").where((table.name == row) & (table.note == "old")).run()
	assert frappe.db._cursor.rowcount == 0


def test_documents_go_over_the_connection_that_frappe_local_db_is(other, row):
	mine = frappe.local.db
	frappe.local.db = other
	try:
		doc = frappe.get_doc(ITEM, row)
		doc.note = "over the other"
		doc.save()
		other.commit()
	finally:
		frappe.local.db = mine
	mine.rollback()
	assert note_of(row) == "over the other"


def test_queries_that_another_connection_builds_go_over_frappe_local_db(other, row):
	frappe.db.set_value(ITEM, row, "note", "uncommitted")
	assert other.get_value(ITEM, row, "note") == "uncommitted"
	assert other.count(ITEM, {"note": "uncommitted"}) == 1
	assert other.sql(f"select note from `tab{ITEM}` where name = %s", row) == (("old",),)


def test_a_rollback_of_one_connection_leaves_the_others_writes(other, row):
	other.sql(f"update `tab{ITEM}` set note = 'by the other' where name = %s", row)
	frappe.db.rollback()
	other.commit()
	assert note_of(row) == "by the other"


def test_frappe_local_is_unbound_in_a_new_thread():
	seen = []
	thread = threading.Thread(target=lambda: seen.append(getattr(frappe.local, "site", None)))
	thread.start()
	thread.join()
	assert seen == [None]


def test_a_copied_context_carries_frappe_local_into_a_thread():
	seen = []
	context = contextvars.copy_context()
	thread = threading.Thread(target=context.run, args=[lambda: seen.append(frappe.local.site)])
	thread.start()
	thread.join()
	assert seen == [frappe.local.site]


def test_get_value_remembers_only_when_asked_to(other, row):
	assert note_of(row, cache=True) == "old"
	change(other, row)
	frappe.db.rollback()
	assert note_of(row) == "new"


def test_connection_settings_open_another_connection_with_pymysql(row):
	import pymysql

	connection = pymysql.connect(**frappe.db.get_connection_settings())
	with connection, connection.cursor() as cursor:
		cursor.execute(f"select note from `tab{ITEM}` where name = %s", (row,))
		assert cursor.fetchone() == ("old",)
		cursor.execute("select @@autocommit")
		assert cursor.fetchone() == (0,)
