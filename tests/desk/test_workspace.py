"""The workspace: its numbers are those of the API."""

import frappe
import pytest
from factories import OBLIGING, World, end, submit
from looking import DESK, open_list, press
from playwright.sync_api import Page, expect

WORKSPACE = f"{DESK}/background-jobs"
METRICS = "dartwing.dartwing_core.api.jobs.get_job_metrics"


def work(world: World) -> None:
	for user, organization, statuses in (
		(world.alice, world.alpha, ["Completed"] * 3 + ["Dead Letter", "Running", "Running", "Canceled"]),
		(world.bob, world.beta, ["Completed", "Dead Letter"]),
	):
		for status in statuses:
			end(submit(user, organization).name, status)
	submit(world.alice)


def card(page: Page, label: str) -> str:
	number = page.locator(".number-widget-box", has_text=label).locator(".number")
	expect(number).to_be_visible()
	return number.inner_text().strip()


def cards(page: Page) -> dict[str, str]:
	return {
		label: card(page, label) for label in ("Waiting", "Running", "Dead Letters", "Failure Rate, 24 h")
	}


def test_its_numbers_are_those_of_the_api(world, desk, logins):
	work(world)
	for user in (world.alice, world.bob, world.manager):
		metrics = logins[user].ask(METRICS).json()["message"]
		counts = metrics["job_count_by_status"]
		page = desk(user, WORKSPACE)
		shown = cards(page)
		assert shown["Waiting"] == str(sum(metrics["queue_depth_by_priority"].values()))
		assert shown["Running"] == str(counts["Running"])
		assert shown["Dead Letters"] == str(counts["Dead Letter"])
		# the members' jobs are of one type
		if user != world.manager:
			rate = 100 * metrics["failure_rate_by_type"][OBLIGING]
			# v15.41 shows as many digits as there are, later versions as many as the site wants
			text = shown["Failure Rate, 24 h"]
			assert text.endswith("%")
			assert float(text.removesuffix("%")) == pytest.approx(rate, abs=0.005)


def test_a_card_leads_to_its_jobs(world, desk):
	work(world)
	page = desk(world.alice, WORKSPACE)
	card(page, "Running")
	press(page.locator(".number-widget-box", has_text="Running").locator(".widget-body"))
	open_list(page)
	page.wait_for_function(
		"cur_list.data.length === 2 && cur_list.data.every((job) => job.status === 'Running')"
	)


def test_its_charts_show_what_ended(world, desk):
	work(world)
	page = desk(world.alice, WORKSPACE)
	for title in ("Completed and Failed per Hour", "Completed and Failed by Type"):
		chart = page.locator(".dashboard-widget-box", has_text=title)
		expect(chart.locator("svg .dataset-units").first).to_be_attached()
		expect(chart).to_contain_text("Dead Letter")
	types = page.locator(".dashboard-widget-box", has_text="by Type").locator("svg.frappe-chart")
	expect(types).to_contain_text(OBLIGING[:6])


def test_its_quick_lists_are_of_the_readers_jobs(world, desk):
	work(world)
	page = desk(world.bob, WORKSPACE)
	attention = page.locator(".quick-list-widget-box", has_text="Needs Attention")
	expect(attention.locator(".quick-list-item")).to_have_count(1)
	running = page.locator(".quick-list-widget-box", has_text="Running Now")
	expect(running).to_contain_text("No Data")


def test_it_is_there_after_the_app_was_installed(site):
	for doctype, names in {
		"Workspace": ["Background Jobs"],
		"Number Card": ["Waiting Jobs", "Running Jobs", "Dead Letter Jobs", "Job Failure Rate"],
		"Dashboard Chart": ["Jobs per Hour", "Jobs by Type"],
		"Dashboard Chart Source": ["Jobs per Hour", "Jobs by Type"],
	}.items():
		assert [name for name in names if not frappe.db.exists(doctype, name)] == [], doctype


def test_the_health_page_says_what_the_doctor_finds(world, desk):
	page = desk(world.manager, f"{DESK}/job-engine-health")
	checks = page.locator("[data-check]")
	expect(checks.first).to_be_visible()
	found = {row.get_attribute("data-check"): row.inner_text() for row in checks.all()}
	assert {"database", "workers", "scheduler", "dead_letters"} <= set(found)
	assert "OK" in found["database"]
	edge = page.locator(".page-head:visible").bounding_box()
	assert page.locator("[role=status]:has([data-check])").bounding_box()["x"] - edge["x"] >= 10


def test_the_health_page_is_for_operators(world, desk):
	page = desk(world.alice, WORKSPACE)
	card(page, "Waiting")
	expect(page.locator("body")).not_to_contain_text("Engine Health")
	with page.expect_response("**/*getpage*") as answer:
		page.evaluate("frappe.set_route('job-engine-health')")
	assert answer.value.status == 403
	expect(page.locator("[data-check]")).to_have_count(0)
