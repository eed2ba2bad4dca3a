"""Desk in a real browser. Only real Frappe has it: without a bench nothing here is collected."""

from collections.abc import Callable, Iterator
from pathlib import Path

import frappe
import pytest
from browser_client import PATIENCE_MS, Browsed, person_at
from factories import World
from http_client import Client
from looking import go_to
from playwright.sync_api import Browser, BrowserContext, Page, expect
from runtimes.base import Runtime, stop
from runtimes.chosen import is_a_bench

collect_ignore_glob = [] if is_a_bench() else ["test_*.py"]

PASSWORD_USERS = (World.alice, World.adam, World.bob, World.manager)


expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def _clean(clean: World) -> None:
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture(scope="session")
def _set_up(site: str) -> Iterator[None]:
	"""A site whose setup wizard was gone through, as Desk shows nothing else before."""
	home = frappe.db.get_default("desktop:home_page")
	before = [(place, frappe.db.get_value(*place)) for place in _places_of_set_up()]
	_set_home("workspace", [(place, 1) for place, _ in before])
	yield
	frappe.db.rollback()
	_set_home(home, before)


def _places_of_set_up() -> list[tuple]:
	"""What says whether the wizard was gone through: of the site and, on newer versions, of its app."""
	places: list[tuple] = [("System Settings", "System Settings", "setup_complete")]
	if frappe.db.has_column("Installed Application", "is_setup_complete"):
		places.append(("Installed Application", {"app_name": "frappe"}, "is_setup_complete"))
	return places


def _set_home(home_page: str | None, set_up: list[tuple[tuple, object]]) -> None:
	for place, value in set_up:
		frappe.db.set_value(*place, value)
	frappe.db.set_default("desktop:home_page", home_page)
	frappe.db.commit()
	frappe.clear_cache()


@pytest.fixture(scope="session")
def logins(_set_up: None, browsed: Browsed, world: World) -> dict[str, Client]:
	return {user: browsed.web.login(user) for user in PASSWORD_USERS}


def forget_lists(user: str) -> None:
	"""The filters that a list had when its user left it, which Desk opens it with."""
	frappe.db.sql("delete from `__UserSettings` where `user` = %s", (user,))
	frappe.db.commit()
	for key in frappe.cache.hkeys("_user_settings"):
		if frappe.safe_decode(key).endswith(f"::{user}"):
			frappe.cache.hdel("_user_settings", frappe.safe_decode(key))


@pytest.fixture
def desk(browser: Browser, logins: dict[str, Client]) -> Iterator[Callable[..., Page]]:
	"""Open a path of Desk as a user, as `go_to` does.

	Every window is closed at the end, and none had an error of ours.
	"""
	windows: list[BrowserContext] = []
	errors: list[str] = []
	for user in logins:
		forget_lists(user)

	def open_page(user: str, path: str, is_there: bool = True, **options: object) -> Page:
		window = person_at(browser, logins[user], **options)
		windows.append(window)
		page = window.new_page()
		page.on("pageerror", lambda error: errors.append(f"{path}: {error.message}\n{error.stack}"))
		go_to(page, path, is_there)
		return page

	yield open_page
	for window in windows:
		window.close()
	assert [error for error in errors if "play() failed" not in error] == []


@pytest.fixture
def worker(runtime: Runtime, tmp_path: Path) -> Iterator[Callable[[], None]]:
	"""Start a stock worker when the test wants one."""
	started = []

	def start() -> None:
		started.append(runtime.spawn("worker", "--queue", "short,default,long", log=tmp_path / "worker.log"))

	yield start
	for process in started:
		stop(process, timeout_seconds=60)
