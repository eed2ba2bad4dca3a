"""What time it is by the clock of the database server, the one clock that all machines of a site share.

Each machine has a clock of its own, and what one writes another compares: when a retry is due, when an
attempt last showed that it is alive. What is written is told by `utc_now`, and what is compared with now in
the database by `UTC_NOW`. The answer is never ahead of the server's clock, so that what was due when it was
written is due to whoever reads it. It costs no statement where one is sent anyway that can ask along
(`UTC_NOW` among what it selects) and whose answer is told to `note`.
"""

import time
from collections.abc import Hashable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import frappe

# of SQL: naive UTC as the statement begins
UTC_NOW = "utc_timestamp(6)"
# an answer is believed for so long: this machine's measure of time passing is not the server's either
LASTS_SECONDS = 60


class Answer(NamedTuple):
	"""What the server's clock showed when `time.monotonic()` showed something not earlier."""

	utc: datetime
	monotonic: float

	@property
	def age_seconds(self) -> float:
		return time.monotonic() - self.monotonic


# of each database server that this process has asked
_answers: dict[Hashable, Answer] = {}


def note(utc: datetime) -> None:
	"""Remember what a statement has just answered that asked along."""
	_answers[_server()] = Answer(utc, time.monotonic())


def utc_now(may_ask: bool = True) -> datetime:
	"""Naive UTC; asks the server where its last answer is a minute old, or there is none.

	A thread that stands beside somebody's transaction must not ask: it makes do with the last answer,
	and without any with this machine's clock.
	"""
	answer = _answers.get(_server())
	if may_ask and not (answer and answer.age_seconds < LASTS_SECONDS):
		note(frappe.db.sql(f"select {UTC_NOW}")[0][0])
		answer = _answers[_server()]
	if not answer:
		return datetime.now(timezone.utc).replace(tzinfo=None)
	return answer.utc + timedelta(seconds=answer.age_seconds)


def _server() -> Hashable:
	return frappe.conf.get("db_host"), frappe.conf.get("db_port"), frappe.conf.get("db_socket")
