"""Pages of apps, their assets and the login: what a page of an app leans on."""

from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser_client import guest_at
from http_client import PASSWORD
from playwright.sync_api import expect

import dartwing

ASSETS = [("main.js", "javascript"), ("jobs.css", "css"), ("icon.svg", "svg")]


@pytest.fixture
def window(browser, browsed):
	window = guest_at(browser, browsed.web)
	yield window
	window.close()


def log_in(page, user: str, password: str) -> None:
	page.locator("#login_email").fill(user)
	page.locator("#login_password").fill(password)
	page.locator(".btn-login:visible").click()


def test_a_login_leads_where_the_address_says(window, browsed, passing_user):
	browsed.web.login(passing_user.name)
	page = window.new_page()
	page.goto("/login?redirect-to=/api/method/frappe.auth.get_logged_user%3Fmore%3D1")
	log_in(page, passing_user.name, PASSWORD)
	page.wait_for_url("**/api/method/frappe.auth.get_logged_user?more=1")
	assert passing_user.name in page.content()


def test_a_login_leads_to_no_other_site(window, browsed, passing_user):
	browsed.web.login(passing_user.name)
	page = window.new_page()
	page.goto("/login?redirect-to=https://elsewhere.example/")
	log_in(page, passing_user.name, PASSWORD)
	page.wait_for_function("!location.pathname.startsWith('/login')")
	assert page.url.startswith(browsed.web.origin)


def test_a_wrong_password_stays_on_the_login(window, passing_user):
	page = window.new_page()
	page.goto("/login?redirect-to=/jobs")
	log_in(page, passing_user.name, "wrong")
	expect(page.get_by_text("Invalid Login. Try again.")).to_be_visible()
	assert urlparse(page.url).path == "/login"


def test_who_is_logged_in_is_sent_on_from_the_login(browsed, passing_user):
	client = browsed.web.login(passing_user.name)
	answer = client.get("/login?redirect-to=/jobs", allow_redirects=False)
	assert answer.status_code == 301
	assert answer.headers["Location"].endswith("/jobs")
	assert "no-store" in answer.headers["Cache-Control"]


def test_a_page_chooses_the_code_of_its_redirect(guest):
	answer = guest.get("/jobs", allow_redirects=False)
	assert (answer.status_code, answer.headers["Location"]) == (302, "/login?redirect-to=/jobs")
	assert "no-store" in answer.headers["Cache-Control"]


def test_a_page_with_a_body_of_its_own_has_no_frame(web, doctypes):
	answer = web.login(doctypes.alice).get("/jobs")
	assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
	assert answer.text.startswith("<!doctype html>")
	assert answer.text.count("<body") == 1


def test_a_page_knows_the_port_of_socketio_only_without_a_proxy(web, browsed, doctypes):
	"""`bench start` sets DEV_SERVER, and the page names the port; behind nginx it must not."""
	behind, beside = (one.login(doctypes.alice).get("/jobs").text for one in (web, browsed.web))
	assert '"socketio_port": null' in behind
	assert f'"socketio_port": {browsed.socketio_port}' in beside


@pytest.mark.parametrize(("name", "kind"), ASSETS)
def test_assets_of_an_app_are_served_to_everybody(guest, name, kind):
	answer = guest.get(f"/assets/dartwing/jobs/{name}?v=1")
	assert answer.status_code == 200
	assert kind in answer.headers["Content-Type"]
	assert answer.content == (Path(dartwing.__file__).parent / "public" / "jobs" / name).read_bytes()


def test_an_asset_that_there_is_not_is_not_found(guest):
	assert guest.get("/assets/dartwing/jobs/nothing.js").status_code == 404
