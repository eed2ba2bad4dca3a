"""What a field may be compared with: the operators, and the values that MariaDB compares with its type."""

import math
import re
from datetime import date, datetime
from typing import Any

from frappe import _

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.errors import refuse_argument

LIKE = ("like", "not like")
LISTS = ("in", "not in")
BETWEEN = "between"
TIMESPAN = "timespan"
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", *LIKE, *LISTS, "is", BETWEEN, TIMESPAN)
TIMESPANS = (
	*("last week", "last month", "last quarter", "last 6 months", "last year"),
	*("yesterday", "today", "tomorrow", "this week", "this month", "this quarter", "this year"),
	*("next week", "next month", "next quarter", "next 6 months", "next year"),
)
# operators whose value is one of a few words
CHOICES = {"is": ("set", "not set"), TIMESPAN: TIMESPANS}
NUMBERS = ("Check", "Currency", "Duration", "Float", "Int", "Long Int", "Percent", "Rating")
DATES = ("Date", "Datetime")
NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?")
TOO_LARGE = 10**18


def known_operator(kind: str, operator: Any, argument: str) -> str:
	"""The operator in small letters; raises ValidationError unless it is known and fits the type of field."""
	wanted = operator.lower() if isinstance(operator, str) else ""
	if wanted not in OPERATORS:
		reason = _("{0} is none of {1}").format(shown(operator), ", ".join(OPERATORS))
		refuse_argument(argument, reason)
	is_date = kind in DATES
	if (wanted in (BETWEEN, TIMESPAN) and not is_date) or (wanted in LIKE and (is_date or kind == "Time")):
		refuse_argument(argument, _("{0} does not fit a field of type {1}").format(repr(wanted), _(kind)))
	return wanted


def chosen(choices: tuple[str, ...], value: Any, argument: str) -> str:
	wanted = value.lower() if isinstance(value, str) else ""
	if wanted not in choices:
		refuse_argument(argument, _("{0} is none of {1}").format(shown(value), ", ".join(choices)))
	return wanted


def comparable(kind: str, value: Any, argument: str) -> Any:
	"""One scalar as this type of field is compared with it; raises ValidationError that names the argument.

	Numbers are numbers, dates are ISO 8601 texts, everything else is a text. A moment that says its
	zone becomes one of the site's, as Frappe stores it.
	"""
	if isinstance(value, bool):
		value = int(value)
	if not isinstance(value, str | int | float | date):
		refuse_argument(argument, _("must be a text or a number, not {0}").format(shown(value)))
	if kind in NUMBERS:
		return _number(value, argument)
	if kind in DATES:
		return _moment(kind, value, argument)
	if kind == "Time" and not TIME.fullmatch(str(value)):
		refuse_argument(argument, _("{0} is no time of a day").format(shown(value)))
	return _text(value, argument)


def shown(value: Any) -> str:
	"""What a value is, in a message: of a text or a number its beginning, of all else the name."""
	if isinstance(value, list | tuple):
		return _("a list")
	if isinstance(value, dict):
		return _("an object")
	text = repr(value) if isinstance(value, str | float | bool | None) else str(value)[:100]
	return text if len(text) <= 80 else f"{text[:80]}…"


def _number(value: Any, argument: str) -> int | float:
	if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
		value = float(value) if "." in value else int(value)
	if not isinstance(value, int | float) or abs(value) >= TOO_LARGE or math.isnan(value):
		refuse_argument(argument, _("{0} is no number").format(shown(value)))
	return value


def _moment(kind: str, value: Any, argument: str) -> str:
	"""A day alone stays one: at the end of a range it means the whole day."""
	try:
		text = value.isoformat() if isinstance(value, date) else value
		if not isinstance(text, str):
			raise ValueError(text)
		moment = times.site_time_of(text)
	except (ValueError, OverflowError):
		refuse_argument(argument, _("{0} is no date").format(shown(value)))
	if kind == "Date" or DAY.fullmatch(text.strip()):
		return moment.date().isoformat()
	return moment.isoformat(sep=" ")


def _text(value: Any, argument: str) -> str:
	text = value.isoformat() if isinstance(value, datetime) else str(value)
	if not texts.is_storable(text):
		refuse_argument(argument, _("is not valid Unicode"))
	return text
