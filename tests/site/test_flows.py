"""Flows: jobs in the order in which they depend on each other, accepted whole or not at all."""

import frappe
import pytest
from factories import OBLIGING, acting_as, changed, counted_statements, end, make_job_type, state
from grouped import status_of, submit_flow

from dartwing.dartwing_core.background_jobs import (
	DuplicateJobError,
	Flow,
	Job,
	QueueFullError,
	get_job_status,
)
from dartwing.dartwing_core.background_jobs.dispatch import dependencies
from dartwing.dartwing_core.background_jobs.errors import IdempotencyKeyError
from dartwing.dartwing_core.background_jobs.submission import flows

_numbers = iter(range(1_000_000))


def job(**arguments) -> Job:
	"""One like no other before it."""
	return Job(OBLIGING, {"mode": "succeed", "number": next(_numbers)}, **arguments)


def parents(world, made) -> list[list[int]]:
	"""The parents of each job of a flow, by their positions."""
	position = {one.name: place for place, one in enumerate(made.jobs)}
	with acting_as(world.alice):
		return [[position[parent] for parent in get_job_status(one.name)["depends_on"]] for one in made.jobs]


def statuses(made) -> list[str]:
	return [state(one.name)["status"] for one in made.jobs]


def nothing_was_written() -> bool:
	frappe.db.rollback()
	return not (frappe.db.count("Background Job") or frappe.db.count("Job Group"))


# --- the notation


def test_jobs_stand_one_after_the_other_and_side_by_side(world):
	split, merge = job(), job()
	made = submit_flow(Flow("Scan", split >> [job(), job()] >> merge >> job()))
	assert parents(world, made) == [[], [0], [0], [1, 2], [3]]
	assert statuses(made) == ["Queued", "Pending", "Pending", "Pending", "Pending"]


def test_a_list_comes_first_or_last(world):
	made = submit_flow(Flow("two, then two", [job(), job()] >> job() >> [job(), job()]))
	assert parents(world, made) == [[], [], [0, 1], [2], [2]]


def test_chains_stand_side_by_side(world):
	made = submit_flow(Flow("two lines", job() >> job(), job() >> job()))
	assert parents(world, made) == [[], [0], [], [2]]


def test_a_chain_within_a_list_begins_and_ends_the_list(world):
	made = submit_flow(Flow("a chain within", job() >> [job() >> job(), job()] >> job()))
	assert parents(world, made) == [[], [0], [1], [0], [2, 3]]


def test_a_job_that_is_named_twice_is_one(world):
	first, last = job(), job()
	made = submit_flow(Flow("a diamond", first >> job() >> last, first >> job() >> last))
	assert parents(world, made) == [[], [0], [1, 3], [0]]


def test_an_empty_list_is_nothing(world):
	made = submit_flow(Flow("no pages", job() >> [] >> job()))
	assert parents(world, made) == [[], [0]]


def test_json_says_the_same(world):
	jobs = [
		{"job_type": OBLIGING, "parameters": {"n": 1}, "name": "split"},
		{"job_type": OBLIGING, "parameters": {"n": 2}, "name": "first", "depends_on": "split"},
		{"job_type": OBLIGING, "parameters": {"n": 3}, "name": "second", "depends_on": ["split"]},
		{"job_type": OBLIGING, "depends_on": ["first", "second"], "dependency_rule": "end"},
	]
	made = submit_flow(Flow.parse("Scan", jobs))
	assert parents(world, made) == [[], [0], [0], [1, 2]]
	assert made.jobs[3].dependency_rule == "end"


# --- its life


def test_a_flow_runs_from_its_first_job_to_its_last(world):
	made = submit_flow(Flow("Scan", job() >> [job(), job()] >> job()))
	for place, following in ((0, ["Queued", "Queued", "Pending"]), (1, None), (2, None)):
		end(made.jobs[place].name, "Completed")
		if following:
			assert statuses(made)[1:] == following
	assert statuses(made)[3] == "Queued"
	assert status_of(made.group_id) == "Running"
	end(made.jobs[3].name, "Completed")
	assert status_of(made.group_id) == "Completed"


def test_a_failed_job_fails_what_comes_after_it_and_the_group_ends(world):
	made = submit_flow(Flow("Scan", job() >> job() >> job(), on_end=job()))
	assert state(made.on_end.name)["status"] == "Pending"
	end(made.jobs[0].name, "Dead Letter")
	assert statuses(made) == ["Dead Letter"] * 3
	assert status_of(made.group_id) == "Failed"
	assert state(made.on_end.name)["status"] == "Queued"


def test_equal_flows_are_told_by_the_jobs_that_they_begin_with(world):
	merge = {"mode": "succeed"}

	def flow(page):
		return Flow("Scan", Job(OBLIGING, {"mode": "succeed", "page": page}) >> Job(OBLIGING, merge))

	with changed("Job Type", OBLIGING, deduplication_window=300):
		submit_flow(flow("one of many"))
		submit_flow(flow("another"))
		with pytest.raises(DuplicateJobError):
			submit_flow(flow("another"))


def test_a_flow_joins_the_callers_transaction(world):
	with acting_as(world.alice):
		Flow("Scan", job() >> job(), on_end=job()).submit(world.alpha)
		frappe.db.rollback()
	assert nothing_was_written()


def test_thousands_of_jobs_take_few_statements(world):
	def statements_for(count: int) -> int:
		flow = Flow("many", job() >> [job() for _ in range(count)] >> job(), on_end=job())
		with acting_as(world.alice), counted_statements() as statements:
			flow.submit(world.alpha)
			frappe.db.rollback()
		return len(statements)

	assert statements_for(400) == statements_for(200)


# --- refusals: all or none


def assert_refused(world, flow, reason, error=frappe.ValidationError, user=None, organization=None):
	with pytest.raises(error, match=reason):
		submit_flow(flow() if callable(flow) else flow, user or world.alice, organization or world.alpha)
	assert nothing_was_written()


def circle():
	first, second = job(name="first"), job()
	return Flow("round and round", first >> second >> first)


def end_among_jobs():
	first = job()
	return Flow("its own end", first >> job(), on_end=first)


@pytest.mark.parametrize(
	("flow", "reason"),
	[
		(circle, r"jobs: they depend on each other in a circle: first → jobs\[1\] → first"),
		(lambda: Flow("", job()), "title: must be plain text of 1 to 140 characters"),
		(lambda: Flow("x" * 141, job()), "title: must be plain text of 1 to 140 characters"),
		(lambda: Flow(None, job()), "title: must be a text, not NoneType"),
		(lambda: Flow("none"), "jobs: a flow has 1 to 10000 jobs, not 0"),
		(lambda: Flow("what", "echo_job"), "flow: must be of Job, .* not str"),
		(lambda: Flow("what", job() >> 5), "flow: must be of Job, .* not int"),
		(lambda: Flow("rule", job(dependency_rule="x")), r"jobs\[0\].dependency_rule: 'x' is none of"),
		(lambda: Flow("priority", job(), job(priority="x")), r"jobs\[1\].priority: 'x' is none of"),
		(lambda: Flow("end", job(), on_end=job(priority="x")), "on_end.priority: 'x' is none of"),
		(lambda: Flow("end", job(), on_end=[job()]), "on_end: must be a Job, not list"),
		(lambda: Flow("end", job(), on_end=job() >> job()), "on_end: must be a Job, not Chain"),
		(end_among_jobs, "on_end: is one of the jobs after whose end it is to start"),
		(lambda: Flow("wide", [job()] * 400 >> Job(OBLIGING)), None),
	],
)
def test_what_is_wrong_is_refused_by_its_place(world, flow, reason):
	if reason is None:
		# the same job four hundred times is one
		assert len(submit_flow(flow()).jobs) == 2
		return
	assert_refused(world, flow, reason)


SAID = {"job_type": OBLIGING, "name": "a"}


@pytest.mark.parametrize(
	("jobs", "on_end", "reason"),
	[
		({"a": 1}, None, "jobs: must be a list of objects, not dict"),
		([5], None, r"jobs\[0\]: must be an object, not int"),
		([{**SAID, "jobtype": 1}], None, r"jobs\[0\].jobtype: there is no such argument"),
		([{"name": "a"}], None, r"jobs\[0\].job_type: is missing"),
		([SAID, SAID], None, r"jobs\[1\].name: 'a' is the name of another job of the flow"),
		([{**SAID, "name": 7}], None, r"jobs\[0\].name: must be a text, not int"),
		([{**SAID, "depends_on": "b"}], None, r"jobs\[0\].depends_on: no job 'b' in the flow"),
		([{**SAID, "depends_on": [["a"]]}], None, r"jobs\[0\].depends_on: must be a name or a list of names"),
		([{**SAID, "depends_on": {"a": 1}}], None, r"jobs\[0\].depends_on: must be a name or a list"),
		([{**SAID, "depends_on": "a"}], None, "jobs: they depend on each other in a circle: a → a"),
		([{"job_type": {"a": 1}}], None, r"jobs\[0\].job_type: must be a text, not dict"),
		([{**SAID, "parameters": [1]}], None, r"jobs\[0\].parameters: "),
		([SAID], [1], "on_end: must be an object, not list"),
		([SAID], {**SAID, "depends_on": "a"}, "on_end.depends_on: it depends on all jobs of the flow"),
		([], None, "jobs: a flow has 1 to 10000 jobs, not 0"),
		([SAID] * 10_001, None, "jobs: a flow has 1 to 10000 jobs, not 10001"),
	],
)
def test_json_that_is_wrong_is_refused_by_its_place(world, jobs, on_end, reason):
	assert_refused(world, lambda: Flow.parse("Scan", jobs, on_end), reason)


def test_too_many_dependencies_are_refused_before_they_are_made(world, monkeypatch):
	monkeypatch.setattr(flows, "MAX_DEPENDENCIES", 8)
	with pytest.raises(frappe.ValidationError, match="jobs: a flow has at most 8 dependencies"):
		[job(), job(), job()] >> job() >> [job(), job(), job()] >> job()


def test_every_job_is_checked_as_a_lone_one(world):
	make_job_type("test_off", is_enabled=0)
	assert_refused(
		world, Flow("off", job() >> Job("test_off")), r"jobs\[1\].job_type: 'test_off' is disabled"
	)
	assert_refused(world, Flow("others", job()), "organization", frappe.PermissionError, world.bob)
	no_type = Flow("none", job() >> job(), on_end=Job("test_none"))
	assert_refused(world, no_type, "on_end.job_type: no Job Type", frappe.DoesNotExistError)


def test_a_flow_that_does_not_fit_into_the_queue_is_refused_whole(world):
	with changed("Organization", world.alpha, override_queue_limit=1, queue_limit=3):
		assert_refused(world, Flow("four", [job(), job(), job()], on_end=job()), "Queue full", QueueFullError)


def test_an_equal_job_in_a_flow_is_named(world):
	twice = [Job(OBLIGING, {"mode": "succeed"}), Job(OBLIGING, {"mode": "succeed"})]
	with changed("Job Type", OBLIGING, deduplication_window=300):
		assert_refused(world, Flow("twice", twice), r"jobs\[1\].*jobs\[0\]", DuplicateJobError)


# --- a flow that is sent again


def keyed(world, flow, key="scan-4711"):
	with acting_as(world.alice):
		made = flow.submit(world.alpha, idempotency_key=key)
		frappe.db.commit()
	return made


def scan(page=1):
	pages = [
		Job(OBLIGING, {"mode": "succeed", "page": page}),
		Job(OBLIGING, {"mode": "succeed", "cover": page}),
	]
	return Flow(
		"Scan", pages >> Job(OBLIGING, {"mode": "succeed"}), on_end=Job(OBLIGING, {"mode": "succeed"})
	)


def test_the_same_flow_with_the_same_key_is_the_one_that_was_accepted(world):
	first = keyed(world, scan())
	end(first.jobs[0].name, "Completed")
	again = keyed(world, scan())
	assert again.group_id == first.group_id
	assert [job.name for job in again.jobs] == [job.name for job in first.jobs]
	assert [job.status for job in again.jobs] == ["Completed", "Queued", "Pending"]
	assert again.on_end.name == first.on_end.name
	assert all(job.flags.is_existing for job in again.jobs)
	assert frappe.db.count("Job Group") == 1


def test_another_flow_with_the_same_key_is_refused(world):
	keyed(world, scan())
	others = [scan(2), Flow("Scan", scan().jobs), Flow("Scan of May", *scan().jobs)]
	for other in others:
		with pytest.raises(IdempotencyKeyError, match="idempotency_key: 'scan-4711' was sent with another"):
			keyed(world, other)
		frappe.db.rollback()
	assert keyed(world, scan(2), "scan-4712").group_id


@pytest.mark.parametrize("key", ["", "a b", 5, "x" * 256])
def test_what_is_no_key_is_refused(world, key):
	with pytest.raises(frappe.ValidationError, match="idempotency_key: must be"):
		keyed(world, scan(), key)
	assert nothing_was_written()


def test_a_title_tells_no_secret(world):
	secret = Job(OBLIGING, {"mode": "succeed", "password": "s3cr3tvalue99"})
	assert_refused(world, Flow("with s3cr3tvalue99 in it", secret), "title: holds the value of a masked")


def test_a_long_line_fails_level_by_level_and_a_tick_goes_on(world, monkeypatch):
	monkeypatch.setattr(dependencies, "MOST_LEVELS", 3)
	monkeypatch.setattr(dependencies.release_or_fail, "__defaults__", (None, 3))
	line = job() >> job() >> job() >> job() >> job() >> job()
	made = submit_flow(Flow("a line", line, on_end=job()))
	end(made.jobs[0].name, "Dead Letter")
	assert statuses(made) == ["Dead Letter"] * 4 + ["Pending"] * 2
	assert status_of(made.group_id) == "Running"
	dependencies.process_dependent_jobs()
	assert statuses(made) == ["Dead Letter"] * 6
	assert status_of(made.group_id) == "Failed"
	parent = made.jobs[4].name
	assert state(made.jobs[5].name)["error_message"].startswith(f"parent {parent} is Dead Letter: parent ")
