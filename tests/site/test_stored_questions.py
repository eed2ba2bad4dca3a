"""Whoever stores a question must be one who may ask it, and Frappe makes no SQL of what it says."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import World
from requested import queued, requested

from dartwing.dartwing_core.api.stored_questions import QUESTIONS, refuse_stored

JOB, PERSON = "Background Job", "Person"
SQL = "name`, extractvalue(1,concat(0x7e,(select password from __Auth limit 1))) as `x"


@pytest.fixture(params=["in a request", "in Frappe's queue"])
def asking(world: World, request: pytest.FixtureRequest) -> Iterator[None]:
	with requested("/api/resource/x", "PUT") if request.param == "in a request" else queued():
		yield


def report(doctype: str, **said: Any) -> frappe._dict:
	json_text = json.dumps(said)
	return frappe._dict(doctype="Report", report_type="Report Builder", ref_doctype=doctype, json=json_text)


def card(doctype: str, filters: str = "[]", **fields: str) -> frappe._dict:
	return frappe._dict(doctype="Number Card", document_type=doctype, filters_json=filters, **fields)


def group(**more: Any) -> dict[str, Any]:
	function = {
		"aggregate_function": "sum",
		"aggregate_on": "`tabPerson`.`docstatus`",
		"group_by_type": "sum",
	}
	return {"group_by": "`tabPerson`.`status`", **function, "doctype": PERSON, **more}


HARMLESS = {
	"fields": report(JOB, fields=[["name", JOB], ["status", JOB]], filters=[[JOB, "status", "=", "Failed"]]),
	"columns": report(PERSON, columns=[["name", PERSON], ["_aggregate_column", PERSON]], group_by=group()),
	"orders": report(JOB, sort_by=f"{JOB}.creation", sort_order="desc", sort_by_next="", sort_order_next=""),
	"an order of a list": report(JOB, order_by="`tabBackground Job`.`modified` desc", add_totals_row=1),
	"nothing": report(JOB),
	"no JSON": frappe._dict(doctype="Report", ref_doctype=JOB, json=None),
	"a report that was changed": report(
		PERSON, columns=[{"fieldname": "name", "label": "A (b)"}], filters={}
	),
	"a card": card(JOB, '[["status","=","Failed"]]'),
	"a chart": frappe._dict(doctype="Dashboard Chart", document_type=PERSON, based_on="creation"),
	"a filter": frappe._dict(doctype="List Filter", reference_doctype=JOB, filters="[]"),
}
QUERIES = {
	"a column": report(PERSON, columns=[[SQL, PERSON]]),
	"a field": report(PERSON, fields=[SQL]),
	"a DocType": report(PERSON, fields=[["name", "Person` union select 1 -- "]]),
	"another DocType": report(PERSON, fields=[["input_parameters", JOB]]),
	"an order": report(PERSON, sort_by="Person.name", sort_order="asc, locate('x', bio)"),
	"a next order": report(PERSON, sort_by_next="Person.sleep(5)", sort_order_next="asc"),
	"an order of another table": report(PERSON, order_by="`tabBackground Job`.`name`"),
	"an order of another DocType": report(PERSON, sort_by=f"{JOB}.name", sort_order="asc"),
	"a group": report(PERSON, group_by=group(group_by="sleep(5)")),
	"a sum": report(PERSON, group_by=group(aggregate_on="`tabPerson`.`docstatus`), sleep(5")),
	"a function": report(PERSON, group_by=group(aggregate_function="sleep")),
	"a condition": report(PERSON, filters=[["ifnull(name, sleep(5))", "=", "x"]]),
	"an open range": report(PERSON, filters=[[PERSON, "owner", "between", "x"]]),
	"a field of a changed report": report(PERSON, columns=[{"fieldname": "sleep(5)", "doctype": PERSON}]),
	"a card": card(PERSON, '[["sleep(5)","=","x"]]'),
	"a card's field": card(PERSON, aggregate_function_based_on="idx), sleep(5"),
}
SECRETS = {
	"a condition": report(JOB, filters=[[JOB, "input_parameters", "like", "%x%"]]),
	"a column": report(JOB, fields=[["job_hash", JOB]]),
	"an order": report(JOB, sort_by=f"{JOB}.input_parameters", sort_order="asc"),
	"a group": report(JOB, group_by={"group_by": "`tabBackground Job`.`job_hash`"}),
	"a card": card(JOB, '{"input_parameters": ["like", "%x%"]}'),
	"a chart": {**card(JOB, '[["job_hash","=","x"]]'), "doctype": "Dashboard Chart"},
	"a filter": {
		"doctype": "List Filter",
		"reference_doctype": JOB,
		"filters": '[["Background Job","job_hash","=","x"]]',
	},
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_a_list_may_ask_is_stored(asking, what):
	refuse_stored(HARMLESS[what])


@pytest.mark.parametrize("what", QUERIES)
def test_a_piece_of_a_query_is_refused_by_its_field(asking, what):
	with pytest.raises(frappe.ValidationError, match=r"^(json|filters_json): holds a query"):
		refuse_stored(QUERIES[what])


@pytest.mark.parametrize("what", SECRETS)
def test_what_nobody_may_read_nobody_stores_a_question_about(asking, what):
	with pytest.raises(frappe.ValidationError, match=r"^(json|filters|filters_json)"):
		refuse_stored(frappe._dict(SECRETS[what]))


def test_a_mailed_report_asks_of_the_doctype_of_its_report(asking, monkeypatch):
	of_jobs = frappe._dict(ref_doctype=JOB, report_type="Report Builder")
	monkeypatch.setattr(type(frappe.local.db), "get_value", lambda *_arguments, **_named: of_jobs)
	question = QUESTIONS["Auto Email Report"](frappe._dict(report="x", filters='{"job_hash": "x"}'))
	assert (question.doctype, question.filters) == (JOB, '{"job_hash": "x"}')


def test_a_system_manager_stores_what_they_like(world):
	with requested("/api/resource/x", "PUT"):
		frappe.set_user(world.manager)
		for asked in (*QUERIES.values(), *SECRETS.values()):
			refuse_stored(frappe._dict(asked))
