import frappe
import pytest
from contract_doctypes import ITEM, LINE, group, item
from factories import acting_as
from framework import since


@pytest.fixture
def five() -> list[str]:
	group("North")
	return [
		item(
			f"Item {number}",
			count=number,
			status="Open" if number < 3 else "Closed",
			group="North" if number == 1 else None,
			day=f"2026-01-0{number}",
			lines=[{"text": f"line {number}", "amount": number}],
		).name
		for number in range(1, 6)
	]


def found(filters=None, **options) -> list[int]:
	options.setdefault("order_by", "count asc")
	return frappe.get_all(ITEM, filters=filters, pluck="count", **options)


@pytest.mark.parametrize(
	("filters", "counts"),
	[
		({"status": "Closed"}, [3, 4, 5]),
		({"count": (">", 3)}, [4, 5]),
		({"count": ["<=", 2]}, [1, 2]),
		({"count": ("in", [1, 5])}, [1, 5]),
		({"count": ("in", "1,5")}, [1, 5]),
		({"count": ("not in", [1, 5])}, [2, 3, 4]),
		({"count": ("in", [])}, []),
		({"day": ("between", ["2026-01-02", "2026-01-03"])}, [2, 3]),
		({"title": ("like", "%3")}, [3]),
		({"title": ("not like", "%3")}, [1, 2, 4, 5]),
		({"group": ("is", "set")}, [1]),
		({"group": ("is", "not set")}, [2, 3, 4, 5]),
		({"group": ("!=", "North")}, [2, 3, 4, 5]),
		({"group": ""}, [2, 3, 4, 5]),
		# nothing on v15.41; on v15.90 what has no value
		({"group": None}, [2, 3, 4, 5] if since(15, 90) else []),
		([["status", "=", "Open"], ["count", ">", 1]], [2]),
		([[ITEM, "count", "=", 4]], [4]),
		([[LINE, "text", "=", "line 4"]], [4]),
	],
)
def test_filters(five, filters, counts):
	assert found(filters) == counts


def test_a_timespan_is_a_range_of_whole_days(five):
	assert found({"creation": ("timespan", "today")}) == [1, 2, 3, 4, 5]
	assert found({"creation": ("timespan", "this month")}) == [1, 2, 3, 4, 5]
	assert found({"creation": ("timespan", "yesterday")}) == []
	assert found({"day": ("timespan", "next month")}) == []


def test_or_filters_are_alternatives_beside_the_filters(five):
	assert found({"status": "Open"}, or_filters={"count": 2, "title": "Item 5"}) == [2]
	assert found(or_filters=[["count", "=", 2], ["count", "=", 5]]) == [2, 5]


def test_without_a_limit_all_rows_come():
	for number in range(21):
		item(f"Item {number}")
	assert len(frappe.get_all(ITEM)) == 21
	assert len(frappe.get_list(ITEM)) == 21
	assert len(frappe.get_list(ITEM, limit_page_length=0)) == 21
	assert len(frappe.get_list(ITEM, limit_page_length=2)) == 2


def test_rows_are_dicts_with_the_name_unless_fields_are_given(five):
	assert frappe.get_all(ITEM, {"count": 1}) == [{"name": five[0]}]
	row = frappe.get_all(ITEM, {"count": 1}, ["title", "day"])[0]
	assert row.title == "Item 1"
	assert str(row.day) == "2026-01-01"


def test_rows_can_be_tuples(five):
	rows = frappe.get_all(ITEM, fields=["count", "status"], order_by="count asc", limit=1, as_list=True)
	assert rows == ((1, "Open"),)


def test_the_last_modified_or_created_comes_first_unless_told_otherwise(five):
	"""The last modified on v15, the last created on v16."""
	frappe.db.set_value(ITEM, five[1], "modified", "2099-01-01", update_modified=False)
	frappe.db.set_value(ITEM, five[2], "creation", "2099-01-01", update_modified=False)
	assert frappe.get_all(ITEM, pluck="count", limit=1) == ([3] if since(16) else [2])


def test_pages_start_where_told(five):
	assert found(limit_start=1, limit_page_length=2) == [2, 3]
	assert found(start=3, page_length=2) == [4, 5]


def test_rows_can_be_counted_by_group(five):
	total = {"COUNT": "name", "as": "total"} if since(16) else "count(name) as total"
	rows = frappe.get_all(ITEM, fields=["status", total], group_by="status", order_by="status asc")
	assert [(row.status, row.total) for row in rows] == [("Closed", 3), ("Open", 2)]


def test_fields_may_be_functions(five):
	"""As texts on v15, as dicts on v16, where a text is refused also to who needs no permission."""
	texts = ["max(count) as top", "sum(count) as sum"]
	if since(16):
		with pytest.raises(frappe.ValidationError, match="SQL functions are not allowed as strings"):
			frappe.get_all(ITEM, fields=texts)
	dicts = [{"MAX": "count", "as": "top"}, {"SUM": "count", "as": "sum"}]
	assert frappe.get_all(ITEM, fields=dicts if since(16) else texts)[0] == {"top": 5, "sum": 15}


def test_fields_of_child_rows_come_one_row_each(five):
	rows = frappe.get_all(ITEM, {"count": 4}, ["title", "lines.text as line"])
	assert rows == [{"title": "Item 4", "line": "line 4"}]


def test_fields_of_linked_documents_can_be_read(five):
	frappe.db.set_value("Contract Group", "North", "note", "cold")
	rows = frappe.get_all(ITEM, {"count": 1}, ["title", "group.note as note"])
	assert rows == [{"title": "Item 1", "note": "cold"}]


def test_distinct_rows(five):
	assert sorted(frappe.get_all(ITEM, pluck="status", distinct=True, order_by="status")) == [
		"Closed",
		"Open",
	]


@pytest.mark.parametrize(
	"order_by",
	["count; drop table `tabContract Item`", "sleep(1)", "count, (select 1 from tabUser)"],
)
def test_order_by_takes_no_sql(five, order_by):
	with pytest.raises(frappe.ValidationError):
		frappe.get_list(ITEM, order_by=order_by)


@pytest.mark.parametrize(
	"field", ["(select name from tabUser)", "concat(name)", "user()", "@@version", "name from tabUser --"]
)
def test_fields_take_no_sql(five, field):
	"""Refused as data on v15; on v16 as no field, or as a function that is sent as a text."""
	errors = (frappe.PermissionError, frappe.ValidationError) if since(16) else frappe.DataError
	with pytest.raises(errors):
		frappe.get_list(ITEM, fields=[field])


def test_group_by_takes_no_sql(five):
	with pytest.raises(frappe.ValidationError):
		frappe.get_list(ITEM, group_by="name; drop table x")


def test_values_of_filters_are_no_sql(five):
	assert found({"title": "' or 1=1 --"}) == []
	assert frappe.db.get_value(ITEM, {"title": "' or 1=1 --"}) is None


def test_an_unknown_field_raises(five):
	with pytest.raises(frappe.db.OperationalError):
		frappe.get_all(ITEM, fields=["nothing"])
	with pytest.raises(frappe.db.OperationalError):
		frappe.get_all(ITEM, {"nothing": 1})


def test_get_value_takes_filters_order_and_many_fields(five):
	assert frappe.db.get_value(ITEM, {"status": "Closed"}, "count", order_by="count desc") == 5
	assert frappe.db.get_value(ITEM, five[0], ["title", "count"]) == ("Item 1", 1)
	assert frappe.db.get_value(ITEM, five[0], ["title", "count"], as_dict=True) == {
		"title": "Item 1",
		"count": 1,
	}
	assert frappe.db.get_value(ITEM, {"count": (">", 3)}, "title", order_by="count asc") == "Item 4"


def test_get_values_gives_all_rows(five):
	assert frappe.db.get_values(ITEM, {"status": "Open"}, "count", order_by="count asc") == ((1,), (2,))
	assert frappe.db.get_values(ITEM, {"status": "Open"}, "count", order_by="count asc", pluck=True) == [1, 2]


def test_exists_gives_the_name(five):
	assert frappe.db.exists(ITEM, five[0]) == five[0]
	assert frappe.db.exists(ITEM, {"count": 2}) == five[1]
	assert frappe.db.exists({"doctype": ITEM, "count": 2}) == five[1]
	assert frappe.db.exists(ITEM, {"count": 9}) is None


def test_count_takes_filters(five):
	assert frappe.db.count(ITEM) == 5
	assert frappe.db.count(ITEM, {"status": "Open"}) == 2
	assert frappe.db.count(ITEM, {"title": ("like", "%3"), "count": (">", 1)}) == 1


def test_the_query_builder_joins_and_gives_dicts(five):
	items, lines = frappe.qb.DocType(ITEM), frappe.qb.DocType(LINE)
	query = (
		frappe.qb.from_(items)
		.join(lines)
		.on(lines.parent == items.name)
		.select(items.title, lines.amount)
		.where((items.count > 3) & items.group.isnull())
		.orderby(items.count)
		.limit(1)
	)
	assert query.run(as_dict=True) == [{"title": "Item 4", "amount": 4.0}]


def test_sql_gives_tuples_dicts_and_plucked_values(five):
	query = f"select title, count from `tab{ITEM}` where count in %(counts)s order by count"
	values = {"counts": (1, 2)}
	assert frappe.db.sql(query, values) == (("Item 1", 1), ("Item 2", 2))
	assert frappe.db.sql(query, values, as_dict=True)[0].title == "Item 1"
	assert frappe.db.sql(query, values, pluck=True) == ["Item 1", "Item 2"]


def test_values_of_types_come_back_as_python_has_them(five):
	frappe.db.set_value(
		ITEM, five[0], {"price": 1.25, "share": 50, "moment": "2026-11-22 10:00:00.000005", "is_active": 0}
	)
	row = frappe.db.get_value(ITEM, five[0], ["price", "share", "moment", "is_active", "day"], as_dict=True)
	assert (row.price, row.share, row.is_active) == (1.25, 50.0, 0)
	assert isinstance(row.price, float)
	assert row.moment.microsecond == 5
	assert row.day.isoformat() == "2026-01-01"


def test_get_list_gives_guests_and_others_without_the_right_no_rows(five, doctypes):
	with acting_as("Guest"), pytest.raises(frappe.PermissionError):
		frappe.get_list(ITEM)
	with acting_as("Guest"):
		assert len(frappe.get_all(ITEM)) == 5
