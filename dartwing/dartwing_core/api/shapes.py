"""What the endpoints of the REST API return, as types; times are ISO 8601 in UTC with `Z`."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from dartwing.dartwing_core.background_jobs.groups.rows import STATUSES as GROUP_STATUSES
from dartwing.dartwing_core.background_jobs.schedules.due import OUTCOMES
from dartwing.dartwing_core.background_jobs.schedules.rows import CATCH_UPS, KINDS, OVERLAPS
from dartwing.dartwing_core.background_jobs.statuses import DEPENDENCY_RULES
from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, STATUSES

Status = Literal[STATUSES]  # type: ignore[valid-type]
Priority = Literal[PRIORITIES]  # type: ignore[valid-type]
Rule = Literal[DEPENDENCY_RULES]  # type: ignore[valid-type]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]


class JobAnswer(TypedDict):
	"""`is_existing`: the request was accepted before with its idempotency key, or an equal job answers it."""

	job_id: str
	status: Status
	message: str
	is_existing: NotRequired[bool]


class FlowAnswer(TypedDict):
	"""The jobs in the order of the request; `on_end_job` waits for the end of the group."""

	group_id: str
	message: str
	jobs: list[JobAnswer]
	on_end_job: str | None


class JobStatus(TypedDict):
	"""How long it takes is null where it ended, or where fewer than ten jobs of its type tell.

	`expected_start` of a job that waits for its turn is told by `get_job_status` only.
	"""

	job_id: str
	job_type: str
	organization: str
	job_group: str | None
	job_schedule: str | None
	retry_of: str | None
	is_dry_run: bool
	real_job: str | None
	status: Status
	priority: Priority
	progress: float
	progress_message: str | None
	created_at: Time | None
	scheduled_at: Time | None
	expires_at: Time | None
	started_at: Time | None
	completed_at: Time | None
	retry_count: int
	max_retries: int
	next_retry_at: Time | None
	output_reference: str | None
	result: Any
	error_message: str | None
	error_type: str | None
	depends_on: list[str]
	dependency_rule: Rule
	waits_for: str | None
	waits_until: Time | None
	usual_seconds: float | None
	p95_seconds: float | None
	seconds_left: float | None
	expected_start: Time | None


class JobPage(TypedDict):
	jobs: list[JobStatus]
	total: int
	limit: int
	offset: int


class GroupStatus(TypedDict):
	"""`on_end_job` starts when the group has ended; `progress` is in percent, of all jobs together."""

	group_id: str
	title: str
	organization: str
	owner_user: str | None
	status: Literal[GROUP_STATUSES]  # type: ignore[valid-type]
	on_end_job: str | None
	created_at: Time | None
	ended_at: Time | None
	job_count: int
	count_by_status: dict[Status, int]
	progress: float


class JobGroup(GroupStatus):
	jobs: list[JobStatus]
	limit: int
	offset: int


class GroupPage(TypedDict):
	groups: list[GroupStatus]
	total: int
	limit: int
	offset: int


class ScheduleStatus(TypedDict):
	"""`last_error` says why the last slot was refused. Fields of the other kind are null."""

	schedule_id: str
	title: str
	organization: str
	job_type: str
	priority: Priority | None
	run_as: str
	is_paused: bool
	overlap: Literal[OVERLAPS]  # type: ignore[valid-type]
	kind: Literal[KINDS]  # type: ignore[valid-type]
	cron: str | None
	interval_seconds: int | None
	time_zone: str
	starts_at: Time | None
	ends_at: Time | None
	catch_up: Literal[CATCH_UPS]  # type: ignore[valid-type]
	catch_up_limit: int
	next_slot: Time | None
	last_slot: Time | None
	last_job: str | None
	last_error: str | None


class Slot(TypedDict):
	"""`job` is null when it was skipped or refused, `status` also when the job was deleted."""

	slot: Time
	outcome: Literal[OUTCOMES]  # type: ignore[valid-type]
	job: str | None
	status: Status | None
	reason: str | None


class Schedule(ScheduleStatus):
	"""Values of masked parameters are hidden. `is_existing`: the request was answered before with its key."""

	parameters: dict[str, Any]
	next_times: list[Time]
	last_slots: list[Slot]
	is_existing: NotRequired[bool]


class SchedulePage(TypedDict):
	schedules: list[ScheduleStatus]
	total: int
	limit: int
	offset: int


class SlotWithJob(TypedDict):
	slot: Time
	job: str


class SlotWithoutJob(TypedDict):
	slot: Time
	reason: str


class Backfilled(TypedDict):
	"""Which slots have a job now, which had one before, and which were refused one."""

	submitted: list[SlotWithJob]
	there: list[SlotWithJob]
	refused: list[SlotWithoutJob]


class Deleted(TypedDict):
	schedule_id: str


class DeadLetter(JobStatus):
	error_traceback: str | None


class DeadLetterPage(TypedDict):
	jobs: list[DeadLetter]
	total: int
	limit: int
	offset: int


class Transition(TypedDict):
	from_status: Status | None
	to_status: Status
	timestamp: Time
	actor: str
	message: str | None
	retry_attempt: int


class JobHistory(TypedDict):
	job_id: str
	history: list[Transition]


class Step(TypedDict):
	"""`attempt` did it, or was last at it; `seconds` it took in all attempts together.

	A step that goes from item to item has done `items_done` of `items_total` (0: nobody knows how many).
	"""

	step: str
	is_done: bool
	attempt: int
	started_at: Time
	seconds: float
	items_done: int
	items_total: int


class JobSteps(TypedDict):
	job_id: str
	steps: list[Step]


class LogLine(TypedDict):
	"""`line` counts the lines of the attempt from 1; `missing` lines before this one are not kept."""

	attempt: int
	line: int
	at: Time
	level: Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
	text: str
	missing: int


class JobLog(TypedDict):
	"""With `after` as an argument, the next answer has what follows; null while there is no line."""

	job_id: str
	lines: list[LogLine]
	after: str | None
	has_more: bool


class ProcessingTime(TypedDict):
	average_seconds: float | None
	p95_seconds: float | None


class JobMetrics(TypedDict):
	job_count_by_status: dict[Status, int]
	queue_depth_by_priority: dict[Priority, int]
	processing_time: ProcessingTime
	processing_time_by_type: dict[str, ProcessingTime]
	failure_rate_by_type: dict[str, float]
	throughput_per_minute: float
	oldest_waiting_seconds: float
	timestamp: Time


class BulkAnswer(TypedDict):
	"""Which jobs it was done to, why not to the others, and how many match that one call did not take."""

	done: list[str]
	refused: dict[str, str]
	left: int


class Error(TypedDict):
	"""One sentence in `error`; the other fields are Frappe's."""

	error: str
	exc_type: NotRequired[str]


class Problem(TypedDict):
	"""What is wrong with one argument, for example `parameters.people[3].e_mail`."""

	argument: str
	reason: str


class Refused(Error):
	"""`problems` are there where parameters do not fit, ten at most; `error` tells of the first ones, too."""

	problems: NotRequired[list[Problem]]


class Duplicate(Error):
	existing_job_id: NotRequired[str | None]
	status: NotRequired[str | None]
