"""PyPika for MariaDB, as `frappe.qb`: tables by DocType name, and queries that run themselves."""
# ruff: noqa: F401
# this module is where apps import these names from

from frappe.query_builder.escaping import escape_literals
from frappe.query_builder.queries import get_query
from frappe.query_builder.running import run
from frappe.utils import get_table_name
from pypika import Case, Criterion, Field, Interval, JoinType, MySQLQuery, Order, Query, Tuple, terms
from pypika.dialects import MySQLQueryBuilder
from pypika.queries import Column, Schema, Table, _SetOperation
from pypika.terms import Function


class MariaDB(MySQLQuery):
	"""`frappe.qb`."""

	terms = terms
	Field = Field
	Schema = Schema
	Table = Table
	desc = Order.desc
	asc = Order.asc

	@staticmethod
	def functions(name: str, *args, **kwargs) -> Function:
		return Function(name, *args, **kwargs)

	@staticmethod
	def DocType(table_name: str, *args, **kwargs) -> Table:
		return Table(get_table_name(table_name), *args, **kwargs)

	get_query = staticmethod(get_query)

	@classmethod
	def from_(cls, table, *args, **kwargs):
		return super().from_(as_table(table), *args, **kwargs)

	@classmethod
	def into(cls, table, *args, **kwargs):
		return super().into(as_table(table), *args, **kwargs)

	@classmethod
	def update(cls, table, *args, **kwargs):
		return super().update(as_table(table), *args, **kwargs)


def as_table(table):
	return MariaDB.DocType(table) if isinstance(table, str) else table


def DocType(*args, **kwargs) -> Table:
	return MariaDB.DocType(*args, **kwargs)


escape_literals()
MySQLQueryBuilder.run = run
_SetOperation.run = run
