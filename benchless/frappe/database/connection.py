"""One connection: statements, results and transactions."""

import re

import frappe
import pymysql
from frappe.utils import CallbackManager, get_datetime
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions, escape_string

NO_VALUES = object()
IFNULL = re.compile(r"ifnull\(", re.IGNORECASE)
IMPLICIT_COMMITS = ("start", "alter", "drop", "create", "begin", "truncate")


class Connection:
	MAX_WRITES_PER_TRANSACTION = 200_000
	CONVERSION_MAP = conversions | {FIELD_TYPE.NEWDECIMAL: float, FIELD_TYPE.DATETIME: get_datetime}
	db_type = "mariadb"

	def __init__(self, host=None, user=None, password=None, port=None, cur_db_name=None):
		self.host = host
		self.port = port
		self.user = user
		self.password = password
		self.cur_db_name = cur_db_name
		self._conn = None
		self._cursor = None
		self.transaction_writes = 0
		self.auto_commit_on_many_writes = 0
		self.value_cache: dict = {}
		self.before_commit = CallbackManager()
		self.after_commit = CallbackManager()
		self.before_rollback = CallbackManager()
		self.after_rollback = CallbackManager()

	def get_connection_settings(self) -> dict:
		"""The arguments of `pymysql.connect` for another connection like this one."""
		settings = {
			"host": self.host,
			"user": self.user,
			"password": self.password,
			"conv": self.CONVERSION_MAP,
			"charset": "utf8mb4",
			"use_unicode": True,
		}
		if self.cur_db_name:
			settings["database"] = self.cur_db_name
		if self.port:
			settings["port"] = int(self.port)
		return settings

	def get_connection(self) -> pymysql.Connection:
		return pymysql.connect(**self.get_connection_settings())

	def connect(self) -> None:
		self._conn = self.get_connection()
		self._cursor = self._conn.cursor()

	def close(self) -> None:
		if self._conn:
			self._conn.close()
			self._conn = self._cursor = None

	def sql(self, query, values=NO_VALUES, *, as_dict=0, debug=0, run=True, pluck=False):
		"""Execute one statement; rows come as tuples, or as asked. With `run=False` returns the statement.

		A deadlock raises QueryDeadlockError, a lock wait that ran out QueryTimeoutError, other
		errors are pymysql's. Schema changes after writes raise ImplicitCommitError.
		"""
		if not run:
			return str(query)
		query = IFNULL.sub("coalesce(", str(query).strip())
		if not self._conn:
			self.connect()
		self.check_transaction_status(query)
		if is_query_type(query, ("drop", "create")):
			frappe.cache.delete_value("db_tables")
		arguments = values if isinstance(values, tuple | dict | list) else (values,)
		try:
			self._cursor.execute(query, None if values is NO_VALUES else arguments)
		except pymysql.Error as error:
			self.raise_translated(error, query, values)
		finally:
			self.last_query = self._cursor._executed
		if debug:
			frappe.log(self.last_query)
		if not self._cursor.description:
			return ()
		rows = self._cursor.fetchall()
		if pluck:
			return [row[0] for row in rows]
		if as_dict:
			keys = [column[0] for column in self._cursor.description]
			return [frappe._dict(zip(keys, row, strict=True)) for row in rows]
		return rows

	def raise_translated(self, error, query, values):
		if self.is_syntax_error(error):
			frappe.log(f"Syntax error in query:\n{query} {values or ''}")
		elif self.is_deadlocked(error):
			raise frappe.QueryDeadlockError(error) from error
		elif self.is_timedout(error):
			raise frappe.QueryTimeoutError(error) from error
		raise error

	def check_transaction_status(self, query: str) -> None:
		if self.transaction_writes and is_query_type(query, IMPLICIT_COMMITS):
			raise frappe.ImplicitCommitError("This statement can cause implicit commit")
		if is_query_type(query, ("commit", "rollback")):
			self.transaction_writes = 0
		if query[:6].lower() not in ("update", "insert", "delete"):
			return
		self.transaction_writes += 1
		if self.transaction_writes > self.MAX_WRITES_PER_TRANSACTION:
			if not self.auto_commit_on_many_writes:
				message = "Too many changes to database in single action; all were reverted."
				raise frappe.TooManyWritesError(message)
			self.commit()

	def sql_ddl(self, query) -> None:
		"""Commit, then change the schema."""
		self.commit()
		self.sql(query)

	@staticmethod
	def escape(s, percent=True) -> str:
		"""A quoted SQL text; percent signs are doubled for queries that take values."""
		text = escape_string(frappe.as_unicode(s)).replace("`", "\\`")
		return "'" + (text.replace("%", "%%") if percent else text) + "'"

	def begin(self) -> None:
		self.sql("START TRANSACTION")

	def commit(self) -> None:
		"""Commit and start the next transaction, then run the after_commit callbacks."""
		self.before_rollback.reset()
		self.after_rollback.reset()
		self.before_commit.run()
		self.sql("commit")
		self.begin()
		self.after_commit.run()

	def rollback(self, *, save_point=None) -> None:
		"""Undo the transaction and its commit callbacks, or only back to a savepoint."""
		if save_point:
			self.sql(f"rollback to savepoint {save_point}")
			return
		self.before_commit.reset()
		self.after_commit.reset()
		self.before_rollback.run()
		self.sql("rollback")
		self.begin()
		self.after_rollback.run()

	def savepoint(self, save_point) -> None:
		self.sql(f"savepoint {save_point}")

	def release_savepoint(self, save_point) -> None:
		self.sql(f"release savepoint {save_point}")


def is_query_type(query: str, query_type: str | tuple[str, ...]) -> bool:
	words = query.split(maxsplit=1)
	return bool(words) and words[0].lower().startswith(query_type)
