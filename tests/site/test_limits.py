import frappe
import pytest
from factories import make_job_type, submit, submit_as

from dartwing.dartwing_core.background_jobs import submit_jobs
from dartwing.dartwing_core.background_jobs.errors import QueueFullError, RateLimitExceededError

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
	def set_limit(limit: int) -> None:
		organization = frappe.get_doc("Organization", world.alpha)
		organization.update({"override_queue_limit": 1, "queue_limit": limit})
		organization.update({"override_job_window": 1, "job_window": 0})
		organization.save()
		frappe.db.commit()

	yield set_limit
	organization = frappe.get_doc("Organization", world.alpha)
	organization.update({"override_queue_limit": 0, "override_job_window": 0})
	organization.save()
	frappe.db.commit()


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
