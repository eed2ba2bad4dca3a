"""Many processes at the same instant: schedulers, submitters, dispatchers."""

import json
from collections import Counter
from unittest.mock import patch

import frappe
import pytest
from database import waiting_for_named_locks
from factories import (
	OBLIGING,
	acting_as,
	changed,
	end,
	people_written,
	queued_wake_ups,
	second_connection,
	submit,
	wait_until,
)
from processes import shortened

from dartwing.dartwing_core.background_jobs import submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher, wake_ups
from dartwing.dartwing_core.background_jobs.upkeep import holding, recovery

MARKER = "written by a test"
SUBMITTERS = 50


@pytest.fixture
def deduplicating(world):
	with changed("Job Type", OBLIGING, deduplication_window=300):
		yield


@pytest.fixture
def rate_limit(world):
	with changed("Job Type", OBLIGING, rate_limit=5, rate_limit_window=3600):
		yield 5


@pytest.fixture
def queue_limit(world):
	nothing_starts = {"override_job_window": 1, "job_window": 0}
	with changed("Organization", world.alpha, override_queue_limit=1, queue_limit=5, **nothing_starts):
		yield 5


def counted(world, *statuses: str) -> int:
	frappe.db.rollback()
	return frappe.db.count("Background Job", {"organization": world.alpha, "status": ("in", statuses)})


def submit_many(user: str, organization: str, count: int, **arguments) -> list[str]:
	with acting_as(user):
		request = {"job_type": OBLIGING, "organization": organization, **arguments}
		jobs = submit_jobs([{**request, "parameters": {"mode": "succeed", "n": n}} for n in range(count)])
		frappe.db.commit()
	return [job.name for job in jobs]


# --- dispatchers


def test_a_dispatcher_sees_what_another_handed_over_between_its_turns(world, window):
	window(4)
	holding.pause()
	frappe.db.commit()
	submit_many(world.alice, world.alpha, 6)
	holding.resume()
	frappe.db.rollback()
	has_another, competitors = dispatcher.Turns.has_another, []

	def another_process_comes_between(turns: dispatcher.Turns) -> bool:
		more = has_another(turns)
		if not competitors:
			competitors.append("was here")
			with second_connection():
				submit_many(world.alice, world.alpha, 2, priority="Critical")
		return more

	frappe.db.set_single_value("Job Engine Settings", "paused", 0)
	frappe.db.commit()
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")
	with (
		patch.dict("dartwing.dartwing_core.background_jobs.config.DEFAULTS", {"dispatch_turn": 2}),
		patch.object(dispatcher.Turns, "has_another", another_process_comes_between),
	):
		dispatcher.dispatch([world.alpha])
	assert counted(world, "Queued") == 4


# --- schedulers


def test_two_schedulers_at_once_push_each_lost_job_and_each_due_retry_once(
	world, runtime, window, processes, work, tmp_path
):
	window(1000)
	names = lose_their_pushes(world, 20) + due_retries(world, 20)
	go = tmp_path / "go"
	# a machine that is so busy that a push takes longer is pushed twice, which does no harm
	with shortened(runtime, recovery_age_seconds=60):
		schedulers = [processes.script("scheduling.py", frappe.local.site, "5", str(go)) for _ in range(2)]
		wait_until(lambda: len(list(tmp_path.glob("go.ready*"))) == 2, "both schedulers are ready")
		go.touch()
		assert [scheduler.wait(120) for scheduler in schedulers] == [0, 0]
	pushed = Counter(rq_job.kwargs["kwargs"]["background_job_id"] for rq_job in queued_wake_ups("default"))
	assert pushed == dict.fromkeys(names, 1)
	work()
	assert counted(world, "Completed") == len(names)
	assert people_written() == len(names)
	assert set(frappe.get_all("Background Job", {"name": ("in", names)}, pluck="retry_count")) == {0, 1}


def test_a_scheduler_between_anothers_commit_and_push_pushes_nothing(world, tick, monkeypatch):
	names = lose_their_pushes(world, 3)
	push, seconds_turn = wake_ups.push, []

	def let_another_look_first(jobs) -> None:
		monkeypatch.setattr(wake_ups, "push", push)
		with second_connection():
			seconds_turn.append(recovery.push_lost())
		push(jobs)

	monkeypatch.setattr(wake_ups, "push", let_another_look_first)
	tick()
	assert seconds_turn == [0]
	pushed = Counter(rq_job.kwargs["kwargs"]["background_job_id"] for rq_job in queued_wake_ups("default"))
	assert pushed == dict.fromkeys(names, 1)


def lose_their_pushes(world, count: int) -> list[str]:
	names = [submit(mode="write_people", marker=MARKER, people=1, n=n).name for n in range(count)]
	for rq_job in queued_wake_ups("default"):
		rq_job.delete()
	# long enough ago to be missed
	job = frappe.qb.DocType("Background Job")
	frappe.qb.update(job).set(job.queued_at, "2026-01-01").where(job.name.isin(names)).run()
	frappe.db.commit()
	return names


def due_retries(world, count: int) -> list[str]:
	names = [submit(mode="write_people", marker=MARKER, people=1, n=-n).name for n in range(1, count + 1)]
	for name in names:
		job = frappe.get_doc("Background Job", name)
		job.transition_to("Running", attempt_id="x")
		job.transition_to("Failed", error_type="Transient", ready_at="2026-01-01")
	frappe.db.commit()
	for rq_job in queued_wake_ups("default"):
		if rq_job.kwargs["kwargs"]["background_job_id"] in names:
			rq_job.delete()
	return names


# --- submitters


@pytest.fixture
def submit_at_once(world, processes, tmp_path):
	"""As many processes submit these parameters at the same instant: what each got, and their lock waits."""

	def submit_all(parameters: list) -> tuple[list[dict], int]:
		script = processes.script(
			"submitting.py", frappe.local.site, world.alice, world.alpha, json.dumps(parameters)
		)
		assert script.wait(120) == 0, processes.output()
		printed = json.loads(processes.output().splitlines()[-1])
		return printed["answers"], printed["lock_waits"]

	return submit_all


def test_of_fifty_equal_submissions_at_once_one_wins_and_the_others_name_it(
	world, deduplicating, submit_at_once
):
	answers, _lock_waits = submit_at_once([{"mode": "succeed"}] * SUBMITTERS)
	((winner,),) = [answer["job_ids"] for answer in answers if "job_ids" in answer]
	refused = [answer for answer in answers if "error" in answer]
	assert refused == [{"error": "DuplicateJobError", "existing_job_id": winner}] * (SUBMITTERS - 1)
	assert counted(world, "Pending", "Queued") == 1
	assert len(queued_wake_ups("default")) == 1


@pytest.mark.parametrize("runs", [False, True])
def test_of_fifty_submissions_at_once_that_replace_each_other_the_last_one_waits(world, submit_at_once, runs):
	with changed("Job Type", OBLIGING, equal_jobs="Replace Waiting", equal_parameters="mode"):
		if runs:
			end(submit(mode="succeed").name, "Running")
		answers, _lock_waits = submit_at_once([{"mode": "succeed", "n": n} for n in range(SUBMITTERS)])
		accepted = [name for answer in answers for name in answer.get("job_ids", [])]
		assert len(accepted) == SUBMITTERS
		frappe.db.rollback()
		# of each key, ids are taken in the turn of their submissions
		last = max(accepted, key=lambda name: int(name.rsplit("-", 1)[1]))
		waiting = {"organization": world.alpha, "status": ("in", ["Pending", "Queued"])}
		assert frappe.get_all("Background Job", waiting, pluck="name") == [last]
		assert counted(world, "Canceled") == SUBMITTERS - 1
		assert frappe.db.get_value("Background Job", last, "status") == ("Pending" if runs else "Queued")


def test_fifty_submissions_at_once_are_answered_with_one_job(world, submit_at_once):
	with changed("Job Type", OBLIGING, equal_jobs="Answer Existing"):
		answers, _lock_waits = submit_at_once([{"mode": "succeed"}] * SUBMITTERS)
		assert len({answer["job_ids"][0] for answer in answers}) == 1
		assert counted(world, "Pending", "Queued") == 1


@pytest.mark.parametrize("first_commits", [True, False])
def test_nobody_who_is_refused_waits_for_another_who_is_refused(
	world, deduplicating, processes, first_commits
):
	"""All 49 get their answers although each of them keeps its transaction open after it was refused."""
	others = SUBMITTERS - 1
	with acting_as(world.alice):
		first = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		script = processes.script(
			"patient_submitters.py", frappe.local.site, world.alice, world.alpha, str(others)
		)
		wait_until(lambda: waiting_for_named_locks() == others, "all others wait for the first", 60)
		if first_commits:
			frappe.db.commit()
		else:
			frappe.db.rollback()
	assert script.wait(120) == 0, processes.output()
	answers = json.loads(processes.output().splitlines()[-1])
	winners = [answer["job_id"] for answer in answers if "job_id" in answer]
	refused = [answer for answer in answers if "existing_job_id" in answer]
	assert len(winners) == (0 if first_commits else 1), answers
	assert refused == [{"existing_job_id": (winners or [first.name])[0]}] * (others - len(winners))


def test_fifty_different_submissions_at_once_are_all_accepted_and_never_wait_for_each_other(
	world, deduplicating, submit_at_once
):
	answers, lock_waits = submit_at_once([{"mode": "succeed", "n": n} for n in range(SUBMITTERS)])
	assert len({answer["job_ids"][0] for answer in answers}) == SUBMITTERS
	assert lock_waits == 0


@pytest.mark.parametrize(
	("limit", "error"), [("rate_limit", "RateLimitExceededError"), ("queue_limit", "QueueFullError")]
)
def test_of_fifty_submitters_at_once_a_limit_lets_in_as_many_as_it_says(
	world, deduplicating, request, submit_at_once, limit, error
):
	allowed = request.getfixturevalue(limit)
	answers, _lock_waits = submit_at_once([{"mode": "succeed", "n": n} for n in range(SUBMITTERS)])
	refused = [answer for answer in answers if "job_ids" not in answer]
	assert refused == [{"error": error}] * (SUBMITTERS - allowed)
	assert counted(world, "Pending", "Queued") == allowed


@pytest.mark.parametrize("limit", ["rate_limit", "queue_limit"])
def test_of_bulks_at_once_those_that_fit_are_accepted_whole(world, request, submit_at_once, limit):
	allowed = request.getfixturevalue(limit)
	answers, _lock_waits = submit_at_once([[{"n": n}, {"n": -n}] for n in range(1, 11)])
	accepted = [answer["job_ids"] for answer in answers if "job_ids" in answer]
	assert [len(job_ids) for job_ids in accepted] == [2] * (allowed // 2)
	assert counted(world, "Pending", "Queued") == 2 * (allowed // 2)


# --- one organization with many jobs


def test_ten_thousand_waiting_jobs_of_one_organization_do_not_hold_up_another(world):
	submit_many(world.alice, world.alpha, 10_000)
	assert (counted(world, "Queued"), counted(world, "Pending")) == (100, 9_900)
	with acting_as(world.bob):
		job = submit_job(OBLIGING, world.beta, {"mode": "succeed"})
		frappe.db.commit()
	assert frappe.db.get_value("Background Job", job.name, "status") == "Queued"
	ahead = [rq_job.id for rq_job in queued_wake_ups("default")]
	assert len(ahead) == 101
