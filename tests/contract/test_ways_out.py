"""What a dry run stands on: one place by which each thing goes that it notes, or lets nobody out by."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import wraps
from typing import Any

import frappe
import pytest
from contract_doctypes import ITEM, SETTINGS, item
from frappe.model.document import Document
from frappe.utils.background_jobs import get_queue
from rq import Queue

from dartwing.dartwing_core.background_jobs.execution.held_back import MAIL, QUEUED_BY, REMOVERS

QUEUE = "long"


@pytest.fixture
def seen(monkeypatch):
	"""Notes the calls of an attribute, which is replaced as a dry run replaces it: their arguments."""

	def see(owner: Any, name: str, answer: Callable | None = None) -> list[tuple]:
		calls: list[tuple] = []
		original = getattr(owner, name)

		@wraps(original)
		def called(*arguments, **named):
			calls.append((*arguments, *named.values()))
			return (answer or original)(*arguments, **named)

		monkeypatch.setattr(owner, name, called)
		return calls

	return see


def removals(seen: Callable) -> list[list[tuple]]:
	kind = type(frappe.new_doc("File"))
	return [seen(kind, name) for name in REMOVERS if hasattr(kind, name)]


@pytest.fixture
def pushed(seen, monkeypatch):
	monkeypatch.setitem(frappe.local.conf, "bench_id", "contract")
	yield seen(Queue, "enqueue_job")
	get_queue(QUEUE).delete(delete_jobs=True)


def test_all_that_is_enqueued_is_handed_to_the_queue(pushed):
	frappe.enqueue("frappe.ping", queue=QUEUE)
	assert len(pushed) == 1
	frappe.enqueue("frappe.ping", queue=QUEUE, job_id="contract", deduplicate=True)
	assert len(pushed) == 2
	frappe.enqueue("frappe.ping", queue=QUEUE, enqueue_after_commit=True)
	assert len(pushed) == 2
	frappe.db.rollback()
	frappe.db.commit()
	assert len(pushed) == 2


def test_every_job_of_rq_goes_by_one_of_few_methods_of_its_queue(seen):
	queue = get_queue(QUEUE)
	single = [seen(Queue, name, answer=_unsent) for name in QUEUED_BY]
	many = seen(Queue, "enqueue_many", answer=lambda *_given, **_named: [])
	queue.enqueue("frappe.ping")
	queue.enqueue_call("frappe.ping")
	queue.enqueue_in(timedelta(hours=1), "frappe.ping")
	queue.enqueue_at(datetime(2090, 1, 1, tzinfo=timezone.utc), "frappe.ping")
	queue.enqueue_many([Queue.prepare_data("frappe.ping")])
	assert (sum(map(len, single)), len(many)) == (4, 1)
	assert not queue.count
	assert not queue.scheduled_job_registry.count


def _unsent(queue, job, *_given, **_named):
	return job


def test_an_event_is_published_by_the_function_that_is_there_when_it_happens(seen):
	"""Of v15, `frappe.publish_realtime` calls the other one; of v16 it is the same."""
	events = [seen(frappe.realtime, "publish_realtime"), seen(frappe, "publish_realtime")]
	frappe.publish_realtime("contract", {"a": 1}, room="some room")
	assert any(events)
	for calls in events:
		calls.clear()
	item()
	assert any("list_update" in call or "doc_update" in call for calls in events for call in calls)


def test_a_mail_is_made_and_sent_in_two_places(seen):
	mail = pytest.importorskip(MAIL, reason="benchless has no mails")
	made = seen(mail.QueueBuilder, "process", answer=lambda *_given, **_named: None)
	sent = seen(mail.EmailQueue, "send", answer=lambda *_given, **_named: None)
	mails = {"recipients": ["somebody@example.com"], "subject": "Hello", "message": "Hello"}
	frappe.sendmail(**mails)
	frappe.sendmail(**mails, now=True)
	assert len(made) == 2
	mail.EmailQueue({"doctype": "Email Queue"}).send()
	assert len(sent) == 1


def test_a_file_is_removed_from_disk_by_a_method_of_its_class(seen):
	removed = removals(seen)
	assert removed
	content = frappe.generate_hash(length=20)
	file = frappe.get_doc({"doctype": "File", "file_name": "c.txt", "is_private": 1, "content": content})
	file.insert()
	frappe.db.commit()
	file.delete()
	frappe.db.commit()
	assert sum(map(len, removed)) == 1


def test_a_new_file_that_is_rolled_back_is_removed_by_the_same_method(seen):
	content = frappe.generate_hash(length=20)
	file = frappe.get_doc({"doctype": "File", "file_name": "c.txt", "is_private": 1, "content": content})
	removed = removals(seen)
	file.insert()
	assert file.flags.new_file
	frappe.db.rollback()
	assert [one for calls in removed for one, *_more in calls] == [file]


def test_documents_are_written_by_four_methods(seen):
	inserted, updated = seen(Document, "db_insert"), seen(Document, "db_update")
	of_single, events = seen(Document, "update_single"), seen(Document, "run_method")
	one = item("One")
	assert [document.name for document, *_more in inserted] == [one.name]
	one.update({"title": "Two"}).save()
	assert [document.name for document, *_more in updated] == [one.name]
	frappe.get_doc(SETTINGS).save()
	assert [document.doctype for document, *_more in of_single] == [SETTINGS]
	events.clear()
	one.delete()
	assert [document.name for document, event, *_more in events if event == "on_trash"] == [one.name]


def test_a_single_value_is_written_by_the_connection(seen):
	one = item("One")
	written = seen(frappe.local.db, "set_value")
	one.db_set("title", "Two")
	frappe.db.set_value(ITEM, one.name, "title", "Three")
	assert [(doctype, name) for doctype, name, *_more in written] == [(ITEM, one.name)] * 2


def test_every_statement_goes_by_one_method_of_the_connection(seen):
	statements = seen(frappe.local.db, "sql")

	def sent() -> list[str]:
		words = [str(query).split(None, 1)[0].lower().strip("`") for query, *_more in statements]
		statements.clear()
		return [word for word in words if word in ("insert", "update", "delete", "commit", "rollback")]

	one = item("One")
	assert "insert" in sent()
	one.update({"title": "Two"}).save()
	assert "update" in sent()
	one.db_set("title", "Three")
	frappe.db.set_value(ITEM, one.name, "title", "Four")
	assert sent().count("update") == 2
	table = frappe.qb.DocType(ITEM)
	frappe.qb.update(table).set(table.title, "Five").where(table.name == one.name).run()
	assert sent() == ["update"]
	frappe.db.delete(ITEM, {"name": one.name})
	assert sent() == ["delete"]


def test_methods_of_a_connection_are_replaced_for_it_alone(seen, other):
	statements = seen(frappe.local.db, "sql")
	other.sql("select 1")
	assert statements == []
	assert frappe.db.sql("select 1") == ((1,),)
	assert len(statements) == 1
