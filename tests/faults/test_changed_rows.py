"""The engine on a database that refuses rows which others changed since the transaction began.

MariaDB does from 11.6.2 on, with error 1020: a job's progress is such a change, and so is most that a
transaction of the engine is beaten to.
"""

import frappe
import pytest
from factories import acting_as, end, second_connection, state, submit, wait_until
from refusing import reconnect, refuse_changed_rows

from dartwing.dartwing_core.background_jobs import cancel_job, snapshots
from dartwing.dartwing_core.background_jobs.claims import claim
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.doctype.background_job.background_job import locked

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def refusing(world, monkeypatch):
	"""Connections of this process refuse."""
	refuse_changed_rows(monkeypatch.setattr)
	snapshots.forget()
	reconnect()
	yield
	monkeypatch.undo()
	snapshots.forget()
	reconnect()


def see_the_job(job_id: str) -> None:
	"""The snapshot of this transaction begins, and the job is in it."""
	frappe.db.rollback()
	frappe.db.sql("select name from `tabBackground Job` where name = %s", (job_id,))


def change(job_id: str, **values) -> None:
	with second_connection():
		frappe.db.set_value("Background Job", job_id, values, update_modified=False)
		frappe.db.commit()


@pytest.mark.parametrize("mode", ["hurry", "hold_a_lock_and_report", "checkpoint_and_raise"])
def test_a_job_that_reports_beside_its_transaction_ends(world, processes, mode):
	processes.script("snapshot_worker.py")
	job = submit(mode=mode, seconds=2, marker="written by a test", people=2)
	wait_until(lambda: state(job.name)["status"] not in ("Pending", "Queued", "Running"), "the job ends")
	expected = "after the checkpoint" if mode == "checkpoint_and_raise" else None
	assert state(job.name)["error_message"] == expected
	assert state(job.name)["status"] == ("Failed" if expected else "Completed")


def test_workers_that_share_a_backlog_run_all_of_it(world, processes):
	names = [submit(mode="write_people", marker="written by a test", people=1, n=n).name for n in range(40)]
	for _ in range(2):
		processes.script("snapshot_worker.py")
	wait_until(lambda: {state(name)["status"] for name in names} == {"Completed"}, "all jobs ended")


@pytest.mark.usefixtures("refusing")
def test_a_job_that_has_just_reported_can_be_canceled(world):
	job = submit()
	see_the_job(job.name)
	change(job.name, progress=50)
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	assert state(job.name)["status"] == "Canceled"


@pytest.mark.usefixtures("refusing")
def test_a_job_that_was_canceled_meanwhile_is_not_claimed(world):
	job = submit()
	see_the_job(job.name)
	end_elsewhere(job.name)
	assert claim(job.name) is None
	assert state(job.name)["status"] == "Canceled"


@pytest.mark.usefixtures("refusing")
def test_a_transition_that_lost_the_race_says_so_and_undoes_nothing_else(world):
	job = submit()
	see_the_job(job.name)
	stale = frappe.get_doc("Background Job", job.name)
	frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert()
	end_elsewhere(job.name)
	with pytest.raises(StaleJobError):
		stale.transition_to("Running")
	assert frappe.db.exists("Person", {"first_name": "written by a test"})
	assert [row.status for row in locked([job.name])] == ["Canceled"]


def end_elsewhere(job_id: str) -> None:
	with second_connection():
		end(job_id, "Canceled")
