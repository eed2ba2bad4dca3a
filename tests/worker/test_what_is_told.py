"""What handlers, parameters and people say is stored, sent and logged as plain text without secrets."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frappe
import pytest
from factories import OBLIGING, acting_as, changed, end, state, submit, submit_as

from dartwing.dartwing_core.background_jobs import error_log, submit_job
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.announcing.transition_log import LOGGER
from dartwing.tests.saying import ODD_REPORTS

SCRIPT = "<img src=x onerror=\"window.__canary='x'\">"
SECRET = "sk/live+h4 r&2"
TAG = re.compile(r"<[a-zA-Z/!?]")


def stored(job: str) -> frappe._dict:
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", job, "*", as_dict=True)


def messages(job: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Job Execution Log", {"background_job": job}, order_by="name", pluck="message")


def test_tags_of_a_message_do_not_reach_whoever_is_told_of_it(world, work):
	job = submit(mode="say", how="throw", text="Row 1: <strong>X</strong> not found")
	work()
	assert state(job.name)["error_message"] == "Row 1: X not found"
	assert messages(job.name)[-1] == "Row 1: X not found"


def test_a_missing_permission_is_named_where_frappe_raises_it_without_words(world, work):
	jobs = [
		submit(mode="say", how=how, password="hunter22") for how in ("be_refused", "be_refused_by_an_app")
	]
	work()
	assert [state(job.name)["error_message"] for job in jobs] == [
		"PermissionError: No permission for Job Type",
		f"PermissionError: No {MASK} for ‹img src=x>",
	]


@pytest.mark.parametrize("text", ["a < b", "1<2 & 3>2", 'José 😀 "q"'])
def test_a_text_that_only_looks_a_little_like_a_tag_is_kept(world, work, text):
	job = submit(mode="say", how="give_up", text=text)
	work()
	assert state(job.name)["error_message"] == text


def test_a_script_in_a_parameter_of_an_export_is_no_markup_in_what_is_stored(world, work):
	job = submit_as(world.alice, "data_export", world.alpha, {"doctype": SCRIPT})
	work()
	row = stored(job.name)
	assert row.status == "Dead Letter"
	# it can still be read what was asked for
	assert "‹img src=x" in row.error_message
	assert not [text for text in (row.error_message, *messages(job.name)) if TAG.search(text or "")]


@pytest.mark.parametrize("how", ["throw", "give_up", "report"])
def test_what_a_handler_says_is_no_markup_in_what_is_stored(world, work, how):
	job = submit(mode="say", how=how, text=f'"><svg onload="x">&lt;img src=x&gt;{SCRIPT}')
	work()
	row = stored(job.name)
	said = [row.error_message, row.progress_message, *messages(job.name)]
	assert any("‹svg" in (text or "") for text in said)
	assert not [text for text in said if TAG.search(text or "")]


def test_a_result_is_the_same_json_without_markup_in_it(world, work):
	job = submit(mode="describe_context", text=SCRIPT)
	work()
	assert state(job.name)["result"]["parameters"]["text"] == SCRIPT
	assert "<" not in stored(job.name).result


@pytest.mark.parametrize("number", range(len(ODD_REPORTS)))
def test_no_report_of_progress_fails_a_job(world, work, number):
	job = submit(mode="say", how="report_oddly", number=number)
	work()
	end = state(job.name)
	assert (end["status"], end["retry_count"]) == ("Completed", 0)
	message = end["progress_message"]
	assert message
	assert len(message) <= 255


@pytest.mark.parametrize(
	("how", "name"), [("return_half_a_pair", "result"), ("submit_half_a_pair", "parameters")]
)
def test_half_a_surrogate_pair_is_refused_by_name_and_not_retried(world, work, how, name):
	job = submit(mode="say", how=how)
	work()
	end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Dead Letter", "Permanent")
	assert end["error_message"] == f"{name}: is not valid Unicode"


@pytest.mark.parametrize("parameters", [{"a": "caf\udce9"}, {"caf\udce9": 1}, {"a": [{"b": ["\ud83d"]}]}])
def test_parameters_with_half_a_surrogate_pair_are_refused_where_they_are_given(world, parameters):
	with (
		acting_as(world.alice),
		pytest.raises(frappe.ValidationError, match=r"^parameters: is not valid Uni"),
	):
		submit_job(OBLIGING, world.alpha, parameters)


@pytest.mark.parametrize(
	"reference", ["javascript:alert(1)", "//evil.example", "/private/files/../../x", "User/a", "x" * 300]
)
def test_an_output_that_is_neither_a_file_nor_an_address_is_refused_by_name(world, work, reference):
	job = submit(mode="say", how="refer", text=reference)
	work()
	end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Dead Letter", "Permanent")
	assert end["error_message"].startswith("output_reference: ")
	assert end["output_reference"] is None


@pytest.mark.parametrize("reference", ["https://x.example/?k=hunter2", "/private/files/for hunter2.csv"])
def test_a_reference_that_holds_a_secret_is_no_output(world, work, reference):
	job = submit(mode="say", how="refer", text=reference, api_key="hunter2")
	work()
	end = state(job.name)
	assert (end["status"], end["error_type"]) == ("Dead Letter", "Permanent")
	assert end["error_message"].startswith("output_reference: ")
	assert "hunter2" not in json.dumps(end)


@pytest.fixture
def log_file(runtime) -> Callable[[str], str]:
	def lines_of(job: str) -> str:
		path = Path(runtime.sites_path) / runtime.site / "logs" / f"{LOGGER}.log"
		return "\n".join(line for line in path.read_text().splitlines() if job in line)

	return lines_of


@pytest.mark.parametrize("fails", [0, 1])
def test_the_value_of_a_masked_parameter_is_in_no_text(world, work, log_file, fails):
	with changed("Job Type", OBLIGING, notify_owner="Always", max_retries=0):
		login = {"user": "ann", "api_key": SECRET}
		job = submit(mode="say", how="tell_the_secret", login=login, fails=fails).name
		work()
	row = stored(job)
	assert row.status == ("Dead Letter" if fails else "Completed")
	notices = frappe.get_all("Notification Log", {"document_name": job}, ["subject", "email_content"])
	assert len(notices) == 1
	# the handler got it, and its next attempt finds what it kept
	assert SECRET in json.loads(row.input_parameters)["login"]["api_key"]
	assert SECRET in json.loads(row.checkpoint)["next"]
	seen = frappe.get_doc("Background Job", job)
	seen.apply_fieldlevel_read_permissions()
	said: list[Any] = [
		*(value for field, value in row.items() if field not in ("input_parameters", "checkpoint")),
		*messages(job),
		*(text for notice in notices for text in notice.values()),
		log_file(job),
		seen.input_parameters,
		seen.checkpoint,
	]
	found = [
		text for text in said if any(part in str(text) for part in ("sk/live", "sk%2F", "h4 r", "h4%20r"))
	]
	assert found == []
	assert MASK in row.progress_message
	assert row.progress_message.startswith("asks with ")
	if fails:
		assert f"https://api.example/v1?key={MASK}&page=2" in row.error_message
		assert f"key={MASK}&page=2" in row.error_traceback
		assert json.dumps(MASK)[1:-1] in log_file(job)
	else:
		assert json.loads(row.result) == {"asked": f"with {MASK}", "pages": 2}


def test_what_is_sent_of_a_job_has_its_texts_as_they_are_stored(world, monkeypatch):
	sent: list[dict] = []
	publish_all = "dartwing.dartwing_core.background_jobs.announcing.realtime.publish_all"
	monkeypatch.setattr(publish_all, lambda _event, messages: sent.extend(one for _room, one in messages))
	job = submit(text=SCRIPT, api_key="hunter2").name
	end(job, "Dead Letter", error_message=f"{SCRIPT} hunter2 <b>x</b>", message="hunter2")
	(event,) = [one for one in sent if one["to_status"] == "Dead Letter"]
	assert event["error_message"] == stored(job).error_message
	assert not TAG.search(event["error_message"])
	assert event["error_message"].endswith(f"{MASK} x")


def test_an_error_of_the_engine_is_recorded_without_the_values_of_variables(world):
	parameters = {"api_key": SECRET}
	try:
		raise ValueError(f"{SCRIPT} {len(parameters)}")
	except ValueError:
		error_log.record(f"{SCRIPT} " + "x" * 200)
	recorded = {"method": ("like", "dartwing: %img src=x%")}
	(entry,) = frappe.get_all("Error Log", recorded, ["method", "error"], limit_page_length=1)
	frappe.db.delete("Error Log", recorded)
	frappe.db.commit()
	assert len(entry.method) <= 140
	assert not TAG.search(entry.method)
	assert "ValueError" in entry.error
	assert SECRET not in entry.error
