"""A submission neither fails nor waits because Redis cannot be reached, and its job runs later."""

import json
from contextlib import contextmanager

import frappe
import pytest
from factories import OBLIGING, queued_wake_ups, state

from dartwing.dartwing_core.background_jobs.upkeep import recovery

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def without(runtime, monkeypatch):
	"""For processes that start in its block, the Redis of these names is nowhere."""

	@contextmanager
	def redis_is_nowhere(*names: str):
		with monkeypatch.context() as environment, runtime.site_config(**dict.fromkeys(names, NOWHERE)):
			for name in names:
				# Frappe asks the environment first
				environment.setenv(f"FRAPPE_{name.upper()}", NOWHERE)
			yield

	return redis_is_nowhere


def submit_elsewhere(runtime, world, count: int) -> dict:
	"""Submit and commit in a process of its own, which has no connection from before."""
	output = runtime.run(
		*runtime.on_site("execute", "dartwing.tests.submitting.submit_many"),
		"--kwargs",
		json.dumps({"job_type": OBLIGING, "organization": world.alpha, "count": count}),
	)
	return json.loads(output.strip().splitlines()[-1])


def test_submitting_without_redis_succeeds_and_waits_for_nothing(world, without, runtime):
	with without("redis_queue", "redis_cache"):
		submitted = submit_elsewhere(runtime, world, count=20)
	print(f"20 submissions without Redis: {submitted['seconds']:.3f} s")
	assert len(submitted["job_ids"]) == 20
	# Frappe's own connection would have tried for four seconds, for each job
	assert submitted["pauses"] == 0


def test_the_jobs_run_when_redis_is_back(world, without, runtime, work):
	with without("redis_queue"):
		(job_id,) = submit_elsewhere(runtime, world, count=1)["job_ids"]
	assert state(job_id)["status"] == "Queued"
	assert queued_wake_ups("default", job_id) == []
	frappe.db.set_value("Background Job", job_id, "queued_at", "2026-01-01", update_modified=False)
	frappe.db.commit()
	assert recovery.recover()["pushed"] == 1
	work()
	assert state(job_id)["status"] == "Completed"
