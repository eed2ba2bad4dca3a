"""The handler's transaction is settled whole or not at all, whatever the handler made of its connection."""

import frappe
import pytest
from factories import MARKER, people_written, state, submit, transitions

from dartwing.dartwing_core.background_jobs.database import database_clock, times
from dartwing.dartwing_core.background_jobs.executor import execute_job

WRITES = {"marker": MARKER, "people": 2}


def met_people() -> list[str]:
	"""More rows than the handler writes: of two transactions that lock each other, that one is undone."""
	return [
		frappe.get_doc(doctype="Person", first_name=f"{MARKER} before: {number}").insert().name
		for number in range(30)
	]


@pytest.mark.parametrize("number", [0, 1213, 1020], ids=["a deadlock", "error 1213", "error 1020"])
def test_a_handler_that_goes_on_after_the_database_undid_its_writes_is_not_completed(world, number):
	names = met_people()
	job = submit(mode="go_on_after_a_deadlock", number=number, met=names, **WRITES)
	execute_job(job.name)
	end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Failed", "Transient")
	assert "the database undid what the handler had written" in end["error_message"]
	assert people_written() == len(names)


def test_the_engine_commits_although_the_handlers_commit_does_nothing(world):
	job = submit(mode="make_its_commit_do_nothing", **WRITES)
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert people_written() == 2


@pytest.mark.parametrize("lasts_seconds", [60, 0], ids=["known", "forgotten"])
def test_the_time_of_a_handlers_session_is_nobodys(world, monkeypatch, lasts_seconds):
	times.utc_now()
	monkeypatch.setattr(database_clock, "LASTS_SECONDS", lasts_seconds)
	job = submit(mode="set_the_time")
	execute_job(job.name)
	frappe.db.rollback()
	assert transitions(job.name)[-1] == ("Running", "Failed")
	ready_at, started_at = frappe.db.get_value("Background Job", job.name, ["ready_at", "started_at"])
	assert ready_at.year == started_at.year == times.utc_now().year


def test_progress_that_cannot_be_told_fails_nothing(world):
	job = submit(mode="report_what_cannot_be_told")
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"


def test_a_reference_is_the_text_that_was_checked(world):
	job = submit(mode="return_a_forged_reference")
	execute_job(job.name)
	assert state(job.name)["output_reference"] == "/private/files/nothing.txt"
