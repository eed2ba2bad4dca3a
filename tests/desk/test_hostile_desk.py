"""In Desk no text is ever markup: not of parameters, handlers, people or names, on any screen."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import frappe
import pytest
from canaries import HOSTILE, NAME, REPORTS, TYPE, canaries, check, hostile_job, seen, watch
from factories import World, end
from looking import DESK, LIST, button, expect_status, go_to, job_path, open_list, press
from playwright.sync_api import Page, expect

ROWS = ".list-row-container .list-row:visible"


@pytest.fixture(scope="module")
def hostile(world: World, site: str) -> Iterator[dict[str, str]]:
	world.clear()
	with canaries(world) as jobs:
		yield jobs


@pytest.fixture(autouse=True)
def _clean(site: str) -> None:
	"""The jobs of this module stay until its end."""
	frappe.db.rollback()
	frappe.set_user("Administrator")


def show(page: Page, locator: str) -> None:
	expect(page.locator(locator).first).to_be_visible()
	page.wait_for_load_state("networkidle")


SCREENS: dict[str, tuple[str, str]] = {
	"job list": (LIST, ROWS),
	"job log list": (f"{DESK}/job-execution-log", ROWS),
	"organizations": (f"{DESK}/organization", ROWS),
	"people": (f"{DESK}/person", ROWS),
	"members": (f"{DESK}/org-member", ROWS),
	"job types": (f"{DESK}/job-type", ROWS),
	"workspace": (f"{DESK}/background-jobs", ".number-widget-box:visible"),
	"organization": (f"{DESK}/organization/{quote(NAME, safe='')}", ".form-page:visible"),
	"job type": (f"{DESK}/job-type/{TYPE}", ".form-page:visible"),
}
for name, (doctype, _fields) in REPORTS.items():
	path = f"{DESK}/{frappe.scrub(doctype).replace('_', '-')}/view/report/{quote(name)}"
	SCREENS[f"report {name}"] = (path, ".dt-row:visible")


SEEN_BY = [
	(user, screen)
	for screen in SCREENS
	for user in ("alice", "manager")
	# members have no list of Job Types
	if user == "manager" or "job type" not in screen
]


@pytest.mark.parametrize(("user", "screen"), SEEN_BY)
def test_nothing_on_a_screen_runs_or_is_markup(world, desk, hostile, user, screen):
	path, shown = SCREENS[screen]
	page = desk(getattr(world, user), f"{DESK}/background-jobs")
	dialogs = watch(page)
	go_to(page, path, is_there=False)
	show(page, shown)
	check(page, dialogs)


@pytest.mark.parametrize("status", ["Running", "Completed", "Dead Letter", "Canceled"])
@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_nothing_on_the_form_of_a_job_runs_or_is_markup(world, desk, hostile, user, status):
	page = desk(getattr(world, user), f"{DESK}/background-jobs")
	dialogs = watch(page)
	go_to(page, job_path(hostile[status]))
	expect_status(page, status)
	said = seen(page)
	for tab in page.get_by_role("tab").all():
		if tab.is_visible():
			press(tab)
			check(page, dialogs)
			said += seen(page)
	for section in page.locator(".section-head.collapsible:visible").all():
		press(section)
	page.wait_for_load_state("networkidle")
	check(page, dialogs)
	assert "__canary" in said


def test_nothing_that_is_sent_to_an_open_form_or_list_is_markup(world, desk, hostile):
	job = hostile_job(world, "Running", progress=50)
	form, table = (desk(world.manager, path) for path in (job_path(job), LIST))
	watched = [(page, watch(page)) for page in (form, table)]
	expect_status(form, "Running")
	open_list(table)
	end(job, "Failed", error_message=HOSTILE, message=HOSTILE)
	expect_status(form, "Failed")
	expect(table.locator(f'.dartwing-row[data-job="{job}"]').first).to_contain_text("‹img")
	for page, dialogs in watched:
		check(page, dialogs)


def test_the_bell_shows_names_and_errors_as_text(world, desk, hostile):
	page = desk(world.alice, f"{DESK}/background-jobs")
	dialogs = watch(page)
	press(page.locator(".notifications-icon:visible, .sidebar-notification:visible").first)
	expect(page.locator(".notification-item, .recent-item").first).to_be_visible()
	check(page, dialogs)
	(notice,) = frappe.get_all(
		"Notification Log", {"document_name": hostile["Dead Letter"]}, ["name", "email_content", "subject"]
	)
	assert not re.search(r"<[a-zA-Z/!?]", notice.subject + notice.email_content)
	go_to(page, f"{DESK}/notification-log/{notice.name}")
	expect(page.locator(".form-page:visible, .page-head:visible").first).to_be_visible()
	page.wait_for_load_state("networkidle")
	check(page, dialogs)


def test_run_now_shows_its_type_and_a_refusal_as_text(world, desk, hostile):
	page = desk(world.manager, f"{DESK}/job-type/{TYPE}")
	dialogs = watch(page)
	press(button(page, "Run Now"))
	dialog = page.locator(".modal.show")
	expect(dialog.locator(".modal-title")).to_contain_text("‹img src=x")
	check(page, dialogs)


@pytest.mark.parametrize("name", ["submit_job", "get_job_status", "discard_jobs"])
def test_a_message_of_the_server_that_repeats_what_was_sent_is_shown_as_text(world, desk, hostile, name):
	page = desk(world.manager, f"{DESK}/background-jobs")
	dialogs = watch(page)
	arguments = {
		"submit_job": {"job_type": HOSTILE, "organization": NAME},
		"get_job_status": {"job_id": HOSTILE},
		"discard_jobs": {"reason": "no", "filters": {HOSTILE: 1}},
	}
	page.wait_for_function("window.frappe?.boot")
	page.evaluate(
		"""([method, args]) => new Promise((done) => frappe.call({
			method: "dartwing.dartwing_core.api.jobs." + method, args, always: done,
			type: method === "get_job_status" ? "GET" : "POST" }))""",
		[name, arguments[name]],
	)
	expect(page.locator(".modal.show .msgprint")).to_contain_text("‹img src=x")
	check(page, dialogs)


def test_the_printed_page_of_a_job_is_no_markup(world, desk, hostile):
	page = desk(world.manager, f"{DESK}/background-jobs")
	dialogs = watch(page)
	go_to(
		page,
		f"/printview?doctype=Background%20Job&name={hostile['Dead Letter']}&format=Standard",
		is_there=False,
	)
	expect(page.locator(".print-format")).to_contain_text("__canary")
	check(page, dialogs)
