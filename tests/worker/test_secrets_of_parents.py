"""Masked parameters of parents, which a handler is given, are dots in all that is shown of its job."""

import json
from typing import Any

import frappe
import pytest
from factories import OBLIGING, acting_as, changed, state, submit, submit_as

from dartwing.dartwing_core.background_jobs import retry_job
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.executor import execute_job

SECRET = "sk/live+h4 r&2"
PIN = 40471133
PARTS = ("sk/live", "sk%2F", "h4 r", "h4%20r", str(PIN))


@pytest.fixture
def parent(world) -> str:
	job = submit(login={"api_key": SECRET, "token": PIN}).name
	execute_job(job)
	return job


def child_of(world, parent: str, **parameters: Any) -> str:
	wanted = {"mode": "say", "how": "tell_the_secret_of_a_parent", **parameters}
	with changed("Job Type", OBLIGING, notify_owner="Always", max_retries=0):
		job = submit_as(world.alice, OBLIGING, world.alpha, wanted, depends_on=parent).name
		execute_job(job)
	return job


def shown(job: str) -> frappe._dict:
	document = frappe.get_doc("Background Job", job)
	document.apply_fieldlevel_read_permissions()
	return document


def told_of(job: str) -> list[str]:
	"""All that is kept of the job and shown to somebody."""
	frappe.db.rollback()
	row = frappe.db.get_value("Background Job", job, "*", as_dict=True)
	of_job = {"background_job": job}
	tables = [
		*frappe.get_all("Job Execution Log", of_job, "*"),
		*frappe.get_all("Job Log Part", of_job, "*"),
		*frappe.get_all("Job Step", of_job, "*"),
		*frappe.get_all("Notification Log", {"document_name": job}, "*"),
	]
	# as the handler is given them
	del row["checkpoint"], row["input_parameters"]
	return [str(row), *map(str, tables), str(shown(job).as_dict())]


def secrets_in(said: list[str]) -> list[str]:
	return [text for text in said if any(part in text for part in PARTS)]


@pytest.mark.parametrize("fails", [0, 1])
def test_no_text_of_a_child_says_a_masked_parameter_of_its_parent(world, parent, fails):
	child = child_of(world, parent, fails=fails)
	assert state(child)["status"] == ("Dead Letter" if fails else "Completed")
	assert secrets_in(told_of(child)) == []
	assert state(child)["progress_message"] == f"asks with {MASK}"
	assert json.loads(shown(child).checkpoint)["used"] == [MASK, MASK, {MASK: 1}]
	# the next attempt finds what it kept
	assert json.loads(frappe.db.get_value("Background Job", child, "checkpoint"))["token"] == PIN
	if fails:
		assert f"key={MASK}" in state(child)["error_message"]
	else:
		told = {MASK: 1, "asked": f"with {MASK}", "pins": [MASK, {"v": MASK}], "pages": 2}
		assert state(child)["result"] == told


def test_a_later_attempt_says_nothing_of_what_the_first_has_kept(world, parent):
	child = child_of(world, parent, fails=1)
	with acting_as(world.adam):
		retry_job(child)
		frappe.db.commit()
	execute_job(child)
	assert state(child)["status"] == "Completed"
	assert secrets_in(told_of(child)) == []


def test_no_step_is_called_as_a_masked_parameter_of_a_parent(world, parent):
	child = child_of(world, parent, step=True)
	assert "its name must be plain text" in state(child)["error_message"]
	assert secrets_in(told_of(child)) == []


@pytest.mark.parametrize("whose", ["own", "parent"])
def test_no_flow_that_a_handler_submits_is_called_as_a_masked_parameter(world, parent, whose):
	wanted = {"mode": "say", "how": "call_a_flow_as_it", "login": {"api_key": SECRET}}
	if whose == "parent":
		del wanted["login"]
	parents = {"depends_on": parent} if whose == "parent" else {}
	job = submit_as(world.alice, OBLIGING, world.alpha, wanted, **parents).name
	execute_job(job)
	assert state(job)["error_message"] == "title: holds the value of a masked parameter"
	assert secrets_in(told_of(job)) == []


def test_the_checkpoint_is_shown_to_nobody_once_a_parent_is_gone(world, parent):
	child = child_of(world, parent)
	frappe.delete_doc("Background Job", parent)
	assert json.loads(shown(child).checkpoint) == MASK


def test_what_automation_is_given_and_what_frappe_keeps_of_a_deleted_child_has_dots(world, parent):
	child = child_of(world, parent)
	document = frappe.get_doc("Background Job", child)
	document.hide_secrets()
	document.reload()
	assert json.loads(document.checkpoint)["used"] == [MASK, MASK, {MASK: 1}]
	document = frappe.get_doc("Background Job", child)
	# Frappe keeps the document as this leaves it
	document.on_trash()
	frappe.db.rollback()
	assert json.loads(document.checkpoint)["used"] == [MASK, MASK, {MASK: 1}]
