"""Reading rows as they are now, whoever wrote them, and whether that is committed or not.

Limits and duplicates must count what other submitters have inserted and not committed yet. Such reads lock
nothing and wait for nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

from dartwing.dartwing_core.background_jobs.database import readers
from dartwing.dartwing_core.background_jobs.database.after_commit import FollowUp
from dartwing.dartwing_core.background_jobs.database.readers import Reader


@contextmanager
def uncommitted_reads() -> Iterator[Reader]:
	"""Read in the block on the reading connection of the transaction; the caller's own is not touched.

	The connection, and the named locks that it holds, are the transaction's until that ends. An exception in
	the block closes the connection, so raise refusals after the block.
	"""
	callers = frappe.local.db
	reader = readers.reader_beside(callers)
	readers.note_reader(callers, None)
	try:
		frappe.local.db = reader.database
		yield reader
		readers.note_reader(callers, reader)
	finally:
		# first of all: a job's timeout may interrupt the next line
		frappe.local.db = callers
		if readers.reader_of(callers) is not reader:
			reader.close()
	# the follow-up puts the reader away when the transaction has ended
	FollowUp.of_this_transaction()


@contextmanager
def committed_reads() -> Iterator[Reader]:
	"""As `uncommitted_reads`, of what is committed only: the caller's own writes are not read either."""
	with uncommitted_reads() as reader:
		frappe.db.sql("set session transaction isolation level read committed")
		yield reader
		frappe.db.sql(readers.READ_UNCOMMITTED)
