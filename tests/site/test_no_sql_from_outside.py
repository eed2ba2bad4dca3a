"""Structure: what a client sends to a method of ours, or a job to its handler, is never a part of SQL's code.

Every whitelisted method is found by itself, and every argument of it is tried; a new one that hands
something on to a query without a check fails here.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from inspect import Parameter, signature
from typing import Any

import frappe
import pytest
from factories import OBLIGING, World, acting_as, counted_statements, end, submit
from frappe.utils import now_datetime
from grouped import submit_group
from scheduled import make_schedule

from dartwing.dartwing_core import api
from dartwing.dartwing_core.background_jobs.handlers.exports import ExportRequest

MARK = "code_of_a_client"
# what becomes a value in SQL stands between quotes
LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"", re.DOTALL)
SENT: list[Any] = [
	MARK,
	f"`{MARK}`",
	f"' or {MARK} or '",
	f"%' or {MARK} -- ",
	[MARK],
	[["name", "like", "%"], f"{MARK} = 1"],
	{MARK: "x"},
	{f"name`.{MARK}": ["like", "%"]},
	{"name": [MARK, "x"]},
	{"name": ["like", [MARK]]},
	[[MARK, "=", "x"]],
	[["name", f"= {MARK} or", "x"]],
	[["name", "=", {MARK: 1}]],
	[["name", ">", [MARK]]],
	[["name", "in", f"x') or {MARK} or name in ('y"]],
	[["name", "in", [[MARK]]]],
	[["creation", ">", f"2024-01-01' or {MARK} or '"]],
	[[MARK, "name", "=", "x"]],
	[["Background Job", "name", "=", "x", MARK]],
]


def methods() -> dict[str, Callable]:
	"""Our whitelisted methods by name."""
	for module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
		importlib.import_module(module.name)
	return {
		f"{function.__module__.rpartition('.')[2]}.{function.__name__}": function
		for function in set(frappe.whitelisted)
		if function.__module__.startswith("dartwing.dartwing_core.")
	}


def arguments_of(function: Callable) -> list[str]:
	kinds = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
	return [name for name, one in signature(function).parameters.items() if one.kind not in kinds]


METHODS = methods()
# handed on to Frappe's own method as it came; which requests may send it is no matter of ours alone
OF_FRAPPE = {
	("frappe_methods.get", "doctype"),
	("frappe_methods.get", "name"),
	("frappe_methods.get_count", "doctype"),
	*(("frappe_methods.get_events", name) for name in ("start", "end", "user", "for_reminder", "filters")),
	*(("frappe_methods.web_search", name) for name in ("text", "scope", "start", "limit")),
	*(("frappe_methods.get_tagged_docs", name) for name in ("doctype", "tag")),
	("frappe_methods.address_query", "links"),
	*(("frappe_methods.get_default_address", name) for name in ("doctype", "name", "sort_key")),
	*(("frappe_methods.global_search", name) for name in ("text", "start", "limit", "doctype")),
}
ARGUMENTS = [
	(name, argument)
	for name in sorted(METHODS)
	for argument in arguments_of(METHODS[name])
	if (name, argument) not in OF_FRAPPE
]


@pytest.fixture
def fitting(world: World) -> dict[str, Any]:
	"""A value for every argument without a default, so that a method comes as far as its query."""
	job = submit(world.alice).name
	end(job, "Dead Letter")
	return {
		"action": "retry",
		"doctype": "Background Job",
		"docname": job,
		"filters": [],
		"group_id": (group := submit_group(1)[0]),
		"group_ids": [group],
		"job_id": job,
		"job_ids": [job],
		"job_type": OBLIGING,
		"jobs": [{"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}],
		"organization": world.alpha,
		"name": job,
		"page_len": 10,
		"reason": "old",
		"schedule_id": make_schedule(),
		"end": str(now_datetime()),
		"searchfield": "name",
		"start": 0,
		"txt": "",
		"title": "a flow",
		"until": str(now_datetime()),
	}


@pytest.fixture(params=["alice", "manager"])
def user(request, world, monkeypatch) -> Iterator[str]:
	"""Frappe checks the types of arguments of requests, and of tests that say that they are ones."""
	monkeypatch.setitem(vars(frappe), "in_test", True)
	monkeypatch.setitem(frappe.local.flags, "in_test", True)
	with acting_as(getattr(world, request.param)):
		yield request.param
	frappe.db.rollback()


def code_of_clients(call: Callable[[], Any]) -> list[str]:
	"""Statements of the call that have what was sent outside of their quotes; what it did is undone."""
	frappe.db.savepoint("sent")
	with counted_statements() as statements:
		try:
			call()
		except (frappe.db.ProgrammingError, frappe.db.OperationalError) as error:
			pytest.fail(f"the database was asked what it does not understand: {error}")
		except Exception:
			frappe.clear_messages()
	frappe.db.rollback(save_point="sent")
	return [statement for statement in statements if MARK in LITERAL.sub("''", statement)]


@pytest.mark.parametrize("method", sorted({name for name, _argument in ARGUMENTS}))
def test_what_a_method_is_sent_is_no_code(user, fitting, method):
	wanted = {
		name: fitting[name]
		for name, one in signature(METHODS[method]).parameters.items()
		if one.default is Parameter.empty and one.kind is not Parameter.VAR_KEYWORD
	}
	for argument in (argument for name, argument in ARGUMENTS if name == method):
		for sent in SENT:
			found = code_of_clients(lambda given={**wanted, argument: sent}: METHODS[method](**given))
			assert found == [], (argument, sent)


@pytest.mark.parametrize("doctype", ["Background Job", "Organization"])
def test_what_an_export_is_asked_for_is_no_code(user, fitting, doctype):
	def export(parameters: dict) -> None:
		request = ExportRequest({"doctype": doctype, **parameters})
		request.count()
		list(request.pages(after=None))

	for parameter in ("doctype", "filters", "fields", "file_format"):
		for sent in SENT:
			found = code_of_clients(lambda given={parameter: sent}: export(given))
			assert found == [], (parameter, sent)


def test_the_methods_that_take_filters_are_tried():
	assert {
		("desk.count_matching", "filters"),
		("desk.act_on_matching", "filters"),
		("frappe_methods.search", "filters"),
		("frappe_methods.get_count", "filters"),
		("jobs.retry_jobs", "filters"),
	} <= set(ARGUMENTS)
