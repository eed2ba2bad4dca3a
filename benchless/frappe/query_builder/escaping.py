"""Makes PyPika's literals safe for MariaDB, which it quotes but does not escape."""

from datetime import time, timedelta

from frappe.utils.dates import TIME_FORMAT, format_timedelta
from pymysql.converters import escape_string
from pypika.terms import ValueWrapper

quote_value = ValueWrapper.get_formatted_value


def formatted(cls, value, **kwargs) -> str:
	"""The SQL of a constant; a text in it can never end its quotes."""
	if isinstance(value, str):
		return f"'{escape_string(value)}'"
	if isinstance(value, timedelta):
		return f"'{format_timedelta(value)}'"
	if isinstance(value, time):
		return f"'{value.strftime(TIME_FORMAT)}'"
	return quote_value(value, **kwargs)


def escape_literals() -> None:
	"""PyPika has no other place to say how a dialect escapes."""
	ValueWrapper.get_formatted_value = classmethod(formatted)
