"""What Frappe runs for a request is what the doors believe that it runs, for whatever address."""

import functools
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import frappe
import pytest
from factories import acting_as, submit
from requested import requested
from runtimes.chosen import is_a_bench
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from dartwing.dartwing_core.api import door, routes, saved_documents, sent_documents

API = Path(door.__file__).parent
# what an address is made of: names with slashes, "method", ends, letters of several encodings, nothing
NAMES = (
	*("a", "a/b", "a/method/b", "method/x", "method", "a/method", "a/method/b/method/c", "a/run_method"),
	*("", "/", "a//b", "a/", "/a", "a b", "ä", "a.html", "a%b", "a?b", "a#b", "copy", "a/copy", "count", "."),
)
STARTS = ("/api", "/api/v1", "/api/v2", "/api/v3", "//api", "/API")
KINDS = ("resource", "document", "doctype", "method")
DOCTYPES = ("Note", "Background Job", "background job", "", "method")
DOCUMENT_TYPES = ("/Note", "/Background%20Job", "/a%2Fb", "//Note")
ENDS = ("", "/", "//", "/method/m", "/method/m/", "/count", "/meta")
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
SOME = 4000


def addresses() -> Iterator[str]:
	for start, kind, doctype, name, end in product(STARTS, KINDS, DOCTYPES, NAMES, ENDS):
		yield f"{start}/{kind}/{quote(doctype)}/{quote(name)}{end}"
	yield from map(
		"".join, product(("/api/resource", "/api/v1/resource", "/api/v2/document"), DOCUMENT_TYPES, ENDS)
	)
	yield from (
		"/api",
		"/api/",
		"/api/v1",
		"/api/v2/",
		"/api/method",
		"/api/resource/%E4",
		"/api/resource/a%2Fb",
	)


@pytest.fixture
def run(world, monkeypatch) -> Iterator[dict[str, Any]]:
	"""What Frappe would run: the API's functions only note how they are called."""
	ran: dict[str, Any] = {}

	def noting(function, place):
		@functools.wraps(function)
		def note(**arguments):
			ran.update(name=function.__name__, place=place, arguments=arguments)

		return note

	# to import it takes a site
	url_map = import_module("frappe.api").API_URL_MAP
	for rule in url_map.iter_rules():
		monkeypatch.setattr(rule, "endpoint", noting(rule.endpoint, rule.rule))
	monkeypatch.setattr(url_map, "_rules_by_endpoint", defaultdict(list))
	with requested("/x"):
		yield ran


def test_what_an_address_has_run_is_what_frappe_runs(run, monkeypatch):
	monkeypatch.setattr(frappe.api, "build_response", lambda *arguments: None)
	monkeypatch.setattr(frappe, "get_system_settings", lambda *arguments: None)
	every = [(address, verb) for address in dict.fromkeys(addresses()) for verb in VERBS]
	seen = set()
	for address, verb in [*random.Random(1).sample(every, SOME), *every[-SOME // 4 :]]:
		if not is_a_bench() and address.startswith("/api/v2"):
			# it looks at none of them
			continue
		run.clear()
		builder = EnvironBuilder(base_url="http://site", method=verb)
		environ = {**builder.get_environ(), "PATH_INFO": path_of(address)}
		request = frappe.local.request = Request(environ)
		route = routes.route_of(request)
		if not request.path.startswith("/api/"):
			assert route.kind in (routes.PAGE, routes.FILE)
			continue
		with suppress(frappe.DoesNotExistError, HTTPException):
			frappe.api.handle(request)
		assert said(route) == told(run), (address, verb, route, run)
		seen.add(route.kind)
		if route.name:
			changed = Request({**environ, "PATH_INFO": route.with_name("Z").encode().decode("latin-1")})
			assert routes.route_of(changed).name == "Z"
	assert {routes.METHOD, routes.READ, routes.UPDATE, routes.INSERT, routes.DELETE, routes.CALL} <= seen


def path_of(address: str) -> str:
	"""As a server decodes it."""
	return unquote_to_bytes(address.partition("?")[0]).decode("latin-1")


def said(route: routes.Route) -> tuple:
	return route.kind, route.doctype, route.name, route.method


def told(run: dict) -> tuple:
	if not run:
		return routes.NOTHING, "", "", ""
	arguments, name = run["arguments"], run["name"]
	kind = routes.KINDS.get(name, routes.METHOD)
	method = arguments.get("method") or ""
	if kind == routes.METHOD:
		method = method.split("/")[0] or run["place"].rpartition("/")[2]
		return (
			kind,
			"",
			"",
			routes.of_doctype(arguments["doctype"], method) if "doctype" in arguments else method,
		)
	return kind, arguments.get("doctype", ""), arguments.get("name", ""), method


@pytest.mark.parametrize(
	"path", ["/", "/app", "/app/note", "/api/method/x.y", "/private/files/x", "/api/nothing"]
)
def test_cmd_goes_first_wherever_the_address_points(alice, path):
	answer = alice.post(path, json={"cmd": "ping"})
	assert answer.json() == {"message": "pong"}, answer.text
	with requested(path, cmd="ping") as request:
		assert routes.route_of(request) == routes.Route(routes.METHOD, path, "ping")


DOCUMENTS = (
	("POST", "/api/resource/Job Type"),
	("GET", "/api/resource/Job Type"),
	("POST", "/api/v1/resource/Organization"),
	("PUT", "/api/resource/Job Type/x"),
	("DELETE", "/api/resource/Job Type/x"),
	("POST", "/api/v2/document/Note"),
	("PATCH", "/api/v2/document/Note/a/method/b"),
	("GET", "/api/v2/doctype/Note/count"),
	("GET", "/api/v2/document/Note/x/method/m"),
)


@pytest.mark.parametrize(("verb", "path"), DOCUMENTS, ids=str)
@pytest.mark.parametrize("user", ["alice", "nobody", "manager", "guest"])
def test_cmd_beside_the_address_of_a_document_is_refused_whoever_sends_it(request, user, verb, path):
	client = request.getfixturevalue(user)
	for command in ("ping", "frappe.client.get_list", f"{door.OURS}jobs.get_metrics", ["ping"], {"a": 1}):
		answer = client.request(verb, path, json={"cmd": command, "doctype": "Background Job"})
		assert answer.status_code == 417, answer.text
		assert "cmd: " in answer.text
	if verb in ("GET", "POST"):
		answer = client.request(verb, f"{path}?cmd=ping")
		assert answer.status_code == 417, answer.text


RANGE = {
	"cmd": "frappe.client.get_list",
	"doctype": "Background Job",
	"fields": ["name", "organization"],
	"filters": [["Background Job", "organization", "between", ["x", "y"]]],
}


def test_no_address_turns_the_doors_of_a_method_off(world, alice, nobody):
	job = submit(world.bob, world.beta)
	paths = (
		"/api/resource/Job Type",
		"/api/resource/ToDo",
		"/",
		"/app",
		"/api/method/x",
		"/api/method/frappe.ping",
	)
	for client, path in product((alice, nobody), paths):
		answer = client.post(path, json=RANGE)
		assert answer.status_code == 417, answer.text
		assert job.name not in answer.text
		# so it is where the method has its own address
		assert client.call(RANGE["cmd"], **{**RANGE, "cmd": RANGE["cmd"]}).status_code == 417


OFF = (
	"a/method/b",
	"method/dartwing.dartwing_core.api.x",
	"method/dartwing.dartwing_core.api.jobs.get_metrics",
)


@pytest.mark.parametrize("name", OFF)
@pytest.mark.parametrize(("version", "verb"), [("v1/resource", "PUT"), ("v2/document", "PATCH")])
def test_the_name_of_a_document_turns_no_door_off(world, name, version, verb):
	parent = {"parenttype": "Organization", "parent": {"org_name": ["like", "Beta%"]}}
	forms = [parent, {"data": {}, **parent}, {"data": json.dumps(parent)}]
	for form in forms:
		with requested(f"/api/{version}/Person/{name}", verb, **form) as request:
			assert routes.route_of(request).kind == routes.UPDATE
			assert routes.route_of(request).name == name
			door.check_request()
			with pytest.raises(frappe.ValidationError, match="parent: must be one value"):
				sent_documents.refuse_sent()


def test_nothing_else_reads_addresses_or_cmd():
	reading = re.compile(r"""request\.(path|url|full_path|environ)|["']cmd["']|\.cmd\b""")
	found = [
		(path.name, line.strip())
		for path in API.glob("*.py")
		for line in path.read_text().splitlines()
		if reading.search(line) and path.name != "routes.py"
	]
	allowed = {
		# writes it
		"door.py": ("environ", "request.path = path", "if path != request.path"),
		# names of arguments
		"allowed.py": ("NOT_CALLED", "refuse_argument("),
		"arguments.py": ("OF_FRAPPE",),
		"conditions_by_name.py": ("taken.names",),
	}
	assert [one for one in found if not any(text in one[1] for text in allowed.get(one[0], ()))] == []


def test_what_is_readdressed_is_read_anew(world):
	with requested("/api/resource/Organization/A/method/b", "GET") as request, acting_as(world.alice):
		route = routes.route_of(request)
		door.readdress(request, route.with_name("Z"))
		assert request.path == "/api/resource/Organization/Z"
		assert routes.route_of(request).name == "Z"


@pytest.mark.parametrize("name", ["name", "parent", "parenttype", "parentfield", "owner", "modified_by"])
@pytest.mark.parametrize("value", [{"org_name": ["like", "B%"]}, ["x"]], ids=str)
def test_an_object_is_no_name_when_a_document_is_saved_whatever_has_it_saved(world, name, value):
	document = frappe.new_doc("Org Member")
	document.set(name, value)
	with requested("/anything"), pytest.raises(frappe.ValidationError, match=f"^{name}: must be one value"):
		saved_documents.check_before_save(document)
	saved_documents.check_before_save(document)


def test_a_name_that_a_request_did_not_say_is_not_said(world):
	hidden = frappe.get_doc("Organization", world.beta)
	for sent in (
		{"parent": {"org_name": ["like", "Beta%"]}},
		{"filters": json.dumps({"org_name": ["like", "Bet%"]})},
	):
		with requested("/api/method/x", **sent), pytest.raises(frappe.DoesNotExistError) as raised:
			hidden.check_permission("read")
		assert str(raised.value) == ""
	asked = (
		("/api/resource/Organization/Beta Test Org", {}),
		("/", {"name": "beta test org"}),
		("/", {"doc": json.dumps({"docs": json.dumps({"name": world.beta})})}),
	)
	for path, sent in asked:
		with (
			requested(path, **sent),
			pytest.raises(frappe.DoesNotExistError, match=f"{world.beta} not found"),
		):
			hidden.check_permission("read")


@pytest.mark.parametrize(
	"said", [{"doctype": "Organization"}, {"name": "another"}, {"data": '{"name": "another"}'}]
)
def test_a_document_is_stored_as_the_one_of_its_address(world, alice, said):
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	answer = alice.put(f"/api/resource/Person/{person}", json={**said, "first_name": "x"})
	assert answer.status_code == 417, answer.text
	assert "is not that of the address" in answer.text
	same = {"doctype": "Person", "name": person, "first_name": "x"}
	assert "address" not in alice.put(f"/api/resource/Person/{person}", json=same).text
