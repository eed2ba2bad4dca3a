"""What a handler, or a hook, does to its Frappe context stays there."""

import frappe
import pytest
from factories import people_written, state, submit, transitions

from dartwing.dartwing_core.background_jobs.executor import execute_job

MARKER = "written by a test"
seen: list[dict] = []


def look(**told) -> None:
	seen.append({"user": frappe.session.user, "method": frappe.local.job.method, **told})


def fail(**_told) -> None:
	raise SystemExit("a hook of another app")


@pytest.fixture
def hooks(monkeypatch):
	"""Add a function of this module to the hooks of that name."""
	asked = frappe.get_hooks

	def add(name: str, function) -> None:
		monkeypatch.setattr(frappe, "get_attr", lambda path, attr=frappe.get_attr: resolve(path, attr))
		monkeypatch.setattr(
			frappe,
			"get_hooks",
			lambda hook=None, *rest, **more: (
				[*asked(hook, *rest, **more), function.__name__]
				if hook == name
				else asked(hook, *rest, **more)
			),
		)

	def resolve(path: str, attr):
		return globals()[path] if path in ("look", "fail") else attr(path)

	seen.clear()
	return add


@pytest.mark.parametrize("hook", ["before_job", "after_job"])
def test_each_handler_has_the_hooks_of_a_job(world, hooks, hook):
	hooks(hook, look)
	job = submit()
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert [(told["user"], told["kwargs"]) for told in seen] == [
		("Administrator", {"background_job_id": job.name})
	]
	assert seen[0]["method"].endswith("executor.execute_job")


def test_a_hook_that_fails_before_a_job_is_its_failure(world, hooks):
	hooks("before_job", fail)
	job = submit(mode="write_people", marker=MARKER, people=2)
	execute_job(job.name)
	assert transitions(job.name)[-1] == ("Running", "Failed")
	assert state(job.name)["error_message"] == "SystemExit: a hook of another app"
	assert people_written() == 0


def test_a_hook_that_fails_after_a_job_changes_nothing(world, hooks):
	hooks("after_job", fail)
	job = submit(mode="write_people", marker=MARKER, people=2)
	execute_job(job.name)
	assert transitions(job.name)[-1] == ("Running", "Completed")
	assert people_written() == 2


@pytest.mark.parametrize(
	("breaks", "status"),
	[
		("destroy", "Failed"),
		("destroy and enter", "Completed"),
		("close", "Completed"),
		("another connection", "Completed"),
		("no connection", "Failed"),
		("another site", "Dead Letter"),
		("no session", "Failed"),
		("no locals", "Failed"),
	],
)
def test_a_handler_that_breaks_its_context_breaks_no_other(world, work, breaks, status):
	"""Whatever it has not committed by then is undone."""
	broken, following = submit(mode="break_frappe", breaks=breaks), submit(n=2)
	work()
	assert transitions(broken.name)[-1] == ("Running", status), state(broken.name)["error_message"]
	assert transitions(following.name)[-1] == ("Running", "Completed")
	assert people_written() == 0


def test_a_rollback_just_before_the_commit_undoes_no_record(world):
	job = submit(mode="roll_back_before_the_commit")
	execute_job(job.name)
	assert transitions(job.name)[-1] == ("Running", "Completed")


def test_the_callers_context_is_as_it_was(world):
	frappe.flags.of_the_caller = ["as it was"]
	before = frappe.local.db
	job = submit(mode="leave_a_mess")
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert frappe.local.db is before
	assert frappe.flags.pop("of_the_caller") == ["as it was"]
	assert not hasattr(frappe.local, "mess")
	assert not frappe.flags.mess
	assert frappe.session.user == "Administrator"
