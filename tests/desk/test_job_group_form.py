"""A group's form: live, and with the buttons that its reader may use."""

from factories import end, state
from grouped import status_of, submit_group
from looking import (
	DESK,
	button,
	confirm,
	expect_status,
	is_marked,
	mark,
	names_in,
	press,
	wait_for_progress,
)
from playwright.sync_api import expect

LIST = f"{DESK}/job-group"


def test_a_group_moves_on_an_open_form_without_a_reload(world, desk):
	group, members, _on_end = submit_group(2)
	page = desk(world.alice, f"{LIST}/{group}")
	expect_status(page, "Running")
	mark(page)
	end(members[0], "Completed")
	wait_for_progress(page, beyond=0)
	press(button(page, "Cancel Jobs"))
	confirm(page)
	expect_status(page, "Canceled")
	assert [state(member)["status"] for member in members] == ["Completed", "Canceled"]
	assert is_marked(page)


def test_an_admin_retries_what_failed(world, desk):
	group, (member,), _on_end = submit_group(1)
	end(member, "Dead Letter")
	page = desk(world.adam, f"{LIST}/{group}")
	expect_status(page, "Failed")
	press(button(page, "Retry Failed"))
	confirm(page, "Retry")
	expect_status(page, "Running")
	assert status_of(group) == "Running"


def test_an_admin_discards_what_failed_and_says_why(world, desk):
	group, (member,), _on_end = submit_group(1)
	end(member, "Dead Letter")
	page = desk(world.adam, f"{LIST}/{group}")
	press(button(page, "Discard Failed"))
	page.locator(".modal.show [data-fieldname=reason] textarea").fill("of no use")
	confirm(page, "Discard")
	expect_status(page, "Canceled")
	assert state(member)["status"] == "Canceled"


def test_a_member_is_offered_what_they_may_do(world, desk):
	group, members, _on_end = submit_group(2, user=world.adam)
	end(members[0], "Dead Letter")
	page = desk(world.alice, f"{LIST}/{group}")
	expect_status(page, "Running")
	expect(button(page, "Jobs")).to_be_visible()
	for label in ("Cancel Jobs", "Retry Failed", "Discard Failed"):
		expect(button(page, label)).to_have_count(0)


def test_the_form_leads_to_its_jobs(world, desk):
	group, members, _on_end = submit_group(2)
	submit_group(1)
	page = desk(world.alice, f"{LIST}/{group}")
	expect_status(page, "Running")
	press(page.get_by_role("button", name="Jobs", exact=True))
	page.wait_for_function("window.cur_list?.doctype === 'Background Job' && cur_list.data?.length === 2")
	assert set(names_in(page)) == set(members)


def test_the_list_shows_how_groups_are(world, desk):
	group, (member,), _on_end = submit_group(1)
	end(member, "Dead Letter")
	page = desk(world.alice, LIST)
	assert names_in(page) == [group]
	expect(page.locator(".list-row .indicator-pill").first).to_have_text("Failed")
