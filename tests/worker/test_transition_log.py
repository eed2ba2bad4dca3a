"""One line of JSON for each committed transition, and none for what was undone."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import frappe
import pytest
from factories import OBLIGING, acting_as, end, state, submit
from frappe.utils.background_jobs import create_job_id

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.announcing.transition_log import LOGGER

SUBMIT = "dartwing.dartwing_core.api.jobs.submit_job"
KEYS = [
	"time",
	"job",
	"type",
	"organization",
	"priority",
	"attempt",
	"from",
	"to",
	"seconds",
	"actor",
	"message",
	"worker",
	"rq_job_id",
	"by_rq_job_id",
	"by_request_id",
]


@pytest.fixture
def lines(runtime, clean) -> Callable[[], list[dict[str, Any]]]:
	"""The lines that were written since the test began."""
	folder = Path(runtime.sites_path) / runtime.site / "logs"
	began = f"{datetime.now():%Y-%m-%d %H:%M:%S,%f}"[:-3]

	def read() -> list[dict[str, Any]]:
		texts: list[str] = []
		# a process that finds the file full begins another one
		for path in (folder / f"{LOGGER}.log.1", folder / f"{LOGGER}.log"):
			texts += path.read_text().splitlines() if path.exists() else []
		ours = [text for text in texts if text[: len(began)] >= began]
		assert all(f" INFO {LOGGER} " in text for text in ours)
		return [json.loads(text.partition(f" INFO {LOGGER} ")[2]) for text in ours]

	return read


def steps(lines: list[dict[str, Any]], job: str) -> list[tuple[str | None, str]]:
	return [(line["from"], line["to"]) for line in lines if line["job"] == job]


def test_a_line_says_what_became_of_which_job(lines, world, work):
	job = submit()
	work()
	assert state(job.name)["status"] == "Completed"
	written = [line for line in lines() if line["job"] == job.name]
	assert steps(written, job.name) == [
		(None, "Pending"),
		("Pending", "Queued"),
		("Queued", "Running"),
		("Running", "Completed"),
	]
	assert [list(line) for line in written] == [KEYS] * 4
	first, _queued, running, completed = written
	assert (first["actor"], first["organization"], first["type"]) == (world.alice, world.alpha, OBLIGING)
	assert (first["priority"], first["attempt"], first["seconds"]) == ("Normal", 0, 0)
	assert (running["attempt"], completed["attempt"]) == (1, 1)
	assert running["seconds"] > 0
	assert running["time"] < completed["time"]
	assert completed["actor"] == completed["worker"] == running["worker"]
	# as the worker's own log names it
	assert completed["rq_job_id"].startswith(create_job_id(f"{job.name}-"))
	assert completed["by_rq_job_id"] == completed["rq_job_id"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_line_has_the_time_of_this_host_whatever_zone_the_handler_has_set(lines, runtime, work, fails):
	log = Path(runtime.sites_path) / runtime.site / "logs" / f"{LOGGER}.log"
	# a site of the same name may have had a job of the same name before
	begin = log.stat().st_size if log.exists() else 0
	job = submit(mode="leave_a_mess", fails=fails)
	work()
	assert steps(lines(), job.name)[-1] == ("Running", "Failed" if fails else "Completed")
	written = [text for text in log.read_bytes()[begin:].decode().splitlines() if job.name in text]
	assert len(written) == 4
	assert written[-1] < f"{datetime.now() + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"


def test_a_handler_that_configures_logging_turns_no_line_off(lines, world, work):
	silent, following = submit(mode="silence_the_logs"), submit(n=2)
	work()
	for job in (silent, following):
		assert steps(lines(), job.name) == [
			(None, "Pending"),
			("Pending", "Queued"),
			("Queued", "Running"),
			("Running", "Completed"),
		]


def test_what_is_not_committed_is_not_logged(lines, world):
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		assert steps(lines(), job.name) == []
		frappe.db.rollback()
		frappe.db.commit()
	assert lines() == []


def test_what_was_undone_to_a_savepoint_is_not_logged(lines, world):
	with acting_as(world.alice):
		kept = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.savepoint("here")
		undone = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.rollback(save_point="here")
		frappe.db.commit()
	assert steps(lines(), kept.name) == [(None, "Pending"), ("Pending", "Queued")]
	assert steps(lines(), undone.name) == []


def test_a_transition_that_lost_its_race_is_not_logged(lines):
	job = submit()
	end(job.name, "Canceled")
	# as it was before it was canceled
	stale = frappe.get_doc("Background Job", job.name)
	stale.status = "Queued"
	with pytest.raises(frappe.ValidationError):
		stale.transition_to("Running", actor="a worker")
	frappe.db.commit()
	assert steps(lines(), job.name)[-1] == ("Queued", "Canceled")


def test_a_request_is_found_by_its_id(lines, web, world):
	client = web.login(world.alice)
	client.headers["X-Frappe-Request-Id"] = "a-request-of-a-test"
	answer = client.call(SUBMIT, job_type=OBLIGING, organization=world.alpha, parameters={"mode": "succeed"})
	job = answer.json()["message"]["job_id"]
	(submitted,) = [line for line in lines() if line["job"] == job and line["to"] == "Pending"]
	assert submitted["by_request_id"] == "a-request-of-a-test"
	assert submitted["by_rq_job_id"] is None


def test_a_process_writes_on_in_the_file_that_is_current_now(runtime, lines, world):
	"""Another process found the file full and put it away, where it is deleted one day."""
	submit()
	folders = Path(runtime.sites_path).parent, Path(runtime.sites_path) / runtime.site
	logs = [folder / "logs" / f"{LOGGER}.log" for folder in folders]
	for log in logs:
		log.rename(log.with_name(f"{LOGGER}.log.1"))
	job = submit()
	assert all(job.name in log.read_text() for log in logs)
	assert steps(lines(), job.name)[0] == (None, "Pending")


def test_lines_can_be_switched_off(lines, monkeypatch):
	monkeypatch.setitem(frappe.local.conf, "dartwing_log_transitions", 0)
	submit()
	assert lines() == []
