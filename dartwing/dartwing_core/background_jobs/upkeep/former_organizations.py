"""What a deleted organization leaves behind: its jobs, put away under a name that no organization can have.

Jobs, their logs and the sums of them name their organization, and another organization may get that name
later. So they are given another name, under which System Managers find them and nobody else does. Until all
of them have it, no organization can take the old name, nor one that the database takes for equal. What is
left to do is seen in the rows themselves: nothing else has to remember it.
"""

from collections.abc import Sequence
from functools import partial

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.database.connections import own_connection
from dartwing.dartwing_core.background_jobs.database.held_rows import take_free
from dartwing.dartwing_core.background_jobs.database.named_locks import held, lock_name
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import wake_ups
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_ends
from dartwing.dartwing_core.background_jobs.errors import PERMANENT
from dartwing.dartwing_core.background_jobs.schedules import deletion
from dartwing.dartwing_core.doctype.background_job.background_job import (
	DEAD_LETTER,
	UNFINISHED,
	BackgroundJob,
	locked,
	transition_all,
)
from dartwing.dartwing_core.doctype.job_tally import arithmetic, job_tally

PREFIX = "(deleted organization) "
MAX_NAME_LENGTH = 140
# batches after the commit of a deletion, while somebody waits for the answer; the cron does the rest
BATCHES_AFTER_COMMIT = 4
BATCHES_OF_A_TICK = 20
ORGANIZATIONS_OF_A_TICK = 100

# names in rows that no organization has; rows without a name are about the whole site
GONE = """select found.organization from (
		select organization from `tabBackground Job` group by organization
		union select organization from `tabJob Group` group by organization
		union select organization from `tabJob Schedule` group by organization
		union select organization from `tabJob Tally` group by granularity, organization
	) found
	left join `tabOrganization` organization on organization.name = found.organization
	where organization.name is null and found.organization > '' and found.organization not like %s
	limit %s"""
IN_USE = """select exists (select 1 from `tabBackground Job` where organization = %(name)s)
	or exists (select 1 from `tabJob Group` where organization = %(name)s)
	or exists (select 1 from `tabJob Schedule` where organization = %(name)s)
	or exists (
		select 1 from `tabJob Tally` where granularity in %(granularities)s and organization = %(name)s
	)"""


def name_of_former(organization: str) -> str:
	"""The name under which the jobs of a deleted organization are put away."""
	name = f"{PREFIX}{organization}"[:MAX_NAME_LENGTH].rstrip()
	# an organization may have such a name from before there was a rule against it
	while frappe.db.exists("Organization", name):
		name = f"{PREFIX}{name}"[:MAX_NAME_LENGTH].rstrip()
	return name


# --- what is asked of a new name


def organization_validated(doc: Document, event: str | None = None) -> None:
	if doc.is_new():
		check_name(doc.name)


def organization_renamed(
	doc: Document, event: str | None = None, old: str = "", new: str = "", merge: bool = False
) -> None:
	check_name(new)


def check_name(name: str) -> None:
	"""Raise ValidationError for a name that rows of a deleted organization have, or one equal to it.

	Memberships that outlived their organization do not become the new one's.
	"""
	if frappe.db.exists("Organization", name):
		# Frappe refuses it, unless the organization changes its own spelling or takes in another one
		return
	if frappe.db.sql("select %s like %s", (name, f"{PREFIX}%"))[0][0]:
		frappe.throw(_("{0}: a name cannot begin with {1}").format(repr(name), repr(PREFIX.strip())))
	if _is_in_use(name):
		frappe.throw(
			_(
				"{0}: the jobs of a deleted organization of this or a similar name are still being put away;"
				" try again in a minute"
			).format(repr(name))
		)
	_end_memberships(name)


def _end_memberships(organization: str) -> None:
	frappe.db.sql(
		ignoring_snapshot() + "delete from `tabOrg Member` where organization = %s", (organization,)
	)


def _is_in_use(name: str) -> bool:
	"""Whether rows have the name: those that this transaction sees, and those that are not committed yet."""
	values = {"name": name, "granularities": arithmetic.GRANULARITIES}
	if frappe.db.sql(IN_USE, values)[0][0]:
		return True
	with uncommitted_reads():
		return bool(frappe.db.sql(IN_USE, values)[0][0])


# --- putting away


def organization_deleted(doc: Document, event: str | None = None) -> None:
	"""Put its jobs away: a first batch with the deletion, others after its commit, the rest by the cron."""
	_end_memberships(doc.name)
	put_away_batch(doc.name)
	do_after_commit(partial(put_away, BATCHES_AFTER_COMMIT))


def put_away(batches: int = BATCHES_OF_A_TICK) -> int:
	"""Put away what deleted organizations left, in at most this many batches; returns how many rows.

	Commits each batch. Of two processes at the same time, one does it.
	"""
	with own_connection(), held([lock_name("former organizations")], wait_seconds=0) as is_ours:
		return _put_away(batches) + _fail_revived() if is_ours else 0


def _put_away(batches: int) -> int:
	done = 0
	for organization in _gone():
		while batches > 0:
			batches -= 1
			rows = put_away_batch(organization)
			# a batch is small, its locks must not outlive it
			frappe.db.commit()
			done += rows
			if not rows:
				break
	return done


def _gone() -> list[str]:
	return frappe.db.sql(GONE, (f"{PREFIX}%", ORGANIZATIONS_OF_A_TICK), pluck=True)


def put_away_batch(organization: str) -> int:
	"""Put away some jobs of an organization that is gone; when there are none any more, its groups, its sums.
	Before all that its schedules are deleted.

	In the current transaction; unfinished jobs come first, and become dead letters. Jobs whose
	rows another transaction has locked are skipped. Returns how many rows; 0 when no more can be done now.
	"""
	size, former = int(config.get("batch_size")), name_of_former(organization)
	# their rows are locked before those of jobs
	gone = deletion.delete_of_organization(organization, size)
	if gone:
		return gone
	names = _some_jobs(organization, size)
	if names:
		return put_away_jobs(locked(names, skip_locked=True), former)
	return _put_away_groups(organization, former, size) or job_tally.hand_over(organization, former, size)


def _put_away_groups(organization: str, former: str, limit: int) -> int:
	with uncommitted_reads():
		names = frappe.db.sql(
			"select name from `tabJob Group` where organization = %(name)s and binary organization = %(name)s"
			" limit %(limit)s",
			{"name": organization, "limit": limit},
			pluck=True,
		)
	if names := take_free("Job Group", names):
		query = "update `tabJob Group` force index (primary) set organization = %s where name in %s"
		frappe.db.sql(ignoring_snapshot() + query, (former, names))
	return len(names)


def put_away_jobs(jobs: Sequence[BackgroundJob], former: str) -> int:
	"""Put away these jobs, whose rows the caller has locked, with their logs; equal jobs may come again."""
	if not jobs:
		return 0
	names = [job.name for job in jobs]
	update = "update `tab{0}` force index (primary) set {1} where name in %s"
	frappe.db.sql(
		ignoring_snapshot() + update.format("Background Job", "organization = %s, deduplication_key = null"),
		(former, names),
	)
	# over the index of the jobs, gaps would be locked, and other jobs' logs would have to wait
	with uncommitted_reads():
		query = "select name from `tabJob Execution Log` where background_job in %s"
		logs = frappe.db.sql(query, (names,), pluck=True)
	if logs:
		frappe.db.sql(
			ignoring_snapshot() + update.format("Job Execution Log", "organization = %s"), (former, logs)
		)
	for job in jobs:
		job.update({"organization": former, "deduplication_key": None})
	_fail_unfinished(jobs)
	return len(jobs)


def _some_jobs(organization: str, limit: int) -> list[str]:
	"""Jobs of exactly this name, and not of one that the database takes for equal."""
	query = """select name from `tabBackground Job` where organization = %(organization)s
		and binary organization = %(organization)s"""
	values = {"organization": organization, "statuses": UNFINISHED, "limit": limit}
	for condition in ("and status in %(statuses)s", ""):
		names = frappe.db.sql(f"{query} {condition} limit %(limit)s", values, pluck=True)
		if names:
			return names
	return []


def _fail_unfinished(jobs: Sequence[BackgroundJob]) -> None:
	reason = _("Organization not found")
	for status in UNFINISHED:
		failed = [job for job in jobs if job.status == status]
		transition_all(
			failed, DEAD_LETTER, message=reason, actor="Engine", error_type=PERMANENT, error_message=reason
		)
		wake_ups.withdraw_after_commit(failed)
		follow_ends(failed)


def _fail_revived() -> int:
	"""Fail dead letters of deleted organizations that somebody has retried. Commits."""
	names = [
		name
		for status in UNFINISHED
		for name in frappe.get_all(
			"Background Job",
			{"status": status, "organization": ("like", f"{PREFIX}%")},
			order_by=None,
			limit=int(config.get("batch_size")),
			pluck="name",
		)
	]
	jobs = locked(names, skip_locked=True)
	_fail_unfinished(jobs)
	frappe.db.commit()
	return len(jobs)
