"""Events in any order that Hypothesis thinks of, in one process without a worker, checked after each."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

import frappe
import pytest
from driven import make_due, settle
from factories import OBLIGING, acting_as, changed, queued_wake_ups
from frappe.utils import now_datetime
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
	Bundle,
	RuleBasedStateMachine,
	consumes,
	invariant,
	multiple,
	rule,
	run_state_machine_as_test,
)
from processes import shortened

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	JobCanceledError,
	PermanentError,
	TransientError,
	cancel_group,
	cancel_job,
	discard_job,
	executor,
	retry_group,
	retry_job,
	scheduler,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher, parents
from dartwing.dartwing_core.background_jobs.errors import JobEngineError
from dartwing.dartwing_core.background_jobs.execution.outcomes import (
	Abandoned,
	Completed,
	Failed,
	Outcome,
	TimedOut,
)
from dartwing.dartwing_core.background_jobs.groups.settling import status_of
from dartwing.dartwing_core.background_jobs.statuses import (
	DEPENDENCY_RULES,
	END,
	ENDED_WITHOUT_SUCCESS,
	SUCCESS,
	UNFINISHED,
)
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter, recovery
from dartwing.dartwing_core.doctype.background_job.background_job import (
	ACTIVE,
	FINISHED,
	PRIORITIES,
	VALID_TRANSITIONS,
	WAITING_FOR_RETRY,
)

MARKER = "written by a test"
WINDOW = 3
FIELDS = [
	"name",
	"organization",
	"status",
	"job_group",
	"dependency_rule",
	"ready_at",
	"attempt_id",
	"rq_job_id",
]
FIELDS += ["retry_count", "max_retries", "modified"]


class Engine(RuleBasedStateMachine):
	"""Jobs of two organizations with a window of three; attempts are claimed and settled by hand."""

	world = None
	jobs = Bundle("jobs")
	attempts = Bundle("attempts")

	def __init__(self) -> None:
		super().__init__()
		self.world.clear()
		self.accepted: set[str] = set()

	# --- rules

	@rule(target=jobs, priority=st.sampled_from(PRIORITIES), at_alpha=st.booleans(), later=st.booleans())
	def submit(self, priority: str, at_alpha: bool, later: bool):
		user, organization = (
			(self.world.alice, self.world.alpha) if at_alpha else (self.world.bob, self.world.beta)
		)
		at = now_datetime() + timedelta(days=1) if later else None
		return self._submit(user, organization, priority=priority, scheduled_at=at)

	@rule(target=jobs, parent=jobs)
	def submit_child(self, parent: str):
		organization = frappe.db.get_value("Background Job", parent, "organization") or self.world.alpha
		if parent not in self.accepted:
			with pytest.raises(frappe.DoesNotExistError, match="depends_on: no job"):
				self._submit("Administrator", organization, depends_on=parent)
			frappe.db.rollback()
			return multiple()
		if frappe.db.get_value("Background Job", parent, "status") in ("Dead Letter", "Canceled"):
			with pytest.raises(frappe.ValidationError, match="would never start"):
				self._submit("Administrator", organization, depends_on=parent)
			frappe.db.rollback()
			return multiple()
		return self._submit("Administrator", organization, depends_on=parent)

	@rule(target=jobs, one=jobs, other=jobs, needs=st.sampled_from(DEPENDENCY_RULES))
	def submit_child_of_two(self, one: str, other: str, needs: str):
		if not {one, other} <= self.accepted:
			return multiple()
		parents = [
			frappe.db.get_value("Background Job", name, ["organization", "status"]) for name in (one, other)
		]
		(organization, _status), (others, _status) = parents
		is_dead = needs == SUCCESS and any(status in ENDED_WITHOUT_SUCCESS for _name, status in parents)
		if others != organization or is_dead:
			with pytest.raises(frappe.ValidationError, match="depends_on: "):
				self._submit("Administrator", organization, depends_on=[one, other], dependency_rule=needs)
			frappe.db.rollback()
			return multiple()
		return self._submit("Administrator", organization, depends_on=[one, other], dependency_rule=needs)

	@rule(
		target=jobs,
		edges=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4),
		needs=st.sampled_from(DEPENDENCY_RULES),
		with_on_end=st.booleans(),
	)
	def submit_flow(self, edges: list[tuple[int, int]], needs: str, with_on_end: bool):
		"""A flow of four jobs, of which some come after others: always one with a higher number."""
		work = [Job(OBLIGING, {"mode": "succeed"}, dependency_rule=needs) for _ in range(4)]
		pairs = [work[min(edge)] >> work[max(edge)] for edge in edges if edge[0] != edge[1]]
		flow = Flow(
			"a flow", work, *pairs, on_end=Job(OBLIGING, {"mode": "succeed"}) if with_on_end else None
		)
		with acting_as(self.world.alice):
			made = flow.submit(self.world.alpha)
			frappe.db.commit()
		names = [job.name for job in (*made.jobs, made.on_end) if job]
		self.accepted.update(names)
		return multiple(*names)

	@rule(job=jobs, action=st.sampled_from((cancel_group, retry_group)))
	def change_group(self, job: str, action) -> None:
		group = frappe.db.get_value("Background Job", job, "job_group")
		if group:
			action(group)
			frappe.db.commit()

	@rule(job=jobs)
	def delete(self, job: str) -> None:
		if frappe.db.get_value("Background Job", job, "status") in FINISHED:
			frappe.delete_doc("Background Job", job)
			frappe.db.delete("Person", {"first_name": f"{MARKER} {job}"})
			frappe.db.commit()
			self.accepted.discard(job)

	def _submit(self, user: str, organization: str, **arguments) -> str:
		with acting_as(user):
			job = submit_job(OBLIGING, organization, {"mode": "succeed"}, **arguments)
			frappe.db.commit()
		self.accepted.add(job.name)
		return job.name

	@rule(job=jobs)
	def submit_and_roll_back(self, job: str) -> None:
		submit_job(OBLIGING, self.world.alpha, {"mode": "succeed"})
		frappe.db.rollback()

	@rule()
	def dispatch(self) -> None:
		dispatcher.dispatch_ready()

	@rule()
	def tick(self) -> None:
		scheduler.tick()

	@rule(job=jobs)
	def let_time_come(self, job: str) -> None:
		make_due(job)

	@rule(target=attempts, job=jobs)
	def claim(self, job: str):
		claimed = executor.claim(job)
		return claimed or multiple()

	@rule(attempt=consumes(attempts))
	def succeed(self, attempt) -> None:
		self._settle(attempt, Completed(None, None))

	@rule(attempt=consumes(attempts))
	def succeed_twice(self, attempt) -> None:
		for _ in range(2):
			self._settle(attempt, Completed(None, None))

	@rule(attempt=consumes(attempts))
	def fail(self, attempt) -> None:
		self._settle(attempt, Failed.of(TransientError("a test's"), "traceback"))

	@rule(attempt=consumes(attempts))
	def fail_for_good(self, attempt) -> None:
		self._settle(attempt, Failed.of(PermanentError("a test's"), "traceback"))

	@rule(attempt=consumes(attempts))
	def time_out(self, attempt) -> None:
		self._settle(attempt, TimedOut(1, "traceback"))

	@rule(attempt=consumes(attempts))
	def give_up(self, attempt) -> None:
		self._settle(attempt, Abandoned.of(JobCanceledError("a test's"), "traceback"))

	def _settle(self, attempt, outcome: Outcome) -> None:
		"""As a horse does it: the handler's row, and then what became of the attempt."""
		name = f"{MARKER} {attempt.name}"
		frappe.get_doc({"doctype": "Person", "first_name": name}).insert(ignore_permissions=True)
		settle(attempt, outcome)

	@rule(attempt=attempts)
	def lose_the_worker(self, attempt) -> None:
		"""The attempt is still in the bundle: what it settles later is a zombie's."""
		frappe.db.sql(
			"update `tabBackground Job` set heartbeat_at = '2026-01-01', started_at = '2026-01-01'"
			" where name = %s and attempt_id = %s",
			(attempt.name, attempt.attempt_id),
		)
		frappe.db.commit()
		self._forget_wake_ups()
		recovery.recover()

	@rule()
	def lose_all_wake_ups(self) -> None:
		self._forget_wake_ups()
		frappe.db.sql("update `tabBackground Job` set queued_at = '2026-01-01' where status = 'Queued'")
		frappe.db.commit()
		recovery.recover()

	def _forget_wake_ups(self) -> None:
		for queue in ("short", "default", "long"):
			for rq_job in queued_wake_ups(queue):
				rq_job.delete()

	@rule(job=jobs)
	def cancel(self, job: str) -> None:
		self._if_it_may_be(cancel_job, job)

	@rule(job=jobs)
	def retry(self, job: str) -> None:
		self._if_it_may_be(retry_job, job)

	@rule(job=jobs)
	def discard(self, job: str) -> None:
		self._if_it_may_be(discard_job, job, "a test's")

	@rule()
	def retry_all(self) -> None:
		dead_letter.retry_jobs(filters={"organization": self.world.alpha})
		frappe.db.commit()

	def _if_it_may_be(self, action, *arguments) -> None:
		try:
			action(*arguments)
			frappe.db.commit()
		except (JobEngineError, frappe.DoesNotExistError):
			frappe.db.rollback()

	# --- invariants

	@invariant()
	def everything_holds(self) -> None:
		frappe.db.rollback()
		both = ("in", self.world.organizations)
		rows = frappe.get_all("Background Job", {"organization": both}, FIELDS)
		jobs = {row.name: row for row in rows}
		assert set(jobs) == self.accepted, "a job was lost, or appeared"
		self._check_logs(jobs)
		self._check_windows(jobs)
		self._check_effects(jobs)
		parents_of = parents.of_jobs(list(jobs))
		at_end = set(frappe.get_all("Job Group", {"on_end_job": ("is", "set")}, pluck="on_end_job"))
		for job in rows:
			statuses = {state.status for state in parents_of.get(job.name, {}).values()}
			if job.dependency_rule == END:
				self._check_waiting_for_ends(job, statuses)
			elif job.name not in at_end:
				self._check_waiting(job, statuses)
			self._check_row(job)
		self._check_groups(rows)

	def _check_logs(self, jobs: dict) -> None:
		steps = defaultdict(list)
		for step in frappe.get_all(
			"Job Execution Log",
			{"background_job": ("in", list(jobs) or [""])},
			["background_job", "from_status", "to_status", "timestamp"],
			order_by="timestamp asc",
		):
			steps[step.background_job].append(step)
		for name, job in jobs.items():
			log = steps[name]
			assert (log[0].from_status or None) is None, f"{name}: the log begins in the middle"
			for step in log:
				assert step.to_status in VALID_TRANSITIONS[step.from_status or None], f"{name}: {step}"
			for before, after in pairwise(log):
				assert before.to_status == after.from_status, f"{name}: a transition is missing"
				assert before.timestamp < after.timestamp, f"{name}: the order is not total"
			assert log[-1].to_status == job.status, f"{name}: log and row disagree"

	def _check_windows(self, jobs: dict) -> None:
		for organization in (self.world.alpha, self.world.beta):
			active = [
				job for job in jobs.values() if job.organization == organization and job.status in ACTIVE
			]
			assert len(active) <= WINDOW, f"{organization} has more jobs under way than its window"

	def _check_effects(self, jobs: dict) -> None:
		people = frappe.get_all("Person", {"first_name": ("like", f"{MARKER}%")}, pluck="first_name")
		completed = [f"{MARKER} {name}" for name, job in jobs.items() if job.status == "Completed"]
		assert sorted(people) == sorted(completed), "effects are those of completed jobs, once each"

	def _check_waiting(self, job, statuses: set[str]) -> None:
		released = statuses <= {"Completed"}
		may_go = job.status in WAITING_FOR_RETRY or (job.status == "Pending" and released)
		assert bool(job.ready_at) == may_go, f"{job.name} is {job.status}, ready at {job.ready_at}"
		if job.status in ("Queued", "Running", "Completed"):
			assert released, f"{job.name} started before its parents were Completed"
		if statuses & set(ENDED_WITHOUT_SUCCESS):
			assert job.status in ("Dead Letter", "Canceled"), f"{job.name} waits for a dead parent"

	def _check_waiting_for_ends(self, job, statuses: set[str]) -> None:
		"""Once it was let go on, a parent may be retried: it has ended all the same."""
		if job.status == "Pending" and not job.ready_at:
			assert statuses & set(UNFINISHED), f"{job.name} waits for parents that have ended"

	def _check_groups(self, rows: list) -> None:
		members = defaultdict(Counter)
		for job in rows:
			members[job.job_group][job.status] += 1
		jobs = {job.name: job for job in rows}
		fields = ["name", "status", "ended_at", "on_end_job"]
		for group in frappe.get_all("Job Group", {"organization": self.world.alpha}, fields):
			counted = members[group.name]
			is_open = any(counted[status] for status in UNFINISHED)
			expected = "Running" if is_open else status_of(counted)
			# when all jobs of a group are deleted, it is what it was
			assert not counted or group.status == expected, f"{group} has {counted}"
			assert bool(group.ended_at) == (group.status != "Running"), group
			on_end = jobs.get(group.on_end_job)
			if on_end and group.ended_at:
				assert on_end.status != "Pending" or on_end.ready_at, f"{on_end} waits for {group}"

	def _check_row(self, job) -> None:
		if job.status == "Running":
			assert job.attempt_id, f"{job.name} runs without an attempt"
		if job.status == "Queued":
			assert job.rq_job_id, f"{job.name} is Queued without a wake-up"
			assert not job.attempt_id, f"{job.name} is Queued with an attempt"
		assert job.retry_count <= job.max_retries


@pytest.fixture
def small_windows(world):
	of_window = {"override_job_window": 1, "job_window": WINDOW}
	with (
		changed("Organization", world.alpha, **of_window),
		changed("Organization", world.beta, **of_window),
		changed("Job Type", OBLIGING, max_retries=2),
	):
		yield


def test_whatever_happens_in_whatever_order_the_invariants_hold(world, runtime, small_windows):
	Engine.world = world
	bounded = settings(
		max_examples=40,
		stateful_step_count=30,
		deadline=None,
		derandomize=True,
		database=None,
		phases=[Phase.generate, Phase.shrink],
		suppress_health_check=list(HealthCheck),
	)
	with shortened(runtime, dispatch_turn=2):
		run_state_machine_as_test(Engine, settings=bounded)
