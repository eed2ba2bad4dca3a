from unittest.mock import patch

import frappe
import pytest
from factories import acting_as, end, make_job_type, second_connection, state, submit, submit_as, transitions

from dartwing.dartwing_core.background_jobs import dead_letter
from dartwing.dartwing_core.background_jobs.cleanup import cleanup_old_jobs, daily_cleanup
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob


def dead(user: str, organization: str, **changes) -> str:
	job = submit(user, organization)
	end(job.name, "Dead Letter", error_message="why", **changes)
	return job.name


def test_a_retry_is_a_fresh_set_of_attempts_and_the_log_keeps_the_old_ones(world):
	job_id = dead(world.alice, world.alpha, retry_count=5)
	before = transitions(job_id)
	with acting_as(world.adam):
		dead_letter.retry_job(job_id)
		frappe.db.commit()
	job = state(job_id)
	assert (job["status"], job["retry_count"], job["error_message"]) == ("Queued", 0, None)
	assert transitions(job_id)[: len(before)] == before
	assert transitions(job_id)[len(before)] == ("Dead Letter", "Queued")


def test_discarding_needs_a_reason_and_keeps_it(world):
	job_id = dead(world.alice, world.alpha)
	with acting_as(world.adam):
		with pytest.raises(frappe.ValidationError, match="reason"):
			dead_letter.discard_job(job_id, "  ")
		dead_letter.discard_job(job_id, "the invoice was paid by hand")
		frappe.db.commit()
	assert state(job_id)["status"] == "Canceled"
	message = frappe.get_all(
		"Job Execution Log", {"background_job": job_id}, ["message"], order_by="timestamp desc"
	)
	assert message[0].message == "the invoice was paid by hand"


@pytest.mark.parametrize("user", ["adam", "manager"])
def test_admins_may(world, user):
	job_id = dead(world.alice, world.alpha)
	with acting_as(getattr(world, user)):
		dead_letter.retry_job(job_id)


def test_a_member_may_not_even_the_owner(world):
	job_id = dead(world.alice, world.alpha)
	with acting_as(world.alice), pytest.raises(frappe.PermissionError):
		dead_letter.retry_job(job_id)


def test_a_job_that_is_no_dead_letter_is_refused(world):
	job = submit()
	with acting_as(world.adam), pytest.raises(frappe.ValidationError, match="no dead letter"):
		dead_letter.retry_job(job.name)


def test_many_are_retried_and_each_refusal_is_explained(world):
	mine = [dead(world.alice, world.alpha) for _ in range(3)]
	foreign = dead(world.bob, world.beta)
	running = submit().name
	with acting_as(world.adam):
		result = dead_letter.retry_jobs([*mine, foreign, running, "JOB-0000-0"])
		frappe.db.commit()
	assert result["done"] == mine
	assert set(result["refused"]) == {foreign, running, "JOB-0000-0"}
	assert result["refused"][foreign].replace(foreign, "X") == result["refused"]["JOB-0000-0"].replace(
		"JOB-0000-0", "X"
	)
	assert state(foreign)["status"] == "Dead Letter"


def test_all_of_a_filter_are_only_those_one_administers(world):
	mine = [dead(world.alice, world.alpha) for _ in range(2)]
	foreign = dead(world.bob, world.beta)
	with acting_as(world.adam):
		assert dead_letter.retry_jobs(filters={})["done"] == mine
		assert dead_letter.dead_letters({"organization": world.beta}) == []
	frappe.db.commit()
	assert state(foreign)["status"] == "Dead Letter"


def test_all_of_a_filter_can_be_discarded(world):
	job_id = dead(world.alice, world.alpha)
	with acting_as(world.adam):
		assert dead_letter.discard_jobs("old", filters={"job_type": "obliging_job"})["done"] == [job_id]


def test_a_refusal_in_the_middle_of_an_item_undoes_that_item_only(world):
	first, second = dead(world.alice, world.alpha), dead(world.alice, world.alpha)

	def fail_for_the_first(job) -> None:
		if job.name == first:
			frappe.throw("no")

	target = "dartwing.dartwing_core.background_jobs.dependencies.revive_children"
	with acting_as(world.adam), patch(target, fail_for_the_first):
		result = dead_letter.retry_jobs([first, second])
		frappe.db.commit()
	assert (result["done"], list(result["refused"])) == ([second], [first])
	assert state(first)["status"] == "Dead Letter"
	assert state(second)["status"] == "Queued"


def test_a_job_that_was_just_retried_cannot_be_deleted(world):
	job_id = dead(world.alice, world.alpha)
	frappe.db.rollback()
	job = frappe.get_doc("Background Job", job_id)
	with second_connection(), acting_as(world.adam):
		dead_letter.retry_job(job_id)
		frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="cancel it"):
		job.delete()


def test_ids_or_filters_but_not_both(world):
	for arguments in ({}, {"job_ids": [], "filters": {}}):
		with pytest.raises(frappe.ValidationError, match="either job_ids or filters"):
			dead_letter.retry_jobs(**arguments)


def alerts() -> int:
	return frappe.db.count("Notification Log", {"for_user": "manager@example.com"})


def test_system_managers_are_told_once_per_crossing(world):
	frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_threshold", 1)
	try:
		first = dead(world.alice, world.alpha)
		dead_letter.alert_when_many()
		assert alerts() == 0
		second = dead(world.alice, world.alpha)
		dead_letter.alert_when_many()
		dead_letter.alert_when_many()
		assert alerts() == 1
		for job_id in (first, second):
			dead_letter.discard_job(job_id, "done")
		dead_letter.alert_when_many()
		dead(world.alice, world.alpha)
		dead(world.alice, world.alpha)
		dead_letter.alert_when_many()
		assert alerts() == 2
	finally:
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_threshold", 50)
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", 0)
		frappe.db.delete("Notification Log", {"for_user": world.manager})
		frappe.db.commit()


@pytest.mark.parametrize(
	("wanted", "status", "told"),
	[
		("Never", "Dead Letter", 0),
		("On Failure", "Completed", 0),
		("On Failure", "Dead Letter", 1),
		("Always", "Completed", 1),
		("Always", "Canceled", 1),
		("Always", "Dead Letter", 1),
	],
)
def test_the_owner_is_told_as_the_type_asks(world, wanted, status, told):
	make_job_type("test_notify", notify_owner=wanted)
	job = submit_as(world.alice, "test_notify", world.alpha, {})
	end(job.name, status)
	logs = frappe.get_all(
		"Notification Log", {"for_user": world.alice, "document_name": job.name}, ["subject"]
	)
	frappe.db.delete("Notification Log", {"for_user": world.alice})
	frappe.db.commit()
	assert len(logs) == told
	assert all(job.name in log.subject and status in log.subject for log in logs)


# --- retention


def aged(status: str, days: int) -> str:
	job = submit()
	end(job.name, status)
	frappe.db.sql(
		"update `tabBackground Job` set modified = now() - interval %s day where name = %s", (days, job.name)
	)
	frappe.db.commit()
	return job.name


def left(*job_ids: str) -> set[str]:
	return set(frappe.get_all("Background Job", {"name": ("in", job_ids)}, pluck="name"))


def test_old_final_jobs_go_with_their_logs_and_nothing_else_does(world):
	old = [aged("Completed", 31), aged("Canceled", 31)]
	kept = [aged("Dead Letter", 400), aged("Completed", 29), aged("Failed", 400), submit().name]
	assert daily_cleanup() >= 2
	assert left(*old, *kept) == set(kept)
	assert not frappe.db.exists("Job Execution Log", {"background_job": ("in", old)})
	assert frappe.db.count("Job Execution Log", {"background_job": kept[0]}) > 0


def test_zero_days_keep_for_ever(world):
	job_id = aged("Completed", 4000)
	assert cleanup_old_jobs(0) == 0
	assert left(job_id) == {job_id}


def test_frappes_log_clearing_never_deletes_what_the_settings_keep(world):
	job_id = aged("Completed", 20)
	BackgroundJob.clear_old_logs(days=10)
	assert left(job_id) == {job_id}
	frappe.db.set_single_value("Job Engine Settings", "retention_days", 0)
	try:
		aged_id = aged("Completed", 4000)
		BackgroundJob.clear_old_logs(days=10)
		assert left(aged_id) == {aged_id}
	finally:
		frappe.db.set_single_value("Job Engine Settings", "retention_days", 30)
		frappe.db.commit()


def test_more_than_one_batch_goes(world):
	names = [aged("Completed", 40) for _ in range(5)]
	with patch.dict("dartwing.dartwing_core.background_jobs.config.DEFAULTS", {"batch_size": 2}):
		cleanup_old_jobs(30)
	assert left(*names) == set()
