from threading import Thread

import frappe
import pytest
from database import waiting_for_named_locks
from factories import acting_as, end, make_job_type, second_connection, submit_as, wait_until

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	generate_job_hash,
	retry_job,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError

TYPE = "test_deduplicated"


@pytest.fixture(autouse=True)
def _job_type(_clean):
	make_job_type(TYPE, deduplication_window=300)
	frappe.db.commit()


def submit(world, **parameters):
	return submit_as(world.alice, TYPE, world.alpha, parameters or {"page": 1})


def test_an_equal_job_is_refused_naming_the_first(world):
	first = submit(world)
	with pytest.raises(DuplicateJobError) as error:
		submit(world)
	assert isinstance(error.value, frappe.DuplicateEntryError)
	assert error.value.existing_job_id == first.name
	assert error.value.status == "Queued"
	assert first.name in str(error.value)


def test_other_parameters_types_and_organizations_are_other_jobs(world):
	submit(world)
	submit(world, page=2)
	make_job_type("test_deduplicated_too", deduplication_window=300)
	submit_as(world.alice, "test_deduplicated_too", world.alpha, {"page": 1})
	submit_as(world.bob, TYPE, world.beta, {"page": 1})


def test_two_equal_submissions_of_one_uncommitted_transaction_count_too(world):
	with acting_as(world.alice):
		first = submit_job(TYPE, world.alpha, {"page": 1})
		with pytest.raises(DuplicateJobError) as error:
			submit_job(TYPE, world.alpha, {"page": 1})
	assert error.value.existing_job_id == first.name
	frappe.db.commit()
	assert frappe.db.count("Background Job", {"job_type": TYPE}) == 1


def test_two_equal_jobs_of_one_bulk_are_refused_and_none_is_written(world):
	with acting_as(world.alice), pytest.raises(DuplicateJobError, match=r"jobs\[1\]: equals jobs\[0\]"):
		submit_jobs(2 * [{"job_type": TYPE, "organization": world.alpha, "parameters": {"page": 1}}])
	frappe.db.commit()
	assert frappe.db.count("Background Job", {"job_type": TYPE}) == 0


def test_the_callers_transaction_survives_a_refusal(world):
	submit(world)
	person = frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert()
	with pytest.raises(DuplicateJobError):
		submit(world)
	frappe.db.commit()
	assert frappe.db.exists("Person", person.name)


def test_a_job_committed_after_the_callers_snapshot_is_seen(world):
	frappe.db.rollback()
	# a consistent read: from here on, this transaction sees nothing new
	frappe.db.count("Background Job")
	with second_connection():
		first = submit(world)
	with acting_as(world.alice), pytest.raises(DuplicateJobError) as error:
		submit_job(TYPE, world.alpha, {"page": 1})
	assert error.value.existing_job_id == first.name


@pytest.mark.parametrize("status", ["Completed", "Canceled", "Dead Letter"])
def test_an_ended_job_lets_an_equal_one_in(world, status):
	first = submit(world)
	end(first.name, status)
	second = submit(world)
	assert second.name != first.name


@pytest.mark.parametrize("status", ["Failed", "Timed Out"])
def test_a_job_that_waits_for_its_retry_still_counts(world, status):
	first = submit(world)
	end(first.name, status)
	with pytest.raises(DuplicateJobError):
		submit(world)


def test_after_the_window_an_equal_job_is_let_in_while_the_first_still_runs(world):
	first = submit(world)
	end(first.name, "Running")
	frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
	frappe.db.commit()
	second = submit(world)
	assert second.name != first.name
	with pytest.raises(DuplicateJobError) as error:
		submit(world)
	assert error.value.existing_job_id == second.name


def test_the_end_of_the_first_does_not_free_the_key_of_the_second(world):
	first = submit(world)
	end(first.name, "Running")
	frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
	frappe.db.commit()
	submit(world)
	end(first.name, "Completed")
	with pytest.raises(DuplicateJobError):
		submit(world)


@pytest.mark.parametrize("window_passed", [False, True])
def test_a_canceled_job_can_be_submitted_again_in_the_same_transaction(world, window_passed):
	first = submit(world)
	if window_passed:
		frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
		frappe.db.commit()
	with acting_as(world.alice):
		cancel_job(first.name)
		second = submit_job(TYPE, world.alpha, {"page": 1})
		frappe.db.commit()
	assert second.name != first.name


def submit_in_a_thread(world, site: str, outcomes: list) -> Thread:
	"""Submit the same job on a connection of its own; what comes of it is appended to `outcomes`."""

	def run() -> None:
		frappe.init(site=site, sites_path=".")
		frappe.connect()
		try:
			outcomes.append(submit(world).name)
		except Exception as error:
			outcomes.append(error)
		finally:
			frappe.destroy()

	thread = Thread(target=run)
	thread.start()
	return thread


@pytest.mark.parametrize("first_commits", [True, False])
def test_those_who_wait_for_an_uncommitted_equal_job_get_a_clear_answer(world, site, first_commits):
	outcomes: list = []
	with acting_as(world.alice):
		first = submit_job(TYPE, world.alpha, {"page": 1})
		threads = [submit_in_a_thread(world, site, outcomes) for _ in range(5)]
		wait_until(lambda: waiting_for_named_locks() == 5, "five submitters wait")
		if first_commits:
			frappe.db.commit()
		else:
			frappe.db.rollback()
	for thread in threads:
		thread.join(30)
	winners = [outcome for outcome in outcomes if isinstance(outcome, str)]
	refusals = [outcome for outcome in outcomes if isinstance(outcome, DuplicateJobError)]
	assert len(outcomes) == 5
	assert (len(winners), len(refusals)) == ((0, 5) if first_commits else (1, 4)), outcomes
	assert {refusal.existing_job_id for refusal in refusals} == {first.name if first_commits else winners[0]}


def test_a_window_of_zero_never_refuses(world):
	make_job_type("test_not_deduplicated", deduplication_window=0)
	names = {submit_as(world.alice, "test_not_deduplicated", world.alpha, {}).name for _ in range(3)}
	assert len(names) == 3


def test_a_submitter_that_lost_does_not_hold_up_the_end_of_the_winner(world):
	"""A loser's lock on the key is held until its transaction ends; the winner must end all the same."""
	with second_connection():
		first = submit(world)
		end(first.name, "Running")
	with acting_as(world.alice), pytest.raises(DuplicateJobError):
		submit_job(TYPE, world.alpha, {"page": 1})
	with second_connection():
		frappe.db.sql("set session innodb_lock_wait_timeout = 1")
		job = frappe.get_doc("Background Job", first.name)
		job.transition_to("Completed")
		frappe.db.commit()
		assert frappe.db.get_value("Background Job", first.name, "status") == "Completed"


# --- whose jobs are equal


def test_jobs_of_a_type_that_counts_owners_are_equal_only_for_the_same_one(world):
	make_job_type("test_per_owner", deduplication_window=300, equal_per_owner=1)
	mine = submit_as(world.alice, "test_per_owner", world.alpha, {"page": 1})
	others = submit_as(world.adam, "test_per_owner", world.alpha, {"page": 1})
	assert mine.name != others.name
	with pytest.raises(DuplicateJobError) as error:
		submit_as(world.alice, "test_per_owner", world.alpha, {"page": 1})
	assert error.value.existing_job_id == mine.name


def test_a_retried_job_of_such_a_type_refuses_its_owners_equal_jobs_again_and_nobody_elses(world):
	make_job_type("test_per_owner", deduplication_window=300, equal_per_owner=1)
	first = submit_as(world.alice, "test_per_owner", world.alpha, {"page": 1})
	end(first.name, "Dead Letter")
	with acting_as(world.adam):
		retry_job(first.name)
		frappe.db.commit()
	submit_as(world.adam, "test_per_owner", world.alpha, {"page": 1})
	with pytest.raises(DuplicateJobError):
		submit_as(world.alice, "test_per_owner", world.alpha, {"page": 1})


def test_two_members_export_the_same_rows_each_to_a_file_of_their_own(world):
	parameters = {"doctype": "Person", "fields": ["name"]}
	jobs = [submit_as(user, "data_export", world.alpha, parameters) for user in (world.alice, world.adam)]
	assert len({job.name for job in jobs}) == 2
	assert [job.owner_user for job in jobs] == [world.alice, world.adam]
	with pytest.raises(DuplicateJobError):
		submit_as(world.adam, "data_export", world.alpha, parameters)


def test_other_types_are_as_they_were(world):
	first = submit(world)
	with pytest.raises(DuplicateJobError):
		submit_as(world.adam, TYPE, world.alpha, {"page": 1})
	assert first.job_hash == generate_job_hash(TYPE, world.alpha, {"page": 1})
