"""Who is a member: of which organizations, from when, until when; the same behind every door."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, acting_as, end, make_member, make_user, remove_member, state, submit
from frappe.permissions import add_user_permission
from frappe.utils import add_days, nowdate
from grouped import empty_group
from scheduled import make_schedule

from dartwing.dartwing_core.background_jobs import (
	cancel_group,
	cancel_job,
	get_group,
	get_job_history,
	get_job_status,
	get_metrics,
	list_dead_letters,
	list_groups,
	list_jobs,
	list_schedules,
	retry_job,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.execution import claims
from dartwing.dartwing_core.background_jobs.insight.charts import ended_by_type
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter
from dartwing.www.jobs import organizations as offered

BOTH = "both@members.example"
REFUSALS = (frappe.PermissionError, frappe.DoesNotExistError)


@pytest.fixture
def member(world) -> Iterator[SimpleNamespace]:
	"""A member and admin of Alpha and of Beta, with a waiting job, a dead letter and a group in each."""
	forget()
	make_user(BOTH, ["Dartwing User", "Dartwing Admin"])
	rows = {name: make_member(BOTH, name).name for name in (world.alpha, world.beta)}
	frappe.db.commit()
	waiting, dead, group = {}, {}, {}
	for name in rows:
		waiting[name], dead[name] = submit(BOTH, name).name, submit(BOTH, name, mode="permanent").name
		end(dead[name], "Dead Letter")
		group[name] = empty_group(BOTH, name)
		make_schedule(BOTH, name)
	person = frappe.db.get_value("Person", {"frappe_user": BOTH})
	yield SimpleNamespace(person=person, rows=rows, waiting=waiting, dead=dead, group=group)
	forget()


def forget() -> None:
	"""Take the member away, with what a run that was killed has left."""
	frappe.db.rollback()
	for permission in frappe.get_all("User Permission", {"user": BOTH}, pluck="name"):
		frappe.delete_doc("User Permission", permission, ignore_permissions=True)
	frappe.db.commit()
	remove_member(BOTH)


def shows(doctype: str, field: str = "organization") -> Callable[[Any], bool]:
	def is_shown(member: SimpleNamespace, organization: str) -> bool:
		return organization in frappe.get_list(doctype, pluck=field)

	return is_shown


def answers(ask: Callable[[SimpleNamespace, str], Any]) -> Callable[[SimpleNamespace, str], bool]:
	"""Whether the door opens: it is asked, and what it did is undone."""

	def is_open(member: SimpleNamespace, organization: str) -> bool:
		frappe.db.savepoint("door")
		try:
			ask(member, organization)
		except REFUSALS:
			return False
		finally:
			frappe.db.rollback(save_point="door")
		return True

	return is_open


def total() -> int:
	return sum(get_metrics()["job_count_by_status"].values())


# whether the session's user gets in, of an organization
DOORS: dict[str, Callable[[SimpleNamespace, str], bool]] = {
	"submit": answers(lambda member, name: submit_job(OBLIGING, name, {"mode": "succeed"})),
	"status": answers(lambda member, name: get_job_status(member.waiting[name])),
	"history": answers(lambda member, name: get_job_history(member.waiting[name])),
	"cancel": answers(lambda member, name: cancel_job(member.waiting[name])),
	"retry": answers(lambda member, name: retry_job(member.dead[name])),
	"retry all": lambda member, name: member.dead[name] in dead_letter.dead_letters(),
	"list": answers(lambda member, name: list_jobs(name)),
	"list of all": lambda member, name: name in {job["organization"] for job in list_jobs()["jobs"]},
	"dead letters": answers(lambda member, name: list_dead_letters(name)),
	"metrics": answers(lambda member, name: get_metrics(name)),
	"the page /jobs": lambda member, name: name in {row["name"] for row in offered()},
	"Desk's list": shows("Background Job"),
	"Desk's list of the history": shows("Job Execution Log"),
	"Desk's list of groups": shows("Job Group"),
	"Desk's list of schedules": shows("Job Schedule"),
	"a group": answers(lambda member, name: get_group(member.group[name])),
	"cancel a group": answers(lambda member, name: cancel_group(member.group[name])),
	"schedules": answers(lambda member, name: list_schedules(name)),
	"groups": answers(lambda member, name: list_groups(name)),
	"Desk's list of organizations": shows("Organization", "name"),
	"Desk's list of members": shows("Org Member"),
	"the room of an organization": answers(
		lambda member, name: frappe.get_doc("Organization", name).check_permission("read")
	),
	"Desk's form": answers(
		lambda member, name: frappe.get_doc("Background Job", member.waiting[name]).check_permission("read")
	),
}


def open_doors(member: SimpleNamespace, organization: str) -> set[str]:
	with acting_as(BOTH):
		found = {what for what, is_open in DOORS.items() if is_open(member, organization)}
	frappe.db.rollback()
	return found


def change(doctype: str, name: str, **values: Any) -> None:
	frappe.get_doc(doctype, name).update(values).save()
	frappe.db.commit()


def test_a_member_finds_every_door_open(world, member):
	assert open_doors(member, world.alpha) == open_doors(member, world.beta) == set(DOORS)


@pytest.mark.parametrize(
	("field", "days"), [("end_date", -1), ("start_date", 1)], ids=["ended yesterday", "begins tomorrow"]
)
def test_who_is_no_member_today_finds_every_door_closed_and_others_open(world, member, field, days):
	change("Org Member", member.rows[world.beta], **{field: add_days(nowdate(), days)})
	assert open_doors(member, world.beta) == set()
	assert open_doors(member, world.alpha) == set(DOORS)


@pytest.mark.parametrize(
	("starts", "ends", "is_member"),
	[
		(None, "2026-03-01", False),
		(None, "2026-03-02", True),
		("2026-03-02", None, True),
		("2026-03-03", None, False),
		("2026-03-02", "2026-03-02", True),
		("2026-03-01", "2026-03-03", True),
	],
)
def test_a_membership_begins_and_ends_with_a_day_of_the_sites_time(world, member, starts, ends, is_member):
	change("Org Member", member.rows[world.beta], start_date=starts, end_date=ends)
	with patch.object(access, "nowdate", lambda: "2026-03-02"):
		assert (world.beta in access.organizations_of(BOTH)) is is_member
		assert bool(open_doors(member, world.beta)) is is_member


def test_an_inactive_person_is_no_member_anywhere(world, member):
	change("Person", member.person, status="Inactive")
	assert open_doors(member, world.alpha) == open_doors(member, world.beta) == set()
	change("Person", member.person, status="Active")
	assert open_doors(member, world.alpha) == set(DOORS)


def permit(organization: str, applicable_for: str | None = None) -> None:
	add_user_permission("Organization", organization, BOTH, applicable_for=applicable_for)
	frappe.db.commit()


@pytest.mark.parametrize("applicable_for", [None, "Background Job"])
def test_a_user_permission_for_one_organization_closes_every_door_of_the_other(world, member, applicable_for):
	permit(world.alpha, applicable_for)
	assert open_doors(member, world.beta) == set()
	assert open_doors(member, world.alpha) == set(DOORS)


def test_user_permissions_for_both_organizations_restrict_nothing(world, member):
	permit(world.alpha)
	permit(world.beta)
	assert open_doors(member, world.alpha) == open_doors(member, world.beta) == set(DOORS)


def test_a_user_permission_for_a_foreign_organization_opens_no_door(world, member):
	change("Org Member", member.rows[world.beta], status="Inactive")
	permit(world.beta)
	assert open_doors(member, world.beta) == open_doors(member, world.alpha) == set()


def test_a_user_permission_for_another_doctype_restricts_no_jobs(world, member):
	permit(world.alpha, "User")
	assert open_doors(member, world.beta) == set(DOORS)


def test_figures_of_all_organizations_are_of_those_that_are_left(world, member):
	with acting_as(BOTH):
		before = total()
	permit(world.alpha)
	with acting_as(BOTH):
		assert (before, total()) == (4, 2)
		assert sum(row["failed"] for row in ended_by_type()) == 1


@pytest.mark.parametrize(
	"lapse",
	[
		lambda world, member: change("Org Member", member.rows[world.beta], end_date=add_days(nowdate(), -1)),
		lambda world, member: change("Person", member.person, status="Inactive"),
		lambda world, member: add_user_permission("Organization", world.alpha, BOTH),
	],
	ids=["membership ended", "person inactive", "user permission"],
)
def test_a_job_whose_owner_is_no_member_any_more_does_not_start(world, member, lapse):
	lapse(world, member)
	frappe.db.commit()
	assert claims.claim(member.waiting[world.beta]) is None
	assert state(member.waiting[world.beta])["error_message"] == "Permission denied"


def test_the_question_costs_one_statement(world, member):
	permit(world.alpha)
	with patch.object(frappe.db, "sql", wraps=frappe.db.sql) as sql:
		access.today()
		sql.reset_mock()
		assert access.organizations_of(BOTH) == [world.alpha]
		assert sql.call_count == 1
