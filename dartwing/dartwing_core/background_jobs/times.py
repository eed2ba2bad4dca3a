"""Frappe stores naive datetimes of the site's time zone; clients get ISO 8601 in UTC."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from frappe.utils import get_datetime, get_system_timezone


def to_utc(value: datetime | str | None) -> str | None:
	"""`2026-11-22T10:00:00.000000Z` for a datetime of the site; None stays None."""
	if not value:
		return None
	site_time = get_datetime(value).replace(tzinfo=ZoneInfo(get_system_timezone()))
	return site_time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_site(value: datetime | str) -> datetime:
	"""A naive datetime of the site's time zone; raises ValueError for what is no date and time.

	A value that carries an offset or `Z` is converted, one without is taken as the site's.
	"""
	if isinstance(value, str):
		value = datetime.fromisoformat(value.strip().replace("Z", "+00:00").replace("z", "+00:00"))
	if not isinstance(value, datetime):
		raise ValueError(f"not a date and time: {value!r}")
	if value.tzinfo:
		value = value.astimezone(ZoneInfo(get_system_timezone())).replace(tzinfo=None)
	return value
