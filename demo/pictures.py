"""Pictures and films for the docs: `make pictures` runs the demo and photographs it, and its page."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from browser_client import FLAGS, PHONE, WIDE, find_chromium
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from demo.__main__ import main
from demo.client import Client
from demo.errors import DemoError
from demo.film import Film
from demo.picture import Picture, drawn_tables
from demo.processes import CHECKOUT
from demo.scenario import ALPINE, HARBOUR, PASSWORD
from demo.setup import Stage

FOLDER = CHECKOUT / "docs" / "images"


def sample_job(name: str, seconds: float, *depends_on: str) -> dict[str, Any]:
	"""One of a flow."""
	parameters = {"duration": seconds, "part": name}
	return {"job_type": "sample_job", "name": name, "parameters": parameters, "depends_on": list(depends_on)}


# long enough to be seen running in each picture
SECONDS = (120, 150, 180)
# a group of which one job runs as long, and the next one waits for it
PAGES = [f"page {number}" for number in range(1, 7)]
NEWSLETTER = [
	sample_job("collect", 0.2),
	*(sample_job(page, 200 if page == "page 4" else 0.5, "collect") for page in PAGES),
	sample_job("send", 5, *PAGES),
]
GUESTS = ("Ada Lovelace", "Grace Hopper", "Emmy Noether")
SECONDS_OF_A_LETTER = 15
# so many that the page knows what is usual
FEWEST_JOBS = 10
MORE_WORKERS = 2
PATIENCE_SECONDS = 60
# the page reads once a minute what is usual
PATIENCE_MS = 120_000
LOADED = "document.getElementById('connection').dataset.state === 'live'"
# a whole form
HIGH = {"width": 1400, "height": 1240}
SMALL = {"width": 1000, "height": 680}
# how long a reader of a film needs for a form, and for its end
READING_SECONDS, END_SECONDS = 0.7, 2.5
# how long the demo is shown, however long it was
DEMO_SECONDS = 12


def take_pictures(stage: Stage, clients: dict[str, Client], picture: Picture) -> None:
	"""Submit jobs that take their time, and photograph the page at both widths."""
	learn_durations(stage, clients[ALPINE.user])
	with sync_playwright() as playwright:
		browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
		try:
			film_demo(browser, picture, FOLDER / "demo.webp")
			film_page(browser, stage.url, FOLDER / "jobs.webp")
			stage.start_workers(MORE_WORKERS)
			make_schedules(clients[ALPINE.admin])
			submit_jobs(clients[ALPINE.user])
			photograph(browser, stage.url, FOLDER)
		finally:
			browser.close()


# --- jobs that are there to be seen


def invitation(guests: int, seconds: float, day: str = "2027-06-12") -> dict[str, Any]:
	names = [GUESTS[number % len(GUESTS)] for number in range(guests)]
	return {
		"job_type": "invite_guests",
		"organization": ALPINE.name,
		"parameters": {
			"event": "Opening of the hut",
			"day": day,
			"guests": [{"name": name, "e_mail": f"{name.split()[0].lower()}@example.com"} for name in names],
			"seconds": seconds,
		},
	}


def learn_durations(stage: Stage, client: Client) -> None:
	"""What is usual for a type, so that the page can say what is left."""
	days = [f"2027-07-{number:02}" for number in range(1, FEWEST_JOBS + 1)]
	# equal jobs would be refused
	jobs = [client.submit_job(**invitation(1, 0, day)) for day in days]
	for job in jobs:
		client.wait_until_ended(job)
	usual = str(SECONDS_OF_A_LETTER * FEWEST_JOBS)
	stage.bench.run_python("-m", "demo.durations", "invite_guests", usual, cwd=stage.bench.sites)


def submit_jobs(client: Client) -> None:
	"""A group, and when all but one of what can run of it is done, jobs that take their time."""
	flow = {"organization": ALPINE.name, "title": "Newsletter of December", "jobs": NEWSLETTER}
	group = client.submit_flow(**flow)
	until = time.monotonic() + PATIENCE_SECONDS
	while client.get_group(group)["count_by_status"].get("Completed", 0) < len(PAGES):
		if time.monotonic() > until:
			raise DemoError("The jobs of the newsletter do not end")
		time.sleep(1)
	client.wait_until_ended(client.submit_job(**invitation(3, 0.1), dry_run=True))
	client.submit_job(**invitation(FEWEST_JOBS, SECONDS_OF_A_LETTER), priority="High")
	for seconds in SECONDS:
		client.submit_job(
			job_type="sample_job", organization=ALPINE.name, parameters={"duration": seconds}, priority="High"
		)


def make_schedules(admin: Client) -> None:
	export = {"job_type": "data_export", "parameters": {"doctype": "Org Member", "file_format": "XLSX"}}
	soon = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()
	zone = "Europe/Zurich"
	for title, chosen in (
		("Members, each quarter", {**export, "cron": "0 6 1 1,4,7,10 *", "time_zone": zone}),
		("Members, each night", {**export, "cron": "30 2 * * *", "time_zone": zone, "is_paused": True}),
		("Are you there?", {"job_type": "echo_job", "interval_seconds": 3600, "starts_at": soon}),
	):
		admin.create_schedule(title=title, organization=ALPINE.name, **chosen)


# --- films


def film_demo(browser: Browser, picture: Picture, path: Path) -> None:
	"""The table of the demo as its jobs went on."""
	film, page = Film(), browser.new_page(viewport=WIDE)
	tables = list(drawn_tables(picture))
	times = [at for at, _drawing in tables]
	faster = max(1, (times[-1] - times[0]) / (DEMO_SECONDS - END_SECONDS))
	for (at, drawing), end in zip(tables, [*times[1:], times[-1] + faster * END_SECONDS], strict=True):
		page.set_content(f"<body style='margin: 0'><div style='width: 1000px'>{drawing}</div>")
		film.add(page.locator("svg").screenshot(), (end - at) / faster)
	film.save(path)
	page.close()


def film_page(browser: Browser, url: str, path: Path) -> None:
	"""A typed job from its form to its file."""
	film = Film()
	with page_of(browser, url, HARBOUR.user, viewport=SMALL) as page:
		film.look(page, READING_SECONDS)
		form = open_form(page)
		film.look(page, READING_SECONDS)
		for fill in (
			lambda: form.get_by_label("Event").fill("Open day"),
			lambda: form.get_by_label("Day").fill("2027-03-20"),
			*(lambda place=place: add_guest(form, place) for place in range(len(GUESTS))),
			lambda: form.get_by_label("Seconds for each letter").fill("1.5"),
		):
			fill()
			film.look(page, READING_SECONDS)
		form.get_by_role("button", name="Submit", exact=True).click()
		details = page.get_by_role("dialog").last
		download = details.get_by_role("link", name="Download")
		film.watch(page, lambda: download.count() > 0)
		download.hover()
		film.look(page, READING_SECONDS)
		with page.expect_download():
			download.click()
		film.look(page, END_SECONDS)
	film.save(path)


# --- pictures


def open_group(page: Page) -> None:
	page.get_by_role("button", name="Newsletter of December").first.click()
	page.locator(".member-rows li").first.wait_for()


def photograph(browser: Browser, url: str, folder: Path) -> None:
	phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
	with page_of(browser, url, ALPINE.user, viewport=WIDE) as page:
		page.get_by_text("about 2 min left").first.wait_for(timeout=PATIENCE_MS)
		save(page, folder / "jobs-1400.png")
		open_invitation(page, "running")
		save(page, folder / "jobs-log-1400.png")
	with page_of(browser, url, ALPINE.user, **phone) as page:
		open_invitation(page, "running")
		save(page, folder / "jobs-log-390.png")
	with page_of(browser, url, ALPINE.user, viewport=WIDE) as page:
		open_group(page)
		save(page, folder / "jobs-groups-1400.png")
	with page_of(browser, url, ALPINE.user, viewport=WIDE) as page:
		page.locator("li[data-job]", has_text="dry run").locator(".title").click()
		page.locator(".history").wait_for()
		save(page, folder / "jobs-dry-run-1400.png")
	with page_of(browser, url, ALPINE.user, viewport=HIGH) as page:
		fill_in_wrongly(page)
		save(page, folder / "jobs-form-1400.png")
	with page_of(browser, url, ALPINE.user, **phone, color_scheme="dark") as page:
		fill_in_wrongly(page)
		save(page, folder / "jobs-form-dark-390.png")
	with page_of(browser, url, ALPINE.admin, viewport=WIDE) as page:
		page.locator("#schedules").scroll_into_view_if_needed()
		save(page, folder / "jobs-schedules-1400.png")
		page.get_by_role("button", name="Members, each quarter").first.click()
		page.locator(".next-times li").first.wait_for()
		save(page, folder / "jobs-schedule-form-1400.png")
	with page_of(browser, url, ALPINE.admin, **phone) as page:
		page.locator("#schedules").scroll_into_view_if_needed()
		save(page, folder / "jobs-schedules-390.png")
	with page_of(browser, url, ALPINE.admin, viewport=WIDE) as page:
		open_job(page, "bad")
		save(page, folder / "jobs-details-1400.png")
	with page_of(browser, url, ALPINE.user, viewport=WIDE, color_scheme="dark") as page:
		page.get_by_role("button", name="New job", exact=True).click()
		save(page, folder / "jobs-new-dark-1400.png")
	with page_of(browser, url, ALPINE.user, **phone) as page:
		save(page, folder / "jobs-390.png")
		open_group(page)
		save(page, folder / "jobs-groups-390.png")
		open_job(page, "running")
		save(page, folder / "jobs-details-390.png")
	with page_of(browser, url, ALPINE.user, **phone) as page:
		page.get_by_role("button", name="New job", exact=True).click()
		save(page, folder / "jobs-new-390.png")
	with page_of(browser, url, ALPINE.user, **phone, color_scheme="dark") as page:
		save(page, folder / "jobs-dark-390.png")


@contextmanager
def page_of(browser: Browser, url: str, user: str, **options: object) -> Iterator[Page]:
	"""The page as a member sees it."""
	context = browser.new_context(base_url=url, reduced_motion="reduce", locale="en-GB", **options)
	try:
		context.request.post("/api/method/login", form={"usr": user, "pwd": PASSWORD})
		page = context.new_page()
		page.goto("/jobs")
		page.wait_for_function(LOADED)
		page.locator("li[data-job]").first.wait_for()
		yield page
	finally:
		context.close()


def open_job(page: Page, tone: str) -> None:
	page.locator(f"li[data-tone={tone}] .title").first.click()
	page.locator(".history").wait_for()


def open_invitation(page: Page, tone: str) -> None:
	page.locator(f"li[data-job][data-tone={tone}]", has_text="Invite guests").locator(".title").click()
	page.get_by_role("log", name="Log").locator(".log-text").nth(1).wait_for()


def open_form(page: Page) -> Locator:
	page.get_by_role("button", name="New job", exact=True).click()
	form = page.get_by_role("dialog").last
	form.locator("select[name=job_type]").select_option("invite_guests")
	return form


def add_guest(form: Locator, place: int) -> None:
	name = GUESTS[place]
	# the first one is there
	if place:
		form.get_by_role("button", name="Add Guests").click()
	form.get_by_label("Name").nth(place).fill(name)
	form.get_by_label("E-mail").nth(place).fill(f"{name.split()[0].lower()}@example.com")


def fill_in_wrongly(page: Page) -> None:
	form = open_form(page)
	form.get_by_label("Event").fill("Opening of the hut")
	form.get_by_label("Day").fill("2027-06-12")
	form.get_by_label("Copies").fill("1.5")
	add_guest(form, 0)
	form.get_by_role("button", name="Submit", exact=True).click()
	form.get_by_text("Enter a whole number.").wait_for()


def save(page: Page, path: Path) -> None:
	# what moved is still for the picture
	page.wait_for_timeout(500)
	page.screenshot(path=path)


if __name__ == "__main__":
	sys.exit(main(take_pictures))
