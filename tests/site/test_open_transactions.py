"""A transaction that stays open, as that of a machine that died in its commit, lets no step wait.

The database holds what it has locked until it gives the connection up, which can take hours.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from unittest.mock import patch

import frappe
import pytest
from driven import make_due, settle
from factories import (
	OBLIGING,
	World,
	acting_as,
	end,
	held_elsewhere,
	keep_start,
	make_job_type,
	second_connection,
	submit,
	submit_as,
)
from grouped import submit_group
from runtimes.chosen import is_a_bench
from scheduled import jobs_of, keep_slot, make_schedule, row_of, set_due

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	delete_schedule,
	executor,
	pause_schedule,
	run_for_real,
	scheduler,
	submit_job,
	update_schedule,
)
from dartwing.dartwing_core.background_jobs.clock import steps
from dartwing.dartwing_core.background_jobs.database.connections import (
	impatient_transaction,
	own_connection,
	separate_transaction,
	short_lock_waits,
)
from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.dispatch import starting_limits
from dartwing.dartwing_core.background_jobs.errors import JobBusyError
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


def saves_settings(world: World) -> None:
	frappe.get_doc("Job Engine Settings").save()
	die()


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
	saves_settings,
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


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Notification Settings")
def test_who_is_notified_of_a_job_keeps_no_other_job_waiting(world):
	"""Frappe marks the user's notifications as unseen, in a row that their browser writes too."""
	make_job_type("test_notified", notify_owner="Always")
	first, second = (submit_as(world.alice, "test_notified", world.alpha, {"n": n}).name for n in (1, 2))
	with held_elsewhere("Notification Settings", world.alice):
		end(first, "Completed")
		end(second, "Completed")
	frappe.db.rollback()
	told = frappe.get_all("Notification Log", {"for_user": world.alice}, pluck="document_name")
	assert sorted(told) == [first, second]


def test_limits_are_not_saved_while_a_job_of_the_type_is_held_and_the_others_are_let_go(world):
	jobs = [submit(n=n).name for n in range(2)]
	job_type = frappe.get_doc("Job Type", OBLIGING)
	job_type.max_running_on_site = 3
	with held_elsewhere("Background Job", jobs[1]):
		with pytest.raises(frappe.QueryTimeoutError, match="is being changed by somebody else"):
			job_type.save()
		frappe.db.rollback()
		assert executor.claim(jobs[0])
	frappe.db.rollback()
	assert frappe.db.get_value("Job Type", OBLIGING, "max_running_on_site") == 0


@pytest.mark.parametrize("block", [own_connection, separate_transaction, impatient_transaction])
def test_the_engines_own_connections_wait_some_seconds_at_most(world, block):
	with block():
		waits = frappe.db.sql("select @@innodb_lock_wait_timeout")[0][0]
	assert waits <= LOCK_WAIT_SECONDS


@pytest.mark.parametrize("block", [separate_transaction, impatient_transaction])
@pytest.mark.parametrize("fails", [False, True])
def test_a_transaction_beside_the_engines_own_ends_nothing_of_it(world, block, fails):
	names = mine, other = frappe.generate_hash(), frappe.generate_hash()

	def there() -> list[str]:
		return frappe.get_all("Comment", {"name": ("in", names)}, pluck="name")

	with own_connection():
		frappe.db.sql("insert into `tabComment` (name) values (%s)", (mine,))
		with suppress(ZeroDivisionError), block():
			frappe.db.sql("insert into `tabComment` (name) values (%s)", (other,))
			if fails:
				raise ZeroDivisionError
		assert mine in there()
		frappe.db.rollback()
		assert there() == ([] if fails else [other])
		frappe.db.delete("Comment", {"name": other})
		frappe.db.commit()


def test_a_block_of_short_waits_puts_the_callers_own_back(world):
	waits = "select @@innodb_lock_wait_timeout"
	before = frappe.db.sql(waits)
	with short_lock_waits(1):
		assert frappe.db.sql(waits)[0][0] == 1
	assert frappe.db.sql(waits) == before


def test_a_schedule_whose_waiting_job_is_held_keeps_no_other_waiting(world, monkeypatch):
	# nor does a slow machine's second count as one that was waited
	monkeypatch.setattr(due, "PATIENCE_SECONDS", 60)
	held = make_schedule(overlap="Replace")
	# a slot that no later one is taken for, however slow the machine is
	set_due(held, timedelta(minutes=1))
	assert due.start_due() == 1
	(waiting_job,) = [job.name for job in jobs_of(held)]
	other = make_schedule()
	set_due(held, timedelta(seconds=2))
	set_due(other)
	waits = patch.object(frappe.db, "sql", wraps=frappe.db.sql)
	with held_elsewhere("Background Job", waiting_job), waits as statements:
		assert due.start_due() == 1
	assert len(jobs_of(other)) == 1
	assert not [call for call in statements.call_args_list if "for update wait 5" in call.args[0]]
	assert due.start_due() == 1
	assert len(jobs_of(held)) == 2
	frappe.db.delete("Error Log", {"method": ("like", "dartwing: schedule%")})
	frappe.db.commit()


def test_after_a_schedule_that_had_it_wait_a_call_ends_and_the_next_one_begins_with_the_others(
	world, monkeypatch
):
	first, second = make_schedule(), make_schedule()
	set_due(first, timedelta(seconds=2))
	set_due(second)
	monkeypatch.setattr(due, "PATIENCE_SECONDS", 0)
	due.waited.forget()
	with held_elsewhere("Job Schedule", first):
		assert [due.start_due(), due.start_due()] == [0, 1]
	due.waited.forget()
	assert due.start_due() == 1


@pytest.mark.parametrize(
	("doctype", "keep", "time_field", "forget"),
	[
		("Job Start", lambda: keep_start(submit().name), "started_at", starting_limits.forget_old_starts),
		("Job Schedule Slot", lambda: keep_slot(World.alpha), "slot_utc", due.forget_old_slots),
	],
)
def test_old_rows_that_somebody_holds_keep_no_others(world, doctype, keep, time_field, forget):
	held, other = keep(), keep()
	for name in (held, other):
		frappe.db.set_value(doctype, name, time_field, "2001-01-01", update_modified=False)
	frappe.db.commit()
	for holding, left in ((True, [held]), (False, [])):
		with held_elsewhere(doctype, held) if holding else nullcontext():
			forget()
			frappe.db.commit()
		assert frappe.get_all(doctype, {"name": ("in", [held, other])}, pluck="name") == left


@pytest.mark.parametrize(
	"change",
	[pause_schedule, delete_schedule, lambda name: update_schedule(name, title="Daily")],
	ids=["pause", "delete", "update"],
)
def test_a_schedule_that_somebody_holds_is_said_to_be_busy(world, change):
	name = make_schedule()
	busy = pytest.raises(JobBusyError, match=f"{name} is being changed by somebody else")
	with held_elsewhere("Job Schedule", name), acting_as(world.adam), busy:
		change(name)
	frappe.db.rollback()
	assert row_of(name).title == "Nightly"


def test_so_is_a_dry_run_that_is_to_be_run_for_real(world):
	with acting_as(world.alice):
		rehearsed = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, dry_run=True).name
		frappe.db.commit()
	end(rehearsed, "Completed")
	busy = pytest.raises(JobBusyError, match=rehearsed)
	with held_elsewhere("Background Job", rehearsed), acting_as(world.alice), busy:
		run_for_real(rehearsed)
	frappe.db.rollback()
	assert not frappe.db.exists("Background Job", {"retry_of": rehearsed})
