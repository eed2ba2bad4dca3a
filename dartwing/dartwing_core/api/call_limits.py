"""How often one user may call, counted in Redis. Without Redis nobody is refused."""

from dataclasses import dataclass

import frappe
from frappe import _
from redis.exceptions import RedisError

from dartwing.dartwing_core.background_jobs.errors import RateLimitExceededError

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class CallLimit:
	"""Calls in one minute, which begins with a user's first one; endpoints of one limit share it."""

	name: str
	calls: int

	def check(self, user: str) -> None:
		"""Count one call; raises RateLimitExceededError when the minute's calls are used up."""
		try:
			count, seconds_left = self._count(user)
		except RedisError as error:
			# a call must not fail because nobody can count it
			frappe.logger("dartwing").warning(f"calls of {self.name} are not counted: {error}")
			return
		if count > self.calls:
			message = _("At most {0} calls of {1} in a minute; try again in {2} seconds").format(
				self.calls, self.name, seconds_left
			)
			raise RateLimitExceededError(message, seconds_left)

	def key(self, user: str) -> bytes:
		return frappe.cache.make_key(f"dartwing:calls:{self.name}:{user}")

	def _count(self, user: str) -> tuple[int, int]:
		key = self.key(user)
		with frappe.cache.pipeline(transaction=True) as pipeline:
			pipeline.set(key, 0, ex=WINDOW_SECONDS, nx=True)
			pipeline.incr(key)
			pipeline.ttl(key)
			_made, count, seconds_left = pipeline.execute()
		return count, max(seconds_left, 1)
