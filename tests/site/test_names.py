"""Every name of an organization is only itself, whatever it is made of, in every way that rows are found."""

from collections.abc import Callable, Iterator

import frappe
import pytest
from factories import OBLIGING, acting_as, make_member, make_user, remove_member
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs import get_job_status, get_metrics, list_jobs, submit_job
from dartwing.dartwing_core.background_jobs.tenancy import access, access_hooks

PEOPLE = ("%s%@names.example", "plain@names.example")
# each with another that something between here and the database could take for it
NAMES = {
	"a percent sign": ("50% Club", "50%% Club"),
	"a format": ("%s Club", "%(name)s Club"),
	"a wildcard": ("Club _", "Club A"),
	"a quote": ("O'Neill's", "O''Neill''s"),
	"double quotes and backticks": ('"Club" `of`', "Club of"),
	"a backslash": ("Back\\slash", "Backslash"),
	"a backslash at its end": ("Club\\", "Club\\\\"),
	"emoji": ("🎣 Anglers", "Anglers"),
	"braces": ("{0} Club", "{} Club"),
	"140 characters": ("é" * 140, "é" * 139),
	"SQL": ("x') or 1=1 -- ", "x"),
}


@pytest.fixture(scope="module")
def members(world) -> Iterator[tuple[str, str]]:
	"""Two users of no organization yet."""
	for user in PEOPLE:
		remove_member(user)
		person = {"doctype": "Person", "first_name": "someone", "frappe_user": make_member_less(user)}
		frappe.get_doc(person).insert()
		frappe.db.commit()
	yield PEOPLE
	for user in PEOPLE:
		remove_member(user)


def make_member_less(user: str) -> str:
	"""A login whatever its id is, also one that Frappe would not take for an address."""
	doc = frappe.get_doc({"doctype": "User", "first_name": "someone", "email": "x", "enabled": 1})
	if "%" not in user:
		return make_user(user, ["Dartwing User"]).name
	doc.name = doc.email = user
	doc.set_user_and_timestamp()
	doc.db_insert()
	role = frappe.get_doc(
		{
			"doctype": "Has Role",
			"parent": user,
			"parenttype": "User",
			"parentfield": "roles",
			"role": "Dartwing User",
		}
	)
	role.db_insert()
	return user


def job_in(name: str, user: str) -> tuple[str, str]:
	"""The organization of this name, with the user as a member, and the id of their job. Does not commit."""
	organization = frappe.get_doc(
		{"doctype": "Organization", "org_name": name, "org_type": "Company"}
	).insert()
	make_member(user, organization.name)
	with acting_as(user):
		return organization.name, submit_job(OBLIGING, organization.name, {"mode": "succeed"}).name


# ways to find jobs as the session's user: the ids found
WAYS: dict[str, Callable[[], list[str]]] = {
	"a list": lambda: frappe.get_list("Background Job", pluck="name"),
	"a filtered list": lambda: frappe.get_list(
		"Background Job", filters={"status": ("like", "%e%"), "name": ("like", "JOB-%")}, pluck="name"
	),
	"a list with alternatives": lambda: frappe.get_list(
		"Background Job", or_filters=[["name", "like", "JOB-%"], ["job_type", "=", "%s"]], pluck="name"
	),
	"the history": lambda: sorted(set(frappe.get_list("Job Execution Log", pluck="background_job"))),
	"a query of another app, with values": lambda: frappe.db.sql(
		f"select name from `tabBackground Job` where name like %s and {access_hooks.job_query_conditions()}",
		("JOB-%",),
		pluck=True,
	),
	"a query of another app, without": lambda: frappe.db.sql(
		f"select name from `tabBackground Job` where {access_hooks.job_query_conditions()}", pluck=True
	),
	"the REST API": lambda: [job["job_id"] for job in list_jobs()["jobs"]],
	"the REST API, of an organization": lambda: [
		job["job_id"] for name in access.organizations_of() for job in list_jobs(name)["jobs"]
	],
}


def assert_only_itself(mine: str, job: str, others: str, foreign: str) -> None:
	for what, way in WAYS.items():
		assert way() == [job], what
	assert frappe.get_list("Organization", pluck="name") == [mine]
	assert frappe.get_list("Org Member", pluck="organization") == [mine]
	assert len(frappe.get_list("Person", pluck="name")) == 1
	assert sum(get_metrics(mine)["job_count_by_status"].values()) == 1
	assert get_job_status(job)["organization"] == mine
	with pytest.raises(frappe.DoesNotExistError):
		get_job_status(foreign)
	for refused in (lambda: list_jobs(others), lambda: submit_job(OBLIGING, others, {})):
		with pytest.raises(frappe.PermissionError):
			refused()


def assert_two_walls(name: str, other: str, members: tuple[str, str]) -> None:
	try:
		mine, others = (job_in(each, user) for each, user in zip((name, other), members, strict=True))
		for member, own, foreign in ((members[0], mine, others), (members[1], others, mine)):
			with acting_as(member):
				assert_only_itself(*own, *foreign)
	finally:
		frappe.db.rollback()


@pytest.mark.parametrize(("name", "other"), NAMES.values(), ids=list(NAMES))
def test_a_name_is_only_itself(members, name, other):
	assert_two_walls(name, other, members)


@pytest.mark.parametrize("name", ["Café Z", "CAFE Z", "cafe z", "Cafe Z "])
def test_to_a_member_a_name_that_the_database_takes_for_equal_is_another_one(members, name):
	job_in("Cafe Z", members[0])
	try:
		with acting_as(members[0]):
			for refused in (lambda: list_jobs(name), lambda: submit_job(OBLIGING, name, {})):
				with pytest.raises(frappe.PermissionError):
					refused()
	finally:
		frappe.db.rollback()


@pytest.mark.parametrize("name", ["null", "undefined", "0"])
def test_no_organization_is_named_as_scripts_write_nothing(world, name):
	"""Frappe's Socket.IO server lets everybody into the room of a document that is nothing."""
	with pytest.raises(frappe.ValidationError, match=name):
		frappe.get_doc({"doctype": "Organization", "org_name": name, "org_type": "Company"}).insert()


letters = st.text(
	st.characters(
		codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"), exclude_characters="<>"
	),
	min_size=1,
	max_size=60,
)


@given(name=letters)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_only_itself(members, name):
	"""Between two letters: what is in the middle is taken as it is, spaces at the ends are not."""
	assert_two_walls(f"A{name}A", f"B{name}%", members)


@given(text=st.text(st.characters(codec="utf-8")))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_the_same_in_sql_that_is_formatted_and_in_sql_that_is_not(world, text):
	sql = f"select {access.as_sql(text)}"
	assert frappe.db.sql(sql) == ((text,),)
	assert frappe.db.sql(f"{sql}, %s", ("x",)) == ((text, "x"),)
