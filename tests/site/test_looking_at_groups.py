"""What members of an organization see of its groups, what they may do to them, and what nobody else can."""

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	counted_statements,
	end,
	queued_wake_ups,
	second_connection,
	submit,
)
from grouped import row_of, status_of, submit_group

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	cancel_group,
	discard_group,
	get_group,
	get_job_status,
	list_groups,
	list_jobs,
	retry_group,
)
from dartwing.dartwing_core.background_jobs.insight import groups, pages, queries
from dartwing.dartwing_core.background_jobs.submission import flows


def test_a_group_with_its_jobs(world):
	group, members, on_end = submit_group(4, with_on_end=True, title="Scan")
	end(members[0], "Completed")
	end(members[1], "Dead Letter")
	end(members[2], "Running", progress=50)
	with acting_as(world.alice):
		seen = get_group(group)
	assert [job["job_id"] for job in seen.pop("jobs")] == sorted(members, reverse=True)
	assert seen.pop("created_at").endswith("Z")
	assert seen == {
		"group_id": group,
		"title": "Scan",
		"organization": world.alpha,
		"owner_user": world.alice,
		"status": "Running",
		"on_end_job": on_end,
		"ended_at": None,
		"job_count": 4,
		"count_by_status": {"Completed": 1, "Dead Letter": 1, "Running": 1, "Queued": 1},
		"progress": 62.5,
		"limit": 20,
		"offset": 0,
	}


def test_a_page_of_its_jobs(world):
	group, members, _on_end = submit_group(5)
	with acting_as(world.alice):
		second = get_group(group, limit=2, offset=2)["jobs"]
		listed = list_jobs(group=group, status="Queued", limit=2)
	newest_first = sorted(members, reverse=True)
	assert [job["job_id"] for job in second] == newest_first[2:4]
	assert [job["job_id"] for job in listed["jobs"]] == newest_first[:2]
	assert listed["total"] == 5


def test_its_jobs_in_the_order_of_their_submission(world):
	group, members, _on_end = submit_group(5)
	with acting_as(world.alice):
		first = queries.list_members(group, limit=2)
		second = queries.list_members(group, limit=20, after=members[1])
	assert [job["job_id"] for job in first["jobs"]] == members[:2]
	assert [job["job_id"] for job in second["jobs"]] == members[2:]
	assert first["total"] == second["total"] == 5
	with acting_as(world.bob), pytest.raises(frappe.DoesNotExistError):
		queries.list_members(group)


def test_jobs_of_no_group(world):
	lone, other = submit().name, submit(world.bob, world.beta).name
	submit_group(3, with_on_end=False)
	second = submit().name
	with acting_as(world.alice):
		page = queries.list_lone_jobs()
		older = queries.list_lone_jobs(before=second)
	assert [job["job_id"] for job in page["jobs"]] == [second, lone]
	assert (page["total"], [job["job_id"] for job in older["jobs"]]) == (2, [lone])
	with acting_as(world.bob):
		assert [job["job_id"] for job in queries.list_lone_jobs()["jobs"]] == [other]


def test_more_than_are_counted(world, monkeypatch):
	monkeypatch.setattr(pages, "MAX_COUNTED", 2)
	for _ in range(3):
		submit()
	with acting_as(world.alice):
		assert queries.list_lone_jobs()["total"] is None


def test_a_page_of_groups_begins_after_another(world):
	groups = [submit_group(1)[0] for _ in range(4)][::-1]
	with acting_as(world.alice):
		page = list_groups(limit=2, before=groups[1])
	assert [group["group_id"] for group in page["groups"]] == groups[2:]
	assert page["total"] == 4


def test_a_job_names_its_group(world):
	group, (member,), _on_end = submit_group(1)
	with acting_as(world.alice):
		assert get_job_status(member)["job_group"] == group
		assert get_job_status(submit().name)["job_group"] is None


def test_groups_are_listed_newest_first(world):
	names = [submit_group(n)[0] for n in (1, 2, 1)]
	with acting_as(world.alice):
		page = list_groups(limit=2)
		assert [one["group_id"] for one in page["groups"]] == names[:0:-1]
		assert [one["job_count"] for one in page["groups"]] == [1, 2]
		assert page["total"] == 3
		assert [one["group_id"] for one in list_groups(limit=2, offset=2)["groups"]] == names[:1]
		assert list_groups(status="Failed") == {"groups": [], "total": 0, "limit": 20, "offset": 0}


def test_a_list_costs_as_many_statements_however_many_groups_there_are(world):
	submit_group(1)
	with acting_as(world.alice):
		with counted_statements() as of_one:
			list_groups()
		for _ in range(3):
			submit_group(2)
		with counted_statements() as of_four:
			list_groups()
	assert len(of_four) == len(of_one)


@pytest.mark.parametrize(
	("named", "call"),
	[
		("status", lambda: list_groups(status="Queued")),
		("limit", lambda: list_groups(limit=0)),
		("offset", lambda: list_groups(offset=-1)),
	],
)
def test_a_wrong_argument_is_named(world, named, call):
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match=f"^{named}: "):
		call()


# --- walls

ASKED = {
	"get": get_group,
	"cancel": cancel_group,
	"retry": retry_group,
	"discard": lambda group: discard_group(group, "a reason"),
	"jobs": lambda group: list_jobs(group=group),
	"dossier": groups.get_dossier,
}


@pytest.mark.parametrize("user", ["bob", "nobody"])
@pytest.mark.parametrize("asked", ASKED)
def test_to_others_a_group_does_not_exist(world, user, asked):
	group, _members, _on_end = submit_group()
	answers = []
	with acting_as(getattr(world, user)):
		for name in (group, "GRP-2026-99999"):
			with pytest.raises(frappe.DoesNotExistError) as raised:
				ASKED[asked](name)
			answers.append(str(raised.value).replace(name, "NAME"))
	assert answers[0] == answers[1]
	assert status_of(group) == "Running"


def test_others_list_none_of_them(world):
	group, _members, _on_end = submit_group()
	with acting_as(world.bob):
		assert list_groups()["groups"] == []
		assert frappe.get_list("Job Group", pluck="name") == []
		with pytest.raises(frappe.DoesNotExistError):
			frappe.get_doc("Job Group", group).check_permission("read")
		with pytest.raises(frappe.PermissionError):
			list_groups(world.alpha)
	with acting_as(world.alice):
		assert frappe.get_list("Job Group", pluck="name") == [group]
		frappe.get_doc("Job Group", group).check_permission("read")


@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_nobody_writes_or_deletes_one_by_hand(world, user):
	group, _members, _on_end = submit_group()
	with acting_as(getattr(world, user)):
		document = frappe.get_doc("Job Group", group)
		document.status = "Completed"
		with pytest.raises((frappe.PermissionError, frappe.ValidationError)):
			document.save()
		with pytest.raises((frappe.PermissionError, frappe.ValidationError)):
			frappe.get_doc("Job Group", group).delete()
	frappe.db.rollback()
	assert status_of(group) == "Running"


# --- what Desk asks for


@pytest.mark.parametrize(
	("user", "expected"),
	[
		("alice", {"cancel": 2}),
		("adam", {"cancel": 2, "retry": 1, "discard": 1}),
		("manager", {"cancel": 2, "retry": 1, "discard": 1}),
	],
)
def test_the_form_offers_what_its_reader_may_do(world, user, expected):
	group, members, _on_end = submit_group(4)
	end(members[0], "Completed")
	end(members[1], "Dead Letter")
	with acting_as(getattr(world, user)):
		dossier = groups.get_dossier(group)
	assert (dossier["actions"], dossier["group"]["job_count"]) == (expected, 4)


def test_the_form_of_a_group_that_has_ended_offers_nothing(world):
	group, (member,), _on_end = submit_group(1)
	end(member, "Completed")
	with acting_as(world.adam):
		assert groups.get_dossier(group)["actions"] == {}


# --- cancel, retry, discard


@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_a_group_is_canceled(world, user):
	group, members, _on_end = submit_group(3)
	end(members[0], "Completed")
	with acting_as(getattr(world, user)):
		assert cancel_group(group) == {"done": members[1:], "refused": {}, "left": 0}
		frappe.db.commit()
	assert status_of(group) == "Canceled"
	assert [queued_wake_ups("default", member) for member in members[1:]] == [[], []]


def test_a_group_that_has_ended_has_nothing_to_cancel(world):
	group, (member,), _on_end = submit_group(1)
	end(member, "Completed")
	with acting_as(world.alice):
		assert cancel_group(group) == {"done": [], "refused": {}, "left": 0}


def test_members_who_are_neither_owner_nor_admin_change_nothing(world):
	group, members, _on_end = submit_group(user=world.adam)
	end(members[0], "Dead Letter")
	with acting_as(world.alice):
		for change in ("cancel", "retry", "discard"):
			with pytest.raises(frappe.PermissionError, match=r"^group_id: "):
				ASKED[change](group)
	frappe.db.rollback()


def test_what_failed_of_a_group_is_retried(world):
	group, members, _on_end = submit_group(3)
	for member, status in zip(members, ("Completed", "Dead Letter", "Dead Letter"), strict=True):
		end(member, status)
	assert status_of(group) == "Failed"
	with acting_as(world.adam):
		assert retry_group(group) == {"done": members[1:], "refused": {}, "left": 0}
		frappe.db.commit()
	assert (status_of(group), row_of(group).ended_at) == ("Running", None)


def test_what_failed_of_a_group_is_discarded(world):
	group, members, _on_end = submit_group(2)
	end(members[0], "Completed")
	end(members[1], "Dead Letter")
	with acting_as(world.adam):
		assert discard_group(group, "nobody needs it") == {"done": members[1:], "refused": {}, "left": 0}
		frappe.db.commit()
	assert status_of(group) == "Canceled"


def test_many_jobs_are_canceled_in_as_many_statements_as_few(world):
	small, _members, _on_end = submit_group(2)
	large, _members, _on_end = submit_group(30)
	sent = []
	for group in (small, large):
		with acting_as(world.alice), counted_statements() as statements:
			cancel_group(group)
			frappe.db.commit()
		sent.append(len(statements))
	assert abs(sent[1] - sent[0]) <= 3, sent


def test_one_call_takes_the_oldest_and_says_how_many_are_left(world, monkeypatch):
	monkeypatch.setattr("dartwing.dartwing_core.background_jobs.config.MAX_BULK_CHANGE", 2)
	group, members, _on_end = submit_group(3)
	with acting_as(world.alice):
		assert cancel_group(group) == {"done": members[:2], "refused": {}, "left": 1}
		frappe.db.commit()
		assert cancel_group(group) == {"done": members[2:], "refused": {}, "left": 0}


def test_what_a_running_job_has_submitted_meanwhile_is_canceled_as_well(world):
	group, (split,), _on_end = submit_group(1, user=world.alice)
	end(split, "Running")
	with acting_as(world.alice):
		# the request's own snapshot is older than the pages
		frappe.db.get_value("Job Group", group, "status")
		with second_connection():
			pages = [Job(OBLIGING, {"mode": "succeed", "page": page}) for page in range(3)]
			made = flows.submit_flow(Flow("pages", pages), world.alpha, group)
			frappe.get_doc("Background Job", split).transition_to("Completed")
			frappe.db.commit()
		answer = cancel_group(group)
		frappe.db.commit()
	assert (set(answer["done"]), answer["left"]) == ({job.name for job in made.jobs}, 0)
	assert status_of(group) == "Canceled"
