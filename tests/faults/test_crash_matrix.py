"""kill -9 at every point of a job's life: it ends all the same, and its effects count once."""

import os
import time
from pathlib import Path
from subprocess import Popen

import frappe
import psutil
import pytest
from factories import (
	RETRIED,
	acting_as,
	people_written,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from processes import (
	clean_rqs_registry,
	horse_of,
	kill,
	let_rqs_patience_run_out,
	rq_job_of,
	ticking,
)

from dartwing.dartwing_core.background_jobs.database.job_files import parts_folder
from dartwing.dartwing_core.background_jobs.upkeep import retention

MARKER = "written by a test"
WRITES = {"mode": "write_people", "marker": MARKER, "people": 2}
SLEEPS = {"mode": "write_people_and_sleep_once", "marker": MARKER, "people": 2, "seconds": 600}

pytestmark = pytest.mark.usefixtures("impatient")

BEFORE_THE_COMMIT = {
	"after the claim": "before executor.perform",
	"between the handler's return and its record": "before executor.settle",
	"between the record and the commit": "before execution.settlement.as_own_connection",
}
AFTER_THE_COMMIT = {
	"before what follows from the commit": "before execution.errands.do",
	"in the middle of what follows": "before dispatch.dependencies.parents_ended",
	"before RQ's acknowledgement": "after executor.settle",
}
UNDISTURBED = [
	(None, "Pending"),
	("Pending", "Queued"),
	("Queued", "Running"),
	("Running", "Completed"),
]
DEATHS = ["kill_horse", "kill_worker_and_horse"]


def points(of: dict[str, str]):
	return pytest.mark.parametrize("point", of.values(), ids=of.keys())


def is_completed(job_id: str):
	return lambda: state(job_id)["status"] == "Completed"


def died_once_and_completed(job_id: str) -> bool:
	row = frappe.db.get_value("Background Job", job_id, ["worker_deaths", "retry_count"], as_dict=True)
	assert transitions(job_id) == RETRIED
	assert (row.worker_deaths, row.retry_count) == (1, 0)
	assert people_written() == 2
	return True


# --- the submitter dies


def only_job(organization: str) -> str | None:
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", {"organization": organization}, "name")


def test_a_submitter_killed_before_its_commit_leaves_nothing(world, processes, tick):
	submitter = processes.stopped_submitter("after engine.submit_job", world.alice, world.alpha, **WRITES)
	kill(submitter.pid)
	tick()
	assert only_job(world.alpha) is None
	assert queued_wake_ups("default") == []


@pytest.mark.parametrize(
	("point", "slots"),
	[
		# straight to the queue, and by the dispatcher: so few slots are left to its turns
		("before announcing.realtime.publish_all", 100),
		("before dispatch.wake_ups.push_all", 100),
		("before dispatch.dispatcher.dispatch", 10),
		("before dispatch.wake_ups.push_all", 10),
	],
)
def test_a_job_whose_submitter_was_killed_between_commit_and_push_is_pushed(
	world, processes, tick, work, window, point, slots
):
	window(slots)
	submitter = processes.stopped_submitter(point, world.alice, world.alpha, **WRITES)
	kill(submitter.pid)
	job_id = only_job(world.alpha)
	assert queued_wake_ups("default", job_id) == []
	tick()
	assert len(queued_wake_ups("default", job_id)) == 1
	work()
	assert state(job_id)["status"] == "Completed"
	assert people_written() == 2


# --- the worker dies


@points(BEFORE_THE_COMMIT)
@pytest.mark.parametrize("death", DEATHS)
def test_a_job_whose_worker_died_before_the_commit_runs_again(world, processes, tick, death, point):
	worker = processes.stopped_worker(point)
	job = submit(**WRITES)
	getattr(worker, death)()
	assert people_written() == 0
	if death == "kill_worker_and_horse":
		let_rqs_patience_run_out(job.name)
		processes.worker()
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert died_once_and_completed(job.name)


@points(AFTER_THE_COMMIT)
@pytest.mark.parametrize("death", DEATHS)
def test_a_job_whose_worker_died_after_the_commit_stays_completed(world, processes, tick, death, point):
	job = submit(**WRITES)
	child = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, depends_on=job.name)
	worker = processes.stopped_worker(point)
	getattr(worker, death)()
	assert state(job.name)["status"] == "Completed"
	if death == "kill_worker_and_horse":
		let_rqs_patience_run_out(job.name)
		processes.worker()
	wait_until(ticking(is_completed(child.name), tick), "its child runs")
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


def test_an_equal_job_is_let_in_although_the_key_was_never_released(world, processes):
	frappe.get_doc("Job Type", "obliging_job").db_set("deduplication_window", 300)
	frappe.db.commit()
	frappe.clear_document_cache("Job Type", "obliging_job")
	try:
		job = submit(**WRITES)
		processes.stopped_worker("before dispatch.equal_jobs.release").kill_worker_and_horse()
		assert state(job.name)["status"] == "Completed"
		assert frappe.db.get_value("Background Job", job.name, "deduplication_key")
		assert submit(**WRITES).name != job.name
	finally:
		frappe.get_doc("Job Type", "obliging_job").db_set("deduplication_window", 0)
		frappe.db.commit()
		frappe.clear_document_cache("Job Type", "obliging_job")


def test_a_horse_killed_in_its_handler_is_replaced(world, processes, tick):
	worker = processes.worker()
	job = submit(**SLEEPS)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	kill(horse_of(worker))
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert died_once_and_completed(job.name)


@pytest.mark.parametrize("code", [0, 3])
def test_a_handler_that_leaves_its_process_without_a_word_has_died(world, processes, tick, code):
	"""`os._exit`, as foreign code calls it: RQ takes the code 0 for a good end."""
	worker = processes.worker()
	job = submit(**{**WRITES, "mode": "leave_the_process"}, code=code)
	wait_until(lambda: has_left_its_process(job.name, worker), "the horse has left")
	let_rqs_patience_run_out(job.name)
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert died_once_and_completed(job.name)


def has_left_its_process(job_id: str, worker: Popen) -> bool:
	frappe.db.rollback()
	has_begun = frappe.db.get_value("Background Job", job_id, "checkpoint")
	return bool(has_begun and not psutil.Process(worker.pid).children())


def test_a_worker_killed_with_its_horse_is_replaced(world, processes, tick):
	worker = processes.worker()
	job = submit(**SLEEPS)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	horse = horse_of(worker)
	kill(worker.pid)
	kill(horse)
	let_rqs_patience_run_out(job.name)
	processes.worker()
	wait_until(ticking(is_completed(job.name), tick), "the job runs again")
	assert died_once_and_completed(job.name)


def test_a_wake_up_taken_off_its_queue_by_a_worker_that_died_before_the_claim_is_pushed_again(
	world, processes, tick
):
	worker = processes.stopped_worker("before executor.claim")
	job = submit(**WRITES)
	worker.kill_worker_and_horse()
	assert state(job.name)["status"] == "Queued"
	let_rqs_patience_run_out(job.name)
	processes.worker()
	wait_until(ticking(is_completed(job.name), tick), "the job runs")
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


@pytest.mark.parametrize("mode", ["sleep_always", "stay_at_a_page"])
def test_a_job_that_kills_its_worker_three_times_is_a_dead_letter(world, processes, tick, mode):
	"""Also one that keeps the same checkpoint each time: that is no progress."""
	worker = processes.worker()
	job = submit(mode=mode, marker=MARKER, people=2, seconds=600)
	for death in (1, 2, 3):
		make_its_retry_due(job.name)
		wait_until(ticking(lambda: is_at_work(job.name), tick), "the handler is at work")
		kill(horse_of(worker))
		wait_until(ticking(lambda: deaths_of(job.name) == death, tick), "the death was noticed")  # noqa: B023
	end = state(job.name)
	assert (end["status"], end["error_type"], end["retry_count"]) == ("Dead Letter", "Permanent", 0)
	assert "3 workers died" in end["error_message"]
	assert people_written() == 0


def is_at_work(job_id: str) -> bool:
	now = state(job_id)
	return now["status"] == "Running" and now["progress"] == 50


def test_a_job_that_gets_on_between_the_deaths_of_its_workers_is_no_poison_pill(world, processes, tick):
	"""As one that runs for days, through three deployments, and keeps its checkpoints."""
	worker = processes.worker()
	job = submit(mode="turn_pages", pages=4)
	for page in (1, 2, 3):
		make_its_retry_due(job.name)
		wait_until(ticking(lambda: page_of(job.name) == page, tick), "the handler is at its page")  # noqa: B023
		kill(horse_of(worker))
	wait_until(ticking(is_completed(job.name), tick), "the job comes to its end")
	assert transitions(job.name).count(("Running", "Failed")) == 3
	assert deaths_of(job.name) == 0


def page_of(job_id: str) -> int:
	frappe.db.rollback()
	checkpoint = frappe.db.get_value("Background Job", job_id, "checkpoint")
	return frappe.parse_json(checkpoint)["page"] if checkpoint else 0


def deaths_of(job_id: str) -> int:
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", job_id, "worker_deaths")


def make_its_retry_due(job_id: str) -> None:
	frappe.db.rollback()
	frappe.db.sql(
		"update `tabBackground Job` set ready_at = '2026-01-01' where name = %s and status = 'Failed'",
		(job_id,),
	)
	frappe.db.commit()


def test_an_orphaned_horse_finishes_its_job_undisturbed(world, processes, tick):
	"""The worker dies alone: its horse goes on, shows that it lives, and nobody else takes the job."""
	worker = processes.worker()
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=6)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	horse = horse_of(worker)
	kill(worker.pid)
	try:
		let_rqs_patience_run_out(job.name)
		clean_rqs_registry(job.name)
		assert rq_job_of(job.name).get_status() == "failed"
		processes.worker()
		wait_until(ticking(is_completed(job.name), tick), "the horse finishes")
	finally:
		kill(horse)
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


def test_a_job_whose_worker_is_canceled_by_hand_in_rq_stays_with_its_horse(world, processes, tick):
	processes.worker()
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=3)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	rq_job_of(job.name).cancel()
	wait_until(ticking(is_completed(job.name), tick), "the handler ends")
	assert transitions(job.name) == UNDISTURBED


def test_a_second_wake_up_that_ends_first_does_not_make_the_running_job_look_dead(world, processes, tick):
	"""Two schedulers may push the same job; or a Redis comes back with what it knew before."""
	for _ in range(2):
		processes.worker()
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=5)
	wait_until(lambda: state(job.name)["progress"] == 50, "the handler is at work")
	with acting_as("Administrator"):
		frappe.enqueue(
			"dartwing.dartwing_core.background_jobs.executor.execute_job",
			background_job_id=job.name,
			job_id=frappe.db.get_value("Background Job", job.name, "rq_job_id"),
		)
	wait_until(lambda: rq_job_of(job.name).get_status() == "finished", "the second wake-up ends")
	wait_until(ticking(is_completed(job.name), tick), "the handler ends")
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


# --- files


def test_the_file_of_an_export_killed_before_its_commit_is_found_by_the_cleanup(world, processes, work):
	worker = processes.stopped_worker("before executor.settle")
	killed = submit_as(world.alice, "data_export", world.alpha, {"doctype": "Organization"})
	worker.kill_worker_and_horse()
	let_rqs_patience_run_out(killed.name)
	parameters = {"doctype": "Organization", "fields": ["name"]}
	completed = submit_as(world.alice, "data_export", world.alpha, parameters)
	work()
	retention.daily_cleanup()
	assert len(exported_files(killed.name)) == len(exported_files(completed.name)) == 1
	long_ago = time.time() - 8 * 24 * 60 * 60
	for left in parts_folder().iterdir():
		os.utime(left, (long_ago, long_ago))
	retention.daily_cleanup()
	assert exported_files(killed.name) == []
	assert len(exported_files(completed.name)) == 1
	assert list(parts_folder().iterdir()) == []


def exported_files(job_id: str) -> list[Path]:
	return list(Path(frappe.get_site_path("private", "files")).glob(f"organization-{job_id}-*.csv"))
