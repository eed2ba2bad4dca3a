"""Pictures of every screen of Desk for docs/images, with jobs that really ran: `make screenshots`.

Not collected by itself; it runs as a test for the fixtures' sake.
"""

from collections.abc import Iterator
from pathlib import Path

import day_of_work
import pytest
from browser_client import PHONE, WIDE
from factories import World
from looking import DESK, LIST, choose_filter, expect_status, job_path, open_list, press, wait_until_still
from PIL import Image
from playwright.sync_api import Page, expect

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MAX_BYTES = 200_000
# they begin with nothing; grown, they are as they were when it was asked last
BARS_HAVE_GROWN = """() => {
	const heights = [...document.querySelectorAll("svg.frappe-chart rect.bar")]
		.map((bar) => bar.getBoundingClientRect().height.toFixed(1));
	const is_still = heights.join() === window.heights_before;
	window.heights_before = heights.join();
	return is_still && heights.some((height) => height > 20);
}"""
SIZES = {"": WIDE, "-phone": PHONE}


@pytest.fixture
def jobs(world: World, worker) -> Iterator[dict[str, str]]:
	day_of_work.remove_types()
	day_of_work.make_types()
	# three stay with the jobs that run for long
	for _number in range(4):
		worker()
	day_of_work.live_through(world)
	yield day_of_work.leave_at_work(world)
	day_of_work.remove_types()


def test_take_screenshots(world, desk, jobs):
	for suffix, viewport in SIZES.items():
		for name, path, ready in (
			("desk-workspace", f"{DESK}/background-jobs", workspace),
			("desk-list", LIST, listed),
			("desk-needs-attention", LIST, needing_attention),
			("desk-running-job", job_path(jobs["running"]), running_job),
			("desk-dead-letter", job_path(jobs["dead"]), dead_letter),
			("desk-group", f"{DESK}/job-group/{jobs['group']}", group),
			("desk-parameters", job_path(jobs["running"]), parameters),
			("desk-job-type", f"{DESK}/job-type/fax_ocr", job_type),
			("desk-job-type-schema", f"{DESK}/job-type/{day_of_work.LETTERS}", schema),
			("desk-run-now", f"{DESK}/job-type/{day_of_work.LETTERS}", run_now),
			("desk-job-log", job_path(jobs["letters"]), job_log),
			("desk-schedule", f"{DESK}/job-schedule/{jobs['schedule']}", schedule),
			("desk-settings", f"{DESK}/job-engine-settings", settings),
			("desk-health", f"{DESK}/job-engine-health", health),
		):
			page = desk(world.manager, path, viewport=viewport, reduced_motion="reduce")
			ready(page)
			save(page, IMAGES / f"{name}{suffix}.png")
			page.context.close()


def workspace(page: Page) -> None:
	expect(page.locator(".number-widget-box .number")).to_have_count(4)
	page.wait_for_function(BARS_HAVE_GROWN, polling=300)
	page.wait_for_load_state("networkidle")


def listed(page: Page) -> None:
	open_list(page)
	# a list comes back with the filter that its reader had last
	choose_filter(page, "All")
	expect(page.locator(".dartwing-quick .n").nth(1)).not_to_be_empty()
	page.wait_for_load_state("networkidle")


def needing_attention(page: Page) -> None:
	listed(page)
	choose_filter(page, "Needs attention")
	page.wait_for_load_state("networkidle")


def running_job(page: Page) -> None:
	expect_status(page, "Running")
	page.wait_for_load_state("networkidle")


def dead_letter(page: Page) -> None:
	expect_status(page, "Dead Letter")
	page.wait_for_load_state("networkidle")


def group(page: Page) -> None:
	drawn = page.locator(".dartwing-graph a.node")
	expect(drawn).to_have_count(11)
	expect(drawn.filter(has_text="Dead Letter")).to_have_count(1)
	page.wait_for_load_state("networkidle")
	page.locator(".dartwing-graph").scroll_into_view_if_needed()


def parameters(page: Page) -> None:
	expect_status(page, "Running")
	press(page.get_by_role("tab", name="Input and Output"))
	expect(page.locator("[data-fieldname=parameters] pre.dartwing-json")).to_be_visible()


def job_type(page: Page) -> None:
	expect(page.locator(".dartwing-figures")).to_be_visible()


def run_now(page: Page) -> None:
	job_type(page)
	# on a phone it is in a menu
	wait_until_still(page)
	page.evaluate("cur_frm.custom_buttons[__('Run Now')].click()")
	dialog = page.locator(".modal.show")
	dialog.get_by_label("Event").fill("Opening of the hut")
	dialog.get_by_label("Day").fill("2027-06-12")
	dialog.get_by_label("Name").fill("Ada Lovelace")
	dialog.get_by_label("E-mail").fill("ada@example.com")
	page.evaluate("cur_dialog.set_value('organization', 'Alpha Test Org')")
	page.wait_for_load_state("networkidle")


def schema(page: Page) -> None:
	job_type(page)
	part = page.locator("[data-fieldname=parameters_schema]")
	page.evaluate("cur_frm.get_field('parameters_schema').section.collapse(false)")
	expect(part).to_be_visible()
	# below the bars that stay at the top
	part.evaluate("part => window.scrollTo(0, part.getBoundingClientRect().top + scrollY - 200)")
	wait_until_still(page)


def job_log(page: Page) -> None:
	expect_status(page, "Running")
	expect(page.locator(".dartwing-log")).to_contain_text("a letter to Emmy")


def schedule(page: Page) -> None:
	expect(page.locator("[data-fieldname=overview] table")).to_be_visible()


def settings(page: Page) -> None:
	expect(page.locator("[data-fieldname=masked_parameters] textarea")).to_be_attached()


def health(page: Page) -> None:
	expect(page.locator("[data-check]").first).to_be_visible()


def save(page: Page, path: Path) -> None:
	"""In 256 colours, which the eye does not miss in these pictures."""
	page.evaluate("document.fonts.ready")
	page.screenshot(path=path, animations="disabled")
	with Image.open(path) as picture:
		picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
	assert path.stat().st_size < MAX_BYTES, path
