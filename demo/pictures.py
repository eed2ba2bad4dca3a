"""Pictures of the members' page for the docs: `make pictures` runs the demo and photographs its site."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser_client import FLAGS, PHONE, WIDE, find_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from demo.__main__ import main
from demo.client import Client
from demo.errors import DemoError
from demo.processes import CHECKOUT
from demo.scenario import ALPINE, PASSWORD

FOLDER = CHECKOUT / "docs" / "images"


def sample_job(name: str, seconds: float, *depends_on: str) -> dict[str, Any]:
	"""One of a flow."""
	parameters = {"duration": seconds, "part": name}
	return {"job_type": "sample_job", "name": name, "parameters": parameters, "depends_on": list(depends_on)}


# long enough to be seen running in each picture
SECONDS = (90, 120, 150)
# a group of which one job runs as long, and the next one waits for it
PAGES = [f"page {number}" for number in range(1, 7)]
NEWSLETTER = [
	sample_job("collect", 0.2),
	*(sample_job(page, 150 if page == "page 4" else 0.5, "collect") for page in PAGES),
	sample_job("send", 5, *PAGES),
]
PATIENCE_SECONDS = 60
LOADED = "document.getElementById('connection').dataset.state === 'live'"


def take_pictures(url: str, clients: dict[str, Client]) -> None:
	"""Submit some jobs that take their time, and photograph the page at both widths."""
	submit_jobs(clients[ALPINE.user])
	with sync_playwright() as playwright:
		browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
		try:
			photograph(browser, url, FOLDER)
		finally:
			browser.close()


def submit_jobs(client: Client) -> None:
	"""A group, and when all but one of what can run of it is done, jobs that take their time."""
	flow = {"organization": ALPINE.name, "title": "Newsletter of December", "jobs": NEWSLETTER}
	group = client.submit_flow(**flow)
	until = time.monotonic() + PATIENCE_SECONDS
	while client.get_group(group)["count_by_status"].get("Completed", 0) < len(PAGES):
		if time.monotonic() > until:
			raise DemoError("The jobs of the newsletter do not end")
		time.sleep(1)
	for seconds in SECONDS:
		client.submit_job(
			job_type="sample_job", organization=ALPINE.name, parameters={"duration": seconds}, priority="High"
		)


def open_group(page: Page) -> None:
	page.get_by_role("button", name="Newsletter of December").first.click()
	page.locator(".member-rows li").first.wait_for()


def photograph(browser: Browser, url: str, folder: Path) -> None:
	with page_of(browser, url, ALPINE.user, viewport=WIDE) as page:
		page.wait_for_timeout(15_000)
		save(page, folder / "jobs-1400.png")
		open_group(page)
		save(page, folder / "jobs-groups-1400.png")
	with page_of(browser, url, ALPINE.admin, viewport=WIDE) as page:
		open_job(page, "bad")
		save(page, folder / "jobs-details-1400.png")
	with page_of(browser, url, ALPINE.user, viewport=WIDE, color_scheme="dark") as page:
		page.get_by_role("button", name="New job", exact=True).click()
		save(page, folder / "jobs-new-dark-1400.png")
	phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
	with page_of(browser, url, ALPINE.user, **phone) as page:
		save(page, folder / "jobs-390.png")
		open_group(page)
		save(page, folder / "jobs-groups-390.png")
		open_job(page, "running")
		save(page, folder / "jobs-details-390.png")
	with page_of(browser, url, ALPINE.user, **phone) as page:
		page.get_by_role("button", name="New job", exact=True).click()
		save(page, folder / "jobs-new-390.png")
	with page_of(
		browser, url, ALPINE.user, viewport=PHONE, is_mobile=True, has_touch=True, color_scheme="dark"
	) as page:
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


def save(page: Page, path: Path) -> None:
	# what moved is still for the picture
	page.wait_for_timeout(500)
	page.screenshot(path=path)


if __name__ == "__main__":
	sys.exit(main(take_pictures))
