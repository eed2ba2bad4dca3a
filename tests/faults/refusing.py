"""Connections whose server refuses rows that others changed since the transaction's first read.

That is MariaDB's default from 11.6.2 on. A server that cannot does as it always did.
"""

from collections.abc import Callable
from typing import Any

import frappe
import pymysql

SWITCH = "innodb_snapshot_isolation"


def refuse_changed_rows(patch: Callable[[Any, str, Any], None] = setattr) -> None:
	"""Have each new connection of this process be one."""
	connect = pymysql.connect

	def connect_and_switch(**settings: Any) -> pymysql.connections.Connection:
		connection = connect(**settings)
		with connection.cursor() as cursor:
			if cursor.execute("show variables like %s", (SWITCH,)):
				cursor.execute(f"set session {SWITCH} = on")
		return connection

	patch(pymysql, "connect", connect_and_switch)


def reconnect() -> None:
	frappe.db.rollback()
	frappe.db.close()
