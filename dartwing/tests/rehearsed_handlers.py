"""A handler of the tests of dry runs: `parameters.acts` are done in their order."""

import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import frappe
from frappe.utils.background_jobs import get_queue
from rq import Queue

from dartwing.dartwing_core.background_jobs import Flow, Job, JobContext, PermanentError, TransientError

MARKER = "written by a test"


def act(context: JobContext) -> dict:
	said = [ACTS[name](context, **named) for name, named in context.parameters["acts"]]
	return {"result": {"said": said, "is_dry_run": context.is_dry_run}, "output_reference": None}


def create(context: JobContext, name: str = MARKER) -> None:
	frappe.get_doc({"doctype": "Person", "first_name": name}).insert(ignore_permissions=True)


def change(context: JobContext, doctype: str, name: str, **values: Any) -> None:
	frappe.get_doc(doctype, name).update(values).save(ignore_permissions=True)


def save_unchanged(context: JobContext, doctype: str, name: str) -> None:
	frappe.get_doc(doctype, name).save(ignore_permissions=True)


def set_value(context: JobContext, doctype: str, name: str, field: str, value: Any) -> None:
	frappe.db.set_value(doctype, name, field, value)


def delete(context: JobContext, doctype: str, name: str) -> None:
	frappe.delete_doc(doctype, name, ignore_permissions=True)


def write_by_hand(context: JobContext, name: str) -> None:
	frappe.db.sql("update `tabPerson` set mobile_no = 'by hand' where name = %s", name)


def enqueue(context: JobContext) -> bool:
	return bool(frappe.enqueue("frappe.ping").id)


def callback(context: JobContext) -> None:
	frappe.db.after_commit.add(lambda: frappe.cache.set_value("dartwing_dry_run", "done"))


def publish(context: JobContext) -> None:
	frappe.publish_realtime("a_test_event", {"a": 1})
	context.update_progress(50, "half")


def mail(context: JobContext) -> None:
	frappe.sendmail(recipients=["somebody@example.com"], subject="Hello", message="Hello")


def file(context: JobContext) -> str:
	content = frappe.generate_hash(length=20)
	made = frappe.get_doc({"doctype": "File", "file_name": "dry.txt", "is_private": 1, "content": content})
	return made.insert(ignore_permissions=True).get_full_path()


def file_and_rollback(context: JobContext) -> str:
	path = file(context)
	frappe.db.rollback()
	return path


def commit(context: JobContext) -> None:
	frappe.db.commit()


def commit_quietly(context: JobContext) -> None:
	with suppress(Exception):
		frappe.db.commit()


def commit_by_hand(context: JobContext) -> None:
	frappe.db.sql("commit")


def statement(context: JobContext, sql: str) -> None:
	frappe.db.sql(sql)


def commit_below_frappe(context: JobContext) -> None:
	frappe.db._conn.commit()


def commit_and_fail(context: JobContext) -> None:
	commit_below_frappe(context)
	raise TransientError("asked to fail")


def commit_and_rollback(context: JobContext) -> None:
	commit_below_frappe(context)
	frappe.db.rollback()


def rollback(context: JobContext) -> None:
	frappe.db.rollback()


def connect(context: JobContext, then: str | None = None) -> None:
	frappe.connect()
	create(context)
	if then:
		ACTS[then](context)


def commit_elsewhere(context: JobContext) -> None:
	"""On a connection that is the current one for a moment."""
	before = frappe.local.db
	try:
		connect(context, "commit_quietly")
	finally:
		frappe.local.db = before


def enqueue_by_hand(context: JobContext) -> bool:
	queue = get_queue("long")
	one = queue.enqueue_in(timedelta(hours=1), "frappe.ping")
	datas = [Queue.prepare_data("frappe.ping"), Queue.prepare_data("frappe.ping", depends_on=one)]
	many = queue.enqueue_many(datas)
	at = queue.enqueue_at(datetime(2090, 1, 1, tzinfo=timezone.utc), "frappe.ping")
	return all(job.id for job in (one, at, *many))


def submit(context: JobContext) -> None:
	context.submit("obliging_job", {"mode": "succeed"})


def submit_flow(context: JobContext) -> None:
	jobs = [Job("obliging_job", {"mode": "succeed", "n": number}) for number in range(2)]
	context.submit_flow(Flow("two", jobs))


def step(context: JobContext) -> Any:
	context.step("create", create, context)
	done = list(context.each("numbers", [1, 2, 3]))
	found = list(context.each("behind", lambda last: [1, 2] if last is None else [], key=lambda one: one))
	context.save_checkpoint({"done": True})
	return [done, found, context.checkpoint]


def wait(context: JobContext) -> None:
	"""Report 50 %, and wait for whoever stops it."""
	context.update_progress(50)
	time.sleep(60)


def forbid(context: JobContext) -> None:
	raise PermanentError("not so")


def fail(context: JobContext) -> None:
	raise TransientError("asked to fail")


ACTS = {
	one.__name__: one
	for one in (
		callback,
		change,
		commit,
		commit_and_fail,
		commit_and_rollback,
		commit_below_frappe,
		commit_by_hand,
		commit_elsewhere,
		commit_quietly,
		connect,
		create,
		delete,
		enqueue,
		enqueue_by_hand,
		fail,
		file,
		file_and_rollback,
		forbid,
		mail,
		publish,
		rollback,
		save_unchanged,
		set_value,
		statement,
		step,
		submit,
		submit_flow,
		wait,
		write_by_hand,
	)
}
