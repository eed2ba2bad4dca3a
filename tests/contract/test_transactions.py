import frappe
import pytest
from contract_doctypes import ITEM, count_over, item, new_item, titles
from database import driver


def test_a_write_is_seen_elsewhere_only_after_the_commit(other):
	item("First")
	assert count_over(other) == 0
	other.rollback()
	frappe.db.commit()
	assert count_over(other) == 1


def test_a_rollback_undoes_everything_since_the_last_commit():
	item("Kept")
	frappe.db.commit()
	item("Undone")
	frappe.db.set_value(ITEM, {"title": "Kept"}, "note", "undone")
	frappe.db.rollback()
	assert titles() == ["Kept"]
	assert frappe.db.get_value(ITEM, {"title": "Kept"}, "note") is None


def test_an_error_of_a_statement_leaves_the_transaction_as_it_was():
	item("First")
	with pytest.raises(frappe.db.ProgrammingError):
		frappe.db.sql("select no_such_column from nowhere at all")
	frappe.db.commit()
	assert titles() == ["First"]


def test_a_schema_change_after_a_write_is_refused_as_it_would_commit():
	item("Undone")
	with pytest.raises(frappe.ImplicitCommitError):
		frappe.db.sql("create table `contract_never` (a int)")
	frappe.db.rollback()
	assert titles() == []


def test_sql_ddl_commits_what_was_written_before(other):
	item("Committed")
	frappe.db.sql_ddl("create or replace sequence `contract_ddl_seq`")
	frappe.db.rollback()
	frappe.db.sql_ddl("drop sequence `contract_ddl_seq`")
	assert count_over(other) == 1


def test_too_many_writes_in_one_transaction_are_refused(monkeypatch):
	monkeypatch.setattr(type(frappe.local.db), "MAX_WRITES_PER_TRANSACTION", 3)
	frappe.db.commit()
	for number in range(3):
		frappe.db.set_value(ITEM, "none", "note", str(number))
	with pytest.raises(frappe.TooManyWritesError):
		frappe.db.set_value(ITEM, "none", "note", "one too many")


def test_a_commit_starts_the_count_of_writes_anew(monkeypatch):
	monkeypatch.setattr(type(frappe.local.db), "MAX_WRITES_PER_TRANSACTION", 3)
	for number in range(6):
		frappe.db.commit()
		frappe.db.set_value(ITEM, "none", "note", str(number))
	assert frappe.db.transaction_writes


def test_bulk_insert_writes_all_rows_in_the_callers_transaction(other):
	fields = ["name", "title", "creation", "modified", "owner"]
	now = frappe.utils.now()
	rows = [(f"bulk-{number}", f"Row {number}", now, now, "Administrator") for number in range(5)]
	frappe.db.bulk_insert(ITEM, fields, rows, chunk_size=2)
	assert len(titles()) == 5
	assert count_over(other) == 0
	frappe.db.rollback()
	assert titles() == []


def test_bulk_insert_stops_at_a_duplicate_unless_told_to_ignore_it():
	fields = ["name", "title"]
	frappe.db.bulk_insert(ITEM, fields, [("one", "First")])
	with pytest.raises(driver().IntegrityError):
		frappe.db.bulk_insert(ITEM, fields, [("one", "Second")])
	frappe.db.bulk_insert(ITEM, fields, [("one", "Second"), ("two", "Third")], ignore_duplicates=True)
	assert titles() == ["First", "Third"]


def test_the_cursor_counts_changed_rows_not_matched_ones():
	item("First")
	table = frappe.qb.DocType(ITEM)
	frappe.qb.update(table).set(table.note, "new").where(table.title == "First").run()
	assert frappe.db._cursor.rowcount == 1
	frappe.qb.update(table).set(table.note, "new").where(table.title == "First").run()
	assert frappe.db._cursor.rowcount == 0
	frappe.qb.update(table).set(table.note, "newer").where(table.title == "Nobody").run()
	assert frappe.db._cursor.rowcount == 0


def test_db_insert_stores_a_document_without_hooks_and_checks(other):
	doc = new_item("Raw", status="No such status")
	doc.name = "raw"
	doc.db_insert()
	assert frappe.db.get_value(ITEM, "raw", "status") == "No such status"
	assert count_over(other) == 0


def test_set_value_stamps_modified_unless_told_not_to():
	doc = item("First")
	frappe.db.set_value(ITEM, doc.name, "modified", "2001-01-01", update_modified=False)
	frappe.db.set_value(ITEM, doc.name, "note", "quiet", update_modified=False)
	assert str(frappe.db.get_value(ITEM, doc.name, "modified")) == "2001-01-01 00:00:00"
	frappe.db.set_value(ITEM, doc.name, "note", "loud")
	assert frappe.db.get_value(ITEM, doc.name, "modified").year > 2001


def test_set_value_takes_many_fields_and_filters():
	item("First")
	item("Second")
	frappe.db.set_value(ITEM, {"title": ("in", ["First", "Second"])}, {"note": "both", "count": 3})
	assert frappe.get_all(ITEM, fields=["note", "count"], as_list=True) == (("both", 3), ("both", 3))


def test_delete_removes_what_the_filters_match():
	item("First")
	item("Second")
	frappe.db.delete(ITEM, {"title": ("like", "F%")})
	assert titles() == ["Second"]


def test_a_document_changed_meanwhile_is_not_overwritten():
	first = item("First")
	second = frappe.get_doc(ITEM, first.name)
	second.note = "by the second"
	second.save()
	first.note = "by the first"
	with pytest.raises(frappe.TimestampMismatchError):
		first.save()
	first.reload()
	assert first.note == "by the second"
