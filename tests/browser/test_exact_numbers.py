"""Numbers that JavaScript cannot hold go to the server and come back as they were written."""

import json

import frappe
import pytest
from factories import end, make_job_type, submit, submit_as, wait_until
from playwright.sync_api import expect

OFFERED = "offered_exact_job"
BIG = 9007199254740993
TEXTS = {"big": str(BIG), "negative": "-12345678901234567890"}


def offer(template: dict | None) -> None:
	make_job_type(
		OFFERED,
		display_name="Look Up",
		allow_web_submission=1,
		parameters_template=json.dumps(template) if template else None,
	)
	frappe.db.commit()


def submitted() -> str:
	def found() -> str | None:
		frappe.db.rollback()
		return frappe.db.get_value("Background Job", {"job_type": OFFERED}, "input_parameters")

	return wait_until(found, "the job")


def press_submit(page) -> None:
	page.dialog.get_by_role("button", name="Submit", exact=True).click()


def test_a_whole_number_beyond_those_of_javascript_arrives_as_it_was_typed(visit, world):
	offer({"id": 1, "among": {"ids": []}})
	page = visit(world.alice)
	page.button("New job").first.click()
	page.dialog.get_by_label("Id", exact=True).fill(str(BIG))
	page.dialog.get_by_label("Among").fill(f'{{"ids": [{BIG}]}}')
	press_submit(page)
	assert json.loads(submitted()) == {"id": BIG, "among": {"ids": [BIG]}}


def test_what_the_template_begins_with_is_exact_too(visit, world):
	offer({"id": BIG, "among": {"ids": [BIG]}})
	page = visit(world.alice)
	page.button("New job").first.click()
	expect(page.dialog.get_by_label("Id", exact=True)).to_have_value(str(BIG))
	press_submit(page)
	assert json.loads(submitted()) == {"id": BIG, "among": {"ids": [BIG]}}


def test_parameters_that_are_written_as_json_arrive_as_they_were_typed(visit, world):
	offer(None)
	page = visit(world.alice)
	page.button("New job").first.click()
	page.dialog.get_by_label("Parameters as JSON").fill(f'{{"id": {BIG}}}')
	press_submit(page)
	assert json.loads(submitted()) == {"id": BIG}


@pytest.mark.parametrize(
	("typed", "expected"), [("007", 7), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000), ("0", 0)]
)
def test_a_number_that_json_writes_in_another_way_is_still_that_number(visit, world, typed, expected):
	offer({"id": 1})
	page = visit(world.alice)
	page.button("New job").first.click()
	page.dialog.get_by_label("Id", exact=True).fill(typed)
	press_submit(page)
	assert json.loads(submitted()) == {"id": expected}


@pytest.mark.parametrize("name", TEXTS)
def test_a_result_shows_each_number_as_the_handler_gave_it(visit, world, name):
	job = submit()
	end(job.name, "Completed", result=f'{{"it": {TEXTS[name]}, "share": 0.00012}}')
	page = visit(world.alice)
	shown = page.open_details(job.name)
	for text in (TEXTS[name], "0.00012"):
		expect(shown.get_by_text(text, exact=True)).to_be_visible()


def test_a_nested_result_shows_each_number_as_the_handler_gave_it(visit, world):
	job = submit()
	end(job.name, "Completed", result=f'{{"ids": [{BIG}], "text": "\ue0007"}}')
	page = visit(world.alice)
	shown = page.open_details(job.name).locator("pre")
	expect(shown).to_contain_text(str(BIG))
	assert json.loads(shown.inner_text()) == {"ids": [BIG], "text": "\ue0007"}


def test_parameters_are_shown_as_the_form_names_them_and_as_they_were_given(visit, world):
	titles = {"id": "Number of the Trip", "among": "Among"}
	properties = {name: {"title": title} for name, title in titles.items()}
	schema = json.dumps({"type": "object", "properties": properties})
	make_job_type(OFFERED, display_name="Look Up", parameters_schema=schema)
	frappe.db.commit()
	given = {"id": BIG, "among": {"ids": [BIG]}, "api_token": "tok-12345", "my_note": "<b>bold</b>"}
	job = submit_as(world.alice, OFFERED, world.alpha, given)
	section = visit(world.alice).open_details(job.name).locator("section", has_text="Parameters")
	expect(section.locator("dt")).to_have_text([*titles.values(), "Api token", "My note"])
	expect(section.locator("dd").first).to_have_text(str(BIG))
	assert json.loads(section.locator("pre").inner_text()) == given["among"]
	expect(section).to_contain_text("<b>bold</b>")
	expect(section).not_to_contain_text("tok-12345")
