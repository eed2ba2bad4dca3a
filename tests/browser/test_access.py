"""The page for everybody: keyboard, screen readers, phones, light and dark."""

import frappe
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_client import PHONE, WIDE
from factories import end, make_job_type, submit
from playwright.sync_api import expect

WIDTHS = {"wide": WIDE, "phone": PHONE}
ALL_STATUSES = ("Running", "Completed", "Failed", "Timed Out", "Dead Letter", "Canceled")


@pytest.fixture
def jobs(_clean) -> dict[str, str]:
	"""One job in each status, in the order of the list's end; and a type that is offered."""
	make_job_type(
		"offered_obliging_job",
		allow_web_submission=1,
		parameters_template='{"mode": "succeed", "sure": true, "paper": ["A4"]}',
	)
	frappe.db.commit()
	ids = {"Queued": submit().name}
	for status in ALL_STATUSES:
		ids[status] = submit().name
		wordy = "Something went wrong with averyveryverylongwordwithoutanyspaces/inside/of/it/at/all " * 3
		details = {"error_message": wordy} if status in ("Failed", "Timed Out", "Dead Letter") else {}
		end(ids[status], status, **details)
	return ids


def test_everything_is_reached_with_the_keyboard_alone(visit, world, jobs):
	page = visit(world.alice)
	keyboard, focused = page.page.keyboard, "document.activeElement"
	keyboard.press("Tab")
	assert page.page.evaluate(f"{focused}.textContent") == "Skip to the jobs"
	keyboard.press("Enter")
	keyboard.press("Tab")
	# the newest job
	assert jobs["Canceled"] in page.page.evaluate(f"{focused}.textContent")
	keyboard.press("Enter")
	expect(page.dialog.get_by_role("heading").first).to_be_focused()
	assert page.page.evaluate("document.querySelector('dialog').matches(':modal')")
	keyboard.press("Escape")
	expect(page.row(jobs["Canceled"]).locator(".title")).to_be_focused()
	while page.page.evaluate(f"{focused}.dataset.action") != "cancel":
		keyboard.press("Tab")
	keyboard.press("Enter")
	expect(page.button("Cancel the job")).to_be_focused()
	keyboard.press("Enter")
	expect(page.row(jobs["Timed Out"])).to_contain_text("Canceled")
	# the button that was asked is gone; the focus is still in its row
	expect(page.row(jobs["Timed Out"]).locator(".title")).to_be_focused()


def test_the_focus_goes_to_a_neighbour_when_its_job_leaves_the_list(visit, world, jobs):
	page = visit(world.alice, "/jobs?status=Running")
	other = submit()
	end(other.name, "Running")
	page.row(other.name).locator(".title").focus()
	end(other.name, "Completed")
	expect(page.row(other.name)).to_have_count(0)
	expect(page.row(jobs["Running"]).locator(".title")).to_be_focused()


def test_a_reading_leaves_the_focus_and_the_open_question_alone(visit, world, jobs):
	page = visit(world.alice)
	page.row(jobs["Running"]).get_by_role("button", name="Cancel").click()
	expect(page.button("Cancel the job")).to_be_focused()
	arrived = submit()
	expect(page.row(arrived.name)).to_be_visible()
	expect(page.button("Cancel the job")).to_be_focused()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(visit, world, jobs, width):
	page = visit(world.alice, viewport=WIDTHS[width])
	expect(page.rows).to_have_count(len(jobs))
	assert_no_horizontal_scroll(page)
	page.open_details(jobs["Dead Letter"])
	expect(page.dialog).to_contain_text("History")
	assert_no_horizontal_scroll(page)
	page.page.keyboard.press("Escape")
	page.button("New job").click()
	assert_no_horizontal_scroll(page)


def assert_no_horizontal_scroll(page) -> None:
	too_wide = page.page.evaluate(
		"""() => {
			const roots = [document.scrollingElement, ...document.querySelectorAll("dialog, .dialog-body")];
			const wide = roots.filter((one) => one.scrollWidth > one.clientWidth + 1);
			return wide.map((one) => one.className || one.tagName);
		}"""
	)
	assert too_wide == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, world, jobs, scheme, width):
	page = visit(world.adam, viewport=WIDTHS[width], color_scheme=scheme, reduced_motion="reduce")
	expect(page.rows).to_have_count(len(jobs))
	assert_accessible(page)
	page.open_details(jobs["Dead Letter"])
	expect(page.dialog).to_contain_text("History")
	assert_accessible(page)
	page.dialog.get_by_role("button", name="Discard").click()
	assert_accessible(page)
	page.page.keyboard.press("Escape")
	page.page.keyboard.press("Escape")
	page.button("New job").click()
	assert_accessible(page)
	page.page.keyboard.press("Escape")
	page.choose("Status", "Pending")
	expect(page.page.get_by_text("No job matches the filter")).to_be_visible()
	assert_accessible(page)


def assert_accessible(page) -> None:
	results = Axe().run(page.page)
	assert results.violations_count == 0, results.generate_report()
