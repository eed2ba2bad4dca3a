"""How often one user may call in a minute."""

import json
from contextlib import closing
from unittest.mock import patch

import frappe
import pytest
import redis
from answers import API, error
from factories import World, acting_as, submit

from dartwing.dartwing_core.api import jobs
from dartwing.dartwing_core.api.endpoints import ENDPOINTS

LIMITS = {
	"submit_job": ("submit", 100),
	"submit_jobs": ("submit", 100),
	"submit_flow": ("submit", 100),
	"get_job_status": ("status", 600),
	"get_job_history": ("status", 600),
	"list_jobs": ("list", 60),
	"list_dead_letters": ("list", 60),
	"cancel_job": ("cancel", 30),
	"get_job_metrics": ("metrics", 30),
	"retry_job": None,
	"retry_jobs": None,
	"discard_jobs": None,
}


def use_up(limit, user: str, left: int = 0) -> None:
	frappe.cache.set(limit.key(user), limit.calls - left, ex=60)


def test_every_endpoint_has_the_limit_that_is_promised():
	limits = {name: one.limit and (one.limit.name, one.limit.calls) for name, one in ENDPOINTS.items()}
	assert {name: limits[name] for name in LIMITS} == LIMITS


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit])
def test_the_call_beyond_the_limit_is_refused_and_says_when_to_try_again(alice, name):
	use_up(ENDPOINTS[name].limit, World.alice)
	answer = alice.call(f"{API}.{name}")
	assert error(answer, 429).startswith("At most ")
	assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_calls_are_counted_from_the_first(alice):
	for _ in range(2):
		alice.ask(f"{API}.get_job_metrics")
	assert int(frappe.cache.get(jobs.METRICS.key(World.alice))) == 2
	assert 0 < frappe.cache.ttl(jobs.METRICS.key(World.alice)) <= 60


def test_the_last_allowed_call_is_served(alice):
	use_up(jobs.LIST, World.alice, left=1)
	assert [alice.ask(f"{API}.list_jobs").status_code for _ in range(2)] == [200, 429]


def test_another_user_has_calls_of_their_own(alice, bob):
	use_up(jobs.LIST, World.alice)
	assert alice.ask(f"{API}.list_jobs").status_code == 429
	assert bob.ask(f"{API}.list_jobs").status_code == 200


def test_a_refused_call_changes_nothing(alice):
	job = submit()
	use_up(jobs.CANCEL, World.alice)
	assert alice.call(f"{API}.cancel_job", job_id=job.name).status_code == 429
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job.name, "status") != "Canceled"


def test_without_redis_nobody_is_refused(site):
	unreachable = redis.Redis(host="127.0.0.1", port=1)
	with closing(unreachable), patch.object(frappe.cache, "pipeline", unreachable.pipeline):
		for _ in range(jobs.METRICS.calls + 1):
			jobs.METRICS.check(World.alice)


def test_inside_the_server_nobody_counts(site, world):
	"""Code that calls an endpoint's function is no client."""
	use_up(jobs.METRICS, World.alice)
	with acting_as(World.alice):
		assert json.dumps(jobs.get_job_metrics())
