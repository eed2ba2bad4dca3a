"""What a request may say where Frappe's query has conditions: names, operators, and values of any kind."""

import json

import pytest

from dartwing.dartwing_core.api.filter_lists import are_filters, has_open_range, odd_conditions
from dartwing.dartwing_core.api.sql_in_arguments import has_query

FILTERS = (
	[],
	{},
	"",
	{"status": "Open", "name": ["like", "a (select b)%"]},
	{"from date": "2026-01-01", "company": ["A (x)", "B's"]},
	["status", "=", "Open"],
	["ToDo", "status", "in", ["Open"]],
	[["status", "=", "it's (x) `y`; -- select"]],
	[["ToDo", "date", "between", ["2026-01-01", "2026-01-02"], False]],
	[["ToDo", "_assign", "not like", "%x%"], ["name", "x"]],
	[["E-mail Account", "name", "IN", "a,b"]],
	[["customer.territory", "descendants of (inclusive)", "All"]],
	[["`tabToDo`.`status`", "=", "Open"]],
	[[None, "status", "", "Open"]],
	[{"status": "Open"}],
	[["status", "=", "Open"], "and", [["name", "=", "x"], "or", ["name", "=", "y"]]],
)
CALL = "ifnull(extractvalue(1,concat('~',(with c as (values('a')) select`sid`from`tabSessions`limit 1))),1)"
FIELDS = (CALL, "ifnull(`tabEvent`.name,'') = 'x' || ifnull(1,1)", "name` or `x", "name -- ", "", 1, ["x"])
NONE = (
	"1=1",
	["1=1"],
	["x", "y", "z"],
	["status", "=", "sleep(1)"],
	[["name"]],
	[["name", "= 1 or", "x"]],
	[["name", "+", "x"]],
	[["__Auth", "name", "=", "x"]],
	[["ToDo` join `tabUser", "name", "=", "x"]],
	["status", "=", ["x"], "or 1=1"],
	[["name", "=", "x"], "or 1=1"],
)


def shapes(field):
	yield [[field, "=", 1]]
	yield [["Event", field, "=", "1"]]
	yield [["Event", field, "", "1"]]
	yield [["Event", field, None, "1", False]]
	yield [[field, 1]]
	yield [[[field, "like", 1], "and", ["name", "=", 1]]]
	if isinstance(field, str):
		yield {field: 1}
		yield {field: ["like", "x"]}
		yield [{field: 1}]


def written(value):
	"""As JSON, and as JSON in JSON."""
	yield value
	yield json.dumps(value)
	yield json.dumps(json.dumps(value))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_conditions_on_fields_are_filters_whatever_their_values(filters):
	assert all(map(are_filters, (None, *written(filters))))
	assert list(odd_conditions(filters)) == []


@pytest.mark.parametrize("filters", NONE, ids=str)
def test_what_is_no_condition_is_none(filters):
	assert not any(map(are_filters, written(filters)))


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_field_is_a_name_in_whatever_stands_for_a_condition(field):
	for filters in shapes(field):
		assert not any(map(are_filters, written(filters))), filters


@pytest.mark.parametrize("shape", range(4))
def test_a_condition_is_found_in_an_argument_of_any_name(shape):
	filters = list(shapes(CALL))[shape]
	as_json = json.dumps(filters)
	for value in (filters, filters[0], {"x": [filters]}, ["a", as_json], {"x": as_json}):
		assert list(odd_conditions(value)), value
	assert list(odd_conditions({CALL: ["like", "x"]}))


@pytest.mark.parametrize(
	"value", [["A (x)", "B (y)", "C"], [["Net (sum)", 3], ["a (b)", "x", "y"]], [1, 0, 3], {"a (b)": "c"}]
)
def test_names_and_rows_are_no_conditions(value):
	assert list(odd_conditions(value)) == []


def test_a_query_behind_a_common_table_is_one():
	assert has_query(CALL)
	assert not has_query("a job (with two files) is selected")


OPEN = (
	[["Background Job", "owner", "between", "x"]],
	[["owner", "BETWEEN", ["a", "b"]]],
	["owner", " between ", []],
	{"owner": ["between", "x"]},
	[["status", "timespan", "last week"]],
	[["nothing", "between", ["2026-01-01", "2026-01-02"]]],
	[["Person", "queued_at", "between", "x"]],
	[["`tabBackground Job`.`owner`", "between", "x"]],
	{"a": [["owner", "between", "x"]]},
)
CLOSED = (
	[["Background Job", "creation", "between", "x"]],
	[["queued_at", "between", ["2026-01-01", "2026-01-02"]]],
	{"queued_at": ["Between", ["2026-01-01", "2026-01-02"]]},
	[["creation", "timespan", "last week"]],
	[["Background Job", "queued_at", "next", "1 week"]],
	{"owner": ["like", "between"]},
	[["owner", "=", "between"]],
	["status", "between"],
	"between",
	None,
)


@pytest.mark.parametrize("filters", OPEN, ids=str)
def test_a_range_of_what_is_no_date_is_open(world, filters):
	"""To Frappe v15 its end is the condition of what the user may see."""
	assert all(has_open_range(one, {"Background Job"}) for one in written(filters))
	assert has_open_range(filters, set())


@pytest.mark.parametrize("filters", CLOSED, ids=str)
def test_a_range_of_dates_is_one(world, filters):
	assert not any(has_open_range(one, {"Background Job"}) for one in written(filters))
