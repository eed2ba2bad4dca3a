"""What a submission costs: counted, and held to its budget."""

import frappe
import pytest
from factories import (
	acting_as,
	counted_connections,
	counted_round_trips,
	counted_statements,
	make_job_type,
)
from framework import since

from dartwing.dartwing_core.background_jobs import submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.execution import queued_jobs
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.statuses import FAILED

# Frappe v16 asks first how long the queue is, and its RQ enters the queue in a list by itself
ROUND_TRIPS = 4 if since(16) else 2
WITH_WINDOW, WITHOUT_WINDOW = "test_budget", "test_budget_without_window"
LIMITED = "test_budget_limited"


@pytest.fixture(autouse=True)
def job_types(world):
	make_job_type(WITH_WINDOW, deduplication_window=300)
	make_job_type(WITHOUT_WINDOW, deduplication_window=0)
	make_job_type(LIMITED, max_running_in_organization=1, start_limit=9, start_limit_window=60)
	with acting_as(world.alice):
		# what is kept from one submission to the next is there
		for number in range(2):
			submit_job(WITH_WINDOW, world.alpha, {"n": number})
			frappe.db.commit()
		yield


@pytest.mark.parametrize("job_type", [WITH_WINDOW, WITHOUT_WINDOW])
def test_a_submission_and_its_commit(world, job_type):
	with counted_statements() as sent, counted_connections() as opened, counted_round_trips() as to_redis:
		job = submit_job(job_type, world.alpha, {"n": 10})
		frappe.db.commit()
	assert job.status == "Queued"
	assert len(sent) <= 9, sent
	assert [text for text in sent if text.lower() == "commit"] == [sent[-3]]
	assert opened == []
	assert len(to_redis) <= ROUND_TRIPS, to_redis


def test_a_submission_of_a_limited_job_costs_no_statement_more_until_its_dispatch(world):
	submit_job(LIMITED, world.alpha, {"n": 9})
	frappe.db.commit()
	with counted_statements() as plain:
		submit_job(WITH_WINDOW, world.alpha, {"n": 10})
	frappe.db.rollback()
	with counted_statements() as limited, counted_connections() as opened:
		submit_job(LIMITED, world.alpha, {"n": 10})
	assert len(limited) <= len(plain), limited
	assert opened == []


def test_a_submission_that_is_rolled_back(world):
	with counted_statements() as sent, counted_connections() as opened, counted_round_trips() as to_redis:
		submit_job(WITH_WINDOW, world.alpha, {"n": 11})
		frappe.db.rollback()
	assert len(sent) <= 9, sent
	assert (opened, to_redis) == ([], [])


def test_many_at_once_cost_no_more_statements_than_one(world):
	jobs = [
		{"job_type": WITHOUT_WINDOW, "organization": world.alpha, "parameters": {"n": n}} for n in range(500)
	]
	with counted_statements() as sent, counted_connections() as opened:
		submit_jobs(jobs)
	assert len(sent) <= 9, sent
	assert opened == []


def test_what_follows_a_failure_asks_nothing_about_equal_jobs_of_a_type_that_replaces_none(world):
	"""Whether an equal job may take its place is known since its claim."""

	def cost_of(job_type: str) -> tuple[int, int]:
		job = submit_job(job_type, world.alpha, {"n": 12, "run": frappe.generate_hash()})
		frappe.db.commit()
		failed = queued_jobs.read_queued(job.name, skip_locked=False)
		failed.status = FAILED
		errands = Errands(frappe.local.site)
		errands.note_end(failed)
		with counted_statements() as sent, counted_round_trips() as to_redis:
			errands.run()
		assert bool(failed.deduplication_key) is (job_type == WITH_WINDOW)
		return len(sent), len(to_redis)

	cost_of(WITHOUT_WINDOW)
	assert cost_of(WITH_WINDOW) == cost_of(WITHOUT_WINDOW)
