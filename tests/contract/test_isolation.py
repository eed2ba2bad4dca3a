import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import frappe
import pytest
from contract_doctypes import ITEM, item
from database import driver, with_snapshot_isolation
from framework import since

ER_CHECKREAD = 1020


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


# --- rows that others changed since the snapshot: servers differ, and so do their settings


@pytest.fixture(params=["without", "with"])
def refuses(request) -> Iterator[bool]:
	"""Whether the server refuses such rows: with snapshot isolation, which older MariaDBs do not have."""
	with with_snapshot_isolation(request.param == "with") as refuses:
		yield refuses


def test_a_locking_read_sees_what_others_committed_or_is_refused(other, row, refuses):
	assert note_of(row) == "old"
	change(other, row)
	if refuses:
		assert_refused(lambda: note_of(row, for_update=True))
		assert note_of(row) == "new"
	else:
		assert note_of(row, for_update=True) == "new"
		assert note_of(row) == "old"


def test_an_update_finds_rows_as_they_are_now_or_is_refused(other, row, refuses):
	assert note_of(row) == "old"
	change(other, row)
	table = frappe.qb.DocType(ITEM)
	query = frappe.qb.update(table).set(table.note, "mine").where((table.name == row) & (table.note == "old"))
	if refuses:
		assert_refused(query.run)
	else:
		query.run()
		assert frappe.db._cursor.rowcount == 0


def test_a_row_that_this_transaction_has_locked_is_refused_too(other, row, refuses):
	"""As it was changed before it was locked."""
	assert note_of(row) == "old"
	change(other, row)
	newest = "set statement innodb_snapshot_isolation = off for " if refuses else ""
	frappe.db.sql(f"{newest}select name from `tab{ITEM}` where name = %s for update", row)
	if refuses:
		assert_refused(lambda: frappe.db.delete(ITEM, {"name": row}))
	else:
		frappe.db.delete(ITEM, {"name": row})
		assert not frappe.db.exists(ITEM, row)


def test_a_refused_row_undoes_the_whole_transaction(other, row, refuses):
	assert note_of(row) == "old"
	item("Written before")
	change(other, row)
	if refuses:
		assert_refused(lambda: note_of(row, for_update=True))
	assert bool(frappe.db.exists(ITEM, {"title": "Written before"})) is not refuses


def test_frappe_deletes_a_document_that_others_changed_or_is_refused(other, row, refuses):
	"""From v15.90 on with the words and the error that it has for a document that others have locked."""
	assert note_of(row) == "old"
	change(other, row)
	if refuses and since(15, 90):
		with pytest.raises(frappe.QueryTimeoutError, match="being modified by another user"):
			frappe.delete_doc(ITEM, row)
	elif refuses:
		assert_refused(lambda: frappe.delete_doc(ITEM, row))
	else:
		frappe.delete_doc(ITEM, row)
		assert not frappe.db.exists(ITEM, row)


def test_a_document_that_others_saved_cannot_be_saved(other, row, refuses):
	"""The reason is Frappe's where it can look at the row."""
	doc = frappe.get_doc(ITEM, row)
	other.sql(f"update `tab{ITEM}` set modified = now() where name = %s", row)
	other.commit()
	doc.note = "mine"
	if refuses:
		assert_refused(doc.save)
	else:
		with pytest.raises(frappe.TimestampMismatchError):
			doc.save()


def assert_refused(statement: Callable[[], object]) -> None:
	"""With the driver's error on v15.41, which knows nothing of it.

	v15.90 and v16 raise what they raise for a deadlock, and call the driver's error one when they are asked.
	"""
	with pytest.raises(frappe.QueryDeadlockError if since(15, 90) else frappe.db.OperationalError) as raised:
		statement()
	error = raised.value.__cause__ if since(15, 90) else raised.value
	assert error.args[0] == ER_CHECKREAD
	assert frappe.db.is_deadlocked(error) is since(15, 90)
	assert not frappe.db.is_timedout(error)


def test_one_statement_can_ask_for_rows_as_they_are_now(other, row, refuses):
	assert note_of(row) == "old"
	change(other, row)
	newest = "set statement innodb_snapshot_isolation = off for " if refuses else ""
	query = f"{newest}select note from `tab{ITEM}` where name = %s for update"
	assert frappe.db.sql(query, row) == (("new",),)


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


def test_connection_settings_open_another_connection_with_the_sites_driver(row):
	"""They are not the other driver's: on v16 there are two, which take other names."""
	connection = driver().connect(**frappe.db.get_connection_settings())
	with closing(connection), connection.cursor() as cursor:
		cursor.execute(f"select note from `tab{ITEM}` where name = %s", (row,))
		assert cursor.fetchone() == ("old",)
		cursor.execute("select @@autocommit")
		assert cursor.fetchone() == (0,)
