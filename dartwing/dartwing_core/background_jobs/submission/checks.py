"""What a submission must fulfil, in the order of the checks, each with its own clear error."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.announcing import traces
from dartwing.dartwing_core.background_jobs.database import inserts, times
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs, parents
from dartwing.dartwing_core.background_jobs.errors import NotActiveError, refuse_argument
from dartwing.dartwing_core.background_jobs.parameters.problems import path_of
from dartwing.dartwing_core.background_jobs.statuses import (
	DEPENDENCY_RULES,
	END,
	ENDED_WITHOUT_SUCCESS,
)
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.submission.admission import Demand, QueueDemand, RateDemand
from dartwing.dartwing_core.background_jobs.submission.typed_parameters import ParameterChecks
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.type_limits import Limits, key_of
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.background_job import (
	PENDING,
	PRIORITIES,
	BackgroundJob,
)
from dartwing.dartwing_core.doctype.background_job.job_ids import new_job_ids
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting
from dartwing.dartwing_core.doctype.job_type.job_type import JobType

When = datetime | str | None
DependsOn = str | Sequence[str] | None
LOOKED_UP_AT_ONCE = 1000
# of the title of a group and of a schedule, and of the name of a job in a flow
MAX_TITLE = 140
# what is stored of a new job
COLUMNS = (
	*inserts.OF_EVERY_ROW,
	"job_type",
	"organization",
	"owner_user",
	"status",
	"priority",
	"depends_on",
	"dependency_rule",
	"job_group",
	"job_schedule",
	"retry_of",
	"is_dry_run",
	"scheduled_at",
	"scheduled_at_utc",
	"expires_at",
	"expires_at_utc",
	"limit_key",
	"ready_at",
	"debounced_since",
	"debounced_until",
	"input_parameters",
	"job_hash",
	"deduplication_key",
	"idempotency_key",
	"idempotency_hash",
	"request_hash",
	"timeout_seconds",
	"max_retries",
	"retry_count",
	"progress",
	"created_at",
	"queued_at",
	"rq_job_id",
	"traceparent",
)


@dataclass(frozen=True)
class JobRequest:
	"""The arguments of one submission, as `submit_job` takes them."""

	job_type: str
	organization: str
	parameters: dict[str, Any] | None = None
	priority: str | None = None
	depends_on: DependsOn = None
	scheduled_at: When = None
	idempotency_key: str | None = None
	dependency_rule: str | None = None
	expires_at: When = None
	dry_run: bool = False

	@property
	def parents(self) -> list[str]:
		"""The jobs that it depends on, each once; what is no text is none (see `check_parents`)."""
		named = self.depends_on if isinstance(self.depends_on, list | tuple) else [self.depends_on]
		return list(dict.fromkeys(name for name in named if isinstance(name, str)))

	@classmethod
	def parse(cls, job: Any, argument: str) -> "JobRequest":
		"""A request from one dict of `submit_jobs`; raises ValidationError for unknown and missing keys."""
		if not isinstance(job, dict):
			refuse_argument(argument, _("must be an object, not {0}").format(type(job).__name__))
		for name in set(job) - {field.name for field in fields(cls)}:
			refuse_argument(f"{argument}.{name}", _("there is no such argument"))
		for name in ("job_type", "organization"):
			if not job.get(name):
				refuse_argument(f"{argument}.{name}", _("is missing"))
		return cls(**job)


class SubmissionChecks:
	"""The checks of a submission in their order; what many jobs have in common is looked up once."""

	def __init__(self, requests: Sequence[JobRequest]) -> None:
		self._organizations: set[str] = set()
		self._job_types: dict[str, JobType] = {}
		self._parents = _parents_of(requests)
		self._parameters = ParameterChecks()

	def check(self, request: JobRequest, where: str = "") -> BackgroundJob:
		"""The job as it is to be inserted; raises for the first rule that the request breaks.

		`where` is put before the name of a wrong argument, for example `jobs[3].`.
		"""
		check_texts(request, where)
		if request.organization not in self._organizations:
			_check_organization(request.organization, f"{where}organization")
			self._organizations.add(request.organization)
		if request.job_type not in self._job_types:
			self._job_types[request.job_type] = usable_job_type(request.job_type, f"{where}job_type")
		_check_priority(request.priority, f"{where}priority")
		argument, job_type = f"{where}parameters", self._job_types[request.job_type]
		normal = self._parameters.normal_form(job_type, request.parameters, argument)
		parameters = json_objects.serialize_parameters(normal, argument)
		_refuse_mask(parameters, argument)
		self._check_parents(request, where)
		due = instant_of(request.scheduled_at, f"{where}scheduled_at")
		expires = expiry_of(request.expires_at, due, f"{where}expires_at")
		return _new_job(replace(request, parameters=normal), job_type, parameters, due, expires)

	def _check_parents(self, request: JobRequest, where: str) -> None:
		for parent in request.parents:
			organization, status, is_dry_run = self._parents.get(parent, (None, None, None))
			# a job of another organization does not exist for this one
			if organization != request.organization:
				reason = _("no job {0}").format(repr(parent))
				refuse_argument(f"{where}depends_on", reason, frappe.DoesNotExistError)
			if is_dry_run:
				reason = _("{0} is a dry run; nothing depends on it").format(repr(parent))
				refuse_argument(f"{where}depends_on", reason)
			if status in ENDED_WITHOUT_SUCCESS and request.dependency_rule != END:
				reason = _("{0} is {1}; a job that depends on it would never start")
				refuse_argument(f"{where}depends_on", reason.format(repr(parent), _(status)))

	def demands(self, jobs: Sequence[BackgroundJob], leaving: Counter[str] | None = None) -> list[Demand]:
		"""What the jobs ask for under rate limits, then under queue limits.

		`leaving`: how many Pending jobs of each organization end when these are accepted.
		"""
		# read here and not in `uncommitted_reads()`, where an uncommitted setting could be read, and cached
		limit = setting("queue_limit")
		kinds = Counter((job.job_type, job.organization) for job in jobs)
		organizations = Counter(job.organization for job in jobs) - (leaving or Counter())
		return [
			*(
				RateDemand(organization, count, self._job_types[job_type])
				for (job_type, organization), count in kinds.items()
				if self._job_types[job_type].rate_limit
			),
			*(QueueDemand(organization, count, limit) for organization, count in organizations.items()),
		]


def stamp(jobs: Sequence[BackgroundJob]) -> None:
	"""Give the jobs their ids and the time of their acceptance, which is now.

	Limits and windows count from here, however long the submission has waited before. Lists are in the order
	of `creation`, so each job has one of its own, later than that of the one before it.
	"""
	names = new_job_ids(len(jobs))
	now, now_utc = times.site_now(), times.utc_now()
	traceparent = traces.traceparent()
	for place, (job, name) in enumerate(zip(jobs, names, strict=True)):
		creation = now + timedelta(microseconds=place)
		job.update({"name": name, "created_at": now, "creation": creation, "modified": creation})
		job.traceparent = traceparent
	for job in jobs:
		job.depends_on = next(iter(parents.names_of(job)), None)
		# A job that waits for others is not ready at any time yet. A `scheduled_at` in the past counts as
		# now: it lets nobody go before others.
		waits = job.depends_on or job.flags.waits_for_group
		if job.flags.debounce:
			_debounce(job, now_utc)
		not_before = (job.scheduled_at_utc or now_utc, job.debounced_until or now_utc, now_utc)
		job.ready_at = None if waits else max(not_before)


def _debounce(job: BackgroundJob, now_utc: datetime) -> None:
	"""Start it when it was quiet for some time; a job that it replaces has told since when it is waited."""
	seconds, longest_wait = job.flags.debounce
	job.debounced_since = job.debounced_since or now_utc
	job.debounced_until = debounced_until(now_utc, job.debounced_since, seconds, longest_wait)


def debounced_until(now_utc: datetime, since: datetime, seconds: int, longest_wait: int) -> datetime:
	return min(now_utc + timedelta(seconds=seconds), since + timedelta(seconds=longest_wait))


def check_texts(request: JobRequest, where: str) -> None:
	"""Raise ValidationError for an argument that is no text, or is missing and must not be."""
	for name in ("job_type", "organization", "priority", "dependency_rule"):
		value = getattr(request, name)
		if not isinstance(value, str) and not (value is None and name in ("priority", "dependency_rule")):
			refuse_argument(f"{where}{name}", _("must be a text, not {0}").format(type(value).__name__))
	check_parents(request.depends_on, f"{where}depends_on")
	if request.dependency_rule not in (None, *DEPENDENCY_RULES):
		reason = _("{0} is none of {1}").format(repr(request.dependency_rule), ", ".join(DEPENDENCY_RULES))
		refuse_argument(f"{where}dependency_rule", reason)
	if not isinstance(request.dry_run, bool):
		reason = _("must be true or false, not {0}").format(type(request.dry_run).__name__)
		refuse_argument(f"{where}dry_run", reason)
	if request.dry_run and request.parents:
		refuse_argument(f"{where}dry_run", _("a dry run depends on no other job"))


def checked_title(text: Any, argument: str) -> str:
	"""The text as it is shown, plain and on one line; what is empty or too long is refused."""
	if not isinstance(text, str):
		refuse_argument(argument, _("must be a text, not {0}").format(type(text).__name__))
	line = " ".join(texts.line(text, len(text)).split())
	if not texts.can_be_seen(line) or len(line) > MAX_TITLE:
		refuse_argument(argument, _("must be plain text of 1 to {0} characters").format(MAX_TITLE))
	return line


def check_parents(depends_on: DependsOn, argument: str) -> None:
	if not isinstance(depends_on, str | list | tuple | None):
		reason = _("must be a text or a list of texts, not {0}")
		refuse_argument(argument, reason.format(type(depends_on).__name__))
	for parent in () if isinstance(depends_on, str) else depends_on or ():
		if not isinstance(parent, str):
			reason = _("must be a list of texts, not of {0}").format(type(parent).__name__)
			refuse_argument(argument, reason)
	if depends_on and len(depends_on) > config.MAX_PARENTS and not isinstance(depends_on, str):
		reason = _("a job depends on at most {0} others, not {1}")
		refuse_argument(argument, reason.format(config.MAX_PARENTS, len(depends_on)))


def _check_organization(organization: str, argument: str) -> None:
	status = access.status_for_member(organization)
	if status is None:
		access.check_member(organization, argument)
		refuse_argument(
			argument, _("no organization {0}").format(repr(organization)), frappe.DoesNotExistError
		)
	if status != "Active":
		reason = _("{0} is {1}; jobs are accepted only while it is Active")
		refuse_argument(argument, reason.format(repr(organization), _(status)), NotActiveError)


def usable_job_type(name: str, argument: str) -> JobType:
	try:
		job_type = frappe.get_cached_doc("Job Type", name)
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		job_type = None
	# the database takes names for equal that differ in case or accents
	if not job_type or job_type.name != name:
		refuse_argument(argument, _("no Job Type {0}").format(repr(name)), frappe.DoesNotExistError)
	if not job_type.is_enabled:
		refuse_argument(argument, _("{0} is disabled").format(repr(name)), NotActiveError)
	if not may_use(job_type):
		reason = _("{0} needs permission to create {1}")
		reason = reason.format(repr(name), _(job_type.requires_permission))
		refuse_argument(argument, reason, frappe.PermissionError)
	return job_type


def may_use(job_type: JobType | frappe._dict) -> bool:
	"""Whether the session's user has the permission that the type requires."""
	required = job_type.requires_permission
	return not required or bool(frappe.has_permission(required, "create"))


def _refuse_mask(parameters: str, argument: str) -> None:
	place = kept_texts.place_of_mask(parameters)
	if place:
		reason = _("has the dots that are shown in place of a secret; send the secret itself")
		refuse_argument(f"{argument}{path_of(place)}", reason)


def _check_priority(priority: str | None, argument: str) -> None:
	if priority is not None and priority not in PRIORITIES:
		refuse_argument(argument, _("{0} is none of {1}").format(repr(priority), ", ".join(PRIORITIES)))


def _parents_of(requests: Sequence[JobRequest]) -> dict[str, tuple[str, str, int]]:
	"""Organization, status and whether it is a dry run, of those jobs that these are to depend on."""
	names = list({name for request in requests for name in request.parents})
	found: dict[str, tuple[str, str, int]] = {}
	for start in range(0, len(names), LOOKED_UP_AT_ONCE):
		job = frappe.qb.DocType("Background Job")
		query = frappe.qb.from_(job).select(job.name, job.organization, job.status, job.is_dry_run)
		rows = query.where(job.name.isin(names[start : start + LOOKED_UP_AT_ONCE])).run()
		found.update({name: tuple(columns) for name, *columns in rows})
	return found


def instant_of(value: When, argument: str) -> datetime | None:
	"""When a job is due, in naive UTC; raises ValidationError for what is no time, or none of the site's."""
	if value is None:
		return None
	try:
		due = times.instant_of(value)
		# the job's page shows the time in the site's zone: refuse a time that has none there
		times.from_utc(due)
		return due
	except times.NoSuchTimeError as error:
		refuse_argument(argument, _no_such_time(error))
	except (ValueError, OverflowError):
		refuse_argument(
			argument,
			_("{0} is no date and time, for example 2026-12-31T08:00:00Z").format(repr(value)),
		)


def expiry_of(value: When, due: datetime | None, argument: str) -> datetime | None:
	"""When a job that has not started is of no use any more, in naive UTC; raises ValidationError."""
	expires = instant_of(value, argument)
	if expires is None:
		return None
	if expires <= times.utc_now():
		refuse_argument(argument, _("{0} is over").format(repr(value)))
	if due and expires <= due:
		refuse_argument(argument, _("{0} is not later than scheduled_at").format(repr(value)))
	return expires


def _no_such_time(error: times.NoSuchTimeError) -> str:
	reason = _("{0} does not exist in {1}, where clocks are put forward then; say it in UTC, with a Z")
	return reason.format(error.time, error.zone)


def _new_job(
	request: JobRequest,
	job_type: JobType,
	parameters: str,
	due: datetime | None,
	expires: datetime | None,
) -> BackgroundJob:
	user = frappe.session.user
	owner = user if job_type.equal_per_owner else None
	limited = Limits.parse(job_type.limits)
	# a dry run is no job that another one could equal
	rule = equal_jobs.ALLOW if request.dry_run else job_type.equal_jobs or equal_jobs.REFUSE
	compared = _compared(request, job_type.names_of_equal_parameters(), parameters)
	job_hash = json_objects.hash_of(job_type.name, request.organization, compared, owner)
	has_key = rule != equal_jobs.ALLOW and (rule != equal_jobs.REFUSE or job_type.deduplication_window)
	job = BackgroundJob(
		{
			"doctype": "Background Job",
			"job_type": job_type.name,
			"organization": request.organization,
			"owner_user": user,
			"status": PENDING,
			"priority": request.priority or job_type.default_priority,
			"dependency_rule": request.dependency_rule,
			"scheduled_at": times.from_utc(due) if due else None,
			"scheduled_at_utc": due,
			"expires_at": times.from_utc(expires) if expires else None,
			"expires_at_utc": expires,
			"limit_key": key_of(job_type.name, limited, parameters) if limited else None,
			"input_parameters": parameters,
			"job_hash": job_hash,
			"deduplication_key": job_hash if has_key else None,
			"timeout_seconds": job_type.default_timeout,
			"max_retries": 0 if request.dry_run else job_type.max_retries,
			"is_dry_run": int(request.dry_run),
			"retry_count": 0,
			"progress": 0.0,
			"owner": user,
			"modified_by": user,
		}
	)
	job.flags.parents = request.parents
	job.flags.equal_rule = rule
	if job_type.debounce_seconds and not request.dry_run:
		job.flags.debounce = (job_type.debounce_seconds, job_type.debounce_longest_wait)
	return job


def _compared(request: JobRequest, names: Sequence[str], parameters: str) -> str:
	"""Those of the parameters, as JSON, that are equal in equal jobs; all of them without names."""
	if not names:
		return parameters
	given = request.parameters or {}
	return json_objects.serialize_parameters({name: given[name] for name in names if name in given})
