"""Groups on /jobs: one row for each, which opens to its jobs, moves by itself and takes actions."""

import frappe
import pytest
from browser_client import PHONE, WIDE
from canaries import HOSTILE, NAME, TYPE, canaries, check, seen, watch
from factories import OBLIGING, acting_as, end, state, submit, submit_as
from grouped import status_of, submit_group
from members_page import assert_fine
from playwright.sync_api import Locator, expect

from dartwing.dartwing_core.background_jobs import Flow, Job


def row_of(page, group: str) -> Locator:
	return page.page.locator(f'li[data-group="{group}"]')


def toggle(page, group: str) -> Locator:
	return row_of(page, group).get_by_role("button", name=group).first


def members_in(page, group: str) -> list[str]:
	rows = row_of(page, group).locator("li[data-job]")
	return rows.evaluate_all("rows => rows.map((row) => row.dataset.job)")


def expect_ended(page, group: str, text: str) -> None:
	expect(row_of(page, group).locator(".progress-text").first).to_contain_text(text)


def choose_action(page, group: str, label: str) -> None:
	head = row_of(page, group).locator(".row").first
	head.get_by_role("button", name=label).click()


def test_a_group_is_one_row_that_moves_by_itself(visit, world):
	group, (first, second, third), _ = submit_group(3, title="Scan the letters")
	page = visit(world.alice)
	expect(row_of(page, group)).to_contain_text("Scan the letters")
	expect_ended(page, group, "0 of 3 ended")
	expect(page.rows).to_have_count(0)
	# what moves is what was sent
	page.page.route("**/*members_page*", lambda route: route.abort())
	end(first, "Completed")
	expect_ended(page, group, "1 of 3 ended")
	bar = row_of(page, group).get_by_role("progressbar", name="Progress of Scan the letters")
	expect(bar).to_have_js_property("value", 33.33)
	page.page.unroute_all()
	end(second, "Dead Letter")
	end(third, "Completed")
	expect_ended(page, group, "3 of 3 ended · 1 failed")
	expect(row_of(page, group).locator(".status").first).to_have_text("Failed")
	expect(page.page.locator("#announcer")).to_contain_text(f"{group}: Failed")


def test_a_new_group_appears_with_its_jobs_in_no_list(visit, world):
	lone = submit()
	page = visit(world.alice)
	page.expect_jobs(lone.name)
	group, members, _ = submit_group(4)
	expect(row_of(page, group)).to_be_visible()
	end(members[0], "Running")
	end(members[0], "Completed")
	expect_ended(page, group, "1 of 4 ended")
	page.expect_jobs(lone.name)
	expect(page.page.locator("#count")).to_have_text("1 single job")
	expect(page.page.locator("#group-count")).to_have_text("1 group")


def test_a_group_opens_to_its_jobs_in_their_order(visit, world):
	group, members, _ = submit_group(25)
	page = visit(world.alice)
	expect(toggle(page, group)).to_have_attribute("aria-expanded", "false")
	toggle(page, group).click()
	expect(toggle(page, group)).to_have_attribute("aria-expanded", "true")
	expect(row_of(page, group).locator("li[data-job]")).to_have_count(20)
	assert members_in(page, group) == members[:20]
	page.button("Show more jobs").click()
	expect(page.row(members[20]).locator(".title")).to_be_focused()
	assert members_in(page, group) == members
	expect(page.button("Show more jobs")).to_be_hidden()
	end(members[3], "Running")
	expect(page.row(members[3])).to_contain_text("Running")
	end(members[3], "Completed")
	expect(page.row(members[3])).to_contain_text("Completed")
	assert members_in(page, group) == members
	toggle(page, group).click()
	expect(page.rows).to_have_count(0)


def test_a_filter_lists_jobs_of_groups_and_marks_them(visit, world):
	group, (member,), _ = submit_group(1, title="Scan")
	lone = submit()
	page = visit(world.alice)
	page.expect_jobs(lone.name)
	page.choose("Status", "Queued")
	page.expect_jobs(lone.name, member)
	expect(page.row(member)).to_contain_text("of Scan")
	expect(row_of(page, group)).to_have_count(0)
	page.button("Clear filters").click()
	page.expect_jobs(lone.name)
	expect(row_of(page, group)).to_be_visible()


def test_an_organization_has_its_groups_and_its_single_jobs(visit, world, wanda):
	in_alpha, in_beta = submit_group(1)[0], submit_group(1, world.bob, world.beta)[0]
	lone = submit()
	page = visit(wanda)
	expect(row_of(page, in_beta)).to_contain_text(world.beta)
	page.choose("Organization", world.alpha)
	expect(row_of(page, in_beta)).to_have_count(0)
	expect(row_of(page, in_alpha)).to_be_visible()
	page.expect_jobs(lone.name)


def test_the_details_of_a_job_lead_to_its_group(visit, world):
	group, (first, second), _ = submit_group(2, title="Scan")
	submit_group(1)
	page = visit(world.alice, f"/jobs?job={first}")
	page.dialog.get_by_role("button", name="Scan", exact=True).click()
	expect(page.page.get_by_role("dialog")).to_have_count(0)
	expect(page.page.locator("li[data-group]")).to_have_count(1)
	expect(toggle(page, group)).to_be_focused()
	page.expect_jobs(first, second)
	assert page.page.url.endswith(f"?group={group}")
	page.reload()
	page.expect_jobs(first, second)
	page.button("Clear filters").click()
	expect(page.page.locator("li[data-group]")).to_have_count(2)


def test_groups_of_others_do_not_exist(visit, world):
	foreign = submit_group(1, world.bob, world.beta, title="a secret")[0]
	page = visit(world.alice)
	expect(page.page.locator("#groups")).to_be_hidden()
	assert "a secret" not in page.page.content()
	page.open(f"/jobs?group={foreign}", is_live=False)
	expect(page.page.get_by_text("There is no such group")).to_be_visible()
	page.button("Show all jobs").click()
	expect(page.page.get_by_text("No jobs yet")).to_be_visible()


def test_cancel_asks_and_says_how_many(visit, world):
	group, (first, second, third), _ = submit_group(3)
	end(first, "Completed")
	page = visit(world.alice)
	choose_action(page, group, "Cancel")
	expect(page.dialog).to_contain_text("jobs that have not ended (2) stop")
	page.button("Let them go on").click()
	assert status_of(group) == "Running"
	choose_action(page, group, "Cancel")
	page.button("Cancel the jobs").click()
	expect(page.dialog).to_contain_text("Canceled: 2")
	page.dialog.get_by_role("button", name="Close", exact=True).last.click()
	expect_ended(page, group, "3 of 3 ended · 2 canceled")
	assert {state(name)["status"] for name in (second, third)} == {"Canceled"}


def test_what_was_refused_is_told(visit, world):
	group, (first, _second), _ = submit_group(2)
	page = visit(world.alice)
	answer = {"done": [], "refused": {first: "job_id: it is <b>Completed</b>"}, "left": 3}
	page.page.route("**/*cancel_group", lambda route: route.fulfill(json={"message": answer}))
	choose_action(page, group, "Cancel")
	page.button("Cancel the jobs").click()
	expect(page.dialog).to_contain_text("Canceled: 0")
	expect(page.dialog).to_contain_text(f"{first}: it is <b>Completed</b>")
	expect(page.dialog).to_contain_text("Left, as one call takes no more: 3")


def test_an_admin_retries_and_discards_what_failed_and_a_member_does_not(visit, world):
	group, (first, second), _ = submit_group(2)
	end(first, "Dead Letter", error_message="of no use")
	end(second, "Completed")
	member, admin = visit(world.alice), visit(world.adam)
	expect(row_of(member, group).get_by_role("button")).to_have_count(1)
	choose_action(admin, group, "Retry failed")
	admin.dialog.get_by_role("button", name="Try again").click()
	expect(admin.dialog).to_contain_text("Tried again: 1")
	admin.page.keyboard.press("Escape")
	expect(row_of(admin, group).locator(".status").first).to_have_text("Running")
	end(first, "Dead Letter", error_message="of no use")
	toggle(admin, group).click()
	row_of(admin, group).get_by_role("button", name="Discard failed").click()
	admin.dialog.get_by_label("Reason").fill("nobody needs it")
	admin.button("Discard the jobs").click()
	expect(admin.dialog).to_contain_text("Discarded: 1")
	admin.page.keyboard.press("Escape")
	expect(row_of(admin, group).locator(".status").first).to_have_text("Canceled")


def test_older_groups_follow_without_gaps(visit, world):
	groups = [submit_group(1, title=f"group {number}")[0] for number in range(12)][::-1]
	page = visit(world.alice)
	shown = page.page.locator("li[data-group]")
	expect(shown).to_have_count(5)
	expect(page.page.locator("#group-count")).to_have_text("5 of 12 groups")
	page.button("Show older groups").click()
	expect(shown).to_have_count(10)
	expect(toggle(page, groups[5])).to_be_focused()
	groups.insert(0, submit_group(1)[0])
	expect(shown).to_have_count(11)
	page.button("Show older groups").click()
	expect(shown).to_have_count(13)
	assert shown.evaluate_all("rows => rows.map((row) => row.dataset.group)") == groups


def test_groups_move_without_a_live_connection(visit, world, browsed):
	group, (first, _second), _ = submit_group(2)
	browsed.stop_socketio()
	try:
		page = visit(world.alice, is_live=False)
		expect_ended(page, group, "0 of 2 ended")
		toggle(page, group).click()
		expect(page.row(first)).to_be_visible()
		end(first, "Completed")
		expect_ended(page, group, "1 of 2 ended")
		expect(page.row(first)).to_contain_text("Completed")
	finally:
		browsed.start_socketio()


def test_a_group_is_opened_and_canceled_with_the_keyboard_alone(visit, world):
	group, (first, _second), _ = submit_group(2)
	page = visit(world.alice)
	keyboard, focused = page.page.keyboard, "document.activeElement"
	page.button("New job").or_(page.page.locator("select").last).last.focus()
	while group not in page.page.evaluate(f"{focused}.textContent"):
		keyboard.press("Tab")
	keyboard.press("Enter")
	expect(page.row(first)).to_be_visible()
	keyboard.press("Tab")
	assert page.page.evaluate(f"{focused}.dataset.action") == "cancel"
	keyboard.press("Tab")
	assert first in page.page.evaluate(f"{focused}.textContent")
	keyboard.press("Shift+Tab")
	keyboard.press("Enter")
	expect(page.button("Cancel the jobs")).to_be_focused()
	keyboard.press("Enter")
	expect(page.dialog).to_contain_text("Canceled: 2")
	keyboard.press("Enter")
	expect(toggle(page, group)).to_be_focused()


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(visit, world, scheme, width):
	group, (first, second, _third), _ = submit_group(
		3, title="Scan " + "averyverylongwordwithoutanyspaces" * 3
	)
	end(first, "Dead Letter", error_message="of no use")
	end(second, "Running", progress=40)
	for status in ("Completed", "Canceled"):
		end(submit_group(1)[1][0], status)
	submit()
	page = visit(world.adam, viewport=width, color_scheme=scheme, reduced_motion="reduce")
	toggle(page, group).click()
	expect(page.row(first)).to_be_visible()
	assert_fine(page)
	row_of(page, group).get_by_role("button", name="Discard failed").click()
	assert_fine(page)
	page.dialog.get_by_label("Reason").fill("nobody needs it")
	page.button("Discard the jobs").click()
	expect(page.dialog).to_contain_text("Discarded: 1")
	assert_fine(page)


def test_nothing_of_a_group_is_markup(visit, world):
	with canaries(world):
		with acting_as(world.alice):
			made = Flow("a group", Job(TYPE, {"mode": "succeed", "html": HOSTILE})).submit(NAME)
			frappe.db.commit()
		frappe.db.set_value("Job Group", made.group_id, "title", HOSTILE[:140])
		frappe.db.commit()
		page = visit(world.adam)
		dialogs = watch(page.page)
		toggle(page, made.group_id).click()
		expect(page.row(made.jobs[0].name)).to_be_visible()
		end(made.jobs[0].name, "Dead Letter", error_message=HOSTILE)
		expect_ended(page, made.group_id, "1 of 1 ended · 1 failed")
		choose_action(page, made.group_id, "Retry failed")
		expect(page.dialog).to_contain_text("__canary")
		page.page.keyboard.press("Escape")
		page.open_details(made.jobs[0].name)
		expect(page.dialog).to_contain_text("Group")
		assert seen(page.page).count("__canary") > 2
		check(page.page, dialogs)
		assert page.errors == []
		frappe.db.delete("Job Group", {"name": made.group_id})
		frappe.db.commit()


def test_jobs_that_name_no_group_are_as_before(visit, world):
	job = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"})
	page = visit(world.alice)
	page.expect_jobs(job.name)
	expect(page.page.locator("#count")).to_have_text("1 job")
	expect(page.page.locator("#groups")).to_be_hidden()
