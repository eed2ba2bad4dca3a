"""Jobs that depend on several others: when they go on, when they fail, and what becomes of them later."""

from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, acting_as, counted_statements, end, state, submit, submit_as

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	config,
	discard_job,
	get_job_status,
	list_jobs,
	retry_job,
	retry_jobs,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, parents
from dartwing.dartwing_core.background_jobs.insight.dossier import get_dossier

ENDS = ("Completed", "Dead Letter", "Canceled")


def child_of(world, *parents, rule=None, number=0, **arguments):
	"""A job that depends on these, submitted by alice; `number` makes it another one than those before."""
	names = [parent.name for parent in parents]
	parameters = {"mode": "succeed", "number": number}
	return submit_as(
		world.alice, OBLIGING, world.alpha, parameters, depends_on=names, dependency_rule=rule, **arguments
	)


def several(count: int) -> list:
	return [submit(number=number) for number in range(count)]


def status(job) -> str:
	return state(job.name)["status"]


def test_a_child_starts_when_the_last_of_its_parents_is_completed(world):
	first, second, third = several(3)
	child = child_of(world, first, second, third)
	for parent in (third, first):
		end(parent.name, "Completed")
		assert status(child) == "Pending"
	end(second.name, "Completed")
	assert status(child) == "Queued"


def test_a_child_whose_parents_are_completed_already_starts_at_once(world):
	parents = several(2)
	for parent in parents:
		end(parent.name, "Completed")
	assert status(child_of(world, *parents)) == "Queued"


@pytest.mark.parametrize("without_success", ["Dead Letter", "Canceled"])
def test_the_first_parent_without_success_fails_the_child_naming_it(world, without_success):
	first, second = several(2)
	child = child_of(world, first, second)
	grandchild = child_of(world, child, number=1)
	end(second.name, without_success)
	assert status(child) == status(grandchild) == "Dead Letter"
	assert state(child.name)["error_message"] == f"parent {second.name} is {without_success}"
	end(first.name, "Completed")
	assert status(child) == "Dead Letter"


@pytest.mark.parametrize("last", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_with_the_rule_end_it_is_enough_that_all_ended(world, first, last):
	one, other = several(2)
	child = child_of(world, one, other, rule="end")
	end(one.name, first)
	assert status(child) == "Pending"
	end(other.name, last)
	assert status(child) == "Queued"


def test_what_fails_with_a_parent_lets_those_go_on_that_need_its_end_only(world):
	parent = submit()
	middle = child_of(world, parent)
	report = child_of(world, middle, rule="end", number=1)
	merge = child_of(world, middle, number=2)
	end(parent.name, "Dead Letter")
	assert [status(job) for job in (middle, report, merge)] == ["Dead Letter", "Queued", "Dead Letter"]


def test_the_rule_end_takes_a_parent_that_has_failed_before(world):
	parent = submit()
	end(parent.name, "Dead Letter")
	assert status(child_of(world, parent, rule="end")) == "Queued"
	with pytest.raises(frappe.ValidationError, match=r"depends_on: .* would never start"):
		child_of(world, parent, number=1)


def test_a_parent_is_named_once_however_often_it_is_given(world):
	parent, other = several(2)
	child = child_of(world, parent, other, parent)
	assert get_job_status(child.name)["depends_on"] == [parent.name, other.name]
	end(parent.name, "Completed")
	end(other.name, "Completed")
	assert status(child) == "Queued"


def test_retrying_the_parent_that_failed_makes_the_child_wait_for_all_again(world):
	first, second = several(2)
	child = child_of(world, first, second)
	end(first.name, "Dead Letter")
	with acting_as(world.adam):
		retry_job(first.name)
		frappe.db.commit()
	assert status(child) == "Pending"
	end(first.name, "Completed")
	assert status(child) == "Pending"
	end(second.name, "Completed")
	assert status(child) == "Queued"


def test_of_two_parents_that_failed_both_must_be_retried(world):
	first, second = several(2)
	child = child_of(world, first, second)
	end(first.name, "Dead Letter")
	end(second.name, "Dead Letter")
	with acting_as(world.adam):
		retry_job(first.name)
		frappe.db.commit()
		# it waited again, and died of the other one
		assert status(child) == "Dead Letter"
		assert state(child.name)["error_message"] == f"parent {second.name} is Dead Letter"
		with pytest.raises(frappe.ValidationError, match=f"its parent {second.name} is Dead Letter"):
			retry_job(child.name)
		frappe.db.rollback()
		answer = retry_jobs([child.name, second.name])
		frappe.db.commit()
	assert (set(answer["done"]), answer["refused"]) == ({child.name, second.name}, {})
	assert status(child) == "Pending"


def test_a_child_that_ran_after_the_end_of_its_parents_is_not_run_again(world):
	parent = submit()
	child = child_of(world, parent, rule="end")
	end(parent.name, "Dead Letter")
	end(child.name, "Completed")
	with acting_as(world.adam):
		retry_job(parent.name)
		frappe.db.commit()
	end(parent.name, "Completed")
	assert status(child) == "Completed"


def test_a_parent_that_is_discarded_has_no_success(world):
	first, second = several(2)
	child = child_of(world, first, second)
	end(first.name, "Dead Letter")
	with acting_as(world.adam):
		discard_job(first.name, "nobody needs it")
		frappe.db.commit()
		with pytest.raises(frappe.ValidationError, match=f"its parent {first.name} is Canceled"):
			retry_job(child.name)


def test_a_completed_parent_that_was_deleted_counts_as_completed(world):
	first, second = several(2)
	child = child_of(world, first, second)
	end(first.name, "Completed")
	frappe.delete_doc("Background Job", first.name)
	frappe.db.commit()
	assert status(child) == "Pending"
	end(second.name, "Completed")
	assert status(child) == "Queued"
	with acting_as(world.alice):
		assert get_job_status(child.name)["depends_on"] == [first.name, second.name]


def test_children_whose_parents_ended_unnoticed_are_found(world):
	first, second, third = several(3)
	goes_on, fails = child_of(world, first, second), child_of(world, first, third, number=1)
	waits = child_of(world, second, submit(number=9), number=2)
	with patch.object(dependencies, "parents_ended"):
		end(first.name, "Completed")
		end(second.name, "Completed")
		end(third.name, "Canceled")
	with patch.dict(config.DEFAULTS, batch_size=1):
		dependencies.process_dependent_jobs()
	assert [status(job) for job in (fails, waits)] == ["Dead Letter", "Pending"]
	assert frappe.db.get_value("Background Job", goes_on.name, "ready_at")


def test_a_parent_of_another_organization_is_none(world):
	mine, others = submit(), submit(world.bob, world.beta)
	with pytest.raises(frappe.DoesNotExistError, match=f"depends_on: no job '{others.name}'"):
		child_of(world, mine, others)


@pytest.mark.parametrize(
	("depends_on", "reason"),
	[
		({"a": 1}, "must be a text or a list of texts, not dict"),
		(5, "must be a text or a list of texts, not int"),
		([["x"]], "must be a list of texts, not of list"),
		([None], "must be a list of texts, not of NoneType"),
		(["x"] * 10_001, "a job depends on at most 10000 others, not 10001"),
	],
)
def test_what_is_no_parent_is_refused_by_name(world, depends_on, reason):
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match=f"depends_on: {reason}"):
		submit_job(OBLIGING, world.alpha, {}, depends_on=depends_on)


def test_an_unknown_rule_is_refused_by_name(world):
	with pytest.raises(
		frappe.ValidationError, match=r"jobs\[0\].dependency_rule: 'maybe' is none of success, end"
	):
		submit_jobs([{"job_type": OBLIGING, "organization": world.alpha, "dependency_rule": "maybe"}])


def test_a_bulk_has_jobs_with_several_parents(world):
	parents = several(3)
	names = [parent.name for parent in parents]
	asked = [
		{
			"job_type": OBLIGING,
			"organization": world.alpha,
			"parameters": {"number": number},
			"depends_on": some,
		}
		for number, some in enumerate((names, names[:1], [], names[0]), 10)
	]
	with acting_as(world.alice):
		jobs = submit_jobs(asked)
		frappe.db.commit()
		found = [get_job_status(job.name)["depends_on"] for job in jobs]
	assert found == [names, names[:1], [], names[:1]]
	assert [status(job) for job in jobs] == ["Pending", "Pending", "Queued", "Pending"]


def test_the_dossier_names_parents_and_children(world):
	parents = several(2)
	child = child_of(world, *parents, rule="end")
	with acting_as(world.alice):
		seen = get_dossier(child.name)
		assert [one["name"] for one in seen["parents"]] == [parent.name for parent in parents]
		assert seen["job"]["dependency_rule"] == "end"
		assert [one["name"] for one in get_dossier(parents[1].name)["children"]] == [child.name]


def test_canceling_the_child_leaves_its_parents(world):
	parents = several(2)
	child = child_of(world, *parents)
	with acting_as(world.alice):
		cancel_job(child.name)
		frappe.db.commit()
	assert [status(job) for job in (*parents, child)] == ["Queued", "Queued", "Canceled"]


def test_the_end_of_a_parent_costs_the_same_however_many_parents_there_are(world):
	def statements_for(count: int) -> int:
		parents = several(count)
		child_of(world, *parents, number=count)
		with patch.object(dependencies, "parents_ended"):
			end(parents[0].name, "Completed")
		with counted_statements() as statements:
			dependencies.parents_ended([parents[0].name])
			frappe.db.rollback()
		world.clear()
		return len(statements)

	assert statements_for(30) == statements_for(2)


def test_deleting_a_job_takes_the_rows_of_its_parents_with_it(world):
	parents = several(2)
	child = child_of(world, *parents)
	with acting_as(world.alice):
		cancel_job(child.name)
	frappe.delete_doc("Background Job", child.name)
	frappe.db.commit()
	assert not frappe.db.exists("Job Dependency", {"background_job": child.name})


def test_parents_stand_in_the_order_of_their_submission_however_long_their_ids_are(world):
	job = submit()
	job.flags.parents = ["JOB-2026-100000", "JOB-2026-99999", "JOB-2026-99998", "JOB-2027-100001"]
	parents.insert([job])
	assert list(parents.of_jobs([job.name])[job.name]) == [
		"JOB-2026-99998",
		"JOB-2026-99999",
		"JOB-2026-100000",
		"JOB-2027-100001",
	]


def test_each_job_of_a_bulk_is_created_after_the_one_before(world):
	jobs = [{"job_type": OBLIGING, "organization": world.alpha, "parameters": {"n": n}} for n in range(20)]
	with acting_as(world.alice):
		made = submit_jobs(jobs)
		frappe.db.commit()
		page = [job["job_id"] for job in list_jobs()["jobs"]]
	assert page == [job.name for job in reversed(made)]
	assert len({job.creation for job in made}) == len(made)
