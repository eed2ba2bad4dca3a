"""Reading rows as they are now, whoever wrote them, and whether that is committed or not.

Limits and duplicates must count what other submitters have inserted and not committed yet. Such reads lock
nothing and wait for nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

from dartwing.dartwing_core.background_jobs.database import connections, drivers
from dartwing.dartwing_core.background_jobs.database.after_commit import FollowUp

READ_UNCOMMITTED = "set transaction isolation level read uncommitted"


@contextmanager
def uncommitted_reads() -> Iterator[None]:
	"""Read in the block on a second connection, in READ UNCOMMITTED; the caller's transaction is not touched.

	The connection is kept for the next such block, and for what follows the caller's commit.
	"""
	callers = frappe.local.db
	second = connections.take_second(callers)
	if not second:
		second = drivers.beside(callers)
		# of its first transaction only, which is all that it is used for here
		second.sql(READ_UNCOMMITTED)
	try:
		frappe.local.db = second
		yield
		connections.keep_second(callers, second)
	finally:
		# first of all: a job's timeout may interrupt the next line
		frappe.local.db = callers
		if connections.second_of(callers) is not second:
			second.close()
	# it closes the connection when the transaction has ended
	FollowUp.of_this_transaction()


@contextmanager
def uncommitted_reads_between_transactions() -> Iterator[None]:
	"""As `uncommitted_reads`, on the engine's own connection, between two of its transactions."""
	connections.end_snapshot()
	frappe.db.sql(READ_UNCOMMITTED)
	yield
	connections.end_snapshot()
