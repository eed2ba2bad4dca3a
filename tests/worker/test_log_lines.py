"""What a handler logs is kept with its attempt, bounded and plain, whatever becomes of the attempt."""

import json
import logging

import frappe
import pytest
from factories import acting_as, changed, counted_statements, state, submit, wait_until

from dartwing.dartwing_core.background_jobs import (
	cancel_job,
	config,
	get_job_history,
	get_job_log,
	retry_job,
	scheduler,
)
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.executor import execute_job
from dartwing.dartwing_core.background_jobs.upkeep import retention

SECRET = "sk/live+h4 r&2"


def log_of(job, **arguments) -> list[dict]:
	"""All lines, read page by page."""
	frappe.db.rollback()
	page = get_job_log(job.name, **arguments)
	lines = page["lines"]
	while page["has_more"]:
		page = get_job_log(job.name, **{**arguments, "after": page["after"]})
		lines += page["lines"]
	return lines


def texts_of(job, **arguments) -> list[str]:
	return [line["text"] for line in log_of(job, **arguments)]


def parts_of(job) -> list[frappe._dict]:
	frappe.db.rollback()
	fields = ["name", "attempt", "first_line", "last_line", "kept_lines"]
	return frappe.get_all("Job Log Part", {"background_job": job.name}, fields, order_by="attempt, last_line")


def test_lines_of_the_handler_are_kept_in_order_and_those_of_others_are_not(world, work):
	job = submit(mode="log_lines", how="in_each_way")
	work()
	assert state(job.name)["status"] == "Completed"
	lines = log_of(job)
	caught = lines.pop(4)
	assert [(line["level"], line["text"]) for line in lines] == [
		("INFO", "said"),
		("ERROR", "said loudly"),
		("INFO", "page 1 of 2"),
		("WARNING", "of the root"),
		("INFO", "%d"),
		("INFO", "of a thread"),
	]
	assert caught["text"].startswith("caught\nTraceback (most recent call last)")
	assert caught["text"].endswith("ValueError: of the handler")
	assert [line["line"] for line in lines] == [1, 2, 3, 4, 6, 7]
	assert {(line["attempt"], line["missing"]) for line in [*lines, caught][:4]} == {(1, 0)}
	assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


def test_a_line_is_seen_while_the_handler_runs(world, worker):
	job = submit(mode="log_lines", how="one_and_wait", seconds=6)
	wait_until(lambda: texts_of(job) == ["is there before it ends"], "the line")
	assert state(job.name)["status"] == "Running"


def test_of_a_million_lines_the_first_and_the_last_are_kept(world, work):
	job = submit(mode="log_lines", how="a_flood", lines=1_000_000)
	work()
	end = state(job.name)
	assert end["status"] == "Completed"
	print(end["result"])
	lines = log_of(job)
	first, last = config.FIRST_LOG_LINES, config.LAST_LOG_LINES
	assert [line["text"] for line in lines[:first]] == [f"line {n}" for n in range(1, first + 1)]
	assert [line["line"] for line in lines[-last:]] == list(range(1_000_001 - last, 1_000_001))
	assert sum(line["missing"] for line in lines) + len(lines) == 1_000_000
	kept = sum(len(json.loads(part.kept_lines)) for part in parts_of(job))
	assert first + last <= kept <= first + 3 * last


def test_long_lines_are_cut_and_of_many_fewer_are_kept(world, work):
	job = submit(mode="log_lines", how="long_lines", lines=2000, characters=9_000)
	work()
	assert {len(text) for text in texts_of(job)} == {config.MAX_LOG_LINE}
	characters = sum(len(part.kept_lines) for part in parts_of(job))
	assert characters < 3 * (config.FIRST_LOG_CHARACTERS + config.LAST_LOG_CHARACTERS)
	assert log_of(job)[-1]["line"] == 2000


def test_a_line_that_is_very_long_fails_nothing(world, work):
	job = submit(mode="log_lines", how="long_lines", lines=3, characters=3_000_000)
	work()
	assert state(job.name)["status"] == "Completed"
	assert {len(text) for text in texts_of(job)} == {config.MAX_LOG_LINE}


def test_each_attempt_has_its_lines(world):
	job = submit(mode="log_lines", how="log_and_raise")
	execute_job(job.name)
	assert state(job.name)["status"] == "Failed"
	frappe.db.set_value("Background Job", job.name, "ready_at", "2026-01-01")
	frappe.db.commit()
	scheduler.tick()
	execute_job(job.name)
	assert state(job.name)["status"] == "Completed"
	assert [(line["attempt"], line["text"]) for line in log_of(job)] == [(1, "attempt 1"), (2, "attempt 2")]
	assert texts_of(job, attempt=2) == ["attempt 2"]
	assert texts_of(job, after="1:1") == ["attempt 2"]


def test_log_and_history_count_attempts_alike_also_after_a_retry_by_hand(world):
	job = submit(mode="log_lines", how="log_and_raise")
	frappe.db.set_value("Background Job", job.name, "max_retries", 0)
	frappe.db.commit()
	execute_job(job.name)
	assert state(job.name)["status"] == "Dead Letter"
	retry_job(job.name)
	frappe.db.commit()
	execute_job(job.name)
	assert state(job.name)["retry_count"] == 0
	assert [(line["attempt"], line["text"]) for line in log_of(job)] == [(1, "attempt 1"), (2, "attempt 2")]
	started = [row.message for row in get_job_history(job.name)["history"] if row.to_status == "Running"]
	assert started == ["attempt 1", "attempt 2"]


def test_lines_before_a_timeout_are_kept(world, work):
	with changed("Job Type", "obliging_job", default_timeout=2):
		job = submit(mode="log_lines", how="log_and_wait_for_the_end")
		work()
	assert state(job.name)["status"] == "Timed Out"
	assert texts_of(job) == ["before it is stopped"]


def test_lines_before_a_cancel_are_kept(world, worker):
	job = submit(mode="log_lines", how="log_and_wait_for_the_end")
	wait_until(lambda: texts_of(job), "the line")
	with acting_as(world.alice):
		cancel_job(job.name)
		frappe.db.commit()
	assert texts_of(job) == ["before it is stopped"]


def test_what_was_written_before_a_worker_was_killed_is_whole(world, work):
	job = submit(mode="log_lines", how="log_and_die")
	work()
	lines = log_of(job)
	assert lines
	numbers = [line["line"] for line in lines]
	assert numbers == sorted(set(numbers))
	assert numbers[0] == 1
	assert numbers[-1] == len(numbers) + sum(line["missing"] for line in lines)


def test_a_handler_that_changes_logging_goes_on_being_heard(world, work):
	job = submit(mode="log_lines", how="change_logging")
	work()
	assert texts_of(job) == ["with a handler", "without one", "with another configuration"]


def test_threads_that_a_handler_has_left_log_for_nobody_else(world):
	first = submit(mode="log_lines", how="leave_a_thread")
	execute_job(first.name)
	second = submit(mode="log_lines", how="one_now_and_then", lines=3, seconds=0.05)
	execute_job(second.name)
	assert texts_of(second) == ["line 1", "line 2", "line 3"]
	assert texts_of(first)[:1] <= ["of a thread that was left", "of the handler itself"]


def test_beside_timers_that_a_handler_has_left_no_job_runs(world, work):
	"""What they start, while the next job runs, could not be told from what that one starts."""
	submit(mode="log_lines", how="leave_timers")
	second = submit(mode="log_lines", how="one_now_and_then", lines=3, seconds=0.2)
	work()
	assert texts_of(second) == ["line 1", "line 2", "line 3"]


def test_a_child_of_the_process_logs_for_nobody(world, work):
	job = submit(mode="log_lines", how="log_in_a_child")
	work()
	assert state(job.name)["status"] == "Completed"
	assert texts_of(job) == ["before the fork", "after the fork"]


@pytest.mark.parametrize("how", ["in_each_way", "log_and_raise"])
def test_nothing_of_it_stays_behind(world, how):
	before = logging.Logger.callHandlers, logging.root.level, list(logging.root.handlers)
	execute_job(submit(mode="log_lines", how=how).name)
	assert (logging.Logger.callHandlers, logging.root.level, list(logging.root.handlers)) == before


def test_lines_say_no_value_of_a_masked_parameter_and_are_no_markup(world, work):
	script = f"<img src=x onerror='{SECRET}'> {SECRET}"
	texts = [SECRET, f"token={SECRET}!", script, "x" * 995 + SECRET, "y" * 20_000 + SECRET]
	job = submit(mode="log_lines", how="say_what_is_named", texts=texts, api_key=SECRET)
	work()
	assert state(job.name)["status"] == "Completed"
	stored = "".join(part.kept_lines for part in parts_of(job))
	assert "sk/live" not in stored
	assert "<" not in stored
	said = texts_of(job)
	assert len(said) == 3 * len(texts)
	assert said[0] == said[1] == MASK
	assert "‹img" in said[6]


def test_the_log_goes_with_its_job(world, work):
	job = submit(mode="log_lines", how="in_each_way")
	work()
	assert parts_of(job)
	frappe.db.set_value("Background Job", job.name, "modified", "2026-01-01", update_modified=False)
	frappe.db.commit()
	retention.cleanup_old_jobs(1)
	assert parts_of(job) == []


def test_a_job_that_logs_nothing_asks_the_database_nothing_more(world):
	job = submit(mode="succeed")
	with counted_statements() as sent:
		execute_job(job.name)
	assert not [text for text in sent if "Log Part" in text]


def test_of_a_job_that_runs_again_and_again_the_last_attempts_are_kept(world, monkeypatch):
	monkeypatch.setattr(config, "LOGGED_ATTEMPTS", 1)
	job = submit(mode="log_lines", how="log_and_raise")
	execute_job(job.name)
	frappe.db.set_value("Background Job", job.name, "ready_at", "2026-01-01")
	frappe.db.commit()
	scheduler.tick()
	execute_job(job.name)
	assert texts_of(job) == ["attempt 2"]
