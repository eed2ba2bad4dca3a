"""Dates and times in the site's time zone, without tzinfo, as the database holds them."""

import datetime
import re

import frappe
import pytz
from dateutil import parser
from dateutil.parser import ParserError
from dateutil.relativedelta import relativedelta
from frappe._api.unsupported import refuse

DATE_FORMAT = "%Y-%m-%d"
TIME_FORMAT = "%H:%M:%S.%f"
DATETIME_FORMAT = f"{DATE_FORMAT} {TIME_FORMAT}"
LONG_TIME = re.compile(r"(?:(?P<days>-?\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d[.\d]*)")


def get_system_timezone() -> str:
	return frappe.get_system_settings("time_zone") or "Asia/Kolkata"


def convert_utc_to_timezone(utc_timestamp, time_zone):
	if utc_timestamp.tzinfo is None:
		utc_timestamp = pytz.UTC.localize(utc_timestamp)
	try:
		return utc_timestamp.astimezone(pytz.timezone(time_zone))
	except pytz.UnknownTimeZoneError:
		return utc_timestamp


def convert_utc_to_system_timezone(utc_timestamp):
	return convert_utc_to_timezone(utc_timestamp, get_system_timezone())


def get_datetime_in_timezone(time_zone):
	return convert_utc_to_timezone(datetime.datetime.now(pytz.UTC), time_zone)


def now_datetime() -> datetime.datetime:
	return get_datetime_in_timezone(get_system_timezone()).replace(tzinfo=None)


def now() -> str:
	"""Date and time with microseconds; `frappe.flags.current_date` replaces the date."""
	moment = now_datetime()
	if frappe.flags.current_date:
		moment = datetime.datetime.combine(getdate(frappe.flags.current_date), moment.time())
	return moment.strftime(DATETIME_FORMAT)


def nowdate() -> str:
	return now_datetime().strftime(DATE_FORMAT)


def today() -> str:
	return nowdate()


def nowtime() -> str:
	return now_datetime().strftime(TIME_FORMAT)


def is_invalid_date_string(date_string) -> bool:
	"""Whether this is no date: empty, no text, or one of the databases' zero dates."""
	if not isinstance(date_string, str) or not date_string:
		return True
	return date_string.startswith(("0001-01-01", "0000-00-00"))


def getdate(string_date=None, parse_day_first: bool = False) -> datetime.date | None:
	"""A date of a text, datetime or date; today without one, None for a zero date."""
	if not string_date:
		return now_datetime().date()
	if isinstance(string_date, datetime.datetime):
		return string_date.date()
	if isinstance(string_date, datetime.date):
		return string_date
	if is_invalid_date_string(string_date):
		return None
	try:
		return parser.parse(string_date, dayfirst=parse_day_first).date()
	except ParserError:
		message = f"{frappe.bold(string_date)} is not a valid date string."
		return frappe.throw(message, title="Invalid Date")


def get_datetime(datetime_str=None):
	"""A datetime of a text or date; now without one, None for a zero date."""
	if datetime_str is None:
		return now_datetime()
	if isinstance(datetime_str, datetime.datetime | datetime.timedelta):
		return datetime_str
	if isinstance(datetime_str, datetime.date):
		return datetime.datetime.combine(datetime_str, datetime.time())
	if is_invalid_date_string(datetime_str):
		return None
	try:
		return datetime.datetime.strptime(datetime_str, DATETIME_FORMAT)
	except ValueError:
		return parser.parse(datetime_str)


def get_time(time_str) -> datetime.time:
	if isinstance(time_str, datetime.datetime):
		return time_str.time()
	if isinstance(time_str, datetime.time):
		return time_str
	if isinstance(time_str, datetime.timedelta):
		return (datetime.datetime.min + time_str).time()
	return parser.parse(time_str).time()


def to_timedelta(time_str):
	if isinstance(time_str, datetime.time):
		time_str = str(time_str)
	return as_timedelta(parser.parse(time_str)) if isinstance(time_str, str) else time_str


def as_timedelta(moment) -> datetime.timedelta:
	return datetime.timedelta(
		hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
	)


def get_timedelta(time=None) -> datetime.timedelta | None:
	"""A timedelta of a text such as "17:21:00"; zero without one, None if it cannot be read."""
	if isinstance(time, datetime.timedelta):
		return time
	try:
		return as_timedelta(parser.parse(time or "0:0:0"))
	except (ParserError, OverflowError, TypeError):
		match = LONG_TIME.match(time) if isinstance(time, str) else None
		return parse_timedelta(time) if match else None


def parse_timedelta(s: str) -> datetime.timedelta:
	parts = LONG_TIME.match(s).groupdict()
	return datetime.timedelta(**{unit: float(value) for unit, value in parts.items() if value})


def format_timedelta(o: datetime.timedelta) -> str:
	"""Hours may pass 24, and fractions of seconds show only if there are any."""
	minutes, seconds = divmod(o.total_seconds(), 60)
	hours, minutes = divmod(int(minutes), 60)
	seconds = round(seconds, 6)
	shown = int(seconds) if seconds == int(seconds) else seconds
	return f"{hours}:{minutes:02}:{shown:02}"


def format_time_exactly(value: datetime.time) -> str:
	return value.strftime(TIME_FORMAT)


def add_to_date(
	date,
	years=0,
	months=0,
	weeks=0,
	days=0,
	hours=0,
	minutes=0,
	seconds=0,
	as_string=False,
	as_datetime=False,
):
	"""The moved date; text stays text, with a time if it had one or hours are added."""
	if date is None:
		date = now_datetime()
	as_datetime = as_datetime or bool(hours)
	if isinstance(date, str):
		as_string = True
		as_datetime = as_datetime or " " in date
		try:
			date = parser.parse(date)
		except ParserError:
			frappe.throw("Please select a valid date filter", title="Invalid Date")
	date += relativedelta(
		years=years, months=months, weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
	)
	if not as_string:
		return date
	return date.strftime(DATETIME_FORMAT if as_datetime else DATE_FORMAT)


def add_days(date, days):
	return add_to_date(date, days=days)


def add_months(date, months):
	return add_to_date(date, months=months)


def add_years(date, years):
	return add_to_date(date, years=years)


def date_diff(string_ed_date, string_st_date) -> int:
	return (getdate(string_ed_date) - getdate(string_st_date)).days


def time_diff(string_ed_date, string_st_date) -> datetime.timedelta:
	return get_datetime(string_ed_date) - get_datetime(string_st_date)


def time_diff_in_seconds(string_ed_date, string_st_date) -> float:
	return time_diff(string_ed_date, string_st_date).total_seconds()


def time_diff_in_hours(string_ed_date, string_st_date) -> float:
	return round(time_diff_in_seconds(string_ed_date, string_st_date) / 3600, 6)


def get_datetime_str(datetime_obj) -> str:
	return as_datetime_object(datetime_obj).strftime(DATETIME_FORMAT)


def get_date_str(date_obj) -> str:
	return as_datetime_object(date_obj).strftime(DATE_FORMAT)


def as_datetime_object(value):
	return get_datetime(value) if isinstance(value, str) else value


def get_first_day(dt, d_years: int = 0, d_months: int = 0, as_str: bool = False):
	first = getdate(dt).replace(day=1) + relativedelta(years=d_years, months=d_months)
	return first.strftime(DATE_FORMAT) if as_str else first


def get_last_day(dt) -> datetime.date:
	return get_first_day(dt, 0, 1) + datetime.timedelta(-1)


def get_timespan_date_range(timespan: str) -> tuple[datetime.date, datetime.date]:
	"""First and last day of a span like "yesterday" or "last month"."""
	days = {"yesterday": -1, "today": 0, "tomorrow": 1}
	today = getdate()
	if timespan in days:
		day = today + datetime.timedelta(days[timespan])
		return day, day
	months = {"last month": -1, "this month": 0, "next month": 1}
	if timespan not in months:
		raise refuse(f"the timespan {timespan!r}")
	month = get_first_day(today, 0, months[timespan])
	return month, get_last_day(month)
