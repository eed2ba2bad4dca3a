"""What groups cost where many thousand have ended: each path reads no more than it shows or settles."""

from functools import partial

import explain
import frappe
import pytest
from explain import all_statements
from factories import acting_as, end
from grouped import submit_group
from many_jobs import PREFIX, add_mixed

from dartwing.dartwing_core.background_jobs import cancel_group, get_group, list_groups
from dartwing.dartwing_core.background_jobs.groups import rows, settling
from dartwing.dartwing_core.doctype.background_job import deletion
from dartwing.dartwing_core.doctype.job_tally import job_tally

JOBS, MEMBERS_EACH = 30_000, 5
PAGE = 600
OLD = "GRP-1999-"


@pytest.fixture(scope="module", autouse=True)
def _many_groups(world):
	world.clear()
	add_mixed([world.alpha, world.beta], ["any"], JOBS)
	frappe.db.sql(
		"""update `tabBackground Job`
		set job_group = concat(%s, lpad(floor(right(name, 8) / %s), 8, '0')) where name like %s""",
		(OLD, MEMBERS_EACH, f"{PREFIX}%"),
	)
	frappe.db.sql(
		"""insert into `tabJob Group` (name, creation, modified, owner, modified_by, title, organization,
			owner_user, status, created_at, ended_at)
		select job_group, min(creation), max(modified), 'Administrator', 'Administrator', job_group,
			min(organization), 'Administrator', case when sum(status = 'Dead Letter') then 'Failed'
			when sum(status = 'Canceled') then 'Canceled' else 'Completed' end, min(creation), max(modified)
		from `tabBackground Job` where job_group like %s group by job_group""",
		(f"{OLD}%",),
	)
	frappe.db.sql("analyze table `tabBackground Job`, `tabJob Group`")
	frappe.db.commit()
	yield
	frappe.db.delete("Background Job", {"name": ("like", f"{PREFIX}%")})
	frappe.db.delete("Job Group", {"name": ("like", f"{OLD}%")})
	frappe.db.commit()
	job_tally.recount()
	frappe.db.commit()


@pytest.fixture(autouse=True)
def _clean():
	"""As `clean`, which would take the many groups away."""
	yield
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for table in ("Background Job", "Job Group"):
		frappe.db.delete(table, {"name": ("not like", "%-1999-%")})
	frappe.db.commit()


assert_bounded = partial(explain.assert_bounded, names=("tabJob Group", "job_group"), most=PAGE)


@pytest.mark.parametrize("user", ["alice", "manager"])
@pytest.mark.parametrize("arguments", [{}, {"status": "Running"}, {"status": "Failed"}], ids=str)
def test_lists(world, user, arguments):
	with acting_as(getattr(world, user)), all_statements() as statements:
		list_groups(**arguments)
	# how many groups there are is counted on an index
	assert_bounded(statements, with_counts=False)


def test_one_group(world):
	group, members, _on_end = submit_group(3)
	end(members[0], "Running")
	with acting_as(world.alice), all_statements() as statements:
		get_group(group)
		cancel_group(group)
		frappe.db.commit()
	assert_bounded(statements)


@pytest.mark.parametrize("others", [0, 1, 200])
def test_an_end(world, others):
	_group, members, _on_end = submit_group(1 + others, with_on_end=True)
	job = frappe.get_doc("Background Job", members[0])
	job.transition_to("Running")
	job.transition_to("Completed")
	with all_statements() as statements:
		frappe.db.commit()
	# whether a member is unfinished is known from one of them
	assert_bounded(statements, most=20)


def test_a_tick(world):
	submit_group(200)
	with all_statements() as statements:
		settling.settle_overlooked()
	assert_bounded(statements, most=10 * settling.LOOKED_AT_BY_A_TICK)


def test_what_is_old_is_found(world):
	before = frappe.utils.add_days(frappe.utils.now_datetime(), -3650)
	with all_statements() as statements:
		assert list(deletion._old_groups(before)) == []
		assert list(deletion._old_jobs(before)) == []
	assert_bounded(statements)


def test_the_group_of_a_job(world):
	group, (member,), on_end = submit_group(1, with_on_end=True)
	for job in (member, on_end):
		with all_statements() as statements:
			assert rows.group_of(job).group_id == group
		assert_bounded(statements, most=5)
