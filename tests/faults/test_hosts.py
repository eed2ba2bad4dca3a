"""A site on several machines: what one loses, sleeps through or tells wrong costs no job its end.

The machines are network namespaces of this one, see `hosts.py`. The test itself stands where MariaDB and
Redis are. Everything of the crash matrix holds: each job ends, its effects count once, and of its attempts
one is kept.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import frappe
import psutil
import pytest
from factories import (
	people_written,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
	waiting_rq_jobs,
)
from frappe.utils.background_jobs import get_redis_conn, get_workers
from hosts import CannotMakeHosts, Host, Network
from http_client import Client
from processes import (
	forget_running_wake_ups,
	horse_of,
	is_over,
	let_rqs_patience_run_out,
	let_rqs_patience_run_out_for_all,
	rq_job_of,
	shortened,
	ticking,
)
from runtimes.base import Runtime
from watching import has, is_at_work, log_is_in_order

MARKER = "written by a test"
WRITES = {"mode": "write_people", "marker": MARKER, "people": 2}
ONCE = {"mode": "write_people_and_sleep_once", "marker": MARKER, "people": 2, "seconds": 600}
UNDISTURBED = [(None, "Pending"), ("Pending", "Queued"), ("Queued", "Running"), ("Running", "Completed")]
RESCUED = [
	*UNDISTURBED[:3],
	("Running", "Failed"),
	("Failed", "Queued"),
	("Queued", "Running"),
	("Running", "Completed"),
]
TWO_MINUTES = 120

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def network_with(runtime: Runtime, clean, tmp_path: Path) -> Iterator[Callable[..., Network]]:
	"""Make a network, under the conditions that a relay takes."""
	made: list[Network] = []

	def make(**conditions: float) -> Network:
		try:
			made.append(Network(runtime, tmp_path, **conditions).__enter__())
		except CannotMakeHosts as error:
			pytest.skip(f"no network namespaces can be made here: {error}")
		return made[-1]

	yield make
	for network in made:
		network.__exit__(None, None, None)
		forget_running_wake_ups()
		print(network.output())


@pytest.fixture
def network(network_with) -> Network:
	return network_with()


def everything_about(job_id: str) -> tuple[dict, list]:
	frappe.db.rollback()
	return frappe.get_doc("Background Job", job_id).as_dict(), transitions(job_id)


def wait_until_idle(workers: int = 1) -> None:
	"""So many workers wait for a push."""
	wait_until(
		lambda: sum("b" in client["flags"] for client in get_redis_conn().client_list()) >= workers,
		"workers wait for a push",
	)


def client_of(host: Host, user: str) -> Client:
	"""Of a web server that runs on the host."""
	client = host.web().with_key(user)
	# Frappe queues work for every User that is saved, which is not for the workers of these tests
	for rq_job in waiting_rq_jobs():
		rq_job.delete()
	return client


def submitted_over(host: Host, client: Client, organization: str, parameters: dict, **more: str) -> str:
	"""The id of a job that a host's web server has accepted."""
	with host.entered():
		answer = client.call(
			"dartwing.dartwing_core.api.jobs.submit_job",
			job_type="obliging_job",
			organization=organization,
			parameters=parameters,
			**more,
		)
	assert answer.status_code == 200, answer.text
	return answer.json()["message"]["job_id"]


# --- the network is lost


def test_a_job_goes_from_a_web_host_over_the_database_host_to_a_worker_host(world, network):
	web = network.host("web")
	client = client_of(web, world.alice)
	network.host("worker").worker()
	job_id = submitted_over(web, client, world.alpha, WRITES)
	wait_until(has(job_id, "Completed"), "the job ends")
	worker_name = frappe.db.get_value("Background Job", job_id, "worker_name")
	assert [worker.hostname for worker in get_workers() if worker.name == worker_name] == ["worker"]
	assert transitions(job_id) == UNDISTURBED
	assert people_written() == 2


def assert_it_returns_in_vain(lost: Host, horse: psutil.Process, other: Host, job_id: str, tick) -> None:
	"""Another host runs the job; the attempt of the lost one ends without a trace when it is back."""
	let_rqs_patience_run_out(job_id)
	other.worker()
	wait_until(ticking(has(job_id, "Completed"), tick), "another host runs the job")
	before = everything_about(job_id)
	assert not is_over(horse)
	lost.plug()
	wait_until(lambda: is_over(horse), "the first attempt ends")
	assert transitions(job_id) == RESCUED
	assert everything_about(job_id) == before
	assert people_written() == 2


def test_a_host_that_loses_the_network_in_a_handler_past_its_rescue_changes_nothing_when_it_returns(
	world, network, tick, grace_period
):
	"""The handler would sleep for ten minutes: it is told that the job is not its own any more."""
	lost, other = network.host("lost"), network.host("other")
	worker = lost.worker()
	job = submit(**ONCE)
	wait_until(is_at_work(job.name), "the handler is at work")
	horse = psutil.Process(horse_of(worker))
	lost.unplug()
	assert_it_returns_in_vain(lost, horse, other, job.name, tick)


def test_a_host_that_loses_the_network_before_it_commits_changes_nothing_when_it_returns(
	world, network, tick
):
	lost, other = network.host("lost"), network.host("other")
	worker = lost.processes.stopped_worker("before executor.settle")
	job = submit(**WRITES)
	horse = psutil.Process(worker.pid)
	lost.unplug()
	worker.release()
	assert_it_returns_in_vain(lost, horse, other, job.name, tick)


def test_a_wake_up_that_redis_gave_to_a_host_without_network_is_pushed_again(world, network, tick):
	lost, other = network.host("lost"), network.host("other")
	worker = lost.worker()
	wait_until_idle()
	lost.unplug()
	job = submit(**WRITES)
	first = rq_job_of(job.name)
	assert queued_wake_ups("default", job.name) == []
	other.worker()
	wait_until(ticking(has(job.name, "Completed"), tick), "another host runs the job")
	before = everything_about(job.name)
	lost.plug()
	wait_until(lambda: first.get_status() == "finished", "the first wake-up has arrived")
	assert worker.poll() is None
	assert everything_about(job.name) == before
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


# --- a machine is gone


def test_the_job_of_a_host_that_died_whole_runs_on_another(world, network, tick):
	dead, other = network.host("dead"), network.host("other")
	dead.worker()
	job = submit(**ONCE)
	wait_until(is_at_work(job.name), "the handler is at work")
	dead.die()
	let_rqs_patience_run_out(job.name)
	other.worker()
	wait_until(ticking(has(job.name, "Completed"), tick), "another host runs the job")
	assert transitions(job.name) == RESCUED
	assert people_written() == 2


def test_a_row_that_a_dead_host_holds_keeps_no_other_job_from_its_rescue(world, network, tick):
	"""It died in its commit, and MariaDB has not noticed: nobody told it."""
	dead = network.host("dead")
	held = submit(**WRITES)
	stopped = dead.processes.stopped_worker("before execution.settlement.as_own_connection")
	stopped.pid  # noqa: B018 the handler has returned, and the row is written
	second = network.host("second")
	second.worker()
	free = submit(**{**ONCE, "n": 2})
	wait_until(is_at_work(free.name), "the handler is at work")
	dead.die()
	second.die()
	let_rqs_patience_run_out_for_all()
	errors = frappe.db.count("Error Log")
	wait_until(ticking(has(free.name, "Queued"), tick), "the job whose row is free is due again")
	assert state(held.name)["status"] == "Running"
	assert frappe.db.count("Error Log") == errors
	network.forget_hosts()
	network.host("other").worker()
	for job in (held, free):
		wait_until(ticking(has(job.name, "Completed"), tick), "both run again")
		assert transitions(job.name) == RESCUED
	assert people_written() == 4


# --- the network is slow


def test_on_a_slow_network_every_job_ends_once_and_none_is_taken_for_lost(world, runtime, network_with, tick):
	"""Each way takes 50 ms, and of a hundred pieces two are lost and sent again."""
	with shortened(runtime, heartbeat_interval_seconds=0.5, heartbeat_lifetime_seconds=6):
		network = network_with(delay=0.05, loss=0.02)
		for name in ("one", "two"):
			network.host(name).worker()
		jobs = [submit(**{**WRITES, "mode": "sleep_always"}, seconds=0.5, n=n) for n in range(4)]

		def look() -> bool:
			let_rqs_patience_run_out_for_all()
			tick()
			return all(state(job.name)["status"] == "Completed" for job in jobs)

		wait_until(look, "all jobs end", 120)
	for job in jobs:
		assert transitions(job.name)[-2:] == UNDISTURBED[-2:]
		assert len(transitions(job.name)) == 4
	assert people_written() == 8


# --- a clock is off


@pytest.fixture(params=[-TWO_MINUTES, TWO_MINUTES], ids=["behind", "ahead"])
def off(request) -> int:
	return request.param


def test_a_live_job_on_a_host_whose_clock_is_off_is_not_taken_for_dead(world, network, tick, off):
	network.host("off", clock=off).worker()
	job = submit(**{**ONCE, "seconds": 3})
	child = submit_as(world.alice, "obliging_job", world.alpha, {"mode": "succeed"}, depends_on=job.name)
	wait_until(is_at_work(job.name), "the handler is at work")

	def look() -> bool:
		let_rqs_patience_run_out_for_all()
		tick()
		return state(child.name)["status"] == "Completed"

	wait_until(look, "the job and its child end")
	assert transitions(job.name) == UNDISTURBED
	assert log_is_in_order(job.name)
	assert log_is_in_order(child.name)
	assert people_written() == 2


def test_the_scheduler_of_a_host_whose_clock_is_off_takes_no_live_job_for_dead(world, network, off):
	network.host("right").worker()
	job = submit(**{**ONCE, "seconds": 5})
	wait_until(is_at_work(job.name), "the handler is at work")
	let_rqs_patience_run_out(job.name)
	ticked(network.host("off", clock=off), network.folder)
	wait_until(has(job.name, "Completed"), "the job ends")
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


def ticked(host: Host, folder: Path, times: int = 3) -> None:
	"""Have a host's scheduler tick some times."""
	go = folder / "go"
	go.touch()
	scheduler = host.processes.script("scheduling.py", host.site, str(times), str(go))
	wait_until(lambda: scheduler.poll() is not None, "the host's scheduler has ticked")
	assert scheduler.returncode == 0


def test_a_retry_is_due_when_it_should_be_whichever_host_says_so(world, network, tick, off):
	"""It failed on a host whose clock is off: a minute later, give or take the jitter, by the right clock."""
	network.host("off", clock=off).worker()
	job = submit(mode="write_people_and_raise", marker=MARKER, people=1)
	wait_until(has(job.name, "Failed"), "the job failed")
	due_in = frappe.db.sql(
		"""select timestampdiff(second, utc_timestamp(), ready_at),
			timestampdiff(second, modified, next_retry_at)
		from `tabBackground Job` where name = %s""",
		(job.name,),
	)[0]
	assert 30 <= due_in[0] <= 73
	assert 47 <= due_in[1] <= 73
	tick()
	assert state(job.name)["status"] == "Failed"


def test_a_host_whose_clock_is_off_starts_no_retry_before_it_is_due(world, network, work, off):
	job = submit(mode="write_people_and_raise", marker=MARKER, people=1)
	work()
	assert state(job.name)["status"] == "Failed"
	host = network.host("off", clock=off)
	ticked(host, network.folder)
	assert state(job.name)["status"] == "Failed"
	frappe.db.sql("update `tabBackground Job` set ready_at = utc_timestamp(6) where name = %s", (job.name,))
	frappe.db.commit()
	ticked(host, network.folder)
	assert state(job.name)["status"] == "Queued"


def test_a_job_for_later_that_a_host_with_its_clock_off_accepts_starts_no_sooner(world, network, tick, off):
	host = network.host("off", clock=off)
	client = client_of(host, world.alice)
	due = frappe.db.sql("select date_add(utc_timestamp(), interval 60 second)")[0][0]
	later = submitted_over(host, client, world.alpha, {"mode": "succeed"}, scheduled_at=f"{due.isoformat()}Z")
	at_once = submitted_over(host, client, world.alpha, {"mode": "succeed"})
	tick()
	assert state(later)["status"] == "Pending"
	assert state(at_once)["status"] == "Queued"


# --- Redis is gone for one host


def test_a_job_on_a_host_that_has_lost_redis_alone_ends_where_it_runs(world, network, tick):
	"""That of the queues: RQ believes nobody any more, but the job shows that it lives."""
	lost = network.host("lost")
	worker = lost.worker()
	job = submit(**{**ONCE, "seconds": 3})
	wait_until(is_at_work(job.name), "the handler is at work")
	lost.unplug("queue")
	network.host("other").worker()

	def look() -> bool:
		let_rqs_patience_run_out_for_all()
		tick()
		return state(job.name)["status"] == "Completed"

	wait_until(look, "the job ends")
	lost.plug("queue")
	wait_until(lambda: not psutil.Process(worker.pid).children(), "the horse has ended")
	assert transitions(job.name) == UNDISTURBED
	assert people_written() == 2


def test_a_job_on_a_host_that_has_lost_the_cache_too_ends_without_it_and_counts_once(world, network, tick):
	"""Frappe waits for its cache. Where that is before the commit, another host runs the job."""
	lost = network.host("lost")
	worker = lost.worker()
	job = submit(**{**ONCE, "seconds": 1})
	wait_until(is_at_work(job.name), "the handler is at work")
	lost.unplug("cache", "queue")
	network.host("other").worker()

	def look() -> bool:
		let_rqs_patience_run_out_for_all()
		tick()
		return state(job.name)["status"] == "Completed"

	wait_until(look, "the job ends")
	before = everything_about(job.name)
	lost.plug("cache", "queue")
	wait_until(lambda: not psutil.Process(worker.pid).children(), "the horse has ended")
	assert everything_about(job.name) == before
	assert transitions(job.name) in (UNDISTURBED, RESCUED)
	assert people_written() == 2


def test_a_job_accepted_by_a_host_that_has_lost_redis_is_pushed_by_another(world, network, tick):
	"""That of the queues; without its cache, Frappe itself does not answer."""
	web = network.host("web")
	client = client_of(web, world.alice)
	network.host("worker").worker()
	web.unplug("queue")
	job_id = submitted_over(web, client, world.alpha, WRITES)
	assert state(job_id)["status"] in ("Pending", "Queued")
	wait_until(ticking(has(job_id, "Completed"), tick), "the job ends")
	assert transitions(job_id) == UNDISTURBED
	assert people_written() == 2


# --- more than one scheduler


def test_two_hosts_that_both_tick_do_nothing_twice(world, runtime, network):
	"""Among what they find: lost wake-ups, a retry that is due, a parent with children, a dead worker."""
	one, two = network.host("one"), network.host("two")
	jobs = [submit(**WRITES, n=n) for n in range(8)]
	parent = submit(**{**ONCE, "seconds": 1})
	children = [
		submit_as(world.alice, "obliging_job", world.alpha, {**WRITES, "child": n}, depends_on=parent.name)
		for n in range(3)
	]
	retried = submit(mode="checkpoint_and_raise")
	get_redis_conn().flushall()
	for host in (one, two):
		host.worker()
		host.processes.script("scheduler_loop.py", host.site, "0.05")
	wait_until(has(retried.name, "Failed"), "it failed")
	frappe.db.sql("update `tabBackground Job` set ready_at = '2026-01-01' where name = %s", (retried.name,))
	frappe.db.commit()
	everyone = [*jobs, parent, *children, retried]
	wait_until(lambda: all(state(job.name)["status"] == "Completed" for job in everyone), "all end", 60)
	for job in [*jobs, parent, *children]:
		assert transitions(job.name) == UNDISTURBED
	assert transitions(retried.name) == RESCUED
	assert all(log_is_in_order(job.name) for job in everyone)
	assert people_written() == 2 * (len(everyone) - 1)
