"""The log of a job in its details on /jobs, as it grows; and how long a job is likely to take."""

from datetime import timedelta

import frappe
import pytest
from browser_client import PHONE, WIDE
from factories import World, end, keep_log, make_job_type, submit, submit_as
from members_page import assert_fine
from playwright.sync_api import expect

from dartwing.dartwing_core.background_jobs.announcing.realtime import publish_job_log
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.doctype.job_tally import job_tally

# a stock worker on a busy machine may need this long to start
PATIENCE_MS = 120_000


def log_in(details):
	return details.get_by_role("log", name="Log")


def tell(job: str, *lines: tuple[int, str], attempt: int = 1) -> None:
	"""As a worker that has just written these lines."""
	at = times.utc_as_text(times.utc_now())
	told = [{"line": number, "at": at, "level": "INFO", "text": text} for number, text in lines]
	publish_job_log(job, World.alpha, attempt, told)


def test_lines_appear_while_a_job_runs(visit, world, worker):
	job = submit(mode="log_lines", how="one_now_and_then", lines=30, seconds=0.3)
	page = visit(world.alice)
	details = page.open_details(job.name)
	log = log_in(details)
	expect(log).to_contain_text("line 1", timeout=PATIENCE_MS)
	# what comes from here on was sent
	page.page.route("**/*get_job_log*", lambda route: route.abort())
	page.page.route("**/*get_details*", lambda route: route.abort())
	expect(log).to_contain_text("line 15", timeout=PATIENCE_MS)
	shown = log.locator(".log-text").all_inner_texts()
	assert shown == [f"line {number + 1}" for number in range(len(shown))]
	page.page.unroute_all()


def test_a_job_without_a_log_shows_none(visit, world):
	job = submit()
	details = visit(world.alice).open_details(job.name)
	expect(details.get_by_role("heading", name="History")).to_be_visible()
	expect(details.get_by_role("heading", name="Log")).to_have_count(0)


def test_lines_are_texts_and_what_is_missing_is_said(visit, world):
	job = submit()
	keep_log(job.name, ["<b>first</b>", "second"])
	keep_log(job.name, ["last"], first=1_000)
	keep_log(job.name, ["again"], attempt=2)
	log = log_in(visit(world.alice).open_details(job.name))
	expect(log.locator(".log-text")).to_have_text(["<b>first</b>", "second", "last", "again"])
	expect(log.locator(".log-note")).to_have_text(["997 lines are not kept", "Attempt 2"])
	expect(log.locator("b")).to_have_count(0)


def test_lines_that_an_event_did_not_tell_are_read(visit, world):
	job = submit()
	keep_log(job.name, ["line 1"])
	page = visit(world.alice)
	log = log_in(page.open_details(job.name))
	expect(log).to_contain_text("line 1")
	keep_log(job.name, ["line 2", "line 3"], first=2)
	tell(job.name, (3, "line 3"))
	expect(log.locator(".log-text")).to_have_text(["line 1", "line 2", "line 3"])
	# an event that comes twice
	tell(job.name, (3, "line 3"))
	keep_log(job.name, ["line 4"], first=4)
	tell(job.name, (4, "line 4"))
	expect(log.locator(".log-text")).to_have_text(["line 1", "line 2", "line 3", "line 4"])


def test_the_view_follows_the_log_only_from_its_end_and_leaves_the_focus(visit, world):
	job = submit()
	keep_log(job.name, [f"line {number}" for number in range(1, 101)])
	page = visit(world.alice)
	details = page.open_details(job.name)
	log = log_in(details)
	expect(log).to_contain_text("line 100")
	close = details.get_by_role("button", name="Close the details")
	close.focus()
	at_the_end = "box => box.scrollHeight - box.scrollTop - box.clientHeight < 5"
	assert log.evaluate(at_the_end)
	keep_log(job.name, ["line 101"], first=101)
	tell(job.name, (101, "line 101"))
	expect(log).to_contain_text("line 101")
	assert log.evaluate(at_the_end)
	log.evaluate("box => { box.scrollTop = 10 }")
	keep_log(job.name, ["line 102"], first=102)
	tell(job.name, (102, "line 102"))
	expect(log).to_contain_text("line 102")
	assert log.evaluate("box => box.scrollTop") == 10
	# what is around it is shown anew, and it stays
	end(job.name, "Completed")
	expect(details).to_contain_text("Completed")
	expect(log.locator(".log-text")).to_have_count(102)
	assert log.evaluate("box => box.scrollTop") == 10
	expect(close).to_be_focused()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_details_with_a_log(visit, world, scheme, viewport):
	job = submit()
	keep_log(job.name, ["a line", "averyverylongwordwithoutanyspaces" * 6])
	keep_log(job.name, ["last"], first=1_000)
	keep_log(job.name, ["again"], attempt=2)
	page = visit(world.alice, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
	expect(log_in(page.open_details(job.name))).to_contain_text("again")
	assert_fine(page)


def ran(job_type: str, seconds: float) -> None:
	job = submit_as(World.alice, job_type, World.alpha, {"mode": "succeed"})
	job.reload()
	job.transition_to("Running", started_at=times.site_now() - timedelta(seconds=seconds))
	job.transition_to("Completed")


def running(job_type: str, seconds: float, progress: float = 0) -> str:
	job = submit_as(World.alice, job_type, World.alpha, {"mode": "succeed"})
	job.reload()
	began = times.site_now() - timedelta(seconds=seconds)
	job.transition_to("Running", started_at=began, progress=progress)
	frappe.db.commit()
	return job.name


def test_what_is_usual_and_what_is_left_is_said_in_round_words(visit, world):
	# of a name of its own: the server remembers for a minute what is usual
	kind = f"test_page_{frappe.generate_hash(length=8)}"
	make_job_type(kind)
	for _number in range(10):
		ran(kind, 180)
	job_tally.count_new()
	frappe.db.commit()
	soon, late, reporting = running(kind, 60), running(kind, 3_600), running(kind, 3_600, progress=50)
	unknown = running("obliging_job", 60)
	page = visit(world.alice)
	expect(page.row(soon)).to_contain_text("about 2 min left")
	expect(page.row(late)).to_contain_text("longer than usual")
	expect(page.row(late)).not_to_contain_text("left")
	expect(page.row(reporting)).to_contain_text("longer than usual · about 30 min left")
	expect(page.row(unknown)).to_contain_text("for 1 min")
	for word in ("usual", "left"):
		expect(page.row(unknown)).not_to_contain_text(word)
	expect(page.open_details(soon)).to_contain_text("usually 3 min")
