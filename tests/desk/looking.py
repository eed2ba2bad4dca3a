"""What a person sees of jobs in Desk, and what they click.

Desk loads a page, and what is on it, while the one before is still shown: a form that arrives late takes
the place of what was gone to meanwhile, and a dialog that fades covers what is below. So pages are opened
and left through `go_to` and `go_back`, and clicked through `press`, which wait.
"""

import re

from framework import since
from playwright.sync_api import Locator, Page, expect

# where Desk lives; v16 leads from v15's address to its own
DESK = "/desk" if since(16, 0) else "/app"
LIST = f"{DESK}/background-job"
# seen at so many looks in a row, nothing is between two requests
LOOKS = 3
LOOK_MS = 100
IS_STILL = """(looks) => {
	const { frappe } = window;
	const pages = [...document.querySelectorAll("#body > .page-container")].filter((one) => one.offsetParent);
	const fading = (animation) => animation.playState === "running"
		&& animation.effect?.target?.closest?.(".modal, .modal-backdrop");
	const backdrop = document.querySelector(".modal-backdrop");
	const is_still = document.readyState === "complete" && frappe?.container?.page
		&& pages.length === 1 && pages[0] === frappe.container.page
		&& !frappe.request.ajax_count && !document.querySelector("#freeze")
		&& !document.getAnimations().some(fading)
		&& Boolean(document.querySelector(".modal.show")) === Boolean(backdrop);
	window.looks_still = is_still ? (window.looks_still ?? 0) + 1 : 0;
	return window.looks_still >= looks;
}"""
HAS_ARRIVED = """([path, desk]) => {
	const shown = window.frappe?.container?.page;
	const here = decodeURIComponent(location.pathname);
	// who asks for Desk is led to their own home
	if (!shown || !(here === path || here.startsWith(`${path}/view/`) || path === desk)) return false;
	const [kind, doctype, name] = frappe.get_route();
	if (kind === "Form")
		return window.cur_frm?.parent === shown && cur_frm.doctype === doctype && cur_frm.docname === name;
	if (kind === "List")
		return window.cur_list?.parent === shown && cur_list.doctype === doctype && Boolean(cur_list.data);
	return true;
}"""


def wait_until_still(page: Page) -> None:
	"""One page is shown, nothing is loaded or fades, and what covers the page is a dialog in front."""
	page.evaluate("window.looks_still = 0")
	page.wait_for_function(IS_STILL, arg=LOOKS, polling=LOOK_MS)


def arrive(page: Page, path: str) -> None:
	"""Wait until Desk shows the page of a path: of a form its document, of a list its rows."""
	page.wait_for_function(HAS_ARRIVED, arg=[path, DESK])
	wait_until_still(page)


def go_to(page: Page, path: str, is_there: bool = True) -> None:
	"""Load a path of Desk and wait for its page; there is none for what its reader may not know of."""
	page.goto(path)
	if is_there:
		arrive(page, path)


def go_back(page: Page, path: str) -> None:
	"""To the page before, which is the one of the path."""
	wait_until_still(page)
	page.go_back()
	arrive(page, path)


def press(target: Locator) -> None:
	wait_until_still(target.page)
	target.click()


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
	"""The button of the page's head that says exactly this."""
	return page.locator(
		".page-head:visible button:visible", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$")
	)


def confirm(page: Page, label: str = "Yes") -> None:
	press(page.locator(".modal.show").get_by_role("button", name=label, exact=True))


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
	press(choice)
	expect(choice).to_have_attribute("aria-pressed", "true")


def choose_for_all(page: Page, action: str) -> None:
	"""An action on all rows of the filter, from the menu."""
	open_actions_for_all(page)
	press(page.locator(".inner-group-button .dropdown-menu:visible a", has_text=action).first)


def open_actions_for_all(page: Page) -> None:
	press(page.locator(".page-head:visible .inner-group-button button", has_text="All in this Filter"))
