"""Schedules on /jobs: members see them, admins make, change, pause and delete them."""

import json
import re
from datetime import timedelta

import frappe
import pytest
from browser_client import PHONE, WIDE
from canaries import HOSTILE, NAME, TYPE, canaries, check, seen, watch
from factories import OBLIGING, make_job_type, wait_until
from members_page import assert_fine
from playwright.sync_api import Locator, expect
from scheduled import HOUR, jobs_of, make_schedule, row_of, set_due, start_due

from dartwing.dartwing_core.background_jobs.database import times

OFFERED = "scheduled_obliging_job"
TEMPLATE = {"mode": "succeed", "copies": 2}


@pytest.fixture(autouse=True)
def _offered(_clean):
	make_job_type(
		OFFERED,
		display_name="Print a Report",
		allow_web_submission=1,
		parameters_template=json.dumps(TEMPLATE),
	)
	frappe.db.commit()


def shown(page, schedule: str) -> Locator:
	return page.page.locator(f'li[data-schedule="{schedule}"]')


def press(page, schedule: str, action: str) -> None:
	shown(page, schedule).locator(f"[data-action={action}]").click()


def save(page) -> None:
	page.dialog.get_by_role("button", name="Save", exact=True).click()


def schedules() -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Job Schedule", pluck="name")


def parameters_of(schedule: str) -> dict:
	return frappe.parse_json(row_of(schedule).parameters)


def test_a_member_sees_the_schedules_without_buttons(visit, world):
	hourly = make_schedule(title="Hourly export")
	nightly = make_schedule(title="Report", cron="30 2 * * *", time_zone="Europe/Berlin", is_paused=True)
	set_due(hourly)
	start_due()
	(job,) = jobs_of(hourly)
	page = visit(world.alice)
	expect(page.page.locator("#schedule-count")).to_have_text("2 schedules")
	row = shown(page, hourly)
	expect(row).not_to_contain_text("0 min")
	for text in ("Hourly export", "every 1 h", "Active", "next in", job.name, "Queued"):
		expect(row).to_contain_text(text)
	for text in ("30 2 * * * Europe/Berlin", "Paused", "No job yet"):
		expect(shown(page, nightly)).to_contain_text(text)
	# that of the job
	expect(page.page.locator("#schedule-rows button")).to_have_count(1)
	expect(page.button("New schedule")).to_be_hidden()
	row.get_by_role("button", name=job.name).click()
	expect(page.dialog).to_contain_text(job.name)


def test_a_refused_slot_says_why(visit, world):
	schedule = make_schedule()
	frappe.db.set_value("Job Type", OBLIGING, "is_enabled", 0)
	frappe.clear_document_cache("Job Type", OBLIGING)
	frappe.db.commit()
	try:
		set_due(schedule)
		start_due()
	finally:
		frappe.db.set_value("Job Type", OBLIGING, "is_enabled", 1)
		frappe.clear_document_cache("Job Type", OBLIGING)
		frappe.db.commit()
	page = visit(world.alice)
	expect(shown(page, schedule)).to_contain_text("refused")
	expect(shown(page, schedule)).to_contain_text("is disabled")


def test_schedules_of_others_do_not_exist(visit, world):
	make_schedule("Administrator", world.beta, run_as=world.bob, title="a secret")
	page = visit(world.alice)
	expect(page.page.locator("#schedules")).to_be_hidden()
	assert "a secret" not in page.page.content()


def test_a_filter_and_a_group_hide_them(visit, world):
	schedule = make_schedule()
	page = visit(world.alice)
	expect(shown(page, schedule)).to_be_visible()
	page.choose("Status", "Running")
	expect(page.page.locator("#schedules")).to_be_hidden()
	page.button("Clear filters").click()
	expect(shown(page, schedule)).to_be_visible()


def test_an_admin_pauses_resumes_and_deletes(visit, world):
	schedule = make_schedule()
	page = visit(world.adam)
	press(page, schedule, "pause")
	expect(shown(page, schedule)).to_contain_text("Paused")
	expect(shown(page, schedule).locator("[data-action=resume]")).to_be_focused()
	assert row_of(schedule).is_paused
	press(page, schedule, "resume")
	expect(shown(page, schedule)).to_contain_text("Active")
	assert not row_of(schedule).is_paused
	press(page, schedule, "delete")
	page.button("Keep it").click()
	assert schedules() == [schedule]
	press(page, schedule, "delete")
	page.button("Delete the schedule").click()
	expect(shown(page, schedule)).to_have_count(0)
	assert schedules() == []


def test_a_refusal_is_told(visit, world):
	schedule = make_schedule()
	page = visit(world.adam)
	answer = {"status": 409, "json": {"error": "schedule_id: it is <b>gone</b>"}}
	page.page.route("**/*pause_schedule", lambda route: route.fulfill(**answer))
	press(page, schedule, "pause")
	expect(page.page.locator("#alerts")).to_contain_text("it is <b>gone</b>")


def test_an_admin_makes_one_with_the_fields_of_the_template(visit, world):
	page = visit(world.adam)
	page.button("New schedule").click()
	form = page.dialog
	form.get_by_label("Title").fill("Monthly report")
	form.get_by_label("Copies").fill("5")
	form.get_by_label("Times (cron)").fill("0 6 1 * *")
	form.get_by_label("Time zone").fill("Europe/Berlin")
	expect(form.locator(".next-times li")).to_have_count(5)
	form.get_by_label("While its last job has not ended").select_option("Queue")
	form.get_by_label("After an outage").select_option("Last")
	save(page)
	(schedule,) = wait_until(schedules, "the schedule")
	expect(shown(page, schedule)).to_contain_text("Monthly report")
	row = row_of(schedule)
	assert (row.job_type, row.organization, row.run_as) == (OFFERED, world.alpha, world.adam)
	assert (row.cron, row.time_zone, row.overlap, row.catch_up) == (
		"0 6 1 * *",
		"Europe/Berlin",
		"Queue",
		"Last",
	)
	assert parameters_of(schedule) == {"mode": "succeed", "copies": 5}


def test_an_admin_says_how_urgent_it_is_from_when_until_when_and_how_much_is_caught_up(visit, world):
	page = visit(world.adam)
	page.button("New schedule").click()
	form = page.dialog
	form.get_by_label("Title").fill("A season")
	form.get_by_label("Times (cron)").fill("0 6 * * *")
	form.get_by_label("Not before").fill("2040-06-01T00:00:00")
	form.get_by_label("Not after").fill("2040-06-03T00:00:00")
	expect(form.locator(".next-times li")).to_have_count(2)
	expect(form.get_by_label("At most so many")).to_be_hidden()
	form.get_by_label("After an outage").select_option("All")
	form.get_by_label("At most so many").fill("")
	save(page)
	expect_wrong(page, "At most so many", "Enter how many are made at most.")
	form.get_by_label("At most so many").fill("7")
	form.get_by_label("Priority").select_option("High")
	save(page)
	(schedule,) = wait_until(schedules, "the schedule")
	expect(shown(page, schedule)).to_contain_text("A season")
	row = row_of(schedule)
	assert (row.priority, row.catch_up, row.catch_up_limit) == ("High", "All", 7)
	assert (row.starts_at.year, row.ends_at_utc - row.anchor_utc) == (2040, timedelta(days=2))
	assert row.idempotency_hash

	shown(page, schedule).locator(".title").click()
	form.get_by_label("Title").fill("Always")
	expect(form.get_by_label("Not before")).to_have_value("2040-06-01T00:00")
	form.get_by_label("Not before").fill("")
	form.get_by_label("Not after").fill("")
	form.get_by_label("Priority").select_option("")
	expect(form.locator(".next-times li")).to_have_count(5)
	save(page)
	expect(shown(page, schedule)).to_contain_text("Always")
	row = row_of(schedule)
	assert (row.priority, row.starts_at, row.ends_at, row.catch_up_limit) == (None, None, None, 7)


def test_a_wrong_time_is_told_before_and_when_it_is_saved(visit, world):
	page = visit(world.adam)
	page.button("New schedule").click()
	page.dialog.get_by_label("Title").fill("Never")
	page.dialog.get_by_label("Times (cron)").fill("61 * * * *")
	expect(page.dialog.locator(".next-times")).to_contain_text("is no cron expression")
	save(page)
	expect_wrong(page, "Times (cron)", "is no cron expression")
	assert schedules() == []


def expect_wrong(page, label: str, message: str) -> None:
	"""The field says so, and has the focus."""
	field = page.dialog.get_by_label(label)
	expect(field).to_be_focused()
	expect(field).to_have_attribute("aria-invalid", "true")
	expect(field).to_have_accessible_description(re.compile(re.escape(message)))


def test_a_time_that_there_is_not_is_told_and_is_not_left_out(visit, world):
	page = visit(world.adam, locale="en-US")
	page.button("New schedule").click()
	page.dialog.get_by_label("Title").fill("Hourly")
	page.dialog.get_by_label("When").select_option("Interval")
	page.dialog.get_by_label("Not after").focus()
	page.dialog.get_by_label("Not after").press_sequentially("02312027")
	save(page)
	expect_wrong(page, "Not after", "This is no date with a time.")
	assert schedules() == []


def test_what_is_left_empty_is_asked_for(visit, world):
	schedule = make_schedule(title="Old")
	page = visit(world.adam)
	shown(page, schedule).locator(".title").click()
	page.dialog.get_by_label("Seconds from one to the next").fill("")
	save(page)
	expect_wrong(page, "Seconds from one to the next", "Enter a whole number of seconds.")
	page.dialog.get_by_label("When").select_option("Cron")
	save(page)
	expect_wrong(page, "Times (cron)", "Enter the times.")
	page.dialog.get_by_label("Title").fill(" ")
	save(page)
	expect_wrong(page, "Title", "Enter a title.")
	expect(page.dialog.locator(".error:not(:empty)")).to_have_text(["Enter a title.", "Enter the times."])
	assert row_of(schedule).interval_seconds == 3600


def test_what_is_not_changed_stays_and_what_is_secret_is_not_overwritten(visit, world):
	given = {"mode": "succeed", "password": "kept"}
	schedule = make_schedule(title="Old", job_type=OFFERED, parameters=given, interval_seconds=7200)
	page = visit(world.adam)
	shown(page, schedule).get_by_role("button", name="Old").first.click()
	expect(page.dialog.get_by_label("Seconds from one to the next")).to_have_value("7200")
	expect(page.dialog.locator(".facts")).to_contain_text("succeed")
	assert "kept" not in page.dialog.inner_text()
	first = page.dialog.locator(".next-times time").first
	expect(first).to_have_attribute("datetime", times.utc_as_text(row_of(schedule).next_slot_utc))
	page.dialog.get_by_label("Title").fill("New")
	save(page)
	expect(shown(page, schedule)).to_contain_text("New")
	assert parameters_of(schedule) == given
	shown(page, schedule).get_by_role("button", name="New").first.click()
	page.dialog.get_by_label("Give other parameters").check()
	page.dialog.get_by_label("Copies").fill("7")
	page.dialog.get_by_label("When").select_option("Cron")
	page.dialog.get_by_label("Times (cron)").fill("0 6 * * *")
	save(page)
	expect(shown(page, schedule)).to_contain_text("0 6 * * *")
	assert parameters_of(schedule) == {"mode": "succeed", "copies": 7}


def test_who_changes_what_another_has_run_takes_it_over(visit, world):
	schedule = make_schedule("Administrator", run_as=world.alice, title="Hers")
	page = visit(world.adam)
	shown(page, schedule).get_by_role("button", name="Hers").first.click()
	expect(page.dialog).to_contain_text(f"those of {world.alice}")
	page.dialog.get_by_label("Title").fill("His")
	save(page)
	expect(shown(page, schedule)).to_contain_text("His")
	assert row_of(schedule).run_as == world.adam


def test_older_schedules_follow(visit, world):
	names = [make_schedule(title=f"schedule {number}") for number in range(22)][::-1]
	page = visit(world.alice)
	rows = page.page.locator("li[data-schedule]")
	expect(rows).to_have_count(20)
	expect(page.page.locator("#schedule-count")).to_have_text("20 of 22 schedules")
	page.button("Show older schedules").click()
	expect(rows).to_have_count(22)
	expect(shown(page, names[20]).locator(".title")).to_be_focused()
	assert rows.evaluate_all("rows => rows.map((row) => row.dataset.schedule)") == names


def test_a_schedule_is_opened_and_deleted_with_the_keyboard_alone(visit, world):
	schedule = make_schedule(title="Typed")
	page = visit(world.adam)
	expect(shown(page, schedule)).to_be_visible()
	keyboard = page.page.keyboard
	page.button("New schedule").focus()
	keyboard.press("Tab")
	keyboard.press("Enter")
	expect(page.dialog.get_by_label("Title")).to_be_focused()
	keyboard.press("Escape")
	expect(shown(page, schedule).locator(".title")).to_be_focused()
	for key in ("Tab", "Tab", "Enter"):
		keyboard.press(key)
	expect(page.button("Delete the schedule")).to_be_focused()
	keyboard.press("Enter")
	expect(shown(page, schedule)).to_have_count(0)
	expect(page.page.locator("#schedules")).to_be_focused()


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(visit, world, scheme, width):
	schedule = make_schedule(title="Export " + "averyverylongwordwithoutanyspaces" * 3)
	make_schedule(is_paused=True, cron="30 2 * * MON-FRI")
	set_due(schedule, HOUR)
	start_due()
	for user in (world.alice, world.adam):
		page = visit(user, viewport=width, color_scheme=scheme, reduced_motion="reduce")
		expect(shown(page, schedule)).to_be_visible()
		assert_fine(page)
	shown(page, schedule).locator(".title").click()
	expect(page.dialog.locator(".next-times li")).to_have_count(5)
	assert_fine(page)
	page.page.keyboard.press("Escape")
	page.button("New schedule").click()
	assert_fine(page)


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_of_a_schedule_is_markup(visit, world, width):
	with canaries(world):
		parameters = {"mode": "succeed", "html": HOSTILE, HOSTILE: 1}
		schedule = make_schedule(organization=NAME, job_type=TYPE, parameters=parameters)
		assert parameters_of(schedule) == parameters
		set_due(schedule)
		start_due()
		frappe.db.set_value("Job Schedule", schedule, "title", HOSTILE[:140])
		refused = {"outcome": "refused", "job": None, "reason": HOSTILE[:140]}
		frappe.db.set_value("Job Schedule Slot", {"schedule": schedule}, refused)
		frappe.db.commit()
		page = visit(world.adam, viewport=width)
		dialogs = watch(page.page)
		expect(shown(page, schedule)).to_contain_text("refused")
		press(page, schedule, "delete")
		expect(page.dialog).to_contain_text("__canary")
		page.page.keyboard.press("Escape")
		press(page, schedule, "pause")
		expect(shown(page, schedule)).to_contain_text("Paused")
		shown(page, schedule).locator(".title").click()
		expect(page.dialog.locator(".next-times li")).to_have_count(5)
		assert seen(page.page).count("__canary") > 2
		check(page.page, dialogs)
		assert page.errors == []
		frappe.db.delete("Job Schedule", {"name": schedule})
		frappe.db.delete("Job Schedule Slot", {"schedule": schedule})
		frappe.db.commit()
