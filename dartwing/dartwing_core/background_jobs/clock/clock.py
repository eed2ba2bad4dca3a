"""The loop over the sites: a look at each of them every second, until a signal ends it."""

import contextvars
import logging
import os
import select
import signal
import time
from collections.abc import Sequence

import frappe
from frappe.utils import get_sites

from dartwing.dartwing_core.background_jobs.clock.site import SiteClock, log

APP = "dartwing"
LOOK_EVERY_SECONDS = 1.0
LIST_EVERY_SECONDS = 60


def run(sites: Sequence[str] | None) -> None:
	"""Look at these sites, or at all of the bench, until SIGTERM or SIGINT; a second signal ends it at once."""
	logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
	Clock(sites).run()


class Clock:
	"""One process, one thread: one site after the other."""

	def __init__(self, sites: Sequence[str] | None):
		self._wanted = sites
		self._sites: dict[str, SiteClock] = {}
		self._list_at = 0.0
		self._is_stopping = False
		self._woken, self._wake = os.pipe()

	def run(self) -> None:
		for number in (signal.SIGTERM, signal.SIGINT):
			signal.signal(number, self._stop)
		while not self._is_stopping:
			began = time.monotonic()
			self._look()
			self._sleep(max(0.0, began + LOOK_EVERY_SECONDS - time.monotonic()))
		for site in self._sites.values():
			site.close()

	def _look(self) -> None:
		if time.monotonic() >= self._list_at:
			self._list_at = time.monotonic() + LIST_EVERY_SECONDS
			self._list_sites()
		for site in self._sites.values():
			if not self._is_stopping:
				site.look()

	def _list_sites(self) -> None:
		"""Sites that are new, and those that are gone; one that cannot be asked stays as it is."""
		there = contextvars.Context().run(_sites_of_the_bench)
		names = [name for name in there if self._wanted is None or name in self._wanted]
		for name in set(self._sites) - set(names):
			self._sites.pop(name).close()
		for name in names:
			if name not in self._sites and contextvars.Context().run(_has_app, name):
				self._sites[name] = SiteClock(name, lambda: self._is_stopping)
				log.info("%s: is looked at", name)

	def _sleep(self, seconds: float) -> None:
		select.select([self._woken], [], [], seconds)

	def _stop(self, *_signal: object) -> None:
		self._is_stopping = True
		os.write(self._wake, b"\0")
		for number in (signal.SIGTERM, signal.SIGINT):
			signal.signal(number, signal.SIG_DFL)


def _sites_of_the_bench() -> list[str]:
	with frappe.init_site():
		return list(get_sites())


def _has_app(site: str) -> bool:
	try:
		frappe.init(site=site)
		frappe.connect()
		return APP in frappe.get_installed_apps()
	except Exception as error:
		log.warning("%s: cannot be asked for its apps: %s", site, error)
		return False
	finally:
		frappe.destroy()
