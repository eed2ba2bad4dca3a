"""The page /jobs as its users see it: by roles, labels and texts."""

from axe_playwright_python.sync_playwright import Axe
from factories import wait_until
from playwright.sync_api import Locator, Page, expect


class MembersPage:
	"""One open page; it fails at once when a script of the page does."""

	def __init__(self, page: Page):
		self.page = page
		self.errors: list[str] = []
		page.on("pageerror", lambda error: self.errors.append(str(error)))

	def open(self, path: str = "/jobs", is_live: bool = True) -> None:
		self.page.goto(path)
		if is_live:
			self.wait_until_live()

	def reload(self) -> None:
		self.page.reload()
		self.wait_until_live()

	def follow(self, link: Locator) -> None:
		"""Click a link to this page, and wait until what was shown before is gone."""
		self.page.evaluate("window.was_before = true")
		link.click()
		self.page.wait_for_function("!window.was_before")
		self.wait_until_live()

	def wait_until_live(self) -> None:
		expect(self.page.get_by_role("status")).to_have_text("Live")
		# the rooms are joined by then, and the list is read again
		expect(self.page.locator("#count")).not_to_have_text("Loading…")

	def row(self, job_id: str) -> Locator:
		return self.page.locator(f'li[data-job="{job_id}"]')

	@property
	def rows(self) -> Locator:
		return self.page.locator("li[data-job]")

	def job_ids(self) -> list[str]:
		return self.rows.evaluate_all("rows => rows.map((row) => row.dataset.job)")

	def expect_jobs(self, *job_ids: str) -> None:
		"""Wait until the list shows exactly these jobs, in this order."""
		wait_until(lambda: self.job_ids() == list(job_ids), f"{job_ids} shown")

	@property
	def dialog(self) -> Locator:
		return self.page.get_by_role("dialog").last

	def open_details(self, job_id: str) -> Locator:
		self.row(job_id).get_by_role("button", name=job_id).first.click()
		return self.dialog

	def button(self, name: str) -> Locator:
		return self.page.get_by_role("button", name=name, exact=True)

	def choose(self, label: str, option: str) -> None:
		self.page.get_by_role("search").get_by_label(label).select_option(option)

	def announced(self) -> str:
		return self.page.locator("#announcer").inner_text()


def assert_fine(page: MembersPage) -> None:
	"""Whoever uses a screen reader finds their way, and nothing is wider than the screen."""
	results = Axe().run(page.page)
	assert results.violations_count == 0, results.generate_report()
	too_wide = "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth + 1"
	assert not page.page.evaluate(too_wide)
