"""What time it is by the clock of the database server, the one clock that all machines of a site share.

Each machine has a clock of its own, and machines compare what others wrote: when a retry is due, when an
attempt last showed that it is alive. So the engine writes the time that `utc_now` tells, and in SQL it
compares with `UTC_NOW`. The answer of `utc_now` is never ahead of the server's clock: what was due when it
was written is due to whoever reads it.

A statement that is sent anyway may select `UTC_NOW` as well, and hand the answer to `note`: then the time
costs no statement of its own.
"""

import time
from collections.abc import Hashable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import frappe

from dartwing.dartwing_core.background_jobs.database import handlers_database

# how long an answer is used: this machine does not measure seconds exactly as the server does
LASTS_SECONDS = 60


class Moved:
	"""How far tests have moved the clock of this process; it stays where it is for everybody else."""

	seconds = 0.0


class UtcNow:
	"""An expression of SQL: naive UTC at the time when the statement begins, by the clock of this process."""

	def __str__(self) -> str:
		if not Moved.seconds:
			return "utc_timestamp(6)"
		return f"(utc_timestamp(6) + interval {Moved.seconds:.6f} second)"


# put it into each statement anew: `travel` changes what it says
UTC_NOW = UtcNow()


class Answer(NamedTuple):
	"""What the server's clock showed when `time.monotonic()` showed something not earlier."""

	utc: datetime
	monotonic: float

	@property
	def age_seconds(self) -> float:
		return time.monotonic() - self.monotonic

	@property
	def lasts(self) -> bool:
		return self.age_seconds < LASTS_SECONDS

	@property
	def utc_now(self) -> datetime:
		return self.utc + timedelta(seconds=self.age_seconds)


# the last answers of the database servers that this process has asked
_answers: dict[Hashable, Answer] = {}


def note(utc: Any) -> None:
	"""Remember the server's time that a statement has just answered.

	Not what cannot be it: a handler that goes on after its time limit may have interrupted a statement, and
	the next one on its connection is handed the answer to that one. And nothing that a handler's connection
	says once the time is known: a handler may have set the time of its session.
	"""
	known = _answers.get(_server())
	if not isinstance(utc, datetime) or (known and handlers_database.is_handlers()):
		return
	if known and known.lasts and abs(known.utc_now - utc) > timedelta(seconds=LASTS_SECONDS):
		return
	_answers[_server()] = Answer(utc, time.monotonic())


def utc_now(may_ask: bool = True) -> datetime:
	"""Naive UTC. Asks the server when its last answer is more than a minute old, or when there is none.

	On a handler's connection the last answer is used, however old it is.

	A thread beside somebody's transaction must not send a statement: it uses the last answer, and without one
	this machine's clock.
	"""
	answer = _answers.get(_server())
	if may_ask and not (answer and (answer.lasts or handlers_database.is_handlers())):
		note(frappe.db.sql(f"select {UTC_NOW}")[0][0])
		answer = _answers.get(_server())
	if not answer:
		return datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(seconds=Moved.seconds)
	return answer.utc_now


def travel(seconds: float) -> None:
	"""Move the engine's clock in this process, and only there, so far from where it is: for tests."""
	Moved.seconds += seconds
	_answers.clear()


def _server() -> Hashable:
	return frappe.conf.get("db_host"), frappe.conf.get("db_port"), frappe.conf.get("db_socket")
