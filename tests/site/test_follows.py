"""Who may not see a document any more is mailed nothing about it, however long they have followed it."""

import frappe
import pytest
from factories import World, acting_as, submit
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.background_jobs.upkeep import follows

RUN = "frappe.core.doctype.scheduled_job_type.scheduled_job_type.run_scheduled_job"


@pytest.fixture
def asked(monkeypatch) -> list[str]:
	seen: list[str] = []
	monkeypatch.setattr(follows, "delete_of_who_left", lambda: seen.append("asked"))
	return seen


@pytest.mark.parametrize("when", ["hourly", "daily", "weekly"])
def test_it_is_done_before_each_of_these_mails(asked, when):
	mails = f"frappe.desk.form.document_follow.send_{when}_updates"
	follows.before_job(method=RUN, kwargs={"job_type": mails}, transaction_type="job")
	assert asked == ["asked"]


@pytest.mark.parametrize(
	("method", "kwargs"),
	[
		(RUN, {"job_type": "frappe.email.queue.flush"}),
		("other.job", {"job_type": "document_follow"}),
		("x", None),
	],
)
def test_no_other_job_pays_for_it(asked, method, kwargs):
	follows.before_job(method=method, kwargs=kwargs)
	assert asked == []


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no Document Follow")
def test_only_follows_of_what_is_lost_are_deleted(world: World):
	own, foreign = submit().name, submit(world.bob, world.beta).name
	made = {}
	for doctype, name in (("Background Job", own), ("Background Job", foreign), ("Organization", world.beta)):
		follow = frappe.new_doc("Document Follow", ref_doctype=doctype, ref_docname=name, user=world.alice)
		made[name] = follow.insert(ignore_permissions=True).name
	with acting_as("Administrator"):
		follows.delete_of_who_left()
	assert frappe.get_all("Document Follow", {"name": ("in", list(made.values()))}, pluck="name") == [
		made[own]
	]
	frappe.db.rollback()
