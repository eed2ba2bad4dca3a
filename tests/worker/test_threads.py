"""A thread of the engine beside the handler changes nothing that the handler sees."""

import threading
from types import SimpleNamespace
from typing import Any

import frappe
import pytest
from factories import people_written

from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.dartwing_core.background_jobs.execution.fresh_context import for_another_thread
from dartwing.dartwing_core.background_jobs.execution.supervision import Supervisor
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit

SOON = 20


def locals_here() -> dict[str, Any]:
	return {
		"connection": frappe.db.sql("select connection_id()")[0][0],
		"user": frappe.session.user,
		"flag": frappe.flags.set_in_a_thread,
		"language": frappe.local.lang,
		"messages": len(frappe.local.message_log),
	}


def change_all_but_the_connection() -> None:
	frappe.set_user("Guest")
	frappe.flags.set_in_a_thread = True
	frappe.local.lang = "de"
	frappe.msgprint("of a thread")


def test_what_a_thread_changes_of_frappes_locals_is_its_own(world):
	frappe.set_user(world.alice)
	before, seen = locals_here(), {}

	def look_and_change() -> None:
		seen.update(locals_here())
		change_all_but_the_connection()

	thread = threading.Thread(target=for_another_thread(look_and_change))
	thread.start()
	thread.join()
	assert seen.pop("connection") != before["connection"]
	assert seen == {name: value for name, value in before.items() if name != "connection"}
	assert locals_here() == before


def test_what_a_handler_writes_while_its_overrun_is_recorded_is_not_committed(world, monkeypatch):
	"""The thread is in a transaction of its own then; the handler, which swallowed its timeout, is not."""
	monkeypatch.setitem(frappe.conf, "dartwing_supervision_interval_seconds", 0.05)
	monkeypatch.setitem(frappe.conf, "dartwing_timeout_grace_seconds", 0)
	is_recording, has_written, is_recorded = threading.Event(), threading.Event(), threading.Event()

	def record_overrun() -> None:
		with separate_transaction():
			frappe.db.sql("select 1")
			change_all_but_the_connection()
			is_recording.set()
			assert has_written.wait(SOON)

	control = SimpleNamespace(is_running=lambda: True, write_heartbeat=lambda: True, job_id="JOB-0")
	errands = SimpleNamespace(run=lambda: None, are_due=False)
	offspring = SimpleNamespace(must_end=False, end_with_this_process=is_recorded.set)
	before = locals_here()
	with Supervisor(control, TimeLimit(0), record_overrun, errands, offspring, 0).watching():  # type: ignore[arg-type]
		assert is_recording.wait(SOON)
		seen = locals_here()
		frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert()
		has_written.set()
		assert is_recorded.wait(SOON)
	assert seen == before
	assert people_written() == 0


@pytest.fixture(autouse=True)
def _administrator():
	yield
	frappe.set_user("Administrator")
