"""Desk's dialogs for parameters, drawn from the schema of a Job Type."""

import json

import frappe
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_client import PHONE
from factories import end, make_job_type, submit_as
from looking import DESK, arrive, button, confirm, job_path, press
from playwright.sync_api import Locator, Page, expect
from scheduled import make_schedule, row_of

TYPE = "typed_desk_job"
FORM = f"{DESK}/job-type/{TYPE}"
BIG = 9007199254740993
SCHEMA = {
	"type": "object",
	"additionalProperties": False,
	"properties": {
		"mode": {"enum": ["succeed", "fail"], "title": "Mode", "default": "succeed"},
		"seats": {"type": "integer", "title": "Seats", "maximum": BIG},
		"person": {"type": "string", "title": "Person", "x-dartwing-link": "Person"},
		"starts": {"type": "string", "format": "date-time", "title": "Starts"},
		"tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "title": "Tags"},
		"api_token": {"type": "string", "title": "Api Token"},
	},
	"required": ["mode", "seats"],
}


@pytest.fixture(autouse=True)
def _typed(_clean):
	make_job_type(TYPE, display_name="Typed", parameters_schema=json.dumps(SCHEMA))
	frappe.db.commit()


def dialog_of(page: Page) -> Locator:
	dialog = page.locator(".modal.show")
	expect(dialog.get_by_label("Seats")).to_be_visible()
	return dialog


def new_job(page: Page) -> str:
	page.wait_for_url("**/background-job/JOB-*")
	job = page.url.partition("#")[0].rpartition("/")[2]
	arrive(page, job_path(job))
	frappe.db.rollback()
	return job


def stored(job: str) -> dict:
	return json.loads(frappe.db.get_value("Background Job", job, "input_parameters"))


def test_run_now_draws_the_schema_and_sends_exact_values(world, desk):
	page = desk(world.alice, FORM)
	press(button(page, "Run Now"))
	dialog = dialog_of(page)
	expect(dialog.locator("[data-fieldname=organization] input")).to_have_value(world.alpha)
	dialog.get_by_label("Seats").fill(str(BIG))
	person = dialog.get_by_role("combobox", name="Person", exact=True)
	person.press_sequentially("ada")
	offers = dialog.get_by_role("listbox", name="Person").get_by_role("option")
	expect(offers).to_have_count(1)
	person.press("ArrowDown")
	person.press("Enter")
	expect(person).to_have_value("adam")
	# the list is closed, and the dialog is not
	person.press("ArrowDown")
	expect(offers.first).to_be_visible()
	person.press("Escape")
	expect(offers).to_have_count(0)
	zone = page.evaluate("frappe.boot.time_zone?.user || frappe.boot.time_zone?.system")
	told = f"Optional. Time zone: {zone}."
	expect(dialog.get_by_label("Starts")).to_have_accessible_description(told)
	press(dialog.get_by_role("button", name="Add Tags"))
	dialog.get_by_label("Tags 1", exact=True).fill("red")
	assert dialog.get_by_label("Api Token").get_attribute("type") == "password"
	confirm(page, "Run Now")
	assert stored(new_job(page)) == {
		"mode": "succeed",
		"seats": BIG,
		"person": frappe.db.get_value("Person", {"frappe_user": world.adam}),
		"tags": ["red"],
	}


def test_what_is_wrong_is_told_at_its_field(world, desk):
	page = desk(world.alice, FORM)
	press(button(page, "Run Now"))
	dialog = dialog_of(page)
	expect(dialog.locator("[data-fieldname=organization] input")).to_have_value(world.alpha)
	dialog.get_by_label("Seats").fill("many")
	confirm(page, "Run Now")
	expect(dialog.get_by_label("Seats")).to_be_focused()
	expect(dialog.get_by_label("Seats")).to_have_attribute("aria-invalid", "true")
	dialog.get_by_label("Seats").fill("1")
	press(dialog.get_by_role("button", name="Add Tags"))
	dialog.get_by_label("Tags 1", exact=True).fill("RED")
	confirm(page, "Run Now")
	# the server's word
	expect(dialog.get_by_label("Tags 1", exact=True)).to_be_focused()
	expect(dialog.get_by_text("must match pattern")).to_be_visible()
	assert not frappe.db.exists("Background Job", {"job_type": TYPE})


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}], ids=["wide", "phone"])
def test_axe_finds_nothing_in_the_form(world, desk, options):
	page = desk(world.alice, FORM, **options)
	# on a phone the button is in a menu
	page.evaluate("cur_frm.custom_buttons['Run Now'].trigger('click')")
	dialog = dialog_of(page)
	press(dialog.get_by_role("button", name="Add Tags"))
	found = Axe().run(page, context=".parameter-form")
	assert found.violations_count == 0, found.generate_report()
	too_wide = "form => form.scrollWidth > form.clientWidth + 1"
	assert not dialog.locator(".parameter-form").evaluate(too_wide)
	if options:
		# one below the other
		left = "field => Math.round(field.getBoundingClientRect().left)"
		names = ("priority", "scheduled_at", "dry_run")
		fields = [dialog.locator(f".frappe-control[data-fieldname={name}]") for name in names]
		assert len({field.evaluate(left) for field in fields}) == 1


def test_new_parameters_of_a_schedule_are_filled_in(world, desk):
	given = {"mode": "succeed", "seats": 1, "api_token": "hush-hush"}
	schedule = make_schedule(world.adam, job_type=TYPE, parameters=given)
	# in Desk, only System Managers change schedules
	page = desk(world.manager, f"{DESK}/job-schedule/{schedule}")
	press(page.get_by_role("button", name="Fill In…"))
	dialog = dialog_of(page)
	expect(dialog.get_by_label("Seats")).to_have_value("1")
	expect(dialog.get_by_label("Api Token")).to_have_value("")
	dialog.get_by_label("Seats").fill(str(BIG))
	confirm(page, "Take Them")
	page.wait_for_function("cur_frm.doc.new_parameters")
	page.evaluate("cur_frm.save()")
	page.wait_for_function("!cur_frm.is_dirty() && !cur_frm.doc.new_parameters")
	frappe.db.rollback()
	assert json.loads(row_of(schedule).parameters) == {"mode": "succeed", "seats": BIG}


def test_a_dead_letter_is_retried_with_other_parameters(world, desk):
	given = {"mode": "fail", "seats": 1, "api_token": "hush-hush"}
	job = submit_as(world.alice, TYPE, world.alpha, given)
	frappe.db.commit()
	end(job.name, "Dead Letter")
	page = desk(world.adam, job_path(job.name))
	press(button(page, "Retry With Other Parameters"))
	dialog = dialog_of(page)
	expect(dialog.get_by_label("Api Token")).to_have_value("")
	press(dialog.get_by_role("radio", name="succeed"))
	dialog.get_by_label("Seats").fill("2")
	confirm(page, "Retry")
	page.wait_for_function(f"cur_frm?.docname !== '{job.name}'")
	made = new_job(page)
	assert stored(made) == {"mode": "succeed", "seats": 2}
	assert frappe.db.get_value("Background Job", made, "retry_of") == job.name
	assert frappe.db.get_value("Background Job", job.name, "status") == "Canceled"
