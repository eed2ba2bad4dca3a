"""One connection: statements, results and transactions."""

import re

import frappe
import pymysql
from frappe._api.unsupported import refuse
from frappe.utils import CallbackManager, cint, get_datetime
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions, escape_string

NO_VALUES = object()
IFNULL = re.compile(r"ifnull\(", re.IGNORECASE)
ROWS_PER_FETCH = 100
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
		if timeout := self.statement_timeout():
			self.sql("set session max_statement_time = %s", timeout)

	@staticmethod
	def statement_timeout() -> int:
		"""Seconds: one and a half of the request's or job's time, if the site wants that."""
		if not frappe.conf.get("enable_db_statement_timeout"):
			return 0
		from rq import get_current_job

		if getattr(frappe.local, "request", None):
			return int(cint(frappe.conf.http_timeout or 300) * 1.5)
		job = get_current_job()
		return int(cint(job.timeout) * 1.5) if job else 0

	def close(self) -> None:
		if self._conn:
			self._conn.close()
			self._conn = self._cursor = None

	def sql(
		self,
		query,
		values=NO_VALUES,
		*,
		as_dict=0,
		as_list=0,
		debug=0,
		ignore_ddl=0,
		auto_commit=0,
		update=None,
		explain=False,
		run=True,
		pluck=False,
		as_iterator=False,
	):
		"""Execute one statement; rows come as tuples, or as asked.

		A deadlock raises QueryDeadlockError, a lock wait that ran out QueryTimeoutError, other
		errors are pymysql's. Schema changes after writes raise ImplicitCommitError.
		"""
		if explain:
			raise refuse("frappe.db.sql(explain=True)")
		query = IFNULL.sub("coalesce(", str(query).strip()) if run else str(query)
		if not run:
			return query
		if not self._conn:
			self.connect()
		self.check_transaction_status(query)
		if is_query_type(query, ("drop", "create")):
			frappe.cache.delete_value("db_tables")
		if auto_commit:
			self.commit()
		self.execute(query, self.as_arguments(values), ignore_ddl)
		if debug:
			frappe.log(self.last_query)
		if auto_commit:
			self.commit()
		if not self._cursor.description:
			return ()
		if as_iterator:
			return self.iterate(pluck, as_dict, as_list, update)
		return self.shape(self._cursor.fetchall(), pluck, as_dict, as_list, update)

	@staticmethod
	def as_arguments(values):
		if values is NO_VALUES:
			return None
		return values if isinstance(values, tuple | dict | list) else (values,)

	def execute(self, query: str, values, ignore_ddl) -> None:
		try:
			self._cursor.execute(query, values)
		except pymysql.Error as error:
			if not (ignore_ddl and self.is_about_missing_schema(error)):
				self.raise_translated(error, query, values)
		finally:
			self.last_query = self._cursor._executed

	def is_about_missing_schema(self, error) -> bool:
		return self.is_missing_table_or_column(error) or self.cant_drop_field_or_key(error)

	def raise_translated(self, error, query, values):
		if self.is_syntax_error(error):
			frappe.log(f"Syntax error in query:\n{query} {values or ''}")
		elif self.is_deadlocked(error):
			raise frappe.QueryDeadlockError(error) from error
		elif self.is_timedout(error):
			raise frappe.QueryTimeoutError(error) from error
		elif self.is_read_only_mode_error(error):
			message = "Site is running in read only mode, this action can not be performed right now."
			frappe.throw(message, title="In Read Only Mode", exc=frappe.InReadOnlyMode)
		raise error

	def shape(self, rows, pluck, as_dict, as_list, update):
		if pluck:
			return [row[0] for row in rows]
		if as_dict:
			keys = [column[0] for column in self._cursor.description]
			shaped = [frappe._dict(zip(keys, row, strict=False)) for row in rows]
			for row in shaped:
				row.update(update or {})
			return shaped
		return [list(row) for row in rows] if as_list else rows

	def iterate(self, pluck, as_dict, as_list, update):
		if not (pluck or as_dict or as_list):
			frappe.throw("`as_iterator` only works with `as_list=True` or `as_dict=True`")
		while rows := self._cursor.fetchmany(ROWS_PER_FETCH):
			yield from self.shape(rows, pluck, as_dict, as_list, update)

	def check_transaction_status(self, query: str) -> None:
		if self.transaction_writes and is_query_type(query, IMPLICIT_COMMITS):
			raise frappe.ImplicitCommitError("This statement can cause implicit commit")
		if is_query_type(query, ("commit", "rollback")):
			self.transaction_writes = 0
		if query[:6].lower() in ("update", "insert", "delete"):
			self.count_write()

	def count_write(self) -> None:
		self.transaction_writes += 1
		if self.transaction_writes <= self.MAX_WRITES_PER_TRANSACTION:
			return
		if not self.auto_commit_on_many_writes:
			raise frappe.TooManyWritesError(
				"Too many changes to database in single action; all were reverted."
			)
		self.commit()

	def sql_ddl(self, query, debug=False) -> None:
		"""Commit, then change the schema."""
		self.commit()
		self.sql(query, debug=debug)

	@staticmethod
	def escape(s, percent=True) -> str:
		"""A quoted SQL text; percent signs are doubled for queries that take values."""
		text = escape_string(frappe.as_unicode(s)).replace("`", "\\`")
		return "'" + (text.replace("%", "%%") if percent else text) + "'"

	def begin(self, *, read_only=False) -> None:
		mode = " READ ONLY" if read_only or frappe.flags.read_only else ""
		self.sql(f"START TRANSACTION{mode}")

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
