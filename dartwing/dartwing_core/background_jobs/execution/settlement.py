"""Writing down how an attempt ended.

Completed is committed together with what the handler wrote; for anything else, that is undone first.
"""

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.after_commit import run_what_others_put_off
from dartwing.dartwing_core.background_jobs.database.connections import (
	as_own_connection,
	separate_transaction,
)
from dartwing.dartwing_core.background_jobs.database.handlers_database import refuse_half_a_transaction
from dartwing.dartwing_core.background_jobs.execution.claims import ClaimAlong
from dartwing.dartwing_core.background_jobs.execution.errands import Errands
from dartwing.dartwing_core.background_jobs.execution.offspring import children_end_here
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	Abandoned,
	Completed,
	Outcome,
	TimedOut,
)
from dartwing.dartwing_core.background_jobs.execution.time_limit import at_most
from dartwing.dartwing_core.doctype.background_job.background_job import RUNNING, BackgroundJob


def complete(job: BackgroundJob, outcome: Completed) -> None:
	"""Record it and commit, together with what the handler wrote in this transaction.

	What the handler has put off to just before its commit is done first, so that it can undo no record.
	Raises TransientError if the database has undone a part of what it wrote.
	"""
	with children_end_here():
		run_what_others_put_off()
	refuse_half_a_transaction()
	outcome.record(job)
	with as_own_connection(), children_end_here():
		commit()


def commit() -> None:
	"""As `frappe.db.commit()`, of which a handler may have made something else, for example to do nothing."""
	database = frappe.local.db
	database._disable_transaction_control = 0
	type(database).commit(database)


def complete_and_claim(job: BackgroundJob, outcome: Completed, next_claim: ClaimAlong) -> None:
	"""As `complete`, in a transaction in which no handler wrote; another job is claimed in it as well.

	If anything goes wrong before the commit, the job is completed without the claim: the trouble may be the
	other job's.
	"""
	as_it_was = dict(job.__dict__)
	try:
		next_claim.lock(job)
		outcome.record(job)
		next_claim.start()
	except Exception:
		frappe.db.rollback()
		next_claim.give_up()
		job.__dict__.update(as_it_was)
		complete(job, outcome)
		return
	with as_own_connection():
		frappe.db.commit()
	next_claim.note_commit()


def record_failure(job: BackgroundJob, outcome: Outcome, errands: Errands) -> None:
	"""Undo the handler's transaction, then record the outcome in a separate one.

	That one has a fresh connection, because the handler's may be what broke. An interrupt may strike
	between a statement and its answer. The connection would then give that answer to the next statement, so
	it is dropped.
	"""
	if isinstance(outcome, TimedOut | Abandoned):
		drop_connection()
	undo()
	record_in_own_transaction(job, outcome, errands)


def undo() -> None:
	"""Roll back. A connection that cannot even do that is closed, and the server rolls back.

	If a statement is interrupted before its answer, its connection raises all kinds of errors. The next
	statement opens another one.
	"""
	try:
		with at_most(config.get("timeout_grace_seconds")), children_end_here():
			frappe.db.rollback()
	except BaseException:
		# the handler's own callbacks of the rollback may raise anything, or never return
		drop_connection()


def drop_connection() -> None:
	try:
		frappe.db.close()
	except Exception:
		# whatever broke the connection has closed it already
		frappe.db._cursor = frappe.db._conn = None


def record_in_own_transaction(job: BackgroundJob, outcome: Outcome, errands: Errands) -> None:
	# the handler's transaction is undone, or it is another connection's
	with separate_transaction(is_nothing_open=True):
		try:
			current = frappe.get_doc("Background Job", job.name)
		except frappe.DoesNotExistError:
			# it was canceled, and deleted then
			frappe.logger("dartwing").info(f"{job.name}: {job.attempt_id} records nothing, it is deleted")
			return
		is_ours = current.attempt_id == job.attempt_id
		# those of parents, too, that the handler was given
		current.secrets = job.secrets
		if is_ours and current.status == RUNNING:
			outcome.record(current)
		else:
			state = f"{current.status}, attempt {current.attempt_id}"
			frappe.logger("dartwing").info(f"{job.name}: {job.attempt_id} records nothing, it is {state}")
	if is_ours:
		# a job that is Completed ended, too: the handler's own callback may have raised out of the very
		# commit
		current.standing = job.standing
		errands.note_end(current)
