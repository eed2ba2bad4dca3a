"""The list: saved filters, rows that move, and what is done to many jobs at once."""

import re

import frappe
import pytest
from browser_client import PHONE
from factories import OBLIGING, World, acting_as, end, state, submit, submit_as
from looking import (
	LIST,
	choose_filter,
	choose_for_all,
	confirm,
	is_marked,
	mark,
	names_in,
	open_actions_for_all,
	open_list,
	press,
	rows,
)
from playwright.sync_api import Page, expect

from dartwing.dartwing_core.background_jobs import submit_jobs

# more than one request may act on
MANY = 130


def dead_letters(world: World, many: int) -> list[str]:
	with acting_as(world.alice):
		jobs = submit_jobs(
			[
				{"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed", "n": n}}
				for n in range(many)
			]
		)
		frappe.db.commit()
	for job in jobs:
		end(job.name, "Dead Letter", error_message="no answer")
	return [job.name for job in jobs]


def one_of_each(world: World) -> dict[str, str]:
	jobs = {"Queued": submit(world.alice).name}
	for status in ("Running", "Completed", "Failed", "Timed Out", "Dead Letter", "Canceled"):
		jobs[status] = submit(world.adam).name
		end(jobs[status], status)
	return jobs


def wait_for_names(page: Page, names: list[str]) -> None:
	page.wait_for_function(
		"(names) => JSON.stringify(cur_list.data.map((job) => job.name).sort()) === JSON.stringify(names)",
		arg=sorted(names),
	)


def result_of(page: Page) -> str:
	done = page.locator(".modal.show .dartwing-done")
	expect(done).to_be_visible(timeout=60_000)
	return page.locator(".modal.show .modal-body").inner_text()


def test_saved_filters_show_their_jobs_and_how_many_there_are(world, desk):
	jobs = one_of_each(world)
	page = desk(world.alice, LIST)
	open_list(page)
	wait_for_names(page, list(jobs.values()))
	for label, statuses in (
		("Needs attention", ["Dead Letter", "Failed", "Timed Out"]),
		("Waiting", ["Queued"]),
		("Running", ["Running"]),
	):
		choose_filter(page, label)
		wait_for_names(page, [jobs[status] for status in statuses])
		count = page.locator(".dartwing-quick button", has_text=label).locator(".n")
		expect(count).to_have_text(str(len(statuses)))
	choose_filter(page, "My jobs")
	wait_for_names(page, [jobs["Queued"]])
	choose_filter(page, "All")
	wait_for_names(page, list(jobs.values()))


def test_every_status_has_its_colour(world, desk):
	one_of_each(world)
	submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, scheduled_at="2999-01-01T00:00:00Z")
	page = desk(world.alice, LIST)
	open_list(page)
	expect(rows(page)).to_have_count(8)
	colours = page.evaluate(
		"""Object.fromEntries(cur_list.data.map((job) => [
			job.status, frappe.get_indicator(job, "Background Job")[1]]))"""
	)
	assert colours == {
		"Pending": "gray",
		"Queued": "blue",
		"Running": "purple",
		"Completed": "green",
		"Failed": "orange",
		"Timed Out": "orange",
		"Dead Letter": "red",
		"Canceled": "darkgrey",
	}


def test_on_a_phone_a_row_says_once_how_its_job_is_above_the_line_that_ends_it(world, desk):
	(job,) = dead_letters(world, 1)
	page = desk(world.alice, LIST, viewport=PHONE)
	open_list(page)
	wait_for_names(page, [job])
	said = page.locator(".dartwing-row:visible")
	expect(said).to_have_count(1)
	expect(said).to_have_text("no answer")
	lines = page.locator(".list-row-container:has(.dartwing-row)").evaluate(
		"""(row) => [row, ...row.children]
			.filter((one) => one.getClientRects().length)
			.filter((one) => parseFloat(getComputedStyle(one).borderBottomWidth))
			.map((one) => one.getBoundingClientRect().bottom)"""
	)
	box = said.bounding_box()
	assert [line for line in lines if line < box["y"] + box["height"]] == []


def test_rows_move_without_a_reload(world, desk, worker):
	job = submit_as(world.alice, "long_running_job", world.alpha, {"steps": 400, "step_seconds": 0.1}).name
	page = desk(world.alice, LIST)
	open_list(page)
	mark(page)
	worker()
	bar = page.locator(f".list-row-col .dartwing-row[data-job='{job}'] [role=progressbar]")
	expect(bar).to_be_visible()
	first = int(bar.get_attribute("aria-valuenow"))
	page.wait_for_function(
		"""([job, first]) => Number(document.querySelector(
			`.list-row-col .dartwing-row[data-job='${job}'] [role=progressbar]`
		).getAttribute("aria-valuenow")) > first""",
		arg=[job, first],
	)
	end(job, "Canceled")
	expect(rows(page).first).to_contain_text("Canceled")
	assert is_marked(page)


def test_all_dead_letters_of_a_filter_are_retried_and_the_refused_one_says_why(world, desk):
	jobs = dead_letters(world, MANY)
	parent = submit(world.alice).name
	child = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent).name
	end(parent, "Canceled")
	waiting = submit(world.alice).name
	page = desk(world.adam, LIST)
	open_list(page)
	choose_filter(page, "Needs attention")
	expect(rows(page).first).to_contain_text("Dead Letter")
	choose_for_all(page, "Retry")
	expect(page.locator(".modal.show")).to_contain_text(f"Retry all {MANY + 1} jobs that match this filter?")
	confirm(page)
	said = result_of(page)
	assert f"{MANY} jobs will be tried again" in said
	assert "1 were refused" in said
	assert child in said
	assert f"its parent {parent} is Canceled" in said
	assert all(state(job)["status"] in ("Queued", "Pending") for job in jobs)
	assert state(child)["status"] == "Dead Letter"
	assert state(waiting)["status"] == "Queued"


def test_selected_jobs_are_canceled(world, desk):
	chosen = [submit(world.alice).name for _ in range(2)]
	spared = submit(world.alice).name
	page = desk(world.alice, LIST)
	open_list(page)
	for job in chosen:
		press(page.locator(f".list-row-checkbox[data-name='{job}']"))
	press(page.locator(".actions-btn-group button"))
	press(page.locator(".actions-btn-group .dropdown-menu a", has_text="Cancel"))
	expect(page.locator(".modal.show")).to_contain_text("Cancel 2 selected jobs?")
	confirm(page)
	assert "2 jobs canceled" in result_of(page)
	assert [state(job)["status"] for job in [*chosen, spared]] == ["Canceled", "Canceled", "Queued"]


def test_a_discard_of_a_filter_asks_for_its_reason(world, desk):
	jobs = dead_letters(world, 3)
	page = desk(world.adam, LIST)
	open_list(page)
	choose_for_all(page, "Discard")
	page.locator(".modal.show [data-fieldname=reason] textarea").fill("the customer left")
	confirm(page, "Discard")
	assert "3 jobs discarded" in result_of(page)
	assert [state(job)["status"] for job in jobs] == ["Canceled"] * 3


def test_there_may_be_nothing_to_do(world, desk):
	submit(world.alice)
	page = desk(world.adam, LIST)
	open_list(page)
	choose_for_all(page, "Retry")
	expect(page.locator(".modal.show")).to_contain_text("there is nothing to retry")


def test_a_member_is_offered_to_cancel_only(world, desk):
	page = desk(world.alice, LIST)
	open_list(page)
	open_actions_for_all(page)
	offered = page.locator(".inner-group-button .dropdown-menu:visible a").all_inner_texts()
	assert offered == ["Cancel"]


# --- a member sees only the rows of their organization


@pytest.fixture
def both(world: World) -> dict[str, list[str]]:
	return {
		world.alpha: [submit(world.alice).name, submit(world.adam).name],
		world.beta: [submit(world.bob, world.beta).name],
	}


def test_in_the_list(world, desk, both):
	page = desk(world.alice, LIST)
	open_list(page)
	wait_for_names(page, both[world.alpha])
	expect(page.locator(".list-count")).to_contain_text("2 of 2")
	page = desk(world.bob, LIST)
	open_list(page)
	wait_for_names(page, both[world.beta])


def test_in_a_list_that_asks_for_the_other_organization(world, desk, both):
	page = desk(world.alice, LIST)
	open_list(page)
	wait_for_names(page, both[world.alpha])
	page.evaluate("cur_list.filter_area.add([['Background Job', 'organization', 'like', 'Beta%']])")
	wait_for_names(page, [])


def test_in_the_report(world, desk, both):
	page = desk(world.alice, f"{LIST}/view/report")
	page.wait_for_function("window.cur_list?.view_name === 'Report' && cur_list.data?.length")
	assert sorted(names_in(page)) == sorted(both[world.alpha])
	fields = page.evaluate("cur_list.fields.map((field) => field[0])")
	assert "input_parameters" not in fields


def test_in_an_export(world, desk, both):
	page = desk(world.alice, LIST)
	open_list(page)
	with page.expect_download() as download:
		page.evaluate(
			"""open_url_post("/api/method/frappe.desk.reportview.export_query", {
				doctype: "Background Job", title: "jobs", file_format_type: "CSV", view: "Report",
				fields: JSON.stringify(["`tabBackground Job`.`name`", "`tabBackground Job`.`organization`"]),
			})"""
		)
	exported = download.value.path().read_text()
	assert all(job in exported for job in both[world.alpha])
	assert not any(job in exported for job in both[world.beta])
	assert world.beta not in exported


def test_in_a_link_search(world, desk, both):
	page = desk(world.alice, LIST)
	open_list(page)
	link = page.locator(".page-form [data-fieldname=organization] input")
	press(link)
	link.press_sequentially("Test")
	options = page.locator(".page-form [data-fieldname=organization] [role=option]")
	expect(options.first).to_contain_text(world.alpha)
	assert world.beta not in " ".join(options.all_inner_texts())


def test_in_the_form(world, desk, both):
	page = desk(world.alice, f"{LIST}/{both[world.beta][0]}", is_there=False)
	# in the words of each version
	expect(page.locator("body")).to_contain_text(re.compile("not found|could not find"))
	assert world.beta not in page.content()
