"""The page when something is missing: the socket, the server, the session."""

import frappe
import pytest
from browser_client import guest_at, person_at, take_session
from factories import end, submit
from frappe.sessions import delete_session
from http_client import PASSWORD
from members_page import MembersPage
from playwright.sync_api import BrowserContext, Page, expect

LIMIT = "dartwing.dartwing_core.api.members_page"


def test_a_dropped_socket_is_made_up_for_by_reading(visit, world, browsed):
	before = submit()
	page = visit(world.alice)
	status = page.page.get_by_role("status")
	browsed.stop_socketio()
	try:
		expect(status).to_have_text("Not live; refreshed every 5 seconds")
		end(before.name, "Running")
		meanwhile = submit()
		expect(page.row(before.name)).to_contain_text("Running")
		expect(page.row(meanwhile.name)).to_be_visible()
	finally:
		browsed.start_socketio()
	expect(status).to_have_text("Live")
	end(before.name, "Completed")
	expect(page.row(before.name)).to_contain_text("Completed")


def test_what_happened_while_the_socket_was_down_is_read_on_return(visit, world, browsed):
	job = submit()
	page = visit(world.alice)
	# no reading succeeds until the socket is back
	page.page.route("**/api/method/**", lambda route: route.abort())
	browsed.stop_socketio()
	try:
		expect(page.page.get_by_role("status")).to_contain_text("cannot be reached")
		end(job.name, "Completed")
		expect(page.row(job.name)).to_contain_text("Queued")
	finally:
		browsed.start_socketio()
		page.page.unroute("**/api/method/**")
	expect(page.row(job.name)).to_contain_text("Completed")
	expect(page.page.get_by_role("status")).to_have_text("Live")


def test_too_many_calls_are_told_and_waited_for(visit, world):
	page = visit(world.alice)
	asked: list[str] = []

	def refuse(route):
		asked.append(route.request.url)
		body = '{"error": "At most 60 calls of list in a minute; try again in 40 seconds"}'
		route.fulfill(status=429, headers={"Retry-After": "40"}, content_type="application/json", body=body)

	page.page.route(f"**/{LIMIT}.list_rows**", refuse)
	page.choose("Status", "Running")
	expect(page.page.get_by_role("alert").first).to_contain_text("try again in 40 seconds")
	page.choose("Status", "Completed")
	page.page.wait_for_timeout(1_500)
	assert len(asked) == 1


def test_a_slow_answer_to_what_was_asked_before_a_refusal_hides_it_not(visit, world):
	page = visit(world.alice)
	slow = []

	def answer(route):
		if "status=Running" in route.request.url:
			slow.append(route)
		else:
			route.fulfill(status=429, headers={"Retry-After": "40"}, json={"error": "Not now"})

	page.page.route(f"**/{LIMIT}.list_rows**", answer)
	with page.page.expect_request(f"**/{LIMIT}.list_rows**"):
		page.choose("Status", "Running")
	page.choose("Status", "Completed")
	refusal = page.page.get_by_role("alert").first
	expect(refusal).to_contain_text("Not now")
	with page.page.expect_response(f"**/{LIMIT}.list_rows**status=Running**"):
		slow[0].continue_()
	page.page.wait_for_timeout(500)
	expect(refusal).to_contain_text("Not now")


def test_jobs_of_another_filter_do_not_stay_when_there_is_no_answer(visit, world):
	for _ in range(21):
		submit()
	page = visit(world.alice)
	slow = []
	page.page.route(f"**/{LIMIT}.list_rows?status=Running**", lambda route: slow.append(route))
	with page.page.expect_request(f"**/{LIMIT}.list_rows?status=Running**"):
		page.choose("Status", "Running")
	page.button("Show older jobs").click()
	page.page.wait_for_timeout(300)
	expect(page.page.get_by_role("alert").first).to_be_empty()
	slow[0].fulfill(status=429, headers={"Retry-After": "40"}, json={"error": "Not now"})
	expect(page.page.get_by_role("alert").first).to_contain_text("Not now")
	expect(page.rows).to_have_count(0)
	expect(page.page.locator("#count")).to_have_text("Loading…")
	expect(page.button("Show older jobs")).to_be_hidden()


def test_a_server_that_cannot_answer_ends_no_session(visit, world):
	page = visit(world.alice)
	page.page.route(f"**/{LIMIT}.list_rows**", lambda route: route.fulfill(status=409, json={"error": "Odd"}))
	page.page.route("**/*get_logged_user", lambda route: route.fulfill(status=503))
	page.choose("Status", "Running")
	expect(page.page.get_by_role("alert").first).to_contain_text("Odd")
	expect(page.page.get_by_role("status")).to_have_text("Live")


def test_a_guest_is_sent_to_the_login_and_back(browser, browsed, world):
	window = guest_at(browser, browsed.web)
	page = window.new_page()
	page.goto("/jobs?status=Running")
	# Frappe's own script adds #login
	assert page.url.partition("#")[0] == f"{browsed.web.origin}/login?redirect-to=/jobs%3Fstatus%3DRunning"
	browsed.web.login(world.alice)
	page.locator("#login_email").fill(world.alice)
	page.locator("#login_password").fill(PASSWORD)
	page.locator(".btn-login:visible").click()
	page.wait_for_url("**/jobs?status=Running")
	expect(page.get_by_role("status")).to_have_text("Live")
	window.close()


def test_a_session_that_ended_leads_to_the_login(browser, browsed, world):
	client = browsed.web.login(world.alice)
	window = person_at(browser, client)
	page = opened_in(window)
	# an answer on its way would store the session in the cache again
	page.wait_for_load_state("networkidle")
	end_session(client)
	page.get_by_label("Status").select_option("Running")
	alert = page.get_by_role("alert").first
	expect(alert).to_contain_text("Your session has ended.")
	link = alert.get_by_role("link", name="Log in again")
	expect(link).to_have_attribute("href", "/login?redirect-to=%2Fjobs%3Fstatus%3DRunning")
	window.close()


def test_a_session_of_somebody_else_is_noticed(browser, browsed, world):
	window = person_at(browser, browsed.web.login(world.alice))
	page = opened_in(window)
	take_session(window, browsed.web.login(world.bob))
	page.get_by_label("Status").select_option("Running")
	expect(page.get_by_role("alert").first).to_contain_text(f"You are logged in as {world.bob} now")
	window.close()


def test_a_new_session_of_the_same_user_asks_for_a_reload(browser, browsed, world):
	window = person_at(browser, browsed.web.login(world.alice))
	page = opened_in(window)
	job = submit()
	expect(page.get_by_text(job.name)).to_be_visible()
	take_session(window, browsed.web.login(world.alice))
	# the new session gets a token of its own
	opened_in(window)
	page.get_by_role("button", name="Cancel").click()
	page.get_by_role("button", name="Cancel the job").click()
	expect(page.get_by_role("link", name="Reload the page")).to_be_visible()
	MembersPage(page).follow(page.get_by_role("link", name="Reload the page"))
	page.get_by_role("button", name="Cancel").click()
	page.get_by_role("button", name="Cancel the job").click()
	expect(page.get_by_role("listitem").get_by_text("Canceled")).to_be_visible()
	window.close()


@pytest.mark.parametrize("path", ["/jobs", "/jobs?status=Nonsense&job_type=nothing&organization=none"])
def test_an_address_that_says_nothing_useful_shows_all_jobs(visit, world, path):
	job = submit()
	expect(visit(world.alice, path).row(job.name)).to_be_visible()


def test_who_logs_out_is_out(browser, browsed, world):
	client = browsed.web.login(world.alice)
	window = person_at(browser, client)
	page = opened_in(window)
	page.get_by_role("button", name="Log out").click()
	page.wait_for_url("**/login?redirect-to=/jobs")
	frappe.db.rollback()
	assert not frappe.db.sql("select 1 from tabSessions where sid = %s", client.cookies["sid"])
	window.close()


def test_who_could_not_be_logged_out_is_told(visit, world):
	page = visit(world.alice).page
	page.route("**/api/method/logout", lambda route: route.fulfill(status=500))
	page.get_by_role("button", name="Log out").click()
	alert = page.get_by_role("alert").first
	expect(alert).to_contain_text("You are still logged in: The server failed to answer (500).")
	assert page.url.endswith("/jobs")
	page.unroute("**/api/method/logout")
	page.get_by_role("button", name="Log out").click()
	page.wait_for_url("**/login?redirect-to=/jobs")


def opened_in(window: BrowserContext) -> Page:
	"""The members' page, live, in a new tab."""
	page = MembersPage(window.new_page())
	page.open()
	return page.page


def end_session(client) -> None:
	"""As when it expires: the server knows it no more."""
	delete_session(client.cookies["sid"])
	frappe.db.commit()
