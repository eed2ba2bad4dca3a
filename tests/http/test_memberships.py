"""Who is in, who is out, and from when: logins, keys, memberships, organizations, files."""

import json
from collections.abc import Iterator
from pathlib import Path

import frappe
import pytest
from answers import API, error, message, without_ids
from factories import OBLIGING, World, acting_as, make_job_type, make_member, purge, submit
from frappe.permissions import add_user_permission, remove_user_permission
from frappe.utils import add_days, nowdate
from http_client import Client

from dartwing.dartwing_core.background_jobs.tenancy import own_doctypes, references

SECRET = "rows of the export"
DANGEROUS = (
	"os.system",
	"frappe.utils.password.update_password",
	"frappe.db.sql",
	"subprocess.run",
	"builtins.eval",
)


def member_of(user: str) -> str:
	return frappe.db.get_value("Org Member", {"person": frappe.db.get_value("Person", {"frappe_user": user})})


def change(doctype: str, name: str, **values) -> None:
	doc = frappe.get_doc(doctype, name)
	doc.update(values)
	doc.save(ignore_permissions=True)
	frappe.db.commit()


def calls(client: Client, job_id: str) -> list:
	submission = {"job_type": OBLIGING, "organization": World.alpha, "parameters": {"mode": "succeed"}}
	return [
		client.call(f"{API}.submit_job", **submission),
		client.ask(f"{API}.get_job_status", job_id=job_id),
		client.ask(f"{API}.get_job_history", job_id=job_id),
		client.call(f"{API}.cancel_job", job_id=job_id),
		client.ask(f"{API}.list_jobs", organization=World.alpha),
		client.ask(f"{API}.get_job_metrics", organization=World.alpha),
		client.get(f"/api/resource/Background Job/{job_id}"),
		client.get(f"/api/resource/Organization/{World.alpha}"),
	]


def refused(client: Client, job_id: str) -> bool:
	return all(answer.status_code in (401, 403, 404, 417) for answer in calls(client, job_id))


@pytest.mark.parametrize(
	("doctype", "field", "value"),
	[
		("Org Member", "start_date", "9999-99-99"),
		("Org Member", "start_date", "99999-01-01"),
		("Org Member", "end_date", "soon"),
		("Org Member", "idx", 10**30),
		("Organization", "idx", 10**30),
		("Organization", "job_window", 2**31),
		("Organization", "queue_limit", str(-(2**31) - 1)),
	],
)
def test_what_no_column_holds_is_refused_by_name(adam, manager, world, doctype, field, value):
	name = member_of(world.adam) if doctype == "Org Member" else world.alpha
	for client in (adam, manager):
		answer = client.put(f"/api/resource/{doctype}/{name}", json={field: value})
		assert answer.status_code in (200, 417), answer.text
		assert f"{field}: " in answer.text or answer.status_code == 200
		assert "tab" + doctype not in answer.text
	assert str(frappe.db.get_value(doctype, name, field)) != str(value)


def test_a_day_is_kept_as_it_was_sent(adam, world):
	name = member_of(world.adam)
	for day in ("2020-02-29", None):
		assert adam.put(f"/api/resource/Org Member/{name}", json={"start_date": day}).status_code == 200
		frappe.db.rollback()
		kept = frappe.db.get_value("Org Member", name, "start_date")
		assert (kept and str(kept)) == day


@pytest.fixture
def job(passing_user) -> str:
	return submit(passing_user).name


@pytest.mark.parametrize("login", ["login", "with_key"])
def test_a_member_removed_now_is_out_now(web, passing_user, job, login):
	client = getattr(web, login)(passing_user)
	assert client.ask(f"{API}.get_job_status", job_id=job).status_code == 200
	frappe.delete_doc("Org Member", member_of(passing_user))
	frappe.db.commit()
	assert refused(client, job)
	assert message(client.ask(f"{API}.list_jobs"))["jobs"] == []


@pytest.mark.parametrize("status", ["Inactive", "Pending"])
def test_only_an_active_member_is_one(web, passing_user, job, status):
	client = web.with_key(passing_user)
	change("Org Member", member_of(passing_user), status=status)
	assert refused(client, job)


@pytest.mark.parametrize(("field", "days"), [("end_date", -1), ("start_date", 1)])
def test_who_was_a_member_or_will_be_one_is_none_today(web, passing_user, job, field, days):
	client = web.with_key(passing_user)
	change("Org Member", member_of(passing_user), **{field: add_days(nowdate(), days)})
	assert refused(client, job)
	assert message(client.ask(f"{API}.list_jobs"))["jobs"] == []


def test_a_member_is_one_until_the_last_day_is_over(web, passing_user, job):
	change("Org Member", member_of(passing_user), start_date=nowdate(), end_date=nowdate())
	assert {answer.status_code for answer in calls(web.with_key(passing_user), job)} == {200}


def test_an_inactive_person_is_no_member(web, passing_user, job):
	client = web.with_key(passing_user)
	change("Person", frappe.db.get_value("Person", {"frappe_user": passing_user}), status="Inactive")
	assert refused(client, job)


@pytest.fixture
def limited_to_beta(web, passing_user, job, world) -> Iterator[Client]:
	"""The passing user is a member of both, and a User Permission names Beta alone."""
	client = web.with_key(passing_user)
	make_member(passing_user, world.beta)
	add_user_permission("Organization", world.beta, passing_user)
	frappe.db.commit()
	yield client
	remove_user_permission("Organization", world.beta, passing_user)
	frappe.db.commit()


def test_a_user_permission_for_another_organization_restricts_rest_as_it_does_desk(
	limited_to_beta, passing_user, job, world
):
	assert refused(limited_to_beta, job)
	other = submit(passing_user, world.beta).name
	assert [row["job_id"] for row in message(limited_to_beta.ask(f"{API}.list_jobs"))["jobs"]] == [other]
	listed = limited_to_beta.get("/api/resource/Background Job", params={"limit_page_length": 0}).json()
	assert [row["name"] for row in listed["data"]] == [other]
	counts = message(limited_to_beta.ask(f"{API}.get_job_metrics"))["job_count_by_status"]
	assert sum(counts.values()) == 1


@pytest.mark.parametrize("login", ["login", "with_key"])
def test_a_disabled_user_is_out(web, passing_user, job, login):
	"""Frappe v15 takes a disabled user's API key all the same."""
	client = getattr(web, login)(passing_user)
	change("User", passing_user, enabled=0)
	assert refused(client, job)


def test_a_disabled_system_manager_manages_nothing(web, passing_user, job):
	frappe.get_doc("User", passing_user).add_roles("System Manager")
	client = web.with_key(passing_user)
	frappe.delete_doc("Org Member", member_of(passing_user))
	change("User", passing_user, enabled=0)
	assert refused(client, job)


def test_a_key_that_was_replaced_or_removed_is_none(web, passing_user, job):
	old = web.with_key(passing_user)
	new = web.with_key(passing_user)
	assert {answer.status_code for answer in calls(old, job)} == {401}
	change("User", passing_user, api_key=None)
	assert {answer.status_code for answer in calls(new, job)} == {401}


def test_a_session_that_ended_is_a_guests(web, passing_user, job):
	client = web.login(passing_user)
	sid = client.cookies["sid"]
	client.call("logout")
	client.cookies.set("sid", sid)
	assert refused(client, job)


def test_a_guest_is_told_nothing(guest, job):
	assert {answer.status_code for answer in calls(guest, job)} <= {403, 404}
	assert not any(job in answer.text for answer in calls(guest, "JOB-0"))


@pytest.mark.parametrize("status", ["Suspended", "Inactive", "Dissolved"])
def test_an_organization_that_is_not_active_takes_no_jobs_and_shows_the_old_ones(alice, world, status):
	job = submit()
	change("Organization", world.alpha, status=status)
	try:
		submission = {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}
		answer = alice.call(f"{API}.submit_job", **submission)
		assert status in error(answer, 417)
		assert message(alice.ask(f"{API}.get_job_status", job_id=job.name))["job_id"] == job.name
	finally:
		change("Organization", world.alpha, status="Active")


def test_the_admin_of_a_suspended_organization_cannot_lift_it(adam, world):
	change("Organization", world.alpha, status="Suspended")
	values = {"status": "Active", "override_queue_limit": 1, "queue_limit": 10**6, "override_job_window": 1}
	try:
		adam.put(f"/api/resource/Organization/{world.alpha}", json=values)
		frappe.db.rollback()
		stored = frappe.db.get_value(
			"Organization", world.alpha, ["status", "override_queue_limit", "override_job_window"]
		)
		assert stored == ("Suspended", 0, 0)
	finally:
		change("Organization", world.alpha, status="Active")


# memberships are given, not taken


def assert_as_unknown(ask, path, values, organization):
	"""The organization is refused as one that there is not."""
	answers = [ask(path, json={**values, "organization": name}) for name in (organization, "Nowhere Org")]
	assert answers[0].status_code == answers[1].status_code >= 403
	texts = [without_ids(answer.text) for answer in answers]
	assert texts[0].replace(organization, "Nowhere Org") == texts[1]


def test_nobody_edits_their_own_membership(alice, nobody, web, passing_user, world):
	change("Org Member", member_of(passing_user), status="Inactive")
	client, row = web.with_key(passing_user), f"/api/resource/Org Member/{member_of(passing_user)}"
	assert client.put(row, json={"status": "Active"}).status_code in (403, 404)
	assert (
		alice.put(f"/api/resource/Org Member/{member_of(world.alice)}", json={"role": "x"}).status_code == 403
	)
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	new = {"person": person, "organization": world.alpha}
	assert alice.post("/api/resource/Org Member", json=new).status_code == 403
	assert_as_unknown(alice.post, "/api/resource/Org Member", {"person": person}, world.beta)
	frappe.db.rollback()
	assert frappe.db.get_value("Org Member", member_of(passing_user), "status") == "Inactive"


def test_an_admin_gives_no_membership_of_another_organization(adam, world):
	person = frappe.db.get_value("Person", {"frappe_user": world.adam})
	assert_as_unknown(adam.post, "/api/resource/Org Member", {"person": person}, world.beta)
	assert_as_unknown(adam.put, f"/api/resource/Org Member/{member_of(world.adam)}", {}, world.beta)


def test_an_admin_makes_no_member_of_a_person_of_another_organization(adam, world):
	"""It would show the person to this organization, and tell that there is one."""
	person = frappe.db.get_value("Person", {"frappe_user": world.bob})
	own = member_of(world.adam)
	requests = [
		lambda name: adam.post(
			"/api/resource/Org Member", json={"person": name, "organization": world.alpha}
		),
		lambda name: adam.put(f"/api/resource/Org Member/{own}", json={"person": name}),
	]
	for ask in requests:
		told = [ask(name) for name in (person, "nobody-at-all")]
		texts = [without_ids(answer.text) for answer in told]
		assert [answer.status_code for answer in told] == [417, 417]
		assert texts[0].replace(person, "nobody-at-all") == texts[1]
	frappe.db.rollback()
	assert frappe.get_all("Org Member", {"person": person}, pluck="organization") == [world.beta]


def test_an_admin_makes_a_member_of_a_person_who_belongs_nowhere(adam, world):
	person = frappe.get_doc({"doctype": "Person", "first_name": "New"}).insert()
	frappe.db.commit()
	answer = adam.post("/api/resource/Org Member", json={"person": person.name, "organization": world.alpha})
	frappe.db.rollback()
	joined = frappe.get_all("Org Member", {"person": person.name}, ["name", "organization"])
	for member in joined:
		frappe.delete_doc("Org Member", member.name)
	person.delete()
	frappe.db.commit()
	assert answer.status_code == 200
	assert [member.organization for member in joined] == [world.alpha]


def test_an_admin_takes_no_row_from_another_organization(adam, world):
	"""The document that Frappe asks about has the new organization already."""
	row = member_of(world.bob)
	answer = adam.put(f"/api/resource/Org Member/{row}", json={"organization": world.alpha})
	assert answer.status_code == 404
	frappe.db.rollback()
	assert frappe.db.get_value("Org Member", row, "organization") == world.beta


def test_a_person_is_not_taken_over(adam, alice, world):
	person = frappe.db.get_value("Person", {"frappe_user": world.bob})
	for client in (adam, alice):
		answer = client.put(f"/api/resource/Person/{person}", json={"frappe_user": world.adam})
		assert answer.status_code == 404
	own = frappe.db.get_value("Person", {"frappe_user": world.alice})
	assert alice.put(f"/api/resource/Person/{own}", json={"frappe_user": world.bob}).status_code == 403


@pytest.mark.parametrize("doctype", ["Background Job", "Organization", "Org Member", "Person"])
def test_nothing_can_be_shared_with_outsiders(adam, alice, doctype):
	for client in (adam, alice):
		name = client.get(f"/api/resource/{doctype}").json()["data"]
		for row in name[:1] or [{"name": submit().name}]:
			asked = client.ask(
				"frappe.client.has_permission", doctype=doctype, docname=row["name"], perm_type="share"
			)
			assert asked.json()["message"] == {"has_permission": False}


# Job Types


@pytest.mark.parametrize("handler", DANGEROUS)
def test_a_job_type_points_at_no_dangerous_function(alice, adam, manager, handler):
	new = {"type_name": "dangerous", "display_name": "x", "handler_method": handler}
	assert alice.post("/api/resource/Job Type", json=new).status_code == 403
	assert adam.post("/api/resource/Job Type", json=new).status_code == 403
	assert manager.post("/api/resource/Job Type", json=new).status_code == 417
	changed = {"handler_method": handler}
	assert adam.put(f"/api/resource/Job Type/{OBLIGING}", json=changed).status_code == 403
	assert manager.put(f"/api/resource/Job Type/{OBLIGING}", json=changed).status_code == 417


def test_what_a_type_requires_the_submitter_must_have(alice, world):
	make_job_type("for_managers", requires_permission="Job Type")
	frappe.db.commit()
	answer = alice.call(f"{API}.submit_job", job_type="for_managers", organization=world.alpha)
	assert error(answer, 403) == "job_type: 'for_managers' needs permission to create Job Type"


# files of jobs


@pytest.fixture
def export(passing_user) -> Iterator[str]:
	"""The URL of a private file of the passing user's, made as an export makes it."""
	url = f"/private/files/export-{frappe.generate_hash(length=20)}.txt"
	path = Path(frappe.get_site_path(url.lstrip("/")))
	path.parent.mkdir(parents=True, exist_ok=True)
	path.write_text(SECRET)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": path.name,
			"file_url": url,
			"is_private": 1,
			"folder": "Home",
		}
	)
	with acting_as(passing_user):
		file.set_user_and_timestamp()
		file.name = frappe.generate_hash(length=10)
		file.db_insert()
	frappe.db.commit()
	yield url
	frappe.db.rollback()
	path.unlink()
	purge("File", file.name)
	frappe.db.commit()


def reads(client: Client, url: str) -> bool:
	download = client.ask("frappe.handler.download_file", file_url=url)
	listed = client.get("/api/resource/File", params={"fields": '["file_url"]', "limit_page_length": 0})
	return SECRET in client.get(url).text + download.text or url in listed.text


def test_an_export_is_its_owners(web, passing_user, export, alice, adam, bob, nobody, guest):
	assert reads(web.with_key(passing_user), export)
	outsiders = (alice, adam, bob, nobody, guest)
	assert [reads(client, export) for client in outsiders] == [False] * len(outsiders)


def test_a_file_that_claims_the_url_of_an_export_does_not_get_it(bob, alice, export):
	"""Frappe v15 would copy the content into the new File."""
	for client in (alice, bob):
		new = {"file_url": export, "file_name": "mine.txt", "is_private": 1}
		assert client.post("/api/resource/File", json=new).status_code == 404
		client.post("/api/method/upload_file", data=new)
		client.call("frappe.client.insert", doc={"doctype": "File", **new})
		assert not reads(client, export)


def test_nobody_is_given_a_job_type_to_change(alice, adam, world):
	"""It is what all organizations run; who could share it could give themselves the right to write."""
	share = {"user": world.alice, "read": 1, "write": 1, "share": 1}
	for client in (alice, adam):
		sent = {"doctype": "Job Type", "name": OBLIGING, **share}
		assert client.call("frappe.share.add", **sent).status_code >= 400
	given = None
	# benchless has no shares
	if frappe.db.exists("DocType", "DocShare"):
		named = {"doctype": "DocShare", "share_doctype": "Job Type", "share_name": OBLIGING}
		given = frappe.get_doc({**named, **share}).insert(ignore_permissions=True)
		frappe.db.commit()
	before = frappe.db.get_value("Job Type", OBLIGING, "description")
	answer = alice.put(f"/api/resource/Job Type/{OBLIGING}", json={"description": "owned"})
	frappe.db.rollback()
	after = frappe.db.get_value("Job Type", OBLIGING, "description")
	if given:
		frappe.delete_doc("DocShare", given.name, ignore_permissions=True)
		frappe.db.commit()
	assert (answer.status_code, after) == (403, before)


def test_tags_and_follows_of_other_organizations_are_not_there(alice, bob, manager, world):
	"""Frappe lets everyone read them; benchless has none."""
	if not frappe.db.exists("DocType", "Tag Link"):
		assert alice.get("/api/resource/Tag Link").status_code == 404
		return
	manager.call("frappe.desk.doctype.tag.tag.add_tag", dt="Organization", dn=world.beta, tag="of beta")
	manager.call("frappe.desk.doctype.tag.tag.add_tag", dt="Role", dn="Dartwing User", tag="of all")
	try:
		fields = {"fields": json.dumps(["document_type", "document_name", "tag", "name"])}
		told = {
			user: client.get("/api/resource/Tag Link", params=fields)
			for user, client in (("alice", alice), ("bob", bob), ("manager", manager))
		}
		row = next(row for row in told["manager"].json()["data"] if row["document_name"] == world.beta)
		assert world.beta not in told["alice"].text
		assert world.beta in told["bob"].text
		assert all("Dartwing User" in answer.text for answer in told.values())
		assert alice.get(f"/api/resource/Tag Link/{row['name']}").status_code in (403, 404)
	finally:
		frappe.db.rollback()
		frappe.db.delete("Tag Link", {"tag": ("in", ("of beta", "of all"))})
		frappe.db.delete("Tag", {"name": ("in", ("of beta", "of all"))})
		frappe.db.commit()


def test_every_doctype_that_tells_everyone_of_documents_is_known(site):
	"""On a new Frappe, a DocType that all may read and that refers to documents has to be looked at."""
	everyone = ("All", "Guest", "Desk User")
	readable = frappe.get_all(
		"DocPerm",
		{"role": ("in", everyone), "read": 1, "permlevel": 0, "if_owner": 0, "parenttype": "DocType"},
		pluck="parent",
	)
	guarded_by_frappe = set(frappe.get_hooks("permission_query_conditions", app_name="frappe"))
	open_to_all = {
		doctype
		for doctype in set(readable) - guarded_by_frappe
		if may_name_documents(doctype) and not frappe.get_meta(doctype).istable
	}
	assert all(map(references.is_about_documents, open_to_all))


def may_name_documents(doctype: str) -> bool:
	"""Whether rows may be about a document of ours: those of v16's desktop are about pages and DocTypes."""
	meta = frappe.get_meta(doctype)
	kinds = [meta.get_field(field.options) for field in meta.get_dynamic_link_fields()]
	return any(
		kind.fieldtype != "Select" or set(kind.options.split("\n")) & set(own_doctypes.GUARDED)
		for kind in kinds
	)
