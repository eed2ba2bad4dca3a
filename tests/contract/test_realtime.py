"""What is published in Redis for the Socket.IO server."""

import json
from unittest.mock import patch

import frappe
import pytest
import redis
from contract_doctypes import GROUP, OWNED, group
from factories import acting_as, wait_until
from frappe.utils import background_jobs


@pytest.fixture
def published():
	"""Events of this site, published in the block and until its end is seen."""
	connection = redis.from_url(frappe.conf.redis_queue)
	channel = connection.pubsub(ignore_subscribe_messages=False)
	channel.subscribe("events")
	wait_until(lambda: channel.get_message(timeout=1), "the subscription")

	def read() -> list[dict]:
		marker = frappe.generate_hash(length=10)
		connection.publish("events", json.dumps({"event": marker, "namespace": frappe.local.site}))
		events = []
		while True:
			message = wait_until(lambda: channel.get_message(timeout=1), "an event")
			event = json.loads(message["data"])
			if event["event"] == marker:
				return events
			if event["namespace"] == frappe.local.site:
				events.append(event)

	yield read
	channel.close()
	connection.close()


def test_an_event_is_published_at_once_with_its_site_as_namespace(published):
	frappe.publish_realtime("contract", {"a": 1}, room="some room")
	frappe.db.rollback()
	assert published() == [
		{"event": "contract", "message": {"a": 1}, "room": "some room", "namespace": frappe.local.site}
	]


@pytest.mark.parametrize(
	("options", "room"),
	[
		({}, "all"),
		({"user": "a@example.com"}, "user:a@example.com"),
		({"doctype": GROUP, "docname": "North"}, f"doc:{GROUP}/North"),
		({"doctype": GROUP}, "all"),
		({"task_id": "7"}, "task_progress:7"),
		({"room": "org:Alpine", "user": "a@example.com"}, "org:Alpine"),
		({"user": "a@example.com", "doctype": GROUP, "docname": "North"}, "user:a@example.com"),
	],
)
def test_rooms(published, options, room):
	frappe.publish_realtime("contract", {"a": 1}, **options)
	assert [event["room"] for event in published()] == [room]


def test_after_commit_an_event_waits_for_the_commit(published):
	frappe.publish_realtime("contract", {"a": 1}, room="r", after_commit=True)
	assert published() == []
	frappe.db.commit()
	assert len(published()) == 1


def test_after_a_rollback_an_event_is_not_sent(published):
	frappe.publish_realtime("contract", {"a": 1}, room="r", after_commit=True)
	frappe.db.rollback()
	frappe.db.commit()
	assert published() == []


def test_after_a_rollback_to_a_savepoint_an_event_is_sent_all_the_same(published):
	frappe.db.savepoint("here")
	frappe.publish_realtime("contract", {"a": 1}, room="r", after_commit=True)
	frappe.db.rollback(save_point="here")
	frappe.db.commit()
	assert len(published()) == 1


def test_equal_events_that_wait_are_sent_once(published):
	for number in (1, 1, 2):
		frappe.publish_realtime("contract", {"a": number}, room="r", after_commit=True)
	frappe.db.commit()
	assert [event["message"]["a"] for event in published()] == [1, 2]


def test_dates_in_messages_are_texts(published):
	moment = frappe.utils.get_datetime("2026-11-22 10:00:00")
	frappe.publish_realtime("contract", {"at": moment}, room="r")
	assert published()[0]["message"] == {"at": "2026-11-22 10:00:00"}


def test_without_redis_nothing_is_raised():
	with patch.object(
		background_jobs, "get_redis_connection_without_auth", side_effect=redis.exceptions.ConnectionError
	):
		frappe.publish_realtime("contract", {"a": 1}, room="r")


def test_a_saved_document_is_announced_after_the_commit_to_its_room_and_its_doctypes(published):
	group("North")
	frappe.db.commit()
	published()
	doc = frappe.get_doc(GROUP, "North")
	doc.note = "changed"
	doc.save()
	assert published() == []
	frappe.db.commit()
	events = {event["event"]: event for event in published()}
	assert events["doc_update"]["room"] == f"doc:{GROUP}/North"
	assert events["list_update"]["room"] == f"doctype:{GROUP}"
	assert events["list_update"]["message"] == {"doctype": GROUP, "name": "North", "user": "Administrator"}


def test_progress_goes_to_the_document_or_to_the_user(doctypes, published):
	frappe.publish_progress(30, title="T", doctype=GROUP, docname="North", description="D")
	with acting_as(doctypes.alice):
		frappe.publish_progress(40)
	first, second = published()
	assert (first["event"], first["room"]) == ("progress", f"doc:{GROUP}/North")
	assert first["message"]["percent"] == 30
	assert second["room"] == f"user:{doctypes.alice}"


def test_a_document_deleted_is_announced_to_its_doctype(published):
	doc = frappe.get_doc({"doctype": OWNED, "title": "x"}).insert()
	frappe.db.commit()
	published()
	doc.delete()
	frappe.db.commit()
	assert f"doctype:{OWNED}" in {event["room"] for event in published()}
