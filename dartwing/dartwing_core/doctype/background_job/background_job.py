from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs.announcing import notifications, realtime
from dartwing.dartwing_core.background_jobs.announcing.automation import JOB, End, tell_of_ends
from dartwing.dartwing_core.background_jobs.announcing.masking import NO_SECRETS, Secrets
from dartwing.dartwing_core.background_jobs.database import drivers, sequences, times
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot, snapshot_ignored
from dartwing.dartwing_core.background_jobs.errors import (
	InvalidTransitionError,
	JobBusyError,
	StaleJobError,
)
from dartwing.dartwing_core.background_jobs.groups import settling
from dartwing.dartwing_core.background_jobs.statuses import (
	ACTIVE,
	CANCELED,
	COMPLETED,
	DEAD_LETTER,
	ENTERED_AT,
	FAILED,
	FINAL,
	FINISHED,
	PENDING,
	PRIORITIES,
	QUEUED,
	RUNNING,
	STATUSES,
	TIMED_OUT,
	UNFINISHED,
	VALID_TRANSITIONS,
	WAITING,
	WAITING_FOR_RETRY,
)
from dartwing.dartwing_core.background_jobs.tenancy.hidden import HiddenDocument
from dartwing.dartwing_core.doctype.background_job import indexes, kept_texts
from dartwing.dartwing_core.doctype.background_job.announcement import announce_after_commit
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs, delete_traces
from dartwing.dartwing_core.doctype.background_job.job_ids import new_job_ids
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting
from dartwing.dartwing_core.doctype.job_execution_log import job_execution_log

# the statuses are part of this module's interface
__all__ = [
	"ACTIVE",
	"CANCELED",
	"COMPLETED",
	"DEAD_LETTER",
	"FAILED",
	"FINAL",
	"FINISHED",
	"PENDING",
	"PRIORITIES",
	"QUEUED",
	"RUNNING",
	"STATUSES",
	"TIMED_OUT",
	"UNFINISHED",
	"VALID_TRANSITIONS",
	"WAITING",
	"WAITING_FOR_RETRY",
	"BackgroundJob",
	"rows_changed",
]

# how long the settings are used that a worker has read with a job
SETTINGS_LAST = timedelta(seconds=10)
# a site may change its time zone
NO_CLOCK_IS_OFF = timedelta(days=2)
LARGE = ("input_parameters", "checkpoint", "result", "dry_run_documents", "error_traceback")


class BackgroundJob(HiddenDocument):
	# fmt: off
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		attempt_count: DF.Int
		attempt_id: DF.Data | None
		canceled_at: DF.Datetime | None
		canceled_by: DF.Link | None
		checkpoint: DF.JSON | None
		completed_at: DF.Datetime | None
		created_at: DF.Datetime | None
		debounced_since: DF.Datetime | None
		debounced_until: DF.Datetime | None
		deduplication_key: DF.Data | None
		depends_on: DF.Link | None
		dry_run_documents: DF.JSON | None
		error_message: DF.SmallText | None
		error_traceback: DF.Code | None
		error_type: DF.Literal["", "Transient", "Permanent"]
		expires_at: DF.Datetime | None
		expires_at_utc: DF.Datetime | None
		failed_parent: DF.Data | None
		held_by: DF.Data | None
		held_since: DF.Datetime | None
		heartbeat_at: DF.Datetime | None
		idempotency_hash: DF.Data | None
		idempotency_key: DF.Data | None
		input_parameters: DF.JSON | None
		is_dry_run: DF.Check
		job_group: DF.Link | None
		job_hash: DF.Data | None
		job_schedule: DF.Link | None
		job_type: DF.Link
		limit_key: DF.Data | None
		max_retries: DF.Int
		next_retry_at: DF.Datetime | None
		organization: DF.Link
		output_reference: DF.Data | None
		owner_user: DF.Link
		priority: DF.Literal["Low", "Normal", "High", "Critical"]
		progress: DF.Percent
		progress_message: DF.Data | None
		queued_at: DF.Datetime | None
		ready_at: DF.Datetime | None
		request_hash: DF.Data | None
		result: DF.JSON | None
		retry_count: DF.Int
		real_job: DF.Link | None
		retry_of: DF.Link | None
		rq_job_id: DF.Data | None
		scheduled_at: DF.Datetime | None
		scheduled_at_utc: DF.Datetime | None
		started_at: DF.Datetime | None
		status: DF.Literal["Pending", "Queued", "Running", "Completed", "Failed", "Timed Out", "Dead Letter", "Canceled"]
		timeout_seconds: DF.Int
		traceparent: DF.Data | None
		worker_deaths: DF.Int
		worker_name: DF.Data | None
	# end: auto-generated types
	# fmt: on

	def validate(self) -> None:
		frappe.throw(_("Background Job: only the job engine writes it"))

	def apply_fieldlevel_read_permissions(self) -> None:
		"""Frappe calls this before it answers with a document: parameters go out with their secrets masked.

		`api.shown_to_nobody` keeps their field out of lists, reports and exports.
		"""
		parameters, secrets = self.input_parameters, self.secrets
		super().apply_fieldlevel_read_permissions()
		self.input_parameters = parameters
		kept_texts.mask(self, secrets)

	@cached_property
	def secrets(self) -> Secrets:
		"""What no text about this job may say: the values of its masked parameters, as far as it was read.

		An attempt adds those of parents that its handler is given.
		"""
		return kept_texts.secrets_of(self.get("input_parameters"))

	def hide_secrets(self) -> None:
		"""Mask parameters and checkpoint in this document, now and whenever it is read again."""
		self.flags.hides_secrets = True
		self.__dict__.pop("secrets", None)
		kept_texts.mask(self, self.secrets)
		# it goes on to other processes, without what it hides
		del self.secrets

	def load_from_db(self) -> Any:
		loaded = super().load_from_db()
		if self.flags.hides_secrets:
			self.hide_secrets()
		return loaded

	def autoname(self) -> None:
		self.name = new_job_ids(1)[0]

	def transition_to(
		self, status: str, *, message: str | None = None, actor: str | None = None, **changes: Any
	) -> None:
		"""Move to `status` and change the given fields, if the job is still as this document has it.

		One compare-and-set UPDATE on status and attempt, one Job Execution
		Log row and, after the commit of this transaction, one event; nothing is committed here. Texts are
		made storable and plain, and say nothing of the job's secrets.
		Raises InvalidTransitionError for a transition that does not exist, StaleJobError when the job
		moved on since it was read: then nothing was changed. A dry run never becomes a dead letter: it is Canceled.
		"""
		status = _what_it_becomes(self, status)
		unchanged = "name = %s and organization = %s and attempt_id <=> %s"
		values = (self.name, self.organization, self.attempt_id or None)
		_transition([self], status, unchanged, values, message, actor, changes)

	def delete(self, *arguments: Any, **named: Any) -> Any:
		with snapshot_ignored():
			return super().delete(*arguments, **named)

	def on_trash(self) -> None:
		# not as this document has it: somebody may have retried the job meanwhile
		for job in locked([self.name]):
			if job.status not in FINISHED:
				frappe.throw(_("{0} is {1}: cancel it before you delete it").format(self.name, _(job.status)))
		# Frappe keeps what it deletes; it must be known still who its parents are
		kept_texts.mask(self, self.secrets)
		delete_traces([self.name])
		settling.settle_before_commit([self])

	@staticmethod
	def clear_old_logs(days: int = 30) -> None:
		"""Frappe's convention for Log Settings; never deletes what Job Engine Settings still keep."""
		retention_days = setting("retention_days")
		if retention_days:
			delete_old_jobs(max(days, retention_days))


def transition_all(
	jobs: Sequence[BackgroundJob],
	status: str,
	*,
	message: str | None = None,
	actor: str | None = None,
	own: Sequence[str] = (),
	**changes: Any,
) -> None:
	"""As `transition_to`, in one statement for many jobs: of one status, their rows locked by the caller.

	There is a second statement if dry runs among them end otherwise. `changes` are the same for all jobs. `own` names further fields, whose new values the documents have already,
	each document that of its job.
	"""
	by_end: dict[str, list[BackgroundJob]] = {}
	for job in jobs:
		by_end.setdefault(_what_it_becomes(job, status), []).append(job)
	for end, some in by_end.items():
		values = ([job.name for job in some],)
		_transition(some, end, "name in %s", values, message, actor, dict(changes), own)


def _what_it_becomes(job: BackgroundJob, status: str) -> str:
	"""What the job becomes: nobody needs to do anything about a dry run that failed."""
	return CANCELED if status == DEAD_LETTER and job.get("is_dry_run") else status


def enter_before_insert(
	job: BackgroundJob, status: str, *, actor: str | None = None, **changes: Any
) -> list[job_execution_log.Entry]:
	"""Move a job to `status` whose row is yet to be inserted; returns what its log is to say of that.

	Nobody else can have moved it. Raises InvalidTransitionError; writes and publishes nothing.
	"""
	from_status, since = job.status, {job.name: job.modified}
	now = _enter(status, [job], changes)
	job.update(changes)
	return job_execution_log.entries([job], from_status, now, actor=actor, since=since)


def _transition(
	jobs: Sequence[BackgroundJob],
	status: str,
	unchanged: str,
	values: Sequence[Any],
	message: str | None,
	actor: str | None,
	changes: dict[str, Any],
	own: Sequence[str] = (),
) -> None:
	from_status, since = jobs[0].status, {job.name: get_datetime(job.modified) for job in jobs}
	# what is said of many jobs at once comes from a person or from the engine, and from no parameter
	secrets = jobs[0].secrets if len(jobs) == 1 else NO_SECRETS
	message = None if message is None else secrets.line(message)
	changes.update(kept_texts.kept(changes, secrets))
	now = _enter(status, jobs, changes)
	# asked of the cache, which may not answer: not while the jobs' rows are locked
	wishes = notifications.wishes_of(jobs) if status in FINISHED else {}
	of_each = f"elt(field(name{', %s' * len(jobs)}){', %s' * len(jobs)})"
	assignments = [f"`{field}` = {of_each}" for field in own] + [f"`{field}` = %s" for field in changes]
	own_values = [value for field in own for value in (*since, *(job.get(field) for job in jobs))]
	frappe.db.sql(
		# over another index, gaps would be locked, and new jobs would have to wait
		f"""{ignoring_snapshot()}update `tabBackground Job` force index (primary) set {", ".join(assignments)}
		where {unchanged} and status = %s""",
		(*own_values, *changes.values(), *values, from_status),
	)
	if rows_changed() != len(jobs):
		raise StaleJobError(_("{0} is no longer {1}").format(jobs[0].name, _(from_status)))
	for job in jobs:
		job.update(changes)
	if status in FINISHED or from_status in FINISHED:
		settling.settle_before_commit(jobs)
	log = job_execution_log.entries(jobs, from_status, now, message=message, actor=actor, since=since)
	job_execution_log.insert(log)
	lines, events = [entry.line for entry in log], realtime.status_messages(jobs, from_status)
	# The engine names itself as the actor, in transactions of its own. Without an actor this is the transaction
	# of a person's request, in which a rollback to a savepoint may follow and undo the transition.
	announce_after_commit(lines, events, may_be_undone=not actor)
	notifications.notify_owners(jobs, wishes)
	if status in FINISHED:
		# a dry run has changed nothing that anybody could react to
		ends = [End(JOB, job.name, from_status, status) for job in jobs if not job.is_dry_run]
		tell_of_ends(ends, _settings_read_with(jobs[0], now))


def _settings_read_with(job: BackgroundJob, now: datetime) -> dict[str, Any] | None:
	"""The settings that a worker has read with the job, unless that was too long ago."""
	standing = job.get("standing")
	is_fresh = standing and job.started_at and now - get_datetime(job.started_at) < SETTINGS_LAST
	return standing.settings if is_fresh else None


def _enter(status: str, jobs: Sequence[BackgroundJob], changes: dict[str, Any]) -> datetime:
	"""Add to the changes what entering the status means; returns when that is."""
	if status not in VALID_TRANSITIONS[jobs[0].status]:
		raise InvalidTransitionError(
			_("{0}: a job that is {1} cannot become {2}").format(jobs[0].name, _(jobs[0].status), _(status))
		)
	now = _later_than_before(jobs)
	changes.update(status=status, modified=now, modified_by=frappe.session.user)
	if status in ENTERED_AT:
		changes.setdefault(ENTERED_AT[status], now)
	if status not in WAITING:
		changes["ready_at"] = None
	if status not in WAITING and any(job.get("held_by") for job in jobs):
		changes.update(held_by=None, held_since=None)
	if status in FINISHED and any(job.get("expires_at_utc") for job in jobs):
		changes["expires_at_utc"] = None
	return now


def _later_than_before(jobs: Sequence[BackgroundJob]) -> datetime:
	"""Now, but after their last transitions whatever this clock says, so that the log is in order.

	A transition that is days ahead was written by no clock.
	"""
	now = times.site_now()
	before = [get_datetime(job.modified) for job in jobs if job.modified]
	return max([now, *(then + timedelta(microseconds=1) for then in before if then - now < NO_CLOCK_IS_OFF)])


def locked(
	job_ids: Sequence[str], skip_locked: bool = False, wait_seconds: int = drivers.LOCK_WAIT_SECONDS
) -> list[BackgroundJob]:
	"""The rows of these jobs as they are now, without their large texts, locked in the order of their ids.

	With `skip_locked`, without those that another transaction has locked. `wait_seconds`: how long each of
	those is waited for; raises JobBusyError when that was not enough.
	"""
	if not job_ids:
		return []
	patience = "skip locked" if skip_locked else f"wait {int(wait_seconds)}"
	fields = [field for field in frappe.get_meta("Background Job").get_valid_columns() if field not in LARGE]
	try:
		rows = frappe.db.sql(
			f"""{ignoring_snapshot()}select {", ".join(f"`{field}`" for field in fields)}
			from `tabBackground Job` where name in %s order by name for update {patience}""",
			(list(job_ids),),
			as_dict=True,
		)
	except frappe.QueryTimeoutError as error:
		raise JobBusyError(job_ids) from error
	return list(map(of_row, rows))


def of_row(row: dict[str, Any]) -> BackgroundJob:
	"""The job that columns of its row tell of. Frappe's `get_doc` would ask the database for the class."""
	return BackgroundJob({"doctype": "Background Job", **row})


def rows_changed() -> int:
	"""How many rows the last statement of this connection changed."""
	return frappe.db._cursor.rowcount


def on_doctype_update() -> None:
	indexes.add()
	sequences.ensure("Background Job")
