"""The engine on a database that refuses rows which others changed since the transaction began.

MariaDB does from 11.6.2 on, with error 1020: a job's progress is such a change, and so is most that a
transaction of the engine is beaten to.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	acting_as,
	end,
	make_job_type,
	second_connection,
	state,
	submit,
	submit_as,
	wait_until,
)
from grouped import empty_group, row_of, status_of, submit_group
from http_client import Client, Web
from refusing import change_rows_first, reconnect, refuse_changed_rows, take_a_snapshot
from runtimes.base import Runtime, Server, free_port

from dartwing.dartwing_core.background_jobs import (
	cancel_group,
	cancel_job,
	retry_group,
	scheduler,
	submit_job,
	submit_jobs,
)
from dartwing.dartwing_core.background_jobs.database import snapshots
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.background_jobs.execution.claims import claim
from dartwing.dartwing_core.background_jobs.executor import execute_job
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter, former_organizations, holding
from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs
from dartwing.dartwing_core.doctype.background_job.background_job import locked
from dartwing.dartwing_core.doctype.job_tally import job_tally

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


# --- whatever others change, and whenever, nothing of the engine is refused


@pytest.fixture
def refused(refusing, monkeypatch) -> list[str]:
	"""Statements that were refused; before each that changes or locks rows, others change all of them."""
	statements: list[str] = []
	change_rows_first(statements.append, monkeypatch.setattr)
	return statements


def submit_after_an_equal_one_has_ended(world: World) -> None:
	make_job_type("test_equal", deduplication_window=300)
	first = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	take_a_snapshot()
	with second_connection():
		end(first.name, "Canceled")
	second = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	assert state(second.name)["status"] == "Queued"


def submit_many(world: World) -> None:
	parent = submit()
	take_a_snapshot()
	job = {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}
	with acting_as(world.alice):
		jobs = submit_jobs([job, {**job, "depends_on": parent.name}])
		frappe.db.commit()
	assert [state(one.name)["status"] for one in jobs] == ["Queued", "Pending"]


def cancel(world: World) -> None:
	job = submit()
	take_a_snapshot()
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	assert state(job.name)["status"] == "Canceled"


def dead_parent_and_child(world: World) -> tuple[str, str]:
	parent = submit(n=1)
	with acting_as(world.alice):
		child = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent.name)
		frappe.db.commit()
	end(parent.name, "Dead Letter", error_message="why")
	assert state(child.name)["status"] == "Dead Letter"
	return parent.name, child.name


def retry_with_children(world: World) -> None:
	parent, child = dead_parent_and_child(world)
	take_a_snapshot()
	with acting_as(world.adam):
		assert dead_letter.retry_jobs([parent])["refused"] == {}
		frappe.db.commit()
	assert [state(name)["status"] for name in (parent, child)] == ["Queued", "Pending"]


def retry_one_that_refuses_its_equals(world: World) -> None:
	make_job_type("test_equal", deduplication_window=300)
	job = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	end(job.name, "Dead Letter", error_message="why")
	take_a_snapshot()
	with acting_as(world.adam):
		dead_letter.retry_job(job.name)
		frappe.db.commit()
	assert frappe.db.get_value("Background Job", job.name, "deduplication_key")


def discard(world: World) -> None:
	parent, child = dead_parent_and_child(world)
	take_a_snapshot()
	with acting_as(world.adam):
		assert dead_letter.discard_jobs("of no use", [parent, child])["refused"] == {}
		frappe.db.commit()
	assert {state(name)["status"] for name in (parent, child)} == {"Canceled"}


def delete_a_job(world: World) -> None:
	job = submit()
	end(job.name, "Canceled")
	take_a_snapshot()
	frappe.get_doc("Background Job", job.name).delete()
	frappe.db.commit()
	assert not frappe.db.exists("Background Job", job.name)


def clean_up(world: World) -> None:
	job = submit()
	end(job.name, "Canceled")
	frappe.db.set_value("Background Job", job.name, "modified", "2001-01-01", update_modified=False)
	frappe.db.commit()
	take_a_snapshot()
	assert cleanup_old_jobs(36) == 1
	assert not frappe.db.exists("Background Job", job.name)


def count_and_recount(world: World) -> None:
	submit()
	frappe.db.sql("update `tabJob Tally` set period = '2001-01-01' where granularity = 'Hour' limit 1")
	frappe.db.commit()
	take_a_snapshot()
	job_tally.count_new()
	take_a_snapshot()
	job_tally.recount()
	assert job_tally.uncounted_since() is None


def run_a_job_that_succeeds(world: World) -> None:
	make_job_type("test_told", notify_owner="Always")
	job = submit_as(world.alice, "test_told", world.alpha, {"mode": "hurry", "seconds": 0.5})
	take_a_snapshot()
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert frappe.db.count("Notification Log", {"for_user": world.alice}) == 1


def run_a_job_that_fails(world: World) -> None:
	job = submit(mode="raise_permanent")
	take_a_snapshot()
	execute_job(job.name)
	assert state(job.name)["status"] == "Dead Letter"


def pause_and_resume(world: World) -> None:
	for switched in ({}, {"queue": "long"}, {"job_type": OBLIGING}):
		for switch in (holding.pause, holding.resume):
			take_a_snapshot()
			switch(**switched)
			frappe.db.commit()


def set_alert_threshold(jobs: int) -> None:
	"""As a transaction that reads nothing before."""
	frappe.db.rollback()
	query = "update `tabSingles` set value = %s where doctype = %s and field = 'dead_letter_alert_threshold'"
	frappe.db.sql(query, (jobs, "Job Engine Settings"))
	frappe.db.commit()
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")


def tick(world: World) -> None:
	"""With something to do for each of its steps."""
	# tests before this one have had something to tell
	frappe.db.delete("Error Log", {"method": ("like", "dartwing: %")})
	job = submit(n=1)
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=job.name)
		frappe.db.commit()
	with second_connection():
		running = frappe.get_doc("Background Job", submit(n=2).name)
		running.transition_to("Running", attempt_id="gone", rq_job_id="gone")
		frappe.get_doc("Background Job", job.name).transition_to("Canceled")
		frappe.db.set_value("Background Job", submit(n=3).name, "rq_job_id", "gone")
		frappe.db.commit()
	set_alert_threshold(1)
	try:
		take_a_snapshot()
		scheduler.tick()
	finally:
		set_alert_threshold(100)
	assert not frappe.db.exists("Error Log", {"method": ("like", "dartwing: %")})
	assert state(running.name)["status"] == "Queued"


def end_retry_and_cancel_a_group(world: World) -> None:
	group, (member,), on_end = submit_group(1, with_on_end=True, mode="raise_permanent")
	take_a_snapshot()
	execute_job(member)
	assert (status_of(group), state(on_end)["status"]) == ("Failed", "Queued")
	for change, expected in (
		(lambda: retry_group(group), "Running"),
		(lambda: cancel_group(group), "Canceled"),
	):
		take_a_snapshot()
		with acting_as(world.adam):
			assert change()["done"] == [member]
			frappe.db.commit()
		assert status_of(group) == expected


def clean_up_a_group(world: World) -> None:
	group, (member,), _on_end = submit_group(1)
	end(member, "Canceled")
	frappe.db.set_value("Job Group", group, "ended_at", "2001-01-01", update_modified=False)
	frappe.db.commit()
	take_a_snapshot()
	assert cleanup_old_jobs(36) == 1
	assert not frappe.db.exists("Job Group", group)


def put_away_the_group_of_an_organization_that_is_gone(world: World) -> None:
	group = empty_group(world.alice, world.alpha)
	frappe.db.set_value("Job Group", group, "organization", world.short_lived)
	frappe.db.commit()
	take_a_snapshot()
	assert former_organizations.put_away() >= 1
	assert row_of(group).organization == former_organizations.name_of_former(world.short_lived)


def end_the_jobs_of_an_organization_that_is_gone(world: World) -> None:
	job = submit()
	frappe.db.set_value("Background Job", job.name, "organization", world.short_lived)
	frappe.db.commit()
	take_a_snapshot()
	assert former_organizations.put_away() >= 1
	assert state(job.name)["status"] == "Dead Letter"


@pytest.mark.parametrize(
	"operation",
	[
		submit_after_an_equal_one_has_ended,
		submit_many,
		cancel,
		retry_with_children,
		retry_one_that_refuses_its_equals,
		discard,
		delete_a_job,
		clean_up,
		count_and_recount,
		run_a_job_that_succeeds,
		run_a_job_that_fails,
		pause_and_resume,
		tick,
		end_retry_and_cancel_a_group,
		clean_up_a_group,
		put_away_the_group_of_an_organization_that_is_gone,
		end_the_jobs_of_an_organization_that_is_gone,
	],
)
def test_nothing_is_refused_for_what_others_change(world, refused, operation: Callable[[World], None]):
	operation(world)
	assert refused == []


# --- nor is a request about the app's documents


@pytest.fixture(scope="module")
def changing_web(runtime: Runtime, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
	"""A server for whose every statement others change the rows first; its log has what was refused."""
	port, log = free_port(), tmp_path_factory.mktemp("web") / "web.log"
	script = Path(__file__).with_name("changing_web.py")
	server = Server([sys.executable, str(script), runtime.site, str(port)], runtime.sites_path)
	with runtime.serving(server, port, log):
		yield Web(runtime.site, port)
	assert "refused:" not in log.read_text()


@pytest.fixture(scope="module")
def clients(changing_web: Web) -> dict[str, Client]:
	return {user: changing_web.login(user) for user in (World.alice, World.adam, World.manager)}


API = "dartwing.dartwing_core.api"


def test_requests_are_answered_as_where_nothing_is_refused(world, clients):
	alice, adam, manager = (clients[user] for user in (world.alice, world.adam, world.manager))
	job, dead, ended = submit(n=1), submit(n=2), submit(n=3)
	end(dead.name, "Dead Letter", error_message="why")
	end(ended.name, "Canceled")
	of_type = {"doctype": "Job Type", "name": OBLIGING, "fieldname": "description", "value": "changed"}
	resource = "/api/resource"
	answers = {
		"cancel": alice.call(f"{API}.jobs.cancel_job", job_id=job.name),
		"retry": adam.call(f"{API}.jobs.retry_job", job_id=dead.name),
		"pause": manager.call(f"{API}.desk.pause", queue="long"),
		"resume": manager.call(f"{API}.desk.resume", queue="long"),
		"save": manager.put(f"{resource}/Organization/{world.alpha}", json={"org_type": "Family"}),
		"set_value": manager.call("frappe.client.set_value", **of_type),
		"delete": manager.delete(f"{resource}/Background Job/{ended.name}"),
	}
	assert {name: answer.status_code for name, answer in answers.items() if not answer.ok} == {}


def test_a_job_that_has_not_ended_is_not_deleted_and_its_user_told_why(world, clients):
	job = submit()
	answer = clients[world.manager].delete(f"/api/resource/Background Job/{job.name}")
	assert answer.status_code == 417
	assert "cancel it before you delete it" in answer.text


def test_every_doctype_of_the_app_is_known():
	folder = Path(frappe.get_app_path("dartwing", "dartwing_core", "doctype"))
	names = {
		path.name.replace("_", " ").title()
		for path in folder.iterdir()
		if (path / f"{path.name}.json").exists()
	}
	assert names == set(OWN)
