"""What an organization leaves behind when it is deleted, and what the next one of its name gets: nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import frappe
import pytest
from explain import all_statements
from factories import (
	OBLIGING,
	acting_as,
	changed,
	end,
	held_elsewhere,
	make_member,
	make_user,
	purge,
	remove_member,
	second_connection,
	state,
	submit_as,
)
from grouped import submit_group

from dartwing.dartwing_core.background_jobs import (
	config,
	get_job_history,
	get_metrics,
	list_dead_letters,
	list_jobs,
	retry_job,
	scheduler,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.announcing import realtime
from dartwing.dartwing_core.background_jobs.statuses import FINISHED
from dartwing.dartwing_core.background_jobs.upkeep import former_organizations
from dartwing.dartwing_core.background_jobs.upkeep.dead_letter import discard_job
from dartwing.dartwing_core.background_jobs.upkeep.former_organizations import PREFIX, name_of_former
from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs
from dartwing.dartwing_core.doctype.job_tally import arithmetic, job_tally
from dartwing.patches import put_away_former_organizations

HEIR = "heir@former.example"
# the first is deleted; the database takes the others for equal to it
NAMES = ("Café Z", "Cafe Z", "CAFE Z")
ALL = [*NAMES, *(f"{PREFIX}{name}" for name in NAMES)]


@pytest.fixture(autouse=True)
def _heir(world) -> Iterator[None]:
	"""A user who is to be a member and an admin of the next organization."""
	forget()
	make_user(HEIR, ["Dartwing User", "Dartwing Admin"])
	frappe.db.commit()
	yield
	forget()


def forget() -> None:
	frappe.db.rollback()
	remove_member(HEIR)
	for name in ALL:
		frappe.db.delete("Org Member", {"organization": name})
		purge("Organization", name)
		frappe.db.delete("Job Execution Log", {"organization": name})
		frappe.db.delete("Background Job", {"organization": name})
		frappe.db.delete("Job Group", {"organization": name})
		frappe.db.delete("Job Tally", {"organization": name})
	frappe.db.commit()
	job_tally.count_new()
	job_tally.recount()


def make(name: str, **values: Any) -> Any:
	organization = {"doctype": "Organization", "org_name": name, "org_type": "Company", **values}
	return frappe.get_doc(organization).insert()


def with_jobs(name: str, count: int = 1, status: str | None = "Completed") -> list[str]:
	make(name)
	jobs = [submit_as("Administrator", OBLIGING, name, {"n": n}).name for n in range(count)]
	for job in jobs:
		if status:
			end(job, status)
	return jobs


def delete(name: str, **options: Any) -> None:
	frappe.delete_doc("Organization", name, **options)
	frappe.db.commit()


@contextmanager
def site_config(**values: Any) -> Iterator[None]:
	with patch.dict(config.DEFAULTS, values):
		yield


def organizations_in(table: str) -> set[str]:
	"""Those of this module that rows of a table are of."""
	frappe.db.rollback()
	return {name for name in frappe.get_all(table, pluck="organization") if name in ALL}


def seen_by_the_heir(name: str) -> dict[str, Any]:
	make_member(HEIR, name)
	frappe.db.commit()
	with acting_as(HEIR):
		return {
			"list": frappe.get_list("Background Job", pluck="name"),
			"history": frappe.get_list("Job Execution Log", pluck="name"),
			"members": frappe.get_list("Org Member", pluck="organization"),
			"REST": list_jobs(name)["jobs"] + list_jobs()["jobs"] + list_dead_letters()["jobs"],
			"total": list_jobs(name)["total"],
			"metrics": sum(get_metrics(name)["job_count_by_status"].values()),
			"failures": get_metrics(name)["failure_rate_by_type"],
		}


NOTHING = {
	"list": [],
	"history": [],
	"REST": [],
	"total": 0,
	"metrics": 0,
	"failures": {},
}


@pytest.mark.parametrize("next_name", NAMES)
@pytest.mark.parametrize("counted", [True, False])
def test_the_next_organization_of_the_name_gets_nothing_of_the_one_before(world, next_name, counted):
	with_jobs("Café Z", 2)
	with_dead = submit_as("Administrator", OBLIGING, "Café Z", {"dead": 1}).name
	end(with_dead, "Dead Letter")
	if counted:
		job_tally.count_new()
	delete("Café Z")
	make(next_name)
	assert seen_by_the_heir(next_name) == {**NOTHING, "members": [next_name]}


def test_a_group_that_somebody_holds_is_put_away_later(world):
	make("Café Z")
	group, _jobs, _on_end = submit_group(1, user="Administrator", organization="Café Z")
	with held_elsewhere("Job Group", group):
		delete("Café Z")
		former_organizations.put_away()
	assert organizations_in("Job Group") == {"Café Z"}
	former_organizations.put_away()
	assert organizations_in("Job Group") == {name_of_former("Café Z")}


def test_a_system_manager_finds_the_jobs_under_the_former_name(world):
	(job,) = with_jobs("Café Z")
	delete("Café Z")
	assert state(job)["organization"] == "(deleted organization) Café Z"
	with acting_as(world.manager):
		assert [row["job_id"] for row in list_jobs(name_of_former("Café Z"))["jobs"]] == [job]
		assert list_jobs(name_of_former("Café Z"))["total"] == 1
		assert [row["to_status"] for row in get_job_history(job)["history"]][-1] == "Completed"
		assert job in frappe.get_list("Background Job", pluck="name")


def test_nothing_of_it_keeps_the_name_in_any_table(world):
	with_jobs("Café Z", 2)
	job_tally.count_new()
	delete("Café Z")
	job_tally.count_new()
	for table in ("Background Job", "Job Execution Log", "Job Tally"):
		assert organizations_in(table) == {name_of_former("Café Z")}, table


@pytest.mark.parametrize("status", [None, "Running", "Failed", "Dead Letter"])
def test_an_unfinished_job_is_a_dead_letter_that_a_system_manager_discards(world, status):
	(job,) = with_jobs("Café Z", status=status)
	delete("Café Z")
	found = state(job)
	assert found["status"] == "Dead Letter"
	assert status == "Dead Letter" or found["error_message"] == "Organization not found"
	discard_job(job, "its organization is gone")
	frappe.db.commit()
	assert state(job)["status"] == "Canceled"
	frappe.delete_doc("Background Job", job)
	frappe.db.commit()
	assert not frappe.db.exists("Background Job", job)


def test_a_dead_letter_that_is_retried_is_one_again(world):
	(job,) = with_jobs("Café Z", status="Dead Letter")
	delete("Café Z")
	retry_job(job)
	frappe.db.commit()
	former_organizations.put_away()
	assert state(job)["status"] == "Dead Letter"
	assert state(job)["error_message"] == "Organization not found"


def test_its_events_go_to_a_room_that_nobody_can_be_in(world):
	with_jobs("Café Z", status=None)
	with patch.object(realtime, "publish_all") as publish_all:
		delete("Café Z")
	told = {organization for call in publish_all.call_args_list for organization, _message in call.args[1]}
	assert told == {name_of_former("Café Z")}


def test_equal_jobs_are_let_in_by_the_next_organization(world):
	with changed("Job Type", OBLIGING, deduplication_window=300):
		with_jobs("Café Z", status=None)
		delete("Café Z")
		assert not frappe.db.exists(
			"Background Job", {"organization": name_of_former("Café Z"), "deduplication_key": ("is", "set")}
		)
		make("Café Z")
		submit_as("Administrator", OBLIGING, "Café Z", {"n": 0})


def test_retention_deletes_its_jobs_and_keeps_the_sums_right(world):
	(job,) = with_jobs("Café Z")
	delete("Café Z")
	frappe.db.sql("update `tabBackground Job` set modified = modified - interval 3 day where name = %s", job)
	frappe.db.commit()
	cleanup_old_jobs(2)
	assert not frappe.db.exists("Background Job", job)
	assert_sums_are_exact()
	make("Café Z")


def assert_sums_are_exact() -> None:
	"""What is summed up and not yet is what a recount finds, for each organization of this module."""
	frappe.db.rollback()
	counted = levels()
	job_tally.count_new()
	assert levels() == counted
	job_tally.recount()
	assert levels() == counted
	in_table = frappe.get_all("Background Job", {"organization": ("in", ALL), "status": ("in", FINISHED)})
	assert sum(counted.values()) == len(in_table)


def levels() -> dict[str, int]:
	frappe.db.rollback()
	found = job_tally.sums(arithmetic.LEVEL, None, job_tally.uncounted_events())
	sums: dict[str, int] = {}
	for key, (jobs, _seconds) in found.items():
		if key.organization in ALL and jobs:
			sums[key.organization] = sums.get(key.organization, 0) + jobs
	return sums


@pytest.mark.parametrize("counted", [0, 3, 5])
def test_the_sums_stay_exact_at_every_step(world, counted):
	with site_config(batch_size=2):
		jobs = with_jobs("Café Z", 5, status=None)
		for job in jobs[:counted]:
			end(job, "Completed")
		job_tally.count_new()
		for job in jobs[counted:]:
			end(job, "Completed")
		with patch.object(former_organizations, "BATCHES_AFTER_COMMIT", 0):
			delete("Café Z")
		while former_organizations.put_away(1):
			assert sum(levels().values()) == 5
		assert levels() == {name_of_former("Café Z"): 5}
		assert_sums_are_exact()
	frappe.db.rollback()
	for granularity in (arithmetic.TOTAL, arithmetic.HOUR):
		sums = job_tally.sums(granularity, [name_of_former("Café Z")], [])
		assert sum(jobs for key, (jobs, _seconds) in sums.items() if key.event == "Completed") == 5


def test_many_jobs_are_put_away_in_small_transactions(world):
	with site_config(batch_size=10):
		with_jobs("Café Z", 95, status=None)
		with all_statements() as statements:
			frappe.delete_doc("Organization", "Café Z")
			assert moved(statements) == [10]
			frappe.db.commit()
			# nobody waits for all of them
			assert moved(statements) == [10] * (1 + former_organizations.BATCHES_AFTER_COMMIT)
			scheduler.tick()
	assert moved(statements) == [10] * 9 + [5]
	assert organizations_in("Background Job") == {name_of_former("Café Z")}


def moved(statements: list[str]) -> list[int]:
	"""How many jobs each transaction put away."""
	updates = [text for text in statements if "update `tabBackground Job`" in text and PREFIX in text]
	return [text.count("'JOB-") for text in updates if "set organization" in text]


def test_while_they_are_put_away_the_name_is_taken(world):
	with site_config(batch_size=1), patch.object(former_organizations, "BATCHES_AFTER_COMMIT", 0):
		with_jobs("Café Z", 3)
		delete("Café Z")
	for name in NAMES:
		with pytest.raises(frappe.ValidationError, match="try again in a minute"):
			make(name)
	other = make("Beyond Z")
	with pytest.raises(frappe.ValidationError, match="try again in a minute"):
		other.run_method("before_rename", other.name, "Cafe Z", False)
	frappe.db.rollback()
	scheduler.tick()
	make("Cafe Z")
	frappe.db.rollback()


def test_a_job_that_is_not_committed_yet_keeps_the_name_taken_and_is_put_away(world):
	make("Café Z")
	frappe.db.commit()
	with second_connection():
		job = submit_job(OBLIGING, "Café Z", {})
		with second_connection():
			delete("Café Z")
			with pytest.raises(frappe.ValidationError, match="try again in a minute"):
				make("Café Z")
			frappe.db.rollback()
		frappe.db.commit()
	former_organizations.put_away()
	assert state(job.name)["organization"] == name_of_former("Café Z")
	assert state(job.name)["error_message"] == "Organization not found"


def test_in_one_transaction_an_organization_can_be_deleted_and_made_anew(world):
	(job,) = with_jobs("Café Z")
	job_tally.count_new()
	frappe.delete_doc("Organization", "Café Z")
	put_away_all_in_this_transaction("Café Z")
	make("Café Z")
	frappe.db.commit()
	assert state(job)["organization"] == name_of_former("Café Z")


def put_away_all_in_this_transaction(name: str) -> None:
	while former_organizations.put_away_batch(name):
		pass


def test_a_job_that_somebody_is_at_is_put_away_by_the_next_tick(world):
	busy, other = with_jobs("Café Z", 2)
	with second_connection():
		frappe.db.sql("select name from `tabBackground Job` where name = %s for update", busy)
		with second_connection():
			delete("Café Z")
		frappe.db.rollback()
	assert {state(busy)["organization"], state(other)["organization"]} == {"Café Z", name_of_former("Café Z")}
	former_organizations.put_away()
	assert state(busy)["organization"] == name_of_former("Café Z")


@pytest.mark.parametrize("name", [f"{PREFIX}Café Z", f"{PREFIX.upper()}x"])
def test_no_organization_is_named_as_a_deleted_one(world, name):
	with pytest.raises(frappe.ValidationError, match="cannot begin with"):
		make(name)
	with pytest.raises(frappe.ValidationError, match="cannot begin with"):
		frappe.get_doc("Organization", world.alpha).run_method("before_rename", world.alpha, name, False)


def test_an_organization_may_change_the_spelling_of_its_name(world):
	with_jobs("Café Z")
	frappe.get_doc("Organization", "Café Z").run_method("before_rename", "Café Z", "Cafe Z", False)


def test_former_names_are_no_longer_than_names_may_be(world):
	assert len(name_of_former("é" * 140)) == 140


def test_memberships_do_not_outlive_the_organization(world):
	make("Café Z")
	make_member(HEIR, "Café Z")
	frappe.db.commit()
	delete("Café Z", force=True)
	assert not frappe.db.exists("Org Member", {"organization": "Café Z"})


def test_memberships_that_outlived_an_organization_are_not_the_next_ones(world):
	make("Café Z")
	make_member(HEIR, "Café Z")
	frappe.db.delete("Organization", {"name": "Café Z"})
	make("Cafe Z")
	with acting_as(HEIR), pytest.raises(frappe.PermissionError):
		list_jobs("Cafe Z")
	frappe.db.rollback()


@pytest.mark.parametrize("next_name", [None, *NAMES])
def test_a_site_that_is_updated_puts_away_what_was_left_before(world, next_name):
	old = with_jobs("Café Z", 3)
	job_tally.count_new()
	frappe.db.delete("Organization", {"name": "Café Z"})
	frappe.db.commit()
	if next_name:
		with patch.object(former_organizations, "check_name"):
			make(next_name)
			frappe.db.commit()
		(new,) = [submit_as("Administrator", OBLIGING, next_name, {"new": 1}).name]
	with site_config(batch_size=2):
		put_away_former_organizations.execute()
	assert {state(job)["organization"] for job in old} == {name_of_former("Café Z")}
	if next_name:
		assert state(new)["organization"] == next_name
		assert state(new)["status"] == "Queued"
	job_tally.recount()
	assert_sums_are_exact()
	put_away_former_organizations.execute()
