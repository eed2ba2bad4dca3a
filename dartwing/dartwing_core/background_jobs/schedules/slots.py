"""When the slots of a schedule are. Everything here is pure: instants are naive UTC, and are handed in.

A cron expression speaks of the local time of its zone. A time that clocks leave out is taken at the first
instant after the gap, together with whatever else falls on that instant. A time that comes twice is taken the
first time only. So slots strictly increase, and each local time is taken at most once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError

SECOND = timedelta(seconds=1)
# words and signs of a cron expression; croniter takes others for random
MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
CRON_FIELD = re.compile(rf"(?:[0-9*,/#?-]|{MONTHS}|SUN|MON|TUE|WED|THU|FRI|SAT|L)+")
CRON_FIELDS = 5
UTC = ZoneInfo("UTC")
# any instant, to ask a new expression whether there is one after it
SOME_TIME = datetime(2000, 1, 1)


class NoSuchCronError(ValueError):
	"""No expression of five fields that has a slot; the text says why."""


@dataclass(frozen=True)
class Timetable:
	"""The slots of one schedule: by `cron` in `zone`, or each `interval` counted from `anchor`.

	`first` and `last` are the earliest and the latest instant that a slot may have.
	"""

	anchor: datetime
	interval: timedelta | None = None
	cron: str = ""
	zone: ZoneInfo = UTC
	first: datetime | None = None
	last: datetime | None = None

	def after(self, instant: datetime) -> Iterator[datetime]:
		"""The slots strictly after the instant, the earliest first; there may be very many."""
		if self.first:
			instant = max(instant, self.first - timedelta(microseconds=1))
		slots = (
			_intervals(self.anchor, self.interval, instant, 1)
			if self.interval
			else self._times_after(instant)
		)
		for slot in _in_calendar(slots):
			if self.last and slot > self.last:
				return
			yield slot

	def next_after(self, instant: datetime) -> datetime | None:
		return next(self.after(instant), None)

	def until(self, instant: datetime) -> Iterator[datetime]:
		"""The slots at the instant and before it, the latest first; there may be very many."""
		if self.last:
			instant = min(instant, self.last)
		slots = (
			_intervals(self.anchor, self.interval, instant, -1)
			if self.interval
			else self._times_until(instant)
		)
		for slot in _in_calendar(slots):
			if self.first and slot < self.first:
				return
			yield slot

	def between(self, start: datetime, end: datetime, at_most: int) -> list[datetime]:
		"""The slots from start to end, both included; no more than so many, the earliest."""
		found: list[datetime] = []
		for slot in islice(self.after(start - timedelta(microseconds=1)), at_most):
			if slot > end:
				break
			found.append(slot)
		return found

	def _times_after(self, instant: datetime) -> Iterator[datetime]:
		local = _local(instant, self.zone)
		times, before = croniter(self.cron, local.replace(tzinfo=None, fold=0)), instant
		while True:
			slot = instant_of(times.get_next(datetime), self.zone)
			if slot > before:
				before = slot
				yield slot

	def _times_until(self, instant: datetime) -> Iterator[datetime]:
		local = _local(instant, self.zone)
		# what the hour shows that comes twice was over, or is yet to come, when it came first
		repeated = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
		begins = local.replace(tzinfo=None, fold=0, microsecond=0) + max(repeated, timedelta()) + SECOND
		times, before = croniter(self.cron, begins), instant + SECOND
		while True:
			slot = instant_of(times.get_prev(datetime), self.zone)
			if slot <= instant and slot < before:
				before = slot
				yield slot


def _in_calendar(slots: Iterator[datetime]) -> Iterator[datetime]:
	"""The slots that Python can say: its calendar has the years 1 to 9999, in each zone."""
	try:
		yield from slots
	except (CroniterError, OverflowError, ValueError):
		return


def _intervals(
	anchor: datetime, interval: timedelta, instant: datetime, direction: int
) -> Iterator[datetime]:
	"""Upwards, those after the instant; downwards, the instant and those before it."""
	number = (instant - anchor) // interval + (direction > 0)
	while True:
		yield anchor + number * interval
		number += direction


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
	"""The first instant at which clocks of the zone show the time, or the first after a gap that has it."""
	instant = _naive_utc(local.replace(tzinfo=zone, fold=0))
	if _local(instant, zone).replace(tzinfo=None, fold=0) == local:
		return instant
	# clocks are put forward between the two
	early, late = _naive_utc(local.replace(tzinfo=zone, fold=1)), instant
	new_offset = _local(late, zone).utcoffset()
	while late - early > SECOND:
		middle = early + (late - early) // 2
		middle = middle.replace(microsecond=0)
		if _local(middle, zone).utcoffset() == new_offset:
			late = middle
		else:
			early = middle
	return late


def check_cron(cron: str) -> str:
	"""The expression with single blanks; raises NoSuchCronError."""
	fields = cron.upper().split()
	if len(fields) != CRON_FIELDS:
		raise NoSuchCronError(f"{len(fields)} fields")
	if not all(map(CRON_FIELD.fullmatch, fields)):
		raise NoSuchCronError("unknown signs")
	expression = " ".join(fields)
	try:
		croniter(expression, SOME_TIME).get_next(datetime)
	except (CroniterError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
		raise NoSuchCronError(str(error)) from error
	return expression


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
	return instant.replace(tzinfo=timezone.utc).astimezone(zone)


def _naive_utc(value: datetime) -> datetime:
	return value.astimezone(timezone.utc).replace(tzinfo=None)
