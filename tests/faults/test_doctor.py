"""The doctor names what is down, when it is really down."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, changed, end, make_user, queued_wake_ups, remove_user, submit, wait_until
from frappe.utils import get_datetime, now_datetime
from frappe.utils.background_jobs import get_redis_conn
from frappe.utils.scheduler import get_scheduler_tick
from grouped import submit_group
from http_client import Client
from processes import kill
from runtimes.base import free_port

from dartwing.dartwing_core.background_jobs import doctor
from dartwing.dartwing_core.background_jobs.insight.diagnosis import TICK, examine
from dartwing.dartwing_core.background_jobs.upkeep import holding

DOCTOR = "dartwing.dartwing_core.background_jobs.doctor"
HEALTH = "/api/method/dartwing.dartwing_core.api.health.get_health"
READER = "health@example.com"


@pytest.fixture(scope="module")
def reader(web, world) -> Iterator[Client]:
	"""Monitoring: an API key of a user with nothing but the role."""
	# left by a run that was killed
	remove_user(READER)
	make_user(READER, ["Job Metrics Reader"])
	frappe.db.commit()
	yield web.with_key(READER)
	frappe.db.rollback()
	remove_user(READER)
	frappe.db.commit()


def finding(check: str) -> dict[str, Any]:
	frappe.db.rollback()
	(found,) = [one for one in examine()["checks"] if one["check"] == check]
	return found


def is_(check: str, status: str):
	return lambda: finding(check)["status"] == status


@pytest.fixture
def ticking_scheduler(site) -> Iterator[None]:
	"""The scheduler as it is after a tick, without its process."""
	was_enabled = frappe.db.get_single_value("System Settings", "enable_scheduler")
	row = frappe.db.get_value("Scheduled Job Type", {"method": TICK})
	frappe.db.set_single_value("System Settings", "enable_scheduler", 1)
	frappe.db.set_value("Scheduled Job Type", row, "last_execution", now_datetime())
	frappe.db.commit()
	frappe.clear_cache()
	yield
	frappe.db.rollback()
	frappe.db.set_single_value("System Settings", "enable_scheduler", was_enabled)
	frappe.db.commit()
	frappe.clear_cache()


@contextmanager
def crashed(runtime, server: str) -> Iterator[None]:
	runtime.crash(server)
	try:
		yield
	finally:
		runtime.revive(server)


def diagnose(runtime, *kwargs: str) -> subprocess.CompletedProcess:
	return subprocess.run(
		runtime.command(*runtime.on_site("execute", DOCTOR, *kwargs)),
		cwd=runtime.folder,
		env=runtime.environment,
		stdin=subprocess.DEVNULL,
		capture_output=True,
		text=True,
		timeout=120,
		check=False,
	)


# --- workers and scheduler


def test_workers_that_were_killed_are_missed_at_once(runtime, processes, ticking_scheduler):
	worker = processes.worker()
	wait_until(is_("workers", "ok"), "the worker is seen")
	assert finding("workers")["message"].endswith("short 1, default 1, long 1")
	kill(worker.pid)
	found = finding("workers")
	assert (found["status"], found["message"]) == ("down", "nobody works on short, default, long")


def test_a_queue_that_nobody_works_on_is_named(runtime, processes, tmp_path):
	processes._keep(runtime.spawn("worker", "--queue", "short,default", log=tmp_path / "part.log"))
	wait_until(lambda: finding("workers")["value"] == 1, "the worker is seen")
	assert finding("workers")["message"] == "nobody works on long"


def test_a_tick_in_the_future_is_named_and_ends_when_the_settings_are_saved(clean, ticking_scheduler):
	"""As after Frappe's wizard has given the site another time zone."""
	row = frappe.db.get_value("Scheduled Job Type", {"method": TICK})
	later = now_datetime() + timedelta(hours=4)
	frappe.db.set_value("Scheduled Job Type", row, {"last_execution": later, "creation": later})
	frappe.db.commit()
	found = finding("scheduler")
	assert found["status"] == "down"
	assert "in the future, as the site's time zone was changed" in found["message"]
	with changed("System Settings", "System Settings"):
		assert finding("scheduler")["status"] == "ok"
	kept = frappe.db.get_value("Scheduled Job Type", row, ["creation", "last_execution"])
	assert all(get_datetime(one) <= now_datetime() for one in kept)


def test_a_scheduler_that_does_not_tick_is_named(clean, ticking_scheduler):
	found = finding("scheduler")
	assert found["status"] == "ok"
	assert f"one every {get_scheduler_tick()}" in found["message"], "60 seconds on v15, 240 on v16"
	row = frappe.db.get_value("Scheduled Job Type", {"method": TICK})
	ago = now_datetime() - timedelta(seconds=3 * get_scheduler_tick() + 60)
	frappe.db.set_value("Scheduled Job Type", row, "last_execution", ago)
	frappe.db.commit()
	found = finding("scheduler")
	assert found["status"] == "down"
	assert found["message"].startswith(f"no tick for {3 * get_scheduler_tick() + 60}")
	frappe.db.set_single_value("System Settings", "enable_scheduler", 0)
	frappe.db.commit()
	frappe.clear_cache()
	assert "disabled" in finding("scheduler")["message"]


def test_the_clocks_that_tick_are_counted(clean, processes, clocks_forgotten):
	found = finding("clock")
	assert (found["status"], found["value"]) == ("ok", 0)
	assert f"one every {get_scheduler_tick()}" in found["message"]
	clock = processes.clock()
	wait_until(lambda: finding("clock")["value"] == 1, "the clock is seen")
	assert finding("clock")["message"].startswith("clocks that tick: 1")
	kill(clock.pid)
	clocks_forgotten()
	assert finding("clock")["value"] == 0


# --- servers


def test_a_redis_queue_that_is_down_is_named(runtime, clean, reader, capsys):
	assert finding("redis_queue")["status"] == "ok"
	with crashed(runtime, "redis_queue"):
		found = examine()
		answer = reader.get(HEALTH)
		with pytest.raises(SystemExit) as ended:
			doctor()
	assert not found["healthy"]
	statuses = {one["check"]: one["status"] for one in found["checks"]}
	assert (statuses["database"], statuses["redis_queue"], statuses["workers"]) == ("ok", "down", "unknown")
	assert ended.value.code == 2
	assert "DOWN     redis_queue" in capsys.readouterr().out
	assert answer.status_code == 503, answer.text
	assert "redis_queue: Redis does not answer" in answer.json()["error"]


def test_a_redis_cache_that_is_down_is_named(clean, monkeypatch):
	assert finding("redis_cache")["status"] == "ok"
	monkeypatch.setitem(frappe.local.conf, "redis_cache", f"redis://127.0.0.1:{free_port()}")
	assert finding("redis_cache")["status"] == "down"
	assert not examine()["healthy"]


def test_a_redis_that_takes_no_writes_is_named(clean):
	"""Its memory is full; of a full disk, or a replica, Redis answers alike."""
	queues = get_redis_conn()
	before = queues.config_get("maxmemory*")
	try:
		queues.config_set("maxmemory-policy", "noeviction")
		queues.config_set("maxmemory", 1)
		found = finding("redis_queue")
	finally:
		for name in ("maxmemory", "maxmemory-policy"):
			queues.config_set(name, before[name])
	assert (found["status"], "takes no writes" in found["message"]) == ("down", True)
	assert finding("redis_queue")["status"] == "ok"


def test_a_database_that_is_read_only_is_named(clean):
	asked = frappe.db.sql
	variable = "select @@global.read_only"
	with patch.object(
		frappe.db, "sql", lambda query, *more: ((1,),) if query == variable else asked(query, *more)
	):
		found = finding("database")
	assert (found["status"], "read-only" in found["message"]) == ("down", True)
	assert (finding("database")["status"], frappe.db.sql(variable)) == ("ok", ((0,),))


def test_a_database_that_is_down_is_named(runtime, clean, reader):
	try:
		with crashed(runtime, "mariadb"):
			answer = reader.get(HEALTH)
			found = examine()
	finally:
		frappe.db.close()
		frappe.db.connect()
	statuses = {one["check"]: one["status"] for one in found["checks"]}
	assert statuses["database"] == "down"
	assert statuses["redis_queue"] == "ok"
	assert statuses["dead_letters"] == "unknown"
	assert found["status"] == "down"
	# without it Frappe knows nobody and calls no method
	assert answer.status_code >= 500


# --- jobs


def test_jobs_in_trouble_are_found(clean, ticking_scheduler):
	for check in ("oldest_waiting", "stuck_jobs", "lost_pushes", "counting", "paused"):
		assert finding(check)["status"] == "ok", check
	long_ago = now_datetime() - timedelta(minutes=20)
	lost, running = submit().name, submit().name
	end(running, "Running")
	frappe.db.set_value("Background Job", lost, "queued_at", long_ago, update_modified=False)
	frappe.db.set_value("Background Job", running, "started_at", long_ago, update_modified=False)
	frappe.db.sql("update `tabJob Execution Log` set timestamp = %s where uncounted = 1", (long_ago,))
	frappe.db.commit()
	for queue in ("short", "default", "long"):
		for wake_up in queued_wake_ups(queue):
			wake_up.delete()
	assert finding("oldest_waiting")["value"] >= 1200
	for check in ("oldest_waiting", "stuck_jobs", "lost_pushes", "counting"):
		assert finding(check)["status"] == "warning", check
	assert running in finding("stuck_jobs")["message"]
	assert finding("lost_pushes")["value"] == 1


def test_a_group_that_was_left_open_is_found(clean):
	group, (member,), _on_end = submit_group(1)
	found = finding("groups")
	assert (found["status"], found["value"]) == ("ok", 1)
	frappe.db.set_value("Background Job", member, "status", "Completed")
	frappe.db.commit()
	found = finding("groups")
	assert found["status"] == "warning"
	assert group in found["message"]


def test_dead_letters_beyond_the_threshold_and_pauses_are_named(clean):
	before = finding("dead_letters")["value"]
	settings = frappe.get_doc("Job Engine Settings")
	threshold = settings.dead_letter_alert_threshold
	try:
		settings.dead_letter_alert_threshold = before + 1
		settings.save()
		for _ in range(2):
			end(submit().name, "Dead Letter")
		holding.pause(job_type=OBLIGING)
		holding.pause(queue="long")
		holding.pause()
		frappe.db.commit()
		assert finding("dead_letters") == {
			"check": "dead_letters",
			"status": "warning",
			"message": f"{before + 2} dead letters wait for a person",
			"value": before + 2,
		}
		assert finding("paused")["message"] == f"paused: the site, queue long, Job Type {OBLIGING}"
	finally:
		frappe.db.rollback()
		for arguments in ({"job_type": OBLIGING}, {"queue": "long"}, {}):
			holding.resume(**arguments)
		settings.reload()
		settings.dead_letter_alert_threshold = threshold
		settings.save()
		frappe.db.commit()
	assert finding("paused")["status"] == "ok"


# --- as monitoring asks


def test_the_command_prints_one_screen_and_ends_as_monitoring_plugins_do(
	runtime, processes, ticking_scheduler
):
	processes.worker()
	wait_until(is_("workers", "ok"), "the worker is seen")
	answer = diagnose(runtime)
	assert answer.returncode == 0, answer.stdout + answer.stderr
	lines = answer.stdout.splitlines()
	assert [line.split()[0] for line in lines] == ["OK"] * len(lines)
	assert len(lines) <= 20
	holding.pause()
	frappe.db.commit()
	try:
		assert diagnose(runtime).returncode == 1
		as_json = diagnose(runtime, "--kwargs", "{'as_json': True}")
		assert json.loads(as_json.stdout)["status"] == "warning"
	finally:
		holding.resume()
		frappe.db.commit()


def test_the_health_endpoint_answers_operators_with_a_code(web, reader, processes, ticking_scheduler):
	answer = reader.get(HEALTH)
	assert answer.status_code == 503, answer.text
	assert answer.json()["error"] == "workers: nobody works on short, default, long"
	assert not answer.json()["message"]["healthy"]
	processes.worker()
	wait_until(is_("workers", "ok"), "the worker is seen")
	answer = reader.get(HEALTH)
	assert answer.status_code == 200, answer.text
	assert answer.json()["message"]["healthy"]
	assert web.guest().get(HEALTH).status_code == 403
