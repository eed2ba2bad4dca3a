"""SQL functions for `frappe.qb`: PyPika's, and the MariaDB ones that it lacks."""
# this module is where apps import these names from

from pypika.functions import *  # noqa: F403
from pypika.terms import Function


class Timestamp(Function):
	def __init__(self, term, time=None, alias=None):
		super().__init__("TIMESTAMP", *[part for part in (term, time) if part], alias=alias)


class Round(Function):
	def __init__(self, term, decimal=0, **kwargs):
		super().__init__("ROUND", term, decimal, **kwargs)
