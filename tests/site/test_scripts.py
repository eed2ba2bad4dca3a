"""Job Types of kind Script: who writes them, where, and what a script may do of its job."""

import json

import frappe
import pytest
from factories import World, acting_as, make_job_type, people_written, purge, submit_as
from scheduled import jobs_of, make_schedule, set_due, start_due

from dartwing.dartwing_core.background_jobs import get_job_log, submit_job
from dartwing.dartwing_core.doctype.job_type import scripts

NAME = "a_script_of_tests"
GREET = """
for number, name in enumerate(context.parameters["names"]):
	person = frappe.get_doc(dict(doctype="Person", first_name="written by a test " + name))
	person.insert(ignore_permissions=True)
	context.update_progress(100 * (number + 1) / len(context.parameters["names"]), name)
context.result = {"people": len(context.parameters["names"]), "user": frappe.session.user}
"""


@pytest.fixture(autouse=True)
def _clean(clean):
	yield
	frappe.db.rollback()
	frappe.set_user("Administrator")
	remove()


def remove() -> None:
	purge("Job Type", NAME)
	frappe.clear_document_cache("Job Type", NAME)
	frappe.db.commit()


@pytest.fixture
def allowed(monkeypatch):
	"""As where common_site_config.json allows server scripts."""
	allow(monkeypatch, True)


def allow(monkeypatch, is_allowed: bool) -> None:
	monkeypatch.setattr(scripts.sandbox(), "is_safe_exec_enabled", lambda: is_allowed)


@pytest.fixture
def script_type(allowed):
	def make(script: str, **values):
		job_type = make_job_type(NAME, handler_method="", kind="Script", script=script, **values)
		frappe.db.commit()
		return job_type

	return make


@pytest.fixture
def ended(world, script_type, dartwing_jobs):
	"""A job of alice's with this script, as it ended."""

	def end(script: str, parameters: dict | None = None, until: float = 0, **values):
		script_type(script, **values)
		submit_as(world.alice, NAME, world.alpha, parameters or {})
		return dartwing_jobs.drain(until)[0]

	return end


# --- who, and where


def test_a_script_is_refused_where_the_site_allows_none(monkeypatch):
	allow(monkeypatch, False)
	with pytest.raises(frappe.ValidationError, match="server_script_enabled"):
		make_job_type(NAME, handler_method="", kind="Script", script="pass")


def test_sites_allow_none_by_default():
	assert not scripts.are_allowed()


@pytest.mark.parametrize("user", [World.alice, World.adam])
def test_only_system_managers_write_scripts_whatever_rights_others_are_lent(allowed, script_type, user):
	with acting_as(user), pytest.raises(frappe.PermissionError):
		make_job_type(NAME, handler_method="", kind="Script", script="pass")
	job_type = script_type("pass")
	with acting_as(user):
		with pytest.raises(frappe.PermissionError):
			frappe.get_doc("Job Type", NAME).update({"script": "context.result = 1"}).save()
		job_type.reload()
		with pytest.raises(frappe.PermissionError):
			job_type.update({"script": "context.result = 2"}).save(ignore_permissions=True)
	frappe.db.rollback()
	assert frappe.db.get_value("Job Type", NAME, "script") == "pass"


def test_a_system_manager_writes_scripts(allowed, world):
	with acting_as(world.manager):
		make_job_type(NAME, handler_method="", kind="Script", script="pass")


@pytest.mark.parametrize(
	("script", "words"),
	[
		("", "needs one"),
		("  \n", "needs one"),
		("if", "Script"),
		("context.__class__", "_"),
		("exec('1')", "xec"),
	],
)
def test_what_the_sandbox_does_not_take_is_refused_at_save(script_type, script, words):
	with pytest.raises(frappe.ValidationError, match=words):
		script_type(script)


def test_a_type_is_either_a_method_or_a_script(script_type):
	job_type = script_type("pass")
	assert not job_type.handler_method
	with pytest.raises(frappe.ValidationError, match="Handler Method"):
		job_type.update({"kind": "Method"}).save()
	job_type.reload()
	job_type.update({"kind": "Method", "handler_method": "dartwing.tests.handlers.obliging_handler"}).save()
	assert not job_type.script


# --- what a script does


def test_a_script_writes_reports_and_returns_as_the_owner(world, ended):
	job = ended(GREET, {"names": ["Ada", "Grace"]})
	assert (job.status, job.progress) == ("Completed", 100)
	assert json.loads(job.result) == {"people": 2, "user": world.alice}
	assert people_written() == 2


def test_what_a_failing_script_wrote_is_undone(ended):
	job = ended(GREET + "frappe.throw('no')", {"names": ["Ada"]})
	assert (job.status, job.error_type) == ("Dead Letter", "Permanent")
	assert "no" in job.error_message
	assert people_written() == 0


def test_an_unknown_error_is_tried_again(ended):
	assert ended("1 / 0").status == "Failed"


def test_a_script_cannot_commit(ended):
	job = ended(GREET + "frappe.db.commit()", {"names": ["Ada"]})
	assert job.status != "Completed"
	assert people_written() == 0


@pytest.mark.parametrize(
	"script",
	[
		"import os",
		"context.result = context.update_progress.__self__",
		"open('/etc/passwd')",
		"context.result = getattr(context, '_context')",
		"context.result = '{0._context}'.format(context)",
		"eval('1')",
	],
)
def test_a_script_does_not_leave_the_sandbox(script_type, world, dartwing_jobs, script):
	try:
		script_type(script)
	except frappe.ValidationError:
		return
	submit_as(world.alice, NAME, world.alpha, {})
	job = dartwing_jobs.drain()[0]
	assert job.status in ("Failed", "Dead Letter"), job.result
	assert not job.result


def test_a_script_logs(ended):
	job = ended("context.log('two rows', 'WARNING')")
	(line,) = get_job_log(job.name)["lines"]
	assert (line["level"], line["text"]) == ("WARNING", "two rows")


def test_steps_checkpoints_and_parents_work(ended):
	script = """
def first():
	return 41
context.save_checkpoint({"at": 1})
kept = context.step("first", first)
rows = [row for row in context.each("rows", [1, 2])]
context.result = [kept, rows, context.attempt, len(context.parents), context.is_canceled()]
"""
	assert json.loads(ended(script).result) == [41, [1, 2], 1, 0, False]


def test_a_step_is_kept_for_the_next_attempt(ended):
	script = """
def write():
	frappe.get_doc(dict(doctype="Person", first_name="written by a test")).insert(ignore_permissions=True)
context.step("write", write)
if context.attempt == 1:
	1 / 0
"""
	assert ended(script, until=600).status == "Completed"
	assert people_written() == 1


def test_a_script_submits_jobs(world, ended, dartwing_jobs):
	job = ended("context.result = context.submit('echo_job', {'text': 'hello'})")
	(child,) = dartwing_jobs.submitted("echo_job")
	assert json.loads(job.result) == child.name
	assert child.owner_user == world.alice


def test_a_script_that_hangs_is_timed_out(ended):
	assert ended("while True:\n\tpass", default_timeout=1).status == "Timed Out"


def test_a_result_that_is_no_json_is_permanent(ended):
	assert ended("context.output_reference = 'javascript:alert(1)'").status == "Dead Letter"


def test_a_waiting_job_of_a_site_that_allows_no_scripts_any_more_is_a_dead_letter(
	world, script_type, dartwing_jobs, monkeypatch
):
	script_type("context.result = 1")
	submit_as(world.alice, NAME, world.alpha, {})
	allow(monkeypatch, False)
	job = dartwing_jobs.drain()[0]
	assert (job.status, job.error_type) == ("Dead Letter", "Permanent")
	assert "server_script_enabled" in job.error_message


def test_a_script_that_was_changed_holds_for_what_waits(world, script_type, dartwing_jobs):
	job_type = script_type("context.result = 1")
	submit_as(world.alice, NAME, world.alpha, {})
	job_type.update({"script": "context.result = 2"}).save()
	frappe.db.commit()
	assert json.loads(dartwing_jobs.drain()[0].result) == 2


def test_a_schedule_runs_a_script_as_its_user(world, script_type, dartwing_jobs):
	script_type("context.result = {'user': frappe.session.user, 'n': context.parameters['n']}")
	schedule = make_schedule(job_type=NAME, parameters={"n": 7})
	set_due(schedule)
	assert start_due() == 1
	(job,) = jobs_of(schedule)
	dartwing_jobs.drain()
	frappe.db.rollback()
	ended = frappe.get_doc("Background Job", job.name)
	assert (ended.status, json.loads(ended.result)) == ("Completed", {"n": 7, "user": World.adam})


def test_a_dry_run_of_a_script_says_what_it_would_write(world, script_type, dartwing_jobs):
	script_type(GREET)
	with acting_as(world.alice):
		submit_job(NAME, world.alpha, {"names": ["a", "b"]}, dry_run=True)
	(job,) = dartwing_jobs.drain()
	assert job.status == "Completed", job.error_message
	found = json.loads(job.result)
	assert (found["created"]["count"], found["result"]["people"]) == (2, 2)
	assert people_written() == 0
