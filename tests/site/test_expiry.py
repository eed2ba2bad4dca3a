"""A job that has not started by its `expires_at` is Canceled, and says so."""

from datetime import timedelta

import frappe
import pytest
from factories import OBLIGING, World, queued_wake_ups, state, submit_as, transitions

from dartwing.dartwing_core.background_jobs import get_job_history, get_job_status, submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.expiry import cancel_expired
from dartwing.dartwing_core.background_jobs.execution.claims import claim


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


def in_seconds(seconds: float) -> str:
	return times.utc_as_text(times.utc_now() + timedelta(seconds=seconds))


def submitted(**arguments):
	return submit_as(World.alice, OBLIGING, World.alpha, {"mode": "succeed"}, **arguments)


def let_time_pass(job_id: str) -> None:
	past = times.utc_now() - timedelta(seconds=1)
	frappe.db.set_value("Background Job", job_id, "expires_at_utc", past, update_modified=False)
	frappe.db.commit()


def test_it_is_canceled_where_it_waits(world):
	waiting = submitted(expires_at=in_seconds(7200), scheduled_at=in_seconds(3600))
	queued = submitted(expires_at=in_seconds(7200))
	other = submitted(expires_at=in_seconds(7200))
	for job in (waiting, queued):
		let_time_pass(job.name)
	assert cancel_expired() == 2
	for job, before in ((waiting, "Pending"), (queued, "Queued")):
		assert state(job.name)["status"] == "Canceled"
		assert transitions(job.name)[-1] == (before, "Canceled")
		last = get_job_history(job.name)["history"][-1]
		assert (last["message"], last["actor"]) == ("expired: it had not started in time", "Scheduler")
	assert state(other.name)["status"] == "Queued"
	assert not queued_wake_ups("default", queued.name)
	assert cancel_expired() == 0


def test_its_claim_comes_too_late(world):
	job = submitted(expires_at=in_seconds(3600))
	let_time_pass(job.name)
	assert claim(job.name) is None
	assert transitions(job.name)[-1] == ("Queued", "Canceled")


def test_a_job_that_started_in_time_does_not_expire(world):
	job = submitted(expires_at=in_seconds(3600))
	assert claim(job.name)
	assert frappe.db.get_value("Background Job", job.name, "expires_at_utc") is None
	assert get_job_status(job.name)["expires_at"]
	assert cancel_expired() == 0
	assert state(job.name)["status"] == "Running"


@pytest.mark.parametrize(
	("arguments", "refusal"),
	[
		({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at: '2020-01-01T00:00:00Z' is over"),
		({"expires_at": "soon"}, "expires_at: 'soon' is no date and time"),
		(
			{"expires_at": "2099-01-01T00:00:00Z", "scheduled_at": "2099-01-01T00:00:00Z"},
			"expires_at: '2099-01-01T00:00:00Z' is not later than scheduled_at",
		),
	],
)
def test_what_is_no_expiry_is_refused_by_name(world, arguments, refusal):
	frappe.set_user(world.alice)
	with pytest.raises(frappe.ValidationError, match="expires_at") as refused:
		submit_job(OBLIGING, World.alpha, {"mode": "succeed"}, **arguments)
	assert str(refused.value).startswith(refusal)
