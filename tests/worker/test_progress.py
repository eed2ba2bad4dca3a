"""Progress is seen from outside while the handler runs, and costs the handler next to nothing."""

import time

import frappe
from factories import state, submit, wait_until


def test_reports_every_millisecond_are_written_once_a_second(world, worker):
	job = submit(mode="hurry", seconds=3)
	wait_until(lambda: state(job.name)["status"] == "Running", "the job runs")
	seen = set()

	def look():
		now = state(job.name)
		seen.add(now["progress_message"])
		return now["status"] == "Completed"

	wait_until(look, "the job ends")
	end = state(job.name)
	# one at once, one for each of three seconds, the last; None before the first
	assert 3 <= len(seen - {None}) <= 5, seen
	assert end["progress_message"] == "the last report"
	# each turn of the handler sleeps a millisecond; a write in each would leave it a fraction of this
	assert end["result"]["reports"] > 1000


def test_the_last_report_is_seen_although_the_handler_says_nothing_more(world, worker):
	job = submit(mode="report_and_wait", seconds=4)
	wait_until(lambda: state(job.name)["progress"] == 1, "the first report")
	began = time.monotonic()
	wait_until(lambda: state(job.name)["progress"] == 42, "the second report")
	print(f"second report seen after {time.monotonic() - began:.2f} s")
	assert state(job.name)["status"] == "Running"


def test_threads_of_the_handler_report_as_it_does_itself(world, work):
	job = submit(mode="report_from_threads")
	work()
	end = state(job.name)
	assert end["status"] == "Completed", end
	assert end["result"] == {"canceled": False, "connected": 1}
	assert end["progress_message"] == "all threads have ended"
	assert frappe.db.get_value("Background Job", job.name, "checkpoint").startswith('{"percent"')


def test_progress_does_not_wait_for_the_handlers_transaction(world, worker):
	job = submit(mode="hold_a_lock_and_report", marker="written by a test", people=1, seconds=3)
	wait_until(lambda: state(job.name)["progress"] == 10, "a report of an open transaction")
	assert frappe.db.count("Person", {"first_name": ("like", "written by a test%")}) == 0
	wait_until(lambda: state(job.name)["status"] == "Completed", "the job ends")
	assert frappe.db.count("Person", {"first_name": ("like", "written by a test%")}) == 1
