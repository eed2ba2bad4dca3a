"""kill -9 between any two statements of what replaces, debounces, limits and paces: all ends as it should."""

import frappe
import pytest
from driven import drive_to_the_end, let_time_come, settle, unfinished
from factories import make_job_type, queued_wake_ups, submit_as, transitions
from killing import deaths

from dartwing.dartwing_core.background_jobs import TransientError, executor
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed, Failed
from dartwing.dartwing_core.background_jobs.upkeep import recovery

TYPE = "killed_job"
REPLACED = {"equal_jobs": "Replace Waiting", "equal_parameters": "customer"}
DEBOUNCED = {"debounce_seconds": 60, "debounce_longest_wait": 90}

pytestmark = pytest.mark.usefixtures("impatient")


class Jobs:
	"""Jobs of one customer after the other, numbered as they are submitted."""

	def __init__(self, world, **values) -> None:
		make_job_type(TYPE, max_retries=3, **values)
		frappe.db.commit()
		self.world = world
		self.customer = 0

	def begin(self, count: int) -> list[str]:
		"""So many jobs of another customer; those of the one before have ended."""
		assert unfinished(TYPE) == []
		# no start of theirs counts against a pace
		let_time_come()
		self.customer += 1
		return [self.submit(number) for number in range(1, count + 1)]

	def submit(self, number: int) -> str:
		parameters = {"customer": self.customer, "n": number}
		return submit_as(self.world.alice, TYPE, self.world.alpha, parameters).name

	def end(self) -> list[int]:
		"""Rescue those whose process died, and have all succeed; the numbers of the jobs, as they started."""
		frappe.db.sql(
			"""update `tabBackground Job` set heartbeat_at = '2026-01-01', started_at = '2026-01-01',
			queued_at = '2026-01-01' where status in ('Queued', 'Running')"""
		)
		frappe.db.commit()
		for queue in ("short", "default", "long"):
			for wake_up in queued_wake_ups(queue):
				wake_up.delete()
		recovery.recover()
		order: list[int] = []

		def started(attempt) -> None:
			assert frappe.db.count("Background Job", {"job_type": TYPE, "status": "Running"}) == 1
			order.append(frappe.parse_json(attempt.input_parameters)["n"])

		drive_to_the_end(TYPE, started)
		held = {"job_type": TYPE, "held_by": ("is", "set")}
		assert frappe.get_all("Background Job", held) == []
		return order


def test_a_submission_that_replaces_what_waits(world):
	jobs = Jobs(world, **REPLACED)
	jobs.begin(1)
	seen = set()
	for _death in deaths(lambda: jobs.submit(2)):
		assert len(unfinished(TYPE)) == 1, "the former one or the new one"
		seen.add(tuple(jobs.end()))
		assert jobs.submit(3), "nothing keeps the key"
		assert jobs.end() == [3]
		jobs.begin(1)
	assert seen == {(1,), (2,)}


def test_a_submission_behind_one_that_runs(world):
	jobs = Jobs(world, **REPLACED)

	def set_up() -> None:
		(first,) = jobs.begin(1)
		assert executor.claim(first)
		jobs.submit(2)

	set_up()
	seen = set()
	for _death in deaths(lambda: jobs.submit(3)):
		assert len(unfinished(TYPE)) == 2
		# the worker of the first one is gone as well: its job steps aside
		order = jobs.end()
		assert order == sorted(order)
		seen.add(order[-1])
		set_up()
	assert seen == {2, 3}


def test_a_job_that_fails_before_a_newer_one(world):
	jobs = Jobs(world, **REPLACED)
	attempts = []

	def set_up() -> None:
		(first,) = jobs.begin(1)
		attempts[:] = [executor.claim(first)]
		jobs.submit(2)

	set_up()
	seen = set()
	for _death in deaths(lambda: settle(attempts[0], a_failure())):
		order = jobs.end()
		assert order == sorted(order)
		assert order[-1] == 2
		seen.add(tuple(order))
		set_up()
	assert (2,) in seen


def a_failure() -> Failed:
	return Failed.of(TransientError("a test's"), "traceback")


@pytest.mark.parametrize("rule", ["Answer Existing", "Replace Waiting"])
def test_a_submission_that_puts_off_a_debounced_one(world, rule):
	jobs = Jobs(world, **{**REPLACED, "equal_jobs": rule, **DEBOUNCED})
	jobs.begin(1)
	seen = set()
	for _death in deaths(lambda: jobs.submit(2)):
		(name,) = unfinished(TYPE)
		fields = ["ready_at", "debounced_since", "debounced_until"]
		ready_at, since, until = frappe.db.get_value("Background Job", name, fields)
		assert ready_at == until
		assert (until - since).total_seconds() <= DEBOUNCED["debounce_longest_wait"]
		seen.add(tuple(jobs.end()))
		jobs.begin(1)
	assert seen == ({(1,)} if rule == "Answer Existing" else {(1,), (2,)})


LIMITS = {
	"limit": {"max_running_in_organization": 1},
	"pace": {"start_limit": 1, "start_limit_window": 3600, "max_running_on_site": 1},
}


@pytest.mark.parametrize("values", LIMITS.values(), ids=LIMITS.keys())
def test_the_claim_and_the_end_of_a_limited_job(world, values):
	jobs = Jobs(world, **values)
	names = jobs.begin(3)
	for _death in deaths(lambda: settle(executor.claim(names[0]), Completed(None, None))):
		assert sorted(set(jobs.end())) in ([1, 2, 3], [2, 3])
		assert {transitions(name)[-1] for name in names} == {("Running", "Completed")}
		names[:] = jobs.begin(3)


@pytest.mark.parametrize("values", LIMITS.values(), ids=LIMITS.keys())
def test_the_dispatch_of_what_was_held_back(world, values):
	jobs = Jobs(world, **values)

	def set_up() -> None:
		first = jobs.begin(3)[0]
		settle(executor.claim(first), a_failure())
		frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 1 day")
		frappe.db.commit()

	set_up()
	for _death in deaths(dispatcher.dispatch_ready):
		assert sorted(set(jobs.end())) == [1, 2, 3]
		set_up()
