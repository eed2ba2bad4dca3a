import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import frappe
import pytest
from contract_doctypes import ITEM, group, item
from framework import since


def compact(value) -> str:
	return frappe.as_json(value, indent=None, separators=(",", ":"))


@pytest.mark.parametrize(
	("value", "text"),
	[
		(datetime(2026, 11, 22, 10, 0), '"2026-11-22 10:00:00"'),
		(datetime(2026, 11, 22, 10, 0, 0, 5), '"2026-11-22 10:00:00.000005"'),
		(date(2026, 11, 22), '"2026-11-22"'),
		(time(10, 5), '"10:05:00"'),
		(timedelta(days=1, hours=1), '"25:00:00"'),
		(Decimal("1.50"), "1.5"),
		(1.0, "1.0"),
		(True, "true"),
		(None, "null"),
		("ü", '"\\u00fc"'),
		([1, "a"], '[1,"a"]'),
		((1, 2), "[1,2]"),
		({1}, "[1]"),
		({"a": frappe._dict(b=1)}, '{"a":{"b":1}}'),
	],
)
def test_as_json_writes_python_values(value, text):
	assert compact(value) == text


def test_as_json_sorts_keys_and_indents_by_one():
	assert frappe.as_json({"b": 1, "a": 2}) == '{\n "a": 2,\n "b": 1\n}'


def test_as_json_writes_documents():
	written = json.loads(frappe.as_json(group("North")))
	assert (written["doctype"], written["name"], written["group_name"]) == (
		"Contract Group",
		"North",
		"North",
	)


def test_as_json_has_no_argument_sort_keys():
	with pytest.raises(TypeError):
		frappe.as_json({}, sort_keys=True)


def test_as_json_refuses_what_it_does_not_know():
	with pytest.raises(TypeError):
		frappe.as_json({"a": object()})


def test_as_json_writes_keys_that_are_no_texts():
	assert json.loads(compact({1: "a"})) == {"1": "a"}


def test_as_json_writes_nan_which_is_no_json():
	assert compact({"a": float("nan")}) == '{"a":NaN}'


@pytest.mark.parametrize(
	("text", "value"),
	[('{"a": 1}', {"a": 1}), ("[1]", [1]), ("3", 3), ('"a"', "a"), ("null", None)],
)
def test_parse_json_reads_texts(text, value):
	assert frappe.parse_json(text) == value


def test_parse_json_gives_dicts_with_attributes():
	assert frappe.parse_json('{"a": {"b": 1}}').a == {"b": 1}
	assert frappe.parse_json({"a": 1}).a == 1


@pytest.mark.parametrize("value", [None, 3, [1]])
def test_parse_json_leaves_what_is_no_text(value):
	assert frappe.parse_json(value) == value


@pytest.mark.parametrize("text", ["", "no json", "{"])
def test_parse_json_raises_for_other_texts(text):
	with pytest.raises(json.JSONDecodeError):
		frappe.parse_json(text)


@pytest.mark.parametrize(("text", "value"), [("NaN", float), ('"\\ud800"', str)])
def test_parse_json_takes_what_is_no_json_on_some_versions(text, value):
	"""On v15, whose reader is Python's own; v16's is strict, also about half of a surrogate pair."""
	if since(16):
		with pytest.raises(json.JSONDecodeError):
			frappe.parse_json(text)
	else:
		assert isinstance(frappe.parse_json(text), value)


def test_a_json_field_takes_a_dict_and_gives_its_text():
	doc = item(payload={"b": 1, "a": [1, 2]})
	stored = frappe.db.get_value(ITEM, doc.name, "payload")
	assert json.loads(stored) == {"b": 1, "a": [1, 2]}
	assert isinstance(frappe.get_doc(ITEM, doc.name).payload, str)


def test_a_json_field_keeps_a_text_as_it_is():
	text = '{"b":1,"a":2}'
	assert frappe.db.get_value(ITEM, item(payload=text).name, "payload") == text


def test_a_json_field_that_is_no_json_is_refused_by_the_database():
	with pytest.raises(frappe.db.OperationalError):
		item(payload="no json")


def test_an_empty_json_field_is_null():
	assert frappe.db.get_value(ITEM, item().name, "payload") is None


def test_as_dict_has_all_fields_of_a_document():
	values = item("First", day="2026-11-22").as_dict()
	assert values.title == "First"
	assert values.doctype == ITEM
	assert values.lines == []
	assert "payload" in values
