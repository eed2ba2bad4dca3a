"""A dry run: the handler runs, everything is undone, and the result says what it would have changed."""

from pathlib import Path

import frappe
import pytest
from factories import (
	MARKER,
	REHEARSED_HANDLER,
	World,
	acting_as,
	changed,
	make_job_type,
	people_written,
	queued_wake_ups,
	running_wake_ups,
	state,
	transitions,
	wait_until,
)
from frappe.utils.background_jobs import get_queue

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	get_job_status,
	get_metrics,
	list_dead_letters,
	list_jobs,
	retry_job,
	run_for_real,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.errors import JobStateError
from dartwing.dartwing_core.background_jobs.insight.dry_runs import in_words
from dartwing.dartwing_core.background_jobs.upkeep.dead_letter_alert import alert_when_many
from dartwing.dartwing_core.doctype.job_tally import job_tally

REHEARSED = "rehearsed_job"


@pytest.fixture(autouse=True)
def _types(world):
	make_job_type(REHEARSED, handler_method=REHEARSED_HANDLER, notify_owner="Always", max_retries=5)
	frappe.db.commit()


@pytest.fixture
def rehearse(work):
	def run(*acts, user=World.alice, dry_run=True):
		parameters = {"acts": [one if isinstance(one, list) else [one, {}] for one in acts]}
		with acting_as(user):
			job = submit_job(REHEARSED, World.alpha, parameters, dry_run=dry_run)
		frappe.db.commit()
		work()
		frappe.db.rollback()
		with acting_as(user):
			return get_job_status(job.name)

	return run


def made_person(**values) -> str:
	person = frappe.get_doc({"doctype": "Person", "first_name": f"{MARKER} before", **values})
	name = person.insert(ignore_permissions=True).name
	frappe.db.commit()
	return name


def named(found: dict, kind: str) -> list:
	return [(one["doctype"], one["name"]) for one in found["result"][kind]["documents"]]


def test_what_it_creates_is_listed_and_undone(rehearse):
	found = rehearse("create", ["create", {"name": f"{MARKER} too"}], user=World.manager)
	assert found["status"] == "Completed", found["error_message"]
	assert found["is_dry_run"] is True
	assert found["result"]["created"]["count"] == 2
	assert [doctype for doctype, _name in named(found, "created")] == ["Person", "Person"]
	assert "first_name" in found["result"]["created"]["documents"][0]["fields"]
	assert found["result"]["result"]["is_dry_run"] is True
	assert people_written() == 0


def test_what_it_changes_and_deletes_is_listed_with_its_fields(rehearse):
	changed, deleted, same, set_by_name = (made_person() for _number in range(4))
	found = rehearse(
		["change", {"doctype": "Person", "name": changed, "mobile_no": "123456"}],
		["save_unchanged", {"doctype": "Person", "name": same}],
		["set_value", {"doctype": "Person", "name": set_by_name, "field": "last_name", "value": "x"}],
		["delete", {"doctype": "Person", "name": deleted}],
		user=World.manager,
	)
	assert found["status"] == "Completed", found["error_message"]
	by_name = {one["name"]: one["fields"] for one in found["result"]["changed"]["documents"]}
	assert set(by_name) == {changed, set_by_name}
	assert "mobile_no" in by_name[changed]
	assert by_name[set_by_name] == ["last_name"]
	assert named(found, "deleted") == [("Person", deleted)]
	assert found["result"]["other_statements"] == 0
	assert frappe.db.exists("Person", deleted)
	assert not frappe.db.get_value("Person", changed, "mobile_no")


def test_documents_that_the_owner_may_not_read_are_counted_and_not_named(rehearse):
	before = made_person()
	found = rehearse(
		"create",
		["change", {"doctype": "Person", "name": before, "mobile_no": "123456"}],
		["delete", {"doctype": "Person", "name": before}],
	)
	assert found["status"] == "Completed", found["error_message"]
	counts = {kind: found["result"][kind]["count"] for kind in ("created", "changed", "deleted")}
	assert counts == {"created": 1, "changed": 0, "deleted": 1}
	assert not any(named(found, kind) for kind in counts)
	assert before not in str(found["result"])


def test_which_documents_it_is_about_is_told_to_its_owner_only(rehearse):
	changed = made_person()
	found = rehearse(
		["change", {"doctype": "Person", "name": changed, "mobile_no": "123456"}], user=World.manager
	)
	assert named(found, "changed") == [("Person", changed)]
	job_id = found["job_id"]
	for user in (World.alice, World.adam, "Administrator"):
		with acting_as(user):
			seen = [get_job_status(job_id), *list_jobs(World.alpha)["jobs"]]
			words = str(in_words(seen[0]))
			document = frappe.get_doc("Background Job", job_id)
			document.apply_fieldlevel_read_permissions()
		assert changed not in f"{seen} {words} {document.result}"
		assert not document.get("dry_run_documents")
		assert "told to who submitted it" in words
		assert [one["result"]["changed"] for one in seen] == [{"count": 1}] * 2
	with acting_as(World.manager):
		assert changed not in str(list_jobs(World.alpha))
	# Frappe keeps a copy of what it deletes
	document = frappe.get_doc("Background Job", job_id)
	assert changed in document.dry_run_documents
	document.run_method("on_trash")
	assert not document.dry_run_documents


def test_what_it_would_do_is_told_in_words(rehearse):
	name = made_person()
	acts = [
		"create",
		"enqueue",
		["change", {"doctype": "Person", "name": name, "last_name": "x"}],
		["write_by_hand", {"name": name}],
	]
	created, changed, more, held = in_words(rehearse(*acts, user=World.manager))
	assert created["text"] == "Would create documents: 1 (Person: 1)"
	assert changed["text"] == "Would change documents: 1 (Person: 1)"
	assert changed["items"] == [f"Person {name}: last_name"]
	assert more == {"text": "Would write by other statements: 1", "items": []}
	assert held["text"].startswith("Held back: ")
	assert "1 job to enqueue" in held["text"]
	created, *_held, why = in_words(rehearse("create"))
	assert created == {"text": "Would create documents: 1", "items": []}
	assert why["text"] == "Not named: 1 that you may not read, or that are too many"
	assert in_words(rehearse("rollback")) == [{"text": "Would write nothing.", "items": []}]
	assert in_words(rehearse("fail")) == []


def test_documents_are_counted_by_doctype_where_all_are_named():
	doctypes = ("Person", "Note", "Person")
	documents = [{"doctype": doctype, "name": doctype, "fields": []} for doctype in doctypes]
	job = {"is_dry_run": True, "result": {"deleted": {"count": 3, "documents": documents}}}
	(deleted,) = in_words(job)
	assert deleted["text"] == "Would delete documents: 3 (Person: 2, Note: 1)"
	assert deleted["items"] == ["Note Note", "Person Person", "Person Person"]
	job["result"]["deleted"]["count"] = 4
	assert in_words(job)[0]["text"] == "Would delete documents: 4"


def test_statements_written_by_hand_are_counted_and_undone(rehearse):
	name = made_person()
	found = rehearse(["write_by_hand", {"name": name}])
	assert found["result"]["other_statements"] == 1
	assert not frappe.db.get_value("Person", name, "mobile_no")


def test_what_would_leave_the_transaction_is_dropped_and_counted(rehearse):
	frappe.cache.delete_value("dartwing_dry_run")
	found = rehearse("enqueue", "callback", "publish", "submit")
	assert found["status"] == "Completed", found["error_message"]
	held = found["result"]["held_back"]
	assert (held["enqueued"], held["realtime"]) == (1, 1)
	assert held["callbacks"] >= 1
	assert frappe.cache.get_value("dartwing_dry_run") is None
	assert [job for queue in ("short", "default", "long") for job in queued_wake_ups(queue, "")] == []
	assert frappe.db.count("Background Job", {"job_type": "obliging_job"}) == 0
	# of the job itself everybody hears
	assert found["progress_message"] == "half"


def test_jobs_that_it_would_submit_are_counted_and_undone(rehearse):
	found = rehearse("submit", "submit_flow")
	assert found["status"] == "Completed", found["error_message"]
	result = found["result"]
	assert (result["submitted"], result["other_statements"], result["created"]["count"]) == (3, 0, 0)
	assert {"text": "Would submit jobs: 3", "items": []} in in_words(found)
	assert frappe.db.count("Background Job", {"job_type": "obliging_job"}) == 0
	assert frappe.db.count("Job Group") == 0


def test_mails_are_dropped_and_counted(rehearse):
	pytest.importorskip("frappe.email.doctype.email_queue.email_queue", reason="benchless has no mails")
	before = frappe.db.count("Email Queue")
	found = rehearse("mail")
	assert found["status"] == "Completed", found["error_message"]
	assert found["result"]["held_back"]["mails"] == 1
	assert frappe.db.count("Email Queue") == before


@pytest.mark.parametrize(("how", "told"), [("file", 1), ("file_and_rollback", 0)])
def test_files_are_removed_again(rehearse, how, told):
	found = rehearse(how, user=World.manager)
	assert found["status"] == "Completed", found["error_message"]
	(path,) = found["result"]["result"]["said"]
	assert [doctype for doctype, _name in named(found, "created")].count("File") == told
	assert not Path(frappe.get_site_path(path)).exists()


def test_a_file_that_it_deletes_stays_on_disk(rehearse):
	kept = frappe.get_doc(
		{"doctype": "File", "file_name": "kept.txt", "is_private": 1, "content": frappe.generate_hash()}
	).insert()
	frappe.db.commit()
	found = rehearse(["delete", {"doctype": "File", "name": kept.name}], user=World.manager)
	assert found["status"] == "Completed", found["error_message"]
	assert found["result"]["held_back"]["files"] == 1
	assert Path(kept.get_full_path()).exists()
	kept.reload()
	kept.delete()
	frappe.db.commit()


@pytest.mark.parametrize("how", ["commit", "commit_quietly", "commit_by_hand"])
def test_a_handler_that_commits_is_refused(rehearse, how):
	found = rehearse("create", how)
	assert (found["status"], found["error_type"]) == ("Canceled", "Permanent")
	assert found["error_message"] == "a dry run commits nothing, and its handler does: commit"
	assert people_written() == 0


@pytest.mark.parametrize(
	"sql", ["/* x */ commit", "-- x\ncommit", "# x\nstart transaction", "/**/create table m1_x (a int)"]
)
def test_a_statement_behind_a_comment_is_refused_before_it_does_harm(rehearse, sql):
	found = rehearse("create", ["statement", {"sql": sql}])
	assert (found["status"], found["error_type"]) == ("Canceled", "Permanent")
	assert "a dry run commits nothing" in found["error_message"]
	assert people_written() == 0


@pytest.mark.parametrize(
	"how",
	[
		"commit_below_frappe",
		"commit_and_fail",
		"commit_and_rollback",
		["statement", {"sql": "/*! commit */"}],
		["statement", {"sql": "analyze table `tabPerson`"}],
		["statement", {"sql": "set session autocommit = 1"}],
		["statement", {"sql": "execute immediate 'commit'"}],
	],
	ids=str,
)
def test_whatever_ends_the_transaction_is_noticed_and_told(rehearse, how):
	found = rehearse("create", how, "create")
	assert (found["status"], found["error_type"]) == ("Canceled", "Permanent")
	assert "what it wrote before may stay" in found["error_message"]
	assert found["result"] is None


@pytest.mark.parametrize(
	"how", ["commit_elsewhere", "connect", ["connect", {"then": "commit_quietly"}]], ids=str
)
def test_connections_of_its_own_are_refused(rehearse, how):
	found = rehearse(how)
	assert (found["status"], found["error_type"]) == ("Canceled", "Permanent")
	assert people_written() == 0


def test_a_rollback_forgets_what_was_before_it_and_is_allowed(rehearse):
	found = rehearse("create", "rollback", "create", "rollback", "create", user=World.manager)
	assert found["status"] == "Completed", found["error_message"]
	assert found["result"]["created"]["count"] == 1
	assert people_written() == 0


def test_jobs_that_go_into_rqs_queues_by_hand_are_held_back(rehearse):
	found = rehearse("enqueue_by_hand")
	assert found["status"] == "Completed", found["error_message"]
	assert found["result"]["held_back"]["enqueued"] == 4
	assert found["result"]["result"]["said"] == [True]
	queue = get_queue("long")
	assert not queue.scheduled_job_registry.count
	assert not queue.deferred_job_registry.count


def test_steps_are_done_without_being_kept(rehearse):
	found = rehearse("step")
	assert found["status"] == "Completed", found["error_message"]
	assert found["result"]["result"]["said"] == [[[1, 2, 3], [1, 2], {"done": True}]]
	assert found["result"]["created"]["count"] == 1
	assert people_written() == 0
	assert not frappe.db.count("Job Step", {"background_job": found["job_id"]})
	assert not frappe.db.get_value("Background Job", found["job_id"], "checkpoint")


@pytest.mark.parametrize(("how", "error"), [("fail", "asked to fail"), ("forbid", "not so")])
def test_one_that_fails_is_canceled_with_its_error_and_concerns_nobody(rehearse, how, error):
	found = rehearse("create", how)
	assert (found["status"], found["retry_count"], found["error_message"]) == ("Canceled", 0, error)
	assert people_written() == 0
	with acting_as(World.adam):
		assert list_dead_letters()["jobs"] == []
		with pytest.raises(JobStateError, match="no dead letter"):
			retry_job(found["job_id"])
	with changed("Job Engine Settings", "Job Engine Settings", dead_letter_alert_threshold=1):
		rehearse("create", how)
		alert_when_many()
	rehearse("create")
	assert not frappe.db.count("Notification Log", {"for_user": ("in", (World.alice, World.manager))})


def test_one_that_takes_too_long_is_stopped_and_undone(rehearse):
	with changed("Job Type", REHEARSED, default_timeout=1):
		found = rehearse("create", "enqueue", "wait")
	assert (found["status"], found["error_message"]) == ("Canceled", "stopped after 1 seconds")
	assert [to for _from, to in transitions(found["job_id"])][-2:] == ["Timed Out", "Canceled"]
	assert people_written() == 0
	assert [job for queue in ("short", "default", "long") for job in queued_wake_ups(queue, "")] == []
	# nothing is held back any more in the processes that go on
	assert rehearse("create", user=World.manager, dry_run=False)["status"] == "Completed"
	assert people_written() == 1


def test_one_that_runs_is_canceled_and_undone(world, worker):
	with acting_as(World.alice):
		job = submit_job(REHEARSED, World.alpha, {"acts": [["create", {}], ["wait", {}]]}, dry_run=True)
		frappe.db.commit()
		wait_until(lambda: state(job.name)["progress"] == 50, "the handler waits")
		cancel_job(job.name)
		frappe.db.commit()
	wait_until(lambda: not running_wake_ups(), "it is stopped")
	frappe.db.rollback()
	assert (state(job.name)["status"], state(job.name)["error_message"]) == ("Canceled", None)
	assert people_written() == 0


def test_figures_leave_it_out_but_for_the_jobs_that_are_there(rehearse):
	job_tally.count_new()
	for acts in (["create"], ["forbid"]):
		rehearse(*acts)
	for _counted in range(2):
		figures = get_metrics(World.alpha)
		assert figures["job_count_by_status"]["Completed"] == 1
		assert figures["job_count_by_status"]["Canceled"] == 1
		assert REHEARSED not in figures["processing_time_by_type"]
		assert REHEARSED not in figures["failure_rate_by_type"]
		job_tally.count_new()
	assert not frappe.db.count("Job Tally", {"job_type": REHEARSED, "granularity": ("!=", "Level")})
	rehearse("create", dry_run=False)
	assert list(get_metrics(World.alpha)["processing_time_by_type"]) == [REHEARSED]


def test_the_same_is_run_for_real(rehearse, work):
	dry = rehearse("create")
	with acting_as(World.alice):
		job = run_for_real(dry["job_id"])
	frappe.db.commit()
	work()
	frappe.db.rollback()
	found = state(job.name)
	assert (found["status"], found["is_dry_run"]) == ("Completed", False)
	assert people_written() == 1
	assert transitions(job.name)[-1] == ("Running", "Completed")
