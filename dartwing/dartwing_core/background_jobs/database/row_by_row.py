"""Rows that are taken together as long as all of them can be: one that cannot keeps no other waiting.

A row may hold what no statement takes: it was restored, imported or written by hand.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import frappe
from redis.exceptions import RedisError
from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs import error_log

Taken = TypeVar("Taken")

# what is wrong with the site or the moment, and not with a row
NOT_OF_A_ROW = (frappe.QueryDeadlockError, frappe.QueryTimeoutError, RedisError, BaseTimeoutException)
# a row that could not be taken costs the others nothing for so long
LEFT_OUT_SECONDS = 60
# if more cannot be taken at once, no row is to blame
MOST_BROKEN = 20

# until when this process leaves a row out: by site, name and what was to be done
_left_out_until: dict[tuple[str, str, str], float] = {}


def take_all(names: Sequence[str], take: Callable[[list[str]], Iterable[Taken]], what: str) -> list[Taken]:
	"""Call `take` with the names, in the current transaction, which is the engine's own; what it returns.

	Where all goes well, that is all, and the commit is for `take` or the caller. If it raises, its
	transaction is undone, and it is called with one half of the names after the other, each of which is
	committed, and so on. A name that fails by itself is recorded ("… could not be `what`") and left out of
	the calls of this process for a minute. A lost connection, or a lock that is waited for too long, is
	raised.
	"""
	broken: list[str] = []

	def taken(some: list[str], is_part: bool) -> list[Taken]:
		try:
			done = list(take(some))
			if is_part:
				frappe.db.commit()
			return done
		except NOT_OF_A_ROW:
			raise
		except Exception:
			# raises if the connection is lost
			frappe.db.rollback()
			if len(broken) == MOST_BROKEN or not some:
				raise
			if len(some) == 1:
				broken.extend(some)
				_leave_out(some[0], what)
				return []
		middle = len(some) // 2
		return taken(some[:middle], True) + taken(some[middle:], True)

	return taken([name for name in names if not _is_left_out(name, what)], False)


def take_one(name: str, take: Callable[[], Taken], what: str) -> Taken | None:
	"""As `take_all`, for one thing that stands for itself; None if it is left out."""
	done = take_all([name], lambda names: [take() for _name in names], what)
	return done[0] if done else None


def forget() -> None:
	"""Leave nothing out any more."""
	_left_out_until.clear()


def _is_left_out(name: str, what: str) -> bool:
	return _left_out_until.get((frappe.local.site, name, what), 0.0) > time.monotonic()


def _leave_out(name: str, what: str) -> None:
	"""Call it while the exception is handled."""
	now = time.monotonic()
	for key in [key for key, until in _left_out_until.items() if until <= now]:
		del _left_out_until[key]
	_left_out_until[frappe.local.site, name, what] = now + LEFT_OUT_SECONDS
	error_log.record(f"{name} could not be {what}")
	frappe.db.commit()
