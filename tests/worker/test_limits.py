"""How many jobs of a type run at once, and how many start: nobody exceeds it, and nobody waits in vain."""

from collections import Counter

import frappe
import pytest
from factories import (
	World,
	changed,
	end,
	make_job_type,
	second_connection,
	state,
	submit,
	submit_as,
	transitions,
)

from dartwing.dartwing_core.background_jobs import cancel_job, get_job_history
from dartwing.dartwing_core.background_jobs.dispatch.dispatcher import dispatch_ready
from dartwing.dartwing_core.background_jobs.dispatch.starting_limits import forget_old_starts
from dartwing.dartwing_core.background_jobs.execution.claims import claim, start
from dartwing.dartwing_core.background_jobs.execution.queued_jobs import read_queued
from dartwing.dartwing_core.background_jobs.execution.refusals import may_start

LIMITED = "limited_job"
PACED = {"start_limit": 1, "start_limit_window": 60}


def limit(**values) -> None:
	if frappe.db.exists("Job Type", LIMITED):
		frappe.get_doc("Job Type", LIMITED).update(values).save()
	else:
		make_job_type(LIMITED, **values)
	frappe.db.commit()


def submitted(customer: str = "one", user: str = World.alice, organization: str = World.alpha, **arguments):
	parameters = {"mode": "succeed", "customer": customer}
	return submit_as(user, LIMITED, organization, parameters, **arguments)


def statuses(jobs) -> list[str]:
	frappe.db.rollback()
	return [state(job.name)["status"] for job in jobs]


def finish(job) -> None:
	"""End a Running job, and take the consequences as its worker does."""
	cancel_job(job.name)
	frappe.db.commit()


@pytest.mark.parametrize(
	("limits", "queued"),
	[
		({"max_running_in_organization": 2}, 2),
		({"max_running_on_site": 1}, 1),
		({"max_running_per_value": 1, "limited_parameter": "customer"}, 2),
		({"start_limit": 3, "start_limit_window": 60}, 3),
		(
			{
				"start_limit": 1,
				"start_limit_window": 60,
				"starts_counted_per": "Value",
				"limited_parameter": "customer",
			},
			2,
		),
		({}, 6),
	],
)
def test_no_more_are_handed_over_than_may_run(world, limits, queued):
	limit(**limits)
	jobs = [submitted(customer) for _n in range(3) for customer in ("one", "two")]
	assert Counter(statuses(jobs)) == Counter(Queued=queued, Pending=6 - queued) - Counter()
	assert dispatch_ready() == 0


def test_the_next_one_goes_on_when_one_has_ended(world):
	limit(max_running_in_organization=1)
	jobs = [submitted() for _n in range(3)]
	for at, job in enumerate(jobs):
		assert statuses(jobs) == ["Canceled"] * at + ["Queued"] + ["Pending"] * (2 - at)
		assert claim(job.name)
		finish(job)


def test_they_keep_their_order_of_priority_and_age(world):
	limit(max_running_in_organization=1)
	first, low, normal, high = (submitted(priority=name) for name in ("Normal", "Low", "Normal", "High"))
	order = []
	for job in (first, high, normal, low):
		frappe.db.rollback()
		order += [one.name for one in (first, low, normal, high) if state(one.name)["status"] == "Queued"]
		assert claim(job.name)
		finish(job)
	assert order == [first.name, high.name, normal.name, low.name]


def test_who_is_held_back_is_in_nobodys_way(world):
	limit(max_running_per_value=1, limited_parameter="customer")
	for _n in range(120):
		submitted()
	other, free = submitted("two"), submit()
	assert statuses([other, free]) == ["Queued", "Queued"]


def test_a_limit_of_the_site_goes_around_between_organizations(world):
	limit(max_running_on_site=1)
	ours = [submitted() for _n in range(2)]
	theirs = [submitted(user=World.bob, organization=World.beta) for _n in range(2)]
	ran = []
	for _n in range(4):
		(job,) = [one for one in (*ours, *theirs) if state(one.name)["status"] == "Queued"]
		ran.append(job.organization)
		assert claim(job.name)
		finish(job)
		frappe.db.rollback()
	assert ran == [World.alpha, World.beta, World.alpha, World.beta]


def test_the_claim_decides_whatever_was_handed_over(world):
	limit()
	jobs = [submitted() for _n in range(3)]
	assert statuses(jobs) == ["Queued"] * 3
	limit(max_running_in_organization=1)
	first, second, third = jobs
	assert claim(first.name)
	assert claim(second.name) is None
	assert claim(third.name) is None
	assert statuses(jobs) == ["Running", "Pending", "Pending"]
	last = get_job_history(second.name)["history"][-1]
	assert last["message"] == f"{LIMITED}: 1 run at once in one organization"
	finish(first)
	assert statuses(jobs) == ["Canceled", "Queued", "Pending"]


def test_of_two_claims_at_once_one_waits(world):
	limit()
	first, second = submitted(), submitted()
	limit(max_running_in_organization=1)
	with second_connection():
		job = read_queued(first.name, skip_locked=True)
		assert may_start(job)
		start(job, None)
		with second_connection():
			assert claim(second.name) is None
		frappe.db.commit()
	assert statuses([first, second]) == ["Running", "Pending"]


def test_starts_are_counted_also_when_a_job_starts_again(world):
	limit(start_limit=2, start_limit_window=3600)
	first, second = submitted(), submitted()
	assert claim(first.name)
	end(first.name, "Failed")
	frappe.db.set_value("Background Job", first.name, "ready_at", "2020-01-01")
	frappe.db.commit()
	dispatch_ready()
	assert claim(second.name) or state(second.name)["status"] == "Pending"
	third = submitted()
	assert statuses([third]) == ["Pending"]
	frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 2 hour")
	frappe.db.commit()
	dispatch_ready()
	assert "Pending" not in statuses([second, third])
	frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 24 hour")
	forget_old_starts()
	assert frappe.db.count("Job Start") == 0


def test_jobs_of_a_suspended_organization_are_held_back(world):
	limit(max_running_in_organization=1)
	first, second = submitted(), submitted()
	assert claim(first.name)
	with changed("Organization", World.alpha, status="Suspended"):
		finish(first)
		assert transitions(second.name) == [(None, "Pending")]
	dispatch_ready()
	assert statuses([second]) == ["Queued"]


def test_a_limit_that_is_taken_away_lets_all_go_on(world):
	limit(max_running_in_organization=1)
	jobs = [submitted() for _n in range(5)]
	limit(max_running_in_organization=0)
	dispatch_ready()
	assert statuses(jobs) == ["Queued"] * 5


def test_what_is_held_back_can_be_canceled_and_leaves_nothing(world):
	limit(max_running_in_organization=1)
	_first, second = submitted(), submitted()
	cancel_job(second.name)
	frappe.db.commit()
	held = frappe.db.get_value("Background Job", second.name, ["held_by", "held_since"])
	assert held == (None, None)
	assert transitions(second.name)[-1] == ("Pending", "Canceled")


def test_a_worker_runs_them_all(world, work):
	limit(max_running_per_value=1, limited_parameter="customer")
	jobs = [submitted(customer) for _n in range(10) for customer in ("one", "two", "three")]
	work()
	assert statuses(jobs) == ["Completed"] * len(jobs)


@pytest.mark.parametrize(
	("values", "refusal"),
	[
		({"max_running_per_value": 1}, "Parameter: name the parameter"),
		({"start_limit": 1}, "Window of Starts must be 1 to 86400 seconds, not 0"),
		({"start_limit": 1, "start_limit_window": 86401}, "Window of Starts must be 1 to 86400 seconds"),
	],
)
def test_limits_that_make_no_sense_are_refused(world, values, refusal):
	with pytest.raises(frappe.ValidationError, match=refusal):
		limit(**values)
	frappe.db.rollback()
