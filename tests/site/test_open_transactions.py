"""A transaction that stays open, as that of a machine that died in its commit, lets no step wait.

The database holds what it has locked until it gives the connection up, which can take hours.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import frappe
import pytest
from driven import make_due, settle
from factories import OBLIGING, World, acting_as, second_connection, submit
from grouped import submit_group
from scheduled import make_schedule, set_due

from dartwing.dartwing_core.background_jobs import cancel_job, executor, scheduler, submit_job
from dartwing.dartwing_core.background_jobs.clock import steps
from dartwing.dartwing_core.background_jobs.execution.outcomes import Completed
from dartwing.dartwing_core.background_jobs.schedules import due
from dartwing.dartwing_core.background_jobs.upkeep import retention
from dartwing.dartwing_core.doctype.job_tally import job_tally

Open = Callable[[World], object]


def submits(world: World) -> None:
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"})


def submits_a_group(world: World) -> None:
	submit_group(3, with_on_end=True)


def cancels(world: World) -> None:
	with acting_as(world.alice):
		cancel_job(waiting(world))


def claims(world: World) -> None:
	executor.claim(waiting(world))


def ends(world: World) -> None:
	job = frappe.get_doc("Background Job", running(world))
	job.transition_to("Completed")


def counts(world: World) -> None:
	job_tally.count_new()


def counts_again(world: World) -> None:
	job_tally.recount()


def starts_a_schedule(world: World) -> None:
	due.start_due()


def cleans_up(world: World) -> None:
	retention.daily_cleanup()


def waiting(world: World) -> str:
	return frappe.db.get_value("Background Job", {"status": "Queued", "organization": world.alpha})


def running(world: World) -> str:
	return frappe.db.get_value("Background Job", {"status": "Running", "organization": world.alpha})


OPEN: tuple[Open, ...] = (
	submits,
	submits_a_group,
	cancels,
	claims,
	ends,
	counts,
	counts_again,
	starts_a_schedule,
	cleans_up,
)
STEPS: tuple[steps.Step, ...] = (
	*scheduler.EACH_TICK,
	*scheduler.EACH_DAY,
	*(one.step for one in steps.DUE),
	*steps.MENDING,
)


class Died(BaseException):
	"""The machine is gone, in the moment of its commit."""


def die(*_arguments: object, **_more: object) -> None:
	frappe.db.sql = die
	raise Died


@contextmanager
def staying_open(work: Open, world: World) -> Iterator[None]:
	"""What the work has written by its first commit, on a connection that nobody closes during the block."""
	of_the_test = frappe.local.db
	with second_connection():
		frappe.db.commit = die
		with suppress(Died):
			work(world)
		the_dead, frappe.local.db = frappe.local.db, of_the_test
		try:
			yield
		finally:
			frappe.local.db = the_dead


@pytest.fixture
def much_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""Something for each step: jobs in all states, a schedule that is due, old rows."""
	monkeypatch.setitem(frappe.conf, "dartwing_recovery_age_seconds", 0)
	frappe.db.delete("Error Log")
	submit(n=0)
	first = submit(n=1)
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=first.name)
		frappe.db.commit()
	submit_group(2)
	for number in (2, 3):
		executor.claim(submit(n=number).name)
	settle(frappe.get_doc("Background Job", executor.claim(submit(n=4).name).name), Completed(None, None))
	set_due(make_schedule())
	submit(n=5)
	make_due()
	frappe.db.commit()
	frappe.db.sql("set session innodb_lock_wait_timeout = 0")
	yield
	frappe.db.rollback()
	frappe.db.sql("set session innodb_lock_wait_timeout = default")


@pytest.mark.usefixtures("much_to_do")
@pytest.mark.parametrize("work", OPEN, ids=lambda work: work.__name__)
def test_no_step_waits_for_a_transaction_that_stays_open(world, work):
	"""But for the daily count, which waits some seconds for whoever counts."""
	with staying_open(work, world):
		waited = [step.__name__ for step in STEPS if has_to_wait(step)]
	frappe.db.rollback()
	recorded = frappe.get_all("Error Log", {"method": ("like", "dartwing%")}, ["method", "error"])
	assert (waited, recorded) == (["recount"] if work in (counts, counts_again) else [], [])


def has_to_wait(step: steps.Step) -> bool:
	frappe.db.commit()
	try:
		step()
	except frappe.QueryTimeoutError:
		frappe.db.rollback()
		return True
	frappe.db.commit()
	return False
