"""Nothing that is asked for becomes SQL, and no answer depends on what may not be read."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import frappe.desk.search
import pytest
from asked import FOREIGN, HASH, PARAMETER, SQL, asked
from factories import acting_as, end, submit
from frappe.utils import now_datetime
from hypothesis import HealthCheck, given, settings

from dartwing.dartwing_core.api import desk, frappe_methods, jobs
from dartwing.dartwing_core.background_jobs.errors import PERMANENT, classify_error
from dartwing.dartwing_core.background_jobs.handlers.exports import ExportRequest
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	known_doctype,
	readable_conditions,
	readable_fields,
	readable_order,
)

JOB = "Background Job"
ALICE, ADAM, MANAGER = "alice@alpha.example", "adam@alpha.example", "manager@example.com"
REFUSED = (frappe.ValidationError, frappe.PermissionError, frappe.DoesNotExistError)


def refusal(call: Callable[[], Any]) -> str:
	with pytest.raises(REFUSED) as caught:
		call()
	frappe.clear_messages()
	assert classify_error(caught.value) == PERMANENT
	return str(caught.value)


WRONG = [
	(["1=1 or 1=1"], "filters[0]: must be [field, operator, value], not '1=1 or 1=1'"),
	([["name", "like", "%"], "exists(select 1 from __Auth) or 1=0"], "filters[1]: must be [field"),
	(["name", "=", "x"], "filters[0]: must be [field"),
	([[]], "filters[0]: must be [field"),
	([["name", "x"]], "filters[0]: must be [field"),
	([{"name": "x"}], "filters[0]: must be [field"),
	([[["name", "=", "x"]]], "filters[0]: must be [field"),
	([["name", "=", "x"], "or", ["name", "=", "y"]], "filters[1]: must be [field"),
	([["name`", "=", "x"]], "filters[0]: Background Job has no field 'name`' that you may read"),
	({"name` like '%' or `name": "x"}, "filters[0]: Background Job has no field"),
	({"nonsense": "x"}, "filters.nonsense: Background Job has no field 'nonsense' that you may read"),
	([["job_type.handler_method", "=", "x"]], "filters[0]: Background Job has no field"),
	([["ifnull(name, '')", "=", "x"]], "filters[0]: Background Job has no field"),
	([["Status", "=", "x"]], "filters[0]: Background Job has no field"),
	([[7, "=", "x"]], "filters[0]: Background Job has no field 7"),
	([[["name"], "=", "x"]], "filters[0]: Background Job has no field a list"),
	([["input_parameters", "like", "%a%"]], "filters[0]: Background Job has no field"),
	([["error_traceback", "like", "%a%"]], "filters[0]: Background Job has no field"),
	({"checkpoint": ["like", "%a%"]}, "filters.checkpoint: Background Job has no field"),
	({"job_hash": "a"}, "filters.job_hash: Background Job has no field"),
	({"deduplication_key": "a"}, "filters.deduplication_key: Background Job has no field"),
	([["Person", "name", "=", "x"]], "filters[0]: is about 'Person', not 'Background Job'"),
	([["background job", "name", "=", "x"]], "filters[0]: is about 'background job'"),
	([[JOB, "name", "=", "x", "or 1=1"]], "filters[0]: must be [doctype, field, operator, value]"),
	([["name", "regexp", "x"]], "filters[0].operator: 'regexp' is none of =, !="),
	([["name", "descendants of", "x"]], "filters[0].operator: 'descendants of' is none of"),
	([["name", 7, "x"]], "filters[0].operator: 7 is none of"),
	([["name", ["="], "x"]], "filters[0].operator: a list is none of"),
	({"name": ["or", "x"]}, "filters.name.operator: 'or' is none of"),
	({"name": ["in", ["x"], "y"]}, "filters.name: must be a value or [operator, value]"),
	([["status", "between", ["a", "b"]]], "filters[0].operator: 'between' does not fit a field of type"),
	([["creation", "like", "2024%"]], "filters[0].operator: 'like' does not fit a field of type"),
	([["status", "timespan", "last week"]], "filters[0].operator: 'timespan' does not fit"),
	([["creation", "timespan", "since ever"]], "filters[0].value: 'since ever' is none of last week"),
	([["status", "is", "null"]], "filters[0].value: 'null' is none of set, not set"),
	([["status", "is", ["set"]]], "filters[0].value: a list is none of set, not set"),
	([["status", "=", None]], "filters[0].value: must be a text or a number, not None"),
	([["status", "=", {"a": 1}]], "filters[0].value: must be a text or a number, not an object"),
	([["status", "=", ["a"]]], "filters[0].value: must be a text or a number, not a list"),
	([["status", "like", ["a"]]], "filters[0].value: must be a text or a number, not a list"),
	([["status", "in", []]], "filters[0].value: must be a list of 1 to 10000 values, not of 0"),
	([["status", "in", ["a", ["b"]]]], "filters[0].value[1]: must be a text or a number, not a list"),
	([["status", "in", {"a": 1}]], "filters[0].value: must be a list, not an object"),
	([["creation", "between", ["2024-01-01"]]], "filters[0].value: must be a list of two values"),
	([["creation", ">", "yesterday' or 1=1"]], 'filters[0].value: "yesterday\' or 1=1" is no date'),
	([["creation", ">", 7]], "filters[0].value: 7 is no date"),
	([["creation", "in", ["2024-01-01", "2024-02-30"]]], "filters[0].value[1]: '2024-02-30' is no date"),
	([["retry_count", "=", "many"]], "filters[0].value: 'many' is no number"),
	([["retry_count", "=", float("nan")]], "filters[0].value: nan is no number"),
	([["retry_count", "=", float("inf")]], "filters[0].value: inf is no number"),
	([["retry_count", "=", 10**400]], "filters[0].value: 1000000"),
	([["status", "=", "\ud800"]], "filters[0].value: is not valid Unicode"),
	([["name", "=", "x"]] * 101, "filters: at most 100 conditions, not 101"),
	("1=1", "filters: is no valid JSON"),
	("[" * 100_000, "filters: is no valid JSON"),
	("7", "filters: must be an object or a list, not 7"),
	(True, "filters: must be an object or a list, not True"),
	(0, "filters: must be an object or a list, not 0"),
]


@pytest.mark.parametrize(("filters", "message"), WRONG)
def test_what_is_no_condition_is_refused_where_it_stands(world, filters, message):
	with acting_as(world.alice):
		told = refusal(lambda: readable_conditions(JOB, filters))
	assert told.startswith(message), told
	assert len(told) < 300


RIGHT = [
	(None, []),
	("", []),
	({}, []),
	([], []),
	("{}", []),
	({"status": "Queued"}, [["status", "=", "Queued"]]),
	({"status": ["in", ["Queued", "Running"]]}, [["status", "in", ["Queued", "Running"]]]),
	('[["status", "like", "Q%"]]', [["status", "like", "Q%"]]),
	([[JOB, "status", "IN", "Queued, Running"]], [["status", "in", ["Queued", "Running"]]]),
	([[JOB, "status", "is", "Set", False]], [["status", "is", "set"]]),
	([["name", "!=", "' or 1=1 -- "]], [["name", "!=", "' or 1=1 -- "]]),
	([["name", "=", 7]], [["name", "=", "7"]]),
	([["retry_count", ">", "2"]], [["retry_count", ">", 2]]),
	([["retry_count", "<", True]], [["retry_count", "<", 1]]),
	([["creation", ">=", "2024-01-31"]], [["creation", ">=", "2024-01-31"]]),
	(
		[["creation", "Between", ["2024-01-31", "2024-01-31T10:00:00"]]],
		[["creation", "between", ["2024-01-31", "2024-01-31 10:00:00"]]],
	),
	([["creation", "Timespan", "last week"]], [["creation", "timespan", "last week"]]),
	([["owner", "=", "a"], ["docstatus", "=", 0]], [["owner", "=", "a"], ["docstatus", "=", 0]]),
]


@pytest.mark.parametrize(("filters", "wanted"), RIGHT)
def test_conditions_become_plain(world, filters, wanted):
	with acting_as(world.alice):
		assert readable_conditions(JOB, filters) == wanted


def test_who_may_read_a_field_may_ask_for_it(world):
	with acting_as(world.adam):
		assert readable_conditions(JOB, {"error_traceback": ["like", "%a%"]})
		assert readable_fields(JOB, ["name", "error_traceback"]) == ["name", "error_traceback"]
		told = refusal(lambda: readable_fields(JOB, '["name", "job_hash"]'))
		assert told == "fields[1]: Background Job has no field 'job_hash' that you may read"


@pytest.mark.parametrize(
	("doctype", "field"),
	[
		(JOB, "input_parameters"),
		(JOB, "job_hash"),
		(JOB, "deduplication_key"),
		(JOB, "checkpoint"),
		("User", "reset_password_key"),
		("User", "api_secret"),
		("User", "new_password"),
	],
)
@pytest.mark.parametrize("user", [MANAGER, "Administrator"])
def test_what_nobody_may_know_nobody_asks_for(world, user, doctype, field):
	with acting_as(user):
		expected = f"filters.{field}: {doctype} has no field '{field}' that you may read"
		assert refusal(lambda: readable_conditions(doctype, {field: ["like", "a%"]})) == expected
		assert refusal(lambda: readable_fields(doctype, [field])).startswith("fields[0]: ")
		assert refusal(lambda: readable_order(doctype, field)).startswith("order_by: ")


def test_orders_name_fields(world):
	with acting_as(world.alice):
		order = "`tabBackground Job`.`creation` desc, name ASC"
		assert readable_order(JOB, order) == order
		for wrong in (*SQL, "name desc, sleep(1)", "`tabUser`.`name`", "", "name desc desc", 7, ["name"]):
			assert refusal(lambda wrong=wrong: readable_order(JOB, wrong)).startswith("order_by: ")


def test_a_doctype_is_only_its_own_name(world):
	assert known_doctype("Organization") == "Organization"
	for wrong in ("organization", "Órganization", "Organization ", "", "\ud800", None, 7, ["a"], {}):
		assert refusal(lambda wrong=wrong: known_doctype(wrong)).startswith("doctype: no DocType ")


# --- no answer depends on what may not be read


@pytest.fixture
def secrets(world) -> Iterator[dict[str, str]]:
	"""A job of Alpha and one of Beta, full of what may not be found out, and a hash in `__Auth`."""
	mine = submit(world.alice, password=PARAMETER).name
	foreign = submit(world.bob, world.beta, password=PARAMETER).name
	for job in (mine, foreign):
		end(job, "Dead Letter", error_message=FOREIGN if job == foreign else "no answer")
	frappe.db.sql(
		"""insert into `__Auth` (doctype, name, fieldname, password, encrypted)
		values ('Canary', 'canary', 'password', %s, 0)""",
		(HASH,),
	)
	frappe.db.commit()
	yield {"mine": mine, "foreign": foreign}
	frappe.db.rollback()
	frappe.db.sql("delete from `__Auth` where doctype = 'Canary'")
	frappe.db.commit()


def change_what_is_hidden(secrets: dict[str, str]) -> None:
	"""Beta's job goes, and of Alpha's own job what nobody reads becomes something else."""
	frappe.db.sql("delete from `tabBackground Job` where name = %s", (secrets["foreign"],))
	frappe.db.sql("delete from `__Auth` where doctype = 'Canary'")
	frappe.db.sql(
		"""update `tabBackground Job` set input_parameters = '{"password": ""}', job_hash = 'x',
		deduplication_key = null where name = %s""",
		(secrets["mine"],),
	)


def exported(**parameters: Any) -> Any:
	request = ExportRequest(parameters)
	return request.count(), [rows for rows in request.pages(after=None)]


def done_to(job_ids: list) -> tuple[list[str], int]:
	"""Without the ids that were refused, which the answer repeats."""
	answer = desk.act_on_jobs("discard", job_ids, "old")
	return answer["done"], len(answer["refused"])


# by name: who asks, what for, and how the message of a refusal begins
Way = tuple[str, Callable[[Any, str], Any], str]
WAYS: dict[str, Way] = {
	"data_export": (ALICE, lambda sent, until: exported(doctype=JOB, filters=sent), r"parameters\.filters"),
	"data_export of organizations": (
		ALICE,
		lambda sent, until: exported(doctype="Organization", filters=sent),
		r"parameters\.filters",
	),
	"fields of data_export": (
		ALICE,
		lambda sent, until: exported(doctype=JOB, fields=sent),
		r"parameters\.fields",
	),
	"doctype of data_export": (ALICE, lambda sent, until: exported(doctype=sent), r"parameters\.doctype"),
	"count_matching": (ALICE, lambda sent, until: desk.count_matching("retry", sent)["jobs"], "filters"),
	"act_on_matching": (
		ALICE,
		lambda sent, until: desk.act_on_matching("discard", sent, until, reason="old"),
		"filters",
	),
	"until of act_on_matching": (
		ALICE,
		lambda sent, until: desk.act_on_matching("discard", [], sent, reason="old"),
		"until",
	),
	"after of act_on_matching": (
		ALICE,
		lambda sent, until: desk.act_on_matching("discard", [], until, sent, "old"),
		"after",
	),
	"job_ids of act_on_jobs": (
		ALICE,
		lambda sent, until: done_to(sent if isinstance(sent, list) else []),
		"job_ids",
	),
	"search_link": (
		ALICE,
		lambda sent, until: frappe.desk.search.search_link(
			JOB, "", filters=sent if isinstance(sent, dict | list) else None
		),
		"filters",
	),
	"retry_jobs": (ADAM, lambda sent, until: jobs.retry_jobs(filters=sent), "filters|job_ids"),
	"discard_jobs": (ADAM, lambda sent, until: jobs.discard_jobs("old", filters=sent), "filters|job_ids"),
	"get": (ALICE, lambda sent, until: frappe_methods.get(JOB, filters=sent).name, r"filters|^$"),
	"get_count": (ALICE, lambda sent, until: frappe_methods.get_count(JOB, sent), "filters"),
}


def answer_of(way: Way, sent: Any, until: str) -> str:
	"""The answer, or what the refusal says; undone."""
	user, ask, argument = way
	frappe.db.savepoint("asked")
	refused = None
	try:
		with acting_as(user):
			answer = json.dumps(ask(sent, until), default=str)
	except REFUSED as error:
		refused = error
	frappe.clear_messages()
	frappe.db.rollback(save_point="asked")
	if not refused:
		return answer
	assert classify_error(refused) == PERMANENT
	assert re.match(argument, str(refused)), refused
	return f"refused: {refused}"


@pytest.mark.parametrize("way", WAYS)
@settings(
	max_examples=60,
	deadline=None,
	suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sent=asked)
def test_no_answer_depends_on_what_may_not_be_read(secrets, way, sent):
	until = str(now_datetime())
	try:
		answer = answer_of(WAYS[way], sent, until)
		assert secrets["foreign"] not in answer
		if not answer.startswith("refused: "):
			assert not re.search(f"{FOREIGN}|{HASH}|Beta Test Org", answer)
		change_what_is_hidden(secrets)
		assert answer_of(WAYS[way], sent, until) == answer
	finally:
		frappe.db.rollback()


@pytest.mark.parametrize("way", WAYS)
def test_sql_is_refused_with_its_place(secrets, way):
	until = str(now_datetime())
	for sql in SQL:
		sent = [["name", "like", "%"], sql] if "filters" in WAYS[way][2] else sql
		answer = answer_of(WAYS[way], [{"name": sql}] if way == "job_ids of act_on_jobs" else sent, until)
		frappe.db.rollback()
		assert answer.startswith("refused: "), (sql, answer)
