"""What a running job is given of the jobs that it depends on, by a real worker."""

import frappe
from factories import OBLIGING, acting_as, state, submit, submit_as

from dartwing.dartwing_core.background_jobs import get_job_status
from dartwing.dartwing_core.background_jobs.dispatch import dispatcher


def result_of(world, job) -> object:
	with acting_as(world.alice):
		return get_job_status(job.name)["result"]


def child_of(world, *parents, **arguments):
	names = [parent.name for parent in parents]
	parameters = {"mode": "tell_of_parents"}
	return submit_as(world.alice, OBLIGING, world.alpha, parameters, depends_on=names, **arguments)


def test_a_job_is_given_the_results_of_its_parents(world, work):
	parents = [submit(number=number) for number in range(3)]
	child = child_of(world, *parents)
	work()
	assert result_of(world, child) == [
		[parent.name, OBLIGING, "Completed", {"user": world.alice, "attempt": 1}] for parent in parents
	]


def test_a_job_that_waits_for_ends_only_is_told_what_became_of_its_parents(world, work):
	parents = [submit(), submit(mode="raise_permanent")]
	child = child_of(world, *parents, dependency_rule="end")
	work()
	told = result_of(world, child)
	assert [one[2] for one in told] == ["Completed", "Dead Letter"]
	assert told[1][3] is None


def test_a_job_without_parents_has_none(world, work):
	job = submit(mode="tell_of_parents")
	work()
	assert state(job.name)["status"] == "Completed"
	assert result_of(world, job) == []


def test_of_a_parent_that_was_deleted_is_known_what_it_was(world, work):
	parents = [submit(number=number) for number in range(2)]
	child = child_of(world, *parents, scheduled_at="2099-01-01")
	work()
	frappe.delete_doc("Background Job", parents[0].name)
	frappe.db.set_value("Background Job", child.name, "ready_at", "2020-01-01", update_modified=False)
	frappe.db.commit()
	dispatcher.dispatch_ready()
	work()
	assert [one[1:3] for one in result_of(world, child)] == [[None, "Completed"], [OBLIGING, "Completed"]]
