"""Making, changing and deleting schedules, as an admin of their organization. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.connections import impatient_transaction
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot, snapshot_ignored
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.schedules import due, rows, saving
from dartwing.dartwing_core.background_jobs.submission import idempotency
from dartwing.dartwing_core.background_jobs.submission.checks import When, instant_of
from dartwing.dartwing_core.background_jobs.tenancy import access

# slots that one backfill makes at most
MAX_BACKFILLED = 100
CHANGEABLE = tuple(field for field in rows.CHOSEN if field != "organization")
CLEARABLE = ("priority", "starts_at", "ends_at")


def create_schedule(
	title: str, organization: str, job_type: str, *, idempotency_key: str | None = None, **chosen: Any
) -> Document:
	"""A new schedule, as an admin of the organization.

	`chosen` are `parameters`, `priority`, `cron` with `time_zone`, or `interval_seconds` (of at least 60);
	`run_as`, `overlap`, `catch_up`, `catch_up_limit`, `is_paused`, `starts_at` and `ends_at`. `kind` follows
	from what is given. With an `idempotency_key`, the same request sent again is answered with the schedule
	that it became, as it is now (`flags.is_existing`), as for `submit_job`.

	Raises ValidationError that names a wrong argument, PermissionError for who is no admin of the
	organization; and what `submit_job` raises for a job that could not be submitted now.
	"""
	access.check_admin(organization)
	if idempotency_key is None:
		return _create(title, organization, job_type, chosen)
	key = idempotency.keyed_schedule(idempotency_key, organization, title, job_type, chosen)
	if not key:
		return _create(title, organization, job_type, chosen)
	hold, _answers = equal_jobs.take_turn([key.key_hash], look_again=lambda: None)
	with hold:
		before = _created_before(key)
		if before:
			hold.let_go()
			return before
		schedule = _create(title, organization, job_type, chosen)
		rows.write(schedule.name, idempotency_hash=key.key_hash, request_hash=key.request_hash)
	return schedule


def _created_before(key: idempotency.Keyed) -> Document | None:
	"""The schedule that was made for the key; raises IdempotencyKeyError if another one was asked for."""
	with uncommitted_reads():
		found = frappe.db.sql(
			"select name, creation, request_hash from `tabJob Schedule` where idempotency_hash = %s",
			(key.key_hash,),
			as_dict=True,
		)
	if not found:
		return None
	if found[0].creation <= idempotency.keep_from():
		with impatient_transaction():
			rows.write(found[0].name, idempotency_hash=None)
		return None
	idempotency.check_same_request(found[0], key)
	row = rows.locked(found[0].name)
	if not row:
		# it was deleted since it was found
		return None
	schedule = _document(row)
	schedule.hide()
	schedule.flags.is_existing = True
	return schedule


def _create(title: str, organization: str, job_type: str, chosen: dict[str, Any]) -> Document:
	_refuse_both(chosen)
	chosen.setdefault("kind", rows.INTERVAL if chosen.get("interval_seconds") else rows.CRON)
	schedule = frappe.new_doc("Job Schedule")
	schedule.organization = organization
	_choose(schedule, {"title": title, "job_type": job_type, **chosen})
	schedule.insert(ignore_permissions=True)
	return schedule


def update_schedule(schedule_id: str, **changes: Any) -> Document:
	"""Change what `create_schedule` takes, without `organization`, as an admin of the organization.

	Who changes more than `is_paused` has its jobs run as oneself, or as whom a System Manager says.
	"""
	schedule = _administered(schedule_id)
	_refuse_both(changes)
	if set(changes) - {"is_paused"} and not access.is_system_manager():
		changes.setdefault("run_as", frappe.session.user)
	kinds = {rows.CRON: changes.get("cron"), rows.INTERVAL: changes.get("interval_seconds")}
	meant = [kind for kind, value in kinds.items() if value]
	if len(meant) == 1:
		changes.setdefault("kind", meant[0])
	_choose(schedule, changes)
	with snapshot_ignored():
		schedule.save(ignore_permissions=True)
	return schedule


def _refuse_both(chosen: dict[str, Any]) -> None:
	if chosen.get("cron") and chosen.get("interval_seconds"):
		refuse_argument("interval_seconds", _("a schedule has this or cron, not both"))


def pause_schedule(schedule_id: str) -> Document:
	"""From now on no slot is made, until it is resumed. Slots in between are left out."""
	return update_schedule(schedule_id, is_paused=True)


def resume_schedule(schedule_id: str) -> Document:
	"""Go on with the next slot after now."""
	return update_schedule(schedule_id, is_paused=False)


def delete_schedule(schedule_id: str) -> None:
	"""Delete a schedule, as an admin of its organization. Its jobs stay."""
	with snapshot_ignored():
		_administered(schedule_id).delete(ignore_permissions=True)


def backfill_schedule(schedule_id: str, start: When, end: When) -> dict[str, list]:
	"""Make the slots from start to end that have no job, at most 100, whether or not jobs overlap.

	Answers `{"submitted": [{slot, job}], "there": [{slot, job}], "refused": [{slot, reason}]}`, slots in UTC.
	A slot that was skipped or refused is tried again. Raises ValidationError for slots of the future, for
	those that are older than the rows of slots are kept, and for too many.
	"""
	row = _administered_row(schedule_id)
	since, until = instant_of(start, "start"), instant_of(end, "end")
	now = times.utc_now()
	if not since or since < now - due.KEPT:
		refuse_argument("start", _("must be a time of the last {0} days").format(due.KEPT.days))
	if not until or until > now:
		refuse_argument("end", _("must not be in the future"))
	slots = rows.timetable_of(row).between(since, until, MAX_BACKFILLED + 1)
	if len(slots) > MAX_BACKFILLED:
		refuse_argument("end", _("at most {0} slots at once").format(MAX_BACKFILLED))
	answer: dict[str, list] = {"submitted": [], "there": [], "refused": []}
	for slot in slots:
		_backfill(row, slot, answer)
	return answer


def _backfill(row: frappe._dict, slot: datetime, answer: dict[str, list]) -> None:
	said = {"slot": times.utc_as_text(slot)}
	if not due.claim(row.name, slot) and (job := _job_of(row.name, slot)):
		answer["there"].append({**said, "job": job})
		return
	messages = list(frappe.local.message_log)
	try:
		outcome = due.submit(row)
	except due.PASSING:
		raise
	except due.REFUSALS as error:
		# it is answered here
		frappe.local.message_log = messages
		outcome = (due.REFUSED, None, texts.line(error))
	due.settle(row.name, slot, outcome)
	how, job, reason = outcome
	answer[how].append({**said, "job": job} if job else {**said, "reason": reason})


def _job_of(schedule: str, slot: datetime) -> str | None:
	found = frappe.db.sql(
		f"""{ignoring_snapshot()}select job from `tabJob Schedule Slot`
		where schedule = %s and slot_utc = %s for update""",
		(schedule, slot),
		pluck=True,
	)
	return found[0] if found else None


def _administered(schedule_id: str) -> Document:
	"""As `_administered_row`, the document."""
	return _document(_administered_row(schedule_id))


def _administered_row(schedule_id: str) -> frappe._dict:
	"""The schedule as it is now, locked: who changes it at the same time comes before, or after.

	Raises JobBusyError while somebody else holds it, DoesNotExistError or PermissionError for who may not
	see, or not change it.
	"""
	access.check_admin(access.check_visible_schedule(schedule_id).organization, "schedule_id")
	return rows.locked(schedule_id) or access.refuse_schedule(schedule_id)


def _document(row: frappe._dict) -> Document:
	"""The document of a row that is locked."""
	with snapshot_ignored():
		return frappe.get_doc("Job Schedule", row.name, for_update=True)


def cleared(fields: Sequence[str]) -> dict[str, None]:
	"""Changes that empty these fields; raises ValidationError for one that cannot be empty."""
	for field in fields:
		if field not in CLEARABLE:
			refuse_argument("clear", _("{0} is none of {1}").format(repr(field), ", ".join(CLEARABLE)))
	return dict.fromkeys(fields)


def _choose(schedule: Document, chosen: dict[str, Any]) -> None:
	for field, value in chosen.items():
		if field not in CHANGEABLE:
			refuse_argument(field, _("there is no such argument"))
		if field == "parameters":
			field, value = "new_parameters", saving.serialized(value)
		schedule.set(field, int(value) if field == "is_paused" else value)
