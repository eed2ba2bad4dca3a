"""Rows that are taken together as long as all of them can be: one that cannot keeps no other waiting.

A row may hold what no statement takes: it was restored, imported or written by hand.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import frappe
from redis.exceptions import RedisError
from rq.timeouts import BaseTimeoutException

from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.memory import Memory

Taken = TypeVar("Taken")

# what is wrong with the site or the moment, and not with a row
NOT_OF_A_ROW = (frappe.QueryDeadlockError, frappe.QueryTimeoutError, RedisError, BaseTimeoutException)
# a row that could not be taken costs the others nothing for so long
LEFT_OUT_SECONDS = 60
# if more cannot be taken at once, no row is to blame
MOST_BROKEN = 20

# what this process leaves out: names, and what was to be done with them
left_out: Memory[bool] = Memory(LEFT_OUT_SECONDS)


def take_all(names: Sequence[str], take: Callable[[list[str]], Iterable[Taken]], what: str) -> list[Taken]:
	"""Call `take` with the names, in the current transaction, which is the engine's own; what it returns.

	Where all goes well, that is all, and the commit is for `take` or the caller. If it raises, its
	transaction is undone, and it is called with one half of the names after the other, each of which is
	committed, and so on. A name that fails by itself twice is recorded ("… could not be `what`") and left out
	of the calls of this process for a minute; what fails once was the moment's fault, as a statement that was
	ended from beside. A lost connection, or a lock that is waited for too long, is raised.
	"""
	broken: list[str] = []

	def taken(some: list[str], is_part: bool = True, is_second: bool = False) -> list[Taken]:
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
			if len(some) == 1 and is_second:
				broken.extend(some)
				_leave_out(some[0], what)
				return []
		if len(some) == 1:
			return taken(some, is_second=True)
		middle = len(some) // 2
		return taken(some[:middle]) + taken(some[middle:])

	return taken([name for name in names if (name, what) not in left_out], is_part=False)


def take_one(name: str, take: Callable[[], Taken], what: str) -> Taken | None:
	"""As `take_all`, for one thing that stands for itself; None if it is left out."""
	done = take_all([name], lambda names: [take() for _name in names], what)
	return done[0] if done else None


def _leave_out(name: str, what: str) -> None:
	"""Call it while the exception is handled."""
	left_out.put((name, what), True)
	error_log.record(f"{name} could not be {what}")
	frappe.db.commit()
