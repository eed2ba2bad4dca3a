import frappe
import pytest
from contract_doctypes import GROUP, ITEM, SETTINGS, group, item, new_item
from framework import since


def test_a_link_to_nothing_is_refused_with_its_name():
	with pytest.raises(frappe.LinkValidationError, match="Group: Nowhere"):
		item(group="Nowhere")


def test_a_link_in_a_child_row_is_checked():
	with pytest.raises(frappe.LinkValidationError, match="Row #1"):
		item(lines=[{"text": "one", "group": "Nowhere"}])


def test_links_can_be_ignored():
	doc = new_item(group="Nowhere")
	assert doc.insert(ignore_links=True).group == "Nowhere"


def test_a_link_takes_the_spelling_of_what_it_names():
	group("North")
	assert item(group="north").group == "North"


def test_a_missing_mandatory_value_is_refused_with_its_field():
	with pytest.raises(frappe.MandatoryError, match="title"):
		item("")


def test_a_missing_mandatory_value_of_a_child_row_is_refused():
	with pytest.raises(frappe.MandatoryError, match="text"):
		item(lines=[{"amount": 1}])


def test_mandatory_values_can_be_ignored():
	assert new_item("").insert(ignore_mandatory=True).name


def test_a_select_takes_only_its_options():
	with pytest.raises(frappe.ValidationError, match="Status cannot be"):
		item(status="Half open")


def test_a_default_replaces_none_but_not_an_empty_text():
	assert item(status=None).status == "Open"
	assert item(status="").status == ""


def test_a_text_longer_than_its_column_is_refused():
	with pytest.raises(frappe.CharacterLengthExceededError):
		item("x" * 141)


def test_a_negative_value_of_a_field_that_takes_none_is_refused():
	with pytest.raises(frappe.NonNegativeError):
		item(weight=-1)


def test_a_field_set_once_cannot_be_changed():
	doc = item(fixed="first")
	doc.fixed = "second"
	with pytest.raises(frappe.CannotChangeConstantError):
		doc.save()


def test_an_email_field_takes_only_addresses():
	with pytest.raises(frappe.InvalidEmailAddressError):
		item(email="no address")


def test_numbers_are_made_of_texts_in_the_database():
	doc = item(count="7", weight="1.5", is_active="1")
	assert frappe.db.get_value(ITEM, doc.name, ["count", "weight", "is_active"]) == (7, 1.5, 1)


def test_what_is_no_number_is_stored_as_zero():
	assert frappe.db.get_value(ITEM, item(count="many").name, "count") == 0


def test_an_integer_beyond_its_column_is_refused():
	with pytest.raises(
		(frappe.CharacterLengthExceededError, frappe.db.OperationalError, frappe.db.DataError)
	):
		item(count=10**12)


def test_dates_and_times_are_kept_as_they_are_given_and_read_as_objects():
	doc = item(day="2026-11-22", moment="2026-11-22 10:00:00.000005")
	assert (doc.day, doc.moment) == ("2026-11-22", "2026-11-22 10:00:00.000005")
	doc.reload()
	assert doc.day.isoformat() == "2026-11-22"
	assert doc.moment.microsecond == 5


def test_what_is_no_date_is_refused_by_the_database():
	with pytest.raises(frappe.db.OperationalError):
		item(day="some day")


def test_html_in_texts_is_cleaned():
	doc = item("<script>alert(1)</script>First", note="<b onclick='x()'>bold</b>")
	assert "<script" not in doc.title
	assert "onclick" not in doc.note


def test_defaults_are_set_on_insert():
	doc = item()
	assert (doc.status, doc.is_active, doc.docstatus) == ("Open", 1, 0)


def test_a_default_does_not_replace_zero():
	assert item(is_active=0).is_active == 0


def test_an_insert_stamps_owner_and_times():
	doc = item()
	assert (doc.owner, doc.modified_by) == ("Administrator", "Administrator")
	assert doc.creation == doc.modified


def test_a_save_stamps_modified_and_keeps_creation():
	doc = item()
	creation, modified = str(doc.creation), str(doc.modified)
	doc.save()
	assert str(doc.creation) == creation
	assert str(doc.modified) > modified


def test_a_save_of_what_is_gone_raises():
	doc = item()
	frappe.db.delete(ITEM, {"name": doc.name})
	with pytest.raises(frappe.DoesNotExistError):
		doc.save()


def test_child_rows_that_are_left_out_are_deleted_and_the_rest_is_saved():
	doc = item(lines=[{"text": "one"}, {"text": "two"}])
	doc.remove(doc.lines[0])
	doc.lines[0].text = "changed"
	doc.append("lines", {"text": "three"})
	doc.save()
	doc.reload()
	assert [(row.idx, row.text) for row in doc.lines] == [(1, "changed"), (2, "three")]
	assert frappe.db.count("Contract Line", {"parent": doc.name}) == 2


def test_hooks_of_a_document_run_in_their_order():
	calls: list[str] = []
	names = (
		*("before_insert", "before_validate", "validate", "before_save", "after_insert"),
		*("on_update", "on_change", "on_trash", "after_delete", "before_delete", "autoname"),
	)
	doc = new_item()
	for name in names:
		setattr(doc, name, lambda *_args, name=name: calls.append(name))
	doc.insert()
	assert calls == [
		*("before_insert", "autoname", "before_validate", "validate", "before_save"),
		*("after_insert", "on_update", "on_change"),
	]
	calls.clear()
	doc.save()
	assert calls == ["before_validate", "validate", "before_save", "on_update", "on_change"]


def test_an_error_in_a_hook_stops_the_insert():
	doc = new_item()
	doc.validate = lambda: frappe.throw("Not like this")
	with pytest.raises(frappe.ValidationError, match="Not like this"):
		doc.insert()
	assert frappe.db.count(ITEM) == 0


def test_a_document_knows_what_changed():
	doc = item("First")
	doc.title = "Second"
	seen = []
	doc.validate = lambda: seen.append(
		(doc.has_value_changed("title"), doc.has_value_changed("note"), doc.get_doc_before_save().title)
	)
	doc.save()
	assert seen == [(True, False, "First")]


def test_a_new_document_knows_that_it_is_new():
	doc = frappe.new_doc(ITEM)
	assert doc.is_new()
	doc.title = "First"
	doc.insert()
	assert not doc.is_new()


def test_a_document_made_of_a_dict_knows_that_it_is_new_only_while_it_is_inserted():
	doc, seen = new_item(), []
	assert not doc.is_new()
	doc.validate = lambda: seen.append(bool(doc.is_new()))
	doc.insert()
	assert seen == [True]


def test_db_set_writes_at_once_without_hooks():
	doc = item()
	doc.validate = lambda: frappe.throw("not called")
	doc.db_set("note", "quick")
	doc.db_set({"count": 3, "day": "2026-01-01"}, update_modified=False)
	assert frappe.db.get_value(ITEM, doc.name, ["note", "count"]) == ("quick", 3)
	assert doc.note == "quick"


def test_what_others_link_to_cannot_be_deleted():
	group("North")
	item(group="North")
	with pytest.raises(frappe.LinkExistsError):
		frappe.delete_doc(GROUP, "North")
	frappe.delete_doc(GROUP, "North", force=True)
	assert not frappe.db.exists(GROUP, "North")


def test_deleting_what_is_not_there():
	with pytest.raises(frappe.DoesNotExistError):
		frappe.delete_doc(ITEM, "none", ignore_missing=False)
	frappe.delete_doc(ITEM, "none")


def test_a_deleted_document_takes_its_child_rows_along():
	doc = item(lines=[{"text": "one"}])
	doc.delete()
	assert frappe.db.count("Contract Line", {"parent": doc.name}) == 0


def test_a_password_is_stored_elsewhere_and_read_on_demand():
	doc = item(secret="open sesame")
	assert set(frappe.db.get_value(ITEM, doc.name, "secret")) == {"*"}
	assert frappe.get_doc(ITEM, doc.name).get_password("secret") == "open sesame"
	doc.delete()


def test_a_single_has_its_defaults_until_it_is_saved():
	assert frappe.get_single(SETTINGS).limit == 7
	settings = frappe.get_single(SETTINGS)
	settings.limit = 0
	settings.title = "saved"
	settings.save()
	assert frappe.db.get_single_value(SETTINGS, "limit") == 0
	assert frappe.get_single(SETTINGS).title == "saved"


def test_a_value_of_a_single_can_be_set_alone():
	frappe.db.set_single_value(SETTINGS, "title", "alone")
	assert frappe.db.get_single_value(SETTINGS, "title") == "alone"
	assert frappe.db.get_value(SETTINGS, None, "title") == "alone"


def test_a_cached_document_is_read_again_after_a_save():
	doc = group("North", note="old")
	frappe.db.commit()
	assert frappe.get_cached_doc(GROUP, "North").note == "old"
	doc.note = "new"
	doc.save()
	assert frappe.get_cached_doc(GROUP, "North").note == "new"
	frappe.db.set_value(GROUP, "North", "note", "newest")
	assert frappe.get_cached_doc(GROUP, "North").note == "newest"


def test_only_search_index_and_unique_make_indexes():
	"""Beside the one of the field by which lists are sorted: `modified` on v15, `creation` on v16."""
	rows = frappe.db.sql(f"show index from `tab{ITEM}`", as_dict=True)
	sorted_by = "creation" if since(16) else "modified"
	assert {row.Key_name for row in rows} == {"PRIMARY", "code", "count", sorted_by}
