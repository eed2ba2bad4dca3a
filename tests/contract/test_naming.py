import frappe
import pytest
from contract_doctypes import FORMATTED, GROUP, ITEM, PROMPTED, SERIAL, group, item, new_item


def new(doctype: str, **values):
	return frappe.get_doc({"doctype": doctype, **values})


def test_hash_names_are_ten_characters_and_differ():
	names = {item(f"Item {number}").name for number in range(20)}
	assert len(names) == 20
	assert {len(name) for name in names} == {10}


def test_a_name_given_to_a_document_named_by_hash_is_not_kept_without_set_name():
	doc = new_item()
	doc.name = "mine"
	assert doc.insert().name != "mine"


def test_set_name_decides_the_name():
	assert new_item().insert(set_name="mine").name == "mine"


def test_a_field_gives_the_name_without_surrounding_spaces():
	assert group("  North  ").name == "North"


def test_a_name_from_an_empty_field_is_refused():
	with pytest.raises(frappe.ValidationError, match="Group Name is required"):
		group("")


@pytest.mark.parametrize("name", ["<b>", "a<b", "a>b"])
def test_a_name_with_angle_brackets_is_refused(name):
	with pytest.raises(frappe.NameError, match="special characters"):
		group(name)


def test_a_name_of_more_than_140_characters_is_refused():
	with pytest.raises(frappe.CharacterLengthExceededError):
		group("x" * 141)


def test_a_series_counts_and_knows_the_year():
	year = frappe.utils.now_datetime().year
	names = [new(SERIAL).insert().name for _ in range(2)]
	number = int(names[0].rsplit("-", 1)[1])
	assert names == [f"CONTRACT-{year}-{number:04d}", f"CONTRACT-{year}-{number + 1:04d}"]


def test_a_rolled_back_number_of_a_series_is_used_again():
	first = new(SERIAL).insert().name
	frappe.db.rollback()
	assert new(SERIAL).insert().name == first


def test_a_series_makes_submitters_wait_for_each_other(other):
	new(SERIAL).insert()
	frappe.db.commit()
	new(SERIAL).insert()
	other.sql("set session innodb_lock_wait_timeout = 1")
	with pytest.raises(frappe.QueryTimeoutError):
		other.sql("update `tabSeries` set current = current where name like 'CONTRACT-%%'")


def test_deleting_the_last_document_of_a_series_gives_its_number_back():
	first = new(SERIAL).insert()
	name = first.name
	first.delete()
	assert new(SERIAL).insert().name == name


def test_a_format_takes_fields():
	assert new(FORMATTED, title="North", count=3).insert().name == "North-3"


def test_a_prompted_name_must_be_given():
	with pytest.raises(frappe.ValidationError, match="Please set the document name"):
		new(PROMPTED).insert()
	doc = new(PROMPTED)
	doc.name = "Given"
	assert doc.insert().name == "Given"


def test_a_child_row_gets_a_hash_and_its_place():
	doc = item(lines=[{"text": "first"}, {"text": "second"}])
	assert [(len(row.name), row.idx, row.parent, row.parenttype, row.parentfield) for row in doc.lines] == [
		(10, 1, doc.name, ITEM, "lines"),
		(10, 2, doc.name, ITEM, "lines"),
	]


def test_generate_hash_gives_hex_of_the_wanted_length():
	text = frappe.generate_hash(length=32)
	assert len(text) == 32
	assert int(text, 16) >= 0


def test_scrub_and_unscrub_turn_labels_into_names():
	assert frappe.scrub("Contract Item-Two") == "contract_item_two"
	assert frappe.unscrub("contract_item") == "Contract Item"
	assert frappe.db.get_value("DocType", GROUP, "autoname") == "field:group_name"
