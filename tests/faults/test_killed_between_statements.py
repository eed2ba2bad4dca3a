"""kill -9 between any two statements of what replaces, debounces, limits and paces: all ends as it should."""

from collections import Counter
from collections.abc import Callable

import frappe
import pytest
from driven import drive_to_the_end, settle, unfinished
from factories import acting_as, make_job_type, queued_wake_ups, submit_as, transitions
from killing import deaths

from dartwing.dartwing_core.background_jobs import TransientError, executor, submit_job
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed, Failed
from dartwing.dartwing_core.background_jobs.upkeep import recovery

TYPE = "killed_job"
REPLACED = {"equal_jobs": "Replace Waiting", "equal_parameters": "customer"}
DEBOUNCED = {"debounce_seconds": 60, "debounce_longest_wait": 90}

pytestmark = pytest.mark.usefixtures("impatient")


def submitted(world, number: int) -> str:
	parameters = {"customer": "C", "n": number}
	return submit_as(world.alice, TYPE, world.alpha, parameters).name


def submitting(world, number: int) -> Callable[[], None]:
	def submit() -> None:
		with acting_as(world.alice):
			submit_job(TYPE, world.alpha, {"customer": "C", "n": number})
			frappe.db.commit()

	return submit


def begin(world, count: int = 0, **values) -> list[str]:
	world.clear()
	make_job_type(TYPE, max_retries=3, **values)
	frappe.db.commit()
	return [submitted(world, number) for number in range(1, count + 1)]


def end(world) -> list[int]:
	"""Rescue those whose process died, and have all succeed; the numbers of the jobs, as they started."""
	frappe.db.sql("update `tabBackground Job` set heartbeat_at = '2026-01-01', started_at = '2026-01-01'")
	frappe.db.sql("update `tabBackground Job` set queued_at = '2026-01-01' where status = 'Queued'")
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
	frappe.db.rollback()
	names = frappe.get_all("Background Job", {"job_type": TYPE}, pluck="name")
	completed = Counter(("Running", "Completed") in transitions(name) for name in names)
	assert completed[True] >= 1
	held = {"job_type": TYPE, "held_by": ("is", "set")}
	assert frappe.get_all("Background Job", held) == []
	return order


def test_a_submission_that_replaces_what_waits(world):
	begin(world, 1, **REPLACED)
	seen = set()
	for _death in deaths(submitting(world, 2)):
		waiting = len(unfinished(TYPE))
		assert waiting == 1, "the former one or the new one"
		order = end(world)
		seen.add(tuple(order))
		assert submitted(world, 3), "nothing keeps the key"
		begin(world, 1, **REPLACED)
	assert seen == {(1,), (2,)}


def test_a_submission_behind_one_that_runs(world):
	def set_up() -> None:
		begin(world, 1, **REPLACED)
		assert executor.claim(unfinished(TYPE)[0])
		submitted(world, 2)

	set_up()
	seen = set()
	for _death in deaths(submitting(world, 3)):
		assert len(unfinished(TYPE)) == 2
		# the worker of the first one is gone as well: its job steps aside
		order = end(world)
		seen.add(order[-1])
		assert order == sorted(order)
		set_up()
	assert seen == {2, 3}


def test_a_job_that_fails_before_a_newer_one(world):
	attempts = []

	def set_up() -> None:
		(first,) = begin(world, 1, **REPLACED)
		attempts[:] = [executor.claim(first)]
		submitted(world, 2)

	def fail() -> None:
		settle(attempts[0], Failed.of(TransientError("a test's"), "traceback"))

	set_up()
	seen = set()
	for _death in deaths(fail):
		order = end(world)
		seen.add(tuple(order))
		assert order == sorted(order)
		assert order[-1] == 2
		set_up()
	assert (2,) in seen


@pytest.mark.parametrize("rule", ["Answer Existing", "Replace Waiting"])
def test_a_submission_that_puts_off_a_debounced_one(world, rule):
	values = {**REPLACED, "equal_jobs": rule, **DEBOUNCED}
	begin(world, 1, **values)
	seen = set()
	for _death in deaths(submitting(world, 2)):
		(name,) = unfinished(TYPE)
		ready_at, since, until = frappe.db.get_value(
			"Background Job", name, ["ready_at", "debounced_since", "debounced_until"]
		)
		assert ready_at == until
		assert (until - since).total_seconds() <= DEBOUNCED["debounce_longest_wait"]
		order = end(world)
		seen.add(tuple(order))
		begin(world, 1, **values)
	assert seen == ({(1,)} if rule == "Answer Existing" else {(1,), (2,)})


LIMITS = {
	"limit": {"max_running_in_organization": 1},
	"pace": {"start_limit": 1, "start_limit_window": 3600, "max_running_on_site": 1},
}


@pytest.mark.parametrize("values", LIMITS.values(), ids=LIMITS.keys())
def test_the_claim_and_the_end_of_a_limited_job(world, values):
	jobs = begin(world, 3, **values)

	def work() -> None:
		attempt = executor.claim(jobs[0])
		settle(attempt, Completed(None, None))

	for _death in deaths(work):
		order = end(world)
		assert sorted(set(order)) in ([1, 2, 3], [2, 3])
		assert {transitions(name)[-1] for name in jobs} == {("Running", "Completed")}
		jobs[:] = begin(world, 3, **values)


@pytest.mark.parametrize("values", LIMITS.values(), ids=LIMITS.keys())
def test_the_dispatch_of_what_was_held_back(world, values):
	def set_up() -> None:
		jobs = begin(world, 3, **values)
		settle(executor.claim(jobs[0]), Failed.of(TransientError("a test's"), "traceback"))
		frappe.db.sql("update `tabJob Start` set started_at = started_at - interval 1 day")
		frappe.db.commit()

	set_up()
	for _death in deaths(dispatcher.dispatch_ready):
		assert sorted(set(end(world))) == [1, 2, 3]
		set_up()
