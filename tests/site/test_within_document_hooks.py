"""Jobs that another app submits and cancels while a document of its own is saved."""

import warnings
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import purge, queued_wake_ups, second_connection, state, submit
from framework import since

from dartwing.tests import contract_hooks


@pytest.fixture
def saved(world, monkeypatch) -> Iterator[Any]:
	"""A document whose `on_update` hook submits a job and cancels another; nothing is committed."""
	hooks = frappe.get_doc_hooks()
	path = f"{contract_hooks.__name__}.submit_and_cancel"
	monkeypatch.setattr(frappe, "get_doc_hooks", lambda: {**hooks, "Person": {"on_update": [path]}})
	doc = frappe.new_doc("Person").update({"first_name": "written by a test of hooks"})
	doc.flags.update({"organization": world.alpha, "to_cancel": submit().name})
	yield doc
	frappe.db.rollback()
	if doc.name:
		purge("Person", doc.name)
		frappe.db.commit()


def wake_ups(job: str) -> int:
	return sum(len(queued_wake_ups(queue, job)) for queue in ("short", "default", "long"))


def test_what_a_hook_submits_and_cancels_holds_from_the_documents_commit_on(saved):
	saved.insert()
	job, canceled = saved.flags.submitted, saved.flags.to_cancel
	assert wake_ups(job) == 0
	with second_connection():
		assert not frappe.db.exists("Background Job", job)
		assert frappe.db.get_value("Background Job", canceled, "status") == "Queued"
	frappe.db.commit()
	assert [state(one)["status"] for one in (job, canceled)] == ["Queued", "Canceled"]
	assert (wake_ups(job), wake_ups(canceled)) == (1, 0)


def test_nothing_of_it_holds_when_the_document_is_rolled_back(saved):
	saved.insert()
	job, canceled = saved.flags.submitted, saved.flags.to_cancel
	frappe.db.rollback()
	assert not frappe.db.exists("Background Job", job)
	assert state(canceled)["status"] == "Queued"
	assert (wake_ups(job), wake_ups(canceled)) == (0, 1)


def test_a_commit_within_a_hook_commits_on_v15_and_is_none_on_v16(saved):
	saved.flags.commits = True
	with warnings.catch_warnings():
		# with which v16 says that it does not commit
		warnings.simplefilter("ignore")
		saved.insert()
	job, canceled = saved.flags.submitted, saved.flags.to_cancel
	frappe.db.rollback()
	if since(16, 0):
		assert not frappe.db.exists("Background Job", job)
		assert state(canceled)["status"] == "Queued"
	else:
		assert [state(one)["status"] for one in (job, canceled)] == ["Queued", "Canceled"]
	assert (wake_ups(job), wake_ups(canceled)) == ((0, 1) if since(16, 0) else (1, 0))
