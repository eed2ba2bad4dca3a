"""A real browser for the tests: Debian's Chromium, driven by Playwright.

The fixture `browsed` serves the site, `browser` is a Chromium for one test module, and
`person_at(browser, browsed.web.login(user))` is a window of a user who is logged in.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chromium import find_chromium
from http_client import Client, Web
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from runtimes.base import Runtime, free_port

# quiet, and without the services that a browser calls on its own
FLAGS = (
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--disable-dev-shm-usage",
)
WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 30_000


@contextmanager
def launch_chromium(site: str) -> Iterator[Browser]:
	"""A browser for which the site's name is this machine.

	Keep the block short-lived: inside it this thread has a running asyncio loop. Callbacks of Playwright
	(`page.on`, `page.route`) run in a context of their own, without `frappe.local`.
	"""
	expect.set_options(timeout=PATIENCE_MS)
	with sync_playwright() as playwright:
		browser = playwright.chromium.launch(
			executable_path=find_chromium(),
			args=[*FLAGS, f"--host-resolver-rules=MAP {site} 127.0.0.1"],
		)
		try:
			yield browser
		finally:
			browser.close()


@dataclass
class Browsed:
	"""A site as `bench start` serves it: pages name the Socket.IO server's port beside their own."""

	runtime: Runtime
	web: Web
	socketio_port: int
	logs: Path
	_socketio: ExitStack = field(default_factory=ExitStack)

	@classmethod
	@contextmanager
	def serving(cls, runtime: Runtime, logs: Path) -> Iterator["Browsed"]:
		web = Web(runtime.site, free_port())
		browsed = cls(runtime, web, free_port(), logs)
		server = replace(runtime.web_server(web.port), environment={"DEV_SERVER": "1"})
		with (
			runtime.site_config(socketio_port=browsed.socketio_port),
			runtime.serving(server, web.port, logs / "web.log"),
		):
			browsed.start_socketio()
			try:
				yield browsed
			finally:
				browsed.stop_socketio()

	def start_socketio(self) -> None:
		server = self.runtime.socketio_server(self.socketio_port, self.web.port)
		log = self.logs / "socketio.log"
		self._socketio.enter_context(self.runtime.serving(server, self.socketio_port, log))

	def stop_socketio(self) -> None:
		"""Every socket is dropped, as when a network goes."""
		self._socketio.close()


def person_at(browser: Browser, client: Client, **options: Any) -> BrowserContext:
	"""A window with the session of an HTTP client; `options` are those of `browser.new_context`."""
	context = guest_at(browser, client.web, **options)
	take_session(context, client)
	return context


def take_session(context: BrowserContext, client: Client) -> None:
	"""From now on the window is of the HTTP client's user."""
	origin = client.web.origin
	context.add_cookies(
		[{"name": cookie.name, "value": cookie.value or "", "url": origin} for cookie in client.cookies]
	)


def guest_at(browser: Browser, web: Web, **options: Any) -> BrowserContext:
	"""A window of nobody; pages are named by their paths. Close it at the end."""
	context = browser.new_context(base_url=web.origin, **{"viewport": WIDE, **options})
	context.set_default_timeout(PATIENCE_MS)
	return context
