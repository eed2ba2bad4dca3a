"""A handler that raises Snooze is run again later: no retry is used, and nothing has failed."""

import frappe
import pytest
from factories import MARKER, people_written, state, submit, transitions

from dartwing.dartwing_core.background_jobs import get_job_history
from dartwing.dartwing_core.background_jobs.dispatch.dispatcher import dispatch_ready
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob


def column(job: BackgroundJob, field: str):
	return frappe.db.get_value("Background Job", job.name, field)


def test_a_snoozed_job_runs_again_and_uses_up_no_retry(world, work):
	job = submit(mode="snooze_twice", marker=MARKER, people=2)
	frappe.db.set_value("Background Job", job.name, "max_retries", 0)
	frappe.db.commit()
	for _time in range(3):
		work()
		frappe.db.set_value("Background Job", job.name, "ready_at", "2020-01-01", update_modified=False)
		frappe.db.commit()
		dispatch_ready()
	assert state(job.name)["status"] == "Completed"
	assert column(job, "result") == "3"
	assert column(job, "retry_count") == 0
	# of each attempt that was snoozed, only the step counts
	assert people_written() == 3
	assert transitions(job.name).count(("Running", "Pending")) == 2
	assert not column(job, "error_message")


def test_it_waits_for_its_time_and_the_history_says_why(world, work):
	job = submit(mode="snooze_twice", marker=MARKER, people=0, seconds=3600)
	work()
	found = state(job.name)
	assert (found["status"], found["retry_count"]) == ("Pending", 0)
	assert column(job, "attempt_id") is None
	assert get_job_history(job.name)["history"][-1]["message"] == "snoozed for 3600 seconds: not yet"
	(due,) = frappe.db.sql(
		"select timestampdiff(second, utc_timestamp(6), ready_at) from `tabBackground Job` where name = %s",
		job.name,
		pluck=True,
	)
	assert 3000 < due <= 3600


@pytest.mark.parametrize("how", ["nan", "text", "past", "ages"])
def test_a_time_that_is_none_fails_the_job_for_good_and_is_named(world, work, how):
	job = submit(mode="snooze_for_what_is_named", how=how)
	work()
	assert state(job.name)["status"] == "Dead Letter"
	assert column(job, "error_message").startswith(
		"Snooze: seconds must be a number from 0 to 31536000, not "
	)
