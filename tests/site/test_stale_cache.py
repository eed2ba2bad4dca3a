"""Frappe fills its cache with what a transaction sees: no old one may undo what was decided since."""

from contextlib import ExitStack

import frappe
import pytest
from factories import OBLIGING, acting_as, changed, second_connection

from dartwing.dartwing_core.background_jobs import scheduler, submit_job
from dartwing.dartwing_core.background_jobs.errors import QueueFullError
from dartwing.dartwing_core.background_jobs.upkeep import holding
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import is_held, setting


@pytest.fixture
def an_old_transaction(clean):
	"""The one of this connection began before what the test does."""
	frappe.db.rollback()
	frappe.db.sql("select count(*) from `tabJob Type`")


@pytest.fixture
def paused(an_old_transaction):
	with second_connection():
		holding.pause()
		frappe.db.commit()
	yield
	frappe.db.rollback()
	holding.resume()
	frappe.db.commit()


@pytest.fixture
def disabled(an_old_transaction):
	with ExitStack() as stack:
		with second_connection():
			stack.enter_context(changed("Job Type", OBLIGING, is_enabled=0))
		yield
		frappe.db.rollback()


@pytest.fixture
def narrowed(an_old_transaction, world):
	"""The organization may have one job waiting and none handed over."""
	narrow = {"override_job_window": 1, "job_window": 0, "override_queue_limit": 1, "queue_limit": 1}
	with ExitStack() as stack:
		with second_connection():
			stack.enter_context(changed("Organization", world.alpha, **narrow))
		yield
		frappe.db.rollback()


def in_another_process() -> None:
	frappe.db.rollback()
	frappe.local.cache.clear()


@pytest.mark.usefixtures("paused")
def test_a_pause_is_not_undone_by_an_old_transaction_that_reads_the_settings():
	setting("queue_limit")
	in_another_process()
	assert is_held()


@pytest.mark.usefixtures("paused")
def test_a_cache_that_was_filled_with_what_was_is_put_right_within_a_minute():
	with second_connection():
		frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")
		frappe.db.commit()
	setting("queue_limit")
	in_another_process()
	assert not is_held()
	in_another_process()
	scheduler.tick()
	in_another_process()
	assert is_held()


@pytest.mark.usefixtures("disabled")
def test_a_type_stays_disabled_when_an_old_transaction_reads_it(world):
	frappe.get_cached_value("Job Type", OBLIGING, "notify_owner")
	in_another_process()
	with acting_as(world.alice), pytest.raises(frappe.ValidationError, match="is disabled"):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"})


@pytest.mark.usefixtures("narrowed")
def test_limits_of_an_organization_hold_when_an_old_transaction_reads_it(world):
	with second_connection():
		frappe.clear_document_cache("Organization", world.alpha)
		frappe.db.commit()
	frappe.get_cached_value("Organization", world.alpha, "job_window")
	in_another_process()
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.commit()
		assert frappe.db.count("Background Job", {"organization": world.alpha, "status": "Pending"}) == 1
		with pytest.raises(QueueFullError):
			submit_job(OBLIGING, world.alpha, {"mode": "fail"})


def test_what_is_made_and_deleted_in_one_transaction_harms_no_commit(clean):
	job_type = frappe.copy_doc(frappe.get_doc("Job Type", OBLIGING))
	job_type.type_name = "short_lived_job"
	job_type.insert()
	frappe.delete_doc("Job Type", "short_lived_job")
	frappe.db.commit()
	assert not frappe.db.exists("Job Type", "short_lived_job")


def test_who_saved_a_type_sees_next_what_others_do_after_that(world):
	job_type = frappe.get_doc("Job Type", OBLIGING)
	job_type.save()
	frappe.db.commit()
	with second_connection(), acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
		frappe.db.commit()
	assert frappe.db.exists("Background Job", job.name)
