"""What is checked before a schedule is saved, by whomever, and when its next slot is from then on."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, get_datetime

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.errors import fault_of_json, refuse_argument
from dartwing.dartwing_core.background_jobs.schedules import rows, slots
from dartwing.dartwing_core.background_jobs.schedules.acting import acting_as
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.submission.checks import (
	JobRequest,
	SubmissionChecks,
	When,
	checked_title,
	instant_of,
)
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job import kept_texts

SHORTEST_INTERVAL_SECONDS = 60
LONGEST_INTERVAL_SECONDS = 366 * 24 * 3600
# as its field keeps
MAX_CRON = 140
# no time is before this; databases and calendars have none long before
EARLIEST = datetime(1970, 1, 1)
# names of files that some machines have among their time zones: none of them says where it is
NO_ZONES = ("Factory", "localtime")
# what says when slots are, and what is run
TIMING = ("kind", "cron", "interval_seconds", "time_zone", "starts_at", "ends_at")
RUN = ("job_type", "parameters", "priority", "run_as")


def schedule_validated(doc: Document, event: str | None = None) -> None:
	"""Before a schedule is saved: raise ValidationError, naming the argument, for what it cannot be.

	Slots are counted anew from now on if when they are has changed, or if a pause ends: nothing that is past
	starts. What the engine writes is taken from the row, whatever the document says.
	"""
	stored = None if doc.is_new() else rows.locked(doc.name)
	doc.update({field: stored[field] if stored else None for field in (*rows.WRITTEN, *rows.KEYED)})
	doc.title = checked_title(doc.title or "", "title")
	access.check_admin(doc.organization)
	_take_parameters(doc, stored)
	_check_choices(doc)
	if _is_changed(doc, stored, TIMING):
		_check_timing(doc)
	_check_run(doc, stored)
	if _knows_parameters(doc, stored) and kept_texts.secrets_of(doc.parameters).hide(doc.title) != doc.title:
		refuse_argument("title", _("holds the value of a masked parameter"))
	if _is_changed(doc, stored, (*TIMING, "is_paused")):
		doc.next_slot_utc = None if doc.is_paused else next_slot(doc)


def _knows_parameters(doc: Document, stored: Any) -> bool:
	"""Whether the values are the user's own: from a refusal, nobody else finds them by trying titles."""
	return not stored or stored.owner == frappe.session.user or doc.parameters != stored.parameters


def next_slot(row: Any) -> datetime | None:
	"""The first slot after now."""
	return rows.timetable_of(row).next_after(times.utc_now())


def _is_changed(doc: Document, stored: frappe._dict | None, fields: tuple[str, ...]) -> bool:
	return stored is None or any(_value(doc, field) != _value(stored, field) for field in fields)


def _value(row: Any, field: str) -> Any:
	value = row.get(field)
	if field in ("starts_at", "ends_at"):
		return _moment(value) if value else None
	return cint(value) if field in ("interval_seconds", "is_paused") else value or None


def _moment(value: Any) -> Any:
	try:
		return get_datetime(value)
	except (ValueError, OverflowError):
		# it is no time, which `_check_timing` says
		return value


def _take_parameters(doc: Document, stored: frappe._dict | None) -> None:
	"""Those of the row, unless the document brings new ones; a form has the row's masked."""
	doc.parameters = stored.parameters if stored else "{}"
	if doc.new_parameters:
		doc.parameters = serialized(doc.new_parameters)
	doc.new_parameters = None


def serialized(parameters: Any) -> str:
	"""As they are kept; raises ValidationError as `submit_job` does."""
	if isinstance(parameters, str):
		try:
			parameters = json.loads(parameters)
		except (ValueError, RecursionError) as error:
			refuse_argument("parameters", fault_of_json(error))
	return json_objects.serialize_parameters(parameters)


def _check_choices(doc: Document) -> None:
	for field, choices, default in (
		("kind", rows.KINDS, rows.CRON),
		("overlap", rows.OVERLAPS, rows.SKIP),
		("catch_up", rows.CATCH_UPS, rows.NONE),
	):
		doc.set(field, doc.get(field) or default)
		if doc.get(field) not in choices:
			reason = _("{0} is none of {1}").format(repr(doc.get(field)), ", ".join(choices))
			refuse_argument(field, reason)
	if doc.catch_up_limit is None:
		doc.catch_up_limit = rows.DEFAULT_CAUGHT_UP
	_check_between("catch_up_limit", doc.catch_up_limit, 1, rows.MAX_CAUGHT_UP)


def _check_between(field: str, value: Any, low: int, high: int) -> None:
	if not low <= cint(value) <= high:
		refuse_argument(field, _("{0} is not between {1} and {2}").format(value or 0, low, high))


def _check_timing(doc: Document) -> None:
	"""Check when slots are, and keep it in the engine's terms; what the other kind needs is forgotten."""
	doc.time_zone = checked_zone(doc.time_zone)
	if doc.kind == rows.CRON:
		doc.cron, doc.interval_seconds = checked_cron(doc.cron), 0
	else:
		check_interval(doc.interval_seconds)
		doc.cron = None
	starts, ends = (bound_of(doc.get(field) or None, field) for field in ("starts_at", "ends_at"))
	if starts and ends and ends < starts:
		refuse_argument("ends_at", _("is before starts_at"))
	doc.starts_at, doc.ends_at = (times.from_utc(one) if one else None for one in (starts, ends))
	doc.anchor_utc = starts or times.latest_instant_of(get_datetime(doc.creation).replace(microsecond=0))
	doc.ends_at_utc = ends


def bound_of(value: When, argument: str) -> datetime | None:
	"""As `instant_of`; raises ValidationError for a time before 1970, too."""
	instant = instant_of(value, argument)
	if instant and instant < EARLIEST:
		refuse_argument(argument, _("{0} is before 1970").format(repr(str(value))))
	return instant


def check_interval(seconds: Any) -> None:
	_check_between("interval_seconds", seconds, SHORTEST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS)


def checked_zone(name: str | None) -> str:
	"""The name of a zone, the site's without one; raises ValidationError for an unknown one."""
	name = name or times.site_zone().key
	if name in NO_ZONES or name not in available_timezones():
		reason = _("{0} is no time zone, for example Europe/Berlin").format(repr(name))
		refuse_argument("time_zone", reason)
	return ZoneInfo(name).key


def checked_cron(cron: str | None) -> str:
	"""The expression as it is kept; raises ValidationError for what is none."""
	if isinstance(cron, str) and len(cron) > MAX_CRON:
		refuse_argument("cron", _("at most {0} characters, not {1}").format(MAX_CRON, len(cron)))
	try:
		return slots.check_cron(cron or "")
	except slots.NoSuchCronError:
		reason = _(
			"{0} is no cron expression of five fields (minute, hour, day of the month, month, day of the"
			" week) that has a time, for example 30 2 * * MON-FRI"
		)
		refuse_argument("cron", reason.format(repr(cron or "")))


def _check_run(doc: Document, stored: frappe._dict | None) -> None:
	"""Check whose jobs of what they are, if that is new.

	Who changes anything but a pause is responsible for what is run: nobody has jobs run with more rights
	than one has. So an admin's schedule runs as oneself. A System Manager, who could give anybody any role,
	chooses any member, but not Administrator.
	"""
	doc.run_as = doc.run_as or frappe.session.user
	if stored and not _is_changed(doc, stored, tuple(field for field in rows.CHOSEN if field != "is_paused")):
		return
	is_oneself = doc.run_as == frappe.session.user
	if not is_oneself and not access.is_system_manager():
		reason = _("an admin of an organization has jobs run as oneself only, not as {0}")
		refuse_argument("run_as", reason.format(repr(doc.run_as)), frappe.PermissionError)
	if not is_oneself and doc.run_as == "Administrator":
		refuse_argument("run_as", _("nobody else has jobs run as Administrator"), frappe.PermissionError)
	if not _is_changed(doc, stored, RUN):
		return
	check_run_as(doc)
	with acting_as(doc.run_as):
		request = request_of(doc)
		doc.parameters = SubmissionChecks([request]).check(request).input_parameters


def check_run_as(row: Any) -> None:
	"""Raise ValidationError unless the schedule's user is an active member of its organization now."""
	is_user = frappe.db.get_value("User", row.run_as) == row.run_as
	if not is_user or not access.is_member(row.organization, row.run_as):
		reason = _("{0} is no active member of {1}").format(repr(row.run_as), repr(row.organization))
		refuse_argument("run_as", reason)


def request_of(row: Any) -> JobRequest:
	"""What a slot of the schedule submits."""
	parameters = json_objects.from_json(row.parameters)
	return JobRequest(row.job_type, row.organization, parameters, row.priority or None)
