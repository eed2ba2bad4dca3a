import itertools
import json
from collections.abc import Iterator

import frappe
import pytest
from factories import OBLIGING, state, submit, transitions
from frappe.utils.background_jobs import get_redis_connection_without_auth

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.errors import InvalidTransitionError, StaleJobError
from dartwing.dartwing_core.doctype.background_job.background_job import STATUSES, VALID_TRANSITIONS

PAIRS = [
	(from_status, to_status, to_status in VALID_TRANSITIONS[from_status])
	for from_status, to_status in itertools.product(STATUSES, STATUSES)
]


def job_in(status: str):
	job = frappe.get_doc("Background Job", submit().name)
	frappe.db.set_value("Background Job", job.name, "status", status, update_modified=False)
	return job.reload()


@pytest.mark.parametrize(("from_status", "to_status", "exists"), PAIRS)
def test_only_transitions_of_the_table_are_possible(world, from_status, to_status, exists):
	job = job_in(from_status)
	if exists:
		job.transition_to(to_status)
	else:
		with pytest.raises(InvalidTransitionError, match=from_status):
			job.transition_to(to_status)
	expected = to_status if exists else from_status
	assert frappe.db.get_value("Background Job", job.name, "status") == expected


def test_a_transition_that_lost_the_race_changes_nothing(world):
	first = frappe.get_doc("Background Job", submit().name)
	second = frappe.get_doc("Background Job", first.name)
	first.transition_to("Running", attempt_id="one")
	with pytest.raises(StaleJobError):
		second.transition_to("Canceled", error_message="lost")
	frappe.db.commit()
	row = frappe.db.get_value("Background Job", first.name, ["status", "error_message"])
	assert row == ("Running", None)
	assert transitions(first.name)[-1] == ("Queued", "Running")
	assert second.status == "Queued"


def test_an_old_attempt_can_change_nothing(world):
	old = frappe.get_doc("Background Job", submit().name)
	old.transition_to("Running", attempt_id="old")
	newer = frappe.get_doc("Background Job", old.name)
	newer.transition_to("Failed")
	newer.transition_to("Queued", attempt_id=None)
	newer.transition_to("Running", attempt_id="new")
	with pytest.raises(StaleJobError):
		old.transition_to("Completed", result='{"by": "old"}')
	assert frappe.db.get_value("Background Job", old.name, ["status", "attempt_id", "result"]) == (
		"Running",
		"new",
		None,
	)


def test_row_and_log_are_written_in_one_transaction(world):
	job = frappe.get_doc("Background Job", submit().name)
	before = transitions(job.name)
	job.transition_to("Canceled")
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job.name, "status") == "Queued"
	assert transitions(job.name) == before


def test_entering_a_status_stamps_its_time(world):
	job = frappe.get_doc("Background Job", submit().name)
	assert job.queued_at
	assert not job.started_at
	job.transition_to("Running")
	job.transition_to("Completed")
	job.reload()
	assert job.created_at <= job.queued_at <= job.started_at <= job.completed_at


class Published:
	"""What is published for Socket.IO from now on, as the server of it would get it from Redis."""

	def __init__(self) -> None:
		self._connection = get_redis_connection_without_auth()
		self._channel = self._connection.pubsub()
		self._channel.subscribe("events")
		self._marks = 0
		self.of_jobs()

	def of_jobs(self) -> list[dict]:
		"""Everything about jobs since the last time this was asked."""
		self._marks += 1
		mark = json.dumps({"event": "mark", "number": self._marks})
		self._connection.publish("events", mark)
		got: list[dict] = []
		while (message := self._channel.get_message(timeout=10)) and message["data"] != mark.encode():
			if message["type"] == "message":
				got.append(json.loads(message["data"]))
		assert message, "the mark did not come back"
		return [event for event in got if event["event"] == "job_status_changed"]


@pytest.fixture
def published(world) -> Iterator[Published]:
	published = Published()
	yield published
	published._channel.close()


def test_the_event_is_sent_after_the_commit_to_both_rooms_of_the_organization(world, published):
	job = frappe.get_doc("Background Job", submit().name)
	published.of_jobs()
	job.transition_to("Dead Letter", error_message="why")
	assert published.of_jobs() == []
	frappe.db.commit()
	message = {
		"job_id": job.name,
		"job_type": job.job_type,
		"from_status": "Queued",
		"to_status": "Dead Letter",
		"error_message": "why",
		"updated_at": times.to_utc(job.modified),
	}
	assert published.of_jobs() == [
		{"event": "job_status_changed", "message": message, "room": room, "namespace": frappe.local.site}
		for room in (f"org:{world.alpha}", f"doc:Organization/{world.alpha}")
	]


def test_a_rolled_back_transition_sends_no_event(world, published):
	job = frappe.get_doc("Background Job", submit().name)
	published.of_jobs()
	job.transition_to("Canceled")
	frappe.db.rollback()
	frappe.db.commit()
	assert published.of_jobs() == []


def test_a_job_undone_to_a_savepoint_sends_no_event(world, published):
	frappe.db.savepoint("before_job")
	submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
	frappe.db.rollback(save_point="before_job")
	frappe.db.commit()
	assert published.of_jobs() == []


def test_an_event_whose_organization_does_not_match_its_job_is_not_sent(world, published):
	job = frappe.get_doc("Background Job", submit().name)
	published.of_jobs()
	job.organization = world.beta
	with pytest.raises(StaleJobError):
		job.transition_to("Canceled")
	frappe.db.commit()
	assert published.of_jobs() == []
	assert state(job.name)["status"] == "Queued"


def test_a_failing_callback_after_the_commit_leaves_nothing_half_done(world):
	job, other = (frappe.get_doc("Background Job", submit().name) for _ in range(2))

	def write_half_and_fail() -> None:
		frappe.db.set_value("Background Job", job.name, "progress_message", "half")
		raise ValueError("after half of it")

	def write() -> None:
		frappe.db.set_value("Background Job", other.name, "progress_message", "whole")

	do_after_commit(write_half_and_fail)
	do_after_commit(write)
	frappe.db.commit()
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job.name, "progress_message") is None
	assert frappe.db.get_value("Background Job", other.name, "progress_message") == "whole"


def test_the_log_is_append_only(world):
	job = submit()
	row = frappe.get_doc("Job Execution Log", {"background_job": job.name})
	row.message = "changed"
	with pytest.raises(frappe.ValidationError, match="append-only"):
		row.save()
	with pytest.raises(frappe.ValidationError, match="append-only"):
		row.delete()
	with pytest.raises(frappe.ValidationError, match="append-only"):
		frappe.get_doc(
			{
				"doctype": "Job Execution Log",
				"background_job": job.name,
				"organization": world.alpha,
				"to_status": "Pending",
				"timestamp": "2026-01-01",
			}
		).insert()


def test_the_log_goes_with_its_job(world):
	job = frappe.get_doc("Background Job", submit().name)
	with pytest.raises(frappe.ValidationError, match="cancel it"):
		job.delete()
	job.reload()
	job.transition_to("Canceled")
	job.delete()
	frappe.db.commit()
	assert transitions(job.name) == []
