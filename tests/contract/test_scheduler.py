import frappe
import pytest
from contract_jobs_on_queues import QUEUES
from factories import wait_until
from framework import id_in_rq, since
from frappe.utils.background_jobs import get_queue
from frappe.utils.scheduler import (
	enqueue_events,
	is_scheduler_disabled,
	is_scheduler_inactive,
	schedule_jobs_based_on_activity,
	toggle_scheduler,
)

EVERY_MINUTE = "dartwing.dartwing_core.background_jobs.scheduler.tick"


@pytest.fixture(autouse=True)
def _idle(monkeypatch):
	"""The queues of a bench that has no workers, and the scheduler as it was found."""
	monkeypatch.setitem(frappe.local.conf, "bench_id", "contract")
	# a site where nobody has logged in for some days has its jobs once a day, but not a developer's
	monkeypatch.setitem(frappe.local.conf, "developer_mode", 1)
	was_off = is_scheduler_disabled(verbose=False)
	yield
	toggle_scheduler(not was_off)
	frappe.db.commit()
	for queue in QUEUES:
		get_queue(queue).delete(delete_jobs=True)


@pytest.fixture
def job_type():
	before = frappe.db.get_value("Scheduled Job Type", {"method": EVERY_MINUTE}, "last_execution")
	doc = frappe.get_doc("Scheduled Job Type", {"method": EVERY_MINUTE})
	yield doc
	frappe.db.rollback()
	doc.db_set("last_execution", before, update_modified=False)
	frappe.db.commit()


def waiting() -> list[str]:
	jobs = [job for queue in QUEUES for job in get_queue(queue).get_jobs()]
	return [job.kwargs["kwargs"].get("job_type") for job in jobs]


def enqueue_due_events() -> None:
	"""Of this site, which v15 wants to be told. v16 remembers for an hour whether a site is in use."""
	if since(16):
		schedule_jobs_based_on_activity.clear_cache()
		enqueue_events()
	else:
		enqueue_events(site=frappe.local.site)


def test_a_cron_hook_becomes_a_scheduled_job_type(job_type):
	assert (job_type.frequency, job_type.cron_format, job_type.stopped) == ("Cron", "* * * * *", 0)


def test_a_job_never_run_is_due_some_time_after_it_was_made(job_type):
	job_type.last_execution = None
	assert job_type.is_event_due(frappe.utils.add_days(frappe.utils.now_datetime(), 2))


def test_a_job_is_due_when_its_cron_says_so_after_its_last_execution(job_type):
	job_type.last_execution = "2026-01-01 10:00:30"
	assert not job_type.is_event_due(frappe.utils.get_datetime("2026-01-01 10:00:50"))
	assert job_type.is_event_due(frappe.utils.get_datetime("2026-01-01 10:01:00"))


def test_what_is_due_is_enqueued_by_its_name_and_only_once(job_type):
	job_type.db_set("last_execution", "2026-01-01")
	assert job_type.enqueue()
	assert not job_type.enqueue()
	assert waiting() == [EVERY_MINUTE]
	assert get_queue("default").job_ids == [id_in_rq(own_id(job_type))]


def own_id(job_type) -> str:
	"""What a scheduled job is called in RQ: after its method on v15, after its document on v16."""
	return f"scheduled_job||{job_type.name}" if since(16) else f"scheduled_job::{job_type.method}"


def test_the_scheduler_enqueues_what_is_due_of_a_site(job_type):
	toggle_scheduler(True)
	job_type.db_set("last_execution", "2026-01-01")
	frappe.db.commit()
	enqueue_due_events()
	assert EVERY_MINUTE in waiting()


def test_running_it_stamps_the_time_of_its_last_execution(job_type):
	job_type.db_set("last_execution", "2026-01-01")
	job_type.execute()
	job_type.reload()
	assert job_type.last_execution.year > 2025


def test_the_scheduler_can_be_turned_off_and_on():
	"""On v15 at once. v16 keeps the settings in the process, which hears of the change from Redis."""
	toggle_scheduler(False)
	wait_until(lambda: is_off() and is_scheduler_inactive(verbose=False), "it is off")
	toggle_scheduler(True)
	wait_until(lambda: not is_off(), "it is on")


def is_off() -> bool:
	frappe.clear_document_cache("System Settings", "System Settings")
	return is_scheduler_disabled(verbose=False)


def test_the_scheduler_leaves_stopped_jobs_out(job_type):
	toggle_scheduler(True)
	job_type.db_set({"last_execution": "2026-01-01", "stopped": 1})
	frappe.db.commit()
	try:
		enqueue_due_events()
		assert EVERY_MINUTE not in waiting()
	finally:
		job_type.db_set("stopped", 0)
		frappe.db.commit()
