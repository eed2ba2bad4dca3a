"""get_job_status, list_jobs and get_job_history."""

import frappe
import pytest
from factories import OBLIGING, acting_as, submit

from dartwing.dartwing_core.background_jobs import get_job_history, get_job_status, list_jobs

STATUS_KEYS = {
	"job_id",
	"job_type",
	"organization",
	"job_group",
	"job_schedule",
	"retry_of",
	"is_dry_run",
	"real_job",
	"status",
	"priority",
	"progress",
	"progress_message",
	"created_at",
	"scheduled_at",
	"expires_at",
	"started_at",
	"completed_at",
	"retry_count",
	"max_retries",
	"next_retry_at",
	"output_reference",
	"result",
	"error_message",
	"error_type",
	"depends_on",
	"dependency_rule",
	"waits_for",
	"waits_until",
	"expected_start",
	"usual_seconds",
	"p95_seconds",
	"seconds_left",
}


def test_the_status_has_its_exact_shape(world):
	job = submit()
	with acting_as(world.alice):
		status = get_job_status(job.name)
	assert set(status) == STATUS_KEYS
	assert status["job_id"] == job.name
	assert status["created_at"].endswith("Z")
	assert status["progress"] == 0
	assert status["max_retries"] == 5


@pytest.mark.parametrize("look", [get_job_status, get_job_history])
def test_a_job_of_others_and_an_unknown_one_get_the_same_answer(world, look):
	foreign = submit(world.bob, world.beta).name
	answers = set()
	for job_id in (foreign, "JOB-0000-00000"):
		for user in (world.alice, world.adam, world.nobody):
			with acting_as(user), pytest.raises(frappe.DoesNotExistError) as error:
				look(job_id)
			answers.add(str(error.value).replace(job_id, "ID"))
	assert answers == {"job_id: no job 'ID'"}


@pytest.mark.parametrize("user", ["alice", "adam", "manager"])
def test_members_and_system_managers_see_a_job(world, user):
	job = submit()
	with acting_as(getattr(world, user)):
		assert get_job_status(job.name)["organization"] == world.alpha
		assert get_job_history(job.name)["history"][0]["to_status"] == "Pending"


def test_the_history_has_its_exact_shape_and_order(world):
	job = submit()
	with acting_as(world.alice):
		history = get_job_history(job.name)
	assert history["job_id"] == job.name
	assert [(row["from_status"], row["to_status"]) for row in history["history"]] == [
		(None, "Pending"),
		("Pending", "Queued"),
	]
	assert set(history["history"][0]) == {
		"from_status",
		"to_status",
		"timestamp",
		"actor",
		"message",
		"retry_attempt",
	}
	assert history["history"][0]["actor"] == world.alice
	assert history["history"][0]["timestamp"] < history["history"][1]["timestamp"]


def test_a_list_shows_only_the_users_organizations_newest_first(world):
	mine = [submit().name for _ in range(3)]
	foreign = submit(world.bob, world.beta).name
	with acting_as(world.alice):
		jobs = list_jobs()
	assert [job["job_id"] for job in jobs["jobs"]] == mine[::-1]
	assert set(jobs) == {"jobs", "total", "limit", "offset"}
	assert (jobs["total"], jobs["limit"], jobs["offset"]) == (3, 20, 0)
	assert set(jobs["jobs"][0]) == STATUS_KEYS
	with acting_as(world.nobody):
		assert list_jobs()["jobs"] == []
	with acting_as(world.manager):
		assert {job["job_id"] for job in list_jobs()["jobs"]} >= {*mine, foreign}


def test_pages_and_filters(world):
	names = [submit().name for _ in range(5)]
	frappe.get_doc("Background Job", names[0]).transition_to("Canceled")
	frappe.db.commit()
	with acting_as(world.alice):
		page = list_jobs(organization=world.alpha, limit=2, offset=1)
		assert [job["job_id"] for job in page["jobs"]] == [names[3], names[2]]
		assert page["total"] == 5
		assert [job["job_id"] for job in list_jobs(status="Canceled")["jobs"]] == [names[0]]
		assert list_jobs(job_type=OBLIGING)["total"] == 5
		assert list_jobs(job_type="echo_job")["total"] == 0
	# the database finds both names in another case, too
	shouted = list_jobs(world.alpha.upper(), job_type=OBLIGING.upper())
	assert shouted["total"] == len(shouted["jobs"]) == 5


@pytest.mark.parametrize(
	("arguments", "message"),
	[
		({"limit": 0}, "limit: 0"),
		({"limit": 101}, "limit: 101"),
		({"offset": -1}, "offset: -1"),
		({"status": "Done"}, "status: 'Done' is none of Pending"),
	],
)
def test_wrong_arguments_are_named(world, arguments, message):
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match=message):
		list_jobs(**arguments)


def test_a_list_of_anothers_organization_is_refused(world):
	with acting_as(world.alice), pytest.raises(frappe.PermissionError, match="organization: you are not"):
		list_jobs(organization=world.beta)
