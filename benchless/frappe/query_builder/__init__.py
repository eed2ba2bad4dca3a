"""PyPika for MariaDB, as `frappe.qb`: tables by DocType name, and queries that run themselves."""
# ruff: noqa: F401
# this module is where apps import these names from

import frappe
from frappe.query_builder.escaping import escape_literals
from frappe.query_builder.queries import get_query
from frappe.utils import get_table_name
from pypika import Case, Criterion, Field, Interval, MySQLQuery, Order
from pypika.dialects import MySQLQueryBuilder
from pypika.queries import Table, _SetOperation
from pypika.terms import Function


def run(query, *args, **kwargs):
	"""Rows of the query; takes the arguments of `frappe.db.sql` after its values."""
	return frappe.db.sql(query.get_sql(), *args, **kwargs)


def DocType(table_name: str, *args, **kwargs) -> Table:
	return Table(get_table_name(table_name), *args, **kwargs)


class MariaDB(MySQLQuery):
	"""`frappe.qb`."""

	@staticmethod
	def functions(name: str, *args, **kwargs) -> Function:
		return Function(name, *args, **kwargs)

	DocType = staticmethod(DocType)
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
	return DocType(table) if isinstance(table, str) else table


escape_literals()
MySQLQueryBuilder.run = run
_SetOperation.run = run
