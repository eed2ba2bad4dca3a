"""The control connection: how a running job tells and asks about itself, beside the handler's transaction.

Progress written on the handler's own connection would keep the job's row locked until the handler ends, and
REPEATABLE READ would hide a cancel from the handler for ever.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe
from frappe.database.database import Database

from dartwing.dartwing_core.background_jobs.database import drivers, times
from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW


class ControlConnection:
	"""An autocommitting connection beside the handler's, opened on first use: it speaks for one attempt.

	Everything it writes carries the attempt's id, so that it changes nothing once the job was rescued,
	canceled or retried. May be used from any thread.
	"""

	def __init__(self, job_id: str, organization: str, attempt_id: str | None):
		self.job_id = job_id
		self.organization = organization
		self._attempt_id = attempt_id
		self._handlers: Database = frappe.local.db
		self._connection: Any = None
		self._lock = threading.Lock()

	def write_progress(self, percent: float, message: str | None, now: datetime) -> bool:
		"""Store progress; False when the job is not this attempt's any more, and nothing was stored."""
		return self._update("progress = %s, progress_message = %s, modified = %s", (percent, message, now))

	def write_checkpoint(self, text: str) -> bool:
		"""Store a checkpoint (JSON text); False as for `write_progress`.

		A checkpoint that differs from the last one is progress: deaths of workers are counted from zero
		again.
		"""
		# in this order: MariaDB assigns from left to right
		assignments = "worker_deaths = if(checkpoint <=> %s, worker_deaths, 0), checkpoint = %s"
		return self._update(assignments, (text, text))

	def write_heartbeat(self) -> bool:
		"""Show that the attempt is alive; False as for `write_progress`."""
		return self._update(f"heartbeat_at = {UTC_NOW} + interval %s second", (times.site_offset_seconds(),))

	def write_log_part(self, attempt: int, first: int, last: int, lines: str) -> None:
		"""Store lines (JSON) of this attempt's log, or more of them in the place of the same first one.

		Also when the job is not this attempt's any more, but not of a job that was deleted.
		"""
		now, user = times.site_now(may_ask=False), "Administrator"
		row = (f"{self._attempt_id}-{first}", user, now, now, user, attempt, first, last, lines)
		self._execute(
			f"""insert into `tabJob Log Part` (name, owner, creation, modified, modified_by,
				attempt, first_line, last_line, kept_lines, background_job)
			select {", ".join(["%s"] * len(row))}, name from `tabBackground Job` where name = %s
			on duplicate key update modified = values(modified), last_line = values(last_line),
				kept_lines = values(kept_lines)""",
			(*row, self.job_id),
		)

	def forget_log_part(self, first: int) -> None:
		"""Delete a part of this attempt's log."""
		self._execute("delete from `tabJob Log Part` where name = %s", (f"{self._attempt_id}-{first}",))

	def forget_log_before(self, attempt: int) -> None:
		"""Delete the logs of the attempts before this one."""
		if attempt > 1:
			query = "delete from `tabJob Log Part` where background_job = %s and attempt < %s"
			self._execute(query, (self.job_id, attempt))

	def is_running(self) -> bool:
		"""Whether the job is still Running under this attempt."""
		query = "select 1 from `tabBackground Job` where " + self._MINE
		return self._execute(query, self._mine()) == 1

	def end_statement(self) -> None:
		"""End the statement that the handler is waiting for on its own connection, if there is one."""
		drivers.end_statement(self._handlers)

	def close(self) -> None:
		with self._lock:
			self._disconnect()

	_MINE = "name = %s and organization = %s and attempt_id = %s and status = 'Running'"

	def _mine(self) -> tuple[str, str, str | None]:
		return (self.job_id, self.organization, self._attempt_id)

	def _update(self, assignments: str, values: Sequence[Any]) -> bool:
		query = f"update `tabBackground Job` set {assignments} where {self._MINE}"
		return self._execute(query, (*values, *self._mine())) == 1

	def _execute(self, query: str, values: Sequence[Any]) -> int:
		"""How many rows matched. If the connection is lost, the statement is sent once more: each may be."""
		with self._lock:
			try:
				return self._send(query, values)
			except drivers.MAY_BE_LOST:
				return self._send(query, values)

	def _send(self, query: str, values: Sequence[Any]) -> int:
		try:
			with self._connected().cursor() as cursor:
				return cursor.execute(query, values)
		except BaseException:
			# a connection that was interrupted in the middle of a statement cannot be used any more
			self._disconnect()
			raise

	def _connected(self) -> Any:
		if not self._connection:
			self._connection = drivers.connect_beside(self._handlers)
		return self._connection

	def _disconnect(self) -> None:
		connection, self._connection = self._connection, None
		if connection and connection.open:
			connection.close()
