"""A Job Type's form, and the switches of the engine."""

import json
import time

import frappe
import pytest
from factories import OBLIGING, World, end, make_job_type, state, submit
from looking import DESK, arrive, button, confirm, expect_status, go_back, job_path, press
from playwright.sync_api import Page, Route, expect

from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, paused_queues

FORM = f"{DESK}/job-type/{OBLIGING}"
ONCE = f"{DESK}/job-type/obliging_once"


def figure(page: Page, label: str) -> str:
	return (
		page.locator(".dartwing-figures .dartwing-facts > div", has_text=label).locator(".value").inner_text()
	)


def write_parameters(page: Page, text: str) -> None:
	# it is the current one only when it has faded in
	page.wait_for_function("window.cur_dialog?.fields_dict.parameters")
	page.evaluate("(text) => cur_dialog.set_value('parameters', text)", text)


def answer_late(route: Route) -> None:
	time.sleep(1)
	route.continue_()


def new_job(page: Page) -> str:
	"""The id of the job that was just submitted, once its form is shown."""
	page.wait_for_url("**/background-job/JOB-*")
	# v16 adds the tab behind a #
	job = page.url.partition("#")[0].rpartition("/")[2]
	arrive(page, job_path(job))
	return job


def test_its_figures_are_those_of_the_last_day(world, desk):
	for status in ["Completed"] * 3 + ["Dead Letter", "Running"]:
		end(submit(world.alice).name, status)
	submit(world.alice)
	page = desk(world.alice, FORM)
	expect(page.locator(".dartwing-figures")).to_be_visible()
	shown = {
		label: figure(page, label)
		for label in ("Waiting", "Running", "Completed", "Dead letters", "Failure rate")
	}
	assert shown == {
		"Waiting": "1",
		"Running": "1",
		"Completed": "3",
		"Dead letters": "1",
		"Failure rate": "25.0 %",
	}


def test_a_member_runs_it_now(world, desk):
	page = desk(world.alice, FORM)
	press(button(page, "Run Now"))
	# their only organization is there already
	expect(page.locator(".modal.show [data-fieldname=organization] input")).to_have_value(world.alpha)
	problem = page.locator(".modal.show [role=alert]")
	for text, sentence in (
		("{mode: 1}", "Parameters are no valid JSON"),
		("[1]", "Parameters must be a JSON object"),
	):
		write_parameters(page, text)
		confirm(page, "Run Now")
		expect(problem).to_contain_text(sentence)
	write_parameters(page, '{"mode": "succeed", "n": 1}')
	confirm(page, "Run Now")
	job = new_job(page)
	expect_status(page, "Queued")
	assert frappe.parse_json(frappe.db.get_value("Background Job", job, "input_parameters")) == {
		"mode": "succeed",
		"n": 1,
	}
	assert frappe.db.get_value("Background Job", job, "owner_user") == world.alice


def test_a_type_without_a_method_says_that_it_is_a_script(world, desk):
	make_job_type("obliging_once")
	frappe.db.set_value("Job Type", "obliging_once", "kind", "Script")
	frappe.db.commit()
	frappe.clear_document_cache("Job Type", "obliging_once")
	try:
		page = desk(world.alice, ONCE)
		press(button(page, "Run Now"))
		expect(page.locator(".modal.show")).to_contain_text("as the handler Script takes it")
	finally:
		frappe.db.set_value("Job Type", "obliging_once", "kind", "Method")
		frappe.db.commit()
		frappe.clear_document_cache("Job Type", "obliging_once")


def test_parameters_arrive_as_they_were_typed_and_are_shown_so(world, desk):
	"""JavaScript would make …992 of the number."""
	page = desk(world.alice, FORM)
	press(button(page, "Run Now"))
	expect(page.locator(".modal.show [data-fieldname=organization] input")).to_have_value(world.alpha)
	write_parameters(page, '{"mode": "succeed", "id": 9007199254740993, "of": []}')
	confirm(page, "Run Now")
	job = new_job(page)
	expect_status(page, "Queued")
	frappe.db.rollback()
	stored = frappe.db.get_value("Background Job", job, "input_parameters")
	assert json.loads(stored)["id"] == 9007199254740993
	shown = page.locator("[data-fieldname=parameters] pre.dartwing-json").inner_text()
	assert shown == '{\n  "id": 9007199254740993,\n  "mode": "succeed",\n  "of": []\n}'


def test_the_server_says_in_the_dialog_why_it_refuses(world, desk):
	make_job_type("obliging_once", deduplication_window=300)
	frappe.db.commit()
	page = desk(world.alice, ONCE)
	# a form that arrives after its reader went back would cover this one
	page.route("**/*getdoc?*", answer_late)
	for expected in (None, "An equal job is already Queued"):
		press(button(page, "Run Now"))
		expect(page.locator(".modal.show [data-fieldname=organization] input")).to_have_value(world.alpha)
		write_parameters(page, '{"mode": "succeed"}')
		confirm(page, "Run Now")
		if not expected:
			job = new_job(page)
			go_back(page, ONCE)
			continue
		problem = page.locator(".modal.show [role=alert]")
		expect(problem).to_contain_text(expected)
		expect(problem.get_by_role("link")).to_have_attribute("href", f"{DESK}/background-job/{job}")


@pytest.fixture
def _switched_back(world: World):
	yield
	frappe.db.rollback()
	settings = frappe.get_doc("Job Engine Settings")
	settings.update({"paused": 0, "pause_short": 0, "pause_default": 0, "pause_long": 0})
	settings.save()
	frappe.db.set_value("Job Type", OBLIGING, "is_paused", 0)
	frappe.db.commit()


@pytest.mark.usefixtures("_switched_back")
def test_a_system_manager_pauses_and_resumes_it(world, desk):
	page = desk(world.manager, FORM)
	press(button(page, "Pause"))
	expect(page.locator(".form-message")).to_contain_text("Paused")
	job = submit(world.alice).name
	assert state(job)["status"] == "Pending"
	press(button(page, "Resume"))
	expect(button(page, "Pause")).to_be_visible()
	assert state(job)["status"] == "Queued"


def test_a_member_does_not_pause_it(world, desk, browsed):
	page = desk(world.alice, FORM)
	expect(button(page, "Run Now")).to_be_visible()
	expect(button(page, "Pause")).to_have_count(0)
	answer = browsed.web.with_key(world.adam).call("dartwing.dartwing_core.api.desk.pause", job_type=OBLIGING)
	assert answer.status_code == 403


@pytest.mark.usefixtures("_switched_back")
def test_the_engine_and_a_queue_are_paused_and_resumed(world, desk):
	page = desk(world.manager, f"{DESK}/job-engine-settings")
	press(button(page, "Pause the engine"))
	expect(page.locator(".form-message")).to_contain_text("the engine is paused")
	frappe.db.rollback()
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")
	assert is_held()
	press(button(page, "Resume the engine"))
	expect(button(page, "Pause the engine")).to_be_visible()
	press(page.locator(".inner-group-button button", has_text="Queues"))
	press(page.locator(".inner-group-button .dropdown-menu:visible a", has_text="Pause long"))
	expect(page.locator(".form-message")).to_contain_text("Paused queues: long")
	frappe.db.rollback()
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")
	assert paused_queues() == {"long"}
