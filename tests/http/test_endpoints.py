"""Every endpoint: what it returns, exactly, and with which HTTP code."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import frappe
import pytest
from answers import API, UTC, error, message
from database import waiting_for_row
from factories import OBLIGING, changed, end, keep_log, make_job_type, second_connection, submit, wait_until
from grouped import submit_group

from dartwing.dartwing_core.doctype.background_job.background_job import PRIORITIES, STATUSES

STATUS_KEYS = [
	"job_id",
	"job_type",
	"organization",
	"job_group",
	"job_schedule",
	"retry_of",
	"is_dry_run",
	"real_job",
	"status",
	"priority",
	"progress",
	"progress_message",
	"created_at",
	"scheduled_at",
	"expires_at",
	"started_at",
	"completed_at",
	"retry_count",
	"max_retries",
	"next_retry_at",
	"output_reference",
	"result",
	"error_message",
	"error_type",
	"depends_on",
	"dependency_rule",
	"waits_for",
	"waits_until",
	"expected_start",
	"usual_seconds",
	"p95_seconds",
	"seconds_left",
]


def submission(world, **arguments) -> dict:
	return {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}, **arguments}


def dead_letter(world, **parameters) -> str:
	job = submit(**parameters)
	end(job.name, "Dead Letter", error_message="broken", error_type="Permanent", error_traceback="Trace")
	return job.name


def test_the_integers_of_a_result_are_answered_exactly(alice, world):
	job = submit()
	result = {"ids": [2**63 - 1, 2**63, -(2**63), -(2**70)], "huge": 10**400}
	end(job.name, "Completed", result=json.dumps(result))
	status = message(alice.call(f"{API}.get_job_status", job_id=job.name))
	(listed,) = message(alice.call(f"{API}.list_jobs", organization=world.alpha))["jobs"]
	assert status["result"] == listed["result"] == result


# submit


def test_submit_job(alice, world):
	answer = message(alice.call(f"{API}.submit_job", **submission(world)))
	assert answer == {"job_id": answer["job_id"], "status": "Queued", "message": "Job accepted"}
	assert re.fullmatch(r"JOB-\d{4}-\d{5,}", answer["job_id"])
	frappe.db.rollback()
	job = frappe.get_doc("Background Job", answer["job_id"])
	assert (job.owner_user, job.organization) == (world.alice, world.alpha)


def test_submit_job_with_an_api_key(web, passing_user, world):
	answer = message(web.with_key(passing_user).call(f"{API}.submit_job", **submission(world)))
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", answer["job_id"], "owner_user") == passing_user


def test_submit_job_as_a_form_with_its_parameters_as_json(alice, world):
	form = submission(world, parameters='{"mode": "succeed"}')
	job_id = message(alice.post(f"/api/method/{API}.submit_job", data=form))["job_id"]
	frappe.db.rollback()
	assert frappe.db.get_value("Background Job", job_id, "input_parameters") == '{"mode":"succeed"}'


def test_a_duplicate_is_a_conflict_that_names_the_job(alice, world):
	make_job_type("deduplicated_job", deduplication_window=300)
	frappe.db.commit()
	arguments = submission(world, job_type="deduplicated_job")
	first = message(alice.call(f"{API}.submit_job", **arguments))["job_id"]
	second = alice.call(f"{API}.submit_job", **arguments)
	assert second.status_code == 409
	body = second.json()
	assert body.pop("exc_type") == "DuplicateJobError"
	state = frappe.db.get_value("Background Job", first, "status")
	assert body == {
		"error": f"An equal job is already {state}: {first}",
		"existing_job_id": first,
		"status": state,
	}


def test_a_refused_submission_writes_nothing(alice, world):
	submissions = [submission(world), submission(world, job_type="no such type")]
	assert "jobs[1].job_type" in error(alice.call(f"{API}.submit_jobs", jobs=submissions), 404)
	frappe.db.rollback()
	assert frappe.db.count("Background Job", {"organization": world.alpha}) == 0


def test_submit_jobs(alice, world):
	answer = message(alice.call(f"{API}.submit_jobs", jobs=[submission(world), submission(world)]))
	assert [set(job) for job in answer] == [{"job_id", "status", "message"}] * 2
	assert answer[0]["job_id"] != answer[1]["job_id"]


def test_a_job_after_several_others_by_a_list_or_as_text(alice, world):
	parents = [submit(number=number).name for number in range(2)]
	for number, sent in enumerate((parents, json.dumps(parents), parents[0])):
		arguments = submission(world, parameters={"n": number}, depends_on=sent, dependency_rule="end")
		job_id = message(alice.call(f"{API}.submit_job", **arguments))["job_id"]
		status = message(alice.ask(f"{API}.get_job_status", job_id=job_id))
		assert status["depends_on"] == (parents if number < 2 else parents[:1])
		assert status["dependency_rule"] == "end"


def test_submit_flow(alice, world):
	jobs = [
		{"job_type": OBLIGING, "name": "split", "parameters": {"mode": "succeed"}},
		{"job_type": OBLIGING, "depends_on": "split"},
	]
	flow = {"organization": world.alpha, "title": "Scan", "jobs": jobs, "on_end": {"job_type": OBLIGING}}
	answer = message(alice.call(f"{API}.submit_flow", **flow))
	split, merge = [job["job_id"] for job in answer["jobs"]]
	assert message(alice.ask(f"{API}.get_job_status", job_id=merge))["depends_on"] == [split]
	group = message(alice.ask(f"{API}.get_group", group_id=answer["group_id"]))
	assert (group["title"], group["status"], group["job_count"]) == ("Scan", "Running", 2)
	assert group["on_end_job"] == answer["on_end_job"]
	assert {job["job_id"] for job in group["jobs"]} == {split, merge}


def test_a_flow_that_is_refused_writes_nothing(alice, world):
	jobs = [{"job_type": OBLIGING, "name": "a", "depends_on": "a"}]
	answer = alice.call(f"{API}.submit_flow", organization=world.alpha, title="Scan", jobs=jobs)
	assert error(answer, 417) == "jobs: they depend on each other in a circle: a → a"
	answer = alice.call(
		f"{API}.submit_flow", organization=world.beta, title="Scan", jobs=[{"job_type": OBLIGING}]
	)
	assert "organization" in error(answer, 403)
	frappe.db.rollback()
	assert not frappe.db.count("Background Job")
	assert not frappe.db.count("Job Group")


def test_too_many_of_a_type_say_when_to_retry(alice, world):
	make_job_type("limited_job", rate_limit=2, rate_limit_window=300)
	frappe.db.commit()
	arguments = submission(world, job_type="limited_job")
	answers = [alice.call(f"{API}.submit_job", **arguments) for _ in range(3)]
	assert [answer.status_code for answer in answers] == [200, 200, 429]
	assert error(answers[2], 429).startswith("Rate limit: 'limited_job' allows 2 jobs")
	assert 1 <= int(answers[2].headers["Retry-After"]) <= 300


def test_a_full_queue_says_when_to_retry(alice, world):
	with changed("Organization", world.alpha, override_queue_limit=1, queue_limit=0):
		refused = alice.call(f"{API}.submit_job", **submission(world))
	assert error(refused, 429).startswith("Queue full: ")
	assert refused.headers["Retry-After"] == "60"


# look


@pytest.mark.parametrize("ask", ["ask", "call"])
def test_get_job_status(alice, ask):
	job = submit()
	end(job.name, "Completed", result='{"a": 1}', output_reference="/private/files/x.csv", progress=100)
	answer = message(getattr(alice, ask)(f"{API}.get_job_status", job_id=job.name))
	assert list(answer) == STATUS_KEYS
	for field in ("created_at", "started_at", "completed_at"):
		assert re.fullmatch(UTC, answer.pop(field)), field
	assert answer == {
		"job_id": job.name,
		"job_type": OBLIGING,
		"organization": job.organization,
		"job_group": None,
		"job_schedule": None,
		"retry_of": None,
		"is_dry_run": False,
		"real_job": None,
		"status": "Completed",
		"priority": "Normal",
		"progress": 100.0,
		"progress_message": None,
		"scheduled_at": None,
		"expires_at": None,
		"retry_count": 0,
		"max_retries": 5,
		"next_retry_at": None,
		"output_reference": "/private/files/x.csv",
		"result": {"a": 1},
		"error_message": None,
		"error_type": None,
		"depends_on": [],
		"dependency_rule": "success",
		"waits_for": None,
		"waits_until": None,
		"expected_start": None,
		"usual_seconds": None,
		"p95_seconds": None,
		"seconds_left": None,
	}


def test_list_jobs(alice, world):
	ids = [submit().name for _ in range(3)]
	submit(world.bob, world.beta)
	answer = message(alice.ask(f"{API}.list_jobs"))
	assert {**answer, "jobs": None} == {"jobs": None, "total": 3, "limit": 20, "offset": 0}
	assert [job["job_id"] for job in answer["jobs"]] == ids[::-1]
	assert all(list(job) == STATUS_KEYS for job in answer["jobs"])


def test_list_jobs_by_filters(alice, world):
	canceled, _other = submit().name, submit().name
	end(canceled, "Canceled")
	wanted = {"organization": world.alpha, "status": "Canceled", "job_type": OBLIGING}
	answer = message(alice.ask(f"{API}.list_jobs", **wanted))
	assert [job["job_id"] for job in answer["jobs"]] == [canceled]
	assert message(alice.ask(f"{API}.list_jobs", job_type="another"))["total"] == 0


def test_get_job_log_page_by_page(alice):
	job = submit()
	keep_log(job.name, ["one", "<b>two</b>", "three"])
	keep_log(job.name, ["nine"], first=9)
	keep_log(job.name, ["again"], attempt=2)
	first = message(alice.ask(f"{API}.get_job_log", job_id=job.name, limit=2))
	assert first == {
		"job_id": job.name,
		"lines": [
			{
				"attempt": 1,
				"line": number,
				"at": "2026-11-30T10:00:00.000000Z",
				"level": "INFO",
				"text": text,
				"missing": 0,
			}
			for number, text in ((1, "one"), (2, "<b>two</b>"))
		],
		"after": "1:2",
		"has_more": True,
	}
	rest = message(alice.call(f"{API}.get_job_log", job_id=job.name, after="1:2"))
	assert [(line["attempt"], line["line"], line["missing"]) for line in rest["lines"]] == [
		(1, 3, 0),
		(1, 9, 5),
		(2, 1, 0),
	]
	assert (rest["after"], rest["has_more"]) == ("2:1", False)
	nothing = message(alice.ask(f"{API}.get_job_log", job_id=job.name, after="2:1"))
	assert nothing == {"job_id": job.name, "lines": [], "after": "2:1", "has_more": False}
	second = message(alice.ask(f"{API}.get_job_log", job_id=job.name, attempt=2))
	assert [line["text"] for line in second["lines"]] == ["again"]


@pytest.mark.parametrize(
	("argument", "value"),
	[
		("after", "1"),
		("after", "1:2:3"),
		("after", "1:2' or 1=1 -- "),
		("after", "-1:2"),
		("attempt", 0),
		("attempt", "first"),
		("limit", 0),
		("limit", 1001),
	],
)
def test_a_wrong_argument_of_get_job_log_is_named(alice, argument, value):
	job = submit()
	refused = alice.call(f"{API}.get_job_log", job_id=job.name, **{argument: value})
	assert argument in error(refused, 417)


def test_the_log_of_a_job_of_others_is_that_of_an_unknown_one(bob, guest):
	job = submit()
	keep_log(job.name, ["of Alpha"])
	hidden = bob.ask(f"{API}.get_job_log", job_id=job.name)
	unknown = bob.ask(f"{API}.get_job_log", job_id="JOB-1999-00001")
	assert error(hidden, 404) == error(unknown, 404).replace("JOB-1999-00001", job.name)
	assert guest.ask(f"{API}.get_job_log", job_id=job.name).status_code in (401, 403)


def test_get_job_history(alice):
	job = submit()
	end(job.name, "Completed")
	answer = message(alice.ask(f"{API}.get_job_history", job_id=job.name))
	assert list(answer) == ["job_id", "history"]
	rows = answer["history"]
	assert [(row["from_status"], row["to_status"]) for row in rows][:2] == [
		(None, "Pending"),
		("Pending", "Queued"),
	]
	assert rows[-1]["to_status"] == "Completed"
	for row in rows:
		assert set(row) == {"from_status", "to_status", "timestamp", "actor", "message", "retry_attempt"}
		assert re.fullmatch(UTC, row["timestamp"])


def test_get_job_metrics_without_jobs(alice, world):
	answer = message(alice.ask(f"{API}.get_job_metrics", organization=world.alpha))
	assert re.fullmatch(UTC, answer.pop("timestamp"))
	assert answer == {
		"job_count_by_status": dict.fromkeys(STATUSES, 0),
		"queue_depth_by_priority": dict.fromkeys(PRIORITIES, 0),
		"processing_time": {"average_seconds": None, "p95_seconds": None},
		"processing_time_by_type": {},
		"failure_rate_by_type": {},
		"throughput_per_minute": 0.0,
		"oldest_waiting_seconds": 0.0,
	}


def test_get_job_metrics_counts_own_jobs(alice, world):
	for status in ("Completed", "Completed", "Completed", "Dead Letter", "Canceled"):
		end(submit().name, status)
	submit()
	end(submit(world.bob, world.beta).name, "Completed")
	answer = message(alice.ask(f"{API}.get_job_metrics"))
	counts = answer["job_count_by_status"]
	assert (counts["Completed"], counts["Dead Letter"], counts["Canceled"]) == (3, 1, 1)
	assert answer["queue_depth_by_priority"] == {"Low": 0, "Normal": 1, "High": 0, "Critical": 0}
	assert answer["failure_rate_by_type"] == {OBLIGING: 0.25}
	assert answer["throughput_per_minute"] == 0.6
	assert answer["processing_time"] == answer["processing_time_by_type"][OBLIGING]
	assert answer["processing_time"]["average_seconds"] >= 0
	assert answer["oldest_waiting_seconds"] > 0


# change


def test_cancel_job(alice):
	job = submit()
	assert message(alice.call(f"{API}.cancel_job", job_id=job.name)) == {
		"job_id": job.name,
		"status": "Canceled",
		"message": "Job canceled",
	}
	assert "is Canceled" in error(alice.call(f"{API}.cancel_job", job_id=job.name), 409)


@pytest.mark.parametrize("action", ["cancel_job", "cancel_group"])
def test_a_job_that_somebody_holds_is_waited_for_no_longer_than_seconds(action, alice):
	group, (member,), _on_end = submit_group(1)
	asked = {"job_id": member} if action == "cancel_job" else {"group_id": group}
	with second_connection():
		frappe.db.sql("select name from `tabBackground Job` where name = %s for update", (member,))
		refused = alice.call(f"{API}.{action}", **asked)
		frappe.db.rollback()
	assert error(refused, 503) == f"{member} is being changed by somebody else; try again"
	assert refused.headers["Retry-After"] == "1"
	assert message(alice.call(f"{API}.{action}", **asked))


def test_who_comes_into_a_deadlock_as_a_group_ends_is_told_to_try_again(alice):
	"""The group's row is locked last of all, when the method has done its work."""
	group, (member,), _on_end = submit_group(1)
	with second_connection(), ThreadPoolExecutor() as pool:
		# of two transactions, the server undoes the one that has written less
		frappe.db.sql("insert into `tabSingles` (doctype, field) select 'deadlock', seq from seq_1_to_1000")
		frappe.db.sql("select name from `tabJob Group` where name = %s for update", (group,))
		asked = pool.submit(alice.call, f"{API}.cancel_job", job_id=member)
		wait_until(lambda: waiting_for_row(group), "the request waits for the group")
		frappe.db.sql("select name from `tabBackground Job` where name = %s for update", (member,))
		frappe.db.rollback()
		refused = asked.result()
	assert error(refused, 503) == "Somebody else changes the same at this moment; try again"
	assert refused.headers["Retry-After"] == "1"
	assert message(alice.call(f"{API}.cancel_job", job_id=member))["status"] == "Canceled"


def test_retry_job(adam, world):
	job_id = dead_letter(world)
	answer = message(adam.call(f"{API}.retry_job", job_id=job_id))
	assert answer["job_id"] == job_id
	assert answer["status"] in ("Pending", "Queued")
	assert set(answer) == {"job_id", "status", "message"}
	assert "no dead letter" in error(adam.call(f"{API}.retry_job", job_id=job_id), 409)


def test_list_dead_letters(adam, alice, world):
	job_id = dead_letter(world)
	dead_letter(world, user=world.bob, organization=world.beta)
	answer = message(adam.ask(f"{API}.list_dead_letters"))
	assert {**answer, "jobs": None} == {"jobs": None, "total": 1, "limit": 20, "offset": 0}
	(job,) = answer["jobs"]
	assert set(job) == {*STATUS_KEYS, "error_traceback"}
	assert (job["job_id"], job["error_traceback"]) == (job_id, "Trace")
	assert message(alice.ask(f"{API}.list_dead_letters"))["jobs"] == []
	refused = alice.ask(f"{API}.list_dead_letters", organization=world.alpha)
	assert error(refused, 403) == f"organization: you are no admin of {world.alpha!r}"


def test_retry_jobs_and_discard_jobs_say_what_they_did(adam, world):
	first, second, waiting = dead_letter(world), dead_letter(world), submit().name
	retried = message(adam.call(f"{API}.retry_jobs", job_ids=[first, waiting, "JOB-0"]))
	assert retried["done"] == [first]
	assert set(retried["refused"]) == {waiting, "JOB-0"}
	discarded = message(adam.call(f"{API}.discard_jobs", reason="old", filters={"job_type": OBLIGING}))
	assert discarded == {"done": [second], "refused": {}, "left": 0}


def test_a_member_cancels_only_own_jobs_and_retries_none(alice, adam, world):
	of_adam = submit(world.adam).name
	refused = error(alice.call(f"{API}.cancel_job", job_id=of_adam), 403)
	assert refused == "job_id: only its owner or an admin may cancel it"
	refused = error(alice.call(f"{API}.retry_job", job_id=dead_letter(world)), 403)
	assert refused == f"job_id: only an admin of {world.alpha} may do this"
	of_alice = submit().name
	assert message(adam.call(f"{API}.cancel_job", job_id=of_alice))["status"] == "Canceled"


@pytest.mark.parametrize(
	"name",
	["submit_job", "submit_jobs", "submit_flow", "cancel_job", "retry_job", "retry_jobs", "discard_jobs"],
)
def test_changes_are_refused_by_get(adam, name):
	assert error(adam.ask(f"{API}.{name}"), 403) == "This method is not called by GET"


# --- a request that is sent again


@pytest.mark.parametrize("header", ["order-4711", '"order-4711"'])
def test_the_header_and_the_argument_say_the_same_idempotency_key(alice, world, header):
	first = message(alice.call(f"{API}.submit_job", **submission(world, idempotency_key="order-4711")))
	end(first["job_id"], "Completed")
	again = message(
		alice.post(
			f"/api/method/{API}.submit_job", json=submission(world), headers={"Idempotency-Key": header}
		)
	)
	assert again == {
		"job_id": first["job_id"],
		"status": "Completed",
		"message": "Job was accepted before",
		"is_existing": True,
	}


def test_a_flow_that_is_sent_again_with_its_key_is_the_one_that_was_accepted(alice, world):
	flow = {"organization": world.alpha, "title": "Scan", "jobs": [{"job_type": OBLIGING}]}
	headers = {"Idempotency-Key": "scan-4711"}
	answers = [
		message(alice.post(f"/api/method/{API}.submit_flow", json=flow, headers=headers)) for _ in range(2)
	]
	assert answers[0]["group_id"] == answers[1]["group_id"]
	assert answers[1]["message"] == "Jobs were accepted before"
	assert answers[1]["jobs"][0]["is_existing"]


def test_a_key_with_another_request_is_refused_with_422(alice, world):
	first = message(alice.call(f"{API}.submit_job", **submission(world, idempotency_key="a")))
	other = submission(world, idempotency_key="a", priority="High")
	sentence = error(alice.call(f"{API}.submit_job", **other), 422)
	assert sentence.startswith("idempotency_key: 'a' was sent with another request")
	assert first["job_id"] in sentence


@pytest.mark.parametrize(
	("header", "argument", "sentence"),
	[
		("a", "b", "idempotency_key: 'b' is not what the header Idempotency-Key says: 'a'"),
		("a b", None, "idempotency_key: must be 1 to 255 visible ASCII characters"),
		("", None, "idempotency_key: must be 1 to 255 visible ASCII characters"),
		('"a', None, None),
	],
)
def test_a_header_that_says_something_else_or_no_key_is_refused(alice, world, header, argument, sentence):
	arguments = submission(world) if argument is None else submission(world, idempotency_key=argument)
	answer = alice.post(f"/api/method/{API}.submit_job", json=arguments, headers={"Idempotency-Key": header})
	if sentence is None:
		assert message(answer)["job_id"]
	else:
		assert error(answer, 417).startswith(sentence)


def test_one_header_says_no_keys_for_many_jobs(alice, world):
	answer = alice.post(
		f"/api/method/{API}.submit_jobs",
		json={"jobs": [submission(world)]},
		headers={"Idempotency-Key": "a"},
	)
	assert error(answer, 417).startswith("Idempotency-Key: submit_jobs takes a key for each job")


def test_a_members_key_finds_no_job_of_another_member(alice, adam, world):
	first = message(alice.call(f"{API}.submit_job", **submission(world, idempotency_key="a")))
	second = message(adam.call(f"{API}.submit_job", **submission(world, idempotency_key="a")))
	assert second["job_id"] != first["job_id"]
	assert "is_existing" not in second
