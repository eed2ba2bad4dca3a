"""A request that is sent again with its idempotency key is answered with the job that it became."""

from datetime import timedelta
from functools import partial
from threading import Thread

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	changed,
	counted_statements,
	end,
	make_job_type,
	make_member,
	purge,
	second_connection,
	state,
	submit_as,
	wait_until,
)
from frappe.utils import now_datetime

from dartwing.dartwing_core.api import members_page
from dartwing.dartwing_core.background_jobs import Flow, Job, retry_job, submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, IdempotencyKeyError
from dartwing.dartwing_core.background_jobs.submission import idempotency
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs

SETTINGS = "Job Engine Settings"
KEY = "order-4711"


def send(world, user: str | None = None, organization: str | None = None, **arguments):
	"""Submit and commit the request with its key."""
	request = {"parameters": {"mode": "succeed"}, "idempotency_key": KEY, **arguments}
	return submit_as(user or world.alice, OBLIGING, organization or world.alpha, **request)


def jobs(world) -> int:
	frappe.db.rollback()
	return frappe.db.count("Background Job", {"organization": world.alpha})


def grow_old(job_id: str, hours: float) -> None:
	then = now_datetime() - timedelta(hours=hours)
	frappe.db.set_value("Background Job", job_id, "creation", then, update_modified=False)
	frappe.db.commit()


@pytest.mark.parametrize("status", ["Queued", "Running", "Completed", "Failed", "Dead Letter", "Canceled"])
def test_a_request_that_is_sent_again_is_answered_with_its_job_whatever_became_of_it(world, status):
	first = send(world)
	if status != "Queued":
		end(first.name, status)
	again = send(world)
	assert (again.name, again.status) == (first.name, status)
	assert again.flags.is_existing
	assert not first.flags.is_existing
	assert jobs(world) == 1


def test_it_is_answered_before_an_equal_job_is_refused(world):
	with changed("Job Type", OBLIGING, deduplication_window=300):
		first = send(world)
		assert send(world).name == first.name
		with pytest.raises(DuplicateJobError):
			send(world, idempotency_key="another")


def test_without_a_key_each_request_makes_a_job(world):
	assert send(world, idempotency_key=None).name != send(world, idempotency_key=None).name


def test_another_key_is_another_request(world):
	assert send(world).name != send(world, idempotency_key="order-4712").name


@pytest.mark.parametrize(
	"other",
	[
		{"parameters": {"mode": "succeed", "n": 2}},
		{"priority": "High"},
		{"scheduled_at": "2099-01-01T00:00:00Z"},
		{"depends_on": "JOB-1"},
	],
	ids=str,
)
def test_the_same_key_with_another_request_is_refused_naming_the_job(world, other):
	first = send(world)
	with pytest.raises(IdempotencyKeyError) as error:
		send(world, **other)
	assert str(error.value).startswith(f"idempotency_key: '{KEY}' was sent with another request")
	assert first.name in str(error.value)
	assert error.value.http_status_code == 422
	assert jobs(world) == 1


def test_a_key_with_another_job_type_is_refused(world):
	make_job_type("test_other_type")
	send(world)
	with pytest.raises(IdempotencyKeyError):
		submit_as(world.alice, "test_other_type", world.alpha, {"mode": "succeed"}, idempotency_key=KEY)


def test_the_order_of_parameters_and_the_way_to_write_a_time_make_no_other_request(world):
	first = send(world, parameters={"a": 1, "b": 2}, scheduled_at="2099-01-01T12:00:00Z")
	again = send(world, parameters={"b": 2, "a": 1}, scheduled_at="2099-01-01T13:00:00+01:00")
	assert again.name == first.name


def test_a_key_is_its_users_and_its_organizations(world):
	first = send(world)
	member = make_member(world.alice, world.beta)
	frappe.db.commit()
	try:
		of_another = send(world, world.adam)
		of_another_organization = send(world, organization=world.beta)
	finally:
		purge("Org Member", member.name)
		frappe.db.commit()
	assert len({first.name, of_another.name, of_another_organization.name}) == 3
	with pytest.raises(frappe.PermissionError):
		send(world, world.bob)


def test_who_is_no_member_any_more_is_told_nothing_of_the_job(world):
	first = send(world, world.adam)
	person = frappe.db.get_value("Person", {"frappe_user": world.adam})
	member = frappe.db.get_value("Org Member", {"person": person})
	with changed("Org Member", member, status="Inactive"), pytest.raises(frappe.PermissionError) as error:
		send(world, world.adam)
	assert first.name not in str(error.value)


def test_after_its_time_a_key_makes_a_new_job_without_any_cron(world):
	first = send(world)
	grow_old(first.name, 23.9)
	assert send(world).name == first.name
	grow_old(first.name, 24.1)
	second = send(world)
	assert second.name != first.name
	assert send(world).name == second.name


def test_the_settings_say_for_how_long(world):
	first = send(world)
	with changed(SETTINGS, SETTINGS, idempotency_hours=2):
		grow_old(first.name, 1.9)
		assert send(world).name == first.name
		grow_old(first.name, 2.1)
		assert send(world).name != first.name


def test_for_no_hours_no_key_is_known_again(world):
	with changed(SETTINGS, SETTINGS, idempotency_hours=0):
		assert send(world).name != send(world).name


def test_old_keys_do_not_pile_up(world):
	old, kept = send(world), send(world, idempotency_key="another")
	grow_old(old.name, 25)
	assert idempotency.forget_old() == 1
	frappe.db.commit()
	hashes = [
		frappe.db.get_value("Background Job", job.name, "idempotency_hash") is not None for job in (old, kept)
	]
	assert hashes == [False, True]
	assert send(world, idempotency_key="another").name == kept.name


def test_a_key_goes_with_its_job(world):
	first = send(world)
	end(first.name, "Completed")
	frappe.db.set_value("Background Job", first.name, "modified", "2026-01-01", update_modified=False)
	frappe.db.commit()
	delete_old_jobs(1)
	assert not frappe.db.exists("Background Job", first.name)
	assert send(world).name != first.name


def test_a_rollback_frees_the_key(world):
	with acting_as(world.alice):
		first = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
		frappe.db.rollback()
	assert send(world).name != first.name


def test_a_request_is_known_again_in_its_own_transaction(world):
	with acting_as(world.alice):
		first = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
		again = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
	assert again.name == first.name
	frappe.db.commit()
	assert jobs(world) == 1


def test_a_job_committed_after_the_callers_snapshot_is_found(world):
	frappe.db.rollback()
	# a consistent read: from here on, this transaction sees nothing new
	frappe.db.count("Background Job")
	with second_connection():
		first = send(world)
	with acting_as(world.alice):
		assert submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY).name == first.name


def test_a_flow_committed_after_the_callers_snapshot_is_found(world):
	def flow() -> Flow:
		return Flow("Scan", Job(OBLIGING, {"n": 1}) >> Job(OBLIGING, {"n": 2}), on_end=Job(OBLIGING))

	frappe.db.rollback()
	frappe.db.count("Background Job")
	with second_connection(), acting_as(world.alice):
		first = flow().submit(world.alpha, idempotency_key=KEY)
		frappe.db.commit()
	with acting_as(world.alice):
		again = flow().submit(world.alpha, idempotency_key=KEY)
	assert again.group_id == first.group_id
	assert [job.name for job in again.jobs] == [job.name for job in first.jobs]
	assert again.on_end.name == first.on_end.name


def test_a_flow_is_found_in_the_transaction_that_submitted_it(world):
	with acting_as(world.alice):
		first, again = (
			Flow("Scan", Job(OBLIGING, {"n": 1})).submit(world.alpha, idempotency_key=KEY) for _ in range(2)
		)
	assert again.group_id == first.group_id
	frappe.db.rollback()


def test_on_the_members_page_a_job_committed_after_the_requests_snapshot_is_found(world):
	submit = partial(members_page.submit, OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
	with changed("Job Type", OBLIGING, allow_web_submission=1):
		frappe.db.count("Background Job")
		with second_connection(), acting_as(world.alice):
			first = submit()
			frappe.db.commit()
		with acting_as(world.alice):
			assert submit()["job_id"] == first["job_id"]


def test_what_would_be_refused_now_is_answered_when_it_was_accepted_before(world):
	first = send(world)
	with changed("Job Type", OBLIGING, is_enabled=0):
		assert send(world).name == first.name


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\nb", "\x7f", "\ud800"])
def test_what_is_no_key_is_refused_by_name(world, key):
	with pytest.raises(frappe.ValidationError, match="idempotency_key: must be 1 to 255 visible ASCII"):
		send(world, idempotency_key=key)


@pytest.mark.parametrize("key", [7, ["a"], b"a", True])
def test_a_key_that_is_no_text_is_refused_by_name(world, key):
	with pytest.raises(frappe.ValidationError, match="idempotency_key: must be a text"):
		send(world, idempotency_key=key)


def test_the_longest_key_is_kept_whole(world):
	key = "x" * 255
	first = send(world, idempotency_key=key)
	assert send(world, idempotency_key=key).name == first.name
	assert send(world, idempotency_key=key[1:]).name != first.name


# --- many at once


def bulk(world, *keys: str | None, **arguments) -> list:
	requests = [
		{
			"job_type": OBLIGING,
			"organization": world.alpha,
			"parameters": {"mode": "succeed", "n": n},
			"idempotency_key": key,
			**arguments,
		}
		for n, key in enumerate(keys)
	]
	with acting_as(world.alice):
		submitted = submit_jobs(requests)
		frappe.db.commit()
	return submitted


def test_each_job_of_a_bulk_has_its_own_key(world):
	first = bulk(world, "a", "b", None)
	again = bulk(world, "a", "b", None, "d")
	assert [job.name for job in again][:2] == [job.name for job in first][:2]
	assert [bool(job.flags.is_existing) for job in again] == [True, True, False, False]
	assert jobs(world) == 5


def test_a_bulk_of_thousands_that_is_sent_again_makes_no_job(world):
	keys = [f"key-{n}" for n in range(1500)]
	first = bulk(world, *keys)
	assert [job.name for job in bulk(world, *keys)] == [job.name for job in first]


def test_one_key_for_two_jobs_of_a_bulk_is_refused(world):
	with pytest.raises(IdempotencyKeyError, match=r"^jobs\[1\].idempotency_key: is the same as jobs\[0\]"):
		bulk(world, "a", "a")
	assert jobs(world) == 0


def test_a_bulk_in_which_one_key_came_with_another_request_makes_no_job(world):
	bulk(world, "a")
	with pytest.raises(IdempotencyKeyError, match=r"^jobs\[2\].idempotency_key: 'a'"):
		bulk(world, "b", "c", "a")
	assert jobs(world) == 1


# --- at the same instant


@pytest.mark.parametrize("first_commits", [True, False])
def test_of_equal_keys_at_once_one_makes_the_job_and_the_others_are_answered_with_it(
	world, site, first_commits
):
	outcomes: list = []

	def run() -> None:
		frappe.init(site=site, sites_path=".")
		frappe.connect()
		try:
			frappe.set_user(world.alice)
			job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
			if not job.flags.is_existing:
				frappe.db.commit()
			outcomes.append((job.name, bool(job.flags.is_existing)))
			# none of those who are told may keep another one waiting
			wait_until(lambda: len(outcomes) == 5, "all are answered")
		except BaseException as error:
			outcomes.append(error)
		finally:
			frappe.destroy()

	with acting_as(world.alice):
		first = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, idempotency_key=KEY)
		threads = [Thread(target=run) for _ in range(5)]
		for thread in threads:
			thread.start()
		waiting = "select 1 from information_schema.processlist where state = 'User lock'"
		wait_until(lambda: len(frappe.db.sql(waiting)) == 5, "five wait")
		if first_commits:
			frappe.db.commit()
		else:
			frappe.db.rollback()
	for thread in threads:
		thread.join(30)
	assert len(outcomes) == 5
	assert all(isinstance(outcome, tuple) for outcome in outcomes), outcomes
	names = {name for name, _is_existing in outcomes}
	assert names == {first.name} if first_commits else len(names) == 1
	assert [is_existing for _name, is_existing in outcomes].count(False) == (0 if first_commits else 1)
	assert jobs(world) == 1


# --- what it costs


def test_a_submission_without_a_key_asks_nothing_about_keys(world):
	send(world, idempotency_key=None)
	with counted_statements() as statements:
		send(world, idempotency_key=None, parameters={"n": 2})
	assert [text for text in statements if "idempotency" in text] == []


def test_a_retried_dead_letter_keeps_its_key(world):
	first = send(world)
	end(first.name, "Dead Letter")
	with acting_as(world.adam):
		retry_job(first.name)
		frappe.db.commit()
	assert send(world).name == first.name
	assert state(first.name)["status"] == "Queued"
