"""Work that belongs to another transaction than the caller's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import frappe
import pymysql
from frappe.database import get_db

# what a statement raises when the connection is gone
CONNECTION_LOST = (pymysql.err.OperationalError, pymysql.err.InterfaceError)


def after_commit(callback: Callable[[], object]) -> None:
	"""Call once this connection's transaction is committed; a rollback forgets it.

	What the callback raises is logged, not raised: it would escape from somebody else's
	`commit()`, and Frappe v15 would run the remaining callbacks only at the next one.
	"""

	def guarded() -> None:
		try:
			callback()
		except Exception:
			frappe.logger("dartwing").exception("after-commit callback failed")

	frappe.db.after_commit.add(guarded)


@contextmanager
def separate_transaction() -> Iterator[None]:
	"""Run the block on a connection of its own and commit it; what it raises undoes it by closing.

	The caller's transaction, locks, snapshot and callbacks are not touched. Used after the caller's
	commit, when its connection may already hold the next transaction, and after a handler failed,
	when its connection may be broken.
	"""
	callers = frappe.local.db
	own = get_db(
		host=callers.host,
		user=callers.user,
		password=callers.password,
		port=callers.port,
		cur_db_name=callers.cur_db_name,
	)
	frappe.local.db = own
	try:
		own.connect()
		own.begin()
		yield
		own.commit()
	finally:
		own.close()
		frappe.local.db = callers
