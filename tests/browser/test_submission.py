"""New jobs from the page: of the types that allow it, with the fields of their templates."""

import json
from urllib.parse import urlencode

import frappe
import pytest
from factories import World, changed, make_job_type, state, wait_until
from playwright.sync_api import expect

PAGE_API = "dartwing.dartwing_core.api.members_page"
OFFERED = "offered_obliging_job"
TEMPLATE = {
	"mode": "succeed",
	"copies": 2,
	"in_colour": True,
	"paper": ["A4", "A3"],
	"pages": {"from": 1, "to": 9},
}

# the server gets the request, the page no answer
LOSE_THE_NEXT_ANSWER = """() => {
	const real = window.fetch;
	window.fetch = async (...request) => {
		window.fetch = real;
		await real(...request);
		throw new TypeError("lost");
	};
}"""


@pytest.fixture(autouse=True)
def _offered(_clean):
	make_job_type(
		OFFERED,
		display_name="Print a Report",
		allow_web_submission=1,
		parameters_help="Choose the paper.",
		parameters_template=json.dumps(TEMPLATE),
	)
	make_job_type("kept_obliging_job", display_name="Kept for Programs")
	frappe.db.commit()


def parameters_of(job_id: str) -> dict:
	frappe.db.rollback()
	return frappe.parse_json(frappe.db.get_value("Background Job", job_id, "input_parameters"))


def submitted() -> str | None:
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", {"job_type": OFFERED})


def test_the_form_has_the_fields_of_the_template(visit, world):
	page = visit(world.alice)
	page.button("New job").first.click()
	form = page.dialog
	assert form.get_by_label("Type").locator("option").all_inner_texts() == ["Print a Report"]
	expect(form).to_contain_text("Choose the paper.")
	form.get_by_label("Copies").fill("3")
	form.get_by_label("In colour").uncheck()
	form.get_by_label("Paper").select_option("A3")
	form.get_by_label("Pages").fill('{"from": 2, "to": 4}')
	form.get_by_role("button", name="Submit", exact=True).click()
	job_id = wait_until(submitted, "the job")
	expect(page.row(job_id)).to_contain_text("Print a Report")
	# its details are open at once
	expect(page.dialog).to_contain_text(job_id)
	assert parameters_of(job_id) == {
		"mode": "succeed",
		"copies": 3,
		"in_colour": False,
		"paper": "A3",
		"pages": {"from": 2, "to": 4},
	}
	assert state(job_id)["organization"] == world.alpha


def test_a_wrong_field_is_named_and_gets_the_focus(visit, world):
	page = visit(world.alice)
	page.button("New job").first.click()
	page.dialog.get_by_label("Copies").fill("")
	page.dialog.get_by_label("Pages").fill("{")
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	expect(page.dialog.get_by_text("Enter a number.")).to_be_visible()
	expect(page.dialog.get_by_text("This is no valid JSON.")).to_be_visible()
	expect(page.dialog.get_by_label("Copies")).to_be_focused()
	assert submitted() is None


def test_a_refusal_of_the_server_is_shown_in_the_form(visit, world):
	page = visit(world.alice)
	page.button("New job").first.click()
	frappe.db.set_value("Job Type", OFFERED, "is_enabled", 0)
	frappe.clear_document_cache("Job Type", OFFERED)
	frappe.db.commit()
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	expect(page.dialog.get_by_role("alert").last).to_contain_text("is disabled")


def test_what_is_submitted_again_after_its_answer_was_lost_is_one_job(visit, world):
	page = visit(world.alice)
	page.page.evaluate(LOSE_THE_NEXT_ANSWER)
	page.button("New job").first.click()
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	expect(page.dialog.get_by_role("alert").last).to_contain_text("The server cannot be reached")
	job_id = submitted()
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	expect(page.dialog).to_contain_text(job_id)
	assert frappe.db.count("Background Job", {"job_type": OFFERED}) == 1


def test_the_organization_is_chosen_by_who_has_several(visit, world, wanda):
	page = visit(wanda)
	page.button("New job").first.click()
	page.dialog.get_by_label("Organization").select_option(world.beta)
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	assert state(wait_until(submitted, "the job"))["organization"] == world.beta


def test_who_has_several_sees_the_only_organization_that_is_open(visit, world, wanda):
	with changed("Organization", world.beta, status="Suspended"):
		page = visit(wanda, f"/jobs?{urlencode({'organization': world.beta})}")
		page.button("New job").first.click()
		expect(page.dialog.get_by_label("Organization")).to_have_value(world.alpha)


def test_a_type_without_a_template_takes_json(visit, world):
	frappe.db.set_value("Job Type", OFFERED, "parameters_template", None)
	frappe.db.commit()
	page = visit(world.alice)
	page.button("New job").first.click()
	page.dialog.get_by_label("Parameters as JSON").fill('["no object"]')
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	expect(page.dialog.get_by_text("Enter a JSON object")).to_be_visible()
	page.dialog.get_by_label("Parameters as JSON").fill('{"mode": "succeed"}')
	page.dialog.get_by_role("button", name="Submit", exact=True).click()
	assert parameters_of(wait_until(submitted, "the job")) == {"mode": "succeed"}


def test_without_a_type_to_offer_there_is_no_button(visit, world):
	frappe.db.set_value("Job Type", OFFERED, "allow_web_submission", 0)
	frappe.db.commit()
	page = visit(world.alice)
	expect(page.button("New job")).to_have_count(0)


@pytest.mark.parametrize(
	("job_type", "organization", "status", "error"),
	[
		("kept_obliging_job", World.alpha, 403, "job_type: 'kept_obliging_job' is not offered on this page"),
		("unknown", World.alpha, 403, "job_type: 'unknown' is not offered on this page"),
		(OFFERED, World.beta, 403, "organization: you are not an active member of 'Beta Test Org'"),
	],
)
def test_the_server_refuses_what_the_page_does_not_offer(
	browsed, world, job_type, organization, status, error
):
	client = browsed.web.login(world.alice)
	answer = client.call(f"{PAGE_API}.submit", job_type=job_type, organization=organization)
	assert (answer.status_code, answer.json()["error"]) == (status, error)
