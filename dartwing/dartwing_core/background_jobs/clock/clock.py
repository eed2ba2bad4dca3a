"""The loop over the sites: a look at each of them when its time has come, until a signal ends it."""

import contextvars
import logging
import os
import select
import signal
import time
from collections.abc import Sequence

from frappe.utils import get_sites

from dartwing.dartwing_core.background_jobs.clock.site import LOOK_EVERY_SECONDS, SiteClock, log

LIST_EVERY_SECONDS = 60
STOP_SECONDS = 5


def run(sites: Sequence[str] | None) -> None:
	"""Look at these sites, or at all of the bench, until SIGTERM or SIGINT.

	The step that it is at has some seconds to end. A second signal ends it at once.
	"""
	logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
	log.setLevel(logging.INFO)
	missing = set(sites or ()) - set(sites_of_the_bench())
	if missing:
		raise SystemExit(f"There is no site {', '.join(sorted(missing))}.")
	Clock(sites).run()


def sites_of_the_bench() -> list[str]:
	# outside of any site: of the working directory
	return list(contextvars.Context().run(get_sites))


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
			self._look()
			self._sleep(max(0.0, self._next_look() - time.monotonic()))
		for site in self._sites.values():
			site.close()
		signal.alarm(0)
		log.info("ended")

	def _next_look(self) -> float:
		in_a_second = time.monotonic() + LOOK_EVERY_SECONDS
		return min([in_a_second, *(site.look_at for site in self._sites.values())])

	def _look(self) -> None:
		if time.monotonic() >= self._list_at:
			self._list_at = time.monotonic() + LIST_EVERY_SECONDS
			self._list_sites()
		for site in self._sites.values():
			if not self._is_stopping and time.monotonic() >= site.look_at:
				site.look()

	def _list_sites(self) -> None:
		"""Sites that are new, and those that are gone."""
		try:
			there = sites_of_the_bench()
		except OSError as error:
			log.warning("the sites cannot be listed: %s", error)
			return
		names = [name for name in there if self._wanted is None or name in self._wanted]
		for name in set(self._sites) - set(names):
			self._sites.pop(name).close()
			log.info("%s: is gone", name)
		for name in names:
			if name not in self._sites:
				self._sites[name] = SiteClock(name, lambda: self._is_stopping)

	def _sleep(self, seconds: float) -> None:
		select.select([self._woken], [], [], seconds)

	def _stop(self, *_signal: object) -> None:
		self._is_stopping = True
		os.write(self._wake, b"\0")
		for number in (signal.SIGTERM, signal.SIGINT):
			signal.signal(number, signal.SIG_DFL)
		# ends the process, whatever it waits for
		signal.signal(signal.SIGALRM, signal.SIG_DFL)
		signal.alarm(STOP_SECONDS)
