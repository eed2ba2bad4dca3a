"""What a request may say where Frappe's query has columns, and that each text is read only once."""

import pytest
from factories import given_up_after

from dartwing.dartwing_core.api import sql_in_arguments
from dartwing.dartwing_core.api.columns import is_columns, texts_that_are_none

COLUMNS = (
	"",
	"name",
	"*",
	"`tabNote`.`name`, `tabNote`.`_user_tags`",
	"tabNote.name",
	"`tabE-mail Account`.`name`",
	"count(*) as total",
	"count(distinct `tabNote`.`owner`) as `total_count`",
	"sum(`tabSales Order`.`grand_total`) as _aggregate_column",
	"distinct name",
	"customer.customer_name as 'Customer Name'",
	"`tabSales-Order Item`.`qty` as 'Sales-Order Item:qty'",
	"ifnull(modified, creation)",
	"creation desc, name ASC",
	"`tabNote`.`modified` desc",
)
NONE = (
	"(select password from __Auth)",
	"name, (table __Auth)",
	"sleep(5)",
	"count(sleep(5))",
	"benchmark(1, name)",
	"name union select password from `__Auth`",
	"name from `__Auth`",
	"name into outfile",
	"name;",
	"name -- ",
	"name /*",
	"name#",
	"`name",
	"`a--b`",
	"if(name='x',1,0)",
	"name and 1",
	"1=1",
	"@@version",
	"name as x y",
	"name as 'x--y'",
	"name as 'x' or 'y'",
	"max(case when name then 1 end)",
	"'text'",
	"0x5c, extractvalue(1, 2)",
	"name,",
	",name",
)


@pytest.mark.parametrize("text", COLUMNS)
def test_a_list_of_columns_is_one(text):
	assert is_columns(text)


@pytest.mark.parametrize("text", NONE)
def test_all_else_is_none(text):
	assert not is_columns(text)


def test_fields_are_looked_for_in_lists_and_in_functions_of_frappe_v16():
	assert list(texts_that_are_none(["name", {"COUNT": "name", "as": "total"}, {"items": ["qty"]}])) == []
	assert list(texts_that_are_none([{"COUNT": "sleep(5)"}, {"x()": "name"}])) == ["sleep(5)", "x()"]


def test_a_saved_report_has_its_fields_with_their_doctypes():
	assert list(texts_that_are_none([["name", "Background Job"], ["status", "Background Job"]])) == []
	assert list(texts_that_are_none([["sleep(5)", "Background Job"]])) == ["sleep(5)"]
	assert list(texts_that_are_none([["name", "(select 1)"]])) == ["(select 1)"]


def test_a_condition_is_no_field():
	assert list(texts_that_are_none([["ToDo", "ifnull(name,name)", "", "name"]]))


ROWS = [{"fieldname": "note", "label": "What (if any)?"}]


def test_the_rows_of_a_stored_document_are_no_columns():
	assert list(texts_that_are_none(ROWS, is_of_document=True)) == []


@pytest.mark.parametrize("name", ["doctype", "fieldname"])
def test_whatever_else_an_object_says_it_is_looked_at(name):
	"""A calendar has a map of fields, which may say its DocType."""
	assert list(texts_that_are_none(ROWS))
	for is_of_document in (False, True):
		asked = {"start": "sleep(5)", name: "ToDo"}
		assert list(texts_that_are_none(asked, is_of_document)) == ["sleep(5)"]


QUERIES = (
	"name and f((select 1))",
	"f((/* a */ SELECT 1))",
	"f((/*!50000select*/ 1))",
	"f((/*M!100100 select*/ 1))",
	"'#' (/*a*/ select 1)",
	"'#' (/*\n*/select 1)",
	"(-- a\nselect 1)",
	"(values (1) union all select 1)",
	"values (1) union select 2",
	"1 union/**/distinct select 2",
	"(values (1))",
)


@pytest.mark.parametrize("text", QUERIES)
def test_a_query_is_found_whatever_comments_stand_in_it(text):
	assert sql_in_arguments.has_query(text)


def test_a_name_that_is_closed_and_goes_on_with_a_function_is_a_piece_of_one():
	assert sql_in_arguments.is_piece_of_a_query("name`, extractvalue(1, database()) as `x")
	assert not sql_in_arguments.is_piece_of_a_query("the `name` of it")
	assert not sql_in_arguments.is_piece_of_a_query("(a name)")


SENTENCES = ("(please select one)", "select (one)", "selected (selection)", "a) select", "a union of selects")


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_no_query(text):
	assert not sql_in_arguments.has_query(text)


@pytest.mark.parametrize("piece", ["(", "/*", "#", "-- ", "select", "`a", "name,", "name as a", "f(a"])
def test_long_texts_are_read_once(piece):
	"""What is read again from each bracket on would take minutes for these."""
	with given_up_after(60):
		sql_in_arguments.has_query(piece * 200_000)
		is_columns(piece * 200_000)
