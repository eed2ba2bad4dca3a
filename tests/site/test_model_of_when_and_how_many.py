"""Equal jobs and limits, in any order of events that Hypothesis thinks of: checked after each and at the end.

One process, no worker: attempts are claimed and settled by hand, as a worker does it.
"""

from collections import Counter, defaultdict
from typing import Any

import frappe
import pytest
from driven import drive_to_the_end, make_due, settle
from factories import acting_as, make_job_type
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

from dartwing.dartwing_core.background_jobs import (
	PermanentError,
	Snooze,
	TransientError,
	cancel_job,
	executor,
	retry_job,
	scheduler,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, JobEngineError
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed, Failed, Snoozed
from dartwing.dartwing_core.background_jobs.statuses import UNFINISHED

TYPE = "modelled_job"
CUSTOMERS = ("one", "two")
NO_LIMITS = {
	"max_running_on_site": 0,
	"max_running_in_organization": 0,
	"max_running_per_value": 0,
	"start_limit": 0,
}
LIMITS = (
	{},
	{"max_running_on_site": 1},
	{"max_running_on_site": 2, "max_running_in_organization": 1},
	{"max_running_per_value": 1},
	{"start_limit": 1, "starts_counted_per": "Site"},
	{"start_limit": 2, "starts_counted_per": "Organization", "max_running_per_value": 2},
	{"start_limit": 1, "starts_counted_per": "Value"},
)
WINDOW_SECONDS = 3600
FIELDS = ["name", "organization", "status", "ready_at", "held_by", "owner_user"]


class Model(RuleBasedStateMachine):
	"""Jobs of two organizations, each for a customer; `EQUAL` is what becomes of equal ones."""

	world: Any = None
	EQUAL = "Allow"
	jobs = Bundle("jobs")
	attempts = Bundle("attempts")

	def __init__(self) -> None:
		super().__init__()
		self.world.clear()
		make_job_type(
			TYPE,
			equal_jobs=self.EQUAL,
			equal_parameters="customer",
			limited_parameter="customer",
			deduplication_window=WINDOW_SECONDS if self.EQUAL == "Refuse" else 0,
			start_limit_window=WINDOW_SECONDS,
			max_retries=1,
		)
		frappe.db.commit()
		self.limits: dict[str, Any] = {}
		# by id: organization and customer, and which submission it was
		self.of: dict[str, tuple[str, str]] = {}
		self.number: dict[str, int] = {}
		self.given_up: set[str] = set()
		self.retried: set[str] = set()
		self.newest_started: dict[tuple[str, str], int] = defaultdict(int)

	# --- what happens

	@rule(target=jobs)
	def submit_for_the_same(self):
		return self.submit(True, CUSTOMERS[0])

	@rule(target=jobs, at_alpha=st.booleans(), customer=st.sampled_from(CUSTOMERS))
	def submit(self, at_alpha: bool, customer: str):
		number = len(self.number) + 1
		user, organization = (
			(self.world.alice, self.world.alpha) if at_alpha else (self.world.bob, self.world.beta)
		)
		with acting_as(user):
			try:
				job = submit_job(TYPE, organization, {"customer": customer, "n": number})
			except DuplicateJobError as error:
				frappe.db.rollback()
				self.check_refusal(error, (organization, customer))
				return multiple()
			frappe.db.commit()
		if job.flags.is_existing:
			assert self.EQUAL == "Answer Existing"
			assert self.of[job.name] == (organization, customer)
			return multiple()
		self.of[job.name], self.number[job.name] = (organization, customer), number
		return job.name

	def check_refusal(self, error: DuplicateJobError, key: tuple[str, str]) -> None:
		assert self.EQUAL == "Refuse", "nothing here keeps what waits from being replaced"
		assert self.of[error.existing_job_id] == key

	@rule(limits=st.sampled_from(LIMITS))
	def change_limits(self, limits: dict[str, Any]) -> None:
		frappe.get_doc("Job Type", TYPE).update({**NO_LIMITS, **limits}).save()
		frappe.db.commit()
		self.limits = limits

	@rule(seconds=st.sampled_from((0, 60)))
	def change_debounce(self, seconds: int) -> None:
		if self.EQUAL in ("Answer Existing", "Replace Waiting"):
			values = {"debounce_seconds": seconds, "debounce_longest_wait": 2 * seconds}
			frappe.get_doc("Job Type", TYPE).update(values).save()
			frappe.db.commit()

	@rule()
	def dispatch(self) -> None:
		dispatcher.dispatch_ready()

	@rule()
	def tick(self) -> None:
		scheduler.tick()

	@rule()
	def let_windows_pass(self) -> None:
		frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 1 day")
		frappe.db.commit()

	@rule(job=jobs)
	def let_time_come(self, job: str) -> None:
		make_due(job)

	@rule(target=attempts)
	def claim_the_oldest(self):
		queued = {"job_type": TYPE, "status": "Queued"}
		names = frappe.get_all("Background Job", queued, pluck="name", order_by="queued_at, name", limit=1)
		return self.claim(names[0]) if names else multiple()

	@rule(target=attempts, job=jobs)
	def claim(self, job: str):
		attempt = executor.claim(job)
		if not attempt:
			return multiple()
		self.check_start(attempt)
		return attempt

	def check_start(self, attempt) -> None:
		self.check_limits(attempt.name)
		self.check_order(attempt.name)

	@rule(attempt=consumes(attempts))
	def succeed(self, attempt) -> None:
		settle(attempt, Completed(None, None))

	@rule(attempt=consumes(attempts))
	def fail(self, attempt) -> None:
		settle(attempt, Failed.of(TransientError("a test's"), "traceback"))

	@rule(attempt=consumes(attempts))
	def fail_for_good(self, attempt) -> None:
		settle(attempt, Failed.of(PermanentError("a test's"), "traceback"))

	@rule(attempt=consumes(attempts))
	def snooze(self, attempt) -> None:
		settle(attempt, Snoozed.of(Snooze(600)))

	@rule(job=jobs)
	def cancel(self, job: str) -> None:
		if self.tried(cancel_job, job):
			self.given_up.add(job)

	@rule(job=jobs)
	def retry(self, job: str) -> None:
		if self.tried(retry_job, job):
			self.retried.add(job)

	def tried(self, action, job: str) -> bool:
		try:
			action(job)
			frappe.db.commit()
			return True
		except JobEngineError:
			frappe.db.rollback()
			return False

	# --- what always holds

	def rows(self) -> list[Any]:
		frappe.db.rollback()
		return frappe.get_all("Background Job", {"job_type": TYPE}, FIELDS)

	def check_limits(self, started: str) -> None:
		"""Whenever one starts, no more run, and no more have started, than the type says at that moment."""
		running = [job for job in self.rows() if job.status == "Running"]
		in_organization = Counter(job.organization for job in running)
		of_value = Counter(self.of[job.name] for job in running)
		for field, counted in (
			("max_running_on_site", Counter(site=len(running))),
			("max_running_in_organization", in_organization),
			("max_running_per_value", of_value),
		):
			most = self.limits.get(field)
			assert not most or max(counted.values()) <= most, (field, counted)
		if self.limits.get("start_limit"):
			self.check_pace(started)

	def check_pace(self, started: str) -> None:
		query = """select background_job from `tabJob Start`
			where scope_key = (select scope_key from `tabJob Start` where background_job = %s
				order by started_at desc limit 1)
			and started_at > utc_timestamp(6) - interval %s second"""
		together = frappe.db.sql(query, (started, WINDOW_SECONDS), pluck=True)
		assert started in together
		assert len(together) <= self.limits["start_limit"]
		in_scope = {"Site": lambda key: (), "Organization": lambda key: key[0], "Value": lambda key: key}
		scope_of = in_scope[self.limits["starts_counted_per"]]
		assert len({scope_of(self.of[job]) for job in together}) == 1, (
			"starts are counted together that are not"
		)

	def check_order(self, job: str) -> None:
		"""Where what waits is replaced, none starts after a newer one but a dead letter that is retried."""
		if self.EQUAL == "Replace Waiting" and job not in self.retried:
			key = self.of[job]
			assert self.number[job] >= self.newest_started[key], "older parameters ran after newer ones"
			self.newest_started[key] = self.number[job]

	@invariant()
	def equal_jobs_are_few_enough(self) -> None:
		rows = self.rows()
		assert {job.name for job in rows} == set(self.of), "a job was lost, or appeared"
		fresh = [job for job in rows if job.name not in self.retried]
		unfinished = Counter(self.of[job.name] for job in fresh if job.status in UNFINISHED)
		running = Counter(self.of[job.name] for job in rows if job.status == "Running")
		if self.EQUAL != "Allow":
			assert max(unfinished.values(), default=0) <= (2 if self.EQUAL == "Replace Waiting" else 1)
		if self.EQUAL == "Replace Waiting":
			assert max(running.values(), default=0) <= 1, "two equal jobs run at once"

	@invariant()
	def who_is_held_back_waits(self) -> None:
		for job in self.rows():
			if job.held_by:
				assert job.status in ("Pending", "Failed", "Timed Out"), job
				assert not job.ready_at, job

	# --- the end

	def teardown(self) -> None:
		"""Nothing is held for ever, and what was asked for last was done."""
		frappe.db.rollback()
		drive_to_the_end(TYPE, self.check_start)
		if self.EQUAL == "Replace Waiting":
			self.check_that_the_newest_was_done()

	def check_that_the_newest_was_done(self) -> None:
		status = {job.name: job.status for job in self.rows()}
		newest = {self.of[name]: name for name in sorted(self.of, key=self.number.__getitem__)}
		for job in newest.values():
			assert status[job] != "Canceled" or job in self.given_up, f"{job} was the newest"


class Replacing(Model):
	EQUAL = "Replace Waiting"


class Answering(Model):
	EQUAL = "Answer Existing"


class Refusing(Model):
	EQUAL = "Refuse"


@pytest.mark.parametrize("machine", [Replacing, Answering, Refusing, Model], ids=lambda one: one.EQUAL)
def test_equal_jobs_and_limits_hold_whatever_happens_in_whatever_order(world, machine):
	machine.world = world
	bounded = settings(
		max_examples=15,
		stateful_step_count=40,
		deadline=None,
		derandomize=True,
		database=None,
		phases=[Phase.generate, Phase.shrink],
		suppress_health_check=list(HealthCheck),
	)
	run_state_machine_as_test(machine, settings=bounded)
