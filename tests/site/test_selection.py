"""One action for all jobs that a filter matches."""

import frappe
import pytest
from factories import OBLIGING, acting_as, end, state, submit

from dartwing.dartwing_core.background_jobs import discard_jobs, retry_jobs, submit_jobs
from dartwing.dartwing_core.background_jobs.upkeep import selection


def dead(user: str, organization: str, many: int) -> list[str]:
	with acting_as(user):
		jobs = submit_jobs(
			[
				{
					"job_type": OBLIGING,
					"organization": organization,
					"parameters": {"mode": "succeed", "n": n},
				}
				for n in range(many)
			]
		)
		frappe.db.commit()
	for job in jobs:
		end(job.name, "Dead Letter" if job.name != jobs[-1].name else "Canceled")
	return [job.name for job in jobs]


@pytest.mark.parametrize("action", ["cancel", "retry", "discard"])
def test_an_id_that_no_job_can_have_is_refused_by_its_place(world, action):
	with acting_as(world.alice):
		for wrong in (7, "half of a pair: \ud83e"):
			with pytest.raises(frappe.ValidationError, match=r"^job_ids\[1\]: "):
				selection.act(action, ["JOB-2026-00000", wrong], "old")


@pytest.mark.parametrize("change", [retry_jobs, lambda ids: discard_jobs("old", ids)])
def test_ids_of_dead_letters_that_no_job_can_have_are_refused(world, change):
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match="job_ids: is not valid"):
		change(["half of a pair: \ud83e"])


def act_on_all(action: str, filters: list, reason: str | None = None) -> tuple[list[str], dict]:
	"""Batch after batch, each committed, as Desk does it."""
	done, refused, after = [], {}, None
	until = selection.count(action, filters)["until"]
	while True:
		result = selection.act_on_next(action, filters, until, after, reason)
		frappe.db.commit()
		done += result["done"]
		refused.update(result["refused"])
		after = result["after"]
		if not after:
			return done, refused


@pytest.fixture
def small_batches(monkeypatch):
	monkeypatch.setattr(selection, "BATCH", 3)


def test_all_dead_letters_of_a_filter_are_retried_batch_by_batch(world, small_batches):
	mine = dead(world.alice, world.alpha, 9)
	foreign = dead(world.bob, world.beta, 2)
	with acting_as(world.adam):
		filters = [["Background Job", "organization", "in", [world.alpha, world.beta]]]
		assert selection.count("retry", filters)["jobs"] == 8
		done, refused = act_on_all("retry", filters)
	assert (done, refused) == (mine[:8], {})
	assert state(mine[8])["status"] == "Canceled"
	assert state(foreign[0])["status"] == "Dead Letter"


def test_what_is_refused_is_asked_for_once_and_says_why(world, small_batches):
	jobs = dead(world.alice, world.alpha, 8)
	with acting_as(world.alice):
		done, refused = act_on_all("discard", [], "nobody needs them")
	assert done == []
	assert list(refused) == jobs[:7]
	assert all("admin" in why for why in refused.values())


def test_what_is_submitted_after_the_question_is_not_touched(world):
	before = submit(world.alice).name
	with acting_as(world.alice):
		asked = selection.count("cancel", [])
		later = submit(world.alice).name
		result = selection.act_on_next("cancel", [], asked["until"])
		frappe.db.commit()
	assert (asked["jobs"], result["done"]) == (1, [before])
	assert state(later)["status"] == "Queued"


def test_a_discard_needs_its_reason(world):
	jobs = dead(world.alice, world.alpha, 2)
	with acting_as(world.adam):
		with pytest.raises(frappe.ValidationError, match="reason"):
			selection.act("discard", jobs)
		assert selection.act("discard", jobs[:1], "old")["done"] == jobs[:1]


def test_a_batch_is_bounded_and_an_action_known(world):
	with acting_as(world.manager):
		with pytest.raises(frappe.ValidationError, match="job_ids: at most 100"):
			selection.act("cancel", [f"JOB-{number}" for number in range(101)])
		with pytest.raises(frappe.ValidationError, match="action: 'destroy' is none of"):
			selection.count("destroy", [])
