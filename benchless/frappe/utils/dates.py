"""Dates and times in the site's time zone, without tzinfo, as the database holds them."""

import datetime

import frappe
import pytz
from dateutil import parser
from dateutil.parser import ParserError
from dateutil.relativedelta import relativedelta
from frappe._api.unsupported import refuse

DATE_FORMAT = "%Y-%m-%d"
TIME_FORMAT = "%H:%M:%S.%f"
DATETIME_FORMAT = f"{DATE_FORMAT} {TIME_FORMAT}"
# what databases write for no date
ZERO_DATES = ("0001-01-01", "0000-00-00")


def get_system_timezone() -> str:
	return frappe.get_system_settings("time_zone") or "Asia/Kolkata"


def now_datetime() -> datetime.datetime:
	return datetime.datetime.now(pytz.timezone(get_system_timezone())).replace(tzinfo=None)


def now() -> str:
	"""Date and time with microseconds."""
	return now_datetime().strftime(DATETIME_FORMAT)


def nowdate() -> str:
	return now_datetime().strftime(DATE_FORMAT)


def nowtime() -> str:
	return now_datetime().strftime(TIME_FORMAT)


def getdate(string_date=None) -> datetime.date | None:
	"""A date of a text, datetime or date; today without one, None for a zero date."""
	if not string_date:
		return now_datetime().date()
	if isinstance(string_date, datetime.datetime):
		return string_date.date()
	if isinstance(string_date, datetime.date):
		return string_date
	if string_date.startswith(ZERO_DATES):
		return None
	try:
		return parser.parse(string_date).date()
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
	if not datetime_str or datetime_str.startswith(ZERO_DATES):
		return None
	try:
		return datetime.datetime.strptime(datetime_str, DATETIME_FORMAT)
	except ValueError:
		return parser.parse(datetime_str)


def get_time(time_str) -> datetime.time:
	if isinstance(time_str, datetime.datetime):
		return time_str.time()
	if isinstance(time_str, datetime.timedelta):
		return (datetime.datetime.min + time_str).time()
	return time_str if isinstance(time_str, datetime.time) else parser.parse(time_str).time()


def get_timedelta(time=None) -> datetime.timedelta:
	"""A timedelta of a text such as "17:21:00"; zero without one."""
	if isinstance(time, datetime.timedelta):
		return time
	return datetime.datetime.combine(datetime.date.min, get_time(time or "0:0:0")) - datetime.datetime.min


def format_timedelta(o: datetime.timedelta) -> str:
	"""Hours may pass 24, and fractions of seconds show only if there are any."""
	minutes, seconds = divmod(o.total_seconds(), 60)
	hours, minutes = divmod(int(minutes), 60)
	seconds = round(seconds, 6)
	shown = int(seconds) if seconds == int(seconds) else seconds
	return f"{hours}:{minutes:02}:{shown:02}"


def add_to_date(date, as_string=False, as_datetime=False, **period):
	"""The date moved by `days` and so on; text stays text, with a time if it had one or hours are added."""
	as_datetime = as_datetime or "hours" in period
	if isinstance(date, str):
		as_string = True
		as_datetime = as_datetime or " " in date
		date = parser.parse(date)
	date = (date or now_datetime()) + relativedelta(**period)
	if not as_string:
		return date
	return date.strftime(DATETIME_FORMAT if as_datetime else DATE_FORMAT)


def add_days(date, days):
	return add_to_date(date, days=days)


def time_diff_in_seconds(string_ed_date, string_st_date) -> float:
	return (get_datetime(string_ed_date) - get_datetime(string_st_date)).total_seconds()


def get_timespan_date_range(timespan: str) -> tuple[datetime.date, datetime.date]:
	"""First and last day of a span like "yesterday" or "last month"."""
	days = {"yesterday": -1, "today": 0, "tomorrow": 1}
	months = {"last month": -1, "this month": 0, "next month": 1}
	today = getdate()
	if timespan in days:
		return (today + relativedelta(days=days[timespan]),) * 2
	if timespan not in months:
		raise refuse(f"the timespan {timespan!r}")
	first = today + relativedelta(day=1, months=months[timespan])
	return first, first + relativedelta(day=31)
