"""One suite for two runtimes: benchless, or with BENCH and SITE a site of a real bench."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import frappe
import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

from browser_client import Browsed, launch_chromium
from factories import World, changed, waiting_rq_jobs
from http_client import Web
from playwright.sync_api import Browser
from runtimes.base import Runtime, free_port
from runtimes.chosen import chosen_runtime
from socket_client import Sockets

pytest_plugins = ["dartwing.testing.pytest_plugin"]

STARTED = datetime.now(timezone.utc)


@pytest.fixture(scope="session")
def runtime() -> Iterator[Runtime]:
	chosen = chosen_runtime()
	chosen.restore_site_config()
	chosen.start()
	try:
		yield chosen
	finally:
		chosen.stop()


@pytest.fixture(scope="session")
def site(runtime: Runtime) -> Iterator[str]:
	"""This process connected to the site, as Administrator."""
	before = os.getcwd()
	# Frappe writes its logs beside the sites folder, found from the working directory
	os.chdir(runtime.sites_path)
	frappe.init(site=runtime.site, sites_path=".")
	frappe.connect()
	try:
		yield runtime.site
	finally:
		frappe.destroy()
		os.chdir(before)


@pytest.fixture(scope="session")
def web(runtime: Runtime, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
	"""The site's web server, one for all tests of the session."""
	port, log = free_port(), tmp_path_factory.mktemp("web") / "web.log"
	with runtime.serving(runtime.web_server(port), port, log):
		yield Web(site, port)


@pytest.fixture(scope="module")
def sockets(runtime: Runtime, web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sockets]:
	"""The site's Socket.IO server, one for a module; clients are closed with it.

	Frappe's ends when its Redis does, which the tests of faults see to.
	"""
	port, log = free_port(), tmp_path_factory.mktemp("socketio") / "socketio.log"
	with runtime.serving(runtime.socketio_server(port, web.port), port, log), Sockets(web, port) as sockets:
		yield sockets


@pytest.fixture(scope="session")
def browsed(runtime: Runtime, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsed]:
	"""Web and Socket.IO servers that find each other as with `bench start`, which is what browsers need."""
	with Browsed.serving(runtime, tmp_path_factory.mktemp("browsed")) as browsed:
		yield browsed


@pytest.fixture(scope="module")
def browser(browsed: Browsed) -> Iterator[Browser]:
	with launch_chromium(browsed.web.site) as browser:
		yield browser


@pytest.fixture(scope="session")
def world(site: str) -> Iterator[World]:
	"""Two organizations with members; removed, with all their jobs, at the end."""
	world = World()
	world.create()
	try:
		yield world
	finally:
		world.remove()


@pytest.fixture
def window(world: World) -> Iterator[Callable[[int], None]]:
	"""Give Alpha a window of its own."""

	with ExitStack() as stack:
		yield lambda size: stack.enter_context(
			changed("Organization", world.alpha, override_job_window=1, job_window=size)
		)


@pytest.fixture
def clean(world: World) -> Iterator[World]:
	"""The world without jobs, as Administrator, before and after the test."""
	world.clear()
	try:
		yield world
	finally:
		world.clear()


@pytest.fixture(scope="module", autouse=True)
def _no_work_left_by_others(request: pytest.FixtureRequest) -> None:
	"""What Frappe queued for itself since the start is not for this module's workers.

	A migration has it index all pages, for example, and a new User has it ask another server for a picture.
	"""
	if "site" in request.fixturenames:
		for job in waiting_rq_jobs():
			if job.enqueued_at and job.enqueued_at.replace(tzinfo=timezone.utc) > STARTED:
				job.delete()


@pytest.fixture(scope="module", autouse=True)
def _site_for_doctype_tests(request: pytest.FixtureRequest) -> None:
	"""The tests beside the controllers, which bench collects too, know of no fixtures."""
	if request.node.path.is_relative_to(Path(__file__).parent / "dartwing"):
		request.getfixturevalue("site")
