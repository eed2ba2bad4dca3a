"""A member of an organization whose name is a format, over real HTTP: Desk, resources, exports, REST."""

import json
from collections.abc import Callable, Iterator

import frappe
import pytest
from answers import API, message
from factories import OBLIGING, acting_as, make_member, make_user, purge, remove_member, submit
from http_client import Client

USERS = {"per-cent@names.example": "50% Club", "per-cents@names.example": "50%% Club"}
JOB = "/api/resource/Background Job"
NAMED = '["name", "organization"]'


@pytest.fixture(scope="module")
def clubs(web, world) -> Iterator[dict[str, tuple[Client, str]]]:
	"""By organization: a member's client, and the id of their job."""
	remove()
	found = {}
	for user, name in USERS.items():
		with acting_as("Administrator"):
			organization = {"doctype": "Organization", "org_name": name, "org_type": "Company"}
			frappe.get_doc(organization).insert()
			make_user(user, ["Dartwing User"])
			make_member(user, name)
			frappe.db.commit()
		found[name] = web.with_key(user)
	yield found
	remove()


def remove() -> None:
	for user in USERS:
		remove_member(user)
	for name in USERS.values():
		for table in ("Background Job", "Job Execution Log", "Job Tally"):
			frappe.db.delete(table, {"organization": name})
		purge("Organization", name)
	frappe.db.commit()


def reportview(method: str, **arguments: str) -> Callable[[Client], str]:
	fields = json.dumps(["`tabBackground Job`.`name`", "`tabBackground Job`.`organization`"])
	sent = {"doctype": "Background Job", "fields": fields, **arguments}
	return lambda client: client.call(f"frappe.desk.reportview.{method}", **sent).text


LIKE = json.dumps([["Background Job", "name", "like", "%JOB-%"]])
FINDING: dict[str, Callable[[Client], str]] = {
	"a resource list": lambda client: client.get(JOB, params={"fields": NAMED}).text,
	"a filtered resource list": lambda client: (
		client.get(JOB, params={"fields": NAMED, "filters": LIKE}).text
	),
	"alternatives": lambda client: client.get(JOB, params={"fields": NAMED, "or_filters": LIKE}).text,
	"Desk's list": reportview("get"),
	"Desk's filtered list": reportview("get", filters=LIKE),
	"Desk's report view": reportview("get_list", view="Report", filters=LIKE),
	"Desk's export": reportview("export_query", title="x", file_format_type="CSV"),
	"Desk's filtered export": reportview("export_query", title="x", file_format_type="CSV", filters=LIKE),
	"a link search": lambda client: (
		client.call("frappe.desk.search.search_link", doctype="Background Job", txt="JOB-").text
	),
	"the history": lambda client: (
		client.get(
			"/api/resource/Job Execution Log", params={"fields": '["background_job"]', "limit_page_length": 0}
		).text
	),
	"list_jobs": lambda client: client.ask(f"{API}.list_jobs").text,
}
COUNTING = {
	"Desk's count": lambda client: client.call("frappe.desk.reportview.get_count", doctype="Background Job"),
	"Desk's filtered count": lambda client: client.call(
		"frappe.desk.reportview.get_count", doctype="Background Job", filters=LIKE
	),
	"a client's count": lambda client: client.call("frappe.client.get_count", doctype="Background Job"),
	"a client's filtered count": lambda client: client.call(
		"frappe.client.get_count", doctype="Background Job", filters=json.loads(LIKE)
	),
}


@pytest.mark.parametrize("way", FINDING)
def test_a_member_finds_their_own_jobs_and_no_others(clubs, way):
	jobs = {name: submit(user, name).name for user, name in USERS.items()}
	for name, client in clubs.items():
		found = FINDING[way](client)
		assert {other for other, job in jobs.items() if job in found} == {name}, found


@pytest.mark.parametrize("way", COUNTING)
def test_a_member_counts_their_own_jobs(clubs, way):
	remaining = dict.fromkeys(USERS.values(), 0)
	for number, (user, name) in enumerate(USERS.items(), start=1):
		for _ in range(number):
			submit(user, name)
	for name, client in clubs.items():
		with acting_as("Administrator"):
			remaining[name] = frappe.db.count("Background Job", {"organization": name})
		assert message(COUNTING[way](client)) == remaining[name]
	assert len(set(remaining.values())) == 2


def test_a_member_opens_their_own_organization_and_no_other(clubs):
	for name, client in clubs.items():
		for other in clubs:
			quoted = other.replace("%", "%25")
			answer = client.get(f"/api/resource/Organization/{quoted}")
			assert answer.status_code == (200 if other == name else 404), answer.text


def test_a_member_submits_to_their_own_organization_and_no_other(clubs):
	for name, client in clubs.items():
		for other in clubs:
			answer = client.call(
				f"{API}.submit_job", job_type=OBLIGING, organization=other, parameters={"mode": "succeed"}
			)
			assert answer.status_code == (200 if other == name else 403), answer.text
			metrics = client.ask(f"{API}.get_job_metrics", organization=other)
			assert metrics.status_code == (200 if other == name else 403), metrics.text
