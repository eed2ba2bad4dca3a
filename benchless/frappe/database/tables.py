"""Tables, columns and indexes of the database."""

import re

import frappe
from frappe.utils import get_table_name

LENGTH_IN_INDEX = re.compile(r"\s*\([^)]+\)\s*")


class Tables:
	def get_tables(self, cached=True) -> list[str]:
		tables = frappe.cache.get_value("db_tables") if cached else None
		if not tables:
			tables = self.sql(
				"select table_name from information_schema.tables where table_schema = %s",
				self.cur_db_name,
				pluck=True,
			)
			frappe.cache.set_value("db_tables", tables)
		return tables

	def table_exists(self, doctype, cached=True) -> bool:
		return f"tab{doctype}" in self.get_tables(cached=cached)

	def get_table_columns(self, doctype) -> list[str]:
		table = get_table_name(doctype)
		columns = frappe.cache.hget("table_columns", table)
		if columns is None:
			columns = self.sql(
				"select column_name from information_schema.columns"
				" where table_name = %s and table_schema = %s order by ordinal_position",
				(table, self.cur_db_name),
				pluck=True,
			)
			if not columns:
				raise self.TableMissingError("DocType", doctype)
			frappe.cache.hset("table_columns", table, columns)
		return columns

	def has_column(self, doctype, column) -> bool:
		return column in self.get_table_columns(doctype)

	def has_index(self, table_name, index_name):
		"""The index's rows, empty if there is none."""
		return self.sql(f"SHOW INDEX FROM `{table_name}` WHERE Key_name = %s", index_name)

	def get_column_index(self, table_name: str, fieldname: str, unique: bool = False):
		"""The index on this one column; one that has more columns does not count."""
		indexes = self.sql(
			f"SHOW INDEX FROM `{table_name}` WHERE Column_name = %s AND Seq_in_index = 1"
			" AND Non_unique = %s AND Index_type != 'FULLTEXT'",
			(fieldname, int(not unique)),
			as_dict=True,
		)
		for index in indexes:
			if len(self.has_index(table_name, index.Key_name)) == 1:
				return index
		return None

	@staticmethod
	def get_index_name(fields) -> str:
		return LENGTH_IN_INDEX.sub("", "_".join(fields) + "_index")

	def add_index(self, doctype: str, fields: list, index_name: str | None = None) -> None:
		"""Commit and create the index unless one of that name is there."""
		name = index_name or self.get_index_name(fields)
		table = get_table_name(doctype)
		if not self.has_index(table, name):
			self.sql_ddl(f"ALTER TABLE `{table}` ADD INDEX `{name}`({', '.join(fields)})")

	def add_unique(self, doctype, fields: list) -> None:
		"""Commit and create the unique index unless one of that name is there."""
		name = "unique_" + "_".join(fields)
		table = get_table_name(doctype)
		if not self.has_index(table, name):
			self.sql_ddl(f"ALTER TABLE `{table}` ADD UNIQUE `{name}`({', '.join(fields)})")

	def truncate(self, doctype: str) -> None:
		self.sql_ddl(f"truncate `{get_table_name(doctype)}`")
