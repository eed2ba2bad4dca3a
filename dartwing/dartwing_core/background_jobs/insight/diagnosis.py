"""What is wrong with the engine, in one screen: for an operator, for monitoring and for Desk.

Nothing is changed. A check that cannot be made says so, and keeps no other one from being made.
"""

import json
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import frappe
import psutil
import redis
from frappe import _
from frappe.utils import get_datetime
from frappe.utils.background_jobs import get_queue, get_workers, is_job_enqueued
from frappe.utils.scheduler import get_scheduler_tick, is_dormant, is_scheduler_inactive
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from rq import Worker

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import drivers, queue_redis, times
from dartwing.dartwing_core.background_jobs.groups import settling
from dartwing.dartwing_core.background_jobs.insight import figures
from dartwing.dartwing_core.background_jobs.statuses import DEAD_LETTER, PRIORITIES, QUEUED, RUNNING, WAITING
from dartwing.dartwing_core.background_jobs.upkeep import recovery
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import (
	QUEUES,
	is_in_maintenance,
	paused_queues,
	setting,
)
from dartwing.dartwing_core.doctype.job_tally import job_tally

OK, WARNING, DOWN, UNKNOWN = "ok", "warning", "down", "unknown"
# exit codes as of monitoring plugins
EXIT_CODES = {OK: 0, WARNING: 1, DOWN: 2, UNKNOWN: 2}
TICK = "dartwing.dartwing_core.background_jobs.scheduler.tick"
# how many jobs are compared with Redis at most
MAX_COMPARED = 1000


@dataclass(frozen=True)
class Finding:
	"""What one check found; `value` is its figure, where it has one."""

	check: str
	status: str
	message: str
	value: float | None = None


def examine() -> dict[str, Any]:
	"""`{healthy, status, checks: [{check, status, message, value}], timestamp}`.

	A status is ok, warning, down or unknown (could not be found out). `healthy` is false when something
	is down. Messages are in the user's language.
	"""
	findings = [database(), redis_cache(), redis_queue()]
	is_up = {finding.check: finding.status == OK for finding in findings}
	for check, needs in CHECKS.items():
		missing = [need for need in needs if not is_up[need]]
		findings.append(_unknown(check, missing) if missing else _guarded(check))
	statuses = {finding.status for finding in findings}
	return {
		"healthy": DOWN not in statuses,
		"status": next(status for status in (DOWN, UNKNOWN, WARNING, OK) if status in statuses),
		"checks": [asdict(finding) for finding in findings],
		"timestamp": times.to_utc(times.site_now()) if is_up["database"] else None,
	}


def doctor(as_json: bool = False) -> None:
	"""Print what `examine` finds: `bench --site S execute dartwing.dartwing_core.background_jobs.doctor`.

	Exits with 1 for warnings and with 2 when something is down or could not be found out, as monitoring
	plugins do: it raises SystemExit, unless all is well.
	"""
	found = examine()
	print(json.dumps(found, indent=1) if as_json else report(found))
	if EXIT_CODES[found["status"]]:
		raise SystemExit(EXIT_CODES[found["status"]])


def report(found: dict[str, Any]) -> str:
	width = max(len(finding["check"]) for finding in found["checks"])
	return "\n".join(
		f"{finding['status'].upper():8} {finding['check']:{width}}  {finding['message']}"
		for finding in found["checks"]
	)


def database() -> Finding:
	try:
		is_read_only = frappe.db.sql("select @@global.read_only")[0][0]
	except drivers.ERRORS as error:
		return Finding("database", DOWN, _("MariaDB does not answer: {0}").format(error))
	if is_read_only:
		return Finding("database", DOWN, _("MariaDB is read-only: no job is accepted, and none ends"))
	return Finding("database", OK, _("MariaDB answers"))


def redis_cache() -> Finding:
	return _redis("redis_cache", _("sessions and documents are not cached"))


def redis_queue() -> Finding:
	return _redis("redis_queue", _("jobs are accepted and wait until it is back"))


# written to find out whether Redis takes writes; gone after a second
PROBE = "dartwing:is_writable"


def _redis(name: str, meaning: str) -> Finding:
	seconds = queue_redis.ANSWER_SECONDS
	connection = redis.from_url(frappe.conf.get(name), socket_connect_timeout=seconds, socket_timeout=seconds)
	try:
		connection.set(PROBE, 1, ex=1)
	except (AuthenticationError, NoPermissionError):
		# Redis is there, and asks for a password that Frappe knows
		pass
	except ResponseError as error:
		# it has no memory left, its disk is full, or it is a replica
		return Finding(name, DOWN, _("Redis takes no writes, {0}: {1}").format(meaning, error))
	except RedisError as error:
		return Finding(name, DOWN, _("Redis does not answer, {0}: {1}").format(meaning, error))
	finally:
		connection.close()
	return Finding(name, OK, _("Redis answers"))


def workers() -> Finding:
	"""Whether each queue has a worker that lives."""
	living = [worker for worker in get_workers() if _lives(worker)]
	listening = Counter(
		queue for queue in QUEUES for worker in living if get_queue(queue).name in worker.queue_names()
	)
	deserted = [queue for queue in QUEUES if not listening[queue]]
	if deserted:
		return Finding("workers", DOWN, _("nobody works on {0}").format(", ".join(deserted)), len(living))
	shares = ", ".join(f"{queue} {listening[queue]}" for queue in QUEUES)
	return Finding("workers", OK, _("workers on each queue: {0}").format(shares), len(living))


def _lives(worker: Worker) -> bool:
	"""Whether the worker lives. RQ forgets a killed one only after minutes; on this machine, we can look."""
	if worker.hostname != socket.gethostname():
		return True
	try:
		return psutil.Process(worker.pid).status() != psutil.STATUS_ZOMBIE
	except psutil.NoSuchProcess:
		return False


def scheduler() -> Finding:
	"""Whether the work of the ticks is done: the scheduler's process pushes it, a worker runs it."""
	if is_scheduler_inactive(verbose=False):
		return Finding("scheduler", DOWN, _("it is disabled or paused: bench enable-scheduler"))
	fields = ["name", "stopped", "last_execution", "creation"]
	row = frappe.db.get_value("Scheduled Job Type", {"method": TICK}, fields, as_dict=True)
	if not row or row.stopped:
		return Finding("scheduler", DOWN, _("the Scheduled Job Type {0} is missing or stopped").format(TICK))
	seconds = (times.site_now() - get_datetime(row.last_execution or row.creation)).total_seconds()
	tick = _tick_seconds()
	if seconds < -tick:
		message = _(
			"the last tick is {0} seconds in the future, as the site's time zone was changed: migrate"
		)
		return Finding("scheduler", DOWN, message.format(int(-seconds)), seconds)
	if seconds <= 3 * tick:
		message = _("last tick {0} seconds ago, one every {1}").format(int(seconds), tick)
		return Finding("scheduler", OK, message, seconds)
	since = _("no tick for {0} seconds").format(int(seconds))
	if is_job_enqueued(frappe.get_doc("Scheduled Job Type", row.name).rq_job_id):
		return Finding("scheduler", WARNING, _("{0}: one waits for a worker").format(since), seconds)
	if is_dormant():
		since = _("{0}; nobody logged in for days, Frappe then ticks once a day").format(since)
	return Finding("scheduler", DOWN, _("{0}: does its process run?").format(since), seconds)


def _tick_seconds() -> int:
	return max(get_scheduler_tick(), 60)


def clock() -> Finding:
	"""How many clocks look at the site. Without one the ticks do all that it does, only later."""
	ages = signs.ages()
	if ages:
		text = _("clocks that tick: {0}, the last look was {1} seconds ago")
		return Finding("clock", OK, text.format(len(ages), int(ages[0])), len(ages))
	text = _("no clock: retries, scheduled starts and rescues wait for the tick, one every {0}")
	return Finding("clock", OK, text.format(_tick_seconds()), 0)


def oldest_waiting() -> Finding:
	"""How long the oldest job waits that could run; and which never will, as there is no such priority."""
	now = times.site_now()
	open_jobs = figures.open_by_kind(now)
	seconds = figures.oldest_waiting_seconds(open_jobs, now)
	if any(kind.status in WAITING and kind.priority not in PRIORITIES for kind in open_jobs):
		message = _("jobs of an unknown priority never start: {0}").format(", ".join(_of_no_priority()))
		return Finding("oldest_waiting", WARNING, message, seconds)
	status = WARNING if seconds > config.get("waiting_warning_seconds") else OK
	return Finding(
		"oldest_waiting",
		status,
		_("the oldest job that could run waits {0} seconds").format(int(seconds)),
		seconds,
	)


def _of_no_priority() -> list[str]:
	"""Some of the waiting jobs whose priority there is not; somebody wrote their rows by hand."""
	return frappe.db.sql(
		"""select name from `tabBackground Job`
		where status in %s and ifnull(priority, '') not in %s limit 5""",
		(WAITING, PRIORITIES),
		pluck=True,
	)


def stuck_jobs() -> Finding:
	"""Running jobs that show no sign of life, or go on after their timeout."""
	now = times.site_now()
	job = frappe.qb.DocType("Background Job")
	running = (
		frappe.qb.from_(job)
		.select(job.name, job.started_at, job.heartbeat_at, job.timeout_seconds)
		.where(job.status == RUNNING)
		.limit(MAX_COMPARED)
		.run(as_dict=True)
	)
	stuck = [row.name for row in running if recovery.is_silent(row) or _is_overdue(row, now)]
	message = _("{0} of {1} running jobs").format(len(stuck), len(running))
	if stuck:
		message = _("{0}: {1}").format(message, ", ".join(stuck[:5]))
	return Finding("stuck_jobs", WARNING if stuck else OK, message, len(stuck))


def _is_overdue(job: frappe._dict, now: datetime) -> bool:
	# The alarm and the supervisor have ended a handler before that, if they can. Where only RQ can, it kills
	# the horse a minute after the wake-up's time: with the default Drain Budget, two minutes after the job's
	# own timeout. With a larger one, such a job is reported before RQ kills it.
	patience = timedelta(seconds=job.timeout_seconds + config.get("timeout_grace_seconds") + 120)
	return bool(job.started_at) and get_datetime(job.started_at) + patience < now


def lost_pushes() -> Finding:
	"""Queued jobs that no worker will come across, until the next tick pushes them again."""
	jobs = (job for batch in recovery.batches_in(QUEUED, "queued_at") for job in batch)
	queued = list(islice(jobs, MAX_COMPARED))
	lost = recovery.without_wake_up(queued, recovery.waiting_wake_ups())
	message = _("{0} of {1} queued jobs are not in Redis").format(len(lost), len(queued))
	return Finding("lost_pushes", WARNING if lost else OK, message, len(lost))


def dead_letters() -> Finding:
	waiting, threshold = job_tally.finished_jobs(status=DEAD_LETTER), setting("dead_letter_alert_threshold")
	status = WARNING if threshold and waiting > threshold else OK
	return Finding("dead_letters", status, _("{0} dead letters wait for a person").format(waiting), waiting)


def groups() -> Finding:
	"""How many groups go on, and whether one does that has no unfinished member; a tick ends it."""
	running = frappe.db.count("Job Group", {"status": RUNNING})
	left_open = settling.left_open(MAX_COMPARED)
	if left_open:
		message = _("{0} of {1} running groups have no unfinished job: {2}").format(
			len(left_open), running, ", ".join(left_open[:5])
		)
		return Finding("groups", WARNING, message, running)
	return Finding("groups", OK, _("{0} groups go on").format(running), running)


def paused() -> Finding:
	types = frappe.get_all("Job Type", {"is_paused": 1}, pluck="name", order_by="name asc")
	held = [_("queue {0}").format(queue) for queue in sorted(paused_queues())]
	held += [_("Job Type {0}").format(name) for name in types]
	if setting("paused"):
		held.insert(0, _("the site"))
	if is_in_maintenance():
		held.insert(0, _("the site, for maintenance"))
	message = _("paused: {0}").format(", ".join(held)) if held else _("nothing is paused")
	return Finding("paused", WARNING if held else OK, message, len(held))


def counting() -> Finding:
	"""Whether the sums of the metrics are brought up to date."""
	since = job_tally.uncounted_since()
	seconds = (times.site_now() - since).total_seconds() if since else 0.0
	if seconds > config.get("waiting_warning_seconds"):
		message = _("nobody added up the metrics for {0} seconds").format(int(seconds))
		return Finding("counting", WARNING, message, seconds)
	return Finding("counting", OK, _("the metrics are added up"), seconds)


# what must be up for each check
CHECKS: dict[Callable[[], Finding], tuple[str, ...]] = {
	workers: ("redis_queue",),
	scheduler: ("database", "redis_queue"),
	clock: ("database", "redis_cache"),
	oldest_waiting: ("database",),
	stuck_jobs: ("database",),
	lost_pushes: ("database", "redis_queue"),
	dead_letters: ("database",),
	groups: ("database",),
	paused: ("database",),
	counting: ("database",),
}


def _guarded(check: Callable[[], Finding]) -> Finding:
	try:
		return check()
	except (*drivers.ERRORS, RedisError) as error:
		return Finding(check.__name__, UNKNOWN, _("could not be found out: {0}").format(error))


def _unknown(check: Callable[[], Finding], missing: list[str]) -> Finding:
	reason = _("could not be found out without {0}").format(", ".join(missing))
	return Finding(check.__name__, UNKNOWN, reason)
