"""Flows: jobs that are one piece of work, in the order in which they depend on each other.

In Python, `Flow("Scan", Job("split") >> [Job("ocr", {"page": 1}), Job("ocr", {"page": 2})] >> Job("merge"))`;
as JSON, a list of jobs that name each other in `depends_on`. A flow is checked whole before anything of it
is written; then its jobs and their group are inserted, all or none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.announcing.masking import NO_SECRETS, Secrets
from dartwing.dartwing_core.background_jobs.database import inserts
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch.equal_jobs import REFUSE
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.groups import rows
from dartwing.dartwing_core.background_jobs.submission import acceptance, idempotency
from dartwing.dartwing_core.background_jobs.submission.checks import (
	MAX_TITLE,
	JobRequest,
	SubmissionChecks,
	When,
	checked_title,
)
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob, of_row

# of one job of a flow, as JSON says it
KEYS = (
	"name",
	"job_type",
	"parameters",
	"priority",
	"scheduled_at",
	"depends_on",
	"dependency_rule",
	"expires_at",
)
MAX_DEPENDENCIES = 100_000


class Job:
	"""One job of a flow: the arguments of `submit_job` but the organization, and those that `>>` says.

	`name` is for people and for errors; in JSON, other jobs name it in their `depends_on`.
	"""

	def __init__(
		self,
		job_type: str,
		parameters: dict[str, Any] | None = None,
		*,
		name: str | None = None,
		priority: str | None = None,
		scheduled_at: When = None,
		dependency_rule: str | None = None,
		expires_at: When = None,
	) -> None:
		self.job_type = job_type
		self.parameters = parameters
		self.name = name
		self.priority = priority
		self.scheduled_at = scheduled_at
		self.dependency_rule = dependency_rule
		self.expires_at = expires_at

	def __rshift__(self, following: Any) -> "Chain":
		return Chain.of(self) >> following

	def __rrshift__(self, preceding: Any) -> "Chain":
		return Chain.of(preceding) >> self

	def request(self, organization: str) -> JobRequest:
		return JobRequest(
			self.job_type,
			organization,
			self.parameters,
			self.priority,
			None,
			self.scheduled_at,
			None,
			self.dependency_rule,
			self.expires_at,
		)


@dataclass(frozen=True)
class Chain:
	"""Jobs of which some depend on others: what `>>` makes.

	`dependencies` are pairs of a parent and its child; no job of the chain comes before those in `first`, and
	none after those in `last`.
	"""

	jobs: list[Job]
	dependencies: list[tuple[Job, Job]]
	first: list[Job]
	last: list[Job]

	@classmethod
	def of(cls, work: Any) -> "Chain":
		"""A list, or a tuple, stands for jobs side by side."""
		if isinstance(work, Chain):
			return work
		if isinstance(work, Job):
			return cls([work], [], [work], [work])
		if not isinstance(work, list | tuple):
			reason = _("must be of Job, what >> makes of them, or lists of these, not {0}")
			refuse_argument("flow", reason.format(type(work).__name__))
		parts = [cls.of(part) for part in work]
		return cls(
			[job for part in parts for job in part.jobs],
			[pair for part in parts for pair in part.dependencies],
			[job for part in parts for job in part.first],
			[job for part in parts for job in part.last],
		)

	def __rshift__(self, following: Any) -> "Chain":
		after = Chain.of(following)
		if not self.jobs or not after.jobs:
			# an empty list is nothing: what stands before it comes before what stands behind it
			return self if self.jobs else after
		_check_dependencies(len(self.dependencies) + len(self.last) * len(after.first))
		between = [(parent, child) for parent in self.last for child in after.first]
		dependencies = self.dependencies + between + after.dependencies
		return Chain(self.jobs + after.jobs, dependencies, self.first, after.last)

	def __rrshift__(self, preceding: Any) -> "Chain":
		return Chain.of(preceding) >> self


class Flow:
	"""A piece of work: `Flow("Scan", first >> [second, third] >> fourth, on_end=Job("report"))`.

	Several parts stand side by side. The same `Job` object in several parts is one job. `on_end` is started
	when all others have ended, whatever became of them; it is no member of the group.
	"""

	def __init__(self, title: str, *work: Any, on_end: Job | None = None) -> None:
		chain = Chain.of(work)
		self.title = title
		self.on_end = on_end
		self.jobs = list(dict.fromkeys(chain.jobs))
		self.parents: dict[Job, list[Job]] = {job: [] for job in self.jobs}
		for parent, child in dict.fromkeys(chain.dependencies):
			self.parents[child].append(parent)

	@classmethod
	def parse(cls, title: str, jobs: Any, on_end: Any = None) -> "Flow":
		"""From JSON; raises ValidationError, naming the place, for what is wrong in itself."""
		if not isinstance(jobs, list | tuple):
			refuse_argument("jobs", _("must be a list of objects, not {0}").format(type(jobs).__name__))
		_check_size(len(jobs))
		made = [_job_of(job, f"jobs[{index}]") for index, job in enumerate(jobs)]
		flow = cls(title, made, on_end=None if on_end is None else _job_of(on_end, "on_end"))
		flow.parents = dict(zip(made, _parents_by_name(made, jobs), strict=True))
		return flow

	def submit(self, organization: str, idempotency_key: str | None = None) -> "SubmittedFlow":
		"""Accept all jobs and their group in the caller's transaction, or raise and write nothing.

		With an `idempotency_key`, the same flow sent again is answered with the one that was accepted, as for
		`submit_job` (`job.flags.is_existing`). Errors are those of `submit_job`, and name the job:
		`jobs[3].parameters: …`.
		"""
		return submit_flow(self, organization, idempotency_key=idempotency_key)


@dataclass(frozen=True)
class SubmittedFlow:
	"""The jobs that a flow became, in its order, and the name of their Job Group."""

	group_id: str
	jobs: list[BackgroundJob]
	on_end: BackgroundJob | None


def _job_of(said: Any, place: str) -> Job:
	if not isinstance(said, Mapping):
		refuse_argument(place, _("must be an object, not {0}").format(type(said).__name__))
	for key in set(said) - set(KEYS):
		refuse_argument(f"{place}.{key}", _("there is no such argument"))
	if not said.get("job_type"):
		refuse_argument(f"{place}.job_type", _("is missing"))
	if place == "on_end" and said.get("depends_on"):
		refuse_argument("on_end.depends_on", _("it depends on all jobs of the flow"))
	return Job(**{key: value for key, value in said.items() if key != "depends_on"})


def _parents_by_name(jobs: Sequence[Job], said: Sequence[Mapping[str, Any]]) -> Iterator[list[Job]]:
	by_name: dict[str, Job] = {}
	for index, job in enumerate(jobs):
		if job.name is None:
			continue
		checked_title(job.name, f"jobs[{index}].name")
		if job.name in by_name:
			reason = _("{0} is the name of another job of the flow").format(repr(job.name))
			refuse_argument(f"jobs[{index}].name", reason)
		by_name[job.name] = job
	count = 0
	for index, one in enumerate(said):
		named = one.get("depends_on") or []
		names = [named] if isinstance(named, str) else named
		if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
			refuse_argument(f"jobs[{index}].depends_on", _("must be a name or a list of names"))
		for name in names:
			if name not in by_name:
				refuse_argument(f"jobs[{index}].depends_on", _("no job {0} in the flow").format(repr(name)))
		count += len(names)
		_check_dependencies(count)
		yield list(dict.fromkeys(by_name[name] for name in names))


def submit_flow(
	flow: Flow,
	organization: str,
	group: str | None = None,
	idempotency_key: str | None = None,
	secrets: Secrets = NO_SECRETS,
) -> SubmittedFlow:
	"""As `Flow.submit`; with `group`, the jobs become members of a group that there is.

	The title may tell no secret of the flow's jobs, nor any of `secrets`: those of the job that submits it.
	"""
	title = _checked_flow(flow, has_group=group is not None)
	wanted = [*flow.jobs, *([flow.on_end] if flow.on_end else [])]
	requests = [job.request(organization) for job in wanted]
	places = [f"jobs[{index}]." for index in range(len(flow.jobs))] + ["on_end."]
	accept = partial(_accept, flow, title, requests, places[: len(wanted)], group, secrets)
	if idempotency_key is None:
		return accept(None)
	position = {job: index for index, job in enumerate(flow.jobs)}
	parents = [sorted(position[parent] for parent in flow.parents[job]) for job in flow.jobs]
	keyed = idempotency.keyed_flow(idempotency_key, title, requests, places[: len(wanted)], parents)
	if not keyed:
		return accept(None)
	with idempotency.take_turn(keyed.values()) as turn:
		before = idempotency.find(keyed)
		if not before:
			return accept(keyed[0])
		# those that wait with the same key can be told of the flow at once
		turn.let_go()
	return _accepted_before(before[0])


def _accept(
	flow: Flow,
	title: str,
	requests: Sequence[JobRequest],
	places: Sequence[str],
	group: str | None,
	secrets: Secrets,
	key: idempotency.Keyed | None,
) -> SubmittedFlow:
	checks = SubmissionChecks(requests)
	jobs = [checks.check(request, place) for request, place in zip(requests, places, strict=True)]
	members, name = dict(zip(flow.jobs, jobs, strict=False)), group or rows.new_id()
	on_end = jobs[-1] if flow.on_end else None
	for job, made in members.items():
		made.job_group = name
		made.flags.parents = [members[parent] for parent in flow.parents[job]]
		made.flags.equal_rule = REFUSE
		if made.flags.parents:
			# equal flows are told by the jobs that they begin with
			made.deduplication_key = None
	if on_end:
		on_end.flags.equal_rule, on_end.deduplication_key = REFUSE, None
		on_end.flags.waits_for_group = True
	if any(hidden.line(title, MAX_TITLE) != title for hidden in (secrets, *(job.secrets for job in jobs))):
		refuse_argument("title", _("holds the value of a masked parameter"))
	jobs[0].update(key.fields() if key else {})
	with inserts.all_or_nothing():
		acceptance.insert(jobs, checks)
		if not group:
			rows.create(name, title, requests[0].organization, frappe.session.user, on_end and on_end.name)
	return SubmittedFlow(name, list(members.values()), on_end)


def _accepted_before(first: BackgroundJob) -> SubmittedFlow:
	"""The flow whose first job this is, as it is now; what its jobs submitted later is left out.

	It may have been committed after the snapshot of this transaction.
	"""
	fields = ["name", "status", "created_at", "job_group"]
	group = str(first.job_group)
	together = {"job_group": group, "created_at": first.created_at}
	with uncommitted_reads():
		members = frappe.get_all("Background Job", together, fields, order_by="creation asc")
		on_end = frappe.db.get_value("Job Group", group, "on_end_job")
		at_end = frappe.get_all("Background Job", {"name": on_end or ""}, fields)
	existing = [of_row(row) for row in (*members, *at_end)]
	for one in existing:
		one.flags.is_existing = True
	return SubmittedFlow(group, existing[: len(members)], existing[-1] if at_end else None)


def _checked_flow(flow: Flow, has_group: bool) -> str:
	"""The title as it is kept. Raises ValidationError for what is wrong in the flow itself."""
	title = "" if has_group else checked_title(flow.title, "title")
	if has_group and flow.on_end:
		refuse_argument("on_end", _("the group that the flow becomes a part of has an end of its own"))
	if not isinstance(flow.on_end, Job | None):
		refuse_argument("on_end", _("must be a Job, not {0}").format(type(flow.on_end).__name__))
	if flow.on_end in flow.parents:
		refuse_argument("on_end", _("is one of the jobs after whose end it is to start"))
	_check_size(len(flow.jobs))
	for job, parents in flow.parents.items():
		if len(parents) > config.MAX_PARENTS:
			reason = _("a job depends on at most {0} others, not {1}")
			place = f"jobs[{flow.jobs.index(job)}].depends_on"
			refuse_argument(place, reason.format(config.MAX_PARENTS, len(parents)))
	try:
		TopologicalSorter(flow.parents).prepare()
	except CycleError as error:
		place_of = {job: f"jobs[{index}]" for index, job in enumerate(flow.jobs)}
		circle = " → ".join(job.name or place_of[job] for job in reversed(error.args[1]))
		refuse_argument("jobs", _("they depend on each other in a circle: {0}").format(circle))
	return title


def _check_size(jobs: int) -> None:
	if not 0 < jobs <= config.MAX_BULK_SUBMIT:
		reason = _("a flow has 1 to {0} jobs, not {1}").format(config.MAX_BULK_SUBMIT, jobs)
		refuse_argument("jobs", reason)


def _check_dependencies(count: int) -> None:
	if count > MAX_DEPENDENCIES:
		reason = _("a flow has at most {0} dependencies; put a job between two long lists")
		refuse_argument("jobs", reason.format(MAX_DEPENDENCIES))
