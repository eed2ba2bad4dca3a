"""What each path asks the database: it reads no more than a page, and sorts no more than it reads.

Between many thousand jobs that have ended there are a few that have not, as on a site in use.
"""

from functools import partial

import explain
import frappe
import pytest
from explain import all_statements
from factories import OBLIGING, acting_as, end, make_job_type, make_member, purge, submit, submit_as
from grouped import submit_group
from many_jobs import PREFIX, add_mixed

from dartwing.dartwing_core.background_jobs import (
	get_job_history,
	get_job_status,
	list_dead_letters,
	list_jobs,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, dispatcher, retry_queue
from dartwing.dartwing_core.background_jobs.insight import queries
from dartwing.dartwing_core.background_jobs.upkeep import (
	dead_letter,
	dead_letter_alert,
	former_organizations,
	recovery,
)
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs
from dartwing.dartwing_core.doctype.job_tally import job_tally

JOBS = 30_000
PAGE = 600
LIMITED = "test_plans"


@pytest.fixture(scope="module", autouse=True)
def _many_jobs(world):
	world.clear()
	others = [f"Org {n}" for n in range(20)]
	# rows of an organization that is gone are put away
	frappe.db.bulk_insert("Organization", ["name", "org_name"], [(name, name) for name in others])
	add_mixed([*[world.alpha] * 10, world.beta, *others], [OBLIGING, LIMITED, "other"], JOBS)
	frappe.db.commit()
	yield
	frappe.db.delete("Background Job", {"name": ("like", f"{PREFIX}%")})
	frappe.db.delete("Organization", {"name": ("in", others)})
	job_tally.recount()
	frappe.db.commit()


@pytest.fixture(autouse=True)
def _clean(world):
	"""As `clean`, which would take the many jobs away."""
	frappe.set_user("Administrator")
	yield
	frappe.db.rollback()
	frappe.set_user("Administrator")
	frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", 0)
	frappe.db.delete("Notification Log", {"subject": ("like", "%dead letters wait%")})
	new = frappe.get_all("Background Job", {"name": ("not like", f"{PREFIX}%")}, pluck="name")
	for table, field in (("Background Job", "name"), ("Job Execution Log", "background_job")):
		frappe.db.delete(table, {field: ("in", [*new, ""])})
	frappe.db.commit()


@pytest.fixture
def unfinished(world):
	"""A job of each kind that has not ended."""
	names = {status: submit().name for status in ("Running", "Failed", "Timed Out")}
	for status, name in names.items():
		end(name, status)
	child = submit_as(world.alice, OBLIGING, world.alpha, {}, depends_on=names["Failed"])
	names.update(Queued=submit().name, Pending=child.name)
	return names


# no more rows than there are on a page, however many jobs have ended
assert_bounded = partial(explain.assert_bounded, names=("tabBackground Job",), most=PAGE)


@pytest.mark.parametrize("user", ["alice", "manager"])
@pytest.mark.parametrize(
	"arguments",
	[
		{},
		{"status": "Completed"},
		{"status": "Pending"},
		{"status": "Dead Letter"},
		{"job_type": OBLIGING},
		{"job_type": OBLIGING, "status": "Completed"},
		{"offset": 200},
		{"status": "Completed", "offset": 200},
	],
	ids=str,
)
def test_lists(world, user, arguments):
	with acting_as(getattr(world, user)), all_statements() as statements:
		jobs = list_jobs(**arguments)["jobs"]
		if jobs:
			list_jobs(**arguments, before=jobs[-1]["job_id"])
	assert_bounded(statements)


@pytest.mark.parametrize("user", ["alice", "manager"])
def test_jobs_of_no_group_behind_many_that_are_of_one(world, user):
	many = {"name": ("like", f"{PREFIX}%"), "organization": ("in", [world.alpha, world.beta])}
	newest = frappe.get_all("Background Job", many, order_by="creation desc", limit=5_000, pluck="name")
	frappe.db.set_value("Background Job", {"name": ("in", newest)}, "job_group", "GRP-1999-00001")
	frappe.db.sql("analyze table `tabBackground Job`")
	try:
		with acting_as(getattr(world, user)), all_statements() as statements:
			page = queries.list_lone_jobs()
			queries.list_lone_jobs(before=page["jobs"][-1]["job_id"])
		assert len(page["jobs"]) == 20
		assert page["total"] is None
		assert not {job["job_id"] for job in page["jobs"]} & set(newest)
		assert_bounded(statements)
	finally:
		frappe.db.set_value("Background Job", {"name": ("in", newest)}, "job_group", None)
		frappe.db.commit()


def test_the_first_jobs_of_a_large_group(world):
	group, _members, _on_end = submit_group(2)
	many = frappe.get_all("Background Job", {"name": ("like", f"{PREFIX}%")}, limit=5_000, pluck="name")
	frappe.db.set_value("Background Job", {"name": ("in", many)}, "job_group", group)
	try:
		with acting_as(world.alice), all_statements() as statements:
			page = queries.list_members(group)
			queries.list_members(group, after=page["jobs"][-1]["job_id"])
		counting = [text for text in statements if "count(" in text.lower()]
		assert_bounded([text for text in statements if text not in counting])
	finally:
		frappe.db.set_value("Background Job", {"name": ("in", many)}, "job_group", None)
		frappe.db.delete("Job Group", {"name": group})
		frappe.db.commit()


def test_a_page_of_several_organizations(world):
	member = make_member(world.alice, world.beta)
	try:
		with acting_as(world.alice), all_statements() as statements:
			list_jobs(status="Completed", offset=40)
			list_jobs(offset=40)
		assert_bounded(statements)
	finally:
		purge("Org Member", member.name)
		frappe.db.commit()


def test_dead_letters_are_listed_retried_and_counted(world):
	with acting_as(world.adam), all_statements() as statements:
		list_dead_letters()
		dead_letter.dead_letters({"job_type": OBLIGING}, limit=20)
		dead_letter_alert.alert_when_many()
		frappe.db.rollback()
	assert_bounded(statements)


@pytest.mark.parametrize("user", ["alice", "manager"])
@pytest.mark.parametrize("filters", [{}, {"status": "Completed"}, {"status": "Failed"}], ids=str)
def test_the_desk_list(world, user, filters):
	meta = frappe.get_meta("Background Job")
	with acting_as(getattr(world, user)), all_statements() as statements:
		frappe.get_list(
			"Background Job",
			filters=filters,
			fields=["name", "status", "job_type", "organization"],
			order_by=f"`tabBackground Job`.`{meta.sort_field}` {meta.sort_order}",
			limit=20,
		)
	assert_bounded(statements)


def test_one_job(world, unfinished):
	with acting_as(world.alice), all_statements() as statements:
		get_job_status(unfinished["Failed"])
		get_job_history(unfinished["Failed"])
	assert_bounded(statements)


def test_submissions(world):
	make_job_type(LIMITED, deduplication_window=300, rate_limit=100_000, rate_limit_window=60)
	frappe.db.commit()
	request = {"job_type": LIMITED, "organization": world.alpha}
	with acting_as(world.alice), all_statements() as statements:
		submit_job(LIMITED, world.alpha, {"n": 1})
		submit_jobs([{**request, "parameters": {"n": -n}} for n in range(1, 9)])
		frappe.db.commit()
	assert_bounded(statements)


@pytest.mark.parametrize(
	"step",
	[
		recovery.recover,
		dependencies.process_dependent_jobs,
		former_organizations.put_away,
		dead_letter_alert.alert_when_many,
		retry_queue.process_retry_queue,
		dispatcher.dispatch_ready,
	],
	ids=lambda step: step.__name__,
)
def test_each_step_of_the_minute(world, unfinished, step):
	frappe.db.rollback()
	with all_statements() as statements:
		step()
		frappe.db.commit()
	assert_bounded(statements)


def test_a_cleanup_that_finds_nothing(world):
	with all_statements() as statements:
		delete_old_jobs(36_500)
	assert_bounded(statements)
