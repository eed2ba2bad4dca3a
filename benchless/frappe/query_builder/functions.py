"""SQL functions for `frappe.qb`: PyPika's, and the MariaDB ones that it lacks."""
# this module is where apps import these names from

from pypika.functions import *  # noqa: F403
from pypika.terms import CustomFunction, Function

CombineDatetime = CustomFunction("TIMESTAMP", ["date", "time"])
DateFormat = CustomFunction("DATE_FORMAT", ["date", "format"])
UnixTimestamp = CustomFunction("unix_timestamp", ["date"])


class Concat_ws(Function):
	def __init__(self, *terms, **kwargs):
		super().__init__("CONCAT_WS", *terms, **kwargs)


class Timestamp(Function):
	def __init__(self, term, time=None, alias=None):
		super().__init__("TIMESTAMP", *[part for part in (term, time) if part], alias=alias)


class Round(Function):
	def __init__(self, term, decimal=0, **kwargs):
		super().__init__("ROUND", term, decimal, **kwargs)


class Truncate(Function):
	def __init__(self, term, decimal, **kwargs):
		super().__init__("TRUNCATE", term, decimal, **kwargs)


class GroupConcat(Function):
	def __init__(self, column, alias=None):
		super().__init__("GROUP_CONCAT", column, alias=alias)
