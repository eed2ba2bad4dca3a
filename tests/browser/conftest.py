"""Windows of the world's users, and a worker."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from browser_client import Browsed, person_at
from factories import World, acting_as, make_member, make_user, remove_member
from http_client import Client, forget_calls
from members_page import MembersPage
from playwright.sync_api import Browser, BrowserContext
from runtimes.base import Runtime, stop

# a member of both organizations who has no access to Desk
WANDA = "wanda@both.example"


@pytest.fixture(scope="module")
def wanda(world: World) -> Iterator[str]:
	remove_member(WANDA)
	with acting_as("Administrator"):
		make_user(WANDA, [])
		for organization in (world.alpha, world.beta):
			make_member(WANDA, organization)
		frappe.db.commit()
	try:
		yield WANDA
	finally:
		remove_member(WANDA)


@pytest.fixture(scope="module")
def sessions(browsed: Browsed, world: World, wanda: str) -> dict[str, Client]:
	"""By user; logged in once a module, as hashing passwords takes its time."""
	users = (world.alice, world.adam, world.bob, world.nobody, wanda)
	return {user: browsed.web.login(user) for user in users}


@pytest.fixture(autouse=True)
def _clean(clean: World) -> Iterator[None]:
	"""Every test begins without jobs and with all its calls left."""
	forget_calls()
	yield
	forget_calls()


@pytest.fixture
def windows(browser: Browser, sessions: dict[str, Client]) -> Iterator[Callable[..., BrowserContext]]:
	"""Opens a window for a user; all are closed at the end of the test."""
	opened: list[BrowserContext] = []

	def open_one(user: str, **options: Any) -> BrowserContext:
		opened.append(person_at(browser, sessions[user], **options))
		return opened[-1]

	yield open_one
	for window in opened:
		window.close()


@pytest.fixture
def visit(windows: Callable[..., BrowserContext]) -> Callable[..., MembersPage]:
	"""Opens /jobs as a user, and waits until it is live; `path` may say more than /jobs."""

	def open_page(user: str, path: str = "/jobs", is_live: bool = True, **options: Any) -> MembersPage:
		page = MembersPage(windows(user, **options).new_page())
		page.open(path, is_live)
		return page

	return open_page


@pytest.fixture
def worker(runtime: Runtime, tmp_path: Path) -> Iterator[None]:
	process = runtime.spawn("worker", "--queue", "short,default,long", log=tmp_path / "worker.log")
	try:
		yield
	finally:
		stop(process, timeout_seconds=60)
