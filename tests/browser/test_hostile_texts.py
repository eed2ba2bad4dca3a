"""On /jobs no text is ever markup: not of parameters, handlers, people or names, however it was stored."""

from collections.abc import Iterator

import pytest
from canaries import HOSTILE, NAME, canaries, check, make_raw, seen, watch
from factories import World, end
from playwright.sync_api import expect


@pytest.fixture
def hostile(_clean: None, world: World) -> Iterator[dict[str, str]]:
	with canaries(world) as jobs:
		yield jobs


@pytest.mark.parametrize("is_raw", [False, True], ids=["as stored", "as stored before"])
@pytest.mark.parametrize("user", ["alice", "adam"])
def test_nothing_on_the_page_runs_or_is_markup(visit, world, hostile, user, is_raw):
	if is_raw:
		make_raw(hostile)
	page = visit(getattr(world, user))
	dialogs = watch(page.page)
	for status, job in hostile.items():
		expect(page.row(job)).to_be_visible()
		details = page.open_details(job)
		expect(details.get_by_text(NAME).first).to_be_visible()
		expect(details.get_by_role("heading", name="History")).to_be_visible()
		if status != "Completed":
			assert "__canary" in details.inner_text()
		check(page.page, dialogs)
		page.page.keyboard.press("Escape")
	assert seen(page.page).count("__canary") > len(hostile)
	check(page.page, dialogs)
	assert page.errors == []


def test_nothing_that_is_sent_to_an_open_page_is_markup(visit, world, hostile):
	page = visit(world.alice)
	dialogs = watch(page.page)
	end(hostile["Running"], "Dead Letter", error_message=HOSTILE, message=HOSTILE)
	expect(page.row(hostile["Running"])).to_contain_text("Dead Letter")
	expect(page.row(hostile["Running"])).to_contain_text("‹img src=x")
	check(page.page, dialogs)
