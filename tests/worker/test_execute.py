"""Jobs run by a stock worker that forks, over real Redis and MariaDB."""

import frappe
import pytest
from factories import (
	HANDLER,
	OBLIGING,
	acting_as,
	make_job_type,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from frappe.utils.background_jobs import get_job

from dartwing.dartwing_core.background_jobs import executor, submit_job
from dartwing.dartwing_core.background_jobs.execution.context import key_of
from dartwing.dartwing_core.background_jobs.execution.errands import Errands

MARKER = "written by a test"


def people_written() -> int:
	frappe.db.rollback()
	return frappe.db.count("Person", {"first_name": ("like", f"{MARKER}%")})


def test_a_job_runs_to_its_end(world, work):
	job = submit()
	work()
	end = state(job.name)
	assert end["status"] == "Completed"
	assert end["progress"] == 100
	assert end["result"] == {"user": world.alice, "attempt": 1}
	assert transitions(job.name) == [
		(None, "Pending"),
		("Pending", "Queued"),
		("Queued", "Running"),
		("Running", "Completed"),
	]


def test_the_handler_gets_what_the_submitter_gave(world, work):
	job = submit(mode="describe_context", page=7)
	work()
	end = state(job.name)
	assert end["result"] == {
		"job_id": job.name,
		"job_type": OBLIGING,
		"organization": world.alpha,
		"owner": world.alice,
		"parameters": {"mode": "describe_context", "page": 7},
		"attempt": 1,
		"timeout_seconds": 300,
		"checkpoint": None,
		"is_dry_run": False,
		"idempotency_key": key_of(
			frappe.local.site, job.name, frappe.db.get_value("Background Job", job.name, "creation")
		),
	}
	assert end["output_reference"] == "/private/files/nothing.txt"


def test_the_log_names_the_worker(world, work):
	job = submit()
	work()
	row = frappe.db.get_value(
		"Background Job", job.name, ["worker_name", "attempt_id", "rq_job_id"], as_dict=True
	)
	actors = frappe.get_all(
		"Job Execution Log", {"background_job": job.name}, order_by="timestamp asc", pluck="actor"
	)
	assert row.worker_name
	assert len(row.attempt_id) == 32
	assert row.rq_job_id.startswith(job.name)
	assert actors == [world.alice, "Dispatcher", row.worker_name, row.worker_name]


def test_what_the_handler_wrote_is_there_when_it_returns(world, work):
	job = submit(mode="write_people", marker=MARKER, people=3)
	work()
	assert state(job.name)["status"] == "Completed"
	assert people_written() == 3


@pytest.mark.parametrize(
	("mode", "status", "error_type", "message"),
	[
		("write_people_and_raise", "Failed", "Transient", "after writing"),
		("raise_unknown", "Failed", "Transient", "unknown"),
		("raise_permanent", "Dead Letter", "Permanent", "of no use"),
		("raise_validation", "Dead Letter", "Permanent", "not like this"),
		("leave_a_name_out", "Dead Letter", "Permanent", "MandatoryError: "),
		("want_a_parameter", "Failed", "Transient", "KeyError: 'colour'"),
		("return_nonsense", "Dead Letter", "Permanent", "output_reference"),
		("return_a_dict_as_reference", "Dead Letter", "Permanent", "output_reference: must be a file"),
		("return_what_is_too_deep", "Dead Letter", "Permanent", "result: is nested too deeply"),
		("keep_what_is_too_deep", "Dead Letter", "Permanent", "checkpoint: is nested too deeply"),
	],
)
def test_a_failure_undoes_the_handlers_writes_and_is_explained(
	world, work, mode, status, error_type, message
):
	job = submit(mode=mode, marker=MARKER, people=3)
	work()
	end = state(job.name)
	assert (end["status"], end["error_type"]) == (status, error_type)
	assert message in end["error_message"]
	assert bool(end["next_retry_at"]) == (status == "Failed")
	assert "Traceback" in frappe.db.get_value("Background Job", job.name, "error_traceback")
	assert people_written() == 0


def test_without_retries_left_a_failure_is_a_dead_letter(world, work):
	job = submit(mode="raise_unknown")
	frappe.db.set_value("Background Job", job.name, "max_retries", 0)
	frappe.db.commit()
	work()
	assert transitions(job.name)[-2:] == [("Running", "Failed"), ("Failed", "Dead Letter")]


def test_a_second_attempt_starts_from_the_checkpoint(world, work, runtime):
	job = submit(mode="checkpoint_and_raise")
	work()
	assert state(job.name)["status"] == "Failed"
	frappe.db.set_value("Background Job", job.name, "ready_at", "2026-01-01")
	frappe.db.commit()
	runtime.run(*runtime.on_site("execute", "dartwing.dartwing_core.background_jobs.scheduler.tick"))
	work()
	end = state(job.name)
	assert end["status"] == "Completed"
	assert end["result"] == {"page": 7}
	assert end["retry_count"] == 1


def test_the_idempotency_key_is_the_same_in_every_attempt(world, work, runtime):
	job = submit(mode="tell_the_key")
	work()
	retry_now(job.name, runtime)
	work()
	end = state(job.name)
	assert (end["status"], end["retry_count"]) == ("Completed", 1)
	assert end["result"]["first"] == end["result"]["second"]
	assert end["result"]["first"].startswith(job.name)


def retry_now(job_id: str, runtime) -> None:
	frappe.db.set_value("Background Job", job_id, "ready_at", "2026-01-01")
	frappe.db.commit()
	runtime.run(*runtime.on_site("execute", "dartwing.dartwing_core.background_jobs.scheduler.tick"))


@pytest.mark.parametrize(
	"handler", ["dartwing.tests.handlers.not_yet_here", "dartwing.tests.not_yet_here.handler"]
)
def test_a_handler_that_is_newer_than_the_workers_code_is_retried_until_the_workers_have_it(
	world, work, runtime, handler
):
	job_type = make_job_type("newer_job")
	frappe.db.commit()
	job = submit_as(world.alice, "newer_job", world.alpha, {"mode": "succeed"})
	let_it_be_handled_by(job_type, handler)
	try:
		work()
		end = state(job.name)
	finally:
		let_it_be_handled_by(job_type, HANDLER)
	assert (end["status"], end["error_type"]) == ("Failed", "Transient")
	assert handler in end["error_message"]
	assert "restart the workers" in end["error_message"]
	assert "<" not in end["error_message"]
	retry_now(job.name, runtime)
	work()
	assert (state(job.name)["status"], state(job.name)["retry_count"]) == ("Completed", 1)


def let_it_be_handled_by(job_type, handler: str) -> None:
	"""As code saved it that this process does not have."""
	frappe.db.set_value("Job Type", job_type.name, "handler_method", handler)
	frappe.db.commit()


def test_a_wake_up_of_a_job_undone_to_a_savepoint_ends_quietly(world, work):
	frappe.db.savepoint("before_job")
	undone = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
	frappe.enqueue(
		"dartwing.dartwing_core.background_jobs.executor.execute_job",
		background_job_id=undone.name,
		job_id=f"{undone.name}-undone",
		enqueue_after_commit=True,
	)
	frappe.db.rollback(save_point="before_job")
	frappe.db.commit()
	wake_ups = queued_wake_ups("default", undone.name)
	assert len(wake_ups) == 1
	work()
	assert wake_ups[0].get_status(refresh=True) == "finished"
	assert not frappe.db.exists("Background Job", undone.name)


def test_two_wake_ups_of_one_job_run_it_once(world, work):
	job = submit(mode="write_people", marker=MARKER, people=1)
	frappe.enqueue(
		"dartwing.dartwing_core.background_jobs.executor.execute_job",
		background_job_id=job.name,
		job_id=f"{job.name}-again",
	)
	work()
	assert state(job.name)["status"] == "Completed"
	assert people_written() == 1


@pytest.mark.parametrize("mode", ["sleep", "shrug_off_the_timeout", "translate_the_timeout"])
def test_a_timeout_stops_the_handler_whatever_it_makes_of_it(world, work, mode):
	job = submit(mode=mode, seconds=30)
	frappe.db.set_value("Background Job", job.name, "timeout_seconds", 1)
	frappe.db.commit()
	work()
	end = state(job.name)
	assert end["status"] == "Timed Out"
	assert end["next_retry_at"]


def test_a_member_who_left_does_not_run(world, work):
	job = submit()
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	frappe.db.set_value("Org Member", {"person": person}, "status", "Inactive")
	frappe.db.commit()
	try:
		work()
		end = state(job.name)
	finally:
		frappe.db.set_value("Org Member", {"person": person}, "status", "Active")
		frappe.db.commit()
	assert end["status"] == "Dead Letter"
	assert end["error_message"] == "Permission denied"


def test_a_job_whose_permission_cannot_be_asked_for_ends_and_holds_up_no_other(world, work):
	make_job_type("test_of_a_gone_app", requires_permission="Job Type")
	with acting_as(world.manager):
		job = submit_job("test_of_a_gone_app", world.alpha, {"mode": "succeed"})
		frappe.db.commit()
	frappe.db.set_value("Job Type", "test_of_a_gone_app", "requires_permission", "Gone With Its App")
	frappe.db.commit()
	other = submit()
	work()
	assert state(job.name)["status"] == "Dead Letter"
	assert state(job.name)["error_message"].startswith("Permission denied: ")
	assert "Gone With Its App" in state(job.name)["error_message"]
	assert state(other.name)["status"] == "Completed"


def test_what_a_handlers_callback_runs_into_keeps_no_child_waiting(world, work):
	parent = submit(mode="raise_after_commit", marker=MARKER, people=2)
	child = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent.name)
	work()
	assert transitions(parent.name)[-1] == ("Running", "Completed")
	assert people_written() == 2
	assert state(child.name)["status"] == "Completed"


def test_jobs_of_a_suspended_organization_are_held(world, work):
	job = submit()
	frappe.db.set_value("Organization", world.alpha, "status", "Suspended")
	frappe.db.commit()
	try:
		work()
		held = state(job.name)
	finally:
		frappe.db.set_value("Organization", world.alpha, "status", "Active")
		frappe.db.commit()
	assert held["status"] == "Pending"
	assert transitions(job.name)[-1] == ("Queued", "Pending")


def test_a_cancel_is_seen_by_the_running_handler_and_keeps_nothing_it_wrote(world, worker):
	job = submit(mode="wait_for_cancel", marker=MARKER, people=2)
	wait_until(lambda: state(job.name)["status"] == "Running", "the job runs")
	doc = frappe.get_doc("Background Job", job.name)
	doc.transition_to("Canceled")
	frappe.db.commit()
	wake_up = queued_wake_ups("default", job.name)
	assert wake_up == []
	wait_until(lambda: rq_status(doc.rq_job_id) != "started", "the worker is free again")
	assert rq_status(doc.rq_job_id) == "finished"
	assert state(job.name)["status"] == "Canceled"
	assert people_written() == 0


def rq_status(rq_job_id: str) -> str:
	return get_job(rq_job_id).get_status(refresh=True)


def test_a_claimed_job_of_an_attempt_that_died_is_not_run_by_a_late_wake_up(world, work):
	job = frappe.get_doc("Background Job", submit(mode="write_people", marker=MARKER, people=1).name)
	job.transition_to("Running", attempt_id="somebody else's")
	frappe.db.commit()
	work()
	assert state(job.name)["status"] == "Running"
	assert people_written() == 0


def test_jobs_run_in_the_order_of_their_queues(world, work):
	started = {}
	with acting_as(world.alice):
		for priority in ("Low", "Normal", "Critical"):
			job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, priority=priority)
			frappe.db.commit()
			started[priority] = job.name
	work()
	order = sorted(started, key=lambda priority: state(started[priority])["started_at"])
	assert order == ["Critical", "Normal", "Low"]


def test_an_error_of_the_engine_leaves_it_without_the_variables_of_its_functions(world, monkeypatch):
	"""Frappe records those of all functions in the traceback, and parameters are among them."""

	def fail(self: Errands) -> None:
		_parameters = {"api_key": "hunter2hunter2"}
		raise ValueError("an errand failed")

	monkeypatch.setattr(Errands, "run", fail)
	job = submit()
	with pytest.raises(ValueError, match="an errand failed") as raised:
		executor.execute_job(job.name)
	of_the_engine = [one for one in raised.traceback if "dartwing_core" in str(one.path)]
	assert [one.name for one in of_the_engine] == ["execute_job"]
	frappe.db.rollback()
	recorded = {"method": f"dartwing: {job.name}: the engine failed"}
	(entry,) = frappe.get_all("Error Log", recorded, "error", limit_page_length=2)
	frappe.db.delete("Error Log", recorded)
	frappe.db.commit()
	assert "an errand failed" in entry.error
	assert "hunter2hunter2" not in entry.error
