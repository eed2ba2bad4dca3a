"""What a person sees of jobs in Desk, and what they click."""

from playwright.sync_api import Locator, Page, expect

LIST = "/app/background-job"


def job_path(name: str) -> str:
	return f"{LIST}/{name}"


def status_of(page: Page) -> Locator:
	return page.locator("[data-fieldname=overview] .indicator-pill")


def expect_status(page: Page, status: str) -> None:
	expect(status_of(page).first).to_have_text(status)


def progress_of(page: Page) -> int:
	bar = page.locator("[data-fieldname=overview] [role=progressbar]")
	return int(bar.get_attribute("aria-valuenow") or 0)


def wait_for_progress(page: Page, beyond: int) -> int:
	"""Until the bar of the open form shows more; returns what it shows."""
	page.wait_for_function(
		"""(beyond) => Number(document.querySelector(
			"[data-fieldname=overview] [role=progressbar]")?.getAttribute("aria-valuenow")) > beyond""",
		arg=beyond,
	)
	return progress_of(page)


def button(page: Page, label: str) -> Locator:
	"""A button of the page's head."""
	return page.locator(".page-head:visible button:visible", has_text=label)


def confirm(page: Page, label: str = "Yes") -> None:
	page.locator(".modal.show").get_by_role("button", name=label, exact=True).click()


def mark(page: Page) -> None:
	"""Something that a reload of the page would lose."""
	page.evaluate("window.dartwing_mark = true")


def is_marked(page: Page) -> bool:
	return bool(page.evaluate("window.dartwing_mark"))


def rows(page: Page) -> Locator:
	return page.locator(".list-row-container .list-row:visible")


def names_in(page: Page) -> list[str]:
	"""Ids of the rows that the list shows."""
	return page.evaluate("cur_list.data.map((job) => job.name)")


def open_list(page: Page) -> None:
	"""Wait until the list has its rows and its filters."""
	page.wait_for_function(
		"window.cur_list?.doctype === 'Background Job' && cur_list.data && cur_list.$quick"
	)
	expect(page.locator(".dartwing-quick")).to_be_visible()


def choose_filter(page: Page, label: str) -> None:
	choice = page.locator(".dartwing-quick button", has_text=label)
	choice.click()
	expect(choice).to_have_attribute("aria-pressed", "true")


def choose_for_all(page: Page, action: str) -> None:
	"""An action on all rows of the filter, from the menu."""
	page.locator(".page-head:visible .inner-group-button button", has_text="All in this Filter").click()
	page.locator(".inner-group-button .dropdown-menu:visible a", has_text=action).first.click()
