"""Fixtures for pytest: `pytest_plugins = ["dartwing.testing.pytest_plugin"]` in the root's conftest.py."""

import os
from collections.abc import Callable, Iterator

import frappe
import pytest

from dartwing.testing.handlers import HandlerRun
from dartwing.testing.handlers import run_handler as run
from dartwing.testing.jobs import JobKit


@pytest.fixture(scope="session")
def frappe_site() -> Iterator[None]:
	"""Connected to a site, as Administrator: to the one that `FRAPPE_SITE` names, unless it is already.

	pytest then runs in the sites folder of the bench. A fixture of this name in a conftest.py takes its
	place.
	"""
	if getattr(frappe.local, "db", None):
		yield
		return
	if not os.environ.get("FRAPPE_SITE"):
		pytest.fail("no site: set FRAPPE_SITE and run pytest in the sites folder of the bench")
	frappe.init(site=os.environ["FRAPPE_SITE"], sites_path=".")
	frappe.connect()
	yield
	frappe.destroy()


@pytest.fixture
def undone(frappe_site: None) -> Iterator[None]:
	"""What the test has not committed is undone after it."""
	yield
	frappe.db.rollback()


@pytest.fixture
def dartwing_jobs(frappe_site: None) -> Iterator[JobKit]:
	"""What the test submits; see `JobKit`. What it has not committed is undone after it."""
	with JobKit() as kit:
		yield kit
		frappe.db.rollback()


@pytest.fixture
def run_handler(undone: None) -> Callable[..., HandlerRun]:
	"""The function of that name; what it leaves in the transaction is undone after the test."""
	return run
