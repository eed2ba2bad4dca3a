"""What the form for parameters asks the server: links offer what their reader may read, and nothing else."""

import json

import frappe
import pytest
from answers import API, error, message
from factories import OBLIGING, World, acting_as, changed, end, make_job_type, make_member, make_user, submit
from factories import remove_member as remove

from dartwing.dartwing_core.api.parameter_forms import MOST_OFFERED, SEARCH
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK

FORMS = "dartwing.dartwing_core.api.parameter_forms"
TYPE = "linking_obliging_job"
WEBSITE_USER = "wilma@alpha.example"


def schema_of(**links: str) -> str:
	properties = {name: {"type": "string", "x-dartwing-link": doctype} for name, doctype in links.items()}
	nested = {"type": "array", "items": {"type": "object", "properties": properties}}
	return json.dumps({"type": "object", "properties": {"rows": nested, "mode": {"type": "string"}}})


@pytest.fixture(autouse=True)
def _linking(_clean):
	make_job_type(TYPE, parameters_schema=schema_of(person="Person", club="Organization", log="Error Log"))
	frappe.db.commit()


@pytest.fixture
def website_user(web, world):
	"""A member of Alpha without a role."""
	remove(WEBSITE_USER)
	with acting_as("Administrator"):
		make_user(WEBSITE_USER, [])
		make_member(WEBSITE_USER, world.alpha)
		frappe.db.commit()
	yield web.login(WEBSITE_USER)
	remove(WEBSITE_USER)


def search(client, doctype: str = "Person", text: str = "", job_type: str = TYPE):
	return client.ask(f"{FORMS}.search_links", job_type=job_type, doctype=doctype, text=text)


def titles(client, doctype: str = "Person", text: str = "") -> set[str]:
	return {row["title"] for row in message(search(client, doctype, text))}


def person_of(user: str) -> str:
	return frappe.db.get_value("Person", {"frappe_user": user})


def test_people_of_other_organizations_are_not_offered(alice, bob, manager):
	assert titles(alice) == {"alice", "adam"}
	assert titles(bob) == {"bob"}
	assert {"alice", "adam", "bob"} <= titles(manager)
	# neither by their title nor by their name
	assert titles(alice, text="bob") == titles(alice, text=person_of(World.bob)) == set()


def test_a_document_is_found_by_its_name_and_by_what_it_is_searched_by(alice):
	name = person_of(World.adam)
	assert message(search(alice, text="ada")) == [{"name": name, "title": "adam"}]
	assert message(search(alice, text=name)) == [{"name": name, "title": "adam"}]


def test_organizations_are_those_of_the_member(alice, website_user):
	for client in (alice, website_user):
		assert message(search(client, "Organization")) == [{"name": World.alpha, "title": World.alpha}]


def test_of_a_doctype_that_may_not_be_read_nothing_is_offered(alice, website_user, manager):
	frappe.get_doc({"doctype": "Error Log", "method": "a test", "error": "it failed"}).insert()
	frappe.db.commit()
	assert message(search(manager, "Error Log"))
	for client in (alice, website_user):
		assert message(search(client, "Error Log")) == []
	# people have roles of this app
	assert message(search(website_user, "Person")) == []


@pytest.mark.parametrize("doctype", ["User", "Background Job", "person", "Person ", "no such", ""])
def test_only_doctypes_that_the_schema_names_are_searched(alice, manager, doctype):
	for client in (alice, manager):
		said = error(search(client, doctype), 403 if doctype else 417)
		assert said.startswith("doctype: ")


def test_only_who_may_submit_the_job_searches(guest, nobody, alice):
	assert search(guest).status_code == 403
	assert error(search(nobody), 403) == "job_type: you are a member of no organization"
	assert error(search(alice, job_type="no such"), 404) == "job_type: no Job Type 'no such'"
	assert error(search(alice, job_type=OBLIGING), 403).startswith("doctype: ")
	with changed("Job Type", TYPE, requires_permission="Person"):
		assert error(search(alice), 403).startswith("job_type: ")
	with changed("Job Type", TYPE, is_enabled=0):
		assert error(search(alice), 417).startswith("job_type: ")


def test_a_former_member_is_offered_nothing(passing_user, web):
	client = web.login(passing_user)
	assert "alice" in titles(client)
	person = person_of(passing_user)
	frappe.db.set_value("Org Member", {"person": person}, "status", "Inactive")
	frappe.db.commit()
	assert search(client).status_code == 403


@pytest.mark.parametrize(
	"text",
	["' or 1=1 --", "%' union select name from tabUser --", "{{7*7}}", "<script>", "\\", '"', "x" * 999],
)
def test_what_is_typed_is_a_text(alice, text):
	assert titles(alice, text=text) == set()


@pytest.mark.parametrize(
	("text", "found"),
	[
		("_", {"snake_case"}),
		("%", {"100% sure"}),
		("\\", {"back\\slash"}),
		("e_c", {"snake_case"}),
		("a%e", set()),
		("0%", {"100% sure"}),
		("k\\s", {"back\\slash"}),
		("k\\\\s", set()),
	],
)
def test_signs_of_patterns_are_signs(alice, world, text, found):
	made = []
	with acting_as("Administrator"):
		for name in ("snake_case", "100% sure", "back\\slash"):
			person = frappe.get_doc({"doctype": "Person", "first_name": name}).insert()
			made.append(person.name)
			frappe.get_doc(
				{"doctype": "Org Member", "person": person.name, "organization": world.alpha}
			).insert()
		frappe.db.commit()
	try:
		assert titles(alice, text=text) == found
	finally:
		for name in made:
			frappe.db.delete("Org Member", {"person": name})
			frappe.db.delete("Person", name)
		frappe.db.commit()


def test_at_most_twenty_are_offered(alice, world):
	made = []
	with acting_as("Administrator"):
		for number in range(MOST_OFFERED + 1):
			person = frappe.get_doc({"doctype": "Person", "first_name": f"many {number:02}"}).insert()
			made.append(person.name)
			member = {"doctype": "Org Member", "person": person.name, "organization": world.alpha}
			frappe.get_doc(member).insert()
		frappe.db.commit()
	try:
		assert len(message(search(alice, text="many"))) == MOST_OFFERED
	finally:
		for name in made:
			frappe.db.delete("Org Member", {"person": name})
			frappe.db.delete("Person", name)
		frappe.db.commit()


def test_searches_are_limited(alice, monkeypatch):
	key = SEARCH.key(World.alice)
	frappe.cache.set(key, SEARCH.calls, ex=60)
	answer = search(alice)
	assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


# --- the form


def test_masked_parameters_are_told_to_be_secret_and_fields_keep_their_order(alice):
	names = ("zone", "api_token", "age")
	schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
	frappe.db.set_value("Job Type", TYPE, "parameters_schema", json.dumps(schema))
	frappe.clear_document_cache("Job Type", TYPE)
	frappe.db.commit()
	properties = json.loads(message(alice.ask(f"{FORMS}.get_form", job_type=TYPE))["schema"])["properties"]
	assert tuple(properties) == names
	assert {name for name, one in properties.items() if one.get("writeOnly")} == {"api_token"}


def test_a_form_is_for_members(guest, nobody, alice):
	for name in ("get_form", "get_retry_form"):
		assert guest.ask(f"{FORMS}.{name}", job_type=TYPE, job_id="JOB-1").status_code == 403
	assert nobody.ask(f"{FORMS}.get_form", job_type=TYPE).status_code == 403
	form = message(alice.ask(f"{FORMS}.get_form", job_type=OBLIGING))
	assert (form["schema"], form["template"]) == (None, None)


def test_only_an_admin_gets_the_parameters_of_a_job_to_change_them(alice, adam, bob):
	job = submit(n=9007199254740993, api_token="hush-hush")
	end(job.name, "Dead Letter")
	ask = f"{FORMS}.get_retry_form"
	answer = message(adam.ask(ask, job_id=job.name))
	assert answer["job_type"] == OBLIGING
	assert json.loads(answer["parameters"]) == {"mode": "succeed", "n": 9007199254740993, "api_token": MASK}
	assert error(alice.ask(ask, job_id=job.name), 403)
	assert error(bob.ask(ask, job_id=job.name), 404)
	with changed("Job Type", OBLIGING, is_enabled=0):
		assert message(adam.ask(ask, job_id=job.name))["form"] is None


# --- files


@pytest.fixture
def _without_files():
	yield
	for name in frappe.get_all("File", {"file_name": ("like", "people%")}, pluck="name"):
		frappe.delete_doc("File", name, force=True)
	frappe.db.commit()


@pytest.mark.usefixtures("_without_files")
def test_a_file_of_somebody_else_is_no_file(alice, adam, bob):
	schema = {"type": "object", "properties": {"sheet": {"type": "string", "x-dartwing-upload": True}}}
	frappe.db.set_value("Job Type", TYPE, "parameters_schema", json.dumps(schema))
	frappe.clear_document_cache("Job Type", TYPE)
	frappe.db.commit()
	sent = {"file": ("people.txt", b"Ada\n", "text/plain")}
	answer = alice.post("/api/method/upload_file", files=sent, data={"is_private": "1"})
	file = answer.json()["message"]
	assert (file["is_private"], file["owner"]) == (1, World.alice)
	request = {"job_type": TYPE, "parameters": {"sheet": file["name"]}}
	for client, organization in ((adam, World.alpha), (bob, World.beta)):
		said = error(client.call(f"{API}.submit_job", organization=organization, **request), 417)
		request_for_none = {**request, "parameters": {"sheet": "no such file"}}
		unknown = error(client.call(f"{API}.submit_job", organization=organization, **request_for_none), 417)
		assert said.replace(file["name"], "no such file") == unknown
	assert alice.call(f"{API}.submit_job", organization=World.alpha, **request).status_code == 200
