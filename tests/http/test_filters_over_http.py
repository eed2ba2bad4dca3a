"""Over HTTP too, what is asked for is a condition on a field that may be read, or it is refused."""

import json
from collections.abc import Callable

import pytest
from factories import World, end, submit
from frappe.utils import now_datetime
from requests import Response

DESK = "dartwing.dartwing_core.api.desk"
ORACLE = "exists(select 1 from `__Auth` where password like '$%') or 1=1"
GUARDED = (
	"Background Job",
	"Job Execution Log",
	"Job Group",
	"Job Schedule",
	"Organization",
	"Org Member",
	"Person",
)


@pytest.fixture
def foreign(world: World) -> str:
	job = submit(world.bob, world.beta).name
	end(job, "Dead Letter")
	return job


def desk(method: str, **arguments) -> Callable:
	return lambda client, sent: client.call(f"{DESK}.{method}", filters=sent, **arguments)


def frappes(method: str, doctype: str = "Background Job", **arguments) -> Callable:
	return lambda client, sent: client.ask(method, doctype=doctype, filters=json.dumps(sent), **arguments)


WAYS = {
	"count_matching": desk("count_matching", action="retry"),
	"act_on_matching": lambda client, sent: desk(
		"act_on_matching", action="discard", reason="old", until=str(now_datetime())
	)(client, sent),
	**{f"search_link {one}": frappes("frappe.desk.search.search_link", one, txt="") for one in GUARDED},
	**{f"get {one}": frappes("frappe.client.get", one) for one in GUARDED},
	**{f"get_count {one}": frappes("frappe.client.get_count", one) for one in GUARDED},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("user", ["alice", "adam"])
def test_sql_among_filters_is_refused_with_its_place(request, foreign, way, user):
	client = request.getfixturevalue(user)
	answer: Response = WAYS[way](client, [["name", "like", "%"], ORACLE])
	assert answer.status_code == 417, answer.text
	assert "filters[1]: must be [field, operator, value]" in answer.text
	assert foreign not in answer.text
	backtick: Response = WAYS[way](client, {"name` like '%' or `name": "x"})
	assert 400 <= backtick.status_code < 500, backtick.text
	assert foreign not in backtick.text


@pytest.mark.parametrize("way", ["count_matching", "act_on_matching"])
def test_a_filter_of_a_desk_list_finds_ones_own(alice, foreign, way):
	mine = submit().name
	end(mine, "Dead Letter")
	answer = WAYS[way](alice, [["Background Job", "name", "in", [mine, foreign], False]])
	assert answer.status_code == 200, answer.text
	found = answer.json()["message"]
	assert found.get("jobs", 1) == 1
	assert list(found.get("refused", {mine: ""})) == [mine]


@pytest.mark.parametrize("until", ["soon", "2024-01-01' or 1=1 or '", ""])
def test_the_end_of_a_bulk_action_is_a_time(alice, foreign, until):
	answer = alice.call(f"{DESK}.act_on_matching", action="discard", filters=[], until=until, reason="old")
	assert answer.status_code == 417, answer.text
	assert "until: " in answer.text
