"""Arguments that are conditions by their names, of methods that take any argument, and of pages."""

import json

import frappe
import pytest
from factories import World, acting_as
from framework import since
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import door, mentions, routes

# v16 has the second only
LISTING = ("get_list_data",) if since(16) else ("get", "get_list_data")
# fields of DocTypes of Frappe that are called as prose, lists or objects are
CALLED_OTHERWISE = (
	*("description", "subject", "title", "content", "message", "recipients", "cc", "bcc", "data", "state"),
	"columns",
)
RANGES = (["between", "A"], ["Between", "A", "B"], ["timespan", "x"], ["previous", "x"], ["fiscal year", "x"])


@pytest.mark.parametrize("field", [*CALLED_OTHERWISE, "filters", "reference_name"])
@pytest.mark.parametrize("sent", RANGES, ids=str)
@pytest.mark.parametrize("path", ["/list", "/ToDo", "/desktop icon", "/application"])
def test_an_open_range_is_no_condition_of_a_page(world, path, field, sent):
	with (
		requested(path, "GET", doctype="ToDo", **{field: json.dumps(sent)}),
		pytest.raises(frappe.ValidationError, match=f"{field}: holds a query"),
	):
		door.check_request()


@pytest.mark.parametrize(
	("path", "changed"),
	[
		("/Organization/Secret", "/Organization/Other"),
		("/Organization/Secret.html", "/Organization/Other.html"),
		("/organization/Secret.html/", "/organization/Other.html/"),
		("/Organization/Secret/x.html", "/Organization/Other/x.html"),
		("/api/resource/Organization/Secret", "/api/resource/Organization/Other"),
		# there it is a part of the name
		("/api/resource/Organization/Secret.html", "/api/resource/Organization/Secret.html"),
	],
)
def test_the_end_of_an_address_that_frappe_leaves_out_hides_no_name(world, path, changed):
	with requested(path, "GET") as request:
		route = routes.route_of(request)
	assert mentions.changed_address(route, lambda name: "Other" if name == "Secret" else name) == changed


@pytest.mark.parametrize("field", ["result", "last_key"])
@pytest.mark.parametrize(("path", "named"), [("/list", {"doctype": "Job Step"}), ("/Job Step.html", {})])
def test_results_of_steps_are_asked_for_by_no_page(world, path, named, field):
	with (
		acting_as("Administrator"),
		requested(path, "GET", **named, **{field: '["like", "%x%"]'}),
		pytest.raises(frappe.ValidationError, match=field),
	):
		door.check_request()


@pytest.mark.parametrize("path", ["/printview", "/list", "/ToDo/x"])
@pytest.mark.parametrize("sent", [{"description": ["like", "x%"]}, ["x"]], ids=str)
def test_an_argument_of_a_page_is_one_value(world, path, sent):
	with (
		acting_as("Guest"),
		requested(path, "GET", doctype="ToDo", name=sent),
		pytest.raises(frappe.ValidationError, match="name: must be one value"),
	):
		door.check_request()


def test_desk_asks_by_its_methods(world):
	for path in ("/app", "/app/todo", "/desk/todo"):
		with requested(path, "GET", date='["between", ["2026-01-01", "2026-12-31"]]'):
			door.check_request()


@pytest.mark.parametrize(
	("path", "arguments"),
	[
		("/list", {"doctype": "Background Job"}),
		("/Background Job", {}),
		("/background-job", {}),
		("/Background Job.html", {}),
		("/background-job.html/ ", {}),
	],
)
@pytest.mark.parametrize("sent", ["x", '["like", "%x%"]', '["between", "A"]'])
@pytest.mark.parametrize("user", ["Guest", World.alice, World.manager, "Administrator"])
def test_a_page_asks_for_no_field_that_may_not_be_read(world, path, arguments, sent, user):
	"""Not even somebody with every role, who is shown what is masked nowhere."""
	with (
		acting_as(user),
		requested(path, "GET", **arguments, input_parameters=sent),
		pytest.raises(frappe.ValidationError, match="input_parameters"),
	):
		door.check_request()


@pytest.mark.parametrize(
	"arguments",
	[{"status": "Queued"}, {"status": '["in", ["Queued"]]'}, {"name": "x", "format": "y"}],
	ids=str,
)
def test_a_page_asks_for_fields_that_may_be_read(world, arguments):
	with requested("/list", "GET", doctype="Background Job", **arguments):
		door.check_request()


@pytest.mark.parametrize("path", ["/list", "/me", "/app/todo"])
def test_markup_in_the_address_of_a_page_is_refused(world, path):
	sent = {"doctype": "ToDo", "pathname": '"><img src=x onerror=alert(1)>'}
	with requested(path, "GET", **sent), pytest.raises(frappe.ValidationError, match="must not be markup"):
		door.check_request()


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no lists of the website")
@pytest.mark.parametrize("method", LISTING)
@pytest.mark.parametrize("field", CALLED_OTHERWISE)
@pytest.mark.parametrize("sent", RANGES, ids=str)
def test_nor_one_of_a_method_that_takes_any_argument(nobody, method, field, sent):
	for value in (json.dumps(sent), json.dumps(json.dumps(sent))):
		answer = nobody.ask(f"frappe.www.list.{method}", doctype="ToDo", **{field: value})
		assert answer.status_code == 417, answer.text
		assert f"{field}: " in answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no lists of the website")
@pytest.mark.parametrize("method", LISTING)
@pytest.mark.parametrize(
	"sent",
	[
		{"a": 1},
		[["description", "between", "A"]],
		["ToDo", "description", "=", "A"],
		["sleep(1)", "A"],
		["like"],
	],
	ids=str,
)
def test_such_an_argument_is_one_value_or_an_operator_and_a_value(nobody, method, sent):
	for field in CALLED_OTHERWISE:
		answer = nobody.ask(f"frappe.www.list.{method}", doctype="ToDo", **{field: json.dumps(sent)})
		assert answer.status_code == 417, answer.text
		assert f"{field}: must be one value" in answer.text


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no lists of the website")
@pytest.mark.parametrize(
	"asked",
	[
		{"description": "any text"},
		{"description": '["like", "%(a)%"]'},
		{"status": '["in", ["Open", "Closed"]]'},
		{"date": '["between", ["2026-01-01", "2026-12-31"]]'},
	],
	ids=str,
)
def test_what_pages_of_the_website_ask_is_answered(curious, asked):
	answer = curious.ask("frappe.www.list.get_list_data", doctype="ToDo", limit=5, **asked)
	assert answer.status_code == 200, answer.text
