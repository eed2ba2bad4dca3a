"""One site's looks: one statement each second, and the steps that it finds due."""

import contextvars
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import frappe
from redis.exceptions import RedisError

from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.clock.steps import DUE, MENDING, Step
from dartwing.dartwing_core.background_jobs.database import connections, drivers
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.execution.fresh_context import run_on_site
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_in_maintenance

APP = "dartwing"
LOOK_EVERY_SECONDS = 1.0
# what is due sooner than that after a look is looked for then
REST_SECONDS = 0.1
# with the age at which recovery looks at a job, 20 s at most until something lost is found
MENDING_SECONDS = 15
SIGN_SECONDS = 5
# what is left of a look's steps after that long waits for the next look
LOOK_SECONDS = 2
MOST_SECONDS_OFF = 5
# how long a look waits for a server, and a step for what it has asked for
SILENCE_SECONDS = 3
SILENCE_OF_A_STEP_SECONDS = 30
MOST_SECONDS_OFF_WHEN_SILENT = 60
# how soon it is asked again whether a site has the app
ASK_AGAIN_SECONDS = 60
# a transaction may commit a moment after the time that it wrote
OVERLAP = timedelta(seconds=2)
LONG_AGO = datetime(2000, 1, 1)

log = logging.getLogger("dartwing.clock")


class SiteClock:
	"""Looks at one site, over a connection that is kept. After a failure it waits, each time a bit longer."""

	def __init__(self, site: str, is_stopping: Callable[[], bool]):
		self.site = site
		self._is_stopping = is_stopping
		self._connection: Any = None
		self._redis: tuple[str, ...] = ()
		self._sign: Callable[[datetime], None]
		self._sign_at = 0.0
		self._since = LONG_AGO
		self._pending: list[Step] = []
		self._to_mend: list[Step] = []
		self._failures = 0
		self._off_until = 0.0
		# not all sites in the same moment; Python hashes differently in each process
		self._mend_at = time.monotonic() + hash(site) % MENDING_SECONDS
		# when something is due next, as far as it was there at the last look
		self.due_at = math.inf
		self._looked_at = -math.inf

	@property
	def look_at(self) -> float:
		"""When to look again: a second after the last time; before that if something is due, or left."""
		if self._pending or self._to_mend:
			return self._looked_at + REST_SECONDS
		return self._looked_at + min(LOOK_EVERY_SECONDS, max(REST_SECONDS, self.due_at - self._looked_at))

	def look(self) -> None:
		"""Find out what is due, and do it. Raises nothing that is wrong with the site or its servers."""
		self._looked_at, self.due_at = time.monotonic(), math.inf
		if time.monotonic() < self._off_until:
			return
		try:
			self._look()
		except Exception as error:
			self._back_off(error)
			return
		if self._failures:
			log.warning("%s: is back", self.site)
		self._failures = 0

	def close(self) -> None:
		connection, self._connection = self._connection, None
		if connection:
			# one that is lost cannot be closed
			with suppress(*drivers.ERRORS):
				connection.close()

	def _look(self) -> None:
		if not self._connection and not contextvars.Context().run(self._connect):
			self._off_until = time.monotonic() + ASK_AGAIN_SECONDS
			return
		now, due = self._due()
		self._pending += [step for step in due if step not in self._pending]
		if time.monotonic() >= self._mend_at:
			self._mend_at = time.monotonic() + MENDING_SECONDS
			self._to_mend += [step for step in MENDING if step not in self._to_mend]
		if self._pending or self._to_mend:
			self._check_redis()
			run_on_site(self.site, self._work)
		if time.monotonic() >= self._sign_at:
			self._sign_at = time.monotonic() + SIGN_SECONDS
			with suppress(RedisError):
				self._sign(now)

	def _connect(self) -> bool:
		"""Open the connection that is kept; False where the app is not installed."""
		# Frappe asks the Redis of the cache when it enters a site
		conf = frappe.get_site_config(sites_path=".", site_path=self.site)
		self._redis = (conf["redis_cache"], conf["redis_queue"])
		self._check_redis()
		frappe.init(site=self.site)
		try:
			frappe.connect()
			drivers.limit_silence(frappe.local.db, SILENCE_SECONDS)
			if APP not in frappe.get_installed_apps():
				return False
			self._sign = signs.signer()
			self._connection = drivers.connect_beside(frappe.local.db, SILENCE_SECONDS)
		finally:
			frappe.destroy()
		log.info("%s: is looked at", self.site)
		return True

	def _check_redis(self) -> None:
		for url in self._redis:
			signs.check_that_it_speaks(url)

	def _due(self) -> tuple[datetime, list[Step]]:
		"""What time it is in the database, and what is due then."""
		with self._connection.cursor() as cursor:
			cursor.execute(query(), {"since": self._since})
			now, *answers = cursor.fetchone()
		self._since = now - OVERLAP
		following = [instant for instant in answers[len(DUE) :] if instant]
		if following:
			self.due_at = time.monotonic() + (min(following) - now).total_seconds()
		return now, [due.step for due, is_due in zip(DUE, answers, strict=False) if is_due]

	def _work(self) -> None:
		connections.make_own()
		# the look has just been answered, so this one can be patient
		drivers.limit_silence(frappe.local.db, SILENCE_OF_A_STEP_SECONDS)
		if is_in_maintenance():
			self._forget_steps()
			return
		connections.limit_lock_waits()
		end = time.monotonic() + LOOK_SECONDS
		while self._pending and time.monotonic() < end and not self._is_stopping():
			# raises only if the database is gone
			error_log.run_step(self._pending.pop(0), _record)
		# one for each look: what is due meanwhile waits for no more of them
		if self._to_mend and not self._is_stopping():
			error_log.run_step(self._to_mend.pop(0), _record)

	def _forget_steps(self) -> None:
		self._pending.clear()
		self._to_mend.clear()

	def _back_off(self, error: Exception) -> None:
		"""Ask for all that is due when the site is back, because steps may have been cut off.

		A server that says nothing costs the other sites the time that it is given to answer: it is asked ever
		more seldom.
		"""
		cost = time.monotonic() - self._looked_at
		self.close()
		self._forget_steps()
		self._since, self._mend_at = LONG_AGO, 0.0
		if not self._failures:
			log.warning("%s: cannot be looked at: %s", self.site, error)
		self._failures += 1
		seconds_off: float = min(self._failures, MOST_SECONDS_OFF)
		if cost >= LOOK_EVERY_SECONDS:
			seconds_off = min(cost * 2 ** min(self._failures, 10), MOST_SECONDS_OFF_WHEN_SILENT)
		self._off_until = time.monotonic() + seconds_off


def _record(step: str) -> None:
	error_log.record_now_and_then(f"clock: {step}")


def query() -> str:
	asked = [*(due.condition for due in DUE), *(due.next_at for due in DUE)]
	return f"select {UTC_NOW}, {', '.join(asked)}"
