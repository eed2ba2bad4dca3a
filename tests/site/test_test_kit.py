"""The test kit that other apps use, as they use it: in one process, on a site, without a worker."""

import logging
import time
from datetime import timedelta

import frappe
import pytest
from factories import (
	MARKER,
	OBLIGING,
	changed,
	make_job_type,
	people_written,
	purge,
	state,
	submit,
	submit_as,
	waiting_rq_jobs,
)
from frappe.database import savepoint

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	JobContext,
	JobTimeoutError,
	PermanentError,
	TransientError,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.database import database_clock, times
from dartwing.dartwing_core.background_jobs.execution.parents import Parent
from dartwing.testing import (
	FOREVER,
	JobKit,
	acting_as,
	make_member,
	make_organization,
	make_user,
	run_handler,
)
from dartwing.tests.handlers import MODES, obliging_handler
from dartwing.tests.typed_handlers import import_people


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


def write(name: str) -> str:
	person = frappe.get_doc({"doctype": "Person", "first_name": f"{MARKER}: {name}"})
	return person.insert(ignore_permissions=True).name


# --- one handler


def test_a_handler_runs_in_the_tests_transaction(world):
	def handler(context: JobContext) -> dict:
		context.update_progress(50, "half")
		context.update_progress(100)
		write(context.parameters["name"])
		context.save_checkpoint({"at": 1})
		return {"result": {"user": frappe.session.user, "organization": context.organization}}

	run = run_handler(handler, {"name": "Ada"}, organization=world.alpha, owner=world.alice)
	assert run.result == {"user": world.alice, "organization": world.alpha}
	assert run.progress == [(50, "half"), (100, None)]
	assert run.checkpoint == {"at": 1}
	assert frappe.session.user == "Administrator"
	assert frappe.db.count("Person", {"first_name": f"{MARKER}: Ada"}) == 1
	assert frappe.db.count("Background Job") == 0
	assert people_written() == 0, "undone with the test's transaction"


def test_a_link_is_looked_up_as_the_owner(world):
	hidden = {"organization": world.beta}
	run_handler(import_people, hidden, organization=world.alpha)
	with pytest.raises(frappe.ValidationError, match="no Organization"):
		run_handler(import_people, hidden, organization=world.alpha, owner=world.alice)


def test_a_typed_handler_is_given_its_object(world):
	run = run_handler(
		import_people, {"people": [{"name": "Ada", "born": "1815-12-10"}]}, organization=world.alpha
	)
	assert run.result == {"kinds": ["ImportPeople", "Decimal", "int", "Person"], "born": ["1815-12-10"]}
	with pytest.raises(frappe.ValidationError, match=r"parameters\.people\[0\]\.born: "):
		run_handler(import_people, {"people": [{"name": "Ada", "born": "soon"}]})


def test_lines_that_are_logged_are_told(world):
	def handler(context: JobContext) -> None:
		context.log("two rows")
		logging.getLogger("my_app").warning("one is %s", "empty")

	run = run_handler(handler)
	assert run.log == [("INFO", "two rows"), ("WARNING", "one is empty")]
	assert frappe.db.count("Job Log Part") == 0


def test_a_handlers_error_reaches_the_test_and_what_it_wrote_is_undone(world):
	write("before")
	organizations = frappe.db.count("Organization")

	def handler(context: JobContext) -> None:
		write("within")
		raise TransientError("not yet")

	with pytest.raises(TransientError, match="not yet"):
		run_handler(handler)
	assert frappe.get_all("Person", {"first_name": ("like", f"{MARKER}%")}, pluck="first_name") == [
		f"{MARKER}: before"
	]
	assert frappe.db.count("Organization") == organizations


@pytest.mark.parametrize("returned", [[], {"rows": 1}, {"output_reference": "javascript:"}])
def test_what_no_worker_would_take_is_refused(world, returned):
	with pytest.raises((PermanentError, frappe.ValidationError)):
		run_handler(lambda context: returned)


def test_a_function_that_is_no_handler_is_named(world):
	with pytest.raises(TypeError, match="no handler"):
		run_handler(write, {})


def test_steps_are_done_in_the_tests_transaction(world):
	write("before")
	calls = []

	def fetch(what: str) -> str:
		calls.append(what)
		return write(what)

	def handler(context: JobContext) -> dict:
		first = context.step("first", fetch, "first")
		for _item in context.each("rows", [1, 2], commit_every_seconds=0):
			write("row")
		return {"result": {"first": first, "second": context.step("second", fetch, "second")}}

	run = run_handler(handler, done_steps={"first": "PER-1"})
	assert (run.result["first"], calls, run.steps) == ("PER-1", ["second"], ["rows", "second"])
	assert people_written() == 0, "nothing was committed"


def test_half_a_step_is_undone_and_a_write_before_a_step_is_refused(world):
	def write_and_raise() -> None:
		write("half")
		raise ValueError("half")

	def handler(context: JobContext) -> None:
		with pytest.raises(ValueError, match="half"):
			context.step("first", write_and_raise)
		assert not frappe.db.exists("Person", {"first_name": f"{MARKER}: half"})
		write("outside")
		context.step("second", int)

	with pytest.raises(PermanentError, match="something was written before it"):
		run_handler(handler)


def test_what_is_undone_before_a_step_is_no_write_and_what_is_left_is_one(world):
	def write_and_undo() -> None:
		with savepoint(catch=ValueError):
			write("undone")
			raise ValueError

	def handler(context: JobContext) -> None:
		context.update_progress(10, "soon")
		write_and_undo()
		context.step("first", write, "first")
		write("outside")
		write_and_undo()
		context.step("second", int)

	with pytest.raises(PermanentError, match="step 'second': something was written before it"):
		run_handler(handler)


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_what_the_handler_has_committed_or_undone_is_no_write_before_a_step(world, end):
	"""As on the connection of a worker's handler."""

	def handler(context: JobContext) -> None:
		context.step("first", write, "first")
		write("outside")
		getattr(frappe.db, end)()
		context.step("second", write, "second")
		write("undone")
		frappe.db.rollback()

	assert run_handler(handler).steps == ["first", "second"]
	names = frappe.get_all("Person", {"first_name": ("like", f"{MARKER}%")}, pluck="first_name")
	kept = ["first", "outside", "second"] if end == "commit" else ["first", "second"]
	assert sorted(names) == [f"{MARKER}: {name}" for name in kept]


def test_a_commit_and_a_rollback_of_the_handler_leave_the_test_what_it_wrote(world):
	write("before")

	def handler(context: JobContext) -> None:
		write("undone")
		frappe.db.rollback()
		write("kept")
		frappe.db.commit()

	run = run_handler(handler)
	assert run.has_committed
	names = frappe.get_all("Person", {"first_name": ("like", f"{MARKER}%")}, pluck="first_name")
	assert sorted(names) == [f"{MARKER}: before", f"{MARKER}: kept"]
	assert people_written() == 0


def test_a_handler_sees_its_attempt_its_checkpoint_and_its_parents(world):
	def handler(context: JobContext) -> dict:
		results = [parent.result for parent in context.parents]
		return {"result": [context.attempt, context.checkpoint, results, context.is_canceled()]}

	run = run_handler(
		handler, attempt=3, checkpoint={"at": 7}, parents=[Parent("JOB-1", "Completed", result=42)]
	)
	assert run.result == [3, {"at": 7}, [42], False]


def test_what_a_handler_says_has_no_secret_as_beside_a_worker(world):
	def says(context: JobContext) -> dict:
		secret = context.parameters["password"]
		context.log(f"with {secret}")
		context.update_progress(50, f"by {secret}")
		return {"result": {"said": secret}}

	run = run_handler(says, {"password": "correct horse"})
	assert run.log == [("INFO", f"with {MASK}")]
	assert run.progress == [(50, f"by {MASK}")]
	assert run.result == {"said": MASK}


def test_a_member_is_made_of_documents_as_of_names(world):
	organization = make_organization()
	user = make_user(f"{frappe.generate_hash(length=8)}@example.com")
	member = make_member(user, organization)
	assert member.organization == organization.name
	assert frappe.db.get_value("Person", member.person, "frappe_user") == user.name
	frappe.db.rollback()


def test_a_handler_that_hangs_is_interrupted(world):
	with pytest.raises(JobTimeoutError):
		run_handler(lambda context: time.sleep(600), timeout_seconds=1)


def test_what_a_handler_submits_is_told_and_pushes_nothing(world, dartwing_jobs):
	def handler(context: JobContext) -> None:
		context.submit(OBLIGING, {"mode": "succeed"})

	run = run_handler(handler, organization=world.alpha, owner=world.alice)
	assert [job.name for job in run.submitted] == [job.name for job in dartwing_jobs.submitted(OBLIGING)]
	frappe.db.commit()
	assert waiting_rq_jobs() == []


# --- what was submitted


def test_submissions_are_found_by_type_organization_and_parameters(world, dartwing_jobs):
	dartwing_jobs.assert_nothing_submitted()
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed", "on": times.site_now().date()})
	found = dartwing_jobs.assert_submitted(OBLIGING, world.alpha, {"mode": "succeed"})
	assert [one.name for one in found] == [job.name]
	on = {"on": times.site_now().date()}
	assert dartwing_jobs.submitted(parameters=on), "compared as they are stored"
	with pytest.raises(AssertionError, match=rf"0 jobs .* submitted: {OBLIGING}"):
		dartwing_jobs.assert_submitted(OBLIGING, parameters={"mode": "raise_unknown"})
	with pytest.raises(AssertionError, match=job.name):
		dartwing_jobs.assert_nothing_submitted(OBLIGING)
	with pytest.raises(AssertionError):
		dartwing_jobs.assert_submitted(OBLIGING, count=2)
	frappe.db.rollback()
	dartwing_jobs.assert_nothing_submitted()


# --- draining


def test_jobs_are_drained_in_this_process_with_children_and_groups(world, dartwing_jobs):
	with acting_as(world.alice):
		parts = [Job(OBLIGING, {"mode": "succeed", "n": number}) for number in range(2)]
		all_of_it = parts >> Job(OBLIGING, {"mode": "tell_of_parents"})
		on_end = Job(OBLIGING, {"mode": "tell_of_the_group"})
		group = Flow("two", all_of_it, on_end=on_end).submit(world.alpha).group_id
	jobs = dartwing_jobs.drain()
	assert [job.status for job in jobs] == ["Completed"] * 4
	assert frappe.db.get_value("Job Group", group, "status") == "Completed"
	assert waiting_rq_jobs() == []


def test_what_a_drained_job_submits_is_drained_as_well(world, dartwing_jobs):
	submit(mode="fan_out", count=2, marker=MARKER)
	jobs = dartwing_jobs.drain()
	assert [job.status for job in jobs] == ["Completed"] * 4
	assert people_written() == 2


def test_retries_run_when_the_test_says_so(world, dartwing_jobs, monkeypatch):
	def fail_twice(context: JobContext) -> None:
		if context.attempt < 3:
			raise TransientError("not yet")

	monkeypatch.setitem(MODES, "fail_twice", fail_twice)
	job = submit(mode="fail_twice")
	assert [one.status for one in dartwing_jobs.drain()] == ["Failed"]
	assert dartwing_jobs.drain(until=10)[0].status == "Failed", "the first retry is due after a minute"
	before = times.utc_now()
	assert dartwing_jobs.drain(until=600)[0].status == "Completed"
	assert state(job.name)["retry_count"] == 2
	assert 100 < (times.utc_now() - before).total_seconds() < 600


def test_a_job_for_later_starts_when_the_clock_is_there(world, dartwing_jobs):
	with acting_as(world.alice):
		later = times.utc_as_text(times.utc_now() + timedelta(days=40))
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, scheduled_at=later)
	assert dartwing_jobs.drain()[0].status == "Pending"
	dartwing_jobs.travel(40 * 24 * 3600 - 60)
	assert dartwing_jobs.drain()[0].status == "Pending"
	dartwing_jobs.travel(120)
	assert dartwing_jobs.drain()[0].status == "Completed"


def test_a_drain_without_an_end_goes_on_until_nothing_waits_for_a_time(world, dartwing_jobs):
	submit(mode="raise_unknown")
	assert dartwing_jobs.drain(until=FOREVER)[0].status == "Dead Letter"


def test_a_drain_without_an_end_waits_for_the_pace_of_starts(world, dartwing_jobs):
	make_job_type("test_paced", start_limit=1, start_limit_window=60)
	for number in range(3):
		submit_as(world.alice, "test_paced", world.alpha, {"mode": "succeed", "n": number})
	assert [job.status for job in dartwing_jobs.drain()] == ["Completed", "Pending", "Pending"]
	assert [job.status for job in dartwing_jobs.drain(until=FOREVER)] == ["Completed"] * 3


def test_a_moved_clock_starts_no_jobs_of_others(world):
	theirs = submit_job(
		OBLIGING, world.alpha, {"mode": "succeed"}, scheduled_at=times.site_now() + timedelta(days=1)
	)
	frappe.db.commit()
	with JobKit() as kit:
		submit(mode="succeed")
		with pytest.raises(AssertionError, match=f"Alpha.+ has a job of others, {theirs.name}"):
			kit.drain(until=FOREVER)
		assert kit.drain()[0].status == "Completed"
	assert state(theirs.name)["status"] == "Pending"


def test_a_paused_type_is_not_drained_and_does_not_hang(world, dartwing_jobs):
	submit()
	with changed("Job Type", OBLIGING, is_paused=1):
		assert dartwing_jobs.drain(until=FOREVER)[0].status in ("Pending", "Queued")


def test_jobs_of_others_are_left(world):
	other = submit()
	with JobKit() as kit:
		submit()
		kit.drain()
	assert state(other.name)["status"] == "Queued"


def test_the_end_of_the_block_takes_away_the_jobs_and_moves_the_clock_back(world):
	with JobKit() as kit:
		job = submit(mode="raise_unknown")
		kit.drain()
		kit.travel(5000)
		assert kit.submitted()
	assert database_clock.Moved.seconds == 0
	frappe.db.rollback()
	for doctype in ("Background Job", "Job Execution Log", "Job Step"):
		field = "name" if doctype == "Background Job" else "background_job"
		assert not frappe.db.exists(doctype, {field: job.name})


def test_the_end_of_the_block_waits_for_no_open_transaction(world):
	with acting_as(world.alice), JobKit():
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		began = time.monotonic()
	assert time.monotonic() - began < 30, "it would have waited for the row's lock"
	assert frappe.db.exists("Background Job", job.name), "still in the test's transaction"


def test_the_clock_is_the_same_in_python_and_in_sql(world, dartwing_jobs):
	dartwing_jobs.travel(86400)
	answered = frappe.db.sql(f"select {database_clock.UTC_NOW}")[0][0]
	assert abs((times.utc_now() - answered).total_seconds()) < 60
	dartwing_jobs.travel(-2 * 86400)
	assert (answered - times.utc_now()).total_seconds() > 86400


def test_a_type_made_by_the_test_is_drained(world, dartwing_jobs):
	purge("Job Type", "a_type_of_this_test")
	make_job_type("a_type_of_this_test", max_retries=0)
	try:
		with acting_as(world.alice):
			submit_job("a_type_of_this_test", world.alpha, {"mode": "raise_unknown"})
		assert dartwing_jobs.drain()[0].status == "Dead Letter"
	finally:
		purge("Job Type", "a_type_of_this_test")
		frappe.db.commit()


def test_the_handler_of_the_tests_runs_by_its_path(world):
	assert run_handler("dartwing.tests.handlers.obliging_handler", {"mode": "succeed"}).result["attempt"] == 1
	assert run_handler(obliging_handler, {"mode": "succeed"}).output_reference is None
