"""How long groups are kept, and what becomes of them when their organization goes."""

from collections.abc import Iterator
from unittest.mock import patch

import frappe
import pytest
from factories import acting_as, end, held_elsewhere, purge, submit
from grouped import empty_group, row_of, status_of, submit_group

from dartwing.dartwing_core.background_jobs import config, scheduler
from dartwing.dartwing_core.background_jobs.upkeep.former_organizations import check_name, name_of_former
from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs, daily_cleanup


def aged(days: int, *ends: str) -> tuple[str, list[str]]:
	"""A group whose members ended so many days ago, and it with them."""
	group, members, _on_end = submit_group(len(ends))
	for member, status in zip(members, ends, strict=True):
		end(member, status)
	for table, field, names in (
		("Background Job", "modified", members),
		("Job Group", "ended_at", [group]),
	):
		frappe.db.sql(
			f"update `tab{table}` set {field} = {field} - interval %s day where name in %s", (days, names)
		)
	frappe.db.commit()
	return group, members


def left(group: str, members: list[str]) -> tuple[bool, int]:
	frappe.db.rollback()
	jobs = frappe.db.count("Background Job", {"name": ("in", members)})
	return bool(frappe.db.exists("Job Group", group)), jobs


@pytest.mark.parametrize("ends", [("Completed", "Completed"), ("Canceled", "Completed")], ids=" ".join)
def test_an_old_group_goes_with_its_members(world, ends):
	group, members = aged(31, *ends)
	assert daily_cleanup() >= 2
	assert left(group, members) == (False, 0)
	assert not frappe.db.exists("Job Execution Log", {"background_job": ("in", members)})


def test_members_go_in_batches(world):
	group, members = aged(31, *["Completed"] * 5)
	with patch.dict(config.DEFAULTS, batch_size=2):
		assert cleanup_old_jobs(30) >= 5
	assert left(group, members) == (False, 0)


def test_a_member_that_somebody_holds_keeps_its_group_and_no_other(world):
	held, theirs = aged(31, "Completed", "Completed")
	other, members = aged(31, "Completed", "Completed")
	with held_elsewhere("Background Job", theirs[0]):
		cleanup_old_jobs(30)
	assert (left(held, theirs), left(other, members)) == ((True, 1), (False, 0))
	cleanup_old_jobs(30)
	assert left(held, theirs) == (False, 0)


@pytest.mark.parametrize(
	("days", "ends"),
	[(31, ("Completed", "Dead Letter")), (29, ("Completed", "Completed"))],
	ids=["failed", "young"],
)
def test_members_stay_as_long_as_their_group(world, days, ends):
	group, members = aged(days, *ends)
	daily_cleanup()
	assert left(group, members) == (True, 2)


def test_an_old_member_of_a_group_that_goes_on_stays(world):
	group, members, _on_end = submit_group(2)
	end(members[0], "Completed")
	query = "update `tabBackground Job` set modified = modified - interval 99 day where name = %s"
	frappe.db.sql(query, (members[0],))
	frappe.db.commit()
	daily_cleanup()
	assert left(group, members) == (True, 2)


def test_members_that_stay_hide_no_older_and_no_younger_job(world):
	"""Of each batch, the next one begins where it ended."""
	_group, kept = aged(31, *["Completed"] * 3, "Dead Letter")
	lone = []
	for days in (40, 31, 31, 30.5):
		job = submit().name
		end(job, "Completed")
		lone.append(job)
		query = "update `tabBackground Job` set modified = modified - interval %s hour where name = %s"
		frappe.db.sql(query, (int(days * 24), job))
	frappe.db.commit()
	with patch.dict(config.DEFAULTS, batch_size=1):
		assert cleanup_old_jobs(30) >= 4
	assert not frappe.get_all("Background Job", {"name": ("in", lone)})
	assert frappe.db.count("Background Job", {"name": ("in", kept)}) == 4


def test_a_group_that_has_an_unfinished_member_after_all_stays(world):
	group, members = aged(31, "Completed", "Completed")
	frappe.db.set_value("Background Job", members[0], "status", "Running", update_modified=False)
	frappe.db.commit()
	cleanup_old_jobs(30)
	assert left(group, members) == (True, 2)


# --- a deleted organization


@pytest.fixture
def short_lived(world) -> Iterator[str]:
	name = world.short_lived
	for one in (name, name_of_former(name)):
		purge("Organization", one)
	frappe.get_doc({"doctype": "Organization", "org_name": name, "org_type": "Company"}).insert()
	frappe.db.commit()
	yield name
	frappe.db.rollback()
	purge("Organization", name)
	frappe.db.commit()


@pytest.mark.parametrize("batch_size", [1, 500])
def test_its_groups_are_put_away_and_end(world, short_lived, batch_size):
	group, members, on_end = submit_group(2, "Administrator", short_lived, with_on_end=True)
	end(members[0], "Completed")
	with patch.dict(config.DEFAULTS, batch_size=batch_size):
		frappe.delete_doc("Organization", short_lived)
		frappe.db.commit()
		scheduler.tick()
	former = name_of_former(short_lived)
	assert (row_of(group).organization, status_of(group)) == (former, "Failed")
	found = frappe.db.get_value("Background Job", on_end, ["status", "organization"])
	assert found == ("Dead Letter", former)
	# nothing is left of the name
	check_name(short_lived)


def test_no_organization_takes_the_name_while_a_group_has_it(world, short_lived):
	group = empty_group("Administrator", short_lived)
	frappe.db.delete("Organization", {"name": short_lived})
	with pytest.raises(frappe.ValidationError, match="are still being put away"):
		check_name(short_lived)
	frappe.db.commit()
	scheduler.tick()
	assert row_of(group).organization == name_of_former(short_lived)
	with acting_as(world.alice):
		assert frappe.get_list("Job Group", pluck="name") == []
