"""Groups over REST: what their organization gets, exactly, and what everybody else does not."""

import re

import frappe
import pytest
from answers import API, UTC, error, message
from factories import end
from grouped import status_of, submit_group

GROUP_KEYS = [
	"group_id",
	"title",
	"organization",
	"owner_user",
	"status",
	"on_end_job",
	"created_at",
	"ended_at",
	"job_count",
	"count_by_status",
	"progress",
]
CALLS = {
	"get_group": {},
	"cancel_group": {},
	"retry_group": {},
	"discard_group": {"reason": "old"},
}


def test_get_group(alice, world):
	group, members, on_end = submit_group(3, with_on_end=True, title="Scan")
	end(members[0], "Completed")
	answer = message(alice.ask(f"{API}.get_group", group_id=group, limit=2))
	assert list(answer) == [*GROUP_KEYS, "jobs", "limit", "offset"]
	assert [job["job_id"] for job in answer["jobs"]] == members[:0:-1]
	assert {job["job_group"] for job in answer["jobs"]} == {group}
	assert answer["count_by_status"] == {"Completed": 1, "Queued": 2}
	assert (answer["title"], answer["on_end_job"], answer["job_count"]) == ("Scan", on_end, 3)
	assert re.fullmatch(UTC, answer["created_at"])


def test_get_group_with_its_jobs_of_one_status(alice):
	group, members, _on_end = submit_group(3)
	end(members[1], "Completed")
	answer = message(alice.ask(f"{API}.get_group", group_id=group, status="Completed"))
	assert ([job["job_id"] for job in answer["jobs"]], answer["job_count"]) == ([members[1]], 3)
	refused = error(alice.ask(f"{API}.get_group", group_id=group, status="Done"), 417)
	assert "status: 'Done' is none of" in refused


def test_list_groups(alice):
	groups = [submit_group(1)[0] for _ in range(3)]
	answer = message(alice.ask(f"{API}.list_groups", limit=2, offset=1))
	assert {**answer, "groups": None} == {"groups": None, "total": 3, "limit": 2, "offset": 1}
	assert [group["group_id"] for group in answer["groups"]] == groups[1::-1]
	assert all(list(group) == GROUP_KEYS for group in answer["groups"])
	assert "status: 'Queued' is none of" in error(alice.ask(f"{API}.list_groups", status="Queued"), 417)


def test_list_jobs_of_a_group(alice):
	group, members, _on_end = submit_group(2)
	submit_group(1)
	answer = message(alice.ask(f"{API}.list_jobs", group=group))
	assert ([job["job_id"] for job in answer["jobs"]], answer["total"]) == (members[::-1], 2)


def test_cancel_retry_and_discard(alice, adam):
	group, members, _on_end = submit_group(2)
	end(members[0], "Dead Letter")
	assert message(alice.call(f"{API}.cancel_group", group_id=group)) == {
		"done": members[1:],
		"refused": {},
		"left": 0,
	}
	assert status_of(group) == "Failed"
	done = {"done": members[:1], "refused": {}, "left": 0}
	assert message(adam.call(f"{API}.retry_group", group_id=group)) == done
	assert status_of(group) == "Running"
	end(members[0], "Dead Letter")
	assert message(adam.call(f"{API}.discard_group", group_id=group, reason="old")) == done
	assert status_of(group) == "Canceled"


@pytest.mark.parametrize("method", CALLS)
def test_to_others_a_group_does_not_exist(bob, method):
	group, _members, _on_end = submit_group(1)
	answers = [
		error(bob.call(f"{API}.{method}", group_id=name, **CALLS[method]), 404).replace(name, "NAME")
		for name in (group, "GRP-2026-99999")
	]
	assert answers[0] == answers[1] == "group_id: no group 'NAME'"


@pytest.mark.parametrize("method", ["retry_group", "discard_group"])
def test_who_is_no_admin_is_refused(alice, method):
	group, (member,), _on_end = submit_group(1)
	end(member, "Dead Letter")
	answer = alice.call(f"{API}.{method}", group_id=group, **CALLS[method])
	assert "only an admin of" in error(answer, 403)


def test_what_changes_something_is_post_only(alice):
	group, _members, _on_end = submit_group(1)
	for method in ("cancel_group", "retry_group", "discard_group"):
		assert alice.get(f"/api/method/{API}.{method}", params={"group_id": group}).status_code == 403
	frappe.db.rollback()
	assert status_of(group) == "Running"
