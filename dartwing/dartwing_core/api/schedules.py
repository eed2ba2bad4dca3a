"""REST API of schedules: `/api/method/dartwing.dartwing_core.api.schedules.<name>`."""

from typing import Annotated

from frappe.model.document import Document

from dartwing.dartwing_core.api import headers, shapes
from dartwing.dartwing_core.api.arguments import About
from dartwing.dartwing_core.api.call_limits import CallLimit
from dartwing.dartwing_core.api.endpoints import CHANGE, READ, endpoint
from dartwing.dartwing_core.api.jobs import LIST, STATUS
from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.dartwing_core.background_jobs.insight import queries
from dartwing.dartwing_core.background_jobs.insight import schedules as seen
from dartwing.dartwing_core.background_jobs.schedules import changes, rows
from dartwing.dartwing_core.background_jobs.statuses import PRIORITIES

SCHEDULE = CallLimit("schedule", 30)

ScheduleId = Annotated[str, About("Id of a schedule of one of your organizations")]
Title = Annotated[str | None, About("What people call it, at most 140 characters")]
JobType = Annotated[str | None, About("Name of an enabled Job Type")]
Parameters = Annotated[dict | None, About("What each job's handler gets, at most 1 MiB of JSON")]
Priority = Annotated[str | None, About("Default: the Job Type's", choices=PRIORITIES)]
Cron = Annotated[str | None, About("Five fields: minute, hour, day of the month, month, day of the week")]
Interval = Annotated[
	int | None, About("Instead of `cron`: seconds from slot to slot, 60 or more, counted from `starts_at`")
]
Zone = Annotated[str | None, About("Of `cron`, for example Europe/Berlin; default: the site's")]
RunAs = Annotated[
	str | None, About("Whose jobs these are; default: yours. Only System Managers can name somebody else")
]
Overlap = Annotated[
	str | None,
	About(
		"When a job of the schedule has not ended at a slot: leave it out (default), let its job wait, or"
		" cancel for it what waits",
		choices=rows.OVERLAPS,
	),
]
CatchUp = Annotated[
	str | None,
	About("Which of the slots that were missed are made later; default: None", choices=rows.CATCH_UPS),
]
CatchUpLimit = Annotated[
	int | None,
	About("How many with `All`; default: 10", at_least=1, at_most=rows.MAX_CAUGHT_UP),
]
Starts = Annotated[str | None, About("ISO 8601: no slot is before it (without offset: the site's time)")]
Ends = Annotated[str | None, About("ISO 8601: no slot is after it")]


IdempotencyKey = Annotated[
	str | None,
	About(
		"Your name for this request, also as the header Idempotency-Key (1 to 255 visible ASCII"
		" characters). Sent again with it, the request is answered with the schedule that it became"
	),
]


@endpoint(CHANGE, SCHEDULE)
def create_schedule(
	title: Annotated[str, About("What people call it, at most 140 characters")],
	organization: Annotated[str, About("Organization that you administer")],
	job_type: Annotated[str, About("Name of an enabled Job Type")],
	parameters: Parameters = None,
	priority: Priority = None,
	cron: Cron = None,
	interval_seconds: Interval = None,
	time_zone: Zone = None,
	run_as: RunAs = None,
	overlap: Overlap = None,
	catch_up: CatchUp = None,
	catch_up_limit: CatchUpLimit = None,
	is_paused: Annotated[bool | None, About("Whether no slot is made yet")] = None,
	starts_at: Starts = None,
	ends_at: Ends = None,
	idempotency_key: IdempotencyKey = None,
) -> shapes.Schedule:
	"""Have a job submitted again and again, as an admin of the organization.

	An `idempotency_key` that came with another request before is refused with 422.
	"""
	key = headers.idempotency_key(idempotency_key)
	chosen = {
		"parameters": parameters,
		"priority": priority,
		"cron": cron,
		"interval_seconds": interval_seconds,
		"time_zone": time_zone,
		"run_as": run_as,
		"overlap": overlap,
		"catch_up": catch_up,
		"catch_up_limit": catch_up_limit,
		"is_paused": is_paused,
		"starts_at": starts_at,
		"ends_at": ends_at,
	}
	made = changes.create_schedule(title, organization, job_type, idempotency_key=key, **_given(chosen))
	if made.flags.is_existing:
		# it may have been committed after this request's snapshot
		with separate_transaction():
			return {**_answer(made), "is_existing": True}
	return _answer(made)


@endpoint(CHANGE, SCHEDULE)
def update_schedule(
	schedule_id: ScheduleId,
	title: Title = None,
	job_type: JobType = None,
	parameters: Parameters = None,
	priority: Priority = None,
	cron: Cron = None,
	interval_seconds: Interval = None,
	time_zone: Zone = None,
	run_as: RunAs = None,
	overlap: Overlap = None,
	catch_up: CatchUp = None,
	catch_up_limit: CatchUpLimit = None,
	starts_at: Starts = None,
	ends_at: Ends = None,
	clear: Annotated[
		list[str] | None, About("Of `priority`, `starts_at`, `ends_at`, those that are to be empty")
	] = None,
) -> shapes.Schedule:
	"""Change a schedule, as an admin of its organization; what is left out stays.

	Its jobs are yours from then on, or those of whom a System Manager names. When slots are is changed from
	now on.
	"""
	chosen = {
		"title": title,
		"job_type": job_type,
		"parameters": parameters,
		"priority": priority,
		"cron": cron,
		"interval_seconds": interval_seconds,
		"time_zone": time_zone,
		"run_as": run_as,
		"overlap": overlap,
		"catch_up": catch_up,
		"catch_up_limit": catch_up_limit,
		"starts_at": starts_at,
		"ends_at": ends_at,
	}
	return _answer(changes.update_schedule(schedule_id, **_given(chosen), **changes.cleared(clear or [])))


@endpoint(CHANGE, SCHEDULE)
def pause_schedule(schedule_id: ScheduleId) -> shapes.Schedule:
	"""Make no slot until it is resumed, as an admin of its organization."""
	return _answer(changes.pause_schedule(schedule_id))


@endpoint(CHANGE, SCHEDULE)
def resume_schedule(schedule_id: ScheduleId) -> shapes.Schedule:
	"""Go on with the next slot after now, as an admin of its organization."""
	return _answer(changes.resume_schedule(schedule_id))


@endpoint(CHANGE, SCHEDULE)
def delete_schedule(schedule_id: ScheduleId) -> shapes.Deleted:
	"""Delete a schedule, as an admin of its organization; its jobs stay."""
	changes.delete_schedule(schedule_id)
	return {"schedule_id": schedule_id}


@endpoint(CHANGE, SCHEDULE)
def backfill_schedule(
	schedule_id: ScheduleId,
	start: Annotated[str, About("ISO 8601, of the last 90 days: the first slot is not before it")],
	end: Annotated[str, About("ISO 8601: the last slot is not after it; not in the future")],
) -> shapes.Backfilled:
	"""Make the slots in a time that have no job yet, at most 100, as an admin of its organization."""
	return changes.backfill_schedule(schedule_id, start, end)


@endpoint(READ, STATUS)
def get_schedule(schedule_id: ScheduleId) -> shapes.Schedule:
	"""One schedule, with its next five times and its last ten slots."""
	return seen.get_schedule(schedule_id)


@endpoint(READ, LIST)
def list_schedules(
	organization: Annotated[str | None, About("One organization; without it, all of yours")] = None,
	limit: Annotated[int, About("How many schedules", at_least=1, at_most=queries.MAX_PAGE)] = 20,
	offset: Annotated[
		int, About("How many schedules to leave out", at_least=0, at_most=queries.MAX_OFFSET)
	] = 0,
) -> shapes.SchedulePage:
	"""A page of schedules, newest first."""
	return seen.list_schedules(organization, limit, offset)


@endpoint(READ, STATUS)
def preview_schedule(
	cron: Cron = None,
	interval_seconds: Interval = None,
	time_zone: Zone = None,
	starts_at: Starts = None,
	ends_at: Ends = None,
) -> list[shapes.Time]:
	"""The next five times that a schedule would have."""
	return seen.preview_schedule(cron, interval_seconds, time_zone, starts_at, ends_at)


def _given(chosen: dict) -> dict:
	return {field: value for field, value in chosen.items() if value is not None}


def _answer(schedule: Document) -> shapes.Schedule:
	return seen.get_schedule(schedule.name)
