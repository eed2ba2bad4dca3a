"""Pictures of the members' page for the docs: `make pictures` runs the demo and photographs its site."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser_client import FLAGS, PHONE, WIDE, find_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from demo.__main__ import main
from demo.client import Client
from demo.processes import CHECKOUT
from demo.scenario import ALPINE, PASSWORD

FOLDER = CHECKOUT / "docs" / "images"
# long enough to be seen running in each picture
SECONDS = (90, 120, 150)
LOADED = "document.getElementById('connection').dataset.state === 'live'"


def take_pictures(url: str, clients: dict[str, Client]) -> None:
	"""Submit some jobs that take their time, and photograph the page at both widths."""
	for seconds in SECONDS:
		clients[ALPINE.user].submit_job(
			job_type="sample_job", organization=ALPINE.name, parameters={"duration": seconds}, priority="High"
		)
	with sync_playwright() as playwright:
		browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
		try:
			photograph(browser, url, FOLDER)
		finally:
			browser.close()


def photograph(browser: Browser, url: str, folder: Path) -> None:
	with page_of(browser, url, ALPINE.user, viewport=WIDE) as page:
		page.wait_for_timeout(15_000)
		save(page, folder / "jobs-1400.png")
	with page_of(browser, url, ALPINE.admin, viewport=WIDE) as page:
		open_job(page, "bad")
		save(page, folder / "jobs-details-1400.png")
	with page_of(browser, url, ALPINE.user, viewport=WIDE, color_scheme="dark") as page:
		page.get_by_role("button", name="New job", exact=True).click()
		save(page, folder / "jobs-new-dark-1400.png")
	phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
	with page_of(browser, url, ALPINE.user, **phone) as page:
		save(page, folder / "jobs-390.png")
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
