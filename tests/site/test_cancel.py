from unittest.mock import patch

import frappe
import pytest
from factories import (
	acting_as,
	end,
	make_job_type,
	queued_wake_ups,
	second_connection,
	state,
	submit,
	submit_as,
	transitions,
)

from dartwing.dartwing_core.background_jobs import cancel_job
from dartwing.dartwing_core.background_jobs.dispatch import wake_ups
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, JobStateError
from dartwing.dartwing_core.background_jobs.upkeep import recovery


def cancel(user: str, job_id: str):
	with acting_as(user):
		job = cancel_job(job_id)
		frappe.db.commit()
	return job


def test_a_queued_job_is_canceled_at_once_and_its_rq_job_goes(world):
	job = submit()
	assert len(queued_wake_ups("default", job.name)) == 1
	cancel(world.alice, job.name)
	assert state(job.name)["status"] == "Canceled"
	assert queued_wake_ups("default", job.name) == []
	row = frappe.db.get_value("Background Job", job.name, ["canceled_by", "canceled_at"], as_dict=True)
	assert row.canceled_by == world.alice
	assert row.canceled_at


def test_a_job_that_was_deleted_meanwhile_cannot_be_canceled(world):
	job = submit()
	with acting_as(world.alice):
		frappe.db.get_value("Background Job", job.name)
		with second_connection():
			frappe.db.delete("Background Job", {"name": job.name})
			frappe.db.commit()
		with pytest.raises(frappe.DoesNotExistError, match=f"job_id: no job '{job.name}'"):
			cancel_job(job.name)


def test_the_rq_job_stays_until_the_cancel_is_committed(world):
	job = submit()
	with acting_as(world.alice):
		cancel_job(job.name)
	assert len(queued_wake_ups("default", job.name)) == 1
	frappe.db.rollback()
	assert state(job.name)["status"] == "Queued"


def test_a_lost_wake_up_of_a_job_that_is_being_canceled_keeps_no_other_lost(world):
	held_up, other = submit(n=1), submit(n=2)
	names = ("in", [held_up.name, other.name])
	wake_ups.withdraw("default", frappe.get_all("Background Job", {"name": names}, pluck="rq_job_id"))
	defaults = "dartwing.dartwing_core.background_jobs.config.DEFAULTS"
	at_once = patch.dict(defaults, {"recovery_age_seconds": 0})
	with second_connection():
		with acting_as(world.alice):
			cancel_job(held_up.name)
		with second_connection(), at_once:
			assert recovery.push_lost() == 1
		frappe.db.rollback()
	assert len(queued_wake_ups("default", other.name)) == 1
	assert queued_wake_ups("default", held_up.name) == []


def test_a_cancel_undone_to_a_savepoint_takes_nothing_away(world):
	make_job_type("test_once", deduplication_window=300)
	job = submit_as(world.alice, "test_once", world.alpha, {})
	with acting_as(world.alice):
		frappe.db.savepoint("before_cancel")
		cancel_job(job.name)
		frappe.db.rollback(save_point="before_cancel")
		frappe.db.commit()
	assert state(job.name)["status"] == "Queued"
	assert len(queued_wake_ups("default", job.name)) == 1
	with pytest.raises(DuplicateJobError, match=job.name):
		submit_as(world.alice, "test_once", world.alpha, {})


@pytest.mark.parametrize("status", ["Running", "Failed", "Timed Out"])
def test_unfinished_jobs_can_be_canceled(world, status):
	job = submit()
	end(job.name, status, ready_at="2099-01-01") if status != "Running" else end(job.name, status)
	cancel(world.alice, job.name)
	assert transitions(job.name)[-1] == (status, "Canceled")


def test_a_pending_job_can_be_canceled(world):
	job = submit_as(world.alice, "obliging_job", world.alpha, {}, scheduled_at="2099-01-01")
	cancel(world.alice, job.name)
	assert transitions(job.name) == [(None, "Pending"), ("Pending", "Canceled")]


@pytest.mark.parametrize("status", ["Completed", "Canceled", "Dead Letter"])
def test_an_ended_job_cannot(world, status):
	job = submit()
	end(job.name, status)
	with pytest.raises(JobStateError, match=status):
		cancel(world.alice, job.name)


@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_owner_admin_and_system_manager_may(world, user):
	job = submit(world.alice)
	assert cancel(getattr(world, user), job.name).status == "Canceled"


def test_another_member_may_not(world):
	job = submit(world.adam)
	with pytest.raises(frappe.PermissionError, match="job_id"):
		cancel(world.alice, job.name)
	assert state(job.name)["status"] == "Queued"


@pytest.mark.parametrize("user", ["bob", "nobody"])
def test_for_others_the_job_does_not_exist(world, user):
	job = submit(world.alice)
	with pytest.raises(frappe.DoesNotExistError) as error:
		cancel(getattr(world, user), job.name)
	assert str(error.value) == f"job_id: no job '{job.name}'"
