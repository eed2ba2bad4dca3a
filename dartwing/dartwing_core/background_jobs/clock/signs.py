"""Signs of life, in the Redis of the cache: by the database's clock, as hosts may not agree on the time."""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache

import frappe
import redis

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.queue_redis import ANSWER_SECONDS

# a clock that has not shown for that long is gone
LASTS_SECONDS = 30


def signer() -> Callable[[datetime], None]:
	"""What writes that this process has looked at the current site, at a time of the database (naive UTC).

	It needs no site, and raises RedisError.
	"""
	connection, key = _connection(frappe.conf.redis_cache), _key()
	member = f"{socket.gethostname()}:{os.getpid()}"

	def sign(now: datetime) -> None:
		with connection.pipeline(transaction=False) as pipeline:
			pipeline.zadd(key, {member: _seconds(now)})
			pipeline.zremrangebyscore(key, 0, _seconds(now) - LASTS_SECONDS)
			pipeline.expire(key, LASTS_SECONDS)
			pipeline.execute()

	return sign


def check_that_it_speaks(url: str) -> None:
	"""Raise redis' TimeoutError if the server takes a connection and says nothing; any other answer will do.

	Frappe's own connection would wait for ever.
	"""
	try:
		_connection(url).ping()
	except redis.TimeoutError:
		raise
	except redis.RedisError:
		# Frappe is told so as well
		return


def ages() -> list[float]:
	"""How many seconds ago each clock of the site looked at it last, newest first. Raises RedisError."""
	now = _seconds(times.utc_now())
	looks = _connection(frappe.conf.redis_cache).zrange(_key(), 0, -1, withscores=True)
	seconds = sorted(max(0.0, now - looked_at) for _clock, looked_at in looks)
	return [age for age in seconds if age < LASTS_SECONDS]


def _key() -> str:
	return f"dartwing:clocks:{frappe.conf.db_name}"


def _seconds(utc: datetime) -> float:
	return utc.replace(tzinfo=timezone.utc).timestamp()


@cache
def _connection(url: str) -> redis.Redis:
	return redis.from_url(url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS)
