"""A horse that goes on with what waits: what dies, ends or is stopped in its n-th job costs no other."""

import os
import signal
import time

import frappe
import psutil
import pytest
from database import waiting_for_row
from factories import (
	OBLIGING,
	acting_as,
	make_job_type,
	people_written,
	queued_wake_ups,
	second_connection,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)
from framework import id_in_rq
from frappe.utils.background_jobs import get_queue
from processes import horse_of, is_over, kill, let_rqs_patience_run_out, shortened, ticking
from rq.job import Job
from watching import has, horses, is_at_work

from dartwing.dartwing_core.background_jobs import cancel_job
from dartwing.dartwing_core.background_jobs.dispatch import wake_ups
from dartwing.dartwing_core.background_jobs.upkeep import holding

MARKER = "written by a test"
SHORT_TIMEOUT_SECONDS = 2
ONCE = {"mode": "write_people_and_sleep_once", "marker": MARKER, "people": 2, "seconds": 600}
RUN = [(None, "Pending"), ("Pending", "Queued"), ("Queued", "Running"), ("Running", "Completed")]

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def settings(site):
	"""Change values of Job Engine Settings for a test."""
	document = frappe.get_doc("Job Engine Settings")
	names = ("drain_budget_seconds", "drain_budget_jobs", "cancel_grace_period")
	before = {name: document.get(name) for name in names}

	def change(**values) -> None:
		document.reload()
		document.update(values)
		document.save()
		frappe.db.commit()

	yield change
	change(**before)


@pytest.fixture
def short_timeout(world):
	"""A Job Type whose handlers may run for SHORT_TIMEOUT_SECONDS."""
	make_job_type("hurried_job", default_timeout=SHORT_TIMEOUT_SECONDS, max_retries=1)
	frappe.db.commit()
	return "hurried_job"


def rows(names: list[str], field: str) -> list:
	frappe.db.rollback()
	values = dict(
		frappe.get_all("Background Job", {"name": ("in", names)}, ["name", field], as_list=True, limit=0)
	)
	return [values[name] for name in names]


def in_the_order_they_started(names: list[str]) -> list[str]:
	started = dict(zip(names, rows(names, "started_at"), strict=True))
	return sorted(names, key=started.get)


def all_are(names: list[str], status: str):
	return lambda: set(rows(names, "status")) == {status}


def quick(world, count: int, **arguments) -> list[str]:
	return [submit(mode="write_people", marker=MARKER, people=1, n=n, **arguments).name for n in range(count)]


# --- what one horse does


def test_one_horse_runs_what_waits_and_takes_the_other_wake_ups_away(world, work):
	names = quick(world, 30)
	work()
	assert set(rows(names, "status")) == {"Completed"}
	assert len(set(horses(names))) == 1
	assert queued_wake_ups("default") == []
	assert [transitions(name) for name in names] == [RUN] * 30
	assert people_written() == 30


def test_jobs_start_by_priority_and_then_by_age(world, work):
	first = submit().name
	names = {
		priority: [
			submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed", "n": n}, priority=priority).name
			for n in range(2)
		]
		for priority in ("Low", "Normal", "High", "Critical")
	}
	work()
	expected = [*names["Critical"], *names["High"], first, *names["Normal"], *names["Low"]]
	assert set(rows(expected, "status")) == {"Completed"}
	started = in_the_order_they_started(expected)
	assert [state(name)["priority"] for name in started] == [state(name)["priority"] for name in expected]


def test_organizations_take_turns(world, work):
	of_alpha = quick(world, 12)
	of_beta = [submit(world.bob, world.beta, n=n).name for n in range(3)]
	work()
	started = in_the_order_they_started([*of_alpha, *of_beta])
	assert [started.index(name) for name in of_beta] == [1, 3, 5]


@pytest.mark.parametrize("environment", [{}, {"CI": "true"}], ids=["", "in-a-test"])
@pytest.mark.parametrize("fails", [False, True])
def test_each_job_finds_a_clean_context(world, work, monkeypatch, fails, environment):
	monkeypatch.delenv("CI", raising=False)
	for name, value in environment.items():
		monkeypatch.setenv(name, value)
	first = submit(mode="look_around", n=1)
	work()
	mess, second = submit(mode="leave_a_mess", fails=fails), submit(mode="look_around", n=2)
	third = submit(world.bob, world.beta, mode="look_around")
	work()
	assert state(mess.name)["status"] == ("Failed" if fails else "Completed")
	clean, after = state(first.name)["result"], state(second.name)["result"]
	assert len(set(horses([mess.name, second.name, third.name]))) == 1
	assert clean["process"] != after["process"]
	assert after["process"] == state(third.name)["result"]["process"]
	# the wake-up of the first job is Frappe's job, that of a further one has another name
	clean["seen"].pop("hooks"), after["seen"].pop("hooks")
	assert after["seen"] == clean["seen"]
	assert state(third.name)["result"]["seen"]["user"] == world.bob


def test_each_job_has_its_own_time(world, work, short_timeout):
	"""Each sleeps for more than half of its timeout."""
	sleeper = {"mode": "sleep", "seconds": 1.2}
	names = [submit_as(world.alice, short_timeout, world.alpha, {**sleeper, "n": n}).name for n in range(3)]
	work()
	assert set(rows(names, "status")) == {"Completed"}
	assert len(set(horses(names))) == 1


# --- its end


def test_a_budget_of_jobs_ends_and_other_horses_go_on(world, settings, work):
	settings(drain_budget_jobs=2)
	names = quick(world, 7)
	work()
	assert set(rows(names, "status")) == {"Completed"}
	of_each = horses(names)
	assert sorted(of_each.count(horse) for horse in set(of_each)) == [1, 3, 3]
	assert people_written() == 7


def test_a_budget_of_seconds_ends_and_other_horses_go_on(world, settings, work):
	settings(drain_budget_seconds=1)
	names = [submit(mode="sleep", seconds=0.6, n=n).name for n in range(4)]
	work()
	assert set(rows(names, "status")) == {"Completed"}
	assert 1 < len(set(horses(names))) <= 4


@pytest.mark.parametrize("off", [{"drain_budget_jobs": 0}, {"drain_budget_seconds": 0}])
def test_without_a_budget_each_job_has_its_own_horse(world, settings, work, off):
	settings(**off)
	names = quick(world, 3)
	work()
	assert set(rows(names, "status")) == {"Completed"}
	assert len(set(horses(names))) == 3


def test_a_job_that_may_outlast_its_wake_up_keeps_its_own(world, work, short_timeout):
	hurried = submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed"})
	patient = submit()
	work()
	names = [hurried.name, patient.name]
	assert set(rows(names, "status")) == {"Completed"}
	assert len(set(horses(names))) == 2


def test_a_worker_that_is_asked_to_stop_finishes_its_job_and_takes_no_other(world, processes, work):
	names = [submit(mode="sleep_always", marker=MARKER, people=1, seconds=1, n=n).name for n in range(5)]
	worker = processes.worker()
	wait_until(is_at_work(names[1]), "the second job is at work")
	worker.send_signal(signal.SIGTERM)
	worker.wait(30)
	assert rows(names, "status")[:2] == ["Completed", "Completed"]
	left = [name for name in names if state(name)["status"] == "Queued"]
	assert len(left) >= 2
	assert {name for name in left if queued_wake_ups("default", name)} == set(left)
	work()
	assert set(rows(names, "status")) == {"Completed"}
	assert people_written() == 5


@pytest.mark.parametrize("queue", ["short", "default", "long"])
def test_rq_jobs_of_others_are_let_in(world, runtime, processes, queue):
	"""Of this site, or as here of another one; those of a queue that the worker serves first at once."""
	with shortened(runtime, drain_slice_seconds=0):
		first, second = submit(mode="sleep", seconds=2, n=1), submit(n=2)
		worker = processes.worker()
		wait_until(lambda: state(first.name)["status"] == "Running", "the first job runs")
		for wake_up in queued_wake_ups("default"):
			wake_up.delete()
		others = get_queue(queue).enqueue_call(
			"time.time", job_id=id_in_rq("JOB-2026-00001").replace(frappe.local.site, "other.site")
		)
		wait_until(lambda: others.get_status(refresh=True) == "finished", "the other's job ran")
		frappe.db.rollback()
		assert state(first.name)["status"] == "Completed"
		assert state(second.name)["status"] == "Queued"
		assert worker.poll() is None
	others.delete()


def test_what_is_paused_meanwhile_is_not_taken(world, processes):
	first, second = submit(mode="sleep", seconds=2, n=1), submit(n=2)
	worker = processes.worker()
	wait_until(lambda: state(first.name)["status"] == "Running", "the first job runs")
	with acting_as("Administrator"):
		holding.pause()
		frappe.db.commit()
	try:
		wait_until(lambda: state(first.name)["status"] == "Completed", "it ends")
		wait_until(lambda: not psutil.Process(worker.pid).children(), "the worker is free")
		assert transitions(second.name)[-1] in (("Pending", "Queued"), ("Queued", "Pending"))
	finally:
		with acting_as("Administrator"):
			holding.resume()
			frappe.db.commit()
	wait_until(lambda: state(second.name)["status"] == "Completed", "it runs after all")


def test_a_resume_in_the_moment_in_which_a_worker_holds_a_job_back_is_not_missed(world, processes):
	job = submit()
	with acting_as("Administrator"):
		holding.pause()
		frappe.db.commit()
	worker = processes.stopped_worker("after execution.claims.refuse_to_start")
	try:
		worker.pid  # noqa: B018 it is decided, and not committed yet
	finally:
		with acting_as("Administrator"):
			holding.resume()
			frappe.db.commit()
	worker.release()
	wait_until(all_are([job.name], "Completed"), "it runs without a tick")


# --- while nothing waits


@pytest.fixture
def lingering(runtime):
	"""A horse with nothing to do stays for as long as its budget lasts."""
	with shortened(runtime, drain_linger_seconds=60):
		yield


def horse_that_waits(worker):
	"""A job that has run in a horse of this worker, which waits for another one."""
	job = submit()
	wait_until(all_are([job.name], "Completed"), "the first job ended")
	return job, psutil.Process(worker.pid).children()[0]


def nobody_is_at_the_jobs() -> bool:
	"""Whether no transaction has so much as read the table of jobs."""
	frappe.db.rollback()
	with second_connection():
		frappe.db.sql("set session lock_wait_timeout = 1")
		try:
			frappe.db.sql("lock tables `tabBackground Job` write")
		except frappe.db.OperationalError:
			return False
		frappe.db.sql("unlock tables")
	return True


def test_the_next_job_of_a_quiet_site_starts_without_a_fork(world, processes, lingering):
	first, horse = horse_that_waits(processes.worker())
	for number in range(3):
		time.sleep(0.3)
		assert horse.is_running()
		job = submit(n=number)
		wait_until(all_are([job.name], "Completed"), "the next job ended")
		assert horses([job.name]) == horses([first.name])
	# an errand, which is done a moment later
	wait_until(lambda: not queued_wake_ups("default"), "needless wake-ups are gone", 10)


def test_a_horse_that_waits_has_no_transaction_open(world, processes, lingering):
	_job, horse = horse_that_waits(processes.worker())
	wait_until(nobody_is_at_the_jobs, "nobody is at the jobs", 10)
	assert horse.is_running()


def test_a_horse_that_waits_makes_way_for_rq_jobs_of_others(world, processes, lingering):
	_job, horse = horse_that_waits(processes.worker())
	others = get_queue("long").enqueue_call("time.time", job_id="of-another-app")
	wait_until(lambda: others.get_status(refresh=True) == "finished", "the other's job ran", 10)
	assert not horse.is_running()
	others.delete()


def test_a_worker_whose_horse_waits_stops_at_once(world, processes, lingering):
	worker = processes.worker()
	horse_that_waits(worker)
	worker.send_signal(signal.SIGTERM)
	assert worker.wait(10) == 0


def test_a_horse_that_waits_leaves_a_wake_up_in_which_there_is_no_job(world, processes, lingering):
	"""It would find it again and again; the worker takes it, and it is gone."""
	job, horse = horse_that_waits(processes.worker())
	job.rq_job_id = wake_ups.new_rq_job_id(job)
	wake_ups.push([job])
	wait_until(lambda: not horse.is_running(), "the horse has ended", 10)
	wait_until(lambda: queued_wake_ups("default") == [], "the wake-up is gone", 10)
	assert transitions(job.name) == RUN


def test_a_horse_that_waits_and_loses_its_connection_costs_no_job(world, processes, lingering):
	horse_that_waits(processes.worker())
	query = "select id from information_schema.processlist where db = database() and id != connection_id()"
	for (connection,) in frappe.db.sql(query):
		frappe.db.sql("kill %s", (connection,))
	job = submit(n=2)
	wait_until(all_are([job.name], "Completed"), "the next job ended")
	assert transitions(job.name) == RUN


# --- the end of one job and the claim of the next, in one transaction


AT_THE_END_OF_THE_SECOND = {
	"before anything is recorded": "before execution.settlement.complete_and_claim",
	"when the next is locked": "after execution.claims.may_start",
	"between the record and the commit": "before execution.settlement.as_own_connection 2",
	"after the commit": "after execution.settlement.complete_and_claim",
}


@pytest.mark.parametrize("point", AT_THE_END_OF_THE_SECOND.values(), ids=AT_THE_END_OF_THE_SECOND.keys())
def test_a_horse_killed_between_two_jobs_costs_one_of_them_one_attempt(world, processes, tick, point):
	"""The handlers use no connection, so that the engine's has the end of one and the claim of the next."""
	names = [submit(n=number).name for number in range(4)]
	processes.stopped_worker(point).kill_horse()
	died = names[2] if point.startswith("after execution.settlement") else names[1]
	assert state(died)["status"] == "Running"
	wait_until(ticking(all_are(names, "Completed"), tick), "all jobs ended")
	assert [transitions(name) for name in names if name != died] == [RUN] * 3
	assert transitions(died)[3:5] == [("Running", "Failed"), ("Failed", "Queued")]
	assert rows(names, "worker_deaths") == [int(name == died) for name in names]


def test_whoever_is_at_the_job_that_ends_keeps_the_next_one_from_nobody(world, processes):
	"""As a cancel that commits late: the horse waits for it, and has locked nothing else."""
	names = [submit(n=number).name for number in range(3)]
	worker = processes.stopped_worker("before execution.settlement.complete_and_claim")
	worker.pid  # noqa: B018 the second job has returned
	locking = "select name from `tabBackground Job` where name = %s for update"
	with second_connection():
		frappe.db.sql(locking, (names[1],))
		worker.release()
		wait_until(lambda: waiting_for_row(names[1]), "the horse waits for the job that ends")
		frappe.db.sql(f"{locking} nowait", (names[2],))
		frappe.db.rollback()
	wait_until(all_are(names, "Completed"), "all jobs ended")
	assert [transitions(name) for name in names] == [RUN] * 3


def test_a_time_that_is_over_when_the_handler_has_returned_ends_nothing(world, processes, short_timeout):
	names = [
		submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed", "n": n}).name for n in range(4)
	]
	worker = processes.stopped_worker("before execution.settlement.complete_and_claim")
	worker.pid  # noqa: B018 the second job has returned
	time.sleep(SHORT_TIMEOUT_SECONDS + 0.5)
	worker.release()
	wait_until(all_are(names, "Completed"), "all jobs ended")
	assert [transitions(name) for name in names] == [RUN] * 4


def test_a_job_that_is_deleted_while_it_runs_costs_no_other(world, processes):
	names = [submit(n=number).name for number in range(3)]
	worker = processes.stopped_worker("before execution.settlement.complete_and_claim")
	worker.pid  # noqa: B018 the second job has returned
	with acting_as(world.alice):
		cancel_job(names[1])
		frappe.db.commit()
	with acting_as("Administrator"):
		frappe.delete_doc("Background Job", names[1])
		frappe.db.commit()
	worker.release()
	left = [names[0], names[2]]
	wait_until(all_are(left, "Completed"), "the others ended")
	assert len(set(horses(left))) == 1


# --- what a handler leaves


# whether the process can be put right again; for some that depends on the machine
BREAKS = {
	"folder": True,
	"limits": None,
	"rights": False,
	"user": True,
	"descriptors": False,
	"closed stream": False,
	"no stream": True,
	"a stream that is equal to anything": True,
	"environment": True,
	"digits": True,
	"stacks": True,
	"hook": True,
	"watchdog": True,
}


@pytest.mark.parametrize(("breaks", "is_mended"), BREAKS.items(), ids=BREAKS.keys())
def test_a_process_that_cannot_be_what_it_was_takes_no_other_job(world, work, breaks, is_mended):
	"""Whatever the handler broke, its own job is Completed, and the next one finds nothing of it."""
	first, broken = submit(), submit(mode="break_the_process", breaks=breaks)
	following = submit(mode="speak", marker=MARKER, people=1)
	work()
	names = [first.name, broken.name, following.name]
	assert [transitions(name) for name in names] == [RUN] * 3
	of_first, of_broken, of_following = horses(names)
	assert of_first == of_broken
	if is_mended is not None:
		assert (of_following == of_broken) == is_mended


WHERE = {
	"before the commit": "Completed",
	"after the commit": "Completed",
	"after the job": "Completed",
	"when it is collected": "Completed",
	"in the words of its error": "Failed",
	"after the rollback": "Failed",
}


@pytest.mark.parametrize(("where", "status"), WHERE.items(), ids=WHERE.keys())
def test_what_a_handler_has_called_later_leaves_nothing_either(world, work, where, status):
	first, messy = submit(mode="look_around", n=1), submit(mode="mess_later", where=where)
	following = submit(mode="look_around", n=2)
	work()
	assert transitions(messy.name)[3] == ("Running", status)
	clean, after = state(first.name)["result"], state(following.name)["result"]
	clean["seen"].pop("hooks"), after["seen"].pop("hooks")
	assert after == clean


@pytest.mark.parametrize("where", ["before_commit", "after_commit", "after_rollback", "after the job"])
def test_a_process_that_is_forked_later_ends_where_it_comes_back(world, work, where):
	"""As one does that the handler itself forks: it settles nothing, and takes no other job."""
	frappe.cache.delete_value("calls_of_a_test")
	forking = submit(mode="fork_later", where=where)
	names = [submit(mode="note_call", n=number).name for number in range(10)]
	work()
	ends = "Dead Letter" if where.endswith("rollback") else "Completed"
	assert transitions(forking.name) == [*RUN[:3], ("Running", ends)]
	assert [transitions(name) for name in names] == [RUN] * 10
	called = [job.decode() for job in frappe.cache.lrange("calls_of_a_test", 0, -1)]
	frappe.cache.delete_value("calls_of_a_test")
	assert sorted(called) == sorted(names)


@pytest.mark.parametrize("error", ["slow", "forking"])
def test_an_error_is_asked_for_a_moment_only_and_in_one_process(world, work, runtime, error):
	odd, following = submit(mode="raise_an_odd_error", error=error), submit(n=2)
	# whoever else waits for the worker must not be let in between
	with shortened(runtime, drain_slice_seconds=60):
		work()
	assert transitions(odd.name)[:4] == [*RUN[:3], ("Running", "Failed")]
	assert transitions(following.name) == RUN
	assert len(set(horses([odd.name, following.name]))) == 1


def test_what_stays_after_its_job_does_not_stay_for_ever(world, work):
	staying, following = submit(mode="stay_after_the_job"), submit(n=2)
	work()
	assert [transitions(job.name) for job in (staying, following)] == [RUN] * 2


# --- what changed a moment ago


def test_a_role_that_is_taken_away_between_two_jobs_counts_at_once(world, processes):
	make_job_type("for_managers", requires_permission="Job Type")
	frappe.db.commit()
	names = [
		submit_as(world.manager, "for_managers", world.alpha, {"mode": "succeed", "n": n}).name
		for n in range(3)
	]
	worker = processes.stopped_worker("before executor.perform 2")
	worker.pid  # noqa: B018 the second job was claimed, which asked for the role
	# whatever Frappe remembers of the user's roles
	of_manager = "where parenttype = %s and parent = %s"
	frappe.db.sql(f"update `tabHas Role` set parenttype = 'Nobody' {of_manager}", ("User", world.manager))
	frappe.db.commit()
	try:
		worker.release()
		wait_until(has(names[2], "Dead Letter"), "the third job is refused")
	finally:
		frappe.db.sql(f"update `tabHas Role` set parenttype = 'User' {of_manager}", ("Nobody", world.manager))
		frappe.db.commit()
	assert state(names[2])["error_message"] == "Permission denied"
	assert rows(names[:2], "status") == ["Completed", "Completed"]


def test_a_pause_between_two_jobs_counts_at_once(world, processes):
	names = [submit(n=number).name for number in range(3)]
	worker = processes.stopped_worker("before executor.perform 2")
	worker.pid  # noqa: B018 the second job was claimed
	with acting_as("Administrator"):
		holding.pause()
		frappe.db.commit()
	try:
		worker.release()
		wait_until(has(names[1], "Completed"), "the second job ends")
		wait_until(lambda: not psutil.Process(worker.process.pid).children(), "the worker is free")
		assert "Running" not in [to for _from, to in transitions(names[2])]
	finally:
		with acting_as("Administrator"):
			holding.resume()
			frappe.db.commit()
	wait_until(has(names[2], "Completed"), "it runs after all")


# --- several horses


def test_a_job_that_somebody_else_is_at_is_passed_over(world, work, tick):
	"""No horse waits for another one: it goes on with the next job."""
	names = quick(world, 5)
	with second_connection():
		frappe.db.sql("select name from `tabBackground Job` where name = %s for update", (names[2],))
		for wake_up in queued_wake_ups("default", names[2]):
			wake_up.delete()
		work()
		others = [name for name in names if name != names[2]]
		with_its_row = frappe.db.sql("select name, status from `tabBackground Job`")
	assert set(rows(others, "status")) == {"Completed"}
	assert dict(with_its_row)[names[2]] == "Queued"
	tick()
	work()
	assert state(names[2])["status"] == "Completed"


def test_two_horses_share_a_backlog(world, processes):
	names = [submit(mode="sleep_always", marker=MARKER, people=1, seconds=0.1, n=n).name for n in range(60)]
	for _ in range(2):
		processes.worker()
	wait_until(all_are(names, "Completed"), "all jobs ended", 60)
	assert [transitions(name) for name in names] == [RUN] * 60
	assert people_written() == 60
	assert len(set(rows(names, "worker_name"))) == 2


# --- what dies in the n-th job


def test_a_horse_killed_in_its_nth_job_costs_no_other(world, processes, tick):
	before, job, after = quick(world, 5), submit(**ONCE), quick(world, 3)
	worker = processes.worker()
	wait_until(is_at_work(job.name), "the sixth job is at work")
	assert len(set(horses([*before, job.name]))) == 1
	kill(horse_of(worker))
	everything = [*before, job.name, *after]
	wait_until(ticking(all_are(everything, "Completed"), tick), "all jobs ended")
	assert [transitions(name) for name in before + after] == [RUN] * 8
	assert transitions(job.name)[3] == ("Running", "Failed")
	assert rows(everything, "worker_deaths") == [0] * 5 + [1] + [0] * 3
	assert people_written() == 10


def test_the_age_of_the_horse_is_not_taken_for_that_of_the_job(world, processes, tick, short_timeout):
	"""The horse is older than the job's timeout when it dies, the job is not."""
	submit(mode="sleep", seconds=3)
	job = submit_as(world.alice, short_timeout, world.alpha, ONCE)
	worker = processes.worker()
	wait_until(is_at_work(job.name), "the second job is at work")
	kill(horse_of(worker))
	wait_until(ticking(lambda: len(transitions(job.name)) > 3, tick), "the death was noticed")
	assert transitions(job.name)[3] == ("Running", "Failed")


def test_a_timeout_of_the_nth_job_costs_no_other(world, processes, short_timeout):
	names = [
		submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed", "n": n}).name for n in (1, 2)
	]
	job = submit_as(world.alice, short_timeout, world.alpha, {"mode": "sleep", "seconds": 600})
	names.append(submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed", "n": 3}).name)
	processes.worker()
	wait_until(all_are(names, "Completed"), "the others ended")
	assert state(job.name)["status"] == "Timed Out"
	assert "JobTimeoutError" in frappe.db.get_value("Background Job", job.name, "error_traceback")
	assert len(set(horses([*names, job.name]))) == 1


def test_an_nth_job_that_swallows_its_timeout_is_killed_alone(world, processes, tick, short_timeout):
	swallow = {"mode": "swallow_everything", "marker": MARKER, "people": 2, "seconds": 600}
	before = submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed", "n": 1}).name
	job = submit_as(world.alice, short_timeout, world.alpha, swallow)
	after = [
		submit_as(world.alice, short_timeout, world.alpha, {"mode": "succeed", "n": n}).name for n in (2, 3)
	]
	processes.worker()
	wait_until(ticking(all_are([before, *after], "Completed"), tick), "the others ended")
	assert transitions(job.name)[2:4] == [("Queued", "Running"), ("Running", "Timed Out")]
	assert "killed" in frappe.db.get_value("Background Job", job.name, "error_traceback")
	assert [transitions(name) for name in (before, *after)] == [RUN] * 3
	assert people_written() == 0


def test_a_cancel_of_the_nth_job_costs_no_other(world, processes, settings):
	settings(cancel_grace_period=1)
	before = quick(world, 2)
	job = submit(mode="sleep_always", marker=MARKER, people=2, seconds=600)
	after = quick(world, 2)
	processes.worker()
	wait_until(is_at_work(job.name), "the third job is at work")
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	wait_until(all_are(after, "Completed"), "the others ended")
	assert transitions(job.name)[-1] == ("Running", "Canceled")
	assert len(set(horses([*before, *after]))) == 1
	assert people_written() == 4


def test_a_worker_and_its_horse_killed_in_the_nth_job_cost_no_other(world, processes, tick):
	before, job, after = quick(world, 3), submit(**ONCE), quick(world, 2)
	worker = processes.worker()
	wait_until(is_at_work(job.name), "the fourth job is at work")
	horse = psutil.Process(horse_of(worker))
	os.kill(worker.pid, signal.SIGSTOP)
	horse.kill()
	worker.kill()
	wait_until(lambda: is_over(horse), "both are gone")
	let_rqs_patience_run_out(job.name)
	processes.worker()
	everything = [*before, job.name, *after]
	wait_until(ticking(all_are(everything, "Completed"), tick), "all jobs ended")
	assert rows(everything, "worker_deaths") == [0, 0, 0, 1, 0, 0]
	assert people_written() == 7


def test_a_horse_whose_worker_died_finishes_its_job_and_takes_no_other(world, processes, tick):
	first = submit(mode="sleep_always", marker=MARKER, people=1, seconds=3, n=1)
	second = submit(mode="write_people", marker=MARKER, people=1, n=2)
	worker = processes.worker()
	wait_until(is_at_work(first.name), "the first job is at work")
	orphan = psutil.Process(horse_of(worker))
	kill(worker.pid)
	wait_until(lambda: is_over(orphan), "the horse has ended")
	assert rows([first.name, second.name], "status") == ["Completed", "Queued"]
	processes.worker()
	wait_until(ticking(all_are([second.name], "Completed"), tick), "another worker goes on")


def test_a_wake_up_whose_job_was_taken_goes_on_with_others(world, work):
	taken, waiting = submit(n=1), submit(n=2)
	for wake_up in queued_wake_ups("default", waiting.name):
		wake_up.delete()
	job = frappe.get_doc("Background Job", taken.name)
	job.transition_to("Running", attempt_id="another horse's", rq_job_id="another")
	frappe.db.commit()
	wake_up = queued_wake_ups("default", taken.name)[0]
	work()
	assert rows([taken.name, waiting.name], "status") == ["Running", "Completed"]
	assert [id_in_rq(name) for name in horses([waiting.name])] == [wake_up.id]


def test_a_horse_goes_on_when_redis_has_forgotten_its_wake_up(world, processes, tick):
	names = [submit(mode="sleep_always", marker=MARKER, people=1, seconds=1, n=n).name for n in range(3)]
	processes.worker()
	wait_until(is_at_work(names[0]), "the first job is at work")
	connection = get_queue("default").connection
	Job(id_in_rq(horses(names)[0]), connection=connection).delete(remove_from_queue=False)
	wait_until(ticking(all_are(names, "Completed"), tick), "all jobs ended")
	assert [transitions(name) for name in names] == [RUN] * 3
	assert people_written() == 3
