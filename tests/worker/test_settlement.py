"""How an attempt is settled where the next job is claimed in the same transaction."""

from collections.abc import Callable

import frappe
import pytest
from factories import state, submit, transitions

from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.execution.claims import ClaimAlong, claim
from dartwing.dartwing_core.background_jobs.execution.horse import Horse
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.execution.settlement import complete_and_claim

NOTHING = Completed(None, None)


@pytest.fixture
def horse(world) -> Horse:
	"""What a claim asks of one."""
	horse = Horse.__new__(Horse)
	horse.rq_job_id, horse.worker_name = "a wake-up", "a worker"
	return horse


def raising(error: Exception) -> Callable:
	def call(*_arguments, **_named):
		raise error

	return call


def test_the_end_and_the_next_claim_are_one_commit(world, horse):
	first, second = submit(), submit(n=2)
	job = claim(first.name, horse)
	next_claim = ClaimAlong(lambda: second.name, horse)
	complete_and_claim(job, NOTHING, next_claim)
	assert next_claim.claimed().name == second.name
	assert transitions(first.name)[-1] == ("Running", "Completed")
	assert transitions(second.name)[-1] == ("Queued", "Running")
	assert state(second.name)["status"] == "Running"


@pytest.mark.parametrize(
	"error", [frappe.QueryDeadlockError, frappe.QueryTimeoutError, StaleJobError, ValueError]
)
@pytest.mark.parametrize("step", ["lock", "start"])
def test_trouble_with_the_next_job_is_not_charged_to_the_one_that_ends(
	world, horse, monkeypatch, error, step
):
	first, second = submit(), submit(n=2)
	job = claim(first.name, horse)
	next_claim = ClaimAlong(lambda: second.name, horse)
	monkeypatch.setattr(next_claim, step, raising(error("of the next one")))
	complete_and_claim(job, NOTHING, next_claim)
	assert next_claim.claimed() is None
	assert transitions(first.name)[-1] == ("Running", "Completed")
	assert state(second.name)["status"] == "Queued"


def test_a_claim_whose_commit_ended_with_an_error_is_looked_for(world, horse, monkeypatch):
	"""As when the connection was lost between the commit and its answer."""
	first, second = submit(), submit(n=2)
	job = claim(first.name, horse)
	next_claim = ClaimAlong(lambda: second.name, horse)
	monkeypatch.setattr(next_claim, "note_commit", raising(ConnectionError("no answer")))
	with pytest.raises(ConnectionError):
		complete_and_claim(job, NOTHING, next_claim)
	assert next_claim.claimed().name == second.name


def test_a_job_that_may_not_start_is_not_claimed_along(world, horse):
	first, second = submit(), submit(n=2)
	frappe.db.set_value("Organization", world.alpha, "status", "Suspended")
	frappe.db.commit()
	try:
		job = claim(first.name, horse) or frappe.get_doc("Background Job", first.name)
		next_claim = ClaimAlong(lambda: second.name, horse)
		next_claim.lock(job)
		assert next_claim.claimed() is None
	finally:
		frappe.db.rollback()
		frappe.db.set_value("Organization", world.alpha, "status", "Active")
		frappe.db.commit()
