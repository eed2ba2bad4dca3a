from contextlib import ExitStack
from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, acting_as, changed, make_job_type, second_connection, submit, submit_as

from dartwing.dartwing_core.background_jobs import submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.database.named_locks import held
from dartwing.dartwing_core.background_jobs.errors import (
	QueueFullError,
	RateLimitExceededError,
	SubmissionTimeoutError,
)
from dartwing.dartwing_core.background_jobs.submission import admission
from dartwing.dartwing_core.background_jobs.submission.admission import QueueDemand, RateDemand

TYPE = "test_limited"


def test_more_jobs_than_the_window_allows_are_refused(world):
	make_job_type(TYPE, rate_limit=3, rate_limit_window=3600)
	for page in range(3):
		submit_as(world.alice, TYPE, world.alpha, {"page": page})
	with pytest.raises(RateLimitExceededError, match="'test_limited' allows 3 jobs"):
		submit_as(world.alice, TYPE, world.alpha, {"page": 3})
	assert frappe.db.count("Background Job", {"job_type": TYPE}) == 3


def test_the_limit_is_each_organizations_own(world):
	make_job_type(TYPE, rate_limit=1, rate_limit_window=3600)
	submit_as(world.alice, TYPE, world.alpha, {})
	submit_as(world.bob, TYPE, world.beta, {})


def test_jobs_older_than_the_window_do_not_count(world):
	make_job_type(TYPE, rate_limit=1, rate_limit_window=60)
	first = submit_as(world.alice, TYPE, world.alpha, {})
	frappe.db.set_value("Background Job", first.name, "creation", "2026-01-01", update_modified=False)
	frappe.db.commit()
	submit_as(world.alice, TYPE, world.alpha, {})


def test_jobs_of_the_same_uncommitted_transaction_count(world):
	make_job_type(TYPE, rate_limit=2, rate_limit_window=3600)
	jobs = [{"job_type": TYPE, "organization": world.alpha, "parameters": {"n": n}} for n in range(3)]
	with pytest.raises(RateLimitExceededError):
		submit_jobs(jobs)
	submit_jobs(jobs[:2])
	with pytest.raises(RateLimitExceededError):
		submit_jobs(jobs[2:])


def test_a_rate_limit_of_zero_is_none(world):
	make_job_type(TYPE, rate_limit=0, rate_limit_window=0)
	for page in range(5):
		submit_as(world.alice, TYPE, world.alpha, {"page": page})


@pytest.fixture
def queue_limit(world):
	nothing_starts = {"override_job_window": 1, "job_window": 0}
	with ExitStack() as stack:
		yield lambda limit: stack.enter_context(
			changed("Organization", world.alpha, override_queue_limit=1, queue_limit=limit, **nothing_starts)
		)


def test_a_full_queue_refuses_more(world, queue_limit):
	queue_limit(2)
	submit()
	submit()
	with pytest.raises(QueueFullError, match=r"Queue full: 2 jobs of 'Alpha Test Org' wait"):
		submit()
	submit(world.bob, world.beta)


def test_a_bulk_that_does_not_fit_is_refused_whole(world, queue_limit):
	queue_limit(2)
	jobs = [{"job_type": "obliging_job", "organization": world.alpha} for _ in range(3)]
	with pytest.raises(QueueFullError):
		submit_jobs(jobs)
	assert frappe.db.count("Background Job", {"organization": world.alpha}) == 0


def test_a_limit_of_zero_accepts_nothing(world, queue_limit):
	queue_limit(0)
	with pytest.raises(QueueFullError):
		submit()


# --- several submitters


def test_a_job_that_another_transaction_has_not_committed_yet_counts_until_it_is_undone(world):
	make_job_type(TYPE, rate_limit=1, rate_limit_window=3600)
	frappe.db.commit()
	with second_connection(), acting_as(world.alice):
		submit_job(TYPE, world.alpha, {"page": 1})
		with second_connection(), pytest.raises(RateLimitExceededError):
			submit_job(TYPE, world.alpha, {"page": 2})
		frappe.db.rollback()
	submit_as(world.alice, TYPE, world.alpha, {"page": 2})


def test_nobody_waits_for_a_long_transaction_that_took_some_of_the_room(world):
	make_job_type(TYPE, rate_limit=2, rate_limit_window=3600)
	frappe.db.commit()
	with second_connection(), acting_as(world.alice):
		submit_job(TYPE, world.alpha, {"page": 1})
		with second_connection():
			submit_job(TYPE, world.alpha, {"page": 2})
			frappe.db.commit()
		frappe.db.commit()
	assert frappe.db.count("Background Job", {"job_type": TYPE}) == 2


def test_what_was_committed_after_the_callers_snapshot_counts(world):
	make_job_type(TYPE, rate_limit=1, rate_limit_window=3600)
	frappe.db.commit()
	# a consistent read: from here on, this transaction sees nothing new
	frappe.db.count("Background Job")
	with second_connection():
		submit_as(world.alice, TYPE, world.alpha, {"page": 1})
	with acting_as(world.alice), pytest.raises(RateLimitExceededError):
		submit_job(TYPE, world.alpha, {"page": 2})


def test_a_submission_undone_to_a_savepoint_gives_its_room_back(world):
	make_job_type(TYPE, rate_limit=1, rate_limit_window=3600)
	frappe.db.commit()
	with acting_as(world.alice):
		frappe.db.savepoint("before_submission")
		submit_job(TYPE, world.alpha, {"page": 1})
		frappe.db.rollback(save_point="before_submission")
		submit_job(TYPE, world.alpha, {"page": 2})


def test_taking_turns_at_one_limit_holds_up_no_submitter_of_another(world, queue_limit):
	queue_limit(5)
	make_job_type(TYPE, rate_limit=5, rate_limit_window=3600)
	make_job_type(f"{TYPE}_too", rate_limit=5, rate_limit_window=3600)
	frappe.db.commit()
	job_type = frappe.get_doc("Job Type", TYPE)
	turns = [
		demand.turn() for demand in (QueueDemand(world.alpha, 1, 100), RateDemand(world.alpha, 1, job_type))
	]
	impatient = patch.object(admission, "TURN_SECONDS", 0)
	with second_connection(), held(turns, 0), second_connection(), impatient:
		for job_type_name in (TYPE, f"{TYPE}_too"):
			submit_as(world.bob, job_type_name, world.beta, {})
		with pytest.raises(SubmissionTimeoutError):
			submit_as(world.alice, OBLIGING, world.alpha, {})


def test_while_there_is_plenty_of_room_nobody_takes_turns(world):
	make_job_type(TYPE, rate_limit=1000, rate_limit_window=3600)
	with patch.object(admission, "held", side_effect=AssertionError("taking turns")):
		submit_as(world.alice, TYPE, world.alpha, {})
