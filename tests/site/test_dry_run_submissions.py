"""What a dry run may be submitted with, and who runs it for real; retries with other parameters."""

import frappe
import pytest
from factories import (
	OBLIGING,
	TYPED_HANDLER,
	World,
	acting_as,
	changed,
	end,
	make_job_type,
	second_connection,
	submit,
	submit_as,
)

from dartwing.dartwing_core.background_jobs import (
	Flow,
	get_job_status,
	retry_with_parameters,
	run_for_real,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.errors import IdempotencyKeyError, JobStateError
from dartwing.dartwing_core.background_jobs.upkeep import remade_jobs

GOOD = {"mode": "succeed"}


def dry(user=World.alice, **arguments):
	with acting_as(user):
		return submit_job(OBLIGING, World.alpha, GOOD, dry_run=True, **arguments)


def test_a_dry_run_equals_no_other_job(world):
	with changed("Job Type", OBLIGING, deduplication_window=300):
		frappe.clear_document_cache("Job Type", OBLIGING)
		real = submit()
		first, second = dry(), dry()
		assert len({real.name, first.name, second.name}) == 3
		with pytest.raises(frappe.DuplicateEntryError):
			submit()
	frappe.clear_document_cache("Job Type", OBLIGING)


def test_a_dry_run_has_no_parents_and_no_children(world):
	parent = submit()
	with pytest.raises(frappe.ValidationError, match=r"^dry_run: a dry run depends on no other job"):
		dry(depends_on=parent.name)
	with pytest.raises(frappe.ValidationError, match=r"^depends_on: .* is a dry run"), acting_as(World.alice):
		submit_job(OBLIGING, World.alpha, GOOD, depends_on=dry().name)


def test_a_flow_has_no_dry_runs(world):
	with pytest.raises(frappe.ValidationError, match="dry_run: there is no such argument"):
		Flow.parse("A", [{"job_type": OBLIGING, "dry_run": True}])


def test_of_a_bulk_each_job_says_whether_it_is_one(world):
	job = {"job_type": OBLIGING, "organization": World.alpha, "parameters": GOOD}
	with acting_as(World.alice):
		jobs = submit_jobs([{**job, "dry_run": True}, job])
		assert [get_job_status(one.name)["is_dry_run"] for one in jobs] == [True, False]
		with pytest.raises(frappe.ValidationError, match=r"^jobs\[0\]\.dry_run: must be true or false"):
			submit_jobs([{**job, "dry_run": "yes"}])


def test_a_key_is_of_a_dry_run_or_of_a_real_one(world):
	assert dry(idempotency_key="one").name == dry(idempotency_key="one").name
	with pytest.raises(IdempotencyKeyError), acting_as(World.alice):
		submit_job(OBLIGING, World.alpha, GOOD, idempotency_key="one")


def test_only_its_owner_runs_it_for_real_and_only_when_it_has_ended_well(world):
	job = dry()
	frappe.db.commit()
	with pytest.raises(JobStateError), acting_as(World.alice):
		run_for_real(job.name)
	end(job.name, "Completed")
	for user, error in ((World.adam, frappe.PermissionError), (World.bob, frappe.DoesNotExistError)):
		with pytest.raises(error), acting_as(user):
			run_for_real(job.name)
	with acting_as(World.alice):
		real = run_for_real(job.name)
		assert get_job_status(real.name)["is_dry_run"] is False
		assert get_job_status(real.name)["retry_of"] == job.name
		assert get_job_status(job.name)["real_job"] == real.name
	frappe.db.commit()
	assert real.input_parameters == job.input_parameters
	with acting_as(World.alice):
		again = run_for_real(job.name)
	assert (again.name, again.flags.is_existing) == (real.name, True)
	assert frappe.db.count("Background Job", {"retry_of": job.name}) == 1
	end(real.name, "Completed")
	with pytest.raises(JobStateError), acting_as(World.alice):
		run_for_real(real.name)


def test_one_that_is_deleted_meanwhile_is_answered_as_an_unknown_one(world, monkeypatch):
	job = dry().name
	frappe.db.commit()
	end(job, "Completed")
	locked = remade_jobs.locked

	def deleted_before(names):
		with second_connection():
			frappe.db.delete("Background Job", job)
			frappe.db.commit()
		return locked(names)

	monkeypatch.setattr(remade_jobs, "locked", deleted_before)
	with pytest.raises(frappe.DoesNotExistError, match=rf"^job_id: no job '{job}'"), acting_as(World.alice):
		run_for_real(job)


@pytest.fixture
def dead(world):
	make_job_type("typed_job", handler_method=TYPED_HANDLER)
	with acting_as(World.alice):
		job = submit_job("typed_job", World.alpha, {"count": 1}, priority="High")
	frappe.db.commit()
	end(job.name, "Dead Letter")
	return job.name


def test_a_dead_letter_is_retried_with_other_parameters_as_a_new_job(dead):
	with acting_as(World.adam):
		job = retry_with_parameters(dead, {"count": 2})
		found = get_job_status(job.name)
		assert (found["retry_of"], found["priority"]) == (dead, "High")
		assert get_job_status(dead)["status"] == "Canceled"
	assert job.owner_user == World.adam
	assert '"count":2' in job.input_parameters


def test_it_is_checked_as_any_submission(dead):
	with acting_as(World.adam), pytest.raises(frappe.ValidationError, match=r"^parameters\.count: "):
		retry_with_parameters(dead, {"count": "x"})
	assert get_job_status(dead)["status"] == "Dead Letter"


def test_only_an_admin_does_it_and_only_to_a_dead_letter(dead):
	for user, error in ((World.alice, frappe.PermissionError), (World.bob, frappe.DoesNotExistError)):
		with pytest.raises(error), acting_as(user):
			retry_with_parameters(dead, {})
	with pytest.raises(JobStateError), acting_as(World.adam):
		retry_with_parameters(submit().name, {})


def test_it_depends_on_the_same_jobs(world):
	parent = submit()
	with acting_as(World.alice):
		child = submit_job(OBLIGING, World.alpha, GOOD, depends_on=parent.name)
	frappe.db.commit()
	end(parent.name, "Completed")
	end(child.name, "Dead Letter")
	with acting_as(World.adam):
		job = retry_with_parameters(child.name, {"mode": "succeed", "n": 2})
		assert get_job_status(job.name)["depends_on"] == [parent.name]


def test_it_depends_on_no_job_that_it_was_only_to_run_after(world):
	make_job_type("test_replaced", equal_jobs="Replace Waiting")
	first = submit_as(World.alice, "test_replaced", World.alpha, {})
	end(first.name, "Running")
	second = submit_as(World.alice, "test_replaced", World.alpha, {})
	end(first.name, "Dead Letter")
	end(second.name, "Dead Letter")
	with acting_as(World.adam):
		job = retry_with_parameters(second.name, {"n": 2})
		assert get_job_status(job.name)["depends_on"] == []


@pytest.mark.parametrize("status", ["Completed", "Dead Letter"])
def test_a_deleted_parent_counts_as_it_ended(world, status):
	parent = submit()
	child = submit_as(World.alice, OBLIGING, World.alpha, GOOD, depends_on=parent.name)
	end(parent.name, status)
	if status == "Completed":
		end(child.name, "Dead Letter")
	with acting_as(World.manager):
		frappe.delete_doc("Background Job", parent.name)
	frappe.db.commit()
	with acting_as(World.adam):
		if status == "Completed":
			job = retry_with_parameters(child.name, {"mode": "succeed", "n": 2})
			assert get_job_status(job.name)["depends_on"] == []
		else:
			with pytest.raises(JobStateError, match=f"^job_id: its parent {parent.name} is deleted"):
				retry_with_parameters(child.name, {"mode": "succeed", "n": 2})
