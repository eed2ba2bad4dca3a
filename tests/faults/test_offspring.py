"""Processes that a handler starts end with an attempt that is stopped, whoever stops it and how."""

import frappe
import psutil
import pytest
from factories import acting_as, make_job_type, state, submit, submit_as, wait_until
from frappe.utils.background_jobs import create_job_id, get_redis_conn
from processes import horse_of, is_over, kill
from rq.command import send_stop_job_command
from watching import horses

from dartwing.dartwing_core.background_jobs import cancel_job

pytestmark = pytest.mark.usefixtures("impatient")

STARTS = {"mode": "start_processes", "marker": "written by a test", "people": 0, "seconds": 600}
KINDS = {"child", "grandchild", "apart", "orphan"}


@pytest.fixture
def started():
	"""What `processes_of` has found, to be killed at the test's end."""
	found: list[psutil.Process] = []
	yield found
	for process in found:
		kill(process.pid)


def processes_of(job_id: str, started: list) -> dict[str, psutil.Process]:
	"""The processes that its handler has started."""

	def ids():
		frappe.db.rollback()
		return frappe.parse_json(frappe.db.get_value("Background Job", job_id, "checkpoint"))

	pids = wait_until(ids, "the handler has started its processes")
	assert set(pids) == KINDS
	found = {kind: psutil.Process(pid) for kind, pid in pids.items()}
	started.extend(found.values())
	return found


def running(processes: dict[str, psutil.Process]) -> set[str]:
	return {kind for kind, process in processes.items() if not is_over(process)}


@pytest.mark.usefixtures("grace_period")
@pytest.mark.parametrize(
	"then", ["sleep_always", "swallow_everything", "wait_for_cancel", "translate_the_stop"]
)
def test_what_a_handler_started_ends_when_the_job_is_canceled(world, processes, started, then):
	processes.worker()
	job = submit(**STARTS, then=then)
	children = processes_of(job.name, started)
	assert running(children) == KINDS
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	wait_until(lambda: not running(children), "they are gone")
	following = submit()
	wait_until(lambda: state(following.name)["status"] == "Completed", "the worker goes on")


@pytest.mark.parametrize("then", ["sleep_always", "swallow_everything"])
def test_what_a_handler_started_ends_with_its_time_limit(world, processes, started, then):
	make_job_type("hurried_job", default_timeout=2, max_retries=0)
	frappe.db.commit()
	processes.worker()
	job = submit_as(world.alice, "hurried_job", world.alpha, {**STARTS, "then": then})
	children = processes_of(job.name, started)
	wait_until(lambda: not running(children), "they are gone")
	wait_until(lambda: state(job.name)["status"] == "Dead Letter", "the job timed out")


def test_what_a_handler_started_ends_with_a_stop_of_rq_unless_it_has_a_session_of_its_own(
	world, processes, started
):
	"""RQ kills the group of the horse; what is not in it is out of its reach, and the engine has died."""
	worker = processes.worker()
	job = submit(**STARTS, then="sleep_always")
	children = processes_of(job.name, started)
	horse = psutil.Process(horse_of(worker))
	stop_in_rq(job.name)
	wait_until(lambda: is_over(horse), "the horse is gone")
	wait_until(lambda: running(children) == {"apart"}, "its group is gone")


def stop_in_rq(job_id: str) -> None:
	rq_job_id = frappe.db.get_value("Background Job", job_id, "rq_job_id")
	send_stop_job_command(get_redis_conn(), create_job_id(rq_job_id))


def test_what_a_handler_leaves_behind_at_a_normal_end_goes_on(world, processes, started):
	processes.worker()
	job = submit(**STARTS, then="write_people")
	children = processes_of(job.name, started)
	wait_until(lambda: state(job.name)["status"] == "Completed", "the job ends")
	assert running(children) == KINDS


def test_a_stop_spares_what_an_earlier_job_of_the_horse_left_in_a_session_of_its_own(
	world, processes, started
):
	make_job_type("hurried_job", default_timeout=2, max_retries=0)
	frappe.db.commit()
	first = submit(**STARTS, then="write_people")
	second = submit_as(world.alice, "hurried_job", world.alpha, {**STARTS, "then": "sleep_always"})
	processes.worker()
	left = processes_of(first.name, started)
	stopped = processes_of(second.name, started)
	wait_until(lambda: not running(stopped), "what the stopped job started is gone")
	assert horses([first.name])[0] == horses([second.name])[0]
	assert "apart" in running(left)
