"""Frappe stores naive datetimes of the site's time zone; clients get ISO 8601 in UTC.

The site's time is for people: once a year it passes an hour twice, and once it leaves one out. What the
engine compares with now to start something is therefore stored as naive UTC, in fields that say so.
"""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from frappe.utils import get_datetime, get_system_timezone

from dartwing.dartwing_core.background_jobs.database import database_clock


def to_utc(value: datetime | str | None) -> str | None:
	"""`2026-11-22T10:00:00.000000Z` for a datetime of the site; None stays None."""
	if not value:
		return None
	site_time = get_datetime(value).replace(tzinfo=site_zone())
	return site_time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def utc_now(may_ask: bool = True) -> datetime:
	"""Naive UTC, which never jumps, by the one clock of all machines: see `database_clock.utc_now`."""
	return database_clock.utc_now(may_ask)


def site_now(may_ask: bool = True) -> datetime:
	"""The site's time by the same clock."""
	return from_utc(utc_now(may_ask))


def site_offset_seconds() -> float:
	"""How far the site's time is ahead of UTC."""
	now = utc_now(may_ask=False)
	return (from_utc(now) - now).total_seconds()


def utc_as_text(value: datetime | str | None) -> str | None:
	"""As `to_utc`, for naive UTC."""
	return get_datetime(value).isoformat(timespec="microseconds") + "Z" if value else None


def from_utc(value: datetime) -> datetime:
	"""The site's time at an instant of naive UTC."""
	return value.replace(tzinfo=timezone.utc).astimezone(site_zone()).replace(tzinfo=None)


def instant_of(value: datetime | str) -> datetime:
	"""The instant in naive UTC; raises ValueError for what is no date and time.

	A value that carries an offset or `Z` is that instant, one without is the site's time. Of the two
	instants that such a time has when clocks were put back, it is the later one: never early. Raises
	NoSuchTimeError for a time that clocks leave out.
	"""
	value = _parsed(value)
	zone, said = value.tzinfo or site_zone(), value.replace(tzinfo=None)
	instant = _naive_utc(value) if value.tzinfo else latest_instant_of(said)
	# there and back again
	if instant.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None) != said:
		raise NoSuchTimeError(said, str(zone))
	return instant


def site_time_of(value: datetime | str) -> datetime:
	"""The site's naive time that a value means; raises ValueError for what is no date and time.

	A value that carries an offset or `Z` is that instant, one without is as it is.
	"""
	value = _parsed(value)
	return from_utc(_naive_utc(value)) if value.tzinfo else value


def _parsed(value: datetime | str) -> datetime:
	if isinstance(value, str):
		value = datetime.fromisoformat(value.strip().replace("Z", "+00:00").replace("z", "+00:00"))
	if not isinstance(value, datetime):
		raise ValueError(f"not a date and time: {value!r}")
	return value


def latest_instant_of(site_time: datetime) -> datetime:
	"""The instant, in naive UTC, of a naive time of the site; the later one where two can be meant."""
	return max(_naive_utc(site_time.replace(tzinfo=site_zone(), fold=fold)) for fold in (0, 1))


def _naive_utc(value: datetime) -> datetime:
	return value.astimezone(timezone.utc).replace(tzinfo=None)


class NoSuchTimeError(ValueError):
	"""Clocks of the time zone pass over this time."""

	def __init__(self, time: datetime, zone: str):
		super().__init__(f"{time} does not exist in {zone}")
		self.time, self.zone = time, zone


def site_zone() -> ZoneInfo:
	"""The time zone of what Frappe stores."""
	return ZoneInfo(get_system_timezone())
