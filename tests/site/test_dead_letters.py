from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import frappe
import pytest
from factories import (
	acting_as,
	counted_statements,
	end,
	held_elsewhere,
	make_job_type,
	second_connection,
	state,
	submit,
	submit_as,
	transitions,
)

from dartwing.dartwing_core.background_jobs import Flow, Job, cancel_group, config, submit_jobs
from dartwing.dartwing_core.background_jobs.announcing import notifications
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter, dead_letter_alert
from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs, daily_cleanup
from dartwing.dartwing_core.doctype.background_job import background_job
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
	end(job.name, "Failed")
	with acting_as(world.adam), pytest.raises(frappe.ValidationError, match="is tried again by itself"):
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


def submit_many(world, count: int, **arguments) -> list[str]:
	request = {"job_type": "obliging_job", "organization": world.alpha, **arguments}
	with acting_as(world.alice):
		jobs = submit_jobs([{**request, "parameters": {"n": n}} for n in range(count)])
		frappe.db.commit()
	return [job.name for job in jobs]


def many_dead(world, count: int) -> list[str]:
	parent = submit()
	names = submit_many(world, count, depends_on=parent.name)
	end(parent.name, "Canceled")
	orphaned = {"depends_on": None, "failed_parent": None}
	frappe.db.set_value("Background Job", {"name": ("in", names)}, orphaned)
	frappe.db.commit()
	return names


@pytest.mark.parametrize("change", ["retry", "discard"])
def test_a_thousand_take_no_more_statements_than_one(world, change):
	def statements_for(count: int) -> int:
		names = many_dead(world, count)
		with acting_as(world.adam), counted_statements() as statements:
			if change == "retry":
				result = dead_letter.retry_jobs(names)
			else:
				result = dead_letter.discard_jobs("old", filters={})
			# the dispatch after the commit costs by the window, not by this call
			frappe.db.rollback()
		assert result == {"done": names, "refused": {}, "left": 0}
		world.clear()
		return len(statements)

	assert statements_for(300) == statements_for(1)


def test_one_call_takes_a_bounded_number_and_says_how_many_are_left(world):
	names = [dead(world.alice, world.alpha) for _ in range(3)]
	with acting_as(world.adam), patch.object(config, "MAX_BULK_CHANGE", 2):
		assert dead_letter.retry_jobs(filters={}) == {"done": names[:2], "refused": {}, "left": 1}
		with pytest.raises(frappe.ValidationError, match="job_ids: at most 2 at once, not 3"):
			dead_letter.retry_jobs(names)


def test_a_parent_and_its_child_are_retried_whatever_their_order(world):
	parent = submit()
	child = submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=parent.name)
	grandchild = submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=child.name)
	end(parent.name, "Dead Letter")
	family = [grandchild.name, child.name, parent.name]
	with acting_as(world.adam):
		assert dead_letter.retry_jobs(family)["done"] == family
		frappe.db.commit()
	assert [state(name)["status"] for name in family] == ["Pending", "Pending", "Queued"]


def test_a_child_of_a_parent_that_stays_dead_is_refused_and_so_is_its_own_child(world):
	parent = submit()
	child = submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=parent.name)
	grandchild = submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=child.name)
	end(parent.name, "Canceled")
	with acting_as(world.adam):
		result = dead_letter.retry_jobs([grandchild.name, child.name])
		frappe.db.commit()
	assert result["done"] == []
	assert f"its parent {parent.name} is Canceled" in result["refused"][child.name]
	assert f"its parent {child.name} is Dead Letter" in result["refused"][grandchild.name]


def test_a_retried_job_refuses_its_equals_again_while_its_window_is_open(world):
	make_job_type("test_equal", deduplication_window=300)
	first = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	late = submit_as(world.alice, "test_equal", world.alpha, {"page": 2})
	for job in (first, late):
		end(job.name, "Dead Letter")
	frappe.db.set_value("Background Job", late.name, "creation", "2026-01-01", update_modified=False)
	with acting_as(world.adam):
		dead_letter.retry_jobs([first.name, late.name])
		frappe.db.commit()
	with pytest.raises(DuplicateJobError) as error:
		submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	assert error.value.existing_job_id == first.name
	submit_as(world.alice, "test_equal", world.alpha, {"page": 2})


def test_a_job_whose_equal_came_meanwhile_is_retried_without_refusing_others(world):
	make_job_type("test_equal", deduplication_window=300)
	first = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	end(first.name, "Dead Letter")
	second = submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	with acting_as(world.adam):
		dead_letter.retry_job(first.name)
		frappe.db.commit()
	with pytest.raises(DuplicateJobError) as error:
		submit_as(world.alice, "test_equal", world.alpha, {"page": 1})
	assert error.value.existing_job_id == second.name


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
		dead_letter_alert.alert_when_many()
		assert alerts() == 0
		second = dead(world.alice, world.alpha)
		dead_letter_alert.alert_when_many()
		dead_letter_alert.alert_when_many()
		assert alerts() == 1
		for job_id in (first, second):
			dead_letter.discard_job(job_id, "done")
		dead_letter_alert.alert_when_many()
		dead(world.alice, world.alpha)
		dead(world.alice, world.alpha)
		dead_letter_alert.alert_when_many()
		assert alerts() == 2
	finally:
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_threshold", 50)
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", 0)
		frappe.db.delete("Notification Log", {"for_user": world.manager})
		frappe.db.commit()


def test_of_two_schedulers_at_once_one_tells_them(world):
	frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_threshold", 1)
	frappe.db.commit()
	try:
		for _ in range(2):
			dead(world.alice, world.alpha)
		dead_letter_alert.alert_when_many()
		with second_connection():
			frappe.db.count("Background Job")
			dead_letter_alert.alert_when_many()
			frappe.db.commit()
		frappe.db.commit()
		with second_connection():
			dead_letter_alert.alert_when_many()
			frappe.db.commit()
		assert alerts() == 1
	finally:
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_threshold", 50)
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", 0)
		frappe.db.delete("Notification Log", {"for_user": world.manager})
		frappe.db.commit()


def test_a_notification_that_fails_does_not_cost_the_end_of_its_job(world):
	make_job_type("test_notify", notify_owner="Always")
	job = submit_as(world.alice, "test_notify", world.alpha, {})
	child = submit_as(world.alice, "obliging_job", world.alpha, {}, depends_on=job.name)
	with patch.object(notifications, "notify", side_effect=frappe.QueryDeadlockError("no")):
		end(job.name, "Completed")
	assert (state(job.name)["status"], state(child.name)["status"]) == ("Completed", "Queued")


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


@pytest.mark.parametrize(("jobs", "told"), [(10, 10), (11, 1)])
def test_of_many_that_end_together_one_notification_tells(world, jobs, told):
	"""Who cancels a flow of ten thousand jobs neither waits for as many notifications nor gets them."""
	make_job_type("test_notify", notify_owner="Always")
	with acting_as(world.alice):
		flow = Flow("many", [Job("test_notify", {"n": n}) for n in range(jobs)]).submit(world.alpha)
		frappe.db.commit()
		cancel_group(flow.group_id)
		frappe.db.commit()
	logs = frappe.get_all("Notification Log", {"for_user": world.alice}, ["subject", "email_content"])
	frappe.db.delete("Notification Log", {"for_user": world.alice})
	frappe.db.commit()
	assert len(logs) == told
	if told == 1:
		assert logs[0].subject == f"{jobs} jobs of test_notify are Canceled"
		assert logs[0].email_content == f"from {flow.jobs[0].name} to {flow.jobs[-1].name}"


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


def test_a_job_that_somebody_holds_keeps_no_other(world):
	names = [aged("Completed", 40) for _ in range(4)]
	with held_elsewhere("Background Job", names[3], names[0]):
		with patch.dict("dartwing.dartwing_core.background_jobs.config.DEFAULTS", {"batch_size": 3}):
			cleanup_old_jobs(30)
		assert left(*names) == {names[0], names[3]}
	cleanup_old_jobs(30)
	assert left(*names) == set()


@pytest.mark.parametrize("is_older", [True, False])
def test_a_file_that_was_there_before_its_job_outlives_it(world, is_older):
	"""A handler may return the address of what its job's owner had uploaded."""
	first = aged("Completed", 40)
	file = file_of(world.alice)
	frappe.db.set_value("Background Job", first, "output_reference", file.file_url, update_modified=False)
	if is_older:
		submitted = frappe.db.get_value("Background Job", first, "creation")
		frappe.db.set_value("File", file.name, "creation", submitted - timedelta(seconds=1))
	frappe.db.commit()
	try:
		assert cleanup_old_jobs(30) >= 1
		assert left(first) == set()
		assert bool(frappe.db.exists("File", file.name)) == is_older
		assert Path(file.get_full_path()).exists() == is_older
	finally:
		frappe.delete_doc("File", file.name, ignore_permissions=True, delete_permanently=True, force=True)
		frappe.db.commit()


def file_of(user: str):
	content = frappe.generate_hash()
	file = frappe.get_doc(
		{"doctype": "File", "file_name": f"{content}.txt", "is_private": 1, "content": content}
	).insert(ignore_permissions=True)
	frappe.db.set_value("File", file.name, "owner", user)
	return file


def test_a_file_that_cannot_be_deleted_keeps_no_job(world):
	first, second = (aged("Completed", 40) for _ in range(2))
	kept = file_of(world.alice)
	frappe.db.set_value("Background Job", first, "output_reference", kept.file_url, update_modified=False)
	frappe.db.commit()
	title = f"dartwing: the file {kept.name} of an old job could not be deleted"
	try:
		with patch.object(background_job.frappe, "delete_doc", side_effect=OSError("read-only file system")):
			assert cleanup_old_jobs(30) >= 2
		assert left(first, second) == set()
		assert frappe.db.exists("File", kept.name)
		assert frappe.db.exists("Error Log", {"method": title})
	finally:
		frappe.delete_doc("File", kept.name, ignore_permissions=True, delete_permanently=True)
		frappe.db.delete("Error Log", {"method": title})
		frappe.db.commit()
